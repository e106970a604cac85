//! `timeline.csv`: how each test went, one value of one point a row.
//!
//! Points can be merged to longer ones. What was counted is added up, levels are those at the end, shares and rates the mean.
//! A percentile of merged points is not known from theirs, only that it lies between the lowest and the highest of them:
//! those two are told, as `p99_lowest` and `p99_highest`.

use super::super::json::Run;
use super::super::reading::{Test, tests};
use super::rows::{Of, Rows};
use crate::measure::resources::{Figure, Merging};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

type Point = Map<String, Value>;
/// Values by their keys.
type Values = Vec<(String, f64)>;

/// Writes the table. A point is as long as the report's own, or the next multiple of it from `interval` on.
pub fn write(runs: &[Run], interval: Option<Duration>, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(&["at_s", "interval_s", "scope", "name", "metric", "unit", "value"], out)?;
    for run in runs {
        for test in &tests(run)? {
            points(run, test, interval, &mut rows)?;
        }
    }
    rows.finish()
}

fn points(run: &Run, test: &Test, interval: Option<Duration>, rows: &mut Rows<'_>) -> io::Result<()> {
    let own = test.timeline.interval_s;
    let together = interval.map_or(1, |wanted| multiple(wanted, own));
    let interval = (together as f64 * own).to_string();
    for points in test.timeline.points.chunks(together) {
        let at = points[0].get("at_s").and_then(Value::as_f64).unwrap_or_default().to_string();
        for (scope, name, values) in merged(points) {
            rows.values((run, test), &[&at, &interval], Of { scope, name: &name }, values)?;
        }
    }
    Ok(())
}

/// So many points are as long as that, or a bit longer.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive, and a cast saturates
fn multiple(wanted: Duration, own: f64) -> usize {
    let ratio = wanted.as_secs_f64() / own;
    // A hair above a whole number is that number.
    if ratio.is_finite() { ((ratio - 1e-9).ceil() as usize).max(1) } else { 1 }
}

/// By scope and name, what there is to tell.
fn merged(points: &[Point]) -> Vec<(&'static str, String, Values)> {
    let mut all = vec![("iterations", String::new(), values(points))];
    for (scope, key) in [("step", "steps"), ("error", "errors")] {
        for (name, of_name) in by_name(points, key) {
            all.push((scope, name, of_name));
        }
    }
    let workers = points.iter().filter_map(|point| point.get("worker_cpu")?.as_array().map(Vec::len)).max();
    for worker in 0..workers.unwrap_or(0) {
        let shares = points.iter().filter_map(|point| point.get("worker_cpu")?.get(worker)?.as_f64());
        let mean = mean(&shares.collect::<Vec<_>>());
        all.push((
            "worker",
            worker.to_string(),
            mean.map(|cpu| ("worker_cpu".to_owned(), cpu)).into_iter().collect(),
        ));
    }
    all
}

/// Steps are maps of values, errors are counts.
fn by_name(points: &[Point], key: &str) -> BTreeMap<String, Values> {
    let mut found: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for (name, value) in points.iter().filter_map(|point| point.get(key)?.as_object()).flatten() {
        let point = match value {
            Value::Object(point) => point.clone(),
            count => [("count".to_owned(), count.clone())].into_iter().collect(),
        };
        found.entry(name.clone()).or_default().push(point);
    }
    found.into_iter().map(|(name, points)| (name, values(&points))).collect()
}

fn values(points: &[Point]) -> Values {
    let mut columns: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (key, value) in points.iter().flatten().filter(|(key, _)| *key != "at_s") {
        columns.entry(key).or_default().extend(value.as_f64());
    }
    columns.into_iter().flat_map(|(key, column)| one(key, &column, points.len() > 1)).collect()
}

