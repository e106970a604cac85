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
        #[allow(clippy::cast_possible_truncation)] // 64 bits of nanoseconds last for 584 years
        let now = Instant::now().saturating_duration_since(self.start).as_nanos() as u64;
        now
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
