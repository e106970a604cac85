//! How small and how large a value may be, whoever says it: the attribute, perf.toml, the command line or code.
//!
//! The numbers, and the words that refuse another one. What a value is written as is not looked at here.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Slices of the measured time.
pub const MOST_ROUNDS: u32 = 1000;
/// Engine threads.
pub const MOST_WORKERS: u32 = 1024;
/// Arrivals per second.
const HIGHEST_RATE: f64 = 1e7;
/// Of everything that takes time.
const LONGEST: Duration = Duration::from_hours(365 * 24);
/// What says nothing when it is zero. Any other time may be none.
const ABOVE_ZERO: [&str; 2] = ["duration", "timeout"];

/// What the number of a key may be: `rounds`, `workers`, `users` or `max_in_flight`.
pub fn counts(key: &str) -> RangeInclusive<u32> {
    match key {
        "rounds" => 1..=MOST_ROUNDS,
        "workers" => 1..=MOST_WORKERS,
        _ => 1..=u32::MAX,
    }
}

/// Whether a key may have this number.
pub fn check_count(key: &str, count: u64) -> Result<(), BoundError> {
    let range = counts(key);
    match u32::try_from(count).is_ok_and(|count| range.contains(&count)) {
        true => Ok(()),
        false => Err(BoundError::Count { key: key.to_owned(), most: *range.end() }),
    }
}

/// Whether one machine can offer so many per second.
pub fn check_rate(per_second: f64) -> Result<(), BoundError> {
    match per_second {
        rate if rate > HIGHEST_RATE => Err(BoundError::TooHigh),
        rate if rate > 0.0 => Ok(()),
        _ => Err(BoundError::NoRate),
    }
}

/// Whether a key may have this length.
pub fn check_length(key: &str, length: Duration) -> Result<(), BoundError> {
    match length {
        Duration::ZERO if ABOVE_ZERO.contains(&key) => Err(BoundError::Zero(key.to_owned())),
        length if length > LONGEST => Err(BoundError::TooLong(key.to_owned())),
        _ => Ok(()),
    }
}

/// What is out of its bounds, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundError {
    /// None, or too many.
    #[error("`{key}` is a whole number from 1 to {most}")]
    Count {
        /// Of what.
        key: String,
        /// The largest.
        most: u32,
    },
    /// Nothing would be offered.
    #[error("a rate of zero offers nothing; write one above zero")]
    NoRate,
    /// More than a machine can do.
    #[error("a rate above 10,000,000/s cannot be offered by one machine; write a lower one")]
    TooHigh,
    /// Nothing where something is needed.
    #[error("`{0}` is zero; write one above zero")]
    Zero(String),
    /// Nobody waits for it.
    #[error("`{0}` is longer than a year; write at most \"365d\"")]
    TooLong(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_its_bounds_says_them() {
        let said = |checked: Result<(), BoundError>| checked.err().map_or(String::new(), |e| e.to_string());
        assert_eq!(said(check_count("rounds", 1001)), "`rounds` is a whole number from 1 to 1000");
        assert_eq!(said(check_count("workers", 0)), "`workers` is a whole number from 1 to 1024");
        assert_eq!(said(check_count("users", 1001)), "");
        assert!(
            said(check_rate(0.0)).contains("offers nothing") && said(check_rate(f64::NAN)).contains("zero")
        );
        assert!(said(check_rate(1e7 + 1.0)).contains("10,000,000/s") && said(check_rate(1e7)).is_empty());
        let day = Duration::from_hours(24);
        assert_eq!(
            said(check_length("warmup", day * 366)),
            "`warmup` is longer than a year; write at most \"365d\""
        );
        assert_eq!(said(check_length("timeout", Duration::ZERO)), "`timeout` is zero; write one above zero");
        assert_eq!(said(check_length("ready_timeout", Duration::ZERO)), "");
    }
}
