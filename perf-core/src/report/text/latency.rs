//! How long iterations took: percentiles of response and service time side by side, and beside them how they spread.

use super::super::terminal::{BOLD, columns};
use super::distribution::{self, LEAST_WIDTH};
use crate::analyze::summary::Summary;
use crate::measure::histogram::Histogram;
use crate::metric::{Quantile, Statistic};
use crate::units::Latency;
use std::io::{self, Write};

/// By name, the last one beside the last row of the distribution, which ends with it.
const ROWS: [(&str, Row); 8] = [
    ("mean", Row::Statistic(Statistic::Mean)),
    ("p50", Row::Percent(50.0)),
    ("p75", Row::Percent(75.0)),
    ("p90", Row::Percent(90.0)),
    ("p95", Row::Percent(95.0)),
    ("p99", Row::Percent(99.0)),
    ("p99.9", Row::Percent(99.9)),
    ("max", Row::Statistic(Statistic::Max)),
];
const NAME: usize = 8;
const VALUE: usize = 10;
const GAP: &str = "  │ ";

#[derive(Clone, Copy)]
enum Row {
    Statistic(Statistic),
    Percent(f64),
}

impl Row {
    fn of(self, histogram: &Histogram) -> String {
        let statistic = match self {
            Row::Statistic(statistic) => Some(statistic),
            Row::Percent(percent) => Quantile::percent(percent).map(Statistic::Percentile),
        };
        let value = statistic.and_then(|statistic| histogram.statistic(statistic));
        value.map_or("-".to_owned(), |ns| Latency(ns).to_string())
    }
}

/// Writes the table, where there is anything to tell.
pub(super) fn write(summary: &Summary, width: usize, out: &mut dyn Write) -> io::Result<()> {
    if summary.response.is_empty() {
        return Ok(());
    }
    let times = times(summary);
    let taken = 2 + NAME + VALUE * times.len() + columns(GAP);
    let beside = width.saturating_sub(taken);
    let bars = match beside >= LEAST_WIDTH {
        true => distribution::lines(&summary.response, ROWS.len(), beside),
        false => Vec::new(),
    };
    write!(out, "\n  {BOLD}{:<NAME$}{BOLD:#}", "latency")?;
    times.iter().try_for_each(|(name, _)| write!(out, "{name:>VALUE$}"))?;
    match bars.is_empty() {
        true => writeln!(out)?,
        false => writeln!(out, "{GAP}{BOLD}response times{BOLD:#}")?,
    }
    for (number, (name, row)) in ROWS.iter().enumerate() {
        write!(out, "  {name:<NAME$}")?;
        times.iter().try_for_each(|(_, histogram)| write!(out, "{:>VALUE$}", row.of(histogram)))?;
        match bars.get(number) {
            Some(bar) => writeln!(out, "{GAP}{bar}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// Where nothing started late, service time is response time.
fn times(summary: &Summary) -> Vec<(&'static str, &Histogram)> {
    let is_late = summary.lag.statistic(Statistic::Max).is_some_and(|max| max > 0.0);
    match is_late {
        true => vec![("response", &summary.response), ("service", &summary.service), ("lag", &summary.lag)],
        false => vec![("response", &summary.response)],
    }
}
