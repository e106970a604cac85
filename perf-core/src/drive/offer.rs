//! What a worker offers: which iterations may start now, and when the next one may.
//!
//! Arithmetic on a schedule or a count; the worker starts what is offered.

use crate::measure::sample::Phase;
use crate::plan::Plan;
use crate::plan::arrivals::Schedule;
use crate::plan::load::Load;
use crate::plan::nanos;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// This worker's part of the load.
#[derive(Debug)]
pub enum Offer {
    /// Arrivals on a schedule.
    Open(Arrivals),
    /// Users in a loop.
    Closed(Loop),
}

/// Arrivals w, w + W, w + 2W, … of one schedule.
#[derive(Debug)]
pub struct Arrivals {
    schedule: Schedule,
    worker: u64,
    workers: u64,
    /// In this worker's own count.
    next: u64,
    /// How many of this worker's may be in flight, or wait.
    pub share: u64,
    end: u64,
}

/// One arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its number in the whole schedule.
    pub number: u64,
    /// When it should start.
    pub intended: u64,
    /// By its intended start.
    pub phase: Phase,
}

impl Arrivals {
    /// The next one, when it is due.
    pub fn take(&mut self, now: u64) -> Option<Arrival> {
        let arrival = self.peek().filter(|arrival| arrival.intended <= now)?;
        self.next += 1;
        Some(arrival)
    }

    fn peek(&self) -> Option<Arrival> {
        let number = self.next * self.workers + self.worker;
        (number < self.schedule.count()).then(|| Arrival {
            number,
            intended: self.schedule.at(number),
            phase: if number < self.schedule.warmup_count() { Phase::Warmup } else { Phase::Measured },
        })
    }

    /// Skips those that have waited in vain: of the due ones, all but the newest `keep`. Returns how many were of the
    /// warm-up, and how many measured.
    pub fn skip_due(&mut self, now: u64, keep: u64) -> (u64, u64) {
        let own = |all: u64| (all + self.workers - 1 - self.worker) / self.workers;
        let until = own(self.schedule.due(now)).saturating_sub(keep).max(self.next);
        let warm = own(self.schedule.warmup_count()).clamp(self.next, until) - self.next;
        let skipped = until - self.next;
        self.next = until;
        (warm, skipped - warm)
    }
}

/// Users who start again when they are done.
#[derive(Debug)]
pub struct Loop {
    worker: u64,
    workers: u64,
    begun: u64,
    /// How many iterations all users of all workers share.
    claims: Option<Claims>,
    origin: u64,
    end: Option<u64>,
}

/// Iterations that are shared between workers.
#[derive(Clone, Debug)]
pub struct Claims {
    taken: Arc<AtomicU64>,
    all: u64,
    exhausted: bool,
}

impl Claims {
    /// So many.
    pub fn of(all: u64) -> Self {
        Claims { taken: Arc::default(), all, exhausted: false }
    }

    fn take(&mut self) -> Option<u64> {
        // Never beyond the end, so that nobody counts past it.
        let taken = self.taken.try_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            (taken < self.all).then_some(taken + 1)
        });
        self.exhausted = taken.is_err();
        taken.ok()
    }
}

impl Loop {
    /// The next iteration of some user: its number and phase; none when no more may start.
    pub fn take(&mut self, now: u64) -> Option<(u64, Phase)> {
        if self.is_over(now) {
            return None;
        }
        let phase = if now < self.origin { Phase::Warmup } else { Phase::Measured };
        if phase == Phase::Measured
            && let Some(claims) = &mut self.claims
            && claims.take().is_none()
        {
            return None;
        }
        let number = self.begun * self.workers + self.worker;
        self.begun += 1;
        Some((number, phase))
    }

    fn is_over(&self, now: u64) -> bool {
        self.end.is_some_and(|end| now >= end) || self.claims.as_ref().is_some_and(|claims| claims.exhausted)
    }
}

impl Offer {
    /// Worker `worker`'s part.
    pub fn of(plan: &Plan, worker: u32, claims: Option<Claims>) -> Self {
        let (worker, workers) = (u64::from(worker), u64::from(plan.workers));
        let origin = nanos(plan.warmup);
        let end = plan.measured_for().map(|length| origin + nanos(length));
        match (plan.load, plan.schedule()) {
            (Load::Open { .. }, Some(schedule)) => {
                let share = (u64::from(plan.max_in_flight) + workers - 1 - worker) / workers;
                Offer::Open(Arrivals {
                    schedule,
                    worker,
                    workers,
                    next: 0,
                    share,
                    end: end.unwrap_or(u64::MAX),
                })
            }
            _ => Offer::Closed(Loop { worker, workers, begun: 0, claims, origin, end }),
        }
    }

    /// Whether nothing more will be offered.
    pub fn is_over(&self, now: u64) -> bool {
        match self {
            Offer::Open(arrivals) => now >= arrivals.end && arrivals.peek().is_none(),
            Offer::Closed(users) => users.is_over(now),
        }
    }

    /// When there is something to do next, for a worker whose users are all busy.
    pub fn next_at(&self) -> u64 {
        match self {
            Offer::Open(arrivals) => arrivals.peek().map_or(arrivals.end, |arrival| arrival.intended),
            Offer::Closed(users) => users.end.unwrap_or(u64::MAX),
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
        match Offer::of(plan, worker, None) {
            Offer::Open(arrivals) => arrivals,
            Offer::Closed(_) => panic!("an open load"),
        }
    }

    #[test]
    fn any_split_among_workers_is_the_same_load() {
        let all = |workers: u32| {
            let plan = open(workers);
            let of = |worker| {
                let mut arrivals = arrivals(&plan, worker);
                std::iter::from_fn(move || arrivals.take(u64::MAX))
            };
            let mut all: Vec<Arrival> = (0..workers).flat_map(of).collect();
            all.sort_by_key(|arrival| arrival.number);
            all
        };
        let whole = all(1);
        assert_eq!(whole.iter().filter(|a| a.phase == Phase::Measured).count(), 1000);
        assert_eq!((whole.len(), whole[1].intended), (1100, MS));
        assert!((2..=4).all(|workers| all(workers) == whole));
        let shares: Vec<u64> = (0..3).map(|worker| arrivals(&open(3), worker).share).collect();
        assert_eq!(shares, [2, 2, 1]);
    }

    #[test]
    fn of_a_backlog_only_the_newest_are_kept() {
        let mut arrivals = arrivals(&open(1), 0);
        assert_eq!(arrivals.skip_due(10 * MS, 20), (0, 0));
        assert_eq!(arrivals.skip_due(109 * MS, 5), (100, 5));
        assert_eq!(arrivals.take(109 * MS).unwrap().intended, 105 * MS);
        assert_eq!(arrivals.skip_due(u64::MAX, 0), (0, 994));
        assert_eq!(arrivals.take(u64::MAX), None);
    }

    #[test]
    fn shared_iterations_are_handed_out_exactly_once() {
        let plan =
            plan(&PerfSpec { users: Some(4), iterations: Some(7), workers: Some(2), ..PerfSpec::default() });
        let claims = Claims::of(7);
        let mut offers = [0, 1].map(|worker| Offer::of(&plan, worker, Some(claims.clone())));
        let mut taken = 0;
        for _ in 0..10 {
            for offer in &mut offers {
                let Offer::Closed(users) = offer else { panic!("a closed load") };
                taken += u32::from(users.take(0).is_some());
            }
        }
        assert_eq!(taken, 7);
        assert!(offers.iter().all(|offer| offer.is_over(0) && !offer.is_over_by_clock(0)));
    }
}
