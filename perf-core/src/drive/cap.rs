//! Keeps closed users below the owner's limit of iterations per second. The only file that names governor.
//!
//! A cap, never a schedule: who may not begin yet waits before its intended start, and is asked again.

use crate::plan::Plan;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The middleware's default instant is another one as soon as any crate of the build turns governor's `quanta` on.
type Limiter = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<Instant>>;

/// Shared by the workers of a session.
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
