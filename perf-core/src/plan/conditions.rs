//! What somebody wants to be told of while a test runs.
//!
//! The reverse of a limit: it is told of when it holds. Looks at nothing itself.

use super::threshold::Threshold;
use std::time::Duration;

/// Of every test; nothing by default.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// Each is told of when it holds over a whole window.
    pub when: Vec<Threshold>,
    /// How much of the test is looked at, in whole seconds; at least one.
    pub window: Duration,
    /// Whether a limit of the test that it cannot keep any more is told of before the end.
    pub is_lost_told: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Conditions { when: Vec::new(), window: Duration::from_secs(5), is_lost_told: false }
    }
}
