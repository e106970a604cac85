//! The users in a loop that a worker offers: who may begin an iteration, and since when.
//!
//! Arithmetic on a roster and on counts, without a clock.

use super::backoff::Backoff;
use super::cap::Cap;
use super::claims::Claims;
use super::quota::{Legacies, Quota};
use super::roster::Roster;
use super::start::Start;
use crate::measure::sample::Phase;
use crate::plan::arrivals::Part;
use crate::plan::load::Iterations;
use crate::plan::{Plan, nanos};

/// Users who start again when they are done.
#[derive(Debug)]
pub struct Closed {
    part: Part,
    begun: u64,
    roster: Roster,
    /// How many iterations all users of all workers share.
    claims: Option<Claims>,
    /// How many each of them has of its own.
    quota: Option<Quota>,
    origin: u64,
    end: Option<u64>,
    cap: Option<Cap>,
    /// Until when the cap, or a target that is to be spared, lets nobody begin.
    capped: u64,
}

/// What the workers of a closed load have in common.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// Iterations of all users.
    pub claims: Option<Claims>,
    /// What is left of the users' own iterations where a worker died.
    pub legacies: Legacies,
    /// What they wait for.
    pub cap: Option<Cap>,
}

impl Closed {
    /// A worker's part of a plan's users, with nobody in it yet; `end` is when its load is over, where a clock ends it.
    pub fn of(plan: &Plan, part: Part, end: Option<u64>, shared: Shared) -> Self {
        let Shared { claims, legacies, cap } = shared;
        let quota = match plan.load.stops_after() {
            Some(Iterations::PerUser(each)) => Some(Quota::of(each, part.first, legacies)),
            _ => None,
        };
        Closed {
            part,
            begun: 0,
            roster: Roster::of(plan, part),
            claims,
            quota,
            origin: nanos(plan.warmup),
            end,
            cap,
            capped: 0,
        }
    }

    /// One more user; slots come in order. One that is not fit never begins.
    pub fn add(&mut self, is_fit: bool) {
        let has_some = self.quota.as_mut().is_none_or(|quota| quota.add(is_fit));
        self.roster.add(is_fit && has_some);
    }

    /// Goes on with the number of the iteration after so many that a predecessor began.
    pub fn resume(&mut self, begun: u64) {
        self.begun = begun;
    }

    /// So many times the users from now on.
    pub fn scale(&mut self, factor: f64) {
        self.roster.scale(factor);
    }

    /// Whether the load may come to want more users than there are.
    pub fn wants_more(&self) -> bool {
        self.roster.wants_more()
    }

    /// How many users the level wants of this worker.
    #[inline]
    pub fn wanted(&self) -> u32 {
        self.roster.wanted()
    }

    /// Wakes those who have rested, and follows the level.
    pub fn advance(&mut self, now: u64) {
        self.roster.advance(now);
    }

    /// The next iteration and the slot of its user; none when no more may start now.
    #[inline]
    pub fn take(&mut self, now: u64) -> Option<(u32, Start)> {
        if now < self.capped || self.is_over(now) {
            return None;
        }
        let (slot, since) = self.roster.take()?;
        if let Some(wait) = self.cap.as_ref().and_then(Cap::wait) {
            self.capped = now + nanos(wait).max(1);
            self.roster.put_back(slot, since);
            return None;
        }
        // Whoever had to wait for the cap is meant to start when it has its turn.
        let intended = since.max(self.capped);
        let phase = if intended < self.origin { Phase::Warmup } else { Phase::Measured };
        if phase == Phase::Measured
            && let Some(claims) = &mut self.claims
            && !claims.take()
        {
            self.roster.put_back(slot, since);
            return None;
        }
        if let Some(quota) = self.quota.as_mut().filter(|_| phase == Phase::Measured) {
            quota.take(slot);
        }
        let number = self.begun * self.part.step + self.part.first;
        self.begun += 1;
        Some((slot, Start { number, intended, phase }))
    }

