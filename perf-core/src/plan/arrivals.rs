//! Turns a constant rate into intended start times.
//!
//! Pure: no clock, no sleeping. Offsets are nanoseconds from the start of the load. Arrival n of a load stands at
//!
//! ```text
//!   at(n) = n / rate          due(t) = the number of arrivals with at(n) <= t
//!
//!   0   1   2   3   4         n
//!   |---|---|---|---|--->     t
//! ```
//!
//! and every split of them among workers is the same load: worker w of W has n = w, w + W, w + 2W, …

use crate::units::Rate;

/// The arrivals of a constant rate: `count` of them, the first at once.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals {
    period_ns: f64,
    count: u64,
}

impl Arrivals {
    /// Those that fall into `length_ns`; none at rate zero.
    pub fn within(rate: Rate, length_ns: u64) -> Self {
        let exact = rate.as_per_second() * (length_ns as f64 / 1e9);
        // 0.1/s for 30 s is three arrivals, also where the product comes out as 3.0000000000000004.
        let nearest = exact.round();
        let count = if (exact - nearest).abs() < 1e-6 { nearest } else { exact.ceil() };
        Arrivals { period_ns: 1e9 / rate.as_per_second(), count: whole(count) }
    }

    /// At most so many of them.
    #[must_use]
    pub fn up_to(self, count: u64) -> Self {
        Arrivals { count: self.count.min(count), ..self }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// When arrival `n` is to start.
    pub fn at(&self, n: u64) -> u64 {
        whole(n as f64 * self.period_ns + 0.5)
    }

    /// How many are to have started at `elapsed_ns`.
    pub fn due(&self, elapsed_ns: u64) -> u64 {
        let mut due = whole(elapsed_ns as f64 / self.period_ns);
        // The division may be off by one either way; `at` decides.
        while due > 0 && self.at(due - 1) > elapsed_ns {
            due -= 1;
        }
        while due < self.count && self.at(due) <= elapsed_ns {
            due += 1;
        }
        due.min(self.count)
    }
}

/// Of a number that is not negative; a larger one than fits becomes the largest.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is what is wanted
fn whole(number: f64) -> u64 {
    number as u64
}

/// The warm-up's arrivals, then the measured ones.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    warmup: Arrivals,
    measured: Arrivals,
    warmup_ns: u64,
}

impl Schedule {
    /// `rate` for `warmup_ns`, then for `measured_ns`, the measured ones at most `limit`.
    pub fn constant(rate: Rate, warmup_ns: u64, measured_ns: u64, limit: u64) -> Self {
        Schedule {
            warmup: Arrivals::within(rate, warmup_ns),
            measured: Arrivals::within(rate, measured_ns).up_to(limit),
            warmup_ns,
        }
    }

    /// All of them, warm-up included.
    pub fn count(&self) -> u64 {
        self.warmup.count + self.measured.count
    }

    /// Those of the warm-up.
    pub fn warmup_count(&self) -> u64 {
        self.warmup.count
    }

    /// Those that are measured.
    pub fn measured_count(&self) -> u64 {
        self.measured.count
    }

    /// When arrival `n` is to start; those of the warm-up come first.
    pub fn at(&self, n: u64) -> u64 {
        match n.checked_sub(self.warmup.count) {
            None => self.warmup.at(n),
            Some(n) => self.warmup_ns + self.measured.at(n),
        }
    }

    /// How many are to have started at `elapsed_ns`.
    pub fn due(&self, elapsed_ns: u64) -> u64 {
        match elapsed_ns.checked_sub(self.warmup_ns) {
            None => self.warmup.due(elapsed_ns),
            Some(measured) => self.warmup.count + self.measured.due(measured),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1_000_000_000;

    fn rate(per_second: f64) -> Rate {
        Rate::per_second(per_second).unwrap()
    }

    #[test]
    fn a_rate_times_a_duration_is_the_number_of_arrivals() {
        for (per_second, seconds, count) in
            [(2000.0, 10, 20_000), (0.1, 30, 3), (1.0 / 3.0, 30, 10), (0.5, 3, 2), (7.0, 1, 7), (0.0, 9, 0)]
        {
            assert_eq!(
                Arrivals::within(rate(per_second), seconds * S).count(),
                count,
                "{per_second}/s for {seconds} s"
            );
        }
    }

    #[test]
    fn arrivals_stand_on_the_period_however_late_it_is() {
        let arrivals = Arrivals::within(rate(3.0), 40 * 3600 * S);
        assert_eq!([arrivals.at(0), arrivals.at(1), arrivals.at(3)], [0, 333_333_333, S]);
        assert_eq!(arrivals.at(3 * 36_000), 36_000 * S);
    }

    #[test]
    fn the_warm_up_comes_before_the_first_measured_arrival() {
        let schedule = Schedule::constant(rate(10.0), S / 4, S, u64::MAX);
        assert_eq!((schedule.warmup_count(), schedule.measured_count()), (3, 10));
        assert_eq!([schedule.at(0), schedule.at(2), schedule.at(3)], [0, S / 5, S / 4]);
        assert_eq!([schedule.due(0), schedule.due(S / 4 - 1), schedule.due(S / 4)], [1, 3, 4]);
        assert_eq!(schedule.due(100 * S), schedule.count());
    }

    #[test]
    fn a_limit_ends_the_arrivals_early() {
        let schedule = Schedule::constant(rate(10.0), 0, S, 4);
        assert_eq!((schedule.count(), schedule.due(S)), (4, 4));
    }

    proptest! {
        #[test]
        fn due_is_the_inverse_of_at(per_second in 0.01f64..5e6, n in 0u64..1_000_000) {
            let arrivals = Arrivals { period_ns: 1e9 / per_second, count: u64::MAX };
            prop_assert!(arrivals.due(arrivals.at(n)) > n);
            prop_assert!(arrivals.at(n) == 0 || arrivals.due(arrivals.at(n) - 1) <= n);
            prop_assert!(arrivals.at(n) <= arrivals.at(n + 1));
        }
    }
}
