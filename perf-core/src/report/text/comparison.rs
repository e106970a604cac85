//! What changed since the baseline: per metric where it went, whether that is better or worse, and how sure it is.

use super::super::Report;
use super::super::terminal::{BAD, GOOD, PLAIN, columns, heading, padded, wrapped};
use super::Detail;
use crate::judge::compare::{Change, MetricComparison};
use crate::judge::comparison::Comparison;
use crate::judge::reference::Reference;
use crate::judge::verdict::without_baseline;
use crate::metric::Direction;
use crate::plan::threshold::show_value;
use crate::units::Significant;
use anstyle::Style;
use std::io::{self, Write};

const NAME: usize = 18;
const VALUE: usize = 9;
/// `↑ 123.4 % better`
const CHANGE: usize = 18;
const VERDICT: usize = 12;
/// `-12.3 to +45.6 %`
const INTERVAL: usize = 18;
const TOLERANCE: usize = 11;
/// That a verdict with a tolerance takes.
const ROOMY: usize = 4 + NAME + 2 * VALUE + 2 + CHANGE + VERDICT + 8;
/// That one line for each metric takes.
const WIDE: usize = 4 + NAME + 2 * VALUE + 2 + CHANGE + VERDICT + INTERVAL + TOLERANCE + DETECTABLE.len();
const DETECTABLE: &str = "smallest detectable";

/// Writes the table, where there was something to compare with.
pub(super) fn write(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(comparison) = &report.comparison else {
        return Ok(());
    };
    heading(&title(comparison), out)?;
    let is_wide = width >= WIDE;
    if !comparison.metrics.is_empty() {
        headings(is_wide, out)?;
    }
    comparison.metrics.iter().try_for_each(|metric| row(metric, is_wide, width, out))?;
    for (doubt, metrics) in doubts(comparison) {
        wrapped(width, "    ? ", &format!("{}: {doubt}", metrics.join(", ")), out)?;
    }
    for missing in &comparison.missing {
        let text = format!("{} is not compared: {}", missing.metric, missing.lack);
        wrapped(width, "    ? ", &text, out)?;
    }
    Ok(())
}

/// Why metrics are unresolved; each reason once, with the metrics it holds for.
fn doubts(comparison: &Comparison) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for metric in &comparison.metrics {
        for doubt in metric.doubts.iter().map(ToString::to_string) {
            match all.iter_mut().find(|(known, _)| *known == doubt) {
                Some((_, metrics)) => metrics.push(metric.metric.to_string()),
                None => all.push((doubt, vec![metric.metric.to_string()])),
            }
        }
    }
    all
}

fn headings(is_wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let more = match is_wide {
        true => format!("{:<INTERVAL$}{:<TOLERANCE$}{DETECTABLE}", "95 % interval", "tolerance"),
        false => String::new(),
    };
    let line = format!(
        "    {:NAME$}{:>VALUE$}{:>VALUE$}  {:<CHANGE$}{:<VERDICT$}{more}",
        "", "baseline", "now", "change", ""
    );
    writeln!(out, "{}", line.trim_end())
}

fn title(comparison: &Comparison) -> String {
    let sessions = match comparison.baseline_sessions {
        1 => "1 session".to_owned(),
        n => format!("{n} sessions"),
    };
    let again = if comparison.is_confirmed { ", measured again twice" } else { "" };
    format!("against the baseline of {sessions} (level {}){again}", comparison.level)
}

