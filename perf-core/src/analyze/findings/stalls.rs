//! Stalls that come back at equal distances: garbage collection, a checkpoint, a timer.

use super::{Finding, Severity};
use crate::analyze::comb::Comb;
use crate::analyze::course::{Course, Fine};
use crate::analyze::stats::median;
use crate::units::Latency;

/// Of short stretches of time; fewer hold no four stalls.
const LEAST: usize = 60;
/// A stall is at least so many times the usual worst response, and so many nanoseconds longer.
const TIMES: f64 = 3.0;
const LONGER_NS: f64 = 10e6;
/// Of stalls that have one cause, none is shorter than this part of the longest ones: hiccups of the machine are. The longest
/// of all, and of many the longest tenth, are of other causes.
const ALIKE: f64 = 0.4;
const LONGEST: usize = 10;
/// What the generator was late by itself, as a part of a stall: the target has no part in those.
const OWN: f64 = 0.4;
/// The harness hands its record on at every whole second; on a busy machine that takes some time of its own, and what it
/// holds up comes to an end soon after. Stalls are the tick's where so many of them come then, about once a second.
const TICK_S: f64 = 1.0;
const ABOUT_S: f64 = 0.03;
const TICK_TAKES_NS: f64 = 50e6;
const AFTER_TICK_S: f64 = 0.15;
const OF_TICK: f64 = 0.8;
/// So often chance lays as many stalls at such distances (simulation in `quiet`: seen in 0.05 % of 20,000 runs).
const LEVEL: f64 = 0.0005;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let fine = with_iterations(course.pulse.clone())?;
    let usual = median(fine.worst.iter().copied())?;
    let mut events = events(&fine, (TIMES * usual).max(usual + LONGER_NS));
    events.retain(|(at, worst)| !is_own(course, *at, *worst - usual));
    let events = alike(events);
    let moments: Vec<f64> = events.iter().map(|(at, _)| *at).collect();
    let comb = Comb::of(&moments, fine.worst.len() as f64 * fine.length, fine.length, LEVEL)?;
    let worst = median(comb.on_teeth.iter().map(|place| events[*place].1))?;
    let (period, length) = (comb.period, worst - usual);
    let on_teeth = comb.on_teeth.iter().map(|place| moments[*place]);
    let is_own =
        length < TICK_TAKES_NS && (period - TICK_S).abs() < ABOUT_S && is_tick(on_teeth, fine.length);
    (!is_own).then(|| Finding {
        kind: "periodic_stalls",
        severity: Severity::Warning,
        message: format!(
            "responses stall for {} every {period:.2} s, {} times",
            Latency(length),
            comb.on_teeth.len()
        ),
        advice: "look for what the target does at that interval: garbage collection, a checkpoint, a flush, a timer",
        evidence: vec![
            ("period_s", period),
            ("length_ns", length),
            ("count", comb.on_teeth.len() as f64),
            ("p_value", comb.p_value),
        ],
    })
}

/// Whether they lie where the harness's own ticks do, each known to a stretch.
fn is_tick(moments: impl ExactSizeIterator<Item = f64>, grain: f64) -> bool {
    let count = moments.len() as f64;
    let after = |moment: f64| (moment / TICK_S + 1e-6).fract() * TICK_S;
    let at_ticks = moments.filter(|moment| after(*moment) < AFTER_TICK_S.max(grain)).count();
    at_ticks as f64 >= OF_TICK * count
}

/// Whether the generator itself stood still then.
fn is_own(course: &Course, at: f64, length: f64) -> bool {
    let seconds = &course.points;
    let place = seconds.at.partition_point(|start| *start <= at).checked_sub(1);
    place.is_some_and(|place| seconds.late[place] >= OWN * length)
}

/// In stretches long enough that most saw an iteration end.
fn with_iterations(mut fine: Fine) -> Option<Fine> {
    while fine.worst.len() >= LEAST {
        let seen = fine.worst.iter().filter(|worst| worst.is_finite()).count();
        if 10 * seen >= 7 * fine.worst.len() {
            return Some(fine);
        }
        fine = fine.halved();
    }
    None
}

/// When each stall was over, in seconds, and its worst response: stretches that touch are one.
fn events(fine: &Fine, limit: f64) -> Vec<(f64, f64)> {
    let mut found: Vec<(usize, f64, usize)> = Vec::new();
    for (place, worst) in fine.worst.iter().enumerate().filter(|(_, worst)| **worst >= limit) {
        match found.last_mut().filter(|(_, _, last)| place <= last + 2) {
            Some(event) => (event.1, event.2) = (event.1.max(*worst), place),
            None => found.push((place, *worst, place)),
        }
    }
    found.into_iter().map(|(first, worst, _)| (first as f64 * fine.length, worst)).collect()
}

