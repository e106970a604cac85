//! The only clock of the engine: nanoseconds since the start of the load.

use std::time::{Duration, Instant};

/// How often two clocks are read one after the other: a thread may lose its core in between.
const READINGS: usize = 8;

/// Counts from an instant that all workers share.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// What the system's clock shows at the start.
    zero: i64,
}

impl Clock {
    /// Counts from `start`, which may still lie ahead.
    pub fn starting(start: Instant) -> Self {
        Clock { start, zero: reading_at(start) }
    }

    /// Nanoseconds since the start; zero before it.
    #[inline]
    pub fn now(&self) -> u64 {
        u64::try_from(reading() - self.zero).unwrap_or(0)
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

/// What the system's clock shows, in nanoseconds: the one that an [`Instant`] is of. To make one of those and to subtract took
/// 5 ns more, of the 69 of an iteration that does nothing.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn reading() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Nanoseconds since it was first asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn reading() -> i64 {
    static FIRST: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    nanos(FIRST.elapsed())
}

/// What the system's clock shows at an instant, to some tens of nanoseconds.
fn reading_at(instant: Instant) -> i64 {
    let pair = || {
        let before = reading();
        let now = Instant::now();
        (reading() - before, before, now)
    };
    let closer =
        |one: (i64, i64, Instant), other: (i64, i64, Instant)| if other.0 < one.0 { other } else { one };
    let (apart, before, now) = (1..READINGS).map(|_| pair()).fold(pair(), closer);
    let ahead = nanos(instant.saturating_duration_since(now)) - nanos(now.saturating_duration_since(instant));
    before + apart / 2 + ahead
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far two readings of one clock may be from each other by the way they are paired.
    const PAIRED: u64 = 50_000;

    #[test]
    fn it_shows_the_time_since_an_instant_that_has_passed() {
        let start = Instant::now().checked_sub(Duration::from_millis(70)).unwrap();
        let clock = Clock::starting(start);
        for _ in 0..1000 {
            let (before, now, after) = (clock.at(Instant::now()), clock.now(), clock.at(Instant::now()));
            assert!(before <= now + PAIRED && now <= after + PAIRED, "{before} {now} {after}");
        }
    }

    #[test]
    fn it_stands_at_zero_until_an_instant_that_lies_ahead() {
        assert_eq!(Clock::starting(Instant::now() + Duration::from_hours(1)).now(), 0);
    }
}
