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

impl Phase {
    /// Both, in order.
    pub const ALL: [Phase; 2] = [Phase::Warmup, Phase::Measured];
}

/// One iteration that was started.
#[derive(Debug)]
pub struct Sample {
    /// Whose.
    pub user: u64,
    /// No other one of the session has this number.
    pub iteration: u64,
    /// Goes by `intended`.
    pub phase: Phase,
    /// When it should have started.
    pub intended: u64,
    /// When it did.
    pub started: u64,
    /// When it was finished, or given up.
    pub finished: u64,
    /// How long of that the test function paused of its own will; part of no time that is recorded.
    pub thought: u64,
    /// How it ended.
    pub ending: Ending,
}

impl Sample {
    /// Finish − intended start, without the pauses of its own.
    pub fn response(&self) -> u64 {
        self.finished.saturating_sub(self.thought).saturating_sub(self.intended)
    }

    /// Finish − actual start, without the pauses of its own.
    pub fn service(&self) -> u64 {
        self.finished.saturating_sub(self.thought).saturating_sub(self.started)
    }

    /// Actual start − intended start.
    pub fn lag(&self) -> u64 {
        self.started.saturating_sub(self.intended)
    }
}

#[cfg(test)]
impl Sample {
    /// A measured one that was meant to start, and did, at the start of the load.
    pub(crate) fn example(finished: u64, ending: Ending) -> Self {
        let phase = Phase::Measured;
        Sample { user: 0, iteration: 0, phase, intended: 0, started: 0, finished, thought: 0, ending }
    }
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

    /// Counts an iteration that begins.
    #[inline]
    pub fn start(&mut self) {
        self.planned += 1;
        self.started += 1;
    }

    /// Counts an iteration that ends.
    #[inline]
    pub fn end(&mut self, ending: &Ending) {
        match ending {
            Ending::Succeeded => self.succeeded += 1,
            Ending::Failed(_) => self.failed += 1,
            Ending::TimedOut => self.timed_out += 1,
            Ending::Interrupted => self.interrupted += 1,
        }
    }

    /// Counts arrivals that cannot start.
    pub fn drop_arrivals(&mut self, why: Drop, count: u64) {
        self.planned += count;
        match why {
            Drop::MaxInFlight => self.dropped_max_in_flight += count,
            Drop::Late => self.dropped_late += count,
        }
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: &Counts) {
        *self = self.each(other, |ours, theirs| ours + theirs);
    }

    /// What is left when the other's are taken away; nothing becomes negative.
    #[must_use]
    pub fn without(&self, other: &Counts) -> Self {
        self.each(other, u64::saturating_sub)
    }

    fn each(&self, other: &Counts, combine: impl Fn(u64, u64) -> u64) -> Self {
        let theirs = other.to_array();
        let mut all = self.to_array();
        all.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours = combine(*ours, theirs));
        Counts::from_array(all)
    }

    /// Every count, in the order of the fields.
    pub fn to_array(self) -> [u64; 8] {
        [
            self.planned,
            self.started,
            self.succeeded,
            self.failed,
            self.timed_out,
            self.dropped_max_in_flight,
            self.dropped_late,
            self.interrupted,
        ]
    }

    /// The reverse of [`to_array`](Self::to_array).
    pub fn from_array(all: [u64; 8]) -> Self {
        let [
            planned,
            started,
            succeeded,
            failed,
            timed_out,
            dropped_max_in_flight,
            dropped_late,
            interrupted,
        ] = all;
        Counts {
            planned,
            started,
            succeeded,
            failed,
            timed_out,
            dropped_max_in_flight,
            dropped_late,
            interrupted,
        }
    }

    /// Whether all identities hold; for tests and debug assertions.
    pub fn are_consistent(&self) -> bool {
        self.planned == self.started + self.dropped() && self.started == self.completed() + self.interrupted
    }
}
