//! What the test function said by name: steps and tags as a table, checks, and quantities of its own.

use super::super::terminal::{BAD, BOLD, GOOD, columns, heading, padded, printable, shortened, wrapped};
use crate::analyze::summary::Summary;
use crate::measure::custom::{Custom, Kind};
use crate::measure::histogram::Histogram;
use crate::metric::{Quantile, Statistic};
use crate::plan::threshold::show_value;
use crate::units::{Latency, Significant};
use std::io::{self, Write};

const MOST: usize = 8;
const COUNT: usize = 9;
const VALUE: usize = 9;
const STATISTICS: [(&str, Option<f64>); 5] =
    [("p50", Some(50.0)), ("p90", Some(90.0)), ("p95", Some(95.0)), ("p99", Some(99.0)), ("max", None)];
/// Where long names leave no room for all.
const FEWER: [(&str, Option<f64>); 4] = [STATISTICS[0], STATISTICS[2], STATISTICS[3], STATISTICS[4]];

/// One line of a table.
struct Row<'a> {
    name: String,
    count: u64,
    errors: u64,
    times: &'a Histogram,
}

/// Writes all of it, as far as there is any.
pub(super) fn write(summary: &Summary, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let steps = summary.steps.iter().map(|(name, step)| Row {
        name: printable(name).into_owned(),
        count: step.started,
        errors: step.interrupted,
        times: &step.duration,
    });
    table("steps", &steps.collect::<Vec<_>>(), width, out)?;
    let tags = summary.tags.iter().map(|((name, value), tagged)| Row {
        name: printable(&format!("{name}={value}")).into_owned(),
        count: tagged.succeeded + tagged.failed,
        errors: tagged.failed,
        times: &tagged.response,
    });
    table("tags", &tags.collect::<Vec<_>>(), width, out)?;
    checks(summary, width, out)?;
    metrics(summary, width, out)
}

fn table(title: &str, rows: &[Row<'_>], width: usize, out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let shown = &rows[..rows.len().min(MOST)];
    let has_errors = rows.iter().any(|row| row.errors > 0);
    let counts = if has_errors { 2 * COUNT } else { COUNT };
    let room = |statistics: usize| width.saturating_sub(4 + counts + VALUE * statistics);
    let widest = shown.iter().map(|row| columns(&row.name)).max().unwrap_or(0).max(title.len());
    let statistics = if widest <= room(STATISTICS.len()) { &STATISTICS[..] } else { &FEWER };
    let name = widest.min(room(statistics.len()));
    // The title hangs out by the indent of the names.
    write!(out, "\n  {BOLD}{title}{BOLD:#}{:>gap$}", "count", gap = name + 2 - title.len() + COUNT)?;
    if has_errors {
        write!(out, "{:>COUNT$}", "errors")?;
    }
    statistics.iter().try_for_each(|(name, _)| write!(out, "{name:>VALUE$}"))?;
    writeln!(out)?;
    for row in shown {
        write!(out, "    {}{:>COUNT$}", padded(&shortened(&row.name, name), name), row.count)?;
        if has_errors {
            write!(out, "{:>COUNT$}", row.errors)?;
        }
        statistics
            .iter()
            .try_for_each(|(_, percent)| write!(out, "{:>VALUE$}", value(row.times, *percent)))?;
        writeln!(out)?;
    }
    more(rows.len(), title, out)
}

fn value(times: &Histogram, percent: Option<f64>) -> String {
    let statistic = match percent {
        Some(percent) => Quantile::percent(percent).map(Statistic::Percentile),
        None => Some(Statistic::Max),
    };
    let value = statistic.and_then(|statistic| times.statistic(statistic));
    value.map_or("-".to_owned(), |ns| Latency(ns).to_string())
}

fn more(count: usize, what: &str, out: &mut dyn Write) -> io::Result<()> {
    match count.saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(out, "    and {more} more {what} in report.json"),
    }
}

fn checks(summary: &Summary, width: usize, out: &mut dyn Write) -> io::Result<()> {
    if summary.checks.is_empty() {
        return Ok(());
    }
    heading("checks", out)?;
    // Those that broke are told first, so that they are never among the rest.
    let mut checks: Vec<_> = summary.checks.iter().collect();
    checks.sort_by_key(|(_, check)| check.broken == 0);
    let shown = &checks[..checks.len().min(MOST)];
    let widest = shown.iter().map(|(name, _)| columns(&printable(name))).max().unwrap_or(0);
    let widest = widest.min(width.saturating_sub(46));
    for (name, check) in shown {
        let all = check.held + check.broken;
        let (mark, style) = if check.broken == 0 { ("✓", GOOD) } else { ("✗", BAD) };
        let name = padded(&shortened(&printable(name), widest), widest);
        write!(out, "    {style}{mark}{style:#} {name}  {} of {all} held", check.held)?;
        match check.broken {
            0 => writeln!(out)?,
            broken => {
                let part = Significant(broken as f64 / all as f64 * 100.0);
                writeln!(out, ", {style}{broken} broken ({part} %){style:#}")?;
            }
        }
    }
    more(checks.len(), "checks", out)
}

fn metrics(summary: &Summary, width: usize, out: &mut dyn Write) -> io::Result<()> {
    if summary.metrics.is_empty() {
        return Ok(());
    }
    heading("metrics", out)?;
    for (name, custom) in summary.metrics.iter().take(MOST) {
        let text = format!("{} {}: {}", custom.kind.name(), printable(name), of(custom));
        wrapped(width, "    ", &text, out)?;
    }
    more(summary.metrics.len(), "metrics", out)
}

fn of(custom: &Custom) -> String {
    let show = |statistic| custom.value(statistic).map_or("-".to_owned(), |v| show_value(v, custom.unit));
    let all = [("p95", 95.0), ("p99", 99.0)].map(|(name, percent)| {
        let value = show(Quantile::percent(percent).map(Statistic::Percentile));
        format!("{name} {value}")
    });
    let max = format!("max {}", show(Some(Statistic::Max)));
    match custom.kind {
        Kind::Counter | Kind::Rate => show(None),
        Kind::Gauge => format!("{} last, {max}", show(None)),
        Kind::Trend => format!("p50 {}, {}, {max}", show(None), all.join(", ")),
    }
}
