//! What a worker offers: which iterations may start now, and when the next one may.
//!
//! Arithmetic on a schedule, a roster or a count; the worker starts what is offered.

use super::backoff::Backoff;
use super::cap::Cap;
use super::roster::Roster;
use crate::measure::sample::Phase;
use crate::plan::arrivals::{self, Arrival, Part};
use crate::plan::load::Iterations;
use crate::plan::{Plan, nanos};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of shared iterations a worker takes a part of what is left at a time, and at most so many.
const PARTS: u64 = 256;
const MOST_HELD: u64 = 64;

/// This worker's part of the load.
#[derive(Debug)]
pub enum Offer {
    /// Arrivals on a schedule.
    Open(Box<Arrivals>),
    /// Users in a loop.
    Closed(Box<Loop>),
}

/// An iteration that is to start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// No other iteration of the session has this number.
    pub number: u64,
    /// When it should start.
    pub intended: u64,
    /// By its intended start.
    pub phase: Phase,
}

/// Arrivals of one schedule that fall to this worker.
#[derive(Debug)]
pub struct Arrivals {
    times: arrivals::Arrivals,
    next: Option<Arrival>,
    /// Due and taken from the schedule, but not started: only when more are due than may wait.
    waiting: VecDeque<Arrival>,
    /// Slots that run nothing; the one that became idle last is taken first, since its memory is still warm.
    pub idle: Vec<u32>,
    part: Part,
    /// How many of this worker's may wait.
    share: usize,
    /// How many may be in flight.
    pub slots: usize,
    end: u64,
}

/// Arrivals of the warm-up, and measured ones, that will never start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// Of the warm-up.
    pub warmup: u64,
    /// Of the others.
    pub measured: u64,
}

impl Late {
    fn count(&mut self, arrival: &Arrival) {
        match arrival.is_warmup {
            true => self.warmup += 1,
            false => self.measured += 1,
        }
    }
}

impl Arrivals {
    /// Lets arrivals fall due. Of those that wait in vain only the newest are kept, as many as may be in flight.
    pub fn fall_due(&mut self, now: u64, mut backoff: Option<&mut Backoff>) -> Late {
        let mut late = Late::default();
        if self.waiting.is_empty() && self.times.due(now) <= self.share as u64 {
            return late;
        }
        while let Some(arrival) = self.due(now, backoff.as_deref_mut()) {
            self.waiting.push_back(arrival);
            if self.waiting.len() > self.share
                && let Some(oldest) = self.waiting.pop_front()
            {
                late.count(&oldest);
            }
        }
        late
    }

    /// The next one of the schedule that is due and that a target is not spared.
    #[inline]
    fn due(&mut self, now: u64, mut backoff: Option<&mut Backoff>) -> Option<Arrival> {
        loop {
            let arrival = self.next.filter(|arrival| arrival.at <= now)?;
            self.next = self.times.next();
            if backoff.as_mut().is_none_or(|backoff| backoff.admits(arrival.at)) {
                return Some(arrival);
            }
        }
    }

    /// The one that has waited longest.
    #[inline]
    pub fn take(&mut self, now: u64, backoff: Option<&mut Backoff>) -> Option<Start> {
        let arrival = match self.waiting.pop_front() {
            Some(arrival) => arrival,
            None => self.due(now, backoff)?,
        };
        let Arrival { number, at, is_warmup } = arrival;
        let phase = if is_warmup { Phase::Warmup } else { Phase::Measured };
        Some(Start { number, intended: at, phase })
    }

    /// Gives up whatever has fallen due.
    pub fn give_up(&mut self, now: u64) -> Late {
        let mut late = Late::default();
        self.waiting.drain(..).for_each(|arrival| late.count(&arrival));
        while let Some(arrival) = self.due(now, None) {
            late.count(&arrival);
        }
        late
    }
}

/// Users who start again when they are done.
#[derive(Debug)]
pub struct Loop {
    part: Part,
    begun: u64,
    /// Who may begin.
    pub roster: Roster,
    /// How many iterations all users of all workers share.
    claims: Option<Claims>,
    /// How many each user has left, by slot.
    left: Option<Vec<u64>>,
    origin: u64,
    end: Option<u64>,
    cap: Option<Cap>,
    /// Until when the cap lets nobody begin.
    capped: u64,
}

/// Iterations that are shared between workers.
#[derive(Clone, Debug)]
pub struct Claims {
    taken: Arc<AtomicU64>,
    all: u64,
    /// Taken from the others, and not handed out yet.
    held: u64,
    exhausted: bool,
}

impl Claims {
    /// So many.
    pub fn of(all: u64) -> Self {
        Claims { taken: Arc::default(), all, held: 0, exhausted: false }
    }

    /// Whether one more may begin.
    #[inline]
    fn take(&mut self) -> bool {
        if self.held == 0 {
            self.held = self.hold();
        }
        let is_left = self.held > 0;
        self.held -= u64::from(is_left);
        self.exhausted = !is_left;
        is_left
    }

