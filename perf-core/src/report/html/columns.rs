//! Turns the points of a timeline into columns, and few enough of them.
//!
//! Neighbours are merged: counts add up, percentiles and levels are the highest of them, rates and shares their mean. So
//! a merged point is the worst of its stretch and never hides a spike.

use super::compact::column;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// As many as a wide chart has room for.
pub(super) const MOST_POINTS: usize = 600;
const DIGITS: usize = 3;
/// Growth of memory and the time of a point need more.
const FINE_DIGITS: usize = 5;
/// Names beyond these are in the tables, and would be too many lines.
const MOST_ERRORS: usize = 7;
const MOST_STEPS: usize = 6;

#[derive(Clone, Copy, PartialEq)]
enum Merging {
    Sum,
    Max,
    Mean,
}

/// What every point has, under the same key in the page.
const FIELDS: &[(&str, Merging)] = &[
    ("started", Merging::Sum),
    ("completed", Merging::Sum),
    ("dropped", Merging::Sum),
    ("throughput_per_s", Merging::Mean),
    ("in_flight", Merging::Max),
    ("users", Merging::Max),
    ("p50_ns", Merging::Max),
    ("p90_ns", Merging::Max),
    ("p99_ns", Merging::Max),
    ("max_ns", Merging::Max),
    ("lag_p99_ns", Merging::Max),
];

/// What most machines tell of.
const RESOURCES: &[(&str, Merging)] = &[
    ("cpu", Merging::Mean),
    ("target_cpu", Merging::Mean),
    ("machine_cpu", Merging::Mean),
    ("worker_cpu_max", Merging::Max),
    ("memory_bytes", Merging::Max),
    ("target_memory_bytes", Merging::Max),
    ("steal", Merging::Mean),
    ("throttled", Merging::Mean),
    ("pressure_cpu", Merging::Mean),
    ("pressure_memory", Merging::Mean),
    ("pressure_io", Merging::Mean),
    ("received_bytes_per_s", Merging::Mean),
    ("sent_bytes_per_s", Merging::Mean),
    ("loopback_bytes_per_s", Merging::Mean),
    ("tcp_opened_per_s", Merging::Mean),
    ("tcp_failed_opens_per_s", Merging::Mean),
    ("tcp_retransmits_per_s", Merging::Mean),
    ("tcp_established", Merging::Max),
    ("tcp_time_wait", Merging::Max),
    ("open_files", Merging::Max),
    ("target_open_files", Merging::Max),
];

/// The points of a test's timeline.
pub(super) struct Columns<'a> {
    points: &'a [Value],
    interval_s: f64,
    /// How long load was offered; the last point may be shorter for it.
    measured_s: Option<f64>,
    errors: Vec<String>,
    steps: Vec<String>,
}

impl<'a> Columns<'a> {
    /// `None` where nothing was recorded.
    pub(super) fn of(test: &'a Value) -> Option<Self> {
        let points = busy(test["timeline"]["points"].as_array()?);
        if points.is_empty() {
            return None;
        }
        let interval_s =
            test["timeline"]["interval_s"].as_f64().filter(|length| *length > 0.0).unwrap_or(1.0);
        let mut errors: Vec<(String, f64)> = totals(points).into_iter().collect();
        errors.sort_by(|a, b| b.1.total_cmp(&a.1));
        let names = |key: &str| test[key].as_object().into_iter().flat_map(|map| map.keys().cloned());
        Some(Columns {
            points,
            interval_s,
            measured_s: test["load"]["measured_s"].as_f64(),
            errors: errors.into_iter().map(|(name, _)| name).take(MOST_ERRORS).collect(),
            steps: names("steps").take(MOST_STEPS).collect(),
        })
    }

    /// How many columns it takes, which may be of one value each.
    pub(super) fn count(&self) -> usize {
        1 + FIELDS.len() + RESOURCES.len() + self.errors.len() + 2 * self.steps.len()
    }

