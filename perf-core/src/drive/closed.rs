//! The users in a loop that a worker offers: who may begin an iteration, and since when.
//!
//! Arithmetic on a roster and on counts, without a clock.

use super::backoff::Backoff;
use super::cap::Cap;
use super::claims::Claims;
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
    quota: Option<Quota>,
    origin: u64,
    end: Option<u64>,
    cap: Option<Cap>,
    /// Until when the cap, or a target that is to be spared, lets nobody begin.
    capped: u64,
}

/// How many iterations each user has left.
#[derive(Debug)]
struct Quota {
    each: u64,
    /// By slot.
    left: Vec<u64>,
    /// How many users have some left, or are still to come.
    unfinished: u64,
}

impl Quota {
    fn add(&mut self, is_fit: bool, is_planned: bool) {
        self.left.push(if is_fit { self.each } else { 0 });
        match (is_fit, is_planned) {
            (true, false) => self.unfinished += 1,
            (false, true) => self.unfinished -= 1,
            _ => {}
        }
    }

    /// Takes one of a user's off; says whether it has more.
    fn use_one(&mut self, slot: u32) -> bool {
        let Some(left) = self.left.get_mut(slot as usize) else { return false };
        *left = left.saturating_sub(1);
        self.unfinished -= u64::from(*left == 0);
        *left > 0
    }
}

impl Closed {
    /// A worker's part of a plan's users, with nobody in it yet; `end` is when its load is over, where a clock ends it.
    pub fn of(plan: &Plan, part: Part, end: Option<u64>, claims: Option<Claims>, cap: Option<Cap>) -> Self {
        let quota = match plan.load.stops_after() {
            Some(Iterations::PerUser(each)) => {
                Some(Quota { each, left: Vec::new(), unfinished: Roster::size(part, plan).into() })
            }
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
        let is_planned = self.roster.add(is_fit);
        if let Some(quota) = &mut self.quota {
            quota.add(is_fit, is_planned);
        }
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
        let number = self.begun * self.part.step + self.part.first;
        self.begun += 1;
        Some((slot, Start { number, intended, phase }))
    }

    /// Puts the user of an iteration that has ended back to the others, unless it has run all of its own.
    pub fn release(&mut self, slot: u32, phase: Phase, intended: u64, finished: u64) {
        let has_more = match &mut self.quota {
            Some(quota) if phase == Phase::Measured => quota.use_one(slot),
            _ => true,
        };
        if has_more {
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
            || self.quota.as_ref().is_some_and(|quota| quota.unfinished == 0)
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
        let mut closed = Closed::of(&plan, part, end, claims, cap);
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
                    users.release(slot, start.phase, start.intended, 0);
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
            users.release(slot, start.phase, start.intended, 0);
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
    fn users_who_are_not_fit_are_not_waited_for() {
        let plan = Plan::resolve("test", "perf", &two_per_user(), &Overrides::default()).unwrap();
        let mut users = Closed::of(&plan, Part::ALL, None, None, None);
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
        users.release(slot, start.phase, start.intended, 5 * MS);
        assert_eq!(users.take(7 * MS).unwrap().1.intended, 5 * MS);
    }

    #[test]
    fn who_waits_for_the_cap_is_meant_to_start_when_it_has_its_turn() {
        let spec = PerfSpec { users: Some(1), duration: Some(Duration::from_secs(1)), ..PerfSpec::default() };
        let mut users = closed(&PerfSpec { warmup: Some(Duration::ZERO), ..spec }, 0, None);
        let (slot, start) = users.take(0).unwrap();
        users.release(slot, start.phase, start.intended, 5 * MS);
        users.capped = 20 * MS;
        assert_eq!(users.take(19 * MS), None);
        assert_eq!(users.take(21 * MS).unwrap().1.intended, 20 * MS);
    }
}
