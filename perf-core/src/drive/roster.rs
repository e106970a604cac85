//! Which users of a closed load may begin, and since when: those who are ready, rest, or are not wanted at the moment.
//!
//! Arithmetic on the plan's shape and pauses, with slots as names. Times are nanoseconds since the start of the load.

use crate::plan::arrivals::{Part, unit};
use crate::plan::pause::Pause;
use crate::plan::shape::Shape;
use crate::plan::{Plan, nanos};
use rand_pcg::Pcg64;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// This worker's users of a closed load.
#[derive(Debug)]
pub struct Roster {
    part: Part,
    shape: Shape,
    /// What the shape's users are multiplied by: by order, and while the target is spared.
    factor: f64,
    restraint: f64,
    /// The system lets no more of them run at a time.
    most: u32,
    origin: u64,
    think: Option<Pause>,
    pace: u64,
    random: Pcg64,
    /// First come, first served; with the time since when.
    ready: VecDeque<(u32, u64)>,
    resting: BinaryHeap<Reverse<(u64, u32)>>,
    /// By slot: idle, and above the level.
    parked: Vec<bool>,
    /// How many of this worker's users the plan knows of.
    planned: u32,
    /// How many of them the level wants.
    wanted: u32,
    next_change: u64,
}

impl Roster {
    /// Nobody yet. `part` is this worker's of all users.
    pub fn of(plan: &Plan, part: Part) -> Self {
        Roster {
            part,
            shape: plan.shape.clone(),
            factor: 1.0,
            restraint: 1.0,
            most: u32::MAX,
            origin: nanos(plan.warmup),
            think: plan.think,
            pace: plan.pace.map_or(0, nanos),
            random: Pcg64::new(u128::from(plan.seed), !u128::from(part.first)),
            ready: VecDeque::new(),
            resting: BinaryHeap::new(),
            parked: Vec::new(),
            planned: Roster::size(part, plan),
            wanted: 0,
            next_change: 0,
        }
    }

    /// How many users this worker has at most.
    pub fn size(part: Part, plan: &Plan) -> u32 {
        u32::try_from(part.of(plan.users().into())).unwrap_or(u32::MAX)
    }

    /// One more user; slots come in order. One that is out of order never begins.
    pub fn add(&mut self, is_fit: bool) {
        self.parked.push(is_fit);
    }

    /// How many of this worker's users the plan knows of.
    pub fn planned(&self) -> u32 {
        self.planned
    }

