//! What a worker offers: which iterations may start now, and when the next one may.
//!
//! The worker starts what is offered.

use super::cap::Cap;
use super::claims::Claims;
use super::closed::Closed;
use super::open::Open;
use crate::plan::arrivals::{Part, Scaling};
use crate::plan::{Plan, nanos};

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
    pub fn of(plan: &Plan, worker: u32, claims: Option<Claims>, cap: Option<Cap>) -> Self {
        let part = Part::ALL.split(worker, plan.workers);
        let end = plan.measured_for().map(|length| nanos(plan.warmup) + nanos(length));
        match &plan.schedule {
            Some(schedule) => Offer::Open(Box::new(Open::of(plan, schedule, part, end.unwrap_or(u64::MAX)))),
            None => Offer::Closed(Box::new(Closed::of(plan, part, end, claims, cap))),
        }
    }

    /// Leaves out everything before an instant of the schedule: somebody else offered that.
    pub fn skip_to(&mut self, plan: &Plan, from: u64) {
        if let (Offer::Open(open), Some(schedule)) = (self, &plan.schedule) {
            open.skip_to(schedule, from);
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
