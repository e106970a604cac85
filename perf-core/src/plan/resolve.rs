//! Lays the flags over the attribute, checks the whole, and fills in what was not said.

use super::check::{self, PlanError, Texts, keep};
use super::gate;
use super::load::{Iterations, Load};
use super::plan::{Plan, schedule};
use super::shape::Shape;
use super::spec::{Overrides, PerfSpec, Text};
use std::time::Duration;

const DEFAULT_ROUNDS: u32 = 10;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_READY_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_MAX_IN_FLIGHT: u32 = 1000;
const LONGEST_DEFAULT_WARMUP: Duration = Duration::from_secs(5);
const ARRIVALS_PER_WORKER: f64 = 20_000.0;

impl Plan {
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
        check::check_bounds(&spec, &mut mistakes);
        let thresholds = check::thresholds(&spec, flags.profile, &mut mistakes);
        let texts = Texts::read(&spec, &mut mistakes);
        let load = check::load(&spec, &mut mistakes);
        if load.is_some() {
            mistakes.extend(spec.misfits().into_iter().map(PlanError::Misfit));
        }
        let gates = load
            .as_ref()
            .and_then(|load| keep(gate::gates(&spec.baseline, load).map_err(PlanError::Gate), &mut mistakes));
        let shape = load.as_ref().and_then(|load| check::shape(load, &mut mistakes));
        let base_url = flags.base_url.clone().or_else(|| spec.base_url.clone().map(Text::into_owned));
        if let (Some(limits), Some(load), Some(shape)) = (&flags.limits, &load, &shape) {
            check::check_limits(limits, load, shape, base_url.as_deref(), &mut mistakes);
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
            source: None,
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
            conditions: flags.conditions.clone(),
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

#[cfg(test)]
mod tests {
    use super::super::misfit::Misfit;
    use super::*;
    use crate::plan::spec::Profile;
    use crate::plan::threshold::Threshold;

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
    fn a_capacity_search_has_no_rounds() {
        let search =
            PerfSpec { load: Some(Load::capacity("p99 < 1s").from(1).up_to(2)), ..PerfSpec::default() };
        let flags = Overrides { rounds: Some(5), ..Overrides::default() };
        assert!(Plan::resolve("test", "perf", &search, &flags).is_ok(), "a flag is for all tests");
        let asked = PerfSpec { rounds: Some(5), ..search };
        let mistakes = Plan::resolve("test", "perf", &asked, &Overrides::default()).unwrap_err();
        assert_eq!(mistakes, [PlanError::Misfit(Misfit::RoundsOfSearch)]);
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
