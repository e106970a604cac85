//! Offers less while the target says that it has too much, and climbs back when it no longer does.
//!
//! Pure: times are nanoseconds of the schedule. Halves what is offered at most once a second, down to a sixty-fourth;
//! after a second without a complaint it offers a quarter more, until it is back. While the target asks for a wait
//! (`Retry-After`), nothing is offered.

use crate::measure::Backed;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const LEAST: f64 = 1.0 / 64.0;
const CLIMB: f64 = 1.25;
/// Whoever asks for more is asked again.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// One worker's restraint.
#[derive(Debug)]
pub struct Backoff {
    factor: f64,
    /// When the factor changed last.
    changed: u64,
    /// When the target complained last.
    complained: Option<u64>,
    /// Until when it asked for nothing at all.
    closed_until: u64,
    /// Of arrivals that may be let through.
    credit: f64,
    history: Vec<Backed>,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            factor: 1.0,
            changed: 0,
            complained: None,
            closed_until: 0,
            credit: 0.0,
            history: Vec::new(),
        }
    }
}

impl Backoff {
    /// The target said that it has too much, and how long it wants to be left alone.
    pub fn complaint(&mut self, now: u64, wait: Duration) {
        self.complained = Some(now);
        let wait = wait.min(LONGEST_WAIT);
        if !wait.is_zero() {
            self.closed_until = self.closed_until.max(now.saturating_add(crate::plan::nanos(wait)));
        }
        let is_first = self.history.is_empty();
        if (is_first || now.saturating_sub(self.changed) >= SECOND) && self.factor > LEAST {
            self.change(now, (self.factor / 2.0).max(LEAST));
        }
    }

    /// Climbs back where nobody complains. Returns the factor, when it has changed.
    pub fn climb(&mut self, now: u64) -> Option<f64> {
        let quiet_since = self.complained?.max(self.changed).max(self.closed_until);
        if self.factor < 1.0 && now.saturating_sub(quiet_since) >= SECOND {
            self.change(now, (self.factor * CLIMB).min(1.0));
            return Some(self.factor);
        }
        None
    }

    fn change(&mut self, now: u64, factor: f64) {
        (self.factor, self.changed) = (factor, now);
        self.history.push(Backed { at: now, factor });
    }

    /// What the plan's load is multiplied by.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Until when nothing may start.
    pub fn closed_until(&self) -> u64 {
        self.closed_until
    }

    /// Whether an arrival that falls due may count as planned at all.
    #[inline]
    pub fn admits(&mut self, at: u64) -> bool {
        if at < self.closed_until {
            return false;
        }
        self.credit += self.factor;
        let admits = self.credit >= 1.0;
        if admits {
            self.credit -= 1.0;
        }
        admits
    }

    /// Every change, in order.
    pub fn into_history(self) -> Vec<Backed> {
        self.history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(backoff: &mut Backoff, from: u64, count: u64) -> usize {
        (0..count).filter(|n| backoff.admits(from + n)).count()
    }

    #[test]
    fn a_complaint_halves_once_a_second_and_quiet_climbs_back() {
        let mut backoff = Backoff::default();
        assert_eq!((admitted(&mut backoff, 0, 100), backoff.climb(9 * SECOND)), (100, None));
        backoff.complaint(SECOND, Duration::ZERO);
        backoff.complaint(SECOND + 5, Duration::ZERO);
        assert_eq!(admitted(&mut backoff, SECOND, 100), 50);
        backoff.complaint(2 * SECOND, Duration::ZERO);
        assert_eq!(admitted(&mut backoff, 2 * SECOND, 100), 25);
        assert_eq!(backoff.climb(3 * SECOND - 1), None);
        let mut factors = Vec::new();
        for second in 3..20 {
            factors.extend(backoff.climb(second * SECOND));
        }
        assert!(factors.is_sorted() && factors.last() == Some(&1.0), "{factors:?}");
        let last = backoff.into_history().pop().unwrap();
        assert!((last.factor - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept() {
        let mut backoff = Backoff::default();
        backoff.complaint(SECOND, Duration::from_secs(3));
        assert_eq!(admitted(&mut backoff, 2 * SECOND, 100), 0);
        assert_eq!(backoff.closed_until(), 4 * SECOND);
        assert_eq!(admitted(&mut backoff, 4 * SECOND, 100), 50);
    }

    #[test]
    fn it_never_gives_up_altogether() {
        let mut backoff = Backoff::default();
        (1..40).for_each(|second| backoff.complaint(second * SECOND, Duration::ZERO));
        assert_eq!(admitted(&mut backoff, 50 * SECOND, 640), 10);
    }
}
