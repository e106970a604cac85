//! A target at its limit: more is offered, no more comes out, and everybody waits.
//!
//! What piles up says when it began, what comes out says the limit, and Little's law says how many iterations the target
//! works on at a time: limit times the response time before there was a queue. More in flight only wait.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::stats::median;
use crate::units::Latency;
use std::ops::Range;

const LEAST_POINTS: usize = 6;
/// A queue that lasts for fewer points may be a stall.
const LEAST_QUEUED: usize = 3;
/// What piled up is at least this part of what was offered meanwhile.
const LEAST_SHORTFALL: f64 = 0.05;
/// In iterations: a few that wait are no queue.
const LEAST_QUEUE: f64 = 20.0;
/// Response times grow at least by this factor, and users of a closed load by the other.
const LEAST_WAIT: f64 = 1.8;
const LEAST_MORE_USERS: f64 = 1.5;
/// Between the halves of the time in which the target is at its limit: more is no plateau.
const PLATEAU: f64 = 0.2;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    if seconds.len() < LEAST_POINTS {
        return None;
    }
    let queued = if course.is_open { queued(course) } else { crowded(course) }?;
    let limit = plateau(course, queued.clone())?;
    let alone = alone(course, queued.start);
    let last = seconds.p50[queued.end - 2..].iter().copied().fold(f64::NAN, f64::max);
    if last.is_nan() || last < LEAST_WAIT * alone {
        return None;
    }
    let (from, at_a_time) = (seconds.at[queued.start], limit * alone / 1e9);
    let running = seconds.in_flight[queued.end - 1];
    let advice = if at_a_time < 1.5 {
        "look for a lock, a single thread or one connection that everything goes through, or offer less than the limit"
    } else {
        "look for the pool, the threads or the cores that so many share, or offer less than the limit"
    };
    Some(Finding {
        kind: "saturated",
        severity: Severity::Warning,
        message: format!(
            "the target is at its limit of {limit:.0}/s from {from:.0} s on: it works on {at_a_time:.1} iterations at a \
             time (Little's law, {} each without a queue), {running:.0} are in flight, and p50 climbs to {}",
            Latency(alone),
            Latency(last)
        ),
        advice,
        evidence: vec![
            ("limit_per_s", limit),
            ("from_s", from),
            ("at_a_time", at_a_time),
            ("in_flight", running),
            ("p50_alone_ns", alone),
            ("p50_end_ns", last),
        ],
    })
}

/// Of an open load: from where a tenth of the final queue is there to the end.
fn queued(course: &Course) -> Option<Range<usize>> {
    let seconds = &course.seconds;
    let mut refused = 0.0;
    let queue = seconds.in_flight.iter().zip(&seconds.dropped).map(|(running, dropped)| {
        refused += dropped;
        running + refused
    });
    let queue: Vec<f64> = queue.collect();
    let end = queue.len();
    let last = *queue.last()?;
    let start = queue.iter().rposition(|queue| *queue <= 0.1 * last).map_or(0, |place| place + 1);
    let offered: f64 = seconds.planned[start..].iter().sum();
    let is_queue = last >= LEAST_QUEUE && 0.9 * last >= LEAST_SHORTFALL * offered;
    (is_queue && end - start >= LEAST_QUEUED).then_some(start..end)
}

/// Of a closed load whose users become more: from where throughput is what it will be to the end.
fn crowded(course: &Course) -> Option<Range<usize>> {
    let seconds = &course.seconds;
    if course.is_constant {
        return None; // the same number of users has no limit to show
    }
    let end = seconds.len();
    let limit = median(seconds.completed[end - end / 3..].iter().copied())?;
    let start = seconds.completed.iter().position(|completed| *completed >= 0.93 * limit)?;
    let (before, after) = (seconds.in_flight[start], seconds.in_flight[end - 1]);
    let is_crowded = before > 0.0 && after >= LEAST_MORE_USERS * before;
    (is_crowded && end - start >= LEAST_QUEUED).then_some(start..end)
}

/// What comes out per second where that stays the same; a target that stands still has no limit.
fn plateau(course: &Course, queued: Range<usize>) -> Option<f64> {
    let completed = &course.seconds.completed[queued];
    let middle = |values: &[f64]| median(values.iter().copied());
    let (first, second) = completed.split_at(completed.len() / 2);
    let whole = middle(completed)?;
    let change = (middle(second)? / middle(first)? - 1.0).abs();
    let is_flat = change <= PLATEAU && completed.iter().all(|completed| *completed >= 0.6 * whole);
    is_flat.then_some(whole / course.seconds.length)
}

/// Response time without a queue: before it, or of the fastest where it was there from the start.
fn alone(course: &Course, start: usize) -> f64 {
    // The first second of an overload has a queue already.
    let before = if start < 2 { &[] } else { &course.seconds.p50[..start] };
    let before = before.iter().copied().fold(f64::NAN, f64::min);
    let fastest = course.service.first().map_or(f64::NAN, |(value, _)| *value);
    if before.is_nan() { fastest } else { before }
}

#[cfg(test)]
mod tests {
    use super::super::quiet::steady;
    use super::*;

    /// Arrivals rise to twice the limit of 100/s; 20 ms each.
    fn overload() -> Course {
        let mut course = Course { is_constant: false, ..steady(20) };
        let (mut queue, seconds) = (0.0, &mut course.seconds);
        for place in 0..20 {
            seconds.planned[place] = 10.0 * (place as f64 + 1.0);
            let done = seconds.planned[place].min(100.0);
            queue += seconds.planned[place] - done;
            (seconds.completed[place], seconds.in_flight[place]) = (done, queue + 2.0);
            seconds.p50[place] = 20e6 + queue / 100.0 * 1e9;
        }
        course
    }

    #[test]
    fn what_piles_up_behind_a_limit_is_told_with_the_limit_and_littles_law() {
        let found = look(&overload()).unwrap();
        let figure = |name| found.evidence.iter().find(|(other, _)| *other == name).unwrap().1;
        assert!((figure("limit_per_s") - 100.0).abs() < 1e-9, "{found:?}");
        assert!((figure("at_a_time") - 2.0).abs() < 0.01, "100/s of 20 ms each: {found:?}");
    }

    #[test]
    fn a_ramp_that_is_served_or_a_target_that_stands_still_has_no_limit() {
        assert_eq!(look(&steady(20)), None);
        let mut stands = overload();
        stands.seconds.completed[15..].fill(0.0);
        assert_eq!(look(&stands), None);
        let mut served = overload();
        served.seconds.in_flight.fill(4.0);
        assert_eq!(look(&served), None);
    }
}
