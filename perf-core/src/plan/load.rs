//! What is offered: arrivals at a rate, or users in a loop.

use crate::units::Rate;
use std::fmt;

/// The load of one test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Arrivals at a constant rate, whatever the target does.
    Open {
        /// Above zero.
        rate: Rate,
        /// Stop after so many.
        iterations: Option<u64>,
    },
    /// Users in a loop: each starts its next iteration when the last one is finished.
    Closed {
        /// At least one.
        users: u32,
        /// Shared between the users: stop after so many.
        iterations: Option<u64>,
    },
}

impl Load {
    /// As `report.json` names it: `open`, `closed` or `iterations`.
    pub fn model(&self) -> &'static str {
        match self {
            Load::Open { .. } => "open",
            Load::Closed { iterations: None, .. } => "closed",
            Load::Closed { iterations: Some(_), .. } => "iterations",
        }
    }

    /// The number of iterations to stop after.
    pub fn iterations(&self) -> Option<u64> {
        match self {
            Load::Open { iterations, .. } | Load::Closed { iterations, .. } => *iterations,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Load::Open { rate, .. } => write!(f, "{rate}")?,
            Load::Closed { users: 1, .. } => write!(f, "1 user")?,
            Load::Closed { users, .. } => write!(f, "{users} users")?,
        }
        match self.iterations() {
            Some(1) => write!(f, ", 1 iteration"),
            Some(iterations) => write!(f, ", {iterations} iterations"),
            None => Ok(()),
        }
    }
}
