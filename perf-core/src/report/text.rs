//! The terminal's block for one test: the verdict and its reason first, then what was measured. 80 columns wide.
//!
//! Writes colours as ANSI codes; whoever owns the terminal strips them where they are not wanted.

use super::Report;
use super::terminal::{BAD, DOUBT, GOOD, QUIET, shortened, wrapped};
use crate::analyze::Session;
use crate::analyze::findings::Severity;
use crate::analyze::summary::Summary;
use crate::judge::compare::Change;
use crate::judge::reference::Reference;
use crate::judge::thresholds::Limit;
use crate::judge::verdict::{Verdict, without_baseline};
use crate::measure::custom::Kind;
use crate::measure::histogram::Histogram;
use crate::metric::{Metric, Quantile, Statistic};
use crate::plan::threshold::show_value;
use crate::units::{Latency, Significant};
use anstyle::Style;
use std::io::{self, Write};

/// How much to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Two lines, and what is wrong.
    Short,
    /// Everything that fits a screen.
    #[default]
    Full,
}

/// Of one kind of error.
const MOST_MESSAGES: usize = 3;
const MOST_ERRORS: usize = 6;
const MOST_STEPS: usize = 8;

/// Writes the block, with an empty line before it.
pub fn write(report: &Report, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let Some(session) = report.sessions.first() else {
        return Ok(());
    };
    writeln!(out)?;
    verdict(report, out)?;
    writeln!(out, "  {}", report.plan.description())?;
    counts(&session.summary, out)?;
    if detail == Detail::Full {
        super::resources::write(session, out)?;
    }
    super::generator::write(&session.summary, out)?;
    if let Some(capacity) = &session.summary.capacity {
        writeln!(out)?;
        super::capacity::write(capacity, out)?;
    } else if detail == Detail::Full {
        latencies(&session.summary, out)?;
        steps(&session.summary, out)?;
    }
    errors(session, out)?;
    if detail == Detail::Full || report.limits.iter().any(|limit| !limit.held) {
        limits(&report.limits, detail, out)?;
    }
    baseline(report, detail, out)?;
    findings(report, out)?;
    // A note may hold a command, which must stay in one piece to be copied.
    report.notes.iter().try_for_each(|note| writeln!(out, "  {note}"))
}

/// Writes how metrics were decided, step by step.
pub fn explain(report: &Report, is_meant: impl Fn(&Metric) -> bool, out: &mut dyn Write) -> io::Result<()> {
    let compared = report.comparison.iter().flat_map(|comparison| &comparison.metrics);
    let mut meant = compared.filter(|compared| is_meant(&compared.metric)).peekable();
    if meant.peek().is_none() {
        return writeln!(out, "\n  nothing to explain: no such metric was compared with a baseline");
    }
    for compared in meant {
        writeln!(out)?;
        for line in compared.derivation.to_string().lines() {
            let words = line.trim_start();
            wrapped(&" ".repeat(2 + line.len() - words.len()), words, out)?;
        }
    }
    Ok(())
}

fn verdict(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let judgement = &report.judgement;
    let style = match judgement.verdict {
        Verdict::Passed => GOOD,
        Verdict::Failed => BAD,
        Verdict::Inconclusive | Verdict::Skipped => DOUBT,
    }
    .bold();
    let bold = Style::new().bold();
    write!(out, "{bold}{}{bold:#}  {style}{}{style:#}", report.plan.name, judgement.verdict.name())?;
    writeln!(out)?;
    judgement.reasons.iter().try_for_each(|reason| wrapped("  ! ", reason, out))
}

fn counts(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let counts = &summary.counts;
    let throughput =
        summary.throughput_per_s.map_or("unknown".to_owned(), |rate| format!("{}/s", Significant(rate)));
    let ratio =
        summary.error_ratio().map_or(String::new(), |ratio| format!(" ({} %)", Significant(ratio * 100.0)));
    let errors = if counts.errors() == 0 { GOOD } else { BAD };
    write!(
        out,
        "  {} planned, {} started, {} succeeded, ",
        counts.planned, counts.started, counts.succeeded
    )?;
    writeln!(out, "{errors}{} errors{ratio}{errors:#}", counts.errors())?;
    write!(out, "  throughput {throughput} over {} s", Significant(summary.measured_for.as_secs_f64()))?;
    if let Some(cpu) = summary.cpu_per_iteration {
        write!(out, "; CPU of the target {} per iteration", Latency(cpu))?;
    }
    writeln!(out)
}

fn latencies(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    if summary.response.is_empty() {
        return Ok(());
    }
    write!(out, "\n  {QUIET}{:<10}", "")?;
    for name in ["p50", "p90", "p95", "p99", "p99.9", "max", "mean"] {
        write!(out, " {name:>9}")?;
    }
    writeln!(out, "{QUIET:#}")?;
    latency("response", &summary.response, out)?;
    latency("service", &summary.service, out)?;
    if summary.lag.statistic(Statistic::Max).is_some_and(|max| max > 0.0) {
        latency("lag", &summary.lag, out)?;
    }
    Ok(())
}

fn latency(name: &str, histogram: &Histogram, out: &mut dyn Write) -> io::Result<()> {
    let percentiles =
        [50.0, 90.0, 95.0, 99.0, 99.9].into_iter().filter_map(Quantile::percent).map(Statistic::Percentile);
    write!(out, "  {name:<10}")?;
    for statistic in percentiles.chain([Statistic::Max, Statistic::Mean]) {
        let value = histogram.statistic(statistic).map_or("-".to_owned(), |ns| Latency(ns).to_string());
        write!(out, " {value:>9}")?;
    }
    writeln!(out)
}

