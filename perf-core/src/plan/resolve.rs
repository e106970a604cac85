//! Lays the flags over the attribute, checks the whole, and fills in what was not said.

use super::arrivals::{Schedule, whole_below};
use super::bounds::{self, BoundError};
use super::gate::{self, GateError, Gated};
use super::limits::NotListed;
use super::limits::{Limits, host_of};
use super::load::{Iterations, Load, LoadError};
use super::misfit::Misfit;
use super::pause::{Pause, PauseError};
use super::search::Search;
use super::shape::Shape;
use super::spacing::{Spacing, SpacingError};
use super::spec::{Overrides, PerfSpec, Profile, Text};
use super::threshold::{Threshold, ThresholdError};
use crate::metric::Metric;
use crate::units::Rate;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

const DEFAULT_ROUNDS: u32 = 10;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_READY_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_MAX_IN_FLIGHT: u32 = 1000;
const LONGEST_DEFAULT_WARMUP: Duration = Duration::from_secs(5);
const ARRIVALS_PER_WORKER: f64 = 20_000.0;

/// Everything that is decided about one session before it runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// As libtest names the test.
    pub name: String,
    /// The test target it is part of: `perf` of `tests/perf.rs`.
    pub target: String,
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
    /// Of arrivals and users' generators.
    pub seed: u64,
}

/// Whose connections an iteration may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// Those of its worker.
    #[default]
    Shared,
    /// Those of its user alone.
    User,
}

impl FromStr for Connections {
    type Err = PlanError;

    /// `shared` or `user`.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        match text.trim() {
            "shared" => Ok(Connections::Shared),
            "user" => Ok(Connections::User),
            _ => Err(PlanError::Connections(text.to_owned())),
        }
    }
}

impl Plan {
    /// The factor nearest to `factor` that the load may be changed to while it runs: within the owner's limit of an open
    /// load's rate (closed users wait for it), and no more users than were made where all are made before the load.
    pub fn possible(&self, factor: f64, are_users_made_first: bool) -> f64 {
        let most = match &self.schedule {
            Some(_) => self.limits.rate.map(|limit| limit.as_per_second() / self.shape.peak()),
            None => are_users_made_first.then_some(1.0),
        };
        if factor.is_finite() { factor.clamp(0.0, most.unwrap_or(f64::MAX).max(0.0)) } else { 1.0 }
    }

    /// Lays the flags over the attribute and checks the whole; all mistakes at once.
    pub fn resolve(
        name: &str,
        target: &str,
        spec: &PerfSpec,
        flags: &Overrides,
    ) -> Result<Plan, Vec<PlanError>> {
        Plan::of(name, target, spec.clone().overridden(flags), flags)
    }

