//! Tells of a comparison: on the terminal, as JSON, and as Markdown for a pull request.

mod json;
mod markdown;
pub(super) mod text;

use super::outcome::{Comparison, Outcome};
use perf_core::files::write_atomically;
use perf_core::judge::interleaved::Paired;
use perf_core::judge::verdict::Verdict;
use perf_core::plan::threshold::show_value;
use perf_core::report::change::{interval, percent};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// The files of a run, and the last lines of the terminal.
pub(super) fn write(comparison: &Comparison, folder: &Path) -> Result<(), String> {
    let kept = |file: &str, text: &str| {
        let path = folder.join(file);
        write_atomically(&path, text.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))
    };
    kept("report.json", &json::of(comparison))?;
    let summary = markdown::of(comparison);
    kept("summary.md", &summary)?;
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        append(Path::new(&path), &summary).map_err(|error| format!("GITHUB_STEP_SUMMARY: {error}"))?;
    }
    text::closing(comparison, folder);
    Ok(())
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    writeln!(file, "{text}")
}

/// The cells of a row of the table, in this order.
const COLUMNS: [&str; 6] = ["metric", "base", "head", "change", "95 % interval", "verdict"];

fn cells(metric: &Paired) -> [String; 6] {
    let unit = metric.metric.unit();
    [
        metric.metric.to_string(),
        show_value(metric.base, unit),
        show_value(metric.head, unit),
        percent(metric.change),
        interval(metric.interval).unwrap_or_else(|| "unknown".to_owned()),
        metric.verdict.name().to_owned(),
    ]
}

/// The smallest worsening that the whole budget would have found.
fn detectable(metric: &Paired) -> String {
    metric
        .smallest_detectable_change()
        .map_or("unknown".to_owned(), |change| format!("{:.1} %", change * 100.0))
}

/// What came of it, and what it took: `3 tests: 1 failed, 2 passed in 2m 53s: 1m 30s of load, …`.
fn effort(comparison: &Comparison) -> String {
    let load = comparison.load_time();
    format!(
        "{} in {}: {} of load, {} for builds and starts",
        tally(&comparison.outcomes),
        shown(comparison.elapsed),
        shown(load),
        shown(comparison.elapsed.saturating_sub(load))
    )
}

/// `3 tests: 1 failed, 2 passed`.
fn tally(outcomes: &[Outcome]) -> String {
    let verdicts: Vec<Verdict> = outcomes.iter().map(|outcome| outcome.judge().0).collect();
    let all = [Verdict::Failed, Verdict::Inconclusive, Verdict::Skipped, Verdict::Passed];
    let counts = all.into_iter().filter_map(|verdict| {
        let count = verdicts.iter().filter(|found| **found == verdict).count();
        (count > 0).then(|| format!("{count} {}", verdict.name()))
    });
    format!("{}: {}", counted(outcomes.len(), "test"), counts.collect::<Vec<_>>().join(", "))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// To the second, or to the millisecond below ten of them.
fn shown(time: Duration) -> String {
    let unit = if time < Duration::from_secs(10) { 1 } else { 1000 };
    let rounded = time.as_millis().div_ceil(unit) * unit;
    let rounded = Duration::from_millis(u64::try_from(rounded).unwrap_or(u64::MAX));
    humantime::format_duration(rounded).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::outcome::tests::outcome;
    use super::*;

    #[test]
    fn times_are_shown_as_exactly_as_somebody_wants_to_know() {
        assert_eq!([900, 61_400].map(|ms| shown(Duration::from_millis(ms))), ["900ms", "1m 2s"]);
        assert_eq!(tally(&[outcome(13.0, 0), outcome(10.0, 0)]), "2 tests: 1 failed, 1 passed");
    }
}
