//! How the arrivals of an open load stand to each other, as words.
//!
//! What becomes of them is [`arrivals`](super::arrivals)' matter.

use crate::units::{Ratio, UnitError};
use std::fmt;
use std::str::FromStr;

/// How the arrivals of an open load stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Spacing {
    /// Evenly: what is to be repeated exactly.
    #[default]
    Constant,
    /// At random and independent of each other, as the requests of many strangers are: exponential gaps.
    Poisson,
    /// Evenly, each later by a random part, up to this, of the gap to the next. From 0 to 1.
    Jitter(Ratio),
}

impl FromStr for Spacing {
    type Err = SpacingError;

    /// `constant`, `poisson` or `jitter(20%)`.
    fn from_str(text: &str) -> Result<Self, SpacingError> {
        let text = text.trim();
        let jitter = text.strip_prefix("jitter(").and_then(|rest| rest.strip_suffix(')'));
        match (text, jitter) {
            ("constant", _) => Ok(Spacing::Constant),
            ("poisson", _) => Ok(Spacing::Poisson),
            (_, Some(part)) => match part.parse::<Ratio>()? {
                part if (0.0..=1.0).contains(&part.get()) => Ok(Spacing::Jitter(part)),
                part => Err(SpacingError::Part(part.to_string())),
            },
            _ => Err(SpacingError::Unknown(text.to_owned())),
        }
    }
}

impl fmt::Display for Spacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spacing::Constant => f.write_str("constant"),
            Spacing::Poisson => f.write_str("poisson"),
            Spacing::Jitter(part) => write!(f, "jitter({part})"),
        }
    }
}

/// What is wrong with a spacing, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpacingError {
    /// No such word.
    #[error("`{0}` is no spacing of arrivals; write \"constant\", \"poisson\" or \"jitter(20%)\"")]
    Unknown(String),
    /// More than the gap.
    #[error("a jitter of {0} would let arrivals overtake each other; write one from 0% to 100%")]
    Part(String),
    /// No ratio.
    #[error("jitter: {0}")]
    Ratio(#[from] UnitError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spacing_is_read_and_shown() {
        for text in ["constant", "poisson", "jitter(20 %)"] {
            assert_eq!(text.parse::<Spacing>().unwrap().to_string(), text);
        }
        let error = |text: &str| text.parse::<Spacing>().unwrap_err().to_string();
        assert!(error("random").contains("\"poisson\""));
        assert!(error("jitter(120%)").contains("overtake"));
        assert!(error("jitter(x)").contains("not a ratio"));
    }
}