fn steps(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let named = summary.steps.iter().take(MOST_STEPS);
    for (name, step) in named {
        latency(&format!("· {}", shortened(name, 8)), &step.duration, out)?;
    }
    match summary.steps.len().saturating_sub(MOST_STEPS) {
        0 => {}
        more => writeln!(out, "  {QUIET}and {more} more steps in report.json{QUIET:#}")?,
    }
    for ((name, value), tagged) in summary.tags.iter().take(MOST_STEPS) {
        latency(&shortened(&format!("{name}={value}"), 10), &tagged.response, out)?;
    }
    metrics(summary, out)?;
    for (name, check) in &summary.checks {
        let style = if check.broken == 0 { GOOD } else { BAD };
        writeln!(
            out,
            "  check {name}: {style}{} of {} held{style:#}",
            check.held,
            check.held + check.broken
        )?;
    }
    Ok(())
}

fn metrics(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    for (name, custom) in summary.metrics.iter().take(MOST_STEPS) {
        let show = |statistic| custom.value(statistic).map_or("-".to_owned(), |v| show_value(v, custom.unit));
        let all = [("p95", 95.0), ("p99", 99.0)].map(|(name, percent)| {
            let value = show(Quantile::percent(percent).map(Statistic::Percentile));
            format!("{name} {value}")
        });
        let max = format!("max {}", show(Some(Statistic::Max)));
        let value = match custom.kind {
            Kind::Counter | Kind::Rate => show(None),
            Kind::Gauge => format!("{} last, {max}", show(None)),
            Kind::Trend => format!("p50 {}, {}, {max}", show(None), all.join(", ")),
        };
        wrapped("  ", &format!("{} {name}: {value}", custom.kind.name()), out)?;
    }
    match summary.metrics.len().saturating_sub(MOST_STEPS) {
        0 => Ok(()),
        more => writeln!(out, "  {QUIET}and {more} more metrics in report.json{QUIET:#}"),
    }
}

fn errors(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    let warmup = session.recording.warmup_length.as_secs_f64();
    for (number, (category, group)) in session.summary.errors.iter().take(MOST_ERRORS).enumerate() {
        if number == 0 {
            writeln!(out, "\n  errors")?;
        }
        let first = group.first_at as f64 / 1e9 - warmup;
        let head = format!("{category} ×{}, first after {first:.1} s: {}", group.count, group.first_message);
        wrapped("    ", &head, out)?;
        let messages = group.by_count();
        for (message, said) in messages.iter().take(MOST_MESSAGES).filter(|_| messages.len() > 1) {
            wrapped("      ", &format!("×{} {message}", said.count), out)?;
        }
    }
    match session.summary.errors.len().saturating_sub(MOST_ERRORS) {
        0 => Ok(()),
        more => writeln!(out, "    {QUIET}and {more} more kinds in report.json{QUIET:#}"),
    }
}

fn limits(limits: &[Limit], detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n  thresholds")?;
    for limit in limits.iter().filter(|limit| detail == Detail::Full || !limit.held) {
        let (mark, style) = if limit.held { ("✓", GOOD) } else { ("✗", BAD) };
        let unit = limit.threshold.metric.unit();
        let actual = limit.actual.map_or("no data".to_owned(), |value| show_value(value, unit));
        let implicit = if limit.threshold.implicit { "  implicit" } else { "" };
        writeln!(
            out,
            "    {style}{mark}{style:#} {:<32} {actual:>12}{QUIET}{implicit}{QUIET:#}",
            limit.threshold.expression
        )?;
    }
    Ok(())
}

fn baseline(report: &Report, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let Some(comparison) = &report.comparison else {
        return match &report.reference {
            Reference::Level { .. } | Reference::Off => Ok(()),
            without => wrapped("  ", &without_baseline(without), out),
        };
    };
    if detail == Detail::Full {
        let sessions = match comparison.baseline_sessions {
            1 => "1 session".to_owned(),
            n => format!("{n} sessions"),
        };
        let again = if comparison.is_confirmed { ", measured again twice" } else { "" };
        writeln!(out, "\n  against the baseline of {sessions} (level {}){again}", comparison.level)?;
        for metric in &comparison.metrics {
            let style = match metric.verdict {
                Change::Regressed => BAD,
                Change::Improved | Change::Unchanged => GOOD,
                Change::Unresolved => Style::new(),
            };
            let unit = metric.metric.unit();
            let values =
                format!("{} → {}", show_value(metric.baseline, unit), show_value(metric.current, unit));
            let interval = format!("[{:+.1}, {:+.1}]", metric.interval.0 * 100.0, metric.interval.1 * 100.0);
            writeln!(
                out,
                "    {:<12} {values:<23} {:>+6.1} % {interval:<15} {style}{}{style:#}",
                metric.metric.to_string(),
                metric.change * 100.0,
                metric.verdict.name(),
            )?;
            writeln!(
                out,
                "    {QUIET}{:<12} smallest detectable change {:.1} %{QUIET:#}",
                "",
                metric.smallest_detectable_change * 100.0
            )?;
        }
        if comparison.metrics.is_empty() {
            writeln!(out, "    too few iterations to compare")?;
        }
    }
    Ok(())
}

/// What is not among the verdict's reasons already.
fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let all = report.sessions.iter().flat_map(|session| &session.findings);
    let told = |message: &String| report.judgement.reasons.contains(message);
    for finding in all {
        let line = finding.to_string();
        if !told(&line) {
            let mark = if finding.severity == Severity::Info { "i" } else { "!" };
            wrapped(&format!("  {mark} "), &line, out)?;
        }
    }
    Ok(())
}
