//! A tail that few make: one named step, a few users, or a short stretch of time.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::stats::binomial_at_least;
use crate::units::Latency;
use std::cmp::Reverse;
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
/// The part of the slowest that one user has, or that a few have together: so many at most, and so small a part of all.
const OF_USER: f64 = 0.5;
const OF_USERS: f64 = 0.8;
const MOST_USERS: u32 = 5;
const OF_ALL_USERS: f64 = 0.2;
const LEAST_USERS: f64 = 10.0;
const LEAST_SLOWEST: usize = 20;
/// So often chance gives any so many users as much (the union bound over all choices of them).
const LEVEL: f64 = 1e-4;
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
    let few = few_users(&course.slowest, course.users)?;
    let is_one = few.users.len() == 1;
    let verb = if is_one { "has" } else { "have" };
    Some(Finding {
        kind: "tail_of_user",
        severity: Severity::Warning,
        message: format!(
            "{} of {:.0} {verb} {:.0} % of the slowest iterations",
            listed(&few.users),
            course.users,
            few.share * 100.0
        ),
        advice: if is_one {
            "look at that user's data and connection: one account, one shard or one connection is slow"
        } else {
            "look at what those users have in common: accounts, a shard, a server or a connection that is slow"
        },
        evidence: vec![
            ("user", few.users[0] as f64),
            ("slow_users", few.users.len() as f64),
            ("share", few.share),
            ("users", course.users),
        ],
    })
}

/// Who has most of the slowest iterations, in order, and what part of them.
struct Few {
    users: Vec<u64>,
    share: f64,
}

/// As few users as have most of the slowest iterations, where so few would not have by chance.
fn few_users(slowest: &[u64], users: f64) -> Option<Few> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    slowest.iter().for_each(|user| *counts.entry(*user).or_default() += 1);
    let mut order: Vec<(u64, u64)> = counts.into_iter().collect();
    order.sort_by_key(|(user, count)| (Reverse(*count), *user));
    let (mut had, mut choices) = (0, 1.0);
    for (place, (_, count)) in (0..MOST_USERS).zip(&order) {
        let number = f64::from(place) + 1.0;
        had += count;
        choices *= (users - f64::from(place)) / number;
        let share = had as f64 / slowest.len() as f64;
        let by_chance = choices * binomial_at_least(had, slowest.len() as u64, number / users);
        let is_most = share >= if place == 0 { OF_USER } else { OF_USERS };
        if number > (OF_ALL_USERS * users).max(1.0) {
            return None;
        }
        if is_most && by_chance <= LEVEL {
            let mut users: Vec<u64> = order[..=place as usize].iter().map(|(user, _)| *user).collect();
            users.sort_unstable();
            return Some(Few { users, share });
        }
    }
    None
}

/// `user 7`, or `users 3, 7 and 9`.
fn listed(users: &[u64]) -> String {
    let names: Vec<String> = users.iter().map(u64::to_string).collect();
    match names.split_last() {
        Some((last, [])) => format!("user {last}"),
        Some((last, others)) => format!("users {} and {last}", others.join(", ")),
        None => String::new(),
    }
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
            "{:.0} % of the tail beyond p99 lies in {} of {} {}, most of it at {at:.0} s",
            share * 100.0,
            few.len(),
            seconds.len(),
            seconds.unit()
        ),
        advice: "look at what target and machine did then; p99 is that of this moment",
        evidence: vec![
            ("share", share),
            ("at_s", at),
            ("points", few.len() as f64),
            ("point_s", seconds.length),
        ],
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
    fn a_tail_of_a_few_users_is_theirs() {
        let mut course = Course { is_open: false, users: 50.0, ..long() };
        course.slowest = [3, 7, 9].into_iter().cycle().take(19).chain([30]).collect();
        let found = look(&course);
        assert!(found.len() == 1 && found[0].message.contains("users 3, 7 and 9 of 50"), "{found:?}");
        course.users = 10.0;
        assert!(kinds(&course).is_empty(), "three of ten are no few");
        course.users = 50.0;
        course.slowest = (0..20).map(|n| n % 10).collect();
        assert!(kinds(&course).is_empty(), "chance gives ten of fifty twice as much now and then");
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