fn one(key: &str, column: &[f64], is_merged: bool) -> Values {
    let highest = column.iter().copied().reduce(f64::max);
    let lowest = column.iter().copied().reduce(f64::min);
    let named = |key: String, value: Option<f64>| value.map(|value| (key, value));
    match how(key) {
        How::Between if is_merged => {
            let stem = key.trim_end_matches("_ns");
            let both =
                [named(format!("{stem}_lowest_ns"), lowest), named(format!("{stem}_highest_ns"), highest)];
            both.into_iter().flatten().collect()
        }
        How::Between | How::Highest => named(key.to_owned(), highest).into_iter().collect(),
        How::Sum => named(key.to_owned(), column.iter().copied().reduce(|a, b| a + b)).into_iter().collect(),
        How::Last => named(key.to_owned(), column.last().copied()).into_iter().collect(),
        How::Mean => named(key.to_owned(), mean(column)).into_iter().collect(),
    }
}

/// How several points become one.
enum How {
    Sum,
    Mean,
    Last,
    Highest,
    Between,
}

fn how(key: &str) -> How {
    if let Some(figure) = Figure::ALL.iter().find(|figure| figure.key() == key) {
        return match figure.merging() {
            Merging::Mean => How::Mean,
            Merging::Last => How::Last,
            Merging::Max => How::Highest,
        };
    }
    match key {
        "in_flight" | "users" => How::Last,
        "throughput_per_s" => How::Mean,
        "max_ns" => How::Highest,
        key if key.ends_with("_ns") => How::Between,
        _ => How::Sum,
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn point(value: &Value) -> Point {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn merged_points_say_what_is_known_of_both_together() {
        let points = [
            point(
                &json!({ "at_s": 0.0, "started": 3, "p99_ns": 5e6, "max_ns": 9e6, "in_flight": 4, "cpu": 0.5,
                "throughput_per_s": 3.0, "errors": { "timeout": 1 }, "worker_cpu": [null, 0.5], "memory_bytes": 7,
                "steps": { "login": { "completed": 2, "p50_ns": 1.0 } } }),
            ),
            point(
                &json!({ "at_s": 1.0, "started": 4, "p99_ns": 2e6, "max_ns": 3e6, "in_flight": 1, "cpu": 1.0,
                "throughput_per_s": 4.0, "errors": { "timeout": 2, "http_5xx": 1 }, "worker_cpu": [0.5, 0.25],
                "memory_bytes": 9, "steps": {}, "lag_p99_ns": null }),
            ),
        ];
        let all = merged(&points);
        let value = |scope: &str, name: &str, key: &str| {
            let found = all.iter().find(|one| (one.0, one.1.as_str()) == (scope, name)).unwrap();
            found.2.iter().find(|(known, _)| known == key).map(|(_, value)| *value)
        };
        let whole = |key: &str| value("iterations", "", key);
        assert_eq!(
            ["started", "in_flight", "cpu", "throughput_per_s", "max_ns", "memory_bytes"].map(whole),
            [7.0, 1.0, 0.75, 3.5, 9e6, 9.0].map(Some)
        );
        assert_eq!(
            (whole("p99_lowest_ns"), whole("p99_highest_ns"), whole("p99_ns")),
            (Some(2e6), Some(5e6), None)
        );
        assert_eq!((whole("lag_p99_highest_ns"), whole("at_s")), (None, None));
        assert_eq!(value("error", "timeout", "count"), Some(3.0));
        assert_eq!(value("worker", "0", "worker_cpu"), Some(0.5));
        assert_eq!(value("step", "login", "p50_ns"), Some(1.0), "one point is all there is");
    }

    #[test]
    fn a_point_is_never_shorter_than_asked_for_nor_than_the_reports_own() {
        let together = |wanted_ms, own| multiple(Duration::from_millis(wanted_ms), own);
        assert_eq!(
            [together(5000, 1.0), together(5000, 2.0), together(300, 1.0), together(5, 0.0)],
            [5, 3, 1, 1]
        );
        assert_eq!(together(300, 0.1), 3);
    }
}