fn row(metric: &MetricComparison, is_wide: bool, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let unit = metric.metric.unit();
    let (name, style) = (metric.metric.to_string(), style(metric.verdict));
    // A step's metric may be as long as a line.
    if columns(&name) >= NAME {
        wrapped(width, "    ", &name, out)?;
        write!(out, "    {:NAME$}", "")?;
    } else {
        write!(out, "    {}", padded(&name, NAME))?;
    }
    write!(
        out,
        "{:>VALUE$}{:>VALUE$}  ",
        show_value(metric.baseline, unit),
        show_value(metric.current, unit)
    )?;
    let verdict = metric.verdict.name();
    write!(out, "{}{style}{verdict}{style:#}", padded(&change(metric), CHANGE))?;
    let interval = format!("{:+.1} to {:+.1} %", metric.interval.0 * 100.0, metric.interval.1 * 100.0);
    let detectable = format!("{:.1} %", metric.smallest_detectable_change * 100.0);
    let tolerance = format!("{} %", Significant(metric.tolerance * 100.0));
    match is_wide {
        true => {
            let gap = VERDICT.saturating_sub(verdict.len());
            writeln!(out, "{:gap$}{interval:<INTERVAL$}{tolerance:<TOLERANCE$}{detectable}", "")
        }
        false => {
            let text = format!("95 % interval {interval}; smallest detectable change {detectable}");
            // What moved, and is called unchanged all the same, wants its reason.
            match metric.verdict {
                Change::Unchanged if width >= ROOMY => writeln!(out, " (± {tolerance})")?,
                _ => writeln!(out)?,
            }
            wrapped(width, "      ", &text, out)
        }
    }
}

/// `↑ 12.3 % worse`: where it went, and what that means.
fn change(metric: &MetricComparison) -> String {
    let (arrow, size) = arrow(metric.change);
    let words = match (arrow, metric.metric.direction()) {
        ('→', _) => "",
        ('↑', Direction::LowerIsBetter) | ('↓', Direction::HigherIsBetter) => " worse",
        _ => " better",
    };
    format!("{arrow} {size}{words}")
}

/// `service.p50 regressed: 12 ms → 15 ms, ↑ 25.0 % worse`
pub(super) fn in_a_sentence(metric: &MetricComparison) -> String {
    let unit = metric.metric.unit();
    let (before, now) = (show_value(metric.baseline, unit), show_value(metric.current, unit));
    format!("{} {}: {before} → {now}, {}", metric.metric, metric.verdict.name(), change(metric))
}

/// Up, down, or nowhere that a tenth of a percent would show.
fn arrow(change: f64) -> (char, String) {
    let tenths = (change.abs() * 1000.0).round();
    let arrow = match () {
        () if tenths == 0.0 => '→',
        () if change > 0.0 => '↑',
        () => '↓',
    };
    (arrow, format!("{:.1} %", tenths / 10.0))
}

fn style(verdict: Change) -> Style {
    match verdict {
        Change::Regressed => BAD,
        Change::Improved | Change::Unchanged => GOOD,
        Change::Unresolved => PLAIN,
    }
}

/// A whole comparison in a few words.
pub(in super::super) struct Short {
    /// `↑ 12.3 % worse`, or a word.
    pub(in super::super) alone: String,
    /// `service.p95 ↑ 12.3 % worse`, or a word.
    pub(in super::super) of_metric: String,
    pub(in super::super) verdict: Change,
}

/// By the gravest of its metrics.
pub(in super::super) fn change_in_short(comparison: &Comparison) -> Option<Short> {
    let verdict = comparison.verdict();
    let gravest = comparison.metrics.iter().filter(|metric| metric.verdict == verdict);
    let gravest = gravest.max_by(|a, b| a.change.abs().total_cmp(&b.change.abs()))?;
    let (alone, of_metric) = match verdict {
        Change::Regressed | Change::Improved => {
            (change(gravest), format!("{} {}", gravest.metric, change(gravest)))
        }
        Change::Unchanged | Change::Unresolved => (verdict.name().to_owned(), verdict.name().to_owned()),
    };
    Some(Short { alone, of_metric, verdict })
}

/// Writes why nothing was compared, where something was to be. In short, that nothing was recorded yet is not wrong.
pub(super) fn write_missing(
    report: &Report,
    detail: Detail,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    match &report.reference {
        _ if report.comparison.is_some() => Ok(()),
        Reference::Level { .. } | Reference::Off => Ok(()),
        Reference::None if detail == Detail::Short => Ok(()),
        without => {
            if detail == Detail::Full {
                writeln!(out)?;
            }
            wrapped(width, "  ", &without_baseline(without), out)
        }
    }
}
