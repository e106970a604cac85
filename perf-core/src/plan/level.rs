//! What the words of a load take: a level or a length, as a value or as a text that is read at once.
//!
//! What is wrong with a text is kept until the load is looked at.

use crate::units::{Rate, UnitError, parse_duration};
use std::time::Duration;

/// A level as a number or a text.
#[derive(Clone, Debug)]
pub struct Level(pub(super) Result<f64, UnitError>);

/// A length of time as a `Duration` or a text.
#[derive(Clone, Debug)]
pub struct Length(pub(super) Result<Duration, UnitError>);

macro_rules! level_of {
    ($($number:ty),*) => {$(
        impl From<$number> for Level {
            fn from(level: $number) -> Self {
                Level(Ok(f64::from(level)))
            }
        }
    )*};
}
level_of!(i32, u32, f32, f64);

impl From<&str> for Level {
    fn from(text: &str) -> Self {
        Level(text.parse::<Rate>().map(Rate::as_per_second))
    }
}

impl From<Rate> for Level {
    fn from(rate: Rate) -> Self {
        Level(Ok(rate.as_per_second()))
    }
}

impl From<Duration> for Length {
    fn from(length: Duration) -> Self {
        Length(Ok(length))
    }
}

impl From<&str> for Length {
    fn from(text: &str) -> Self {
        Length(parse_duration(text))
    }
}
