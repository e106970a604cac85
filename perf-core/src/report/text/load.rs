//! What was offered, what became of it, and what it took.

use super::super::Report;
use super::super::terminal::{BAD, GOOD, wrapped};
use super::super::{generator, resources};
use crate::analyze::Session;
use crate::analyze::summary::Summary;
use crate::units::{Latency, Significant};
use std::io::{self, Write};

/// Writes the load, the counts, the throughput, and what client and target needed.
pub(super) fn write(report: &Report, session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    wrapped(width, "  ", &report.plan.description(), out)?;
    let summary = &session.summary;
    let counts = &summary.counts;
    let text = format!(
        "{} planned, {} started, {} succeeded, {}",
        counts.planned,
        counts.started,
        counts.succeeded,
        errors(summary)
    );
    wrapped(width, "  ", &text, out)?;
    let throughput =
        summary.throughput_per_s.map_or("unknown".to_owned(), |rate| format!("{}/s", Significant(rate)));
    let seconds = Significant(summary.measured_for.as_secs_f64());
    let cpu = summary.cpu_per_iteration;
    let cpu = cpu.map_or(String::new(), |cpu| format!("; CPU of the target {} per iteration", Latency(cpu)));
    wrapped(width, "  ", &format!("throughput {throughput} over {seconds} s{cpu}"), out)?;
    resources::write(session, width, out)?;
    generator::write(summary, width, out)
}

/// `12 errors (0.4 %)`.
pub(super) fn errors(summary: &Summary) -> String {
    let count = summary.counts.errors();
    let ratio = summary.error_ratio().filter(|_| count > 0);
    let ratio = ratio.map_or(String::new(), |ratio| format!(" ({} %)", Significant(ratio * 100.0)));
    let style = if count == 0 { GOOD } else { BAD };
    let noun = if count == 1 { "error" } else { "errors" };
    format!("{style}{count} {noun}{ratio}{style:#}")
}
