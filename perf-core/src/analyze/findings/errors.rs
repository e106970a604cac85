//! Errors that begin at a moment, at a load, or with slow responses.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::ranks::Likeness;
use crate::analyze::seconds::Seconds;
use crate::analyze::stats::median;

const LEAST_POINTS: usize = 8;
const LEAST_ERRORS: f64 = 20.0;
/// After errors began at least this part of the iterations fails.
const AFTER: f64 = 0.05;
/// Before they did at most this part of that.
const BEFORE: f64 = 0.1;
/// A level of errors lasts for at least so many points.
const SHORTEST: usize = 3;
const ALIKE: f64 = 0.7;
/// Where there are errors, responses are slower by this factor.
const SLOWER: f64 = 1.3;
/// So often chance makes errors and latencies as alike (simulation in `quiet`: nothing of this file in
/// 20,000 runs).
const LEVEL: f64 = 0.0003;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    if seconds.len() < LEAST_POINTS || seconds.errors.iter().sum::<f64>() < LEAST_ERRORS {
        return None;
    }
    match course.is_constant {
        true => began(seconds).or_else(|| with_latency(seconds)),
        false => with_load(course),
    }
}

/// Errors to whatever came to an end.
fn ratio(seconds: &Seconds, places: impl Iterator<Item = usize> + Clone) -> f64 {
    let errors: f64 = places.clone().map(|place| seconds.errors[place]).sum();
    let all: f64 = places.map(|place| seconds.completed[place] + seconds.dropped[place]).sum();
    if all > 0.0 { errors / all } else { 0.0 }
}

/// Of a series of points, the first from which on nearly all have errors, where nearly none before it has.
fn onset(seconds: &Seconds, order: &[usize]) -> Option<(usize, f64, f64)> {
    let part = |places: &[usize]| ratio(seconds, places.iter().copied());
    let failing = |places: &[usize]| {
        let with = places.iter().filter(|place| ratio(seconds, std::iter::once(**place)) >= AFTER / 2.0);
        with.count() as f64 / places.len() as f64
    };
    let splits = SHORTEST.saturating_sub(1)..(order.len() + 1).saturating_sub(SHORTEST);
    let candidates = splits.filter_map(|at| {
        let (before, after) = order.split_at(at);
        let (low, high) = (part(before), part(after));
        let is_onset =
            high >= AFTER && low <= BEFORE * high && failing(before) <= 0.1 && failing(after) >= 0.8;
        is_onset.then_some((at, low, high))
    });
    candidates.max_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)))
}

fn began(seconds: &Seconds) -> Option<Finding> {
    let order: Vec<usize> = (0..seconds.len()).collect();
    let (first, before, after) = onset(seconds, &order)?;
    let (at, done) = (seconds.at[first], seconds.completed[..first].iter().sum::<f64>());
    Some(Finding {
        kind: "errors_began",
        severity: Severity::Warning,
        message: format!(
            "from {at:.0} s on, after some {done:.0} iterations, {:.0} % fail; before it were {:.1} %",
            after * 100.0,
            before * 100.0
        ),
        advice: "look for what the target ran out of at that moment: connections, descriptors, quota, disk, memory",
        evidence: vec![("at_s", at), ("iterations", done), ("before", before), ("after", after)],
    })
}

fn with_load(course: &Course) -> Option<Finding> {
    let (seconds, load) = (&course.seconds, course.load());
    let mut order: Vec<usize> = (0..seconds.len()).collect();
    order.sort_by(|a, b| load[*a].total_cmp(&load[*b]));
    let (first, before, after) = onset(seconds, &order)?;
    let from = load[order[first]];
    let (from, unit) = if course.is_open { (from / seconds.length, "/s") } else { (from, " in flight") };
    Some(Finding {
        kind: "errors_with_load",
        severity: Severity::Warning,
        message: format!(
            "errors come with load: from {from:.0}{unit} on {:.0} % fail, below it {:.1} %",
            after * 100.0,
            before * 100.0
        ),
        advice: "look for the limit that the target keeps there (queue, pool, rate limit), or stay below it",
        evidence: vec![("from_load", from), ("before", before), ("after", after)],
    })
}

fn with_latency(seconds: &Seconds) -> Option<Finding> {
    let ratios: Vec<f64> = (0..seconds.len()).map(|place| ratio(seconds, std::iter::once(place))).collect();
    let likeness = Likeness::of(&ratios, &seconds.mean)?;
    let middle = median(ratios.iter().copied())?;
    let mean = |is_bad: bool| {
        let some = ratios.iter().zip(&seconds.mean).filter(|(ratio, _)| (**ratio > middle) == is_bad);
        median(some.map(|(_, mean)| *mean))
    };
    let slower = mean(true)? / mean(false)?;
    let is_clear = likeness.rho >= ALIKE && likeness.p_value <= LEVEL && slower >= SLOWER;
    is_clear.then(|| Finding {
        kind: "errors_with_latency",
        severity: Severity::Warning,
        message: format!(
            "errors come with slow responses: seconds with more of them are {slower:.1} times as slow (Spearman's ρ {:.2})",
            likeness.rho
        ),
        advice: "look for a time limit on the way (client, proxy, database) that slow responses run into",
        evidence: vec![("rho", likeness.rho), ("p_value", likeness.p_value), ("slower", slower)],
    })
}

#[cfg(test)]
mod tests {
    use super::super::quiet::steady;
    use super::*;

    #[test]
    fn errors_that_come_and_go_with_slow_seconds_are_told_so() {
        let mut course = steady(30);
        for place in 0..30 {
            let slow = 1.0 + (place * 37 % 29) as f64 / 14.0;
            course.seconds.mean[place] = 10e6 * slow;
            course.seconds.errors[place] = (10.0 * (slow - 1.0)).round();
        }
        assert_eq!(look(&course).map(|found| found.kind), Some("errors_with_latency"));
        course.seconds.mean.fill(10e6);
        assert_eq!(look(&course), None);
    }

    #[test]
    fn errors_all_along_begin_nowhere() {
        let mut course = steady(20);
        course.seconds.errors.fill(10.0);
        assert_eq!(look(&course), None);
        (0..6).for_each(|place| course.seconds.errors[place] = 0.0);
        let found = look(&course).unwrap();
        assert!(found.kind == "errors_began" && found.message.contains("after some 600"), "{found}");
    }
}
