//! What the keys of a test amount to, each on its own, or everything that is wrong with them.
//!
//! Fills in nothing: `resolve` does.

use super::bounds::{self, BoundError};
use super::connections::{Connections, ConnectionsError};
use super::gate::GateError;
use super::limits::{Limits, NotListed, host_of};
use super::load::{Load, LoadError};
use super::misfit::Misfit;
use super::pause::{Pause, PauseError};
use super::search::SearchError;
use super::shape::Shape;
use super::spacing::{Spacing, SpacingError};
use super::spec::{PerfSpec, Profile};
use super::threshold::{Threshold, ThresholdError};
use crate::metric::Metric;
use crate::units::Rate;

pub(super) fn keep<T>(result: Result<T, PlanError>, mistakes: &mut Vec<PlanError>) -> Option<T> {
    result.map_err(|mistake| mistakes.push(mistake)).ok()
}

pub(super) fn check_bounds(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) {
    let PerfSpec { users, rounds, workers, max_in_flight, .. } = spec;
    let counts =
        [("users", users), ("rounds", rounds), ("workers", workers), ("max_in_flight", max_in_flight)];
    let of_counts = counts
        .into_iter()
        .filter_map(|(key, count)| count.and_then(|count| bounds::check_count(key, count.into()).err()));
    let PerfSpec { duration, timeout, warmup, graceful_stop, pace, ready_timeout, start_after, .. } = spec;
    let lengths = [
        ("duration", duration),
        ("timeout", timeout),
        ("warmup", warmup),
        ("graceful_stop", graceful_stop),
        ("pace", pace),
        ("ready_timeout", ready_timeout),
        ("start_after", start_after),
    ];
    let of_lengths = lengths
        .into_iter()
        .filter_map(|(key, length)| length.and_then(|length| bounds::check_length(key, length).err()));
    let of_rate = spec.rate.and_then(|rate| bounds::check_rate(rate).err());
    mistakes.extend(of_counts.chain(of_lengths).chain(of_rate).map(PlanError::Bound));
}

/// The keys that are texts of a grammar of their own.
pub(super) struct Texts {
    pub(super) arrivals: Spacing,
    pub(super) think: Option<Pause>,
    pub(super) connections: Connections,
}

impl Texts {
    pub(super) fn read(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) -> Option<Self> {
        let arrivals = spec.arrivals.as_deref().unwrap_or("constant").parse().map_err(PlanError::Arrivals);
        let think = spec.think.as_deref().map(str::parse).transpose().map_err(PlanError::Think);
        let connections =
            spec.connections.as_deref().unwrap_or("shared").parse().map_err(PlanError::Connections);
        let arrivals = keep(arrivals, mistakes);
        let think = keep(think, mistakes);
        let connections = keep(connections, mistakes);
        Some(Texts { arrivals: arrivals?, think: think?, connections: connections? })
    }
}

/// What the keys amount to. A load that its keys leave out is told as such.
pub(super) fn load(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) -> Option<Load> {
    let load = match spec {
        PerfSpec { load: Some(_), rate: Some(_), .. } => Err(PlanError::LoadAnd("rate")),
        PerfSpec { load: Some(_), users: Some(_), .. } => Err(PlanError::LoadAnd("users")),
        PerfSpec { load: Some(_), duration: Some(_), .. } => Err(PlanError::LoadAnd("duration")),
        PerfSpec { load: Some(load), .. } => Ok(load.clone()),
        PerfSpec { rate: Some(_), users: Some(_), .. } => Err(PlanError::TwoLoads),
        PerfSpec { rate: Some(_), duration: None, .. } => Err(PlanError::NoDuration("rate")),
        PerfSpec { users: Some(_), duration: None, iterations: None, .. } => {
            Err(PlanError::NoDuration("users"))
        }
        PerfSpec { rate: Some(rate), .. } => Ok(Load::rate(*rate)),
        PerfSpec { users: Some(users), .. } => Ok(Load::users(*users)),
        PerfSpec { iterations: Some(_), .. } => Ok(Load::users(1)),
        _ => Err(PlanError::NoLoad),
    };
    let load = keep(load, mistakes)?;
    let load = match spec.duration {
        Some(duration) => load.hold(duration),
        None => load,
    };
    Some(match spec.iterations {
        Some(iterations) => load.stopping_after(iterations),
        None => load,
    })
}