    /// Puts the user of an iteration that has ended back to the others, unless it has run all of its own.
    #[inline]
    pub fn release(&mut self, slot: u32, intended: u64, finished: u64) {
        if self.quota.as_ref().is_none_or(|quota| quota.has_left(slot)) {
            self.roster.rest(slot, intended, finished);
        }
    }

    /// Follows a worker's backing off: fewer users, and none while the target wants to be left alone.
    pub fn restrain(&mut self, backoff: &Backoff, now: u64) {
        self.roster.restrain(backoff.factor());
        if backoff.closed_until() > now {
            self.capped = self.capped.max(backoff.closed_until());
        }
    }

    /// No more users at a time from now on.
    pub fn curb(&mut self, most: u64) {
        self.roster.curb(u32::try_from(most).unwrap_or(u32::MAX));
    }

    /// Whether nobody can begin any more, also where this worker itself has nobody.
    pub fn has_ended(&self, now: u64) -> bool {
        self.is_over(now) || self.claims.as_ref().is_some_and(Claims::are_gone)
    }

    /// Whether the clock ended the load; else its last iteration does.
    pub fn is_over_by_clock(&self, now: u64) -> bool {
        self.end.is_some_and(|end| now >= end)
    }

    fn is_over(&self, now: u64) -> bool {
        self.is_over_by_clock(now)
            || self.claims.as_ref().is_some_and(Claims::are_exhausted)
            || self.quota.as_ref().is_some_and(|quota| quota.is_used_up(self.awaited(quota)))
    }

    /// How many users are to run their own iterations: whoever the level will not want again is not waited for.
    fn awaited(&self, quota: &Quota) -> usize {
        match self.roster.wanted_for_good() {
            Some(wanted) => wanted as usize,
            None => quota.come().max(self.roster.planned() as usize),
        }
    }

