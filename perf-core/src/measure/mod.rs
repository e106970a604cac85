//! Numbers: what happened.
//!
//! Turns samples into a [`Recording`]. Judges nothing.

pub mod alert;
mod altered;
pub mod class;
mod collection;
pub mod counted;
mod cpu_time;
pub mod custom;
pub mod edges;
pub mod environment;
pub mod errors;
pub mod exemplar;
pub mod histogram;
pub mod ladder;
pub mod live_counts;
pub mod marks;
mod message;
pub mod mix;
pub mod proc;
pub mod pulse;
pub mod recorder;
pub mod resources;
pub mod sample;
pub mod sparse;
mod stopped;
pub mod system;
pub mod tally;
pub mod timeline;
pub mod totals;
mod virtualisation;
pub mod window;

use crate::outcome::Failure;
use alert::Alert;
pub use altered::{Altered, Backed, Curbed, Gap, Scaled};
pub use collection::{Collection, Named, Round};
pub use cpu_time::{Surroundings, TargetCpu, WorkerCpu, cpu_beside};
use exemplar::Exemplars;
use pulse::Pulse;
use resources::Resources;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};
pub use stopped::{Aborted, Signal, Stopped};
use tally::Tally;
use timeline::Timeline;

/// Everything that was recorded in one session.
#[derive(Debug)]
pub struct Recording {
    /// When the load started.
    pub began: SystemTime,
    /// From the start of the load to the start of measuring.
    pub warmup_length: Duration,
    /// From the start of measuring to its end, without the drain.
    pub measured_for: Duration,
    /// What set-up and the start of the workers took.
    pub preparation: Preparation,
    /// Iterations meant to start before measuring.
    pub warmup: Tally,
    /// The others.
    pub measured: Tally,
    /// Slices of the measured time, in order.
    pub rounds: Vec<Round>,
    /// How it went.
    pub timeline: Timeline,
    /// The same in finer steps, and less of it.
    pub pulse: Pulse,
    /// Measured iterations, the slowest ones and some drawn from all.
    pub exemplars: Exemplars,
    /// When the schedule stood still; no other number counts that time.
    pub gaps: Vec<Gap>,
    /// How workers backed off, in order.
    pub backed: Vec<Backed>,
    /// How somebody scaled it, in order.
    pub scaled: Vec<Scaled>,
    /// Workers that the system let open no more.
    pub curbed: Vec<Curbed>,
    /// Why the load was another than the plan's, where it was.
    pub altered: Option<Altered>,
    /// When workers did not get back to their loops.
    pub blocked: Vec<Blocked>,
    /// How much of its core each worker's thread needed while it measured.
    pub worker_cpu: Vec<WorkerCpu>,
    /// What the target needed, where anybody knows.
    pub target_cpu: Option<TargetCpu>,
    /// What else the machine was busy with while it measured, where anybody knows.
    pub surroundings: Option<Surroundings>,
    /// What the client, the machine and the target needed meanwhile; its points are those of the timeline.
    pub resources: Resources,
    /// What the client lacked before the start.
    pub shortages: Shortages,
    /// What came after the load.
    pub ended: Ended,
    /// Workers that never came back, each with the number of iterations whose times are lost.
    pub lost: Vec<(u32, u64)>,
    /// How the users' own tear-down went.
    pub left: Attendance,
    /// What ended it early.
    pub stopped_by: Option<Stopped>,
    /// What somebody was told of it while it ran, in order; the first hundred.
    pub alerts: Vec<Alert>,
}

/// What happened before the load started.
#[derive(Clone, Debug, Default)]
pub struct Preparation {
    /// The user's `setup`.
    pub setup: Duration,
    /// Until the target was ready.
    pub ready: Duration,
    /// Threads, runtimes, clients and the users' own set-up.
    pub workers: Duration,
    /// Warm-ups that showed that there were too few workers.
    pub calibration: Vec<Calibration>,
    /// Who was there when the load started, where users have a set-up or a loop of their own.
    pub users: Attendance,
    /// The names that were resolved, also during the load, each with the addresses that it kept to the end.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
}

/// What happened after the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Until nothing was running any more.
    pub drain: Duration,
    /// The user's `teardown`, and the end of what `setup` made.
    pub teardown: Duration,
}

/// What came of the users' own set-up, or tear-down.
#[derive(Clone, Debug, Default)]
pub struct Attendance {
    /// How many there are.
    pub users: u64,
    /// How many of them failed in it.
    pub failed: u64,
    /// What the first of those said.
    pub first: Option<Failure>,
}

impl Attendance {
    /// Adds the other's.
    pub fn merge(&mut self, other: Attendance) {
        self.users += other.users;
        self.failed += other.failed;
        self.first = self.first.take().or(other.first);
    }
}

impl Default for Recording {
    /// Of nothing, begun now.
    fn default() -> Self {
        Recording {
            began: SystemTime::now(),
            warmup_length: Duration::ZERO,
            measured_for: Duration::ZERO,
            preparation: Preparation::default(),
            warmup: Tally::default(),
            measured: Tally::default(),
            rounds: Vec::new(),
            timeline: Timeline::new(1_000_000_000),
            pulse: Pulse::default(),
            exemplars: Exemplars::default(),
            gaps: Vec::new(),
            backed: Vec::new(),
            scaled: Vec::new(),
            curbed: Vec::new(),
            altered: None,
            blocked: Vec::new(),
            worker_cpu: Vec::new(),
            target_cpu: None,
            surroundings: None,
            resources: Resources::default(),
            shortages: Vec::new(),
            ended: Ended::default(),
            lost: Vec::new(),
            left: Attendance::default(),
            stopped_by: None,
            alerts: Vec::new(),
        }
    }
}

/// A warm-up that was given up because a worker needed too much of its core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// How many workers there were.
    pub workers: u32,
    /// Iterations that were started, and count nowhere else.
    pub started: u64,
}

/// What a worker tells at its end.
#[derive(Clone, Debug, Default)]
pub struct Farewell {
    /// When it did not get back to its loop.
    pub blocked: Vec<Blocked>,
    /// How its users' tear-down went.
    pub left: Attendance,
    /// How it backed off.
    pub backed: Vec<Backed>,
    /// Whether the system let it open no more.
    pub curbed: Option<Curbed>,
    /// How long it waited at the end for what was running.
    pub drained: Duration,
    /// Of the measured time, where the system keeps an account.
    pub cpu: Option<WorkerCpu>,
}

/// What the client has too little of for its load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Files that may be open.
    OpenFiles {
        /// By the load.
        needed: u64,
        /// By the system.
        allowed: u64,
    },
    /// Local ports for connections to one address.
    Ports {
        /// By the load.
        needed: u64,
        /// By the system.
        allowed: u64,
    },
    /// Memory, in bytes.
    Memory {
        /// By the load, at least.
        needed: u64,
        /// That is left.
        free: u64,
    },
}

/// All of them.
pub type Shortages = Vec<Shortage>;

/// A stretch of time in which a worker did not get back to its loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// When it began, in nanoseconds since the start of the load.
    pub at: u64,
    /// How long it took.
    pub length: Duration,
}
