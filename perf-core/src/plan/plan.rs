//! Everything that is decided about one session before it runs, and what follows from it.
//!
//! Decides nothing: `resolve` does.

use super::arrivals::{Schedule, whole_below};
use super::conditions::Conditions;
use super::connections::Connections;
use super::gate::Gated;
use super::limits::Limits;
use super::load::{Iterations, Load};
use super::pause::Pause;
use super::search::Search;
use super::shape::Shape;
use super::spacing::Spacing;
use super::threshold::Threshold;
use crate::metric::Metric;
use std::collections::BTreeMap;
use std::time::Duration;

/// A place in the source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// As the compiler was given it: from the root of the workspace, mostly.
    pub file: &'static str,
    /// From 1.
    pub line: u32,
}

/// Everything that is decided about one session before it runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// As libtest names the test.
    pub name: String,
    /// The test target it is part of: `perf` of `tests/perf.rs`.
    pub target: String,
    /// Where its function stands, where somebody knows.
    pub source: Option<Source>,
    /// The scenario it is part of.
    pub scenario: Option<String>,
    /// How long after the scenario's start its load begins.
    pub start_after: Duration,
    /// The tests that it is the whole of; none of a single test.
    pub members: Vec<String>,
    /// What is offered.
    pub load: Load,
    /// Its level over time; of a capacity search one level of no meaning.
    pub shape: Shape,
    /// The arrivals of an open load.
    pub schedule: Option<Schedule>,
    /// How they stand to each other.
    pub arrivals: Spacing,
    /// A closed load's pause after an iteration.
    pub think: Option<Pause>,
    /// The least time from one start to the next of a user of a closed load.
    pub pace: Option<Duration>,
    /// How long it is measured; `None` where the iterations end it.
    pub duration: Option<Duration>,
    /// Load before measuring.
    pub warmup: Duration,
    /// Slices of the measured time, or of the iterations.
    pub rounds: u32,
    /// Of one iteration.
    pub timeout: Duration,
    /// Cap on concurrent iterations of an open load.
    pub max_in_flight: u32,
    /// How many of those the client can hold: fewer only where it may open too few files.
    pub slots: u32,
    /// How long running iterations may take to finish.
    pub graceful_stop: Duration,
    /// Engine threads.
    pub workers: u32,
    /// How many there may be when the warm-up shows that those are too few; the same number where it was set.
    pub most_workers: u32,
    /// Whose connections are re-used.
    pub connections: Connections,
    /// Whether a worker spins for the last microseconds before an arrival.
    pub precise: bool,
    /// Whether less is offered while the target says that it has too much.
    pub backoff: bool,
    /// An address that must answer before load starts.
    pub ready: Option<String>,
    /// How long the target is waited for.
    pub ready_timeout: Duration,
    /// Limits; with the implicit one.
    pub thresholds: Vec<Threshold>,
    /// Metrics under comparison.
    pub gates: Vec<Gated>,
    /// Base of relative URLs.
    pub base_url: Option<String>,
    /// What the owner of the target allows.
    pub limits: Limits,
    /// What somebody wants to be told of while it runs.
    pub conditions: Conditions,
    /// Of arrivals and users' generators.
    pub seed: u64,
}

impl Plan {
    /// The load of one level of a capacity search: what it asks for, judged by the search's limits.
    #[must_use]
    pub fn probe(&self, search: &Search, rate: f64) -> Plan {
        let shape = Shape::constant(rate, Some(search.probe));
        let mut thresholds = search.limits.clone();
        if !thresholds.iter().any(|t| matches!(t.metric, Metric::Errors | Metric::ErrorCount)) {
            thresholds.push(Threshold::implicit_errors());
        }
        let load = Load::rate(rate).hold(search.probe);
        Plan {
            most_workers: self.workers,
            schedule: schedule(&load, &shape, self.warmup, self.arrivals, self.seed),
            duration: Some(search.probe),
            rounds: 1,
            gates: Vec::new(),
            // To break limits is what a search is for.
            conditions: Conditions::default(),
            load,
            shape,
            thresholds,
            ..self.clone()
        }
    }

    /// The factor nearest to `factor` that the load may be changed to while it runs: within the owner's limit of an open
    /// load's rate (closed users wait for it), and no more users than were made where all are made before the load.
    pub fn possible(&self, factor: f64, are_users_made_first: bool) -> f64 {
        let most = match &self.schedule {
            Some(_) => self.limits.rate.map(|limit| limit.as_per_second() / self.shape.peak()),
            None => are_users_made_first.then_some(1.0),
        };
        if factor.is_finite() { factor.clamp(0.0, most.unwrap_or(f64::MAX).max(0.0)) } else { 1.0 }
    }

    /// Whether the iterations end it, and rounds go by how many are finished.
    pub fn is_counted(&self) -> bool {
        self.load.is_closed() && self.load.stops_after().is_some()
    }

    /// How many users a closed load has at most.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked when the load was
    pub fn users(&self) -> u32 {
        self.shape.peak().round() as u32
    }

