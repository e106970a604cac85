//! An iteration that is to start now.

use crate::measure::sample::Phase;

/// Which one, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// No other iteration of the session has this number.
    pub number: u64,
    /// When it should start.
    pub intended: u64,
    /// By its intended start.
    pub phase: Phase,
}
