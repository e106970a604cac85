//! What a worker offers: which iterations may start now, and when the next one may.
//!
//! The worker starts what is offered.

use super::clock::Clock;
use super::closed::{Closed, Shared};
use super::control::Orders;
use super::open::{Dealt, Late, Open};
use super::standstill::Standstill;
use crate::plan::arrivals::{Part, Scaling};
use crate::plan::{Plan, nanos};
use std::time::Instant;

/// The changes of a load that were asked for, as every worker follows them.
pub fn scalings(plan: &Plan, are_users_made_first: bool, orders: &Orders, clock: &Clock) -> Vec<Scaling> {
    let standstill = Standstill::of(&orders.pauses, clock);
    let scaling = |(ordinal, (at, factor)): (u64, &(Instant, f64))| Scaling {
        ordinal,
        from: standstill.past(clock.at(*at)),
        factor: plan.possible(*factor, are_users_made_first),
    };
    (1..).zip(&orders.scales).map(scaling).collect()
}

/// This worker's part of the load.
#[derive(Debug)]
pub enum Offer {
    /// Arrivals on a schedule.
    Open(Box<Open>),
    /// Users in a loop.
    Closed(Box<Closed>),
}

impl Offer {
    /// Worker `worker`'s part, with nobody in it yet.
    pub fn of(plan: &Plan, worker: u32, shared: Shared) -> Self {
        let part = Part::ALL.split(worker, plan.workers);
        let end = plan.measured_for().map(|length| nanos(plan.warmup) + nanos(length));
        match &plan.schedule {
            Some(schedule) => Offer::Open(Box::new(Open::of(plan, schedule, part, end.unwrap_or(u64::MAX)))),
            None => Offer::Closed(Box::new(Closed::of(plan, part, end, shared))),
        }
    }

    /// Goes on where a predecessor ended; returns how many changes of the load it has followed with that.
    pub fn resume(&mut self, plan: &Plan, dealt: Dealt, scalings: &[Scaling]) -> usize {
        match (self, &plan.schedule) {
            (Offer::Open(open), Some(schedule)) => {
                open.resume(schedule, dealt, scalings);
                scalings.len()
            }
            // Users come in with the changes: those are left to the worker.
            (Offer::Closed(users), _) => {
                users.resume(dealt.arrivals);
                0
            }
            (Offer::Open(_), None) => 0,
        }
    }

    /// Everything that has fallen due and is not dealt with.
    pub fn give_up(&mut self, now: u64) -> Late {
        match self {
            Offer::Open(open) => open.give_up(now),
            Offer::Closed(_) => Late::default(),
        }
    }

    /// Follows a change of the load.
    pub fn scale(&mut self, plan: &Plan, scaling: Scaling) {
        match self {
            Offer::Open(open) => {
                if let Some(schedule) = &plan.schedule {
                    open.scale(schedule, scaling);
                }
            }
            Offer::Closed(users) => users.scale(scaling.factor),
        }
    }

    /// Whether nothing more will be offered.
    pub fn is_over(&self, now: u64) -> bool {
        match self {
            Offer::Open(open) => open.is_over(now),
            Offer::Closed(users) => users.has_ended(now),
        }
    }

    /// When there is something to do next.
    pub fn next_at(&self, now: u64) -> u64 {
        match self {
            Offer::Open(open) => open.next_at(now),
            Offer::Closed(users) => users.next_at(now),
        }
    }

    /// Whether the clock ended the load; else its last iteration does.
    pub fn is_over_by_clock(&self, now: u64) -> bool {
        match self {
            Offer::Open(_) => true,
            Offer::Closed(users) => users.is_over_by_clock(now),
        }
    }
}
