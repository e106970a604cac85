//! Quantities of the test's own: what a test function is handed to record them with.

use crate::measure::custom::Reading;
use crate::measure::marks::{Mark, Name};
use std::cell::RefCell;
use std::time::Duration;

/// Whatever it is, under its name.
pub(super) struct Quantity<'a> {
    marks: &'a RefCell<Vec<Mark>>,
    name: Name,
}

impl<'a> Quantity<'a> {
    pub(super) fn new(marks: &'a RefCell<Vec<Mark>>, name: Name) -> Self {
        Quantity { marks, name }
    }

    fn read(self, reading: Reading) {
        self.marks.borrow_mut().push(Mark::Metric(self.name, reading));
    }
}

/// See [`Cx::counter`](super::cx::Cx::counter).
#[must_use = "call `add` on it"]
pub struct Counter<'a>(pub(super) Quantity<'a>);

impl Counter<'_> {
    /// So many more.
    pub fn add(self, n: u64) {
        self.0.read(Reading::Count(n));
    }
}

/// See [`Cx::gauge`](super::cx::Cx::gauge).
#[must_use = "call `set` on it"]
pub struct Gauge<'a>(pub(super) Quantity<'a>);

impl Gauge<'_> {
    /// It is so high now. What is no number is not recorded.
    pub fn set(self, level: impl Into<Level>) {
        let Level(level) = level.into();
        if level.is_finite() {
            self.0.read(Reading::Level(level));
        }
    }
}

/// See [`Cx::trend`](super::cx::Cx::trend).
#[must_use = "call `record` on it"]
pub struct Trend<'a>(pub(super) Quantity<'a>);

impl Trend<'_> {
    /// It took so long, or was so much, this time: a `Duration`, or a number from 0 to 3.6 billion that is kept to a
    /// thousandth and three digits. What is below zero counts as zero; what is no number is not recorded.
    pub fn record(self, value: impl Into<Amount>) {
        if let Some(reading) = value.into().0 {
            self.0.read(reading);
        }
    }
}

/// See [`Cx::rate`](super::cx::Cx::rate).
#[must_use = "call `record` on it"]
pub struct Rate<'a>(pub(super) Quantity<'a>);

impl Rate<'_> {
    /// Whether it was so this time.
    pub fn record(self, was_so: bool) {
        self.0.read(Reading::Hit(was_so));
    }
}

/// A duration or a number, for [`Trend::record`].
#[derive(Clone, Copy, Debug)]
pub struct Amount(Option<Reading>);

impl From<Duration> for Amount {
    fn from(length: Duration) -> Self {
        Amount(Some(Reading::Time(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))))
    }
}

/// A number, for [`Gauge::set`].
#[derive(Clone, Copy, Debug)]
pub struct Level(f64);

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Amount {
            #[allow(clippy::cast_lossless, clippy::cast_precision_loss)] // three digits are kept
            fn from(number: $number) -> Self {
                let number = number as f64;
                Amount(number.is_finite().then(|| Reading::Number(number.max(0.0))))
            }
        }

        impl From<$number> for Level {
            #[allow(clippy::cast_lossless, clippy::cast_precision_loss)] // as many digits as a report shows
            fn from(number: $number) -> Self {
                Level(number as f64)
            }
        }
    )*};
}

numbers!(f32, f64, i32, i64, u8, u16, u32, u64, usize);
