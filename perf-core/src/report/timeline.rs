//! How a session went over time, and its single iterations, as report.json has them.

use crate::measure::Recording;
use crate::measure::exemplar::Exemplar;
use crate::measure::resources::Figure;
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

pub(super) fn of_point(at_s: f64, interval_s: f64, point: &Point, level: Level) -> Value {
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
            "meanwhile": meanwhile(at_s, recording, &levels),
        })
    };
    exemplars.map(one).collect()
}

/// What the timeline says of the point that an instant falls into, and what was sampled beside it.
fn meanwhile(at_s: f64, recording: &Recording, levels: &[Level]) -> Value {
    let Recording { timeline, resources, .. } = recording;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // not negative, and few points
    let number = (at_s * 1e9 / timeline.interval as f64).max(0.0) as usize;
    let Some((point, level)) = timeline.points.get(number).zip(levels.get(number)) else {
        return Value::Null;
    };
    let mut told = json!({
        "in_flight": level.in_flight,
        "errors": point.counts.errors(),
        "p50_ns": point.response.quantile(Quantile::MEDIAN),
    });
    for figure in [Figure::Cpu, Figure::MachineCpu, Figure::Steal] {
        told[figure.key()] = json!(resources.points.get(number).and_then(|point| point.value(figure)));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recorder::Slice;
    use crate::measure::resources::ResourcePoint;

    fn slow(at: u64) -> Exemplar {
        let (response, lag, failure) = (5, 1, None);
        Exemplar { user: 3, iteration: 9, at, response, lag, failure, steps: Vec::new() }
    }

    #[test]
    fn a_slow_iteration_has_what_client_and_machine_were_busy_with_at_that_second() {
        let mut recording = Recording::default();
        for number in 0..2 {
            let mut slice = Slice::default();
            slice.measured.counts.failed = number;
            recording.timeline.add(number, &slice);
            let mut point = ResourcePoint::default();
            point.set(Figure::Cpu, Some(0.5 + number as f64));
            point.set(Figure::MachineCpu, (number == 1).then_some(1.75));
            recording.resources.add(number, &point);
        }
        let slow = [slow(100_000_000), slow(1_200_000_000), slow(7_000_000_000)];
        let told = of_exemplars(slow.iter(), &recording);
        let meanwhile = |number: usize| &told[number]["meanwhile"];
        assert_eq!(meanwhile(0)["cpu"], 0.5);
        assert_eq!(meanwhile(1)["cpu"], 1.5);
        assert_eq!((&meanwhile(1)["machine_cpu"], &meanwhile(1)["errors"]), (&json!(1.75), &json!(1)));
        assert!(meanwhile(0)["machine_cpu"].is_null() && meanwhile(1)["steal"].is_null(), "{told}");
        assert!(meanwhile(2).is_null(), "nothing is known of after the end");
    }
}
