//! What the analysis noticed, each with what to do about it.

use super::super::Report;
use super::super::terminal::{printable, wrapped};
use super::Detail;
use crate::analyze::findings::{Finding, Severity};
use std::io::{self, Write};

/// Writes what is not among the verdict's reasons already; in short only what is wrong.
pub(super) fn write(report: &Report, detail: Detail, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let is_told = |finding: &Finding| report.judgement.reasons.contains(&finding.to_string());
    let is_wanted = |finding: &&Finding| detail == Detail::Full || finding.severity != Severity::Info;
    let untold = all(report).filter(is_wanted).filter(|finding| !is_told(finding));
    for (number, finding) in untold.enumerate() {
        if number == 0 && detail == Detail::Full {
            writeln!(out)?;
        }
        tell(if finding.severity == Severity::Info { "i" } else { "!" }, finding, width, out)?;
    }
    Ok(())
}

fn all(report: &Report) -> impl Iterator<Item = &Finding> {
    report.sessions.iter().flat_map(|session| &session.findings)
}

/// The one that is this reason of the verdict.
pub(super) fn of<'a>(report: &'a Report, reason: &str) -> Option<&'a Finding> {
    all(report).find(|finding| finding.to_string() == reason)
}

/// Writes one, what to do on a line of its own.
pub(super) fn tell(mark: &str, finding: &Finding, width: usize, out: &mut dyn Write) -> io::Result<()> {
    wrapped(width, &format!("  {mark} "), &printable(&finding.message), out)?;
    wrapped(width, "    → ", finding.advice, out)
}
