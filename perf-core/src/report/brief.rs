//! What a test came to in a few lines of plain text, for the reports that have a place for such.

use super::change::{interval, percent};
use super::reading::{Compared, Test, Threshold, Times};
use crate::metric::Unit;
use crate::plan::threshold::show_value;
use crate::units::{Latency, Significant};
use std::io::{self, Write};

/// Writes the lines; none of what nobody knows.
pub(super) fn write(test: &Test, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  {}", test.name, test.verdict.name())?;
    test.reasons.iter().try_for_each(|reason| writeln!(out, "  ! {reason}"))?;
    if let Some(load) = &test.load {
        writeln!(out, "  {}", load.description)?;
        counts(test, out)?;
    }
    for (name, times) in [("response", &test.response_ns), ("service", &test.service_ns)] {
        latencies(name, times, out)?;
    }
    test.thresholds.iter().try_for_each(|threshold| writeln!(out, "  {}", of_threshold(threshold)))?;
    let compared = test.comparison.iter().flat_map(|comparison| &comparison.metrics);
    compared.into_iter().try_for_each(|metric| writeln!(out, "  {}", of_compared(metric)))?;
    let told = |finding: &str| test.reasons.iter().any(|reason| reason.starts_with(finding));
    for finding in test.findings.iter().filter(|finding| !told(&finding.message)) {
        writeln!(out, "  {}: {}; {}", finding.severity, finding.message, finding.advice)?;
    }
    test.notes.iter().try_for_each(|note| writeln!(out, "  {note}"))
}

fn counts(test: &Test, out: &mut dyn Write) -> io::Result<()> {
    let count = |name: &str| test.counts.get(name).copied().flatten().unwrap_or(0);
    let (planned, succeeded) = (count("planned"), count("succeeded"));
    writeln!(out, "  {planned} planned, {succeeded} succeeded, {} errors", test.error_count.unwrap_or(0))?;
    match test.throughput_per_s {
        Some(rate) => writeln!(out, "  throughput {}/s", Significant(rate)),
        None => Ok(()),
    }
}

fn latencies(name: &str, times: &Times, out: &mut dyn Write) -> io::Result<()> {
    let known = ["p50", "p90", "p95", "p99", "p99.9", "max"];
    let known: Vec<String> = known
        .iter()
        .filter_map(|statistic| Some(format!("{statistic} {}", Latency(times.get(statistic)?))))
        .collect();
    if known.is_empty() { Ok(()) } else { writeln!(out, "  {name} {}", known.join(", ")) }
}

fn of_threshold(threshold: &Threshold) -> String {
    let mark = if threshold.held { "✓" } else { "✗" };
    format!("{mark} {}: {}", threshold.expression, shown(threshold.actual, &threshold.unit, "no data"))
}

fn of_compared(metric: &Compared) -> String {
    let values = [metric.baseline, metric.current].map(|value| shown(value, &metric.unit, "unknown"));
    let change = metric.change.map_or("unknown".to_owned(), percent);
    let around = shown_interval(metric).map_or(String::new(), |around| format!(" ({around})"));
    format!("{}: {} → {}, {change}{around}, {}", metric.metric, values[0], values[1], metric.verdict)
}

/// A value in its unit, or those words.
pub(super) fn shown(value: Option<f64>, unit: &str, unknown: &str) -> String {
    let unit = Unit::named(unit).unwrap_or(Unit::Number);
    value.map_or(unknown.to_owned(), |value| show_value(value, unit))
}

/// The interval of a change, where it has ends.
pub(super) fn shown_interval(metric: &Compared) -> Option<String> {
    interval((metric.interval.0?, metric.interval.1?))
}

/// `3 tests: 1 failed, 2 passed`.
pub(super) fn tally(tests: &[Test]) -> String {
    use crate::judge::verdict::Verdict::{Failed, Inconclusive, Passed, Skipped};
    let counts = [Failed, Inconclusive, Skipped, Passed].into_iter().filter_map(|verdict| {
        let count = tests.iter().filter(|test| test.verdict == verdict).count();
        (count > 0).then(|| format!("{count} {}", verdict.name()))
    });
    let counts: Vec<String> = counts.collect();
    let plural = if tests.len() == 1 { "" } else { "s" };
    let colon = if counts.is_empty() { "" } else { ": " };
    format!("{} test{plural}{colon}{}", tests.len(), counts.join(", "))
}
