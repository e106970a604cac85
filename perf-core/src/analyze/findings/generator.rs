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
    all.into_iter().flatten().chain(exhausted(summary)).chain(curbed(recording)).collect()
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

fn curbed(recording: &Recording) -> Option<Finding> {
    let since = recording.curbed.iter().map(|curbed| curbed.at).min()?;
    let seconds = since as f64 / 1e9 - recording.warmup_length.as_secs_f64();
    let in_flight: u64 = recording.curbed.iter().map(|curbed| curbed.in_flight).sum();
    Some(Finding {
        kind: "in_flight_capped",
        severity: Severity::Invalid,
        message: format!(
            "the system let this process open no more after {seconds:.1} s; from then on {} at most {in_flight} iterations at a time",
            if recording.curbed.len() == 1 { "a worker ran" } else { "workers ran" },
        ),
        advice: "what was measured before it stands; raise the limit, as said of the errors",
        evidence: vec![("at_s", seconds), ("in_flight", in_flight as f64)],
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
        "let the target keep connections alive, or widen the range: `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`; a closed connection keeps its port for a minute, so 28,000 ports last for 470 of them a second",
    );
    [descriptors, ports].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::sample::{Drop, Ending, Phase, Sample};
    use crate::measure::tally::Words;
    use crate::measure::{Blocked, Curbed, WorkerCpu};
    use crate::outcome::Failure;
    use crate::plan::spec::{Overrides, PerfSpec};

    const MS: u64 = 1_000_000;

    fn plan(is_precise: bool) -> Plan {
        let spec = PerfSpec {
            rate: Some(100.0),
            duration: Some(Duration::from_secs(10)),
            precise: is_precise.then_some(true),
            ..PerfSpec::default()
        };
        Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap()
    }

    /// Measured from second 1 to 11; so many iterations of this service time, each as late as the list says, the others not at all.
    fn recording(count: usize, service: u64, lags: &[u64]) -> Recording {
        let mut recording = Recording {
            warmup_length: Duration::from_secs(1),
            measured_for: Duration::from_secs(10),
            ..Recording::default()
        };
        for number in 0..count {
            let (intended, lag) = (1000 * MS + number as u64 * MS, lags.get(number).copied().unwrap_or(0));
            let finished = intended + lag + service;
            let sample =
                Sample { intended, started: intended + lag, ..Sample::example(finished, Ending::Succeeded) };
            recording.measured.counts.start();
            recording.measured.record(&sample, finished, &Words::default());
        }
        recording
    }

    fn kinds_of(plan: &Plan, recording: &Recording) -> Vec<&'static str> {
        let found = look(plan, recording, &Summary::of(plan, recording));
        assert!(found.iter().all(|finding| finding.severity == Severity::Invalid), "{found:?}");
        found.into_iter().map(|finding| finding.kind).collect()
    }

    /// Of a run without faults but for this.
    fn kinds(change: impl FnOnce(&mut Recording)) -> Vec<&'static str> {
        let mut recording = recording(1000, 10 * MS, &[]);
        change(&mut recording);
        kinds_of(&plan(false), &recording)
    }

    #[test]
    fn a_run_without_faults_has_none() {
        assert_eq!(kinds(|_| {}), [""; 0]);
    }

    #[test]
    fn lag_spoils_a_run_when_its_p99_is_above_both_bounds_and_ten_were_late() {
        let lagging = |count, service: u64, late: usize, lag_us: u64| {
            let recording = recording(count, service * MS, &vec![lag_us * 1000; late]);
            kinds_of(&plan(false), &recording) == ["generator_lag"]
        };
        for (is_spoiled, count, service_ms, late, lag_us) in [
            // A millisecond, where a tenth of the response is less.
            (false, 1000, 1, 1000, 990),
            (true, 1000, 1, 1000, 1010),
            // A tenth of the response, where that is more.
            (false, 1000, 100, 20, 9_900),
            (true, 1000, 100, 20, 10_100),
            // One of a hundred may be late.
            (false, 1000, 1, 10, 5_000),
            (true, 1000, 1, 11, 5_000),
            // Fewer than ten say nothing.
            (false, 500, 1, 9, 5_000),
            (true, 500, 1, 10, 5_000),
        ] {
            let of = format!("{late} of {count} were {lag_us} us late at {service_ms} ms");
            assert_eq!(lagging(count, service_ms, late, lag_us), is_spoiled, "{of}");
        }
    }

    #[test]
    fn a_worker_above_four_fifths_of_its_core_spoils_a_run_unless_it_spins_or_hardly_measured() {
        let busy = |ran, wall, is_precise| {
            let mut recording = recording(100, MS, &[]);
            let worker = |ran, wall| {
                let [ran, wall] = [ran, wall].map(Duration::from_millis);
                WorkerCpu { ran, wall, process: ran }
            };
            recording.worker_cpu = vec![worker(10, 10_000), worker(ran, wall)];
            kinds_of(&plan(is_precise), &recording) == ["worker_busy"]
        };
        let cases =
            [(8_000, 10_000, false), (8_010, 10_000, false), (8_010, 10_000, true), (490, 499, false)];
        assert_eq!(cases.map(|(ran, wall, spins)| busy(ran, wall, spins)), [false, true, false, false]);
        assert!(busy(490, 500, false));
    }

    #[test]
    fn what_was_dropped_for_being_late_spoils_a_run_and_what_found_no_room_does_not() {
        let dropped = |why| {
            kinds(move |recording| recording.measured.drop_arrivals(why, 1, 2000 * MS, &Words::default()))
        };
        assert_eq!(dropped(Drop::Late), ["late_arrivals_dropped"]);
        assert_eq!(dropped(Drop::MaxInFlight), [""; 0]);
    }

    #[test]
    fn a_process_that_may_open_no_more_spoils_its_run() {
        let failed = |category| {
            kinds(|recording| {
                let ending = Ending::Failed(Failure::new(category, "no more"));
                let sample = Sample { phase: Phase::Measured, ..Sample::example(2000 * MS, ending) };
                recording.measured.counts.start();
                recording.measured.record(&sample, 2000 * MS, &Words::default());
            })
        };
        assert_eq!(failed(Category::Descriptors), ["descriptors_exhausted"]);
        assert_eq!(failed(Category::Ports), ["ports_exhausted"]);
        assert_eq!(failed(Category::Connect), [""; 0]);
        let curbed = kinds(|recording| recording.curbed = vec![Curbed { at: 2000 * MS, in_flight: 3 }]);
        assert_eq!(curbed, ["in_flight_capped"]);
    }

    #[test]
    fn a_worker_that_was_blocked_while_it_measured_spoils_a_run() {
        let blocked = |at: u64, length: u64| {
            kinds(|recording| {
                let length = Duration::from_millis(length);
                recording.blocked = vec![Blocked { at: at * MS, length }];
            })
        };
        for (at, length, is_spoiled) in
            [(500, 400, false), (900, 200, true), (10_900, 200, true), (11_000, 200, false)]
        {
            assert_eq!(blocked(at, length) == ["worker_blocked"], is_spoiled, "{length} ms at {at} ms");
        }
        assert_eq!(kinds(|recording| recording.lost = vec![(0, 7)]), ["worker_lost"]);
    }
}
