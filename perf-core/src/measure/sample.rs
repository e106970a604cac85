//! One iteration as the engine saw it, and how many there were of each kind.
//!
//! All times are nanoseconds since the start of the load.

use crate::outcome::Failure;

/// Which part of a load an iteration belongs to; decided by its intended start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Load before measuring, recorded apart.
    Warmup,
    /// What the report is about.
    Measured,
}

/// One iteration that was started.
#[derive(Debug)]
pub struct Sample {
    /// Goes by `intended`.
    pub phase: Phase,
    /// When it should have started.
    pub intended: u64,
    /// When it did.
    pub started: u64,
    /// When it was finished, or given up.
    pub finished: u64,
    /// How it ended.
    pub ending: Ending,
}

/// How an iteration that was started came to its end.
#[derive(Debug)]
pub enum Ending {
    /// As it should be.
    Succeeded,
    /// It returned a failure, or panicked.
    Failed(Failure),
    /// It ran longer than its `timeout`.
    TimedOut,
    /// The run ended before it did.
    Interrupted,
}

/// Why an arrival could not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    /// So many iterations were still running: the target's doing.
    MaxInFlight,
    /// So many arrivals were waiting for the generator: its own doing.
    Late,
}

/// How many iterations there were of each kind.
///
/// `planned = started + dropped`, `started = completed + interrupted`, `completed = succeeded + failed + timed_out`:
/// the sums are methods, so they hold by construction once every started iteration is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Arrivals that fell due, or iterations that a user claimed.
    pub planned: u64,
    /// Those of them that began.
    pub started: u64,
    /// Ended as they should.
    pub succeeded: u64,
    /// Ended with a failure or a panic.
    pub failed: u64,
    /// Given up after their `timeout`.
    pub timed_out: u64,
    /// Not started because `max_in_flight` was reached.
    pub dropped_max_in_flight: u64,
    /// Not started because the generator was too far behind.
    pub dropped_late: u64,
    /// Still running when the run ended.
    pub interrupted: u64,
}

impl Counts {
    /// Ran to an end of their own or to their time limit.
    pub fn completed(&self) -> u64 {
        self.succeeded + self.failed + self.timed_out
    }

    /// Never started.
    pub fn dropped(&self) -> u64 {
        self.dropped_max_in_flight + self.dropped_late
    }

    /// Everything that was planned and did not succeed.
    pub fn errors(&self) -> u64 {
        self.failed + self.timed_out + self.dropped() + self.interrupted
    }

    /// Running at the moment of counting.
    pub fn in_flight(&self) -> u64 {
        self.started.saturating_sub(self.completed() + self.interrupted)
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: &Counts) {
        self.planned += other.planned;
        self.started += other.started;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.timed_out += other.timed_out;
        self.dropped_max_in_flight += other.dropped_max_in_flight;
        self.dropped_late += other.dropped_late;
        self.interrupted += other.interrupted;
    }

    /// Whether all identities hold; for tests and debug assertions.
    pub fn are_consistent(&self) -> bool {
        self.planned == self.started + self.dropped() && self.started == self.completed() + self.interrupted
    }
}