    /// Whether all are taken, and this worker holds none.
    fn are_gone(&self) -> bool {
        self.held == 0 && self.taken.load(Ordering::Relaxed) >= self.all
    }

    /// Takes some for this worker: many while many are left, at the end one by one, so that all workers end together.
    fn hold(&self) -> u64 {
        let part = |taken: u64| (self.all.saturating_sub(taken) / PARTS).clamp(1, MOST_HELD);
        // Never beyond the end, so that nobody counts past it.
        let taken = self.taken.try_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            (taken < self.all).then(|| (taken + part(taken)).min(self.all))
        });
        taken.map_or(0, |taken| part(taken).min(self.all - taken))
    }
}

impl Loop {
    /// The next iteration and the slot of its user; none when no more may start now.
    pub fn take(&mut self, now: u64) -> Option<(u32, Start)> {
        if self.is_over(now) {
            return None;
        }
        if now < self.capped {
            return None;
        }
        let (slot, intended) = self.roster.take(now)?;
        if let Some(wait) = self.cap.as_ref().and_then(Cap::wait) {
            self.capped = now + nanos(wait).max(1);
            // Whoever waits for the cap is meant to start when it has its turn.
            self.roster.put_back(slot);
            return None;
        }
        let phase = if intended < self.origin { Phase::Warmup } else { Phase::Measured };
        if phase == Phase::Measured
            && let Some(claims) = &mut self.claims
            && !claims.take()
        {
            self.roster.put_back(slot);
            return None;
        }
        let number = self.begun * self.part.step + self.part.first;
        self.begun += 1;
        Some((slot, Start { number, intended, phase }))
    }

    /// Puts the user of an iteration that has ended back to the others, unless it has run all of its own.
    pub fn release(&mut self, slot: u32, phase: Phase, intended: u64, finished: u64) {
        if let (Some(left), Phase::Measured) = (&mut self.left, phase) {
            let left = left.get_mut(slot as usize).map(|left| {
                *left = left.saturating_sub(1);
                *left
            });
            if left.is_none_or(|left| left == 0) {
                return;
            }
        }
        self.roster.rest(slot, intended, finished);
    }

    /// Whether nobody can begin any more, also where this worker itself has nobody.
    fn has_ended(&self, now: u64) -> bool {
        self.is_over(now) || self.claims.as_ref().is_some_and(Claims::are_gone)
    }

    fn is_over(&self, now: u64) -> bool {
        self.end.is_some_and(|end| now >= end)
            || self.claims.as_ref().is_some_and(|claims| claims.exhausted)
            || self.left.as_ref().is_some_and(|left| left.iter().all(|left| *left == 0))
    }

    /// Follows a worker's backing off: fewer users, and none while the target wants to be left alone.
    pub fn restrain(&mut self, backoff: &Backoff, now: u64) {
        self.roster.restrain(backoff.factor());
        if backoff.closed_until() > now {
            self.capped = self.capped.max(backoff.closed_until());
        }
    }

    /// A user who can begin nothing.
    pub fn dismiss(&mut self, slot: u32) {
        if let Some(left) = self.left.as_mut().and_then(|left| left.get_mut(slot as usize)) {
            *left = 0;
        }
    }
}

impl Offer {
    /// Worker `worker`'s part, with nobody in it yet.
    pub fn of(plan: &Plan, worker: u32, claims: Option<Claims>, cap: Option<Cap>) -> Self {
        let part = Part::ALL.split(worker, plan.workers);
        let origin = nanos(plan.warmup);
        let end = plan.measured_for().map(|length| origin + nanos(length));
        if let Some(schedule) = &plan.schedule {
            let mut times = schedule.arrivals(part);
            let own = |all: u32| usize::try_from(part.of(all.into())).unwrap_or(usize::MAX);
            return Offer::Open(Box::new(Arrivals {
                next: times.next(),
                times,
                part,
                waiting: VecDeque::new(),
                idle: Vec::new(),
                share: own(plan.max_in_flight),
                slots: own(plan.slots),
                end: end.unwrap_or(u64::MAX),
            }));
        }
        let users = Roster::size(part, plan);
        let left = match plan.load.stops_after() {
            Some(Iterations::PerUser(each)) => Some(vec![each; users as usize]),
            _ => None,
        };
        Offer::Closed(Box::new(Loop {
            part,
            begun: 0,
            roster: Roster::of(plan, part),
            claims,
            left,
            origin,
            end,
            cap,
            capped: 0,
        }))
    }

    /// Leaves out everything before an instant of the schedule: somebody else offered that.
    pub fn skip_to(&mut self, plan: &Plan, from: u64) {
        if let (Offer::Open(arrivals), Some(schedule)) = (self, &plan.schedule) {
            arrivals.times = schedule.scaled(&arrivals.times, arrivals.part, from, 1.0);
            arrivals.next = arrivals.times.next();
        }
    }

