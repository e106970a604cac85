//! Understands: turns a recording into a summary and findings. Judges nothing.

pub mod autocorrelation;
pub mod capacity;
pub mod change_point;
pub mod comb;
pub mod course;
pub mod creep;
pub mod findings;
pub mod health;
pub mod hunt;
pub mod knee;
pub mod modes;
pub mod ranks;
pub mod seconds;
pub mod slope;
pub mod stats;
pub mod summary;
pub mod trend;

use crate::measure::Recording;
use crate::plan::Plan;
use findings::Finding;
use findings::bound::Bound;
use summary::Summary;

/// One execution of one perf test, understood.
#[derive(Debug)]
pub struct Session {
    /// What happened.
    pub recording: Recording,
    /// Its numbers.
    pub summary: Summary,
    /// What was noticed.
    pub findings: Vec<Finding>,
    /// What it could not get beyond, as far as anybody knows.
    pub bound: Option<Bound>,
}

impl Session {
    /// With what is noticed of it.
    pub fn of(plan: &Plan, recording: Recording, summary: Summary) -> Self {
        let (findings, bound) = findings::look(plan, &recording, &summary);
        Session { recording, summary, findings, bound }
    }

    /// Whether the generator was the bottleneck somewhere.
    pub fn is_spoiled(&self) -> bool {
        findings::spoil(&self.findings)
    }

    /// Whether the load was another than the plan's, so that it is compared with nothing.
    pub fn is_altered(&self) -> bool {
        self.recording.altered.is_some()
    }

    /// Whether it is whole, and its numbers are the target's.
    pub fn is_sound(&self) -> bool {
        !self.is_partial() && !self.is_spoiled()
    }

    /// Whether it is sound, and of the plan's own load.
    pub fn is_comparable(&self) -> bool {
        self.is_sound() && !self.is_altered()
    }

    /// Whether it ended early.
    pub fn is_partial(&self) -> bool {
        self.recording.stopped_by.is_some()
    }
}
