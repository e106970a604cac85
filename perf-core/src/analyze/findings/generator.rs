//! Faults of the generator itself. Each spoils the run.

use super::{Finding, Severity};
use crate::analyze::summary::Summary;
use crate::measure::Recording;
use crate::metric::{Quantile, Statistic};
use crate::plan::{Plan, nanos};
use crate::units::Latency;

/// A lag that is a tenth of the response time, or a millisecond, is part of the response time.
const LAG_FLOOR_NS: f64 = 1e6;
const LAG_PART: f64 = 0.1;
const LEAST_LATE: u64 = 10;

pub(super) fn look(plan: &Plan, recording: &Recording, summary: &Summary) -> Vec<Finding> {
    let all = [blocked(plan, recording), lost(recording), lag(summary), late(summary)];
    all.into_iter().flatten().collect()
}

fn blocked(plan: &Plan, recording: &Recording) -> Option<Finding> {
    let origin = nanos(recording.warmup_length);
    let end = origin.saturating_add(nanos(recording.measured_for));
    let measured = recording
        .blocked
        .iter()
        .filter(|blocked| blocked.at < end && blocked.at + nanos(blocked.length) > origin);
    let lengths: Vec<f64> = measured.map(|blocked| nanos(blocked.length) as f64).collect();
    let longest = lengths.iter().copied().reduce(f64::max)?;
    let times = if lengths.len() == 1 { "once".to_owned() } else { format!("{} times", lengths.len()) };
    Some(Finding {
        kind: "worker_blocked",
        severity: Severity::Invalid,
        message: format!(
            "a worker did not get back to its loop {times}, for up to {}: `{}` blocked it, or the machine had no core for it",
            Latency(longest),
            plan.name
        ),
        advice: "move blocking work of the test function into `tokio::task::spawn_blocking`, and keep other load off the machine",
        evidence: vec![("count", lengths.len() as f64), ("longest_ns", longest)],
    })
}

fn lost(recording: &Recording) -> Option<Finding> {
    let iterations: u64 = recording.lost.iter().map(|(_, iterations)| iterations).sum();
    (!recording.lost.is_empty()).then(|| Finding {
        kind: "worker_lost",
        severity: Severity::Invalid,
        message: format!("{} of the workers never came back; the times of {iterations} iterations are lost, their counts are not", recording.lost.len()),
        advice: "look for a loop without `.await`, or a blocking call that never ends, in the test function",
        evidence: vec![("workers", recording.lost.len() as f64), ("iterations", iterations as f64)],
    })
}

fn lag(summary: &Summary) -> Option<Finding> {
    let p99 = summary.lag.statistic(Statistic::Percentile(Quantile::percent(99.0)?))?;
    let response = summary.response.statistic(Statistic::Median)?;
    let bound = (response * LAG_PART).max(LAG_FLOOR_NS);
    // A percentile says something when ten samples lie beyond it; two late starts of 200 are a hiccup of the machine.
    let late: u64 = summary.lag.buckets().filter(|(ns, _)| *ns as f64 > bound).map(|(_, count)| count).sum();
    (p99 > bound && late >= LEAST_LATE).then(|| Finding {
        kind: "generator_lag",
        severity: Severity::Invalid,
        message: format!(
            "{late} iterations started late: lag p99 {} where {} is the most that leaves response times true",
            Latency(p99),
            Latency(bound)
        ),
        advice: "lower the rate, set `workers` higher, or keep other load off the machine",
        evidence: vec![("lag_p99_ns", p99), ("bound_ns", bound), ("late", late as f64)],
    })
}

fn late(summary: &Summary) -> Option<Finding> {
    let dropped = summary.counts.dropped_late;
    // What a signal cut off was no fault of the generator's, and such a run is inconclusive anyway.
    (dropped > 0).then(|| Finding {
        kind: "late_arrivals_dropped",
        severity: Severity::Invalid,
        message: format!("{dropped} arrivals were dropped because the generator was too far behind"),
        advice: "lower the rate or set `workers` higher",
        evidence: vec![("dropped", dropped as f64)],
    })
}
