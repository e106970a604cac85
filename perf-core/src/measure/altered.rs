//! Where the load was another than the plan's.

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
