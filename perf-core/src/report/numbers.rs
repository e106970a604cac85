//! What was measured in a session, as report.json has it.

use super::histogram::of_histogram;
use super::named::named;
use super::timeline::{of_exemplars, of_timeline, seconds_measured};
use crate::analyze::Session;
use crate::analyze::health::Health;
use crate::analyze::summary::RoundSummary;
use crate::error::Category;
use crate::measure::errors::{ErrorGroup, Said};
use crate::measure::sample::Counts;
use crate::measure::{Backed, Calibration, Curbed, Gap, Recording, Scaled};
use serde_json::{Map, Value, json};

/// What was measured in one session.
pub(super) fn numbers(session: &Session) -> Map<String, Value> {
    let Session { recording, summary, .. } = session;
    let fields = [
        ("counts", of_counts(&summary.counts, summary.scheduled)),
        ("generator", of_health(&summary.health)),
        ("throughput_per_s", json!(summary.throughput_per_s)),
        ("error_ratio", json!(summary.error_ratio())),
        ("error_count", json!(summary.counts.errors())),
        ("response_ns", of_histogram(&summary.response)),
        ("service_ns", of_histogram(&summary.service)),
        ("lag_ns", of_histogram(&summary.lag)),
        ("succeeded_ns", of_histogram(&summary.succeeded)),
        ("failed_ns", of_histogram(&summary.failed)),
        (
            "preparation",
            json!({
                "setup_s": recording.preparation.setup.as_secs_f64(),
                "ready_s": recording.preparation.ready.as_secs_f64(),
                "calibration": recording.preparation.calibration.iter().map(of_calibration).collect::<Vec<_>>(),
                "users": recording.preparation.users.users,
                "users_failed": recording.preparation.users.failed,
                "workers_s": recording.preparation.workers.as_secs_f64(),
                "addresses": recording.preparation.addresses,
            }),
        ),
        (
            "warmup",
            json!({
                "counts": of_counts(&summary.warmup_counts, None),
                "response_ns": of_histogram(&summary.warmup_response),
            }),
        ),
        (
            "ending",
            json!({
                "drain_s": recording.ended.drain.as_secs_f64(),
                "teardown_s": recording.ended.teardown.as_secs_f64(),
            }),
        ),
        ("capacity", summary.capacity.as_ref().map_or(Value::Null, super::capacity::of_capacity)),
        ("errors", of_errors(session)),
        ("slowest", of_exemplars(recording.exemplars.slowest.iter(), recording)),
        ("drawn", of_exemplars(recording.exemplars.drawn.iter().map(|(_, exemplar)| exemplar), recording)),
        ("rounds", summary.rounds.iter().map(of_round).collect()),
        ("timeline", super::resources::onto(of_timeline(&recording.timeline), recording)),
        ("gaps", recording.gaps.iter().map(|gap| of_gap(gap, recording)).collect()),
        ("backed_off", recording.backed.iter().map(|backed| of_backed(backed, recording)).collect()),
        ("scaled", recording.scaled.iter().map(|scaled| of_scaled(scaled, recording)).collect()),
        ("curbed", recording.curbed.iter().map(|curbed| of_curbed(curbed, recording)).collect()),
    ];
    fields.into_iter().chain(named(summary)).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// How well the load was offered.
fn of_health(health: &Health) -> Value {
    json!({
        "planned_per_s": health.planned_per_s,
        "offered_per_s": health.offered_per_s,
        "late_starts": health.late_starts,
        "lag_p99_ns": health.lag_p99_ns,
        "lag_bound_ns": health.lag_bound_ns,
        "worker_cpu": health.worker_cpu,
    })
}

fn of_calibration(attempt: &Calibration) -> Value {
    json!({ "workers": attempt.workers, "started": attempt.started })
}

/// A pause, by when in the measured time it began.
fn of_gap(gap: &Gap, recording: &Recording) -> Value {
    json!({ "at_s": seconds_measured(gap.at, recording), "duration_s": gap.length as f64 / 1e9 })
}

fn of_backed(backed: &Backed, recording: &Recording) -> Value {
    json!({ "at_s": seconds_measured(backed.at, recording), "factor": backed.factor })
}

fn of_scaled(scaled: &Scaled, recording: &Recording) -> Value {
    json!({ "at_s": seconds_measured(scaled.at, recording), "factor": scaled.factor })
}

fn of_curbed(curbed: &Curbed, recording: &Recording) -> Value {
    json!({ "at_s": seconds_measured(curbed.at, recording), "in_flight": curbed.in_flight })
}

pub(super) fn of_counts(counts: &Counts, scheduled: Option<u64>) -> Value {
    json!({
        "scheduled": scheduled,
        "planned": counts.planned,
        "started": counts.started,
        "completed": counts.completed(),
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timed_out": counts.timed_out,
        "dropped": counts.dropped(),
        "interrupted": counts.interrupted,
    })
}

fn of_errors(session: &Session) -> Value {
    let origin = session.recording.warmup_length.as_secs_f64();
    let at = |ns: u64| ns as f64 / 1e9 - origin;
    let said = |(message, said): (&str, &Said)| {
        json!({
            "message": message,
            "count": said.count,
            "example": said.example,
            "first_at_s": at(said.first_at),
            "last_at_s": at(said.last_at),
        })
    };
    let error = |(category, group): &(Category, ErrorGroup)| {
        json!({
            "category": category.name(),
            "count": group.count,
            "first_message": group.first_message,
            "first_at_s": at(group.first_at),
            "last_at_s": at(group.last_at),
            "messages": group.by_count().into_iter().map(said).collect::<Vec<_>>(),
        })
    };
    session.summary.errors.iter().map(error).collect()
}

fn of_round(round: &RoundSummary) -> Value {
    json!({
        "start_s": round.start.as_secs_f64(),
        "duration_s": round.length.as_secs_f64(),
        "n": round.succeeded,
        "errors": round.errors,
        "service_p50_ns": round.service_p50,
        "service_p95_ns": round.service_p95,
        "service_p99_ns": round.service_p99,
        "response_p50_ns": round.response_p50,
        "throughput_per_s": round.throughput_per_s,
        "cpu_per_iteration_ns": round.cpu_per_iteration,
    })
}
