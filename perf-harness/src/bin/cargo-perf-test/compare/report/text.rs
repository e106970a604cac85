//! The terminal's lines: what is about to happen, a block for each test, and what it all took. 80 columns, or as wide as
//! the terminal where there are sentences.

use super::super::choose::{LeftOut, hypotheses};
use super::super::contest::{Contest, Terms};
use super::super::outcome::{Comparison, Outcome};
use super::super::sides::Sides;
use super::{COLUMNS, cells, counted, detectable, effort, shown};
use crate::folders;
use perf_core::interleave::coins::Who;
use perf_core::judge::compare::Change;
use perf_core::judge::verdict::Verdict;
use perf_core::report::terminal::{BAD, BOLD, DOUBT, GOOD, PLAIN, wrapped};
use perf_core::units::Significant;
use perf_harness::__cli::{Explained, Terminal};
use std::io::{self, Write};
use std::path::Path;

/// Before the first block.
pub(in super::super) fn opening(sides: &Sides, contests: &[Contest], terms: &Terms) {
    let planned: Vec<String> = terms.looks.all().iter().map(|look| look.blocks.to_string()).collect();
    let text = format!(
        "\nComparing {} with {}\n{}, {}: up to {} blocks of {} of load each,\ndecided after {}; seed {}\n",
        sides.head,
        sides.base,
        counted(contests.len(), "test"),
        counted(hypotheses(contests) as usize, "metric"),
        terms.looks.last().blocks,
        shown(terms.tempo.length() * 2),
        planned.join(", "),
        terms.seed
    );
    Terminal::stdout().print(text.as_bytes());
}

/// A test that is done.
pub(in super::super) fn tell(outcome: &Outcome, explained: Option<&Explained>) {
    let (terminal, mut block) = (Terminal::stdout(), Vec::new());
    let width = terminal.width();
    let written = write(outcome, width, &mut block).and_then(|()| match explained {
        Some(explained) => explain(outcome, explained, width, &mut block),
        None => Ok(()),
    });
    if written.is_ok() {
        terminal.print(&block);
    }
}

/// How metrics were decided, block by block.
fn explain(outcome: &Outcome, explained: &Explained, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut meant =
        outcome.decided.metrics.iter().filter(|metric| explained.is_meant(&metric.metric)).peekable();
    if meant.peek().is_none() {
        return writeln!(out, "\n  nothing to explain: no such metric was compared");
    }
    for metric in meant {
        writeln!(out)?;
        for line in metric.derivation().to_string().lines() {
            let words = line.trim_start();
            wrapped(width, &" ".repeat(2 + line.len() - words.len()), words, out)?;
        }
    }
    Ok(())
}

/// With an empty line before it.
pub(super) fn write(outcome: &Outcome, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let (verdict, reasons) = outcome.judge();
    let style = match verdict {
        Verdict::Passed => GOOD,
        Verdict::Failed => BAD,
        Verdict::Inconclusive | Verdict::Skipped => DOUBT,
    };
    writeln!(out, "\n{BOLD}{}{BOLD:#}  {style}{}{style:#}", outcome.name, verdict.name())?;
    reasons.iter().try_for_each(|reason| wrapped(width, "  ! ", reason, out))?;
    writeln!(out, "  {}", outcome.load)?;
    if !outcome.decided.metrics.is_empty() {
        writeln!(out, "\n  {}", line(&COLUMNS.map(str::to_owned)))?;
    }
    for metric in &outcome.decided.metrics {
        let style = match metric.verdict {
            Change::Regressed => BAD,
            Change::Improved => GOOD,
            Change::Unchanged | Change::Unresolved => PLAIN,
        };
        writeln!(out, "  {style}{}{style:#}", line(&cells(metric)))?;
        writeln!(out, "  {:<17} smallest detectable change {}", "", detectable(metric))?;
    }
    errors(outcome, out)?;
    doubts(outcome, width, out)?;
    let workers =
        outcome.workers.map_or(String::new(), |workers| format!(", {workers} workers on each side"));
    let again = match outcome.spoiled.len() {
        0 => String::new(),
        spoiled => format!(", {spoiled} thrown away"),
    };
    writeln!(
        out,
        "  {}{again}: {} of load, {} for starts{workers}",
        counted(outcome.played.len(), "block"),
        shown(outcome.load_time),
        shown(outcome.starts())
    )
}

