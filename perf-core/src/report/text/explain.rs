//! How metrics were decided against their baseline, step by step.

use super::super::Report;
use super::super::terminal::wrapped;
use crate::metric::Metric;
use std::io::{self, Write};

/// Writes the derivations of the metrics that are meant.
pub fn explain(
    report: &Report,
    is_meant: impl Fn(&Metric) -> bool,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let compared = report.comparison.iter().flat_map(|comparison| &comparison.metrics);
    let mut meant = compared.filter(|compared| is_meant(&compared.metric)).peekable();
    if meant.peek().is_none() {
        return writeln!(out, "\n  nothing to explain: no such metric was compared with a baseline");
    }
    for compared in meant {
        writeln!(out)?;
        for line in compared.derivation.to_string().lines() {
            let words = line.trim_start();
            wrapped(width, &" ".repeat(2 + line.len() - words.len()), words, out)?;
        }
    }
    Ok(())
}
