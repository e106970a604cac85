//! `rounds.csv`: the units of comparison, one value a row, of every session.
//!
//! A first session's rounds say when they began and how long they were; of those that were measured again only the numbers
//! are kept.

use super::super::json::Run;
use super::super::reading::{Test, tests};
use super::rows::{Of, Rows, numbers};
use crate::metric::{Metric, Unit};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Writes the table. Sessions and rounds count from 1.
pub fn write(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let columns = ["session", "round", "start_s", "duration_s", "scope", "name", "metric", "unit", "value"];
    let mut rows = Rows::new(&columns, out)?;
    for run in runs {
        for test in &tests(run)? {
            first(run, test, &mut rows)?;
            // The first session is among them.
            for (number, session) in test.record.sessions.iter().enumerate().skip(1) {
                again(run, test, number + 1, &session.rounds, &mut rows)?;
            }
        }
    }
    rows.finish()
}

const ALL: Of<'static> = Of { scope: "iterations", name: "" };

fn first(run: &Run, test: &Test, rows: &mut Rows<'_>) -> io::Result<()> {
    for (number, round) in test.rounds.iter().enumerate() {
        let shown =
            |key: &str| round.get(key).and_then(Value::as_f64).map_or(String::new(), |s| s.to_string());
        let (start, length) = (shown("start_s"), shown("duration_s"));
        let values = numbers(round).into_iter().filter(|(key, _)| key != "start_s" && key != "duration_s");
        rows.values((run, test), &["1", &(number + 1).to_string(), &start, &length], ALL, values)?;
    }
    Ok(())
}

/// By column; those of steps, tags and trends one level deeper.
fn again(
    run: &Run,
    test: &Test,
    session: usize,
    columns: &Map<String, Value>,
    rows: &mut Rows<'_>,
) -> io::Result<()> {
    let session = session.to_string();
    for (key, column) in columns {
        for (number, value) in column.as_array().into_iter().flatten().enumerate() {
            let value = value.as_f64().map(|value| (key.clone(), value));
            rows.values((run, test), &[&session, &(number + 1).to_string(), "", ""], ALL, value)?;
        }
    }
    for (below, metric) in [("named", "value"), ("named_n", "n")] {
        for (key, column) in columns.get(below).and_then(Value::as_object).into_iter().flatten() {
            let unit = if metric == "n" { Unit::Count } else { unit(key, test) };
            for (number, value) in column.as_array().into_iter().flatten().enumerate() {
                let Some(value) = value.as_f64() else { continue };
                let (round, value) = ((number + 1).to_string(), value.to_string());
                let cells = [&session, &round, "", "", "named", key, metric, unit.name(), &value];
                rows.write(run, test, &cells)?;
            }
        }
    }
    Ok(())
}

/// Only the test's own numbers show what a trend is of.
fn unit(key: &str, test: &Test) -> Unit {
    match key.parse::<Metric>() {
        Ok(Metric::Custom(custom)) => match test.metrics.get(&custom.name) {
            Some(trend) if trend.value_ns.is_some() => Unit::Time,
            _ => Unit::Number,
        },
        Ok(metric) => metric.unit(),
        Err(_) => Unit::Number,
    }
}
