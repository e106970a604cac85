//! Turns runs into the page's table of contents: each test by target and name, and how it went in each run.

use crate::report::json::Run;
use serde_json::{Value, json};

/// How many values the small line of a test has.
const SPARK: usize = 60;

/// A test, in each of the runs that have it.
pub(super) struct Entry<'a> {
    target: &'a str,
    name: &'a str,
    /// The run's number, and the test there.
    pub(super) of_runs: Vec<(usize, &'a Value)>,
}

/// Of all runs, in the order in which they first appear.
pub(super) fn entries(runs: &[Run]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        for test in &run.tests {
            let text = |key: &str| test[key].as_str().unwrap_or_default();
            let (target, name) = (text("test_target"), text("name"));
            match entries.iter_mut().find(|entry| entry.target == target && entry.name == name) {
                Some(entry) => entry.of_runs.push((number, test)),
                None => entries.push(Entry { target, name, of_runs: vec![(number, test)] }),
            }
        }
    }
    entries
}

/// What the page shows before any test is opened.
pub(super) fn of(runs: &[Run], entries: &[Entry<'_>]) -> Value {
    let of_run = |run: &Run| {
        json!({
            "run_id": run.run_id,
            "started": run.started,
            "duration_s": run.duration_s,
            "partial": run.partial,
            "environment": run.environment,
        })
    };
    let of_entry = |entry: &Entry<'_>| {
        let outcomes = entry.of_runs.iter().map(|(run, test)| outcome(*run, test));
        json!({ "target": entry.target, "name": entry.name, "outcomes": outcomes.collect::<Vec<_>>() })
    };
    json!({
        "runs": runs.iter().map(of_run).collect::<Vec<_>>(),
        "tests": entries.iter().map(of_entry).collect::<Vec<_>>(),
    })
}

fn outcome(run: usize, test: &Value) -> Value {
    let findings = test["findings"].as_array().into_iter().flatten();
    let loud = findings.filter(|finding| finding["severity"] != "info").count();
    json!({
        "run": run,
        "verdict": test["verdict"],
        "reasons": test["reasons"],
        "partial": test["partial"],
        "load": test["load"]["description"],
        "completed": test["counts"]["completed"],
        "throughput_per_s": test["throughput_per_s"],
        "error_ratio": test["error_ratio"],
        "p50_ns": test["response_ns"]["p50"],
        "p99_ns": test["response_ns"]["p99"],
        "capacity_per_s": test["capacity"]["rate_per_s"],
        "comparison": test["comparison"]["verdict"],
        "change": worst_change(&test["comparison"]),
        "findings": loud,
        "spark": spark(test),
    })
}

/// The change that is furthest from none, of the metrics that have the comparison's verdict.
fn worst_change(comparison: &Value) -> Value {
    let metrics = comparison["metrics"].as_array().into_iter().flatten();
    let of_verdict = metrics.filter(|metric| metric["verdict"] == comparison["verdict"]);
    let size = |metric: &Value| metric["change"].as_f64().unwrap_or(0.0).abs();
    of_verdict
        .max_by(|a, b| size(a).total_cmp(&size(b)))
        .map_or(Value::Null, |metric| json!({ "metric": metric["metric"], "change": metric["change"] }))
}

/// The p99 over time.
fn spark(test: &Value) -> Vec<Option<f64>> {
    let points = test["timeline"]["points"].as_array().map_or(&[][..], Vec::as_slice);
    let each = points.len().div_ceil(SPARK).max(1);
    let highest =
        |group: &[Value]| group.iter().filter_map(|point| point["p99_ns"].as_f64()).reduce(f64::max);
    points.chunks(each).map(highest).collect()
}
