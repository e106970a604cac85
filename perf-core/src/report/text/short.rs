//! The one line that stands for all numbers of a test.

use super::super::generator;
use super::super::terminal::wrapped;
use super::{errors, load};
use crate::analyze::Session;
use crate::metric::{Quantile, Statistic};
use crate::units::{Latency, Significant};
use std::io::{self, Write};

/// Writes the line, and what went wrong.
pub(super) fn write(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let summary = &session.summary;
    if let Some(capacity) = &summary.capacity {
        return wrapped(width, "  ", &capacity.to_string(), out);
    }
    let statistics = [
        ("p50", Quantile::percent(50.0).map(Statistic::Percentile)),
        ("p99", Quantile::percent(99.0).map(Statistic::Percentile)),
        ("max", Some(Statistic::Max)),
    ];
    let known = statistics.iter().filter_map(|(name, statistic)| {
        Some(format!("{name} {}", Latency(summary.response.statistic((*statistic)?)?)))
    });
    let rate = summary.throughput_per_s.map(|rate| format!("{}/s", Significant(rate)));
    let numbers: Vec<String> = rate.into_iter().chain(known).collect();
    let text =
        format!("{}; {} planned, {}", numbers.join(", "), summary.counts.planned, load::errors(summary));
    wrapped(width, "  ", &text, out)?;
    generator::write(summary, width, out)?;
    errors::write_briefly(session, width, out)
}