    /// Checks what the flags lie over already: a test of a scenario has only its part of what they ask for.
    pub fn of(name: &str, target: &str, spec: PerfSpec, flags: &Overrides) -> Result<Plan, Vec<PlanError>> {
        let mut mistakes = Vec::new();
        check_bounds(&spec, &mut mistakes);
        let thresholds = thresholds(&spec, flags.profile, &mut mistakes);
        let texts = Texts::read(&spec, &mut mistakes);
        let load = load(&spec, &mut mistakes);
        if load.is_some() {
            mistakes.extend(spec.misfits().into_iter().map(PlanError::Misfit));
        }
        let gates = load
            .as_ref()
            .and_then(|load| keep(gate::gates(&spec.baseline, load).map_err(PlanError::Gate), &mut mistakes));
        let shape = load.as_ref().and_then(|load| shape(load, &mut mistakes));
        let base_url = flags.base_url.clone().or_else(|| spec.base_url.clone().map(Text::into_owned));
        if let (Some(limits), Some(load), Some(shape)) = (&flags.limits, &load, &shape) {
            check_limits(limits, load, shape, base_url.as_deref(), &mut mistakes);
        }
        let (Some(load), Some(shape), Some(gates), Some(texts), []) =
            (load, shape, gates, texts, mistakes.as_slice())
        else {
            return Err(mistakes);
        };
        let timeout = spec.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let max_in_flight = spec.max_in_flight.unwrap_or(DEFAULT_MAX_IN_FLIGHT);
        let (warmup, seed) = (warmup(&spec, &load), flags.seed.or(spec.seed).unwrap_or(0));
        let schedule = schedule(&load, &shape, warmup, texts.arrivals, seed);
        Ok(Plan {
            name: name.to_owned(),
            target: target.to_owned(),
            scenario: spec.scenario.map(Text::into_owned),
            start_after: spec.start_after.unwrap_or_default(),
            members: Vec::new(),
            duration: load.length(),
            warmup,
            rounds: spec.rounds.unwrap_or(DEFAULT_ROUNDS).min(most_rounds(&load, &shape)),
            timeout,
            max_in_flight,
            slots: max_in_flight,
            graceful_stop: spec.graceful_stop.unwrap_or(timeout + Duration::from_secs(1)),
            workers: workers(spec.workers, &load, &shape, max_in_flight),
            most_workers: most_workers(spec.workers, &load, &shape, max_in_flight),
            thresholds,
            gates,
            base_url,
            limits: flags.limits.clone().unwrap_or_default(),
            seed,
            arrivals: texts.arrivals,
            think: texts.think.filter(|think| !think.is_zero()),
            pace: spec.pace.filter(|pace| !pace.is_zero()),
            connections: texts.connections,
            precise: spec.precise.unwrap_or(false),
            backoff: spec.backoff.unwrap_or(false),
            ready: spec.ready.map(Text::into_owned),
            ready_timeout: spec.ready_timeout.unwrap_or(DEFAULT_READY_TIMEOUT),
            schedule,
            shape,
            load,
        })
    }

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
            load,
            shape,
            thresholds,
            ..self.clone()
        }
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

/// In nanoseconds; 584 years at most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn keep<T>(result: Result<T, PlanError>, mistakes: &mut Vec<PlanError>) -> Option<T> {
    result.map_err(|mistake| mistakes.push(mistake)).ok()
}