fn line(cells: &[String; 6]) -> String {
    let [metric, base, head, change, interval, verdict] = cells;
    format!("{metric:<17} {base:>9} {head:>9} {change:>9}  {interval:>16}  {verdict}")
}

fn errors(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let [base, head] = [Who::Base, Who::Head].map(|who| outcome.failures(who));
    if base.count + head.count == 0 {
        return Ok(());
    }
    let ratio = |ratio: Option<f64>| {
        ratio.map_or("-".to_owned(), |ratio| format!("{} %", Significant(ratio * 100.0)))
    };
    writeln!(out, "  {:<17} {:>9} {:>9}", "errors", ratio(base.ratio()), ratio(head.ratio()))
}

fn doubts(outcome: &Outcome, width: usize, out: &mut dyn Write) -> io::Result<()> {
    // What holds for all is said once, above.
    let own = outcome.decided.metrics.iter().filter(|_| outcome.judge().0 != Verdict::Skipped);
    for metric in own {
        if let Some(doubt) = &metric.doubt {
            wrapped(width, "  ? ", &format!("{}: {doubt}", metric.metric), out)?;
        }
    }
    for (metric, why) in outcome.missing() {
        wrapped(width, "  ? ", &format!("{metric} is not compared: {why}"), out)?;
    }
    Ok(())
}

/// What is left to say at the end.
pub(super) fn closing(comparison: &Comparison, folder: &Path) {
    let (terminal, mut block) = (Terminal::stdout(), Vec::new());
    if write_closing(comparison, folder, terminal.width(), &mut block).is_ok() {
        terminal.print(&block);
    }
}

fn write_closing(
    comparison: &Comparison,
    folder: &Path,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !comparison.left_out.is_empty() {
        writeln!(out, "\nNot compared:")?;
    }
    for LeftOut { name, reason } in &comparison.left_out {
        wrapped(width, "  - ", &format!("{name}: {reason}"), out)?;
    }
    writeln!(out, "\n{}", effort(comparison))?;
    if let Some(signal) = comparison.signal {
        writeln!(out, "ended early by {}", signal.name())?;
    }
    writeln!(out, "report: {}", folders::shown(&folder.join("report.json")))
}

#[cfg(test)]
mod tests {
    use super::super::super::outcome::tests::outcome;
    use super::*;

    fn text(outcome: &Outcome) -> String {
        let mut block = Vec::new();
        write(outcome, 80, &mut block).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(block).unwrap()).to_string()
    }

    #[test]
    fn a_test_is_a_table_of_80_columns() {
        assert_eq!(
            text(&outcome(13.0, 0)),
            "
login  failed
  ! service.p50 regressed
  open load, 200/s for 10s after 1s of warm-up

  metric                 base      head    change     95 % interval  verdict
  service.p50         10.0 ms   13.1 ms   +30.6 %  +30.3 to +30.8 %  regressed
                    smallest detectable change 5.2 %
  ? service.p95 is not compared: no number in any block
  ? cpu_per_iteration is not compared: the target's CPU time is not known
  20 blocks: 1m of load, 20s for starts
"
        );
        let mut explained = Vec::new();
        explain(&outcome(13.0, 0), &Explained::All, 80, &mut explained).unwrap();
        let explained = String::from_utf8(explained).unwrap();
        assert!(explained.contains("head/base of each block: +30"), "{explained}");
        assert!(explained.contains("after 14 blocks: p = "), "{explained}");
        assert!(text(&outcome(10.0, 40)).lines().all(|line| line.chars().count() <= 80));
    }
}
