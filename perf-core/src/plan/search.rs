//! The search for the highest rate that keeps its limits, as it was asked for.
//!
//! Searches nothing itself.

use super::threshold::{Threshold, ThresholdError};
use std::fmt;
use std::time::Duration;

/// The search for the highest rate that keeps its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What must hold at a level.
    pub limits: Vec<Threshold>,
    /// The first rate that is tried, per second.
    pub from: f64,
    /// The last.
    pub up_to: f64,
    /// How long a level is measured.
    pub probe: Duration,
}

impl Search {
    /// The first thing that is wrong with it.
    pub(super) fn mistake(&self) -> Option<SearchError> {
        let is_range = self.from > 0.0 && self.up_to > self.from && self.up_to.is_finite();
        match () {
            () if !is_range => Some(SearchError::Range),
            () if self.probe.is_zero() => Some(SearchError::NoProbe),
            () if self.limits.is_empty() => Some(SearchError::NoLimit),
            () => None,
        }
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits: Vec<&str> = self.limits.iter().map(|limit| limit.expression.as_str()).collect();
        write!(f, "the highest rate from {} to {}/s with {}", self.from, self.up_to, limits.join(", "))
    }
}

/// What is wrong with a search, and what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// The limit of a search.
    #[error("the limit of a capacity search: {0}")]
    Limit(ThresholdError),
    /// A limit that would end the test.
    #[error("a capacity search ends by itself; write its limit without `abort(…)`")]
    Abort,
    /// The ends of a search.
    #[error("a capacity search needs its ends, from above zero up: `.from(100).up_to(20_000)`")]
    Range,
    /// A search that measures nothing.
    #[error("a capacity search measures each level for a while; write `.probe(\"5s\")`")]
    NoProbe,
    /// A search for nothing.
    #[error("a capacity search needs a limit, such as `Load::capacity(\"p99 < 50ms\")`")]
    NoLimit,
    /// A search with stages.
    #[error("a capacity search makes its own stages; leave `ramp_to`, `hold` and the others out")]
    Stages,
    /// A search that is to stop after so many.
    #[error("`iterations` end no capacity search, which ends by itself; leave it out")]
    Iterations,
    /// A search with users of their own.
    #[error(
        "a capacity search is a new load at every level, and `user_setup` would run again before each; do once what it does \
         in `setup`, or in the test function when a user's first iteration needs it"
    )]
    Users,
}