fn check_bounds(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) {
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
struct Texts {
    arrivals: Spacing,
    think: Option<Pause>,
    connections: Connections,
}

impl Texts {
    fn read(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) -> Option<Self> {
        let arrivals = spec.arrivals.as_deref().unwrap_or("constant").parse().map_err(PlanError::Arrivals);
        let think = spec.think.as_deref().map(str::parse).transpose().map_err(PlanError::Think);
        let connections = spec.connections.as_deref().unwrap_or("shared").parse();
        let arrivals = keep(arrivals, mistakes);
        let think = keep(think, mistakes);
        let connections = keep(connections, mistakes);
        Some(Texts { arrivals: arrivals?, think: think?, connections: connections? })
    }
}

/// What the keys amount to. A load that its keys leave out is told as such.
fn load(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) -> Option<Load> {
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

fn shape(load: &Load, mistakes: &mut Vec<PlanError>) -> Option<Shape> {
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
fn check_limits(
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

fn schedule(load: &Load, shape: &Shape, warmup: Duration, spacing: Spacing, seed: u64) -> Option<Schedule> {
    let limit = match load.stops_after() {
        Some(Iterations::Shared(iterations)) => iterations,
        _ => u64::MAX,
    };
    load.is_open().then(|| Schedule::new(shape, nanos(warmup), spacing, seed, limit))
}

/// A tenth of the duration, at most five seconds, unless it was said; a load of several levels warms up by itself.
fn warmup(spec: &PerfSpec, load: &Load) -> Duration {
    let default = match (load.search(), load.stops_after(), load.length()) {
        (Some(search), ..) => search.probe / 5,
        (None, None, Some(duration)) if load.is_constant() => (duration / 10).min(LONGEST_DEFAULT_WARMUP),
        _ => Duration::ZERO,
    };
    spec.warmup.unwrap_or(default)
}

/// A round holds at least one iteration.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
fn most_rounds(load: &Load, shape: &Shape) -> u32 {
    let iterations = match load.stops_after() {
        None => u64::MAX,
        Some(Iterations::Shared(iterations)) => iterations,
        Some(Iterations::PerUser(each)) => each.saturating_mul(shape.peak() as u64),
    };
    u32::try_from(iterations).unwrap_or(u32::MAX)
}

/// One up to about 20,000 arrivals per second, then more, up to the cores; never more than can be in flight.
fn workers(asked: Option<u32>, load: &Load, shape: &Shape, max_in_flight: u32) -> u32 {
    let cores = cores();
    let for_rate =
        |rate: f64| (1..cores).find(|n| rate <= f64::from(*n) * ARRIVALS_PER_WORKER).unwrap_or(cores);
    let wanted = match load.search() {
        Some(search) => for_rate(search.up_to),
        None if load.is_open() => for_rate(shape.peak()),
        None => 1,
    };
    asked.unwrap_or(wanted).clamp(1, busy_at_once(load, shape, max_in_flight))
}

/// The cores, unless it was said; never more than can be busy at once.
fn most_workers(asked: Option<u32>, load: &Load, shape: &Shape, max_in_flight: u32) -> u32 {
    asked.unwrap_or_else(cores).clamp(1, busy_at_once(load, shape, max_in_flight))
}

/// How many iterations may be in flight at the same time.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
fn busy_at_once(load: &Load, shape: &Shape, max_in_flight: u32) -> u32 {
    let most = if load.is_closed() { shape.peak().round() as u32 } else { max_in_flight };
    most.max(1)
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX))
}

fn thresholds(spec: &PerfSpec, profile: Option<Profile>, mistakes: &mut Vec<PlanError>) -> Vec<Threshold> {
    let parsed = spec.thresholds.iter().map(|text| text.parse::<Threshold>().map_err(PlanError::Threshold));
    let mut thresholds: Vec<Threshold> = parsed.filter_map(|threshold| keep(threshold, mistakes)).collect();
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
    #[error("`{0}` connections; write \"shared\" or \"user\"")]
    Connections(String),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(spec: &PerfSpec, flags: &Overrides) -> Plan {
        Plan::resolve("test", "perf", spec, flags).unwrap()
    }

    #[allow(clippy::unnecessary_wraps)] // as the fields want it
    fn seconds(seconds: f64) -> Option<Duration> {
        Some(Duration::from_secs_f64(seconds))
    }

    fn open() -> PerfSpec {
        PerfSpec { rate: Some(200.0), duration: seconds(10.0), ..PerfSpec::default() }
    }

    #[test]
    fn what_was_not_said_has_the_documented_default() {
        let plan = resolve(&open(), &Overrides::default());
        assert_eq!(plan.warmup, Duration::from_secs(1));
        assert_eq!((plan.rounds, plan.max_in_flight, plan.workers), (10, 1000, 1));
        assert_eq!((plan.timeout, plan.graceful_stop), (Duration::from_secs(30), Duration::from_secs(31)));
        assert_eq!(plan.scheduled(), Some(2000));
        assert_eq!(plan.thresholds, [Threshold::implicit_errors()]);
        assert_eq!(plan.description(), "open load, 200/s for 10s after 1s of warm-up");
        let long = PerfSpec { duration: seconds(600.0), ..open() };
        assert_eq!(resolve(&long, &Overrides::default()).warmup, Duration::from_secs(5));
        let counted = PerfSpec { iterations: Some(Iterations::Shared(4)), ..PerfSpec::default() };
        let plan = resolve(&counted, &Overrides::default());
        assert_eq!((plan.warmup, plan.rounds, plan.load.model()), (Duration::ZERO, 4, "iterations"));
    }

    #[test]
    fn a_flag_beats_a_profile_and_a_profile_the_attribute() {
        let quick = Overrides { profile: Some(Profile::Quick), ..Overrides::default() };
        assert_eq!(resolve(&open(), &quick).duration, seconds(1.0));
        let flags = Overrides { duration: seconds(3.0), rate: Some(50.0), users: Some(9), ..quick };
        let plan = resolve(&open(), &flags);
        assert_eq!((plan.duration, plan.scheduled()), (seconds(3.0), Some(150)));
        let closed = PerfSpec { rate: None, users: Some(2), ..open() };
        assert_eq!(resolve(&closed, &flags).load, Load::users(9).hold("3s"));
    }

    #[test]
    fn smoke_is_one_iteration_of_one_user_that_only_has_to_work() {
        let smoke = Overrides { profile: Some(Profile::Smoke), ..Overrides::default() };
        let spec = PerfSpec { thresholds: vec!["throughput > 100/s".into(), "p99 < 1s".into()], ..open() };
        let plan = resolve(&spec, &smoke);
        assert_eq!(plan.load, Load::users(1).iterations(1));
        assert_eq!((plan.duration, plan.warmup, plan.rounds), (None, Duration::ZERO, 1));
        assert!(plan.gates.is_empty());
        let kept: Vec<String> = plan.thresholds.iter().map(ToString::to_string).collect();
        assert_eq!(kept, ["p99 < 1s", "errors < 1%"]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let spec = PerfSpec {
            rate: Some(0.0),
            duration: seconds(0.0),
            rounds: Some(0),
            thresholds: vec!["p99".into()],
            ..PerfSpec::default()
        };
        let mistakes = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap_err();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    }

    #[test]
    fn what_code_or_a_flag_asks_for_has_the_bounds_of_the_attribute() {
        let said = |spec: &PerfSpec, flags: &Overrides| -> Vec<String> {
            let mistakes = Plan::resolve("test", "perf", spec, flags).err().unwrap_or_default();
            mistakes.iter().map(ToString::to_string).collect()
        };
        let of_load =
            |load| said(&PerfSpec { load: Some(load), ..PerfSpec::default() }, &Overrides::default());
        let too_high = ["a rate above 10,000,000/s cannot be offered by one machine; write a lower one"];
        assert_eq!(of_load(Load::rate(20_000_000).hold("1s")), too_high);
        assert_eq!(of_load(Load::capacity("p99 < 1s").from(1).up_to(20_000_000)), too_high);
        assert_eq!(said(&open(), &Overrides { rate: Some(2e7), ..Overrides::default() }), too_high);
        let too_long = ["`load` is longer than a year; write at most \"365d\""];
        assert_eq!(of_load(Load::rate(1).hold("2years")), too_long);
        let flags = Overrides { workers: Some(2000), ..Overrides::default() };
        assert_eq!(said(&open(), &flags), ["`workers` is a whole number from 1 to 1024"]);
    }

    #[test]
    fn iterations_cap_an_open_load() {
        let spec = PerfSpec { iterations: Some(Iterations::Shared(100)), ..open() };
        let plan = resolve(&spec, &Overrides::default());
        assert_eq!((plan.scheduled(), plan.measured_for()), (Some(100), seconds(0.5)));
    }

    #[test]
    fn a_duration_ends_iterations_that_take_longer() {
        let spec = PerfSpec {
            iterations: Some(Iterations::Shared(100)),
            duration: seconds(1.0),
            ..PerfSpec::default()
        };
        assert_eq!(resolve(&spec, &Overrides::default()).load, Load::users(1).hold("1s").iterations(100));
    }

    #[test]
    fn the_config_holds_what_shapes_the_load_and_nothing_else() {
        let config = resolve(&open(), &Overrides::default()).config();
        let shown: Vec<String> = config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            shown,
            ["duration=10s", "load=open 200/s", "max_in_flight=1000", "timeout=30s", "warmup=1s"]
        );
        let other =
            PerfSpec { rounds: Some(5), workers: Some(2), thresholds: vec!["p99 < 1s".into()], ..open() };
        assert_eq!(resolve(&other, &Overrides::default()).config(), config);
    }
}
