//! Keeps closed users below the owner's limit of iterations per second. The only file that names governor.
//!
//! A cap, never a schedule: who may not begin yet waits before its intended start, and is asked again.

use crate::plan::Plan;
use crate::plan::share::{ShareError, shares};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The middleware's default instant is another one as soon as any crate of the build turns governor's `quanta` on.
type Limiter = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<Instant>>;

/// Shared by the workers of a session, and by all tests of a scenario that have the same target.
#[derive(Clone, Debug)]
pub struct Cap {
    limiter: Arc<Limiter>,
    clock: MonotonicClock,
}

impl Cap {
    /// Of a plan whose owner set a limit; an open load above it was refused when it was planned.
    pub fn of(plan: &Plan) -> Option<Self> {
        let rate = plan.limits.rate.filter(|_| plan.load.is_closed())?.as_per_second();
        // Nobody saves up: after a quiet second there is no burst.
        let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))?;
        let limiter = Limiter::direct_with_clock(quota, MonotonicClock);
        Some(Cap { limiter: Arc::new(limiter), clock: MonotonicClock })
    }

    /// Nothing when an iteration may begin, which is thereby counted; else how long nobody may.
    pub fn wait(&self) -> Option<Duration> {
        self.limiter.check().err().map(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

/// Narrows each plan's limit to its share of what the owner of its target allows. Closed loads of one target get one cap.
pub fn share<T: PartialEq>(plans: &mut [(T, &mut Plan)]) -> Result<Vec<Option<Cap>>, ShareError> {
    let seen: Vec<(&T, &Plan)> = plans.iter().map(|(target, plan)| (target, &**plan)).collect();
    let rates = shares(&seen)?;
    let mut caps: Vec<Option<Cap>> = Vec::new();
    for (number, rate) in rates.into_iter().enumerate() {
        plans[number].1.limits.rate = rate;
        let (target, plan) = &plans[number];
        let is_same = |(other, theirs): &(T, &mut Plan)| other == target && theirs.load.is_closed();
        let shared = plans[..number].iter().position(is_same).filter(|_| plan.load.is_closed());
        caps.push(match shared {
            Some(other) => caps[other].clone(),
            None => Cap::of(plan),
        });
    }
    Ok(caps)
}
