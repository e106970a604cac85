//! The only clock of the engine: nanoseconds since the start of the load.

use std::time::{Duration, Instant};

/// Counts from an instant that all workers share.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Counts from `start`, which may still lie ahead.
    pub fn starting(start: Instant) -> Self {
        Clock { start }
    }

    /// Nanoseconds since the start; zero before it.
    #[inline]
    pub fn now(&self) -> u64 {
        let since = Instant::now().saturating_duration_since(self.start);
        // Not `as_nanos`, whose 128 bits cost several nanoseconds; 64 last for 584 years.
        since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
    }

    /// The time on this clock of an instant; zero before the start.
    pub fn at(&self, instant: Instant) -> u64 {
        crate::plan::nanos(instant.saturating_duration_since(self.start))
    }

    /// The instant of a time on this clock.
    pub fn instant(&self, at: u64) -> Instant {
        self.start + Duration::from_nanos(at)
    }
}