pub(super) fn shape(load: &Load, mistakes: &mut Vec<PlanError>) -> Option<Shape> {
    // What is wrong with a key was told under the key's own name.
    if mistakes.is_empty() {
        mistakes.extend(load.mistakes().into_iter().map(PlanError::Load));
    }
    if mistakes.is_empty() {
        mistakes.extend(load.check_bounds().map(PlanError::Bound));
    }
    match load.search() {
        Some(search) => Some(Shape::constant(search.from, Some(search.probe))),
        None => load.shape().ok(),
    }
}

/// What the owner allows. Closed users wait for their turn instead.
pub(super) fn check_limits(
    limits: &Limits,
    load: &Load,
    shape: &Shape,
    base_url: Option<&str>,
    mistakes: &mut Vec<PlanError>,
) {
    let asked = load.search().map_or_else(|| shape.peak(), |search| search.up_to);
    if let Some(most) = limits.rate.filter(|most| !load.is_closed() && asked > most.as_per_second()) {
        mistakes.push(PlanError::AboveLimit { asked, most });
    }
    if let Some(host) = base_url.and_then(host_of).filter(|host| !limits.allows(host)) {
        mistakes.push(PlanError::Host(NotListed(host.to_owned())));
    }
}

pub(super) fn thresholds(
    spec: &PerfSpec,
    profile: Option<Profile>,
    mistakes: &mut Vec<PlanError>,
) -> Vec<Threshold> {
    let parsed = spec.thresholds.iter().map(|text| text.parse::<Threshold>().map_err(PlanError::Threshold));
    let mut thresholds: Vec<Threshold> = parsed.filter_map(|threshold| keep(threshold, mistakes)).collect();
    if spec.is_search() && thresholds.iter().any(|threshold| threshold.abort.is_some()) {
        mistakes.push(PlanError::Load(LoadError::Search(SearchError::Abort)));
    }
    if profile == Some(Profile::Smoke) {
        // How many and how fast says nothing of one iteration.
        thresholds
            .retain(|t| !matches!(t.metric, Metric::Throughput | Metric::Iterations | Metric::Capacity));
    }
    // Beyond its capacity a target errs: a search holds its limits against every level on its own.
    let is_search = spec.load.as_ref().is_some_and(|load| load.search().is_some());
    if !is_search && !thresholds.iter().any(|t| matches!(t.metric, Metric::Errors | Metric::ErrorCount)) {
        thresholds.push(Threshold::implicit_errors());
    }
    thresholds
}

/// Why a plan cannot be made, and what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Neither rate, users nor iterations.
    #[error("no load: add `rate = 200`, `users = 50` or `iterations = 1000`")]
    NoLoad,
    /// A load and a key of another way to say it.
    #[error("`load` says all of the load; leave `{0}` out, or `load`")]
    LoadAnd(&'static str),
    /// A key that says nothing of this load.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The load itself.
    #[error("{0}")]
    Load(LoadError),
    /// The spacing.
    #[error("arrivals: {0}")]
    Arrivals(SpacingError),
    /// The pause.
    #[error("think: {0}")]
    Think(PauseError),
    /// Neither of the two.
    #[error(transparent)]
    Connections(#[from] ConnectionsError),
    /// More than the owner of the target allows.
    #[error(
        "a rate of {asked}/s is above the limit of {most} in perf.toml (`rate` of [limits]); lower the one or raise the other"
    )]
    AboveLimit {
        /// The highest rate of the load, per second.
        asked: f64,
        /// The limit.
        most: Rate,
    },
    /// A target that nobody said is ours.
    #[error(transparent)]
    Host(#[from] NotListed),
    /// A rate and users.
    #[error("`rate` and `users` contradict each other: a load is open or closed; keep one")]
    TwoLoads,
    /// A load that would not end.
    #[error("`{0}` needs a `duration`, such as `duration = \"10s\"`")]
    NoDuration(&'static str),
    /// Too small, or too large.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// A limit.
    #[error("threshold: {0}")]
    Threshold(ThresholdError),
    /// A comparison.
    #[error("baseline: {0}")]
    Gate(GateError),
}
