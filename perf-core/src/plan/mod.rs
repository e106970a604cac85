//! Intent: what will happen, validated before anything runs.
//!
//! Turns a [`PerfSpec`] and the command line's [`Overrides`] into a [`Plan`]. Runs nothing.

pub mod arrivals;
pub mod gate;
pub mod load;
pub mod spec;
pub mod threshold;

use crate::metric::Metric;
use crate::units::Rate;
use arrivals::Schedule;
use gate::{GateError, Gated};
use load::Load;
use spec::{GateSpec, Overrides, PerfSpec, Profile};
use std::collections::BTreeMap;
use std::time::Duration;
use threshold::{Threshold, ThresholdError};

const DEFAULT_ROUNDS: u32 = 10;
const MOST_ROUNDS: u32 = 1000;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
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
    /// What is offered.
    pub load: Load,
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
    /// How long running iterations may take to finish.
    pub graceful_stop: Duration,
    /// Engine threads.
    pub workers: u32,
    /// Limits; with the implicit one.
    pub thresholds: Vec<Threshold>,
    /// Metrics under comparison.
    pub gates: Vec<Gated>,
    /// Base of relative URLs.
    pub base_url: Option<String>,
    /// Of arrivals and users' generators.
    pub seed: u64,
}

impl Plan {
    /// Lays the flags over the attribute and checks the whole; all mistakes at once.
    pub fn resolve(
        name: &str,
        target: &str,
        spec: &PerfSpec,
        flags: &Overrides,
    ) -> Result<Plan, Vec<PlanError>> {
        let spec = spec.clone().overridden(flags);
        let mut mistakes = Vec::new();
        check_durations(&spec, &mut mistakes);
        let thresholds = thresholds(&spec, flags.profile, &mut mistakes);
        let load = keep(load(&spec), &mut mistakes);
        let gates = load.and_then(|load| {
            keep(gate::gates(&spec.baseline, &load).map_err(PlanError::Gate), &mut mistakes)
        });
        let rounds = spec.rounds.unwrap_or(DEFAULT_ROUNDS);
        if !(1..=MOST_ROUNDS).contains(&rounds) {
            mistakes.push(PlanError::Rounds(rounds));
        }
        let (Some(load), Some(gates), []) = (load, gates, mistakes.as_slice()) else {
            return Err(mistakes);
        };
        let timeout = spec.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let max_in_flight = spec.max_in_flight.unwrap_or(DEFAULT_MAX_IN_FLIGHT);
        Ok(Plan {
            name: name.to_owned(),
            target: target.to_owned(),
            duration: spec.duration,
            warmup: warmup(&spec, &load),
            rounds: rounds.min(most_rounds(&load)),
            timeout,
            max_in_flight,
            graceful_stop: spec.graceful_stop.unwrap_or(timeout + Duration::from_secs(1)),
            workers: workers(spec.workers, &load, max_in_flight),
            thresholds,
            gates,
            base_url: flags.base_url.clone().or_else(|| spec.base_url.map(str::to_owned)),
            seed: flags.seed.unwrap_or(0),
            load,
        })
    }

    /// The arrivals of an open load.
    pub fn schedule(&self) -> Option<Schedule> {
        let Load::Open { rate, iterations } = self.load else {
            return None;
        };
        let measured = self.duration.map_or(u64::MAX, nanos);
        Some(Schedule::constant(rate, nanos(self.warmup), measured, iterations.unwrap_or(u64::MAX)))
    }

    /// Whether the iterations end it, and rounds go by how many are finished.
    pub fn is_counted(&self) -> bool {
        matches!(self.load, Load::Closed { iterations: Some(_), .. })
    }

    /// How long load is measured when all goes to plan; `None` where nobody can know.
    pub fn measured_for(&self) -> Option<Duration> {
        let by_count = match self.load {
            Load::Open { rate, iterations: Some(iterations) } => {
                Some(Duration::from_secs_f64(iterations as f64 / rate.as_per_second()))
            }
            _ => None,
        };
        match (self.duration, by_count) {
            (Some(duration), Some(by_count)) => Some(duration.min(by_count)),
            (duration, by_count) => duration.or(by_count),
        }
    }