    /// How long load is measured when all goes to plan; `None` where nobody can know.
    pub fn measured_for(&self) -> Option<Duration> {
        let of_limited = |schedule: &Schedule| {
            let is_cut = self.load.stops_after().is_some()
                && schedule.measured_count() < whole_below(self.shape.area());
            is_cut.then(|| Duration::from_nanos(schedule.measured_at(schedule.measured_count())))
        };
        self.schedule.as_ref().and_then(of_limited).or(self.duration)
    }

    /// How many iterations the whole plan offers, where that is known beforehand.
    pub fn scheduled(&self) -> Option<u64> {
        match (&self.schedule, self.load.stops_after()) {
            (Some(schedule), _) => Some(schedule.measured_count()),
            (None, _) if self.duration.is_some() => None,
            (None, Some(Iterations::Shared(iterations))) => Some(iterations),
            (None, Some(Iterations::PerUser(each))) => Some(each.saturating_mul(self.users().into())),
            (None, None) => None,
        }
    }

    /// The load in words: `open load, 200/s for 10s after 1s of warm-up`.
    pub fn description(&self) -> String {
        if !self.members.is_empty() {
            return format!("scenario of {}", self.members.join(", "));
        }
        let kind = match self.load.model() {
            "open" => "open load",
            "closed" => "closed load",
            "iterations" => "fixed iterations",
            _ => "capacity search",
        };
        let between = [
            (self.arrivals != Spacing::Constant).then(|| format!(", {} arrivals", self.arrivals)),
            self.think.map(|think| format!(", think {think}")),
            self.pace.map(|pace| format!(", pace {}", humantime::format_duration(pace))),
        ];
        let duration =
            self.duration.map_or_else(String::new, |d| format!(" for {}", humantime::format_duration(d)));
        let warmup = match self.warmup {
            Duration::ZERO => String::new(),
            warmup => format!(" after {} of warm-up", humantime::format_duration(warmup)),
        };
        let between = between.into_iter().flatten().collect::<String>();
        let duration = if self.load.search().is_some() { String::new() } else { duration };
        format!("{kind}, {}{between}{duration}{warmup}", self.load)
    }

    /// What must be equal for two sessions to be comparable: the load, and what shapes it.
    pub fn config(&self) -> BTreeMap<String, String> {
        let shown = |duration: Duration| humantime::format_duration(duration).to_string();
        let mut config = BTreeMap::from([
            ("load".to_owned(), format!("{} {}", self.load.model(), self.load)),
            ("timeout".to_owned(), shown(self.timeout)),
            ("warmup".to_owned(), shown(self.warmup)),
        ]);
        if let Some(duration) = self.duration {
            config.insert("duration".to_owned(), shown(duration));
        }
        if !self.load.is_closed() {
            config.insert("max_in_flight".to_owned(), self.max_in_flight.to_string());
        }
        let between = [
            ("arrivals", Some(self.arrivals).filter(|a| *a != Spacing::Constant).map(|a| a.to_string())),
            ("think", self.think.map(|think| think.to_string())),
            ("pace", self.pace.map(shown)),
            ("connections", (self.connections == Connections::User).then(|| "user".to_owned())),
        ];
        config.extend(between.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        config
    }
}

/// When each arrival of an open load falls due.
pub(super) fn schedule(
    load: &Load,
    shape: &Shape,
    warmup: Duration,
    spacing: Spacing,
    seed: u64,
) -> Option<Schedule> {
    let limit = match load.stops_after() {
        Some(Iterations::Shared(iterations)) => iterations,
        _ => u64::MAX,
    };
    load.is_open().then(|| Schedule::new(shape, nanos(warmup), spacing, seed, limit))
}

/// In nanoseconds; 584 years at most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::spec::{Overrides, PerfSpec};
    use crate::units::Rate;

    fn most(spec: &PerfSpec, limit: Option<f64>, are_users_made_first: bool, factor: f64) -> f64 {
        let mut plan = Plan::resolve("test", "perf", spec, &Overrides::default()).unwrap();
        plan.limits.rate = limit.and_then(Rate::per_second);
        plan.possible(factor, are_users_made_first)
    }

    #[test]
    fn a_load_is_scaled_within_its_owners_limit_and_to_the_users_there_are() {
        let duration = Some(Duration::from_secs(1));
        let open = PerfSpec { rate: Some(100.0), duration, ..PerfSpec::default() };
        let closed = PerfSpec { users: Some(4), duration, ..PerfSpec::default() };
        for (spec, limit, are_users_made_first, factor, possible) in [
            (&open, None, false, 30.0, 30.0),
            (&open, Some(150.0), false, 30.0, 1.5),
            (&open, Some(150.0), false, 1.2, 1.2),
            (&open, Some(100.0), true, 2.0, 1.0),
            // Users wait for their turn.
            (&closed, Some(1.0), false, 3.0, 3.0),
            (&closed, Some(1.0), true, 3.0, 1.0),
            (&closed, None, true, 0.5, 0.5),
            (&open, None, false, -1.0, 0.0),
            (&open, Some(150.0), false, f64::NAN, 1.0),
            (&open, Some(150.0), false, f64::INFINITY, 1.0),
        ] {
            let found = most(spec, limit, are_users_made_first, factor);
            assert!((found - possible).abs() < 1e-12, "{factor} of {limit:?}: {found}");
        }
    }
}
