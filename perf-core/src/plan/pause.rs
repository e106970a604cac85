//! How long a user of a closed load rests between two iterations.
//!
//! Pure: the random number comes from outside.

use crate::units::{UnitError, parse_duration};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A pause, the same every time or drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Always as long.
    Constant(Duration),
    /// Any length between the two, both included, equally likely.
    Uniform(Duration, Duration),
    /// With this mean: mostly shorter, sometimes much longer.
    Exponential(Duration),
}

impl Pause {
    /// One pause, for a random number from 0 up to 1.
    pub fn draw(self, unit: f64) -> Duration {
        match self {
            Pause::Constant(length) => length,
            Pause::Uniform(from, to) => from + to.saturating_sub(from).mul_f64(unit),
            Pause::Exponential(mean) => mean.mul_f64(-(1.0 - unit).ln()),
        }
    }

    /// Whether there is nothing to wait for.
    pub fn is_zero(self) -> bool {
        matches!(
            self,
            Pause::Constant(Duration::ZERO)
                | Pause::Uniform(_, Duration::ZERO)
                | Pause::Exponential(Duration::ZERO)
        )
    }
}

impl FromStr for Pause {
    type Err = PauseError;

    /// `100ms`, `50ms..150ms` or `exp(100ms)`.
    fn from_str(text: &str) -> Result<Self, PauseError> {
        let text = text.trim();
        if let Some(mean) = text.strip_prefix("exp(").and_then(|rest| rest.strip_suffix(')')) {
            return Ok(Pause::Exponential(parse_duration(mean)?));
        }
        let Some((from, to)) = text.split_once("..") else {
            return Ok(Pause::Constant(parse_duration(text)?));
        };
        match (parse_duration(from)?, parse_duration(to)?) {
            (from, to) if from <= to => Ok(Pause::Uniform(from, to)),
            _ => Err(PauseError::Backwards(text.to_owned())),
        }
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = humantime::format_duration;
        match self {
            Pause::Constant(length) => write!(f, "{}", shown(*length)),
            Pause::Uniform(from, to) => write!(f, "{}..{}", shown(*from), shown(*to)),
            Pause::Exponential(mean) => write!(f, "exp({})", shown(*mean)),
        }
    }
}

/// What is wrong with a pause, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    /// Not a duration.
    #[error("{0}, or a drawn one: \"50ms..150ms\", \"exp(100ms)\"")]
    Duration(#[from] UnitError),
    /// The longer one first.
    #[error("`{0}` ends before it begins; write the shorter one first")]
    Backwards(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_shown_and_drawn() {
        let pause = |text: &str| text.parse::<Pause>().unwrap();
        for text in ["100ms", "50ms..150ms", "exp(1s)"] {
            assert_eq!(pause(text).to_string(), text);
        }
        let ms = |text, unit| pause(text).draw(unit).as_millis();
        assert_eq!((ms("100ms", 0.9), ms("50ms..150ms", 0.0), ms("50ms..150ms", 0.5)), (100, 50, 100));
        assert_eq!((ms("exp(1s)", 0.0), ms("exp(1s)", 1.0 - (-1.0f64).exp())), (0, 1000));
        assert!(pause("0s").is_zero() && !pause("0s..1s").is_zero());
    }

    #[test]
    fn what_is_no_pause_says_what_is() {
        let error = |text: &str| text.parse::<Pause>().unwrap_err().to_string();
        assert!(error("5").contains("exp(100ms)") && error("5").contains("time unit needed"));
        assert!(error("2s..1s").contains("shorter one first"));
    }

    #[test]
    fn exponential_pauses_have_their_mean() {
        let mean = Pause::Exponential(Duration::from_millis(100));
        let total: f64 = (0..10_000).map(|i| mean.draw((f64::from(i) + 0.5) / 10_000.0).as_secs_f64()).sum();
        assert!((total / 10_000.0 - 0.1).abs() < 0.001, "{total}");
    }
}