    /// How many iterations the whole plan offers, where that is known beforehand.
    pub fn scheduled(&self) -> Option<u64> {
        match self.schedule() {
            Some(schedule) => Some(schedule.measured_count()),
            None => self.load.iterations().filter(|_| self.duration.is_none()),
        }
    }

    /// The load in words: `open load, 200/s for 10s after 1s of warm-up`.
    pub fn description(&self) -> String {
        let kind = match self.load {
            Load::Open { .. } => "open load",
            Load::Closed { iterations: None, .. } => "closed load",
            Load::Closed { .. } => "fixed iterations",
        };
        let duration =
            self.duration.map_or_else(String::new, |d| format!(" for {}", humantime::format_duration(d)));
        let warmup = match self.warmup {
            Duration::ZERO => String::new(),
            warmup => format!(" after {} of warm-up", humantime::format_duration(warmup)),
        };
        format!("{kind}, {}{duration}{warmup}", self.load)
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
        if let Load::Open { .. } = self.load {
            config.insert("max_in_flight".to_owned(), self.max_in_flight.to_string());
        }
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

fn check_durations(spec: &PerfSpec, mistakes: &mut Vec<PlanError>) {
    for (key, duration) in [("duration", spec.duration), ("timeout", spec.timeout)] {
        if duration == Some(Duration::ZERO) {
            mistakes.push(PlanError::Zero(key));
        }
    }
    if spec.workers == Some(0) {
        mistakes.push(PlanError::Zero("workers"));
    }
    if spec.max_in_flight == Some(0) {
        mistakes.push(PlanError::Zero("max_in_flight"));
    }
}

fn load(spec: &PerfSpec) -> Result<Load, PlanError> {
    match *spec {
        PerfSpec { rate: Some(_), users: Some(_), .. } => Err(PlanError::TwoLoads),
        PerfSpec { iterations: Some(0), .. } => Err(PlanError::Zero("iterations")),
        PerfSpec { users: Some(0), .. } => Err(PlanError::Zero("users")),
        PerfSpec { rate: Some(_), duration: None, .. } => Err(PlanError::NoDuration("rate")),
        PerfSpec { users: Some(_), duration: None, iterations: None, .. } => {
            Err(PlanError::NoDuration("users"))
        }
        PerfSpec { rate: Some(rate), iterations, .. } => match Rate::per_second(rate) {
            Some(rate) if rate.as_per_second() > 0.0 => Ok(Load::Open { rate, iterations }),
            _ => Err(PlanError::Rate(rate.to_string())),
        },
        PerfSpec { users: Some(users), iterations, .. } => Ok(Load::Closed { users, iterations }),
        PerfSpec { iterations: Some(iterations), .. } => {
            Ok(Load::Closed { users: 1, iterations: Some(iterations) })
        }
        _ => Err(PlanError::NoLoad),
    }
}

/// A tenth of the duration, at most five seconds, unless it was said.
fn warmup(spec: &PerfSpec, load: &Load) -> Duration {
    let default = match (load.iterations(), spec.duration) {
        (None, Some(duration)) => (duration / 10).min(LONGEST_DEFAULT_WARMUP),
        _ => Duration::ZERO,
    };
    spec.warmup.unwrap_or(default)
}

/// A round holds at least one iteration.
fn most_rounds(load: &Load) -> u32 {
    u32::try_from(load.iterations().unwrap_or(u64::MAX)).unwrap_or(u32::MAX)
}

/// One up to about 20,000 arrivals per second, then more, up to the cores; never more than can be in flight.
fn workers(asked: Option<u32>, load: &Load, max_in_flight: u32) -> u32 {
    let cores =
        std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX));
    let (wanted, most) = match load {
        Load::Open { rate, .. } => {
            let needed = (1..cores).find(|n| rate.as_per_second() <= f64::from(*n) * ARRIVALS_PER_WORKER);
            (needed.unwrap_or(cores), max_in_flight)
        }
        Load::Closed { users, .. } => (1, *users),
    };
    asked.unwrap_or(wanted).clamp(1, most.max(1))
}