fn alike(events: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut sizes: Vec<f64> = events.iter().map(|(_, worst)| *worst).collect();
    sizes.sort_by(f64::total_cmp);
    let longest = 1 + (sizes.len() / LONGEST).max(1);
    let usual = sizes.len().checked_sub(longest).map_or(0.0, |place| sizes[place]);
    events.into_iter().filter(|(_, worst)| *worst >= ALIKE * usual).collect()
}

#[cfg(test)]
mod tests {
    use super::super::quiet::steady;
    use super::*;
    use crate::measure::Recording;
    use crate::measure::pulse::{Beat, Pulse};
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;
    use std::time::Duration;

    fn stalls(moments: &[f64]) -> Option<Finding> {
        let mut course = steady(15);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small numbers above zero
        moments.iter().for_each(|at| course.pulse.worst[(at / 0.05) as usize] = 200e6);
        look(&course)
    }

    #[test]
    fn stalls_at_equal_distances_are_found_and_others_are_not() {
        let found = stalls(&[1.2, 4.2, 7.2, 10.2, 13.2]).unwrap();
        assert!(found.message.contains("every 3.00 s, 5 times"), "{found}");
        assert_eq!(stalls(&[1.2, 3.1, 8.9, 10.2, 14.6]), None);
        assert_eq!(stalls(&[1.2, 5.2, 9.2]), None, "three");
    }

    #[test]
    fn stalls_that_come_back_a_hundred_times_are_found_as_five_are() {
        let mut course = steady(300);
        (0..100).for_each(|number| course.pulse.worst[60 * number + 20] = 200e6);
        let found = look(&course).unwrap();
        assert!(found.message.contains("every 3.00 s, 100 times"), "{found}");
    }

    /// 200 ms every three seconds, give or take a beat; hiccups at random, and two that last for seconds.
    fn an_hour_of_stalls() -> Course {
        let (mut rng, mut pulse) = (Pcg64Mcg::seed_from_u64(5), Pulse::default());
        for number in 0..72_000_u64 {
            pulse.add(number, Beat { completed: 5, worst_ns: rng.random_range(9_000_000..13_000_000) });
        }
        let mut slow = |number: u64, worst_ns: u64| pulse.add(number, Beat { completed: 1, worst_ns });
        for number in 0..1_199 {
            slow(60 * number + 20 + rng.random_range(0..3), 200_000_000);
        }
        (0..100).for_each(|_| slow(rng.random_range(0..72_000), 120_000_000));
        [20_000, 50_000].iter().for_each(|number| slow(*number, 3_000_000_000));
        let measured_for = Duration::from_hours(1);
        let recording = Recording { measured_for, pulse, ..Recording::default() };
        Course { pulse: Fine::of(&recording), ..steady(3600) }
    }

    #[test]
    fn an_hour_hides_no_stall_of_every_few_seconds() {
        let found = look(&an_hour_of_stalls()).unwrap();
        assert!(found.message.contains("every 3.00 s"), "{found}");
        let count = found.evidence.iter().find(|(name, _)| *name == "count").unwrap().1;
        assert!((1_000.0..=1_250.0).contains(&count), "{found}");
    }

    #[test]
    fn stalls_of_the_generator_itself_are_not_the_targets() {
        let every_second = |after: usize, worst| {
            let mut course = steady(15);
            (0..15).for_each(|second| course.pulse.worst[20 * second + after] = worst);
            course
        };
        assert_eq!(look(&every_second(1, 40e6)), None, "the harness's own tick");
        assert!(look(&every_second(1, 90e6)).is_some(), "that takes no such time");
        assert!(look(&every_second(10, 40e6)).is_some(), "nor does it come half a second after");
        let mut seldom = steady(15);
        (0..5).for_each(|number| seldom.pulse.worst[60 * number + 1] = 40e6);
        assert!(look(&seldom).is_some(), "nor every three seconds");
        let mut late = every_second(10, 90e6);
        late.points.late.fill(80e6);
        assert_eq!(look(&late), None);
    }

    #[test]
    fn where_little_ends_the_stretches_are_longer() {
        let mut course = steady(16);
        let sparse = |(place, worst): (usize, &mut f64)| {
            if place % 3 != 0 {
                *worst = f64::NAN;
            }
        };
        course.pulse.worst.iter_mut().enumerate().for_each(sparse);
        [24, 105, 186, 267].iter().for_each(|place| course.pulse.worst[*place] = 300e6);
        let found = look(&course).unwrap();
        assert!(found.message.contains("every 4.0"), "{found}");
    }
}