    /// As one JSON object, of so many points at most.
    pub(super) fn write(&self, most: usize, out: &mut dyn Write) -> io::Result<()> {
        let each = self.points.len().div_ceil(most.max(1));
        let groups: Vec<&[Value]> = self.points.chunks(each).collect();
        let begun = |group: &&[Value]| group.first().and_then(|point| point["at_s"].as_f64());
        let at: Vec<Option<f64>> = groups.iter().map(begun).collect();
        write!(out, "{{\"points\":{},\"merged\":{each}", groups.len())?;
        write!(out, ",\"interval_s\":{}", each as f64 * self.interval_s)?;
        write!(out, ",\"last_s\":{},\"at_s\":{}", self.last_s(&groups), column(&at, FINE_DIGITS))?;
        for (name, merging) in FIELDS.iter().chain(RESOURCES) {
            let digits = if name.ends_with("bytes") { FINE_DIGITS } else { DIGITS };
            let values = merged(&groups, *merging, |point| &point[*name]);
            if values.iter().any(Option::is_some) {
                write!(out, ",\"{name}\":{}", column(&values, digits))?;
            }
        }
        self.write_errors(&groups, out)?;
        self.write_steps(&groups, out)?;
        write!(out, "}}")
    }

    /// How much of its time the last point was under load, or all of it, where that ended before.
    fn last_s(&self, groups: &[&[Value]]) -> f64 {
        let last = groups.last().copied().unwrap_or_default();
        let whole = last.len() as f64 * self.interval_s;
        let begun = last.first().and_then(|point| point["at_s"].as_f64());
        let left = self.measured_s.zip(begun).map(|(measured, begun)| measured - begun);
        left.filter(|left| *left > 0.0 && *left < whole).unwrap_or(whole)
    }

    fn write_errors(&self, groups: &[&[Value]], out: &mut dyn Write) -> io::Result<()> {
        write!(out, ",\"errors\":{{")?;
        for (number, name) in self.errors.iter().enumerate() {
            let counts = merged(groups, Merging::Sum, |point| &point["errors"][name]);
            let counts: Vec<_> = counts.into_iter().map(|count| count.or(Some(0.0))).collect();
            write!(out, "{}{}:{}", comma(number), Value::from(name.as_str()), column(&counts, DIGITS))?;
        }
        write!(out, "}}")
    }

    fn write_steps(&self, groups: &[&[Value]], out: &mut dyn Write) -> io::Result<()> {
        write!(out, ",\"steps\":{{")?;
        for (number, name) in self.steps.iter().enumerate() {
            let of =
                |key: &str| column(&merged(groups, Merging::Max, |point| &point["steps"][name][key]), DIGITS);
            let (p50, p99) = (of("p50_ns"), of("p99_ns"));
            let name = Value::from(name.as_str());
            write!(out, "{}{name}:{{\"p50_ns\":{p50},\"p99_ns\":{p99}}}", comma(number))?;
        }
        write!(out, "}}")
    }
}

fn comma(number: usize) -> &'static str {
    if number > 0 { "," } else { "" }
}

/// Up to the last in which anything went on: a test's end need not be that of a point.
fn busy(points: &[Value]) -> &[Value] {
    let is_busy = |point: &Value| {
        ["started", "completed", "dropped", "in_flight"].iter().any(|key| point[*key].as_f64() > Some(0.0))
    };
    let last = points.iter().rposition(is_busy).map_or(0, |last| last + 1);
    &points[..last]
}

/// Errors of all points by category.
fn totals(points: &[Value]) -> BTreeMap<String, f64> {
    let mut totals: BTreeMap<String, f64> = BTreeMap::new();
    for (name, count) in points.iter().filter_map(|point| point["errors"].as_object()).flatten() {
        *totals.entry(name.clone()).or_default() += count.as_f64().unwrap_or(0.0);
    }
    totals
}