fn thresholds(spec: &PerfSpec, profile: Option<Profile>, mistakes: &mut Vec<PlanError>) -> Vec<Threshold> {
    let parsed = spec.thresholds.iter().map(|text| text.parse::<Threshold>().map_err(PlanError::Threshold));
    let mut thresholds: Vec<Threshold> = parsed.filter_map(|threshold| keep(threshold, mistakes)).collect();
    if profile == Some(Profile::Smoke) {
        // How many and how fast says nothing of one iteration.
        thresholds
            .retain(|t| !matches!(t.metric, Metric::Throughput | Metric::Iterations | Metric::Capacity));
    }
    if !thresholds.iter().any(|t| matches!(t.metric, Metric::Errors | Metric::ErrorCount)) {
        thresholds.push(Threshold::implicit_errors());
    }
    thresholds
}

impl PerfSpec {
    /// Whether the test has one of the tags; every test has one of none.
    pub fn has_any_tag(&self, tags: &[String]) -> bool {
        tags.is_empty() || self.tags.iter().any(|own| tags.iter().any(|tag| tag == own))
    }

    /// Whether a baseline is wanted at all.
    pub fn is_gated(&self) -> bool {
        !matches!(self.baseline, GateSpec::Off)
    }
}

/// Why a plan cannot be made, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Neither rate, users nor iterations.
    #[error("no load: add `rate = 200`, `users = 50` or `iterations = 1000`")]
    NoLoad,
    /// A rate and users.
    #[error("`rate` and `users` contradict each other: a load is open or closed; keep one")]
    TwoLoads,
    /// A load that would not end.
    #[error("`{0}` needs a `duration`, such as `duration = \"10s\"`")]
    NoDuration(&'static str),
    /// A rate that cannot be offered.
    #[error("a rate of {0} cannot be offered; write a number above zero")]
    Rate(String),
    /// Nothing where something is needed.
    #[error("`{0}` is zero; write a value above zero")]
    Zero(&'static str),
    /// No rounds, or too many.
    #[error("{0} rounds; write a number from 1 to {MOST_ROUNDS}")]
    Rounds(u32),
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
        let counted = PerfSpec { iterations: Some(4), ..PerfSpec::default() };
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
        assert_eq!(resolve(&closed, &flags).load, Load::Closed { users: 9, iterations: None });
    }

    #[test]
    fn smoke_is_one_iteration_of_one_user_that_only_has_to_work() {
        let smoke = Overrides { profile: Some(Profile::Smoke), ..Overrides::default() };
        let spec = PerfSpec { thresholds: vec!["throughput > 100/s", "p99 < 1s"], ..open() };
        let plan = resolve(&spec, &smoke);
        assert_eq!(plan.load, Load::Closed { users: 1, iterations: Some(1) });
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
            thresholds: vec!["p99"],
            ..PerfSpec::default()
        };
        let mistakes = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap_err();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    }

    #[test]
    fn iterations_cap_an_open_load() {
        let spec = PerfSpec { iterations: Some(100), ..open() };
        let plan = resolve(&spec, &Overrides::default());
        assert_eq!((plan.scheduled(), plan.measured_for()), (Some(100), seconds(0.5)));
    }

    #[test]
    fn the_config_holds_what_shapes_the_load_and_nothing_else() {
        let config = resolve(&open(), &Overrides::default()).config();
        let shown: Vec<String> = config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            shown,
            ["duration=10s", "load=open 200/s", "max_in_flight=1000", "timeout=30s", "warmup=1s"]
        );
        let other = PerfSpec { rounds: Some(5), workers: Some(2), thresholds: vec!["p99 < 1s"], ..open() };
        assert_eq!(resolve(&other, &Overrides::default()).config(), config);
    }
}
