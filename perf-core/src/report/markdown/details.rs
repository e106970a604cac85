//! What there is to say of one test, folded: reasons, limits, comparison, findings with what to do next.

use super::super::brief::{shown, shown_interval};
use super::super::change::percent;
use super::super::reading::{Compared, Comparison, Finding, Test, Threshold};
use super::text::{code, html, plain};
use crate::judge::verdict::Verdict;
use std::fmt::Write;

/// Of each list.
const MOST: usize = 15;

/// `None` where the table says it all.
pub(super) fn of(test: &Test) -> Option<String> {
    let parts = [
        list(test.reasons.get(1..).unwrap_or_default(), |reason| format!("- {}\n", plain(reason))),
        thresholds(&test.thresholds),
        test.comparison.as_ref().map_or(String::new(), comparison),
        list(&findings(test), |finding| finding_line(finding)),
        list(&test.notes, |note| format!("- {}\n", plain(note))),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() && test.reasons.is_empty() {
        return None;
    }
    let first = test.reasons.first().filter(|_| test.verdict != Verdict::Passed);
    let reason = first.map_or(String::new(), |reason| format!(": {}", html(reason)));
    let summary = format!("{} <code>{}</code>{reason}", super::verdict(test.verdict), html(&test.name));
    // An empty line ends the HTML, behind which Markdown is read again.
    Some(format!("<details><summary>{summary}</summary>\n\n{}\n</details>\n\n", parts.join("\n")))
}

/// Those that are not among the reasons already.
fn findings(test: &Test) -> Vec<&Finding> {
    let is_told = |finding: &Finding| test.reasons.iter().any(|reason| reason.starts_with(&finding.message));
    test.findings.iter().filter(|finding| !is_told(finding)).collect()
}

fn finding_line(finding: &Finding) -> String {
    let advice =
        if finding.advice.is_empty() { String::new() } else { format!("; {}", plain(&finding.advice)) };
    format!("- {}: {}{advice}\n", plain(&finding.severity), plain(&finding.message))
}

fn thresholds(thresholds: &[Threshold]) -> String {
    let row = |limit: &Threshold| {
        let implicit = if limit.implicit { " (implicit)" } else { "" };
        let actual = shown(limit.actual, &limit.unit, "no data");
        let held = if limit.held { "✓" } else { "✗" };
        format!("| {held} | {}{implicit} | {actual} |\n", code(&limit.expression))
    };
    table("| | threshold | actual |\n| --- | --- | ---: |\n", thresholds, row)
}

fn comparison(comparison: &Comparison) -> String {
    let plural = if comparison.sessions == 1 { "" } else { "s" };
    let again = if comparison.measured_sessions > 1 { ", measured again twice" } else { "" };
    let head = format!(
        "Against the baseline of {} session{plural} (level {}){again}:\n\n\
         | metric | baseline | now | change | 95 % interval | verdict | smallest detectable |\n\
         | --- | ---: | ---: | ---: | ---: | --- | ---: |\n",
        comparison.sessions, comparison.level
    );
    table(&head, &comparison.metrics, metric) + &doubts(comparison)
}

/// Of what could not be told, or not even be compared.
fn doubts(comparison: &Comparison) -> String {
    let doubts = comparison.metrics.iter().flat_map(|metric| {
        metric.doubts.iter().map(|doubt| format!("- {}: {}\n", code(&metric.metric), plain(doubt)))
    });
    let missing = comparison.not_compared.iter();
    let missing =
        missing.map(|one| format!("- {} was not compared: {}\n", code(&one.metric), plain(&one.reason)));
    let all: Vec<String> = doubts.chain(missing).collect();
    if all.is_empty() { String::new() } else { format!("\n{}", list(&all, String::clone)) }
}

fn metric(metric: &Compared) -> String {
    let verdict = plain(&metric.verdict);
    let verdict = if metric.verdict == "regressed" { format!("**{verdict}**") } else { verdict };
    let cells = [
        code(&metric.metric),
        shown(metric.baseline, &metric.unit, "unknown"),
        shown(metric.current, &metric.unit, "unknown"),
        metric.change.map_or("unknown".to_owned(), percent),
        shown_interval(metric).unwrap_or_else(|| "unknown".to_owned()),
        verdict,
        metric.smallest_detectable_change.map_or("unknown".to_owned(), |c| format!("{:.1} %", c * 100.0)),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn table<T>(head: &str, rows: &[T], row: impl Fn(&T) -> String) -> String {
    if rows.is_empty() { String::new() } else { format!("{head}{}", list(rows, row)) }
}

fn list<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    let mut text: String = items.iter().take(MOST).map(line).collect();
    if items.len() > MOST {
        writeln!(text, "\nand {} more in report.json", items.len() - MOST).ok();
    }
    text
}
