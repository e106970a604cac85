//! How a session went over time, and its single iterations, as report.json has them.

use crate::measure::Recording;
use crate::measure::exemplar::Exemplar;
use crate::measure::sparse::SparseHistogram;
use crate::measure::timeline::{Level, Point, Timeline};
use crate::metric::Quantile;
use serde_json::{Map, Value, json};

/// From the start of measuring, of an instant of the schedule.
pub(super) fn seconds_measured(at: u64, recording: &Recording) -> f64 {
    at as f64 / 1e9 - recording.warmup_length.as_secs_f64()
}

/// One point per interval.
pub(super) fn of_timeline(timeline: &Timeline) -> Value {
    let interval_s = timeline.interval as f64 / 1e9;
    let points = timeline.points.iter().zip(timeline.levels()).enumerate();
    let points =
        points.map(|(number, (point, level))| of_point(number as f64 * interval_s, interval_s, point, level));
    json!({ "interval_s": interval_s, "points": points.collect::<Vec<_>>() })
}

fn of_point(at_s: f64, interval_s: f64, point: &Point, level: Level) -> Value {
    let times = |times: &SparseHistogram| {
        let quantile = |percent| Quantile::percent(percent).and_then(|quantile| times.quantile(quantile));
        [quantile(50.0), quantile(90.0), quantile(99.0), times.max()]
    };
    let [p50, p90, p99, max] = times(&point.response);
    let [.., lag_p99, _] = times(&point.lag);
    let steps = point.steps.iter().map(|(name, durations)| {
        let [p50, p90, p99, max] = times(durations);
        let step = json!({
            "completed": durations.count(),
            "p50_ns": p50,
            "p90_ns": p90,
            "p99_ns": p99,
            "max_ns": max,
        });
        (name.to_string(), step)
    });
    let errors = point.failures.iter().map(|(category, count)| (category.name().to_owned(), json!(count)));
    json!({
        "at_s": at_s,
        "started": point.counts.started,
        "completed": point.counts.completed(),
        "failed": point.counts.failed + point.counts.timed_out,
        "dropped": point.counts.dropped(),
        "errors": errors.collect::<Map<_, _>>(),
        "in_flight": level.in_flight,
        "users": level.users,
        "throughput_per_s": point.counts.succeeded as f64 / interval_s,
        "p50_ns": p50,
        "p90_ns": p90,
        "p99_ns": p99,
        "max_ns": max,
        "lag_p99_ns": lag_p99,
        "steps": steps.collect::<Map<_, _>>(),
        "cpu": null,
        "memory_bytes": null,
    })
}

/// Single iterations, each with what else went on at the time.
pub(super) fn of_exemplars<'a>(
    exemplars: impl Iterator<Item = &'a Exemplar>,
    recording: &Recording,
) -> Value {
    let levels = recording.timeline.levels();
    let one = |exemplar: &Exemplar| {
        let at_s = seconds_measured(exemplar.at, recording);
        let steps = exemplar.steps.iter().map(|(name, took)| json!({ "name": name, "duration_ns": took }));
        let failure = exemplar.failure.as_ref();
        json!({
            "at_s": at_s,
            "response_ns": exemplar.response,
            "lag_ns": exemplar.lag,
            "outcome": failure.map_or("succeeded", |(category, _)| category.name()),
            "message": failure.map(|(_, message)| message),
            "user": exemplar.user,
            "iteration": exemplar.iteration,
            "steps": steps.collect::<Vec<_>>(),
            "meanwhile": meanwhile(at_s, &recording.timeline, &levels),
        })
    };
    exemplars.map(one).collect()
}

/// What the timeline says of the point that an instant falls into.
fn meanwhile(at_s: f64, timeline: &Timeline, levels: &[Level]) -> Value {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // not negative, and few points
    let number = (at_s * 1e9 / timeline.interval as f64).max(0.0) as usize;
    let Some((point, level)) = timeline.points.get(number).zip(levels.get(number)) else {
        return Value::Null;
    };
    json!({
        "in_flight": level.in_flight,
        "errors": point.counts.errors(),
        "p50_ns": point.response.quantile(Quantile::MEDIAN),
    })
}