    /// Offers `factor` times what the plan says from an instant of the schedule on, within the owner's limits.
    pub fn scale(&mut self, plan: &Plan, at: u64, factor: f64) {
        let most = plan.limits.rate.map_or(f64::MAX, |limit| limit.as_per_second() / plan.shape.peak());
        let factor = if factor.is_finite() { factor.clamp(0.0, most.max(0.0)) } else { 1.0 };
        match self {
            Offer::Open(arrivals) => {
                let Some(schedule) = &plan.schedule else { return };
                // What fell due before that is of the old rate, started or not.
                while let Some(arrival) = arrivals.next.filter(|next| !next.is_warmup && next.at < at) {
                    arrivals.waiting.push_back(arrival);
                    arrivals.next = arrivals.times.next();
                }
                arrivals.times = schedule.scaled(&arrivals.times, arrivals.part, at, factor);
                if arrivals.next.is_none_or(|next| !next.is_warmup) {
                    arrivals.next = arrivals.times.next();
                }
            }
            Offer::Closed(users) => users.roster.scale(factor),
        }
    }

    /// Whether nothing more will be offered.
    pub fn is_over(&self, now: u64) -> bool {
        match self {
            Offer::Open(arrivals) => {
                now >= arrivals.end && arrivals.next.is_none() && arrivals.waiting.is_empty()
            }
            Offer::Closed(users) => users.has_ended(now),
        }
    }

    /// When there is something to do next.
    pub fn next_at(&self, now: u64) -> u64 {
        match self {
            Offer::Open(arrivals) if !arrivals.waiting.is_empty() => now,
            Offer::Open(arrivals) => arrivals.next.map_or(arrivals.end, |arrival| arrival.at),
            Offer::Closed(users) if users.roster.has_ready() => {
                users.capped.max(now).min(users.end.unwrap_or(u64::MAX))
            }
            Offer::Closed(users) => users.roster.next_at().min(users.end.unwrap_or(u64::MAX)),
        }
    }

    /// Whether the clock ended the load; else its last iteration does.
    pub fn is_over_by_clock(&self, now: u64) -> bool {
        match self {
            Offer::Open(_) => true,
            Offer::Closed(users) => users.end.is_some_and(|end| now >= end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    const MS: u64 = 1_000_000;

    fn plan(spec: &PerfSpec) -> Plan {
        Plan::resolve("test", "perf", spec, &Overrides::default()).unwrap()
    }

    fn open(workers: u32) -> Plan {
        let spec = PerfSpec {
            rate: Some(1000.0),
            duration: Some(Duration::from_secs(1)),
            max_in_flight: Some(5),
            ..PerfSpec::default()
        };
        plan(&PerfSpec { workers: Some(workers), ..spec })
    }

    fn arrivals(plan: &Plan, worker: u32) -> Arrivals {
        match Offer::of(plan, worker, None, None) {
            Offer::Open(arrivals) => *arrivals,
            Offer::Closed(_) => panic!("an open load"),
        }
    }

    fn users(plan: &Plan, worker: u32, claims: Option<Claims>) -> Loop {
        let Offer::Closed(mut users) = Offer::of(plan, worker, claims, None) else { panic!("a closed load") };
        let size = Roster::size(users.part, plan);
        (0..size).for_each(|_| users.roster.add(true));
        users.roster.advance(0);
        *users
    }

    #[test]
    fn the_share_of_max_in_flight_is_dealt_out_to_the_workers() {
        let shares: Vec<usize> = (0..3).map(|worker| arrivals(&open(3), worker).share).collect();
        assert_eq!(shares, [2, 2, 1]);
    }

    #[test]
    fn of_a_backlog_only_the_newest_are_kept() {
        let mut arrivals = arrivals(&open(1), 0);
        assert_eq!(arrivals.fall_due(4 * MS, None), Late::default());
        assert_eq!(arrivals.fall_due(109 * MS, None), Late { warmup: 100, measured: 5 });
        assert_eq!(arrivals.take(109 * MS, None).unwrap().intended, 105 * MS);
        assert_eq!(arrivals.give_up(u64::MAX), Late { warmup: 0, measured: 994 });
        assert_eq!(arrivals.take(u64::MAX, None), None);
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
        let mut offers = [0, 1].map(|worker| users(&plan(&spec), worker, Some(claims.clone())));
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

    #[test]
    fn every_user_runs_its_own_iterations() {
        let spec =
            PerfSpec { users: Some(3), iterations: Some(Iterations::PerUser(2)), ..PerfSpec::default() };
        let mut users = users(&plan(&spec), 0, None);
        let mut by_slot = [0; 3];
        while let Some((slot, start)) = users.take(0) {
            by_slot[slot as usize] += 1;
            users.release(slot, start.phase, start.intended, 0);
        }
        assert_eq!((by_slot, users.is_over(0)), ([2, 2, 2], true));
    }
}
