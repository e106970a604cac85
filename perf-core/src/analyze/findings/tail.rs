//! A tail that few make: one named step, a few users, or a short stretch of time.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::units::Latency;
use std::collections::BTreeMap;

/// A tail that is worth a word: p99 to p50 (simulation in `quiet`: 0.01 % and 0.015 % of 20,000 runs had one of a step or of
/// a moment).
const LONG: f64 = 5.0;
const LEAST_COUNT: f64 = 500.0;
/// Of the whole p99, by the step; and by any other one at most.
const OF_STEP: f64 = 0.7;
const OF_OTHERS: f64 = 0.3;
/// A step that is most of every iteration is no news: of the medians of all steps.
const USUAL: f64 = 0.7;
/// The part of the slowest that one user has, and how many of the others' share that is.
const OF_USER: f64 = 0.5;
const LEAST_USERS: f64 = 10.0;
const LEAST_SLOWEST: usize = 20;
/// The part of the tail in the part of the time.
const OF_TAIL: f64 = 0.8;
const OF_TIME: f64 = 0.1;
const LEAST_POINTS: usize = 10;

pub(super) fn look(course: &Course) -> Vec<Finding> {
    let all = [of_step(course), of_user(course), in_window(course)];
    all.into_iter().flatten().collect()
}

fn is_long(course: &Course) -> bool {
    let response = course.response;
    response.count >= LEAST_COUNT && response.p99 >= LONG * response.p50
}

fn of_step(course: &Course) -> Option<Finding> {
    if !is_long(course) || course.steps.len() < 2 {
        return None;
    }
    let (name, slow) = course.steps.iter().max_by(|a, b| a.1.p99.total_cmp(&b.1.p99))?;
    let others = course.steps.iter().filter(|(other, _)| other != name).map(|(_, step)| step.p99);
    let medians: f64 = course.steps.iter().map(|(_, step)| step.p50).sum();
    let whole = course.response.p99;
    let is_its = slow.p99 >= OF_STEP * whole
        && others.fold(0.0, f64::max) <= OF_OTHERS * whole
        && slow.p50 <= USUAL * medians
        && slow.p99 >= LONG * slow.p50;
    is_its.then(|| Finding {
        kind: "tail_of_step",
        severity: Severity::Warning,
        message: format!(
            "the tail is that of step `{name}`: its p99 is {} with a p50 of {}, that of whole iterations {}",
            Latency(slow.p99),
            Latency(slow.p50),
            Latency(whole)
        ),
        advice: "look at what that step does once in a hundred times: a miss, a lock, a retry, a larger answer",
        evidence: vec![("step_p99_ns", slow.p99), ("step_p50_ns", slow.p50), ("p99_ns", whole)],
    })
}

/// Of a closed load: the slots of an open one are no people.
fn of_user(course: &Course) -> Option<Finding> {
    let is_closed = course.users >= LEAST_USERS && course.is_constant;
    if !is_closed || !is_long(course) || course.slowest.len() < LEAST_SLOWEST {
        return None;
    }
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    course.slowest.iter().for_each(|user| *counts.entry(*user).or_default() += 1);
    let (user, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let share = count as f64 / course.slowest.len() as f64;
    (share >= OF_USER).then(|| Finding {
        kind: "tail_of_user",
        severity: Severity::Warning,
        message: format!(
            "user {user} of {:.0} has {:.0} % of the slowest iterations",
            course.users,
            share * 100.0
        ),
        advice: "look at that user's data and connection: one account, one shard or one connection is slow",
        evidence: vec![("user", user as f64), ("share", share), ("users", course.users)],
    })
}

fn in_window(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    if !is_long(course) || !course.is_constant || seconds.len() < LEAST_POINTS {
        return None;
    }
    let mut order: Vec<usize> = (0..seconds.len()).collect();
    order.sort_by(|a, b| seconds.beyond[*b].total_cmp(&seconds.beyond[*a]));
    let total: f64 = seconds.beyond.iter().sum();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a part of a length
    let few = &order[..((seconds.len() as f64 * OF_TIME) as usize).max(1)];
    let share = few.iter().map(|place| seconds.beyond[*place]).sum::<f64>() / total;
    let at = seconds.at[few[0]];
    (share >= OF_TAIL).then(|| Finding {
        kind: "tail_in_window",
        severity: Severity::Info,
        message: format!(
            "{:.0} % of the tail beyond p99 lies in {} of {} seconds, most of it at {at:.0} s",
            share * 100.0,
            few.len(),
            seconds.len()
        ),
        advice: "look at what target and machine did then; p99 is that of this moment",
        evidence: vec![("share", share), ("at_s", at), ("points", few.len() as f64)],
    })
}

#[cfg(test)]
mod tests {
    use super::super::quiet::steady;
    use super::*;
    use crate::analyze::course::Quantiles;

    fn long() -> Course {
        let mut course = steady(20);
        course.response.p99 = 100e6;
        course.seconds.beyond = vec![1.0; 20];
        course
    }

    fn kinds(course: &Course) -> Vec<&'static str> {
        look(course).into_iter().map(|one| one.kind).collect()
    }

    #[test]
    fn a_tail_of_one_user_is_that_users() {
        let mut course = Course { is_open: false, users: 50.0, ..long() };
        course.slowest = (0..20).map(|n| if n % 3 == 0 { n } else { 7 }).collect();
        assert_eq!(kinds(&course), ["tail_of_user"]);
        course.slowest = (0..20).collect();
        assert!(kinds(&course).is_empty());
    }

    #[test]
    fn a_tail_of_one_second_is_that_moments() {
        let mut course = long();
        course.seconds.beyond = vec![0.1; 20];
        course.seconds.beyond[4] = 19.0;
        assert_eq!(kinds(&course), ["tail_in_window"]);
    }

    #[test]
    fn a_step_that_is_slow_now_and_then_has_the_tail() {
        let step = |p50: f64, p99: f64| Quantiles { count: 2000.0, p50, p99 };
        let mut course = long();
        course.steps = vec![("list".to_owned(), step(5e6, 8e6)), ("search".to_owned(), step(5e6, 95e6))];
        assert_eq!(kinds(&course), ["tail_of_step"]);
        course.steps[0].1.p99 = 60e6;
        assert!(kinds(&course).is_empty(), "both have one");
    }
}
