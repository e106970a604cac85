//! Turns a test of `report.json` into what the page needs once the test is opened.

use super::columns::Columns;
use super::compact::slim;
use super::{distribution, rounds};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Told elsewhere in the page, or not at all.
const LEFT_OUT: [&str; 8] =
    ["timeline", "record", "drawn", "rounds", "histograms", "baseline", "columns", "succeeded_ns"];
/// Of which there is a chart.
const DRAWN: [&str; 3] = ["response_ns", "service_ns", "lag_ns"];
const MOST_MESSAGES: usize = 12;

/// As one JSON object, its timeline of so many points at most.
pub(super) fn write(test: &Value, most_points: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut told: Map<String, Value> = test.as_object().cloned().map_or_else(Map::new, |_| kept(test));
    let histograms = DRAWN.map(|key| (key.to_owned(), distribution::of_histogram(&test[key]["histogram"])));
    told.insert("histograms".into(), Value::Object(histograms.into_iter().collect()));
    told.insert("rounds".into(), rounds::of_test(test));
    told.insert("baseline".into(), rounds::of_baseline(test));
    write!(out, "{{\"test\":")?;
    serde_json::to_writer(&mut *out, &told)?;
    write!(out, ",\"timeline\":")?;
    match Columns::of(test) {
        Some(columns) => columns.write(most_points, out)?,
        None => write!(out, "null")?,
    }
    write!(out, "}}")
}

fn kept(test: &Value) -> Map<String, Value> {
    let fields = test.as_object().into_iter().flatten();
    let fields = fields.filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
    let mut told: Map<String, Value> = fields.map(|(key, value)| (key.clone(), slim(value))).collect();
    if let Some(comparison) = told.get_mut("comparison").and_then(Value::as_object_mut) {
        comparison.remove("baseline_sessions");
    }
    for category in told.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(messages) = category["messages"].as_array_mut() {
            messages.truncate(MOST_MESSAGES);
        }
    }
    told
}
