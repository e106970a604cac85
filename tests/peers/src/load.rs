//! The two loads that every peer is asked for.

use clap::ValueEnum;
use std::fmt;
use std::time::Duration;

/// Users of the closed load.
pub(crate) const USERS: u32 = 64;
/// Arrivals per second of the open load.
pub(crate) const RATE: u32 = 2_000;
/// How long each load is offered.
pub(crate) const LENGTH: Duration = Duration::from_secs(5);
/// Arrivals of the whole open load.
pub(crate) const PLANNED: u64 = RATE as u64 * LENGTH.as_secs();

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Load {
    /// Users, each in a loop.
    Closed,
    /// Arrivals at a rate, whatever the server does.
    Open,
}

impl Load {
    /// As the command line calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Load::Closed => "closed",
            Load::Open => "open",
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = LENGTH.as_secs();
        match self {
            Load::Closed => write!(f, "closed load: {USERS} users for {seconds} s"),
            Load::Open => write!(f, "open load: {RATE}/s for {seconds} s, {PLANNED} planned"),
        }
    }
}
