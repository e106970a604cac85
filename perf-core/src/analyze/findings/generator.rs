//! Faults of the generator itself. Each spoils the run.

use super::{Finding, Severity};
use crate::analyze::health::Health;
use crate::analyze::summary::Summary;
use crate::error::Category;
use crate::measure::Recording;
use crate::plan::{Plan, nanos};
use crate::units::Latency;
use std::time::Duration;

const LEAST_LATE: u64 = 10;
/// A thread that needs more of its core has no reserve for a burst.
const BUSY: f64 = 0.8;
/// Over a shorter time the account is too coarse.
const LEAST_WALL: Duration = Duration::from_millis(500);

pub(super) fn look(plan: &Plan, recording: &Recording, summary: &Summary) -> Vec<Finding> {
    let all = [blocked(plan, recording), lost(recording), lag(summary), late(summary), busy(plan, recording)];
    all.into_iter().flatten().chain(exhausted(summary)).collect()
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
        message: format!("{} workers never came back or died; the times of {iterations} iterations are lost, their counts are not", recording.lost.len()),
        advice: "look for a loop without `.await`, or a blocking call that never ends, in the test function",
        evidence: vec![("workers", recording.lost.len() as f64), ("iterations", iterations as f64)],
    })
}

fn lag(summary: &Summary) -> Option<Finding> {
    let Health { lag_bound_ns: bound, late_starts: late, lag_p99_ns, .. } = summary.health;
    let p99 = lag_p99_ns?;
    // A percentile says something when ten samples lie beyond it; two late starts of 200 are a hiccup of the machine.
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

/// A spinning worker needs its whole core by design.
fn busy(plan: &Plan, recording: &Recording) -> Option<Finding> {
    let measured = recording.worker_cpu.iter().filter(|cpu| cpu.wall >= LEAST_WALL && !plan.precise);
    let most = measured.map(crate::measure::WorkerCpu::share).reduce(f64::max)?;
    (most > BUSY).then(|| Finding {
        kind: "worker_busy",
        severity: Severity::Invalid,
        message: format!(
            "a worker's thread needed {:.0} % of its core: the generator was at its limit",
            most * 100.0
        ),
        advice: "set `workers` higher, lower the load, or make the test function cheaper",
        evidence: vec![("worker_cpu", most)],
    })
}

fn exhausted(summary: &Summary) -> Vec<Finding> {
    let of = |category, kind, message: &str, advice| {
        let (_, group) = summary.errors.iter().find(|(found, _)| *found == category)?;
        Some(Finding {
            kind,
            severity: Severity::Invalid,
            message: format!("{} iterations failed because {message}", group.count),
            advice,
            evidence: vec![("count", group.count as f64)],
        })
    };
    let descriptors = of(
        Category::Descriptors,
        "descriptors_exhausted",
        "this process may open no more files",
        "raise the limit with `ulimit -n 65536` in the shell that runs cargo, or lower `max_in_flight` or `users`",
    );
    let ports = of(
        Category::Ports,
        "ports_exhausted",
        "no local port was free for a new connection",
        "let the target keep connections alive, or widen the range: `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`",
    );
    [descriptors, ports].into_iter().flatten().collect()
}
