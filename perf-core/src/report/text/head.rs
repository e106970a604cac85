//! The first lines of a block: which test, what became of it, and why.

use super::super::Report;
use super::super::terminal::{BAD, BOLD, DOUBT, GOOD, printable, wrapped};
use super::{Detail, comparison, findings};
use crate::judge::verdict::Verdict;
use anstyle::Style;
use std::io::{self, Write};

/// Writes the verdict, then its reasons. What the table below says of a metric is not said twice.
pub(super) fn write(report: &Report, detail: Detail, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report.judgement.verdict;
    let (mark, style) = (mark(verdict), style(verdict));
    let name = printable(&report.plan.name);
    let line = format!("{BOLD}{name}{BOLD:#}  {style}{}{style:#}", verdict.name());
    wrapped(width, &format!("{style}{mark}{style:#} "), &line, out)?;
    for reason in &report.judgement.reasons {
        let compared = report.comparison.iter().flat_map(|comparison| &comparison.metrics);
        let metric = compared.filter(|_| detail == Detail::Full).find(|metric| metric.to_string() == *reason);
        match (findings::of(report, reason), metric) {
            (Some(finding), _) => findings::tell("!", finding, width, out)?,
            (None, Some(metric)) => wrapped(width, "  ! ", &comparison::in_a_sentence(metric), out)?,
            (None, None) => wrapped(width, "  ! ", &printable(reason), out)?,
        }
    }
    Ok(())
}

/// As one sign, for whoever sees no colours.
pub(in super::super) fn mark(verdict: Verdict) -> char {
    match verdict {
        Verdict::Passed => '✓',
        Verdict::Failed => '✗',
        Verdict::Inconclusive => '?',
        Verdict::Skipped => '-',
    }
}

pub(in super::super) fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Passed => GOOD.bold(),
        Verdict::Failed => BAD.bold(),
        Verdict::Inconclusive | Verdict::Skipped => DOUBT,
    }
}