    /// When there is something to do next.
    pub fn next_at(&self, now: u64) -> u64 {
        let next = match self.roster.has_ready() {
            true => self.capped.max(now),
            false => self.roster.next_at(),
        };
        next.min(self.end.unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    const MS: u64 = 1_000_000;

    fn closed(spec: &PerfSpec, worker: u32, claims: Option<Claims>) -> Closed {
        let plan = Plan::resolve("test", "perf", spec, &Overrides::default()).unwrap();
        let part = Part::ALL.split(worker, plan.workers);
        let cap = Cap::of(&plan);
        let end = plan.measured_for().map(nanos);
        let mut closed = Closed::of(&plan, part, end, Shared { claims, cap, ..Shared::default() });
        (0..Roster::size(part, &plan)).for_each(|_| closed.add(true));
        closed.advance(0);
        closed
    }

    #[test]
    fn shared_iterations_are_handed_out_exactly_once() {
        let spec = PerfSpec {
            users: Some(4),
            iterations: Some(Iterations::Shared(7)),
            workers: Some(2),
            ..PerfSpec::default()
        };
        let claims = Claims::of(7);
        let mut offers = [0, 1].map(|worker| closed(&spec, worker, Some(claims.clone())));
        let mut taken = 0;
        for _ in 0..10 {
            for users in &mut offers {
                if let Some((slot, start)) = users.take(0) {
                    taken += 1;
                    users.release(slot, start.intended, 0);
                }
            }
        }
        assert_eq!(taken, 7);
        assert!(offers.iter().all(|users| users.is_over(0)));
    }

    fn run_to_the_end(users: &mut Closed, slots: usize) -> Vec<u32> {
        let mut by_slot = vec![0; slots];
        while let Some((slot, start)) = users.take(0) {
            by_slot[slot as usize] += 1;
            users.release(slot, start.intended, 0);
        }
        by_slot
    }

    fn two_per_user() -> PerfSpec {
        PerfSpec { users: Some(3), iterations: Some(Iterations::PerUser(2)), ..PerfSpec::default() }
    }

    #[test]
    fn every_user_runs_its_own_iterations() {
        let mut users = closed(&two_per_user(), 0, None);
        assert_eq!((run_to_the_end(&mut users, 3), users.is_over(0)), (vec![2, 2, 2], true));
    }

    #[test]
    fn users_who_come_in_later_run_their_own_iterations_too() {
        let mut users = closed(&two_per_user(), 0, None);
        users.scale(5.0 / 3.0);
        while users.wants_more() {
            users.add(true);
        }
        users.advance(0);
        assert_eq!((run_to_the_end(&mut users, 5), users.is_over(0)), (vec![2, 2, 2, 2, 2], true));
    }

    #[test]
    fn users_whom_a_scaled_load_does_not_want_are_not_waited_for() {
        let mut users = closed(&two_per_user(), 0, None);
        users.scale(1.0 / 3.0);
        assert!(!users.is_over(0), "the level is still to be looked at");
        users.advance(0);
        assert_eq!((run_to_the_end(&mut users, 3), users.is_over(0)), (vec![2, 0, 0], true));
    }

    #[test]
    fn users_whom_a_target_that_is_spared_keeps_waiting_are_waited_for() {
        let mut users = closed(&two_per_user(), 0, None);
        let mut backoff = Backoff::default();
        backoff.complaint(0, Duration::ZERO);
        users.restrain(&backoff, 0);
        users.advance(0);
        assert_eq!((run_to_the_end(&mut users, 3), users.is_over(0)), (vec![2, 2, 0], false));
        users.restrain(&Backoff::default(), 0);
        users.advance(0);
        assert_eq!((run_to_the_end(&mut users, 3), users.is_over(0)), (vec![0, 0, 2], true));
    }

    #[test]
    fn the_users_of_a_successor_run_what_those_of_its_predecessor_left() {
        let plan = Plan::resolve("test", "perf", &two_per_user(), &Overrides::default()).unwrap();
        let shared = Shared::default();
        let come = || {
            let mut users = Closed::of(&plan, Part::ALL, None, shared.clone());
            (0..3).for_each(|_| users.add(true));
            users.advance(0);
            users
        };
        let mut first = come();
        for _ in 0..4 {
            let (slot, start) = first.take(0).unwrap();
            first.release(slot, start.intended, 0);
        }
        drop(first);
        let mut next = come();
        assert_eq!((run_to_the_end(&mut next, 3), next.is_over(0)), (vec![0, 1, 1], true));
    }

    #[test]
    fn users_who_are_not_fit_are_not_waited_for() {
        let plan = Plan::resolve("test", "perf", &two_per_user(), &Overrides::default()).unwrap();
        let mut users = Closed::of(&plan, Part::ALL, None, Shared::default());
        assert!(!users.is_over(0));
        [false, true, false].into_iter().for_each(|is_fit| users.add(is_fit));
        users.advance(0);
        assert_eq!((run_to_the_end(&mut users, 3), users.is_over(0)), (vec![0, 2, 0], true));
    }

    #[test]
    fn a_user_who_had_to_wait_is_meant_to_start_when_it_was_ready() {
        let spec = PerfSpec { users: Some(1), duration: Some(Duration::from_secs(1)), ..PerfSpec::default() };
        let mut users = closed(&PerfSpec { warmup: Some(Duration::ZERO), ..spec }, 0, None);
        let (slot, start) = users.take(0).unwrap();
        users.release(slot, start.intended, 5 * MS);
        assert_eq!(users.take(7 * MS).unwrap().1.intended, 5 * MS);
    }

    #[test]
    fn who_waits_for_the_cap_is_meant_to_start_when_it_has_its_turn() {
        let spec = PerfSpec { users: Some(1), duration: Some(Duration::from_secs(1)), ..PerfSpec::default() };
        let mut users = closed(&PerfSpec { warmup: Some(Duration::ZERO), ..spec }, 0, None);
        let (slot, start) = users.take(0).unwrap();
        users.release(slot, start.intended, 5 * MS);
        users.capped = 20 * MS;
        assert_eq!(users.take(19 * MS), None);
        assert_eq!(users.take(21 * MS).unwrap().1.intended, 20 * MS);
    }
}
