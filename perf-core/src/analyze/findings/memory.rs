//! Memory that grows with every iteration and does not come back.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::creep;
use crate::analyze::slope::Line;
use crate::analyze::stats::median;

const LEAST_POINTS: usize = 10;
/// Caches and allocators grow by less.
const LEAST_BYTES: f64 = 8e6;
const LEAST_PART: f64 = 0.1;
/// What the record of a run takes of this process, with what its allocator keeps: times its bytes.
const OF_RECORD: f64 = 2.0;
/// What one more iteration in flight takes of whoever holds it, in bytes: who waits has a buffer or two.
const OF_WAITING: f64 = 100e3;
/// A leak goes on: from the middle third to the last one it grows by at least this part of what it did before.
const GOES_ON: f64 = 0.6;
/// So often memory without a trend shows one (simulation in `quiet`: 0.015 % of 20,000 runs).
/// What saws between collections further apart than half of the run is not told from a leak.
const LEVEL: f64 = 0.0005;
/// A line that explains so much of it is no chance either: a random walk of 10 to 30 seconds is as straight in 0.005 % of
/// 40,000 simulated ones. The test above takes what little is left beside such a line for its own likeness, and may miss it.
const STRAIGHT: f64 = 0.99;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let of_waiting = OF_WAITING * more_in_flight(&course.seconds.in_flight);
    let of_target = grows(course, "the target", "target_memory_bytes", of_waiting);
    let of_record = OF_RECORD * course.record_bytes;
    // With that of a target in it.
    of_target.or_else(|| grows(course, "this process", "memory_bytes", of_record + of_waiting))
}

fn grows(course: &Course, whose: &str, name: &str, allowed: f64) -> Option<Finding> {
    let seconds = &course.seconds;
    let memory = seconds.resource(name)?;
    let mut done = 0.0;
    let by_iterations = seconds.completed.iter().zip(memory).map(|(completed, memory)| {
        done += completed;
        (done, *memory)
    });
    let (done, memory): (Vec<f64>, Vec<f64>) = by_iterations.filter(|(_, bytes)| bytes.is_finite()).unzip();
    if memory.len() < LEAST_POINTS || !goes_on(&memory) {
        return None;
    }
    let line = Line::of(&done, &memory, 0.95)?;
    let total = line.slope * (done[done.len() - 1] - done[0]);
    // Not on the log scale: a leak is a line.
    let parts: Vec<f64> = memory.iter().map(|bytes| bytes / memory[0]).collect();
    let is_straight = explained(&done, &memory) > STRAIGHT;
    let is_trend = is_straight || creep::find_at(&parts, LEAST_PART / 2.0, LEVEL).is_some();
    let is_large =
        is_trend && total >= allowed + LEAST_BYTES.max(LEAST_PART * memory[0]) && line.interval.0 > 0.0;
    let kb = |bytes: f64| bytes / 1e3;
    is_large.then(|| Finding {
        kind: "memory_growth",
        severity: Severity::Warning,
        message: format!(
            "the memory of {whose} grows by {:.1} kB an iteration ({:.1} to {:.1}), {:.0} MB over the run",
            kb(line.slope),
            kb(line.interval.0),
            kb(line.interval.1),
            total / 1e6
        ),
        advice: "run it for longer: memory that goes on growing is a leak, or a cache without a limit",
        evidence: vec![
            ("bytes_per_iteration", line.slope),
            ("low", line.interval.0),
            ("high", line.interval.1),
            ("total_bytes", total),
        ],
    })
}

/// How many more are in flight when most are than at the start.
fn more_in_flight(in_flight: &[f64]) -> f64 {
    let most = in_flight.iter().copied().fold(0.0, f64::max);
    most - in_flight.first().copied().unwrap_or(0.0)
}

/// The part of the variance that a straight line explains.
fn explained(done: &[f64], memory: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_done, mean_memory) = (mean(done), mean(memory));
    let (mut both, mut of_done, mut of_memory) = (0.0, 0.0, 0.0);
    for (done, memory) in done.iter().zip(memory) {
        let (done, memory) = (done - mean_done, memory - mean_memory);
        both += done * memory;
        of_done += done * done;
        of_memory += memory * memory;
    }
    both * both / (of_done * of_memory)
}

fn goes_on(memory: &[f64]) -> bool {
    let third = memory.len() / 3;
    let middle = |values: &[f64]| median(values.iter().copied()).unwrap_or(f64::NAN);
    let first = middle(&memory[..third]);
    let second = middle(&memory[third..memory.len() - third]);
    let last = middle(&memory[memory.len() - third..]);
    second > first && last - second >= GOES_ON * (second - first)
}

#[cfg(test)]
mod tests {
    use super::super::quiet::{steady, with};
    use super::*;

    fn figure(finding: &Finding, name: &str) -> f64 {
        finding.evidence.iter().find(|(other, _)| *other == name).unwrap().1
    }

    #[test]
    fn a_leak_is_found_with_its_slope() {
        let leak = |place: usize| 5e7 + 20e3 * 100.0 * place as f64 + 1e5 * (place % 3) as f64;
        let found = look(&with(steady(15), "target_memory_bytes", leak)).unwrap();
        assert!((figure(&found, "bytes_per_iteration") / 20e3 - 1.0).abs() < 0.05, "{found}");
        assert!(figure(&found, "low") <= 20e3 && figure(&found, "high") > 20e3, "{found:?}");
        assert!(look(&with(steady(15), "memory_bytes", leak)).is_some());
        // So straight that what is left of it is one slow wave.
        let straight = |place: usize| 5e7 + 4e6 * place as f64 + 2e5 * (place as f64 / 4.0).sin();
        assert!(look(&with(steady(11), "memory_bytes", straight)).is_some());
    }

    #[test]
    fn what_the_harness_keeps_of_the_run_is_no_leak_and_what_goes_beyond_that_is_one() {
        let growing = |name, per_second: f64, record_bytes| {
            let course = with(steady(400), name, move |place| 5e7 + per_second * place as f64);
            look(&Course { record_bytes, ..course })
        };
        assert_eq!(growing("memory_bytes", 90e3, 20e6), None);
        assert!(growing("target_memory_bytes", 90e3, 20e6).is_some(), "that has no part in it");
        assert!(growing("memory_bytes", 90e3, 2e6).is_some(), "the record of a slow test is small");
        // Fast, with steps: 150 kB a second.
        assert_eq!(growing("memory_bytes", 200e3, 60e6), None);
    }

    #[test]
    fn what_waits_in_a_queue_is_no_leak_and_a_leak_behind_a_queue_is_one() {
        let queued = |per_second: f64| {
            let mut course = with(steady(40), "target_memory_bytes", |place| 5e7 + per_second * place as f64);
            (0..40).for_each(|place| course.seconds.in_flight[place] = 50.0 * place as f64);
            look(&course)
        };
        assert_eq!(queued(50.0 * 40e3), None);
        assert!(queued(50.0 * 400e3).is_some());
    }

    #[test]
    fn a_cache_that_fills_is_no_leak_and_neither_is_a_little() {
        let cache = |place: usize| 5e7 + 5e7 * (1.0 - (-(place as f64) / 3.0).exp());
        assert_eq!(look(&with(steady(20), "target_memory_bytes", cache)), None);
        assert_eq!(look(&with(steady(20), "target_memory_bytes", |place| 5e7 + 1e5 * place as f64)), None);
        assert_eq!(look(&with(steady(9), "target_memory_bytes", |place| 5e7 + 1e7 * place as f64)), None);
        assert_eq!(look(&steady(20)), None);
    }
}