    /// How many users the level wants of this worker, and until when.
    fn wanted_at(&self, now: u64) -> (u32, u64) {
        let (users, until) = match now.checked_sub(self.origin) {
            None => ((self.shape.first_level() * self.factor * self.restraint).round(), Some(self.origin)),
            Some(measured) => {
                let next = self.shape.next_change(measured).map(|at| at + self.origin);
                ((f64::from(self.shape.users(measured)) * self.factor * self.restraint).round(), next)
            }
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a number of users
        let own = self.part.of(users as u64);
        (u32::try_from(own).unwrap_or(u32::MAX).min(self.most), until.unwrap_or(u64::MAX))
    }

    /// So many times the users from now on.
    pub fn scale(&mut self, factor: f64) {
        self.factor = factor;
        // The level is looked at again at the next turn.
        self.next_change = 0;
    }

    /// So many times fewer users, as long as the target is to be spared.
    pub fn restrain(&mut self, restraint: f64) {
        if (self.restraint - restraint).abs() > f64::EPSILON {
            self.restraint = restraint;
            self.next_change = 0;
        }
    }

    /// No more users at a time, whatever the level is.
    pub fn curb(&mut self, most: u32) {
        if self.most != most {
            self.most = most;
            self.next_change = 0;
        }
    }

    /// Whether the load may come to want more users than there are.
    pub fn wants_more(&self) -> bool {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a number of users
        let most = self.part.of((self.shape.peak() * self.factor).round() as u64);
        (self.parked.len() as u64) < most
    }

    /// How many users the level wants of this worker.
    #[inline]
    pub fn wanted(&self) -> u32 {
        self.wanted
    }

    /// How many users the level wants to the end, unless somebody changes it; none where it will change by itself.
    pub fn wanted_for_good(&self) -> Option<u32> {
        (self.next_change == u64::MAX && self.restraint >= 1.0).then_some(self.wanted)
    }

    /// Wakes those who have rested, and follows the level.
    pub fn advance(&mut self, now: u64) {
        while now >= self.next_change {
            // After a scaling, the level of now.
            let at = if self.next_change == 0 { now } else { self.next_change };
            let before = self.wanted;
            (self.wanted, self.next_change) = self.wanted_at(at);
            for slot in before..self.wanted {
                if self.parked.get_mut(slot as usize).is_some_and(std::mem::take) {
                    self.ready.push_back((slot, at));
                }
            }
        }
        while let Some(Reverse((due, slot))) =
            self.resting.peek().copied().filter(|Reverse((due, _))| *due <= now)
        {
            self.resting.pop();
            self.ready.push_back((slot, due));
        }
    }

    /// The next one to begin, and when it should have.
    #[inline]
    pub fn take(&mut self) -> Option<(u32, u64)> {
        while let Some((slot, since)) = self.ready.pop_front() {
            if slot < self.wanted {
                return Some((slot, since));
            }
            self.park(slot);
        }
        None
    }

    fn park(&mut self, slot: u32) {
        if let Some(parked) = self.parked.get_mut(slot as usize) {
            *parked = true;
        }
    }

    /// Whether somebody may begin at once.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// When somebody may begin who may not now.
    pub fn next_at(&self) -> u64 {
        self.resting.peek().map_or(u64::MAX, |Reverse((due, _))| *due).min(self.next_change)
    }

    /// Puts a user back whose iteration was meant to start at `intended` and has ended. Without a pause it is meant to go
    /// on at once: what it waits for its turn from then on is lag.
    #[inline]
    pub fn rest(&mut self, slot: u32, intended: u64, finished: u64) {
        let think = self.think.map_or(0, |think| nanos(think.draw(unit(&mut self.random))));
        let due = (finished + think).max(intended.saturating_add(self.pace));
        match due > finished {
            true => self.resting.push(Reverse((due, slot))),
            false => self.ready.push_back((slot, finished)),
        }
    }

    /// Puts a user back who did not begin after all.
    pub fn put_back(&mut self, slot: u32, since: u64) {
        self.ready.push_front((slot, since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::Load;
    use crate::plan::spec::{Overrides, PerfSpec};
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    fn roster(load: &str, think: Option<&'static str>, pace: u64, worker: u32, workers: u32) -> Roster {
        let spec = PerfSpec {
            load: Some(load.parse::<Load>().unwrap()),
            think: think.map(Into::into),
            pace: Some(std::time::Duration::from_millis(pace)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        let part = Part::ALL.split(worker, workers);
        let mut roster = Roster::of(&plan, part);
        for _ in 0..Roster::size(part, &plan) {
            roster.add(true);
        }
        roster
    }

    fn taken(roster: &mut Roster, now: u64) -> Vec<(u32, u64)> {
        roster.advance(now * MS);
        std::iter::from_fn(|| roster.take()).map(|(slot, since)| (slot, since / MS)).collect()
    }

    #[test]
    fn a_ramp_brings_users_in_one_by_one_and_lets_them_finish_on_the_way_out() {
        let mut roster = roster("users 0..4 over 8s, ..0 over 8s", None, 0, 0, 1);
        assert_eq!(taken(&mut roster, 999), []);
        assert_eq!(taken(&mut roster, 1000), [(0, 1000)]);
        assert_eq!(taken(&mut roster, 5100), [(1, 3000), (2, 5000)]);
        roster.rest(0, 1000 * MS, 6000 * MS);
        assert_eq!(taken(&mut roster, 7500), [(0, 6000), (3, 7000)]);
        // At 12.1 s two are wanted.
        (0..4).for_each(|slot| roster.rest(slot, 0, 12_000 * MS));
        assert_eq!(taken(&mut roster, 12_100), [(0, 12_000), (1, 12_000)]);
    }

    #[test]
    fn users_are_dealt_out_to_the_workers() {
        let counts = |worker| taken(&mut roster("users 5 for 1s", None, 0, worker, 2), 0).len();
        assert_eq!((counts(0), counts(1)), (3, 2));
    }

    #[test]
    fn after_thinking_a_user_is_meant_to_start_when_its_pause_is_over() {
        let mut roster = roster("users 1 for 9s", Some("100ms"), 0, 0, 1);
        assert_eq!(taken(&mut roster, 0), [(0, 0)]);
        roster.rest(0, 0, 40 * MS);
        assert_eq!((taken(&mut roster, 139), roster.next_at()), (vec![], 140 * MS));
        assert_eq!(taken(&mut roster, 155), [(0, 140)]);
    }

    #[test]
    fn a_pace_counts_from_start_to_start_and_a_slow_iteration_takes_longer() {
        let mut roster = roster("users 1 for 9s", None, 100, 0, 1);
        assert_eq!(taken(&mut roster, 0), [(0, 0)]);
        roster.rest(0, 0, 40 * MS);
        assert_eq!(taken(&mut roster, 100), [(0, 100)]);
        roster.rest(0, 100 * MS, 350 * MS);
        assert_eq!(taken(&mut roster, 350), [(0, 350)]);
    }

    #[test]
    fn who_failed_in_its_set_up_never_begins() {
        let spec = PerfSpec { load: Some(Load::users(2).hold("1s")), ..PerfSpec::default() };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        let mut roster = Roster::of(&plan, Part::ALL);
        for is_fit in [false, true] {
            roster.add(is_fit);
        }
        assert_eq!(taken(&mut roster, 0), [(1, 0)]);
    }

    proptest! {
        #[test]
        fn all_workers_together_have_the_users_that_the_shape_says_whenever_they_look(
            levels in (0u32..40, 0u32..40, 0u32..40),
            lengths in (1u64..5000, 1u64..5000, 1u64..5000),
            stairs in (-5i32..5, 1u32..5),
            workers in 1u32..6,
            pauses in proptest::collection::vec(1u64..900_000_000, 1..40),
        ) {
            let (from, to, last) = levels;
            let (over, every, end) = lengths;
            let load = format!(
                "users {from}..{to} over {over}ms, stairs {:+} every {every}ms x{}, sine 0.9 period 700ms for 1s, ..{last} over {end}ms",
                stairs.0, stairs.1
            );
            let spec = PerfSpec { load: Some(load.parse::<Load>().unwrap()), ..PerfSpec::default() };
            // Stairs may lead below zero, and a sine as well.
            let Ok(plan) = Plan::resolve("test", "perf", &spec, &Overrides::default()) else { return Ok(()) };
            let mut rosters: Vec<Roster> =
                (0..workers).map(|worker| Roster::of(&plan, Part::ALL.split(worker, workers))).collect();
            let mut now = 0;
            for pause in pauses {
                now += pause;
                rosters.iter_mut().for_each(|roster| roster.advance(now));
                let wanted: u32 = rosters.iter().map(Roster::wanted).sum();
                prop_assert_eq!(wanted, plan.shape.users(now), "{} at {}", load, now);
                let (most, least) = (rosters[0].wanted(), rosters.last().map_or(0, Roster::wanted));
                prop_assert!(most - least <= 1, "{} and {}", most, least);
            }
        }
    }
}
