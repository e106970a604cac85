//! The arrivals that a worker offers: which are due, and which have waited too long.
//!
//! Arithmetic on a schedule, without a clock.

use super::backoff::Backoff;
use super::start::Start;
use crate::measure::sample::Phase;
use crate::plan::Plan;
use crate::plan::arrivals::{Arrival, Arrivals, Part, Scaling, Schedule};
use std::collections::VecDeque;

/// The arrivals of one schedule that fall to this worker.
#[derive(Debug)]
pub struct Open {
    times: Arrivals,
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

/// What a worker that is gone has dealt with: a beginning of its part of the load.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dealt {
    /// Arrivals that it started or dropped, of both phases.
    pub arrivals: u64,
    /// Until when of the schedule a target was spared whatever else fell due.
    pub spared: Option<u64>,
}

impl Open {
    /// A worker's part of a plan's schedule; `end` is when its load is over.
    pub fn of(plan: &Plan, schedule: &Schedule, part: Part, end: u64) -> Self {
        let mut times = schedule.arrivals(part);
        let own = |all: u32| usize::try_from(part.of(all.into())).unwrap_or(usize::MAX);
        Open {
            next: times.next(),
            times,
            part,
            waiting: VecDeque::new(),
            idle: Vec::new(),
            share: own(plan.max_in_flight),
            slots: own(plan.slots),
            end,
        }
    }

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
    fn due(&mut self, now: u64, backoff: Option<&mut Backoff>) -> Option<Arrival> {
        match backoff {
            None => self.fall(now),
            Some(backoff) => self.admitted(now, backoff),
        }
    }

    #[inline]
    fn fall(&mut self, now: u64) -> Option<Arrival> {
        let arrival = self.next.filter(|arrival| arrival.at <= now)?;
        self.next = self.times.next();
        Some(arrival)
    }

    fn admitted(&mut self, now: u64, backoff: &mut Backoff) -> Option<Arrival> {
        loop {
            let arrival = self.fall(now)?;
            if backoff.admits(arrival.at) {
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

    /// Goes on where a predecessor ended, which followed the same changes of the load.
    pub fn resume(&mut self, schedule: &Schedule, dealt: Dealt, scalings: &[Scaling]) {
        let mut left = dealt.arrivals;
        for scaling in scalings {
            left = self.skip(left, scaling.from);
            self.scale(schedule, *scaling);
        }
        self.skip(left, u64::MAX);
        if let Some(until) = dealt.spared {
            self.give_up(until);
        }
    }

    /// Leaves out so many arrivals, as far as they fall due before an instant; returns how many are still to be left out.
    fn skip(&mut self, mut left: u64, before: u64) -> u64 {
        while left > 0 {
            if self.waiting.pop_front().is_none() {
                if self.next.is_none_or(|next| next.at >= before) {
                    break;
                }
                self.next = self.times.next();
            }
            left -= 1;
        }
        left
    }

    /// Follows a change of the load.
    pub fn scale(&mut self, schedule: &Schedule, scaling: Scaling) {
        // What fell due before that is of the old rate, started or not.
        while let Some(arrival) = self.next.filter(|next| next.at < scaling.from) {
            self.waiting.push_back(arrival);
            self.next = self.times.next();
        }
        self.times = schedule.scaled(&self.times, self.part, scaling);
        if self.next.is_none_or(|next| !next.is_warmup) {
            self.next = self.times.next();
        }
    }

    /// Whether nothing more will fall due, and nothing waits.
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.end && self.next.is_none() && self.waiting.is_empty()
    }

    /// When there is something to do next.
    pub fn next_at(&self, now: u64) -> u64 {
        match self.waiting.is_empty() {
            true => self.next.map_or(self.end, |arrival| arrival.at),
            false => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    const MS: u64 = 1_000_000;

    fn plan(workers: u32) -> Plan {
        let spec = PerfSpec {
            rate: Some(1000.0),
            duration: Some(Duration::from_secs(1)),
            max_in_flight: Some(5),
            workers: Some(workers),
            ..PerfSpec::default()
        };
        Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap()
    }

    fn open(worker: u32, workers: u32) -> Open {
        let (plan, part) = (plan(workers), Part::ALL.split(worker, workers));
        Open::of(&plan, plan.schedule.as_ref().unwrap(), part, 1_000 * MS)
    }

    #[test]
    fn the_share_of_max_in_flight_is_dealt_out_to_the_workers() {
        let shares: Vec<usize> = (0..3).map(|worker| open(worker, 3).share).collect();
        assert_eq!(shares, [2, 2, 1]);
    }

    #[test]
    fn of_a_backlog_only_the_newest_are_kept() {
        let mut open = open(0, 1);
        assert_eq!(open.fall_due(4 * MS, None), Late::default());
        assert_eq!(open.fall_due(109 * MS, None), Late { warmup: 100, measured: 5 });
        assert_eq!(open.take(109 * MS, None).unwrap().intended, 105 * MS);
        assert_eq!(open.give_up(u64::MAX), Late { warmup: 0, measured: 994 });
        assert_eq!(open.take(u64::MAX, None), None);
    }

    #[test]
    fn a_successor_goes_on_exactly_where_its_predecessor_ended() {
        let scaling = |ordinal, from, factor| Scaling { ordinal, from: from * MS, factor };
        let (early, late) = (scaling(1, 40, 3.0), scaling(2, 300, 0.5));
        for arrivals in ["constant", "poisson", "jitter(50%)"] {
            let spec = PerfSpec {
                rate: Some(1000.0),
                duration: Some(Duration::from_millis(500)),
                warmup: Some(Duration::from_millis(100)),
                arrivals: Some(arrivals.into()),
                ..PerfSpec::default()
            };
            let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
            let schedule = plan.schedule.as_ref().unwrap();
            let fresh = || Open::of(&plan, schedule, Part::ALL.split(1, 2), 600 * MS);
            let taken = |open: &mut Open, now: u64| {
                std::iter::from_fn(|| open.take(now, None)).collect::<Vec<Start>>()
            };
            for scalings in [&[][..], &[early], &[early, late]] {
                let (mut first, mut all) = (fresh(), Vec::new());
                for scaling in scalings {
                    all.extend(taken(&mut first, scaling.from - 1));
                    first.scale(schedule, *scaling);
                }
                all.extend(taken(&mut first, u64::MAX));
                for dealt in [0, 1, 20, 51, 140, 200, all.len()] {
                    let mut next = fresh();
                    let arrivals = dealt as u64;
                    next.resume(schedule, Dealt { arrivals, spared: None }, scalings);
                    let rest = taken(&mut next, u64::MAX);
                    assert_eq!(rest, all[dealt..], "{arrivals} {scalings:?} after {dealt}");
                }
            }
        }
    }

    #[test]
    fn what_a_target_was_spared_is_not_made_up_for() {
        let (plan, mut open) = (plan(1), open(0, 1));
        let dealt = Dealt { arrivals: 3, spared: Some(49 * MS) };
        open.resume(plan.schedule.as_ref().unwrap(), dealt, &[]);
        assert_eq!(open.take(u64::MAX, None).unwrap().intended, 50 * MS);
    }
}
