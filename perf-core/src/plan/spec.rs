//! What somebody asked for, as it was written: the attribute's keys, a profile, flags. Everything may be missing.
//!
//! `flags` and `lay` lay one over the other; `Plan::resolve` checks the whole.

use super::conditions::Conditions;
use super::limits::Limits;
use super::load::{Iterations, Load};
use std::borrow::Cow;
use std::time::Duration;

/// A text of the attribute, or of a file.
pub type Text = Cow<'static, str>;

/// The keys of one `#[perf_test]`, rendered by the attribute. A field that is `None` was not given.
#[derive(Clone, Debug, Default)]
pub struct PerfSpec {
    /// Any load; in the place of `rate`, `users` and `duration`.
    pub load: Option<Load>,
    /// Arrivals per second of an open load.
    pub rate: Option<f64>,
    /// Users of a closed load.
    pub users: Option<u32>,
    /// Stop after so many.
    pub iterations: Option<Iterations>,
    /// How long load is measured.
    pub duration: Option<Duration>,
    /// How the arrivals of an open load stand to each other, as text.
    pub arrivals: Option<Text>,
    /// The pause after an iteration of a closed load, as text.
    pub think: Option<Text>,
    /// The least time from one start to the next of a user of a closed load.
    pub pace: Option<Duration>,
    /// Load before measuring.
    pub warmup: Option<Duration>,
    /// Slices of the measured time.
    pub rounds: Option<u32>,
    /// Of one iteration.
    pub timeout: Option<Duration>,
    /// Cap on concurrent iterations of an open load.
    pub max_in_flight: Option<u32>,
    /// How long running iterations may take to finish.
    pub graceful_stop: Option<Duration>,
    /// Engine threads.
    pub workers: Option<u32>,
    /// Of arrivals and users' generators.
    pub seed: Option<u64>,
    /// Whose connections are re-used, as text.
    pub connections: Option<Text>,
    /// Whether a worker spins for the last microseconds before an arrival.
    pub precise: Option<bool>,
    /// Whether less is offered while the target says that it has too much.
    pub backoff: Option<bool>,
    /// An address that must answer before load starts.
    pub ready: Option<Text>,
    /// How long that, or the function in its place, is waited for.
    pub ready_timeout: Option<Duration>,
    /// Limits, as text.
    pub thresholds: Vec<Text>,
    /// Which metrics are compared with a baseline.
    pub baseline: GateSpec,
    /// Base of relative URLs.
    pub base_url: Option<Text>,
    /// The scenario it is part of.
    pub scenario: Option<Text>,
    /// How long after the scenario's start its load begins.
    pub start_after: Option<Duration>,
    /// Its part of the rate that the scenario's tests share; above zero.
    pub weight: Option<f64>,
    /// For selection with `--tag`.
    pub tags: Vec<Text>,
    /// As in libtest; the reason may be empty.
    pub ignore: Option<Text>,
}

/// Which metrics are compared with a baseline, as text: `baseline("p50" = "5%")` or `baseline(off)`.
#[derive(Clone, Debug, Default)]
pub enum GateSpec {
    /// Those of the load's model.
    #[default]
    Default,
    /// None.
    Off,
    /// These, each with its tolerance or the default one.
    Metrics(Vec<(Text, Option<Text>)>),
}

/// What the command line asks of every selected test.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A profile, laid over the attribute before the flags.
    pub profile: Option<Profile>,
    /// Of every test, in the place of its own.
    pub load: Option<Load>,
    /// The highest rate of tests that have one.
    pub rate: Option<f64>,
    /// The most users of tests that have some.
    pub users: Option<u32>,
    /// Of tests that have a duration.
    pub duration: Option<Duration>,
    /// Of tests that have a duration.
    pub warmup: Option<Duration>,
    /// Of every test.
    pub rounds: Option<u32>,
    /// Of every test.
    pub workers: Option<u32>,
    /// Of every test.
    pub base_url: Option<String>,
    /// Of arrivals and users' generators.
    pub seed: Option<u64>,
    /// What the owner of the target allows, whatever anybody asks for; `None` where the test will not run.
    pub limits: Option<Limits>,
    /// What somebody wants to be told of while it runs.
    pub conditions: Conditions,
}

/// A built-in set of overrides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One user, one iteration, no baseline: does it work at all?
    Smoke,
    /// A tenth of the duration, of the warm-up and of the iterations.
    Quick,
}

impl PerfSpec {
    /// Whether the test has one of the tags; every test has one of none.
    pub fn has_any_tag(&self, tags: &[String]) -> bool {
        tags.is_empty() || self.tags.iter().any(|own| tags.iter().any(|tag| tag == own))
    }
}