fn merged<'v>(
    groups: &[&'v [Value]],
    merging: Merging,
    value: impl Fn(&'v Value) -> &'v Value,
) -> Vec<Option<f64>> {
    let of_group = |group: &&'v [Value]| {
        let known: Vec<f64> = group.iter().filter_map(|point| value(point).as_f64()).collect();
        let sum: f64 = known.iter().sum();
        match merging {
            Merging::Sum => (!known.is_empty()).then_some(sum),
            Merging::Max => known.into_iter().reduce(f64::max),
            Merging::Mean => (!known.is_empty()).then(|| sum / known.len() as f64),
        }
    };
    groups.iter().map(of_group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(test: &Value, most: usize) -> Value {
        let mut out = Vec::new();
        Columns::of(test).unwrap().write(most, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn test() -> Value {
        let point = |at: u32| {
            json!({
                "at_s": at, "started": 10, "completed": 9, "p99_ns": 1000 * (at + 1), "cpu": f64::from(at), "users": 0,
                "max_ns": null, "errors": if at == 3 { json!({ "http_5xx": 4 }) } else { json!({}) },
                "steps": { "a \"step\"": { "p50_ns": at, "p99_ns": 7 } },
            })
        };
        json!({ "timeline": { "interval_s": 1.0, "points": (0..5).map(point).collect::<Vec<_>>() }, "steps": { "a \"step\"": {} } })
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let page = written(&test(), 600);
        assert_eq!((&page["points"], &page["merged"]), (&json!(5), &json!(1)));
        assert_eq!(page["p99_ns"], json!([1000.0, 2000.0, 3000.0, 4000.0, 5000.0]));
        assert_eq!(
            (&page["started"], &page["users"], &page["max_ns"]),
            (&json!(10), &json!(0), &Value::Null)
        );
        assert_eq!(page["errors"]["http_5xx"], json!([0, 0, 0, 4, 0]));
        assert_eq!(page["steps"]["a \"step\""]["p99_ns"], json!(7));
    }

    #[test]
    fn neighbours_are_merged_to_the_worst_of_them_and_counts_add_up() {
        let page = written(&test(), 3);
        assert_eq!(
            (&page["points"], &page["interval_s"], &page["last_s"]),
            (&json!(3), &json!(2), &json!(1))
        );
        assert_eq!(page["at_s"], json!([0, 2, 4]));
        assert_eq!(page["started"], json!([20, 20, 10]));
        assert_eq!(page["p99_ns"], json!([2000.0, 4000.0, 5000.0]));
        assert_eq!(page["cpu"], json!([0.5, 2.5, 4]));
        assert_eq!(page["errors"]["http_5xx"], json!([0, 4, 0]));
    }

    #[test]
    fn a_last_point_that_load_did_not_fill_is_as_long_as_it_did() {
        let mut test = test();
        test["load"] = json!({ "measured_s": 4.25 });
        assert_eq!(written(&test, 600)["last_s"], json!(0.25));
        assert_eq!(written(&test, 3)["last_s"], json!(0.25));
        test["load"] = json!({ "measured_s": 3.5 });
        assert_eq!(written(&test, 600)["last_s"], json!(1), "nothing but the drain");
    }

    #[test]
    fn what_comes_after_the_last_iteration_is_not_drawn() {
        let mut test = test();
        let idle = json!({ "at_s": 5, "started": 0, "completed": 0, "dropped": 0, "in_flight": 0 });
        let points = test["timeline"]["points"].as_array_mut().unwrap();
        points.insert(0, idle.clone());
        points.push(idle);
        assert_eq!(written(&test, 600)["points"], 6);
    }

    #[test]
    fn without_points_there_are_no_columns() {
        for none in [
            json!({}),
            json!({ "timeline": { "points": [] } }),
            json!({ "timeline": null }),
            json!({ "timeline": { "points": [{}] } }),
        ] {
            assert!(Columns::of(&none).is_none());
        }
    }
}
