//! Numbers: what happened.
//!
//! Turns samples into a [`Recording`]. Judges nothing.

pub mod alert;
pub mod class;
mod collection;
pub mod counted;
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
pub mod system;
pub mod tally;
pub mod timeline;
pub mod totals;
mod virtualisation;
pub mod window;

use crate::metric::Unit;
use crate::outcome::Failure;
use crate::plan::threshold::show_value;
use alert::Alert;
pub use collection::{Collection, Named, Round};
use exemplar::Exemplars;
use pulse::Pulse;
use resources::Resources;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};
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

/// Why a session ended before its plan did.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// Somebody asked for it.
    Signal(Signal),
    /// A limit was broken for a whole window.
    Aborted(Aborted),
    /// A feeder had no row left; it says which, and what to do.
    OutOfData(String),
    /// The warm-up showed that there are too few workers; the load is started again with one more.
    TooFewWorkers,
}

/// A limit that ended a test, and the window that broke it.
#[derive(Clone, Debug, PartialEq)]
pub struct Aborted {
    /// As it was written.
    pub expression: String,
    /// Where the window ended, from the start of measuring.
    pub at: Duration,
    /// How long it was.
    pub window: Duration,
    /// Of the metric in it.
    pub value: f64,
    /// What that is counted in.
    pub unit: Unit,
}

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Aborted { expression, at, window, value, unit } = self;
        let (at, window) = (at.as_secs_f64(), window.as_secs_f64());
        let value = show_value(*value, *unit);
        write!(f, "ended after {at} s: {expression} was broken, {value} in the last {window} s")
    }
}

/// A wish from outside to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What CI systems and nextest send.
    Terminate,
}

impl Signal {
    /// As the system calls it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    /// What a shell expects of a process that ended by it.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
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

/// A pause: where in the schedule, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// In nanoseconds of the schedule since the start of the load.
    pub at: u64,
    /// In nanoseconds.
    pub length: u64,
}

/// Why a load was not the plan's own; such a run is compared with nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Altered {
    /// Somebody scaled it.
    Scaled {
        /// When, in nanoseconds of the schedule since the start of the load.
        at: u64,
        /// What the plan's load was multiplied by, last.
        factor: f64,
    },
    /// The target said that it had too much.
    BackedOff {
        /// When for the first time, in nanoseconds of the schedule since the start of the load.
        at: u64,
        /// The least that a worker offered, as a part of the plan's load.
        least: f64,
    },
}

/// A change of what a worker offered while it backed off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backed {
    /// In nanoseconds of the schedule since the start of the load.
    pub at: u64,
    /// The part of the plan's load from then on.
    pub factor: f64,
}

/// A change of the load that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// In nanoseconds of the schedule since the start of the load.
    pub at: u64,
    /// What the plan's load is multiplied by from then on.
    pub factor: f64,
}

/// A worker that kept fewer iterations in flight, because the system let it open no more files or ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curbed {
    /// Since when, in nanoseconds of the schedule since the start of the load.
    pub at: u64,
    /// How many it ran at a time in the end.
    pub in_flight: u64,
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

/// CPU time of one worker's thread over the measured time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerCpu {
    /// That it ran.
    pub ran: Duration,
    /// That all threads of the process ran meanwhile.
    pub process: Duration,
    /// That went by.
    pub wall: Duration,
}

impl WorkerCpu {
    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        if self.wall.is_zero() { 0.0 } else { self.ran.as_secs_f64() / self.wall.as_secs_f64() }
    }
}

/// Readings of the target's CPU time, in nanoseconds since some instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetCpu {
    /// At the start of measuring and at the end of each round that is timed, as far as the load came.
    pub edges: Vec<Option<u64>>,
    /// When all iterations were over.
    pub end: Option<u64>,
}

/// CPU time that went to neither the generator nor the target, as parts of what all CPUs had to give meanwhile; 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// That the hypervisor gave to others.
    pub steal: f64,
    /// That other processes used; with those that `setup` spawned and did not name.
    pub others_cpu: f64,
}

impl TargetCpu {
    /// In a round that the clock ended.
    pub fn of_round(&self, round: usize) -> Option<Duration> {
        let at = |edge: usize| self.edges.get(edge).copied().flatten();
        between(at(round)?, at(round + 1)?)
    }

    /// From the start of measuring to the end of the last iteration.
    pub fn of_all(&self) -> Option<Duration> {
        between(self.edges.first().copied().flatten()?, self.end?)
    }
}

fn between(before: u64, after: u64) -> Option<Duration> {
    after.checked_sub(before).map(Duration::from_nanos)
}

/// CPU time per second of time of whatever in this process is no worker: of a target that `setup` started here, and next to
/// nothing else. `None` where the system keeps no account.
pub fn cpu_beside(workers: &[WorkerCpu]) -> Option<f64> {
    let longest = workers.iter().max_by_key(|worker| worker.wall).filter(|worker| !worker.wall.is_zero())?;
    let own: Duration = workers.iter().map(|worker| worker.ran).sum();
    Some(longest.process.saturating_sub(own).as_secs_f64() / longest.wall.as_secs_f64())
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
