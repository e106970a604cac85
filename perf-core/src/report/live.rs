//! What happens while tests run, as whoever watches them reads it: one event after the other, each with a name.
//!
//! Counts, points and alerts are those of `report.json`, by the same code. Sends nothing.

use super::alert;
use super::numbers::of_counts;
use super::resources;
use super::timeline::of_point;
use crate::drive::anomaly::Note;
use crate::drive::snapshot::{LimitNow, Newest, Snapshot, Times};
use crate::judge::verdict::Verdict;
use crate::measure::alert::Alert;
use crate::measure::environment::Environment;
use serde_json::{Value, json};
use std::time::Duration;

/// The first that everybody is told.
pub fn run(run_id: &str, started: &str, environment: &Environment, tests: &[String]) -> Value {
    json!({ "run_id": run_id, "started": started, "environment": environment, "tests": tests })
}

/// How a test stands.
pub fn status(snapshot: &Snapshot) -> Value {
    json!({
        "test": snapshot.test,
        "phase": snapshot.stage.name(),
        "is_confirming": snapshot.is_confirming,
        "elapsed_s": snapshot.elapsed.as_secs_f64(),
        "left_s": snapshot.left(Duration::ZERO).map(|left| left.as_secs_f64()),
        "counts": of_counts(&snapshot.counts, snapshot.scheduled),
        "planned_per_s": snapshot.last.planned_per_s,
        "achieved_per_s": snapshot.last.achieved_per_s,
        "in_flight": snapshot.level.in_flight,
        "users": snapshot.level.users,
        "response_ns": of_times(&snapshot.so_far),
        "last_second_ns": of_times(&snapshot.last.response),
        "errors": snapshot.errors.iter().map(|(category, count)| (category.name().to_owned(), json!(count)))
            .collect::<serde_json::Map<_, _>>(),
        "thresholds": snapshot.limits.iter().map(of_limit).collect::<Vec<_>>(),
        "nearest": snapshot.nearest().map(|limit| &limit.expression),
        "notes": snapshot.notes.iter().map(Note::to_string).collect::<Vec<_>>(),
    })
}

fn of_times(times: &Times) -> Value {
    json!({ "p50": times.p50, "p90": times.p90, "p99": times.p99, "max": times.max })
}

fn of_limit(limit: &LimitNow) -> Value {
    json!({
        "expression": limit.expression,
        "actual": limit.actual,
        "unit": limit.unit.name(),
        "held": limit.held,
        "margin": limit.margin,
    })
}

/// A point of a test's timeline; `null` of a snapshot that tells of none.
pub fn point(snapshot: &Snapshot) -> Value {
    let Some(Newest { at, length, point, resources }) = &snapshot.newest else {
        return Value::Null;
    };
    let mut told = of_point(at.as_secs_f64(), length.as_secs_f64(), point, snapshot.level);
    if let Some(resources) = resources {
        resources::onto_point(&mut told, resources);
    }
    json!({ "test": snapshot.test, "point": told })
}

/// The end of a test.
pub fn ended(test: &str, verdict: Verdict, reasons: &[String]) -> Value {
    json!({ "name": test, "verdict": verdict.name(), "reasons": reasons })
}

/// An alert, as it is sent to a webhook.
pub fn alert(alert: &Alert, run_id: &str) -> Value {
    alert::message(alert, run_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::anomaly::NoteKind;
    use crate::drive::snapshot::Stage;
    use crate::measure::recorder::Slice;
    use crate::measure::resources::{Figure, ResourcePoint};
    use crate::measure::sample::Phase;
    use crate::measure::timeline::{Point, Timeline};
    use crate::metric::Unit;
    use crate::plan::Plan;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::sync::Arc;
    use std::time::Instant;

    fn snapshot() -> Snapshot {
        let second = Some(Duration::from_secs(8));
        let spec = PerfSpec {
            rate: Some(100.0),
            duration: second,
            warmup: Some(Duration::from_secs(2)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap();
        Snapshot::before(&plan, Stage::Measuring, Instant::now())
    }

    #[test]
    fn a_status_says_null_for_what_nobody_knows_and_nothing_that_is_no_number() {
        let limit = LimitNow {
            expression: "p99 < 50ms".to_owned(),
            actual: Some(12e6),
            unit: Unit::Time,
            held: Some(true),
            margin: Some(0.76),
        };
        let note = Note { kind: NoteKind::Unusual, message: "p50 41 ms, usually 9.8 ms".to_owned() };
        let told = status(&Snapshot {
            elapsed: Duration::from_secs(4),
            limits: vec![limit],
            notes: vec![note],
            ..snapshot()
        });
        assert_eq!((&told["test"], &told["phase"]), (&json!("login"), &json!("measuring")));
        assert_eq!((&told["left_s"], &told["elapsed_s"]), (&json!(6.0), &json!(4.0)));
        assert_eq!(told["response_ns"], json!({ "p50": null, "p90": null, "p99": null, "max": null }));
        let limit =
            json!({ "expression": "p99 < 50ms", "actual": 12e6, "unit": "ns", "held": true, "margin": 0.76 });
        assert_eq!(told["thresholds"], json!([limit]));
        assert_eq!(told["notes"], json!(["unusual: p50 41 ms, usually 9.8 ms"]));
        assert_eq!((&told["nearest"], &told["counts"]["scheduled"]), (&json!("p99 < 50ms"), &json!(800)));
    }

    #[test]
    fn a_point_has_the_keys_of_the_reports() {
        let mut slice = Slice::default();
        (slice.measured.counts.started, slice.measured.counts.succeeded) = (7, 5);
        let (mut timeline, mut point) = (Timeline::new(1_000_000_000), Point::default());
        timeline.add(0, &slice);
        point.add(&slice, Phase::Measured);
        let (level, mut resources) = (point.change.level(), ResourcePoint::default());
        resources.set(Figure::Cpu, Some(0.5));
        let newest = Newest {
            at: Duration::ZERO,
            length: Duration::from_secs(1),
            point: Arc::new(point),
            resources: Some(Arc::new(resources)),
        };
        let told = self::point(&Snapshot { newest: Some(newest), level, ..snapshot() });
        let mut expected = super::super::timeline::of_timeline(&timeline)["points"][0].clone();
        expected["cpu"] = json!(0.5);
        expected["worker_cpu"] = json!([]);
        assert_eq!(told, json!({ "test": "login", "point": expected }));
        assert_eq!(self::point(&snapshot()), Value::Null);
    }
}
