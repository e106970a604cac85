//! Lays what perf.toml says over a test's attribute, and under it.
//!
//! `[test.NAME]` and a profile beat the attribute; `[defaults]` fill in what it leaves open. Checks nothing: what comes
//! out may contradict itself, which `Plan::resolve` tells.

use super::config::{BaselineSetting, Config, IgnoreSetting, Settings};
use super::load::Load;
use super::spec::{GateSpec, PerfSpec, Text};

/// What a test asks for, all in all, before profiles and flags.
pub fn effective(attribute: PerfSpec, config: &Config, name: &str) -> PerfSpec {
    let spec = over_defaults(attribute, &config.defaults);
    match config.tests.get(name) {
        Some(settings) => over(settings, spec),
        None => spec,
    }
}

/// A profile laid over a test: its rate is for tests that have one, its users for tests that have some.
pub fn profile(settings: &Settings, below: PerfSpec) -> PerfSpec {
    let is_open = below.rate.is_some() || below.load.as_ref().is_some_and(Load::is_open);
    let is_closed = below.users.is_some() || below.load.as_ref().is_some_and(Load::is_closed);
    let settings = Settings {
        rate: settings.rate.filter(|_| is_open),
        users: settings.users.filter(|_| is_closed),
        arrivals: settings.arrivals.clone().filter(|_| is_open),
        think: settings.think.clone().filter(|_| is_closed),
        pace: settings.pace.filter(|_| is_closed),
        ..settings.clone()
    };
    over(&settings, below)
}

/// A table laid over what lies below it.
fn over(settings: &Settings, below: PerfSpec) -> PerfSpec {
    let top = of(settings);
    let below = match (&top.load, top.rate, top.users) {
        (Some(load), ..) => below.without_keys_of_the_other_model(load),
        (_, Some(rate), _) => below.without_keys_of_the_other_model(&Load::rate(rate)),
        (_, _, Some(users)) => below.without_keys_of_the_other_model(&Load::users(users)),
        _ => below,
    };
    let PerfSpec { load, rate, users, iterations, duration, .. } = with_load_of(&top, &below);
    PerfSpec {
        load,
        rate,
        users,
        iterations,
        duration,
        ignore: match &settings.ignore {
            Some(IgnoreSetting::Off) => None,
            _ => top.ignore.clone().or_else(|| below.ignore.clone()),
        },
        ..filled(top, below)
    }
}

/// An attribute over the defaults, of which only those count that its kind of load has a use for.
fn over_defaults(attribute: PerfSpec, defaults: &Settings) -> PerfSpec {
    let defaults = of(defaults);
    let (load, rate, users) = (attribute.load.clone(), attribute.rate, attribute.users);
    let is_open = rate.is_some() || load.as_ref().is_some_and(Load::is_open);
    let is_closed = !is_open && load.as_ref().is_none_or(Load::is_closed);
    let (iterations, duration) = (attribute.iterations, attribute.duration);
    let defaults = PerfSpec {
        arrivals: defaults.arrivals.filter(|_| is_open),
        think: defaults.think.filter(|_| is_closed),
        pace: defaults.pace.filter(|_| is_closed),
        ..defaults
    };
    PerfSpec { load, rate, users, iterations, duration, ..filled(attribute, defaults) }
}

/// Everything but the load: the upper one's, else the lower one's.
fn filled(top: PerfSpec, below: PerfSpec) -> PerfSpec {
    let is_said = |said: bool, top, below| if said { top } else { below };
    PerfSpec {
        arrivals: top.arrivals.or(below.arrivals),
        think: top.think.or(below.think),
        pace: top.pace.or(below.pace),
        warmup: top.warmup.or(below.warmup),
        rounds: top.rounds.or(below.rounds),
        timeout: top.timeout.or(below.timeout),
        max_in_flight: top.max_in_flight.or(below.max_in_flight),
        graceful_stop: top.graceful_stop.or(below.graceful_stop),
        workers: top.workers.or(below.workers),
        seed: top.seed.or(below.seed),
        connections: top.connections.or(below.connections),
        precise: top.precise.or(below.precise),
        backoff: top.backoff.or(below.backoff),
        ready: top.ready.or(below.ready),
        ready_timeout: top.ready_timeout.or(below.ready_timeout),
        thresholds: is_said(!top.thresholds.is_empty(), top.thresholds, below.thresholds),
        baseline: match top.baseline {
            GateSpec::Default => below.baseline,
            said => said,
        },
        base_url: top.base_url.or(below.base_url),
        tags: is_said(!top.tags.is_empty(), top.tags, below.tags),
        ignore: top.ignore.or(below.ignore),
        scenario: top.scenario.or(below.scenario),
        start_after: top.start_after.or(below.start_after),
        weight: top.weight.or(below.weight),
        ..PerfSpec::default()
    }
}

/// Who says another load replaces all of it; who says only how long, or how much, changes that.
fn with_load_of(top: &PerfSpec, below: &PerfSpec) -> PerfSpec {
    let length = || below.duration.or_else(|| below.load.as_ref().and_then(Load::length));
    let duration = || top.duration.or_else(length);
    let iterations = top.iterations.or(below.iterations);
    match (top, &below.load) {
        (PerfSpec { load: Some(load), .. }, _) => {
            PerfSpec { load: Some(load.clone()), iterations: top.iterations, ..PerfSpec::default() }
        }
        (PerfSpec { rate: Some(rate), .. }, _) => {
            PerfSpec { rate: Some(*rate), duration: duration(), iterations, ..PerfSpec::default() }
        }
        (PerfSpec { users: Some(users), .. }, _) => {
            PerfSpec { users: Some(*users), duration: duration(), iterations, ..PerfSpec::default() }
        }
        (_, Some(load)) => {
            let load = match top.duration.filter(|_| load.length().is_some()) {
                Some(duration) => load.clone().lasting(duration),
                None => load.clone(),
            };
            PerfSpec { load: Some(load), iterations, ..PerfSpec::default() }
        }
        _ => PerfSpec {
            rate: below.rate,
            users: below.users,
            duration: top.duration.or(below.duration),
            iterations,
            ..PerfSpec::default()
        },
    }
}

/// A table in the attribute's words.
fn of(settings: &Settings) -> PerfSpec {
    let text = |text: &String| Text::Owned(text.clone());
    let texts = |texts: &Option<Vec<String>>| texts.iter().flatten().map(text).collect();
    PerfSpec {
        // The file was refused when one of its texts was none of its kind.
        load: settings.load.as_ref().and_then(|load| load.text.parse().ok()),
        rate: settings.rate,
        users: settings.users,
        iterations: settings.iterations,
        duration: settings.duration,
        arrivals: settings.arrivals.as_ref().map(|placed| text(&placed.text)),
        think: settings.think.as_ref().map(|placed| text(&placed.text)),
        pace: settings.pace,
        warmup: settings.warmup,
        rounds: settings.rounds,
        timeout: settings.timeout,
        max_in_flight: settings.max_in_flight,
        graceful_stop: settings.graceful_stop,
        workers: settings.workers,
        seed: settings.seed,
        connections: settings.connections.as_ref().map(|placed| text(&placed.text)),
        precise: settings.precise,
        backoff: settings.backoff,
        ready: settings.ready.as_ref().map(text),
        ready_timeout: settings.ready_timeout,
        thresholds: texts(&settings.thresholds),
        baseline: match &settings.baseline {
            None => GateSpec::Default,
            Some(BaselineSetting::Off) => GateSpec::Off,
            Some(BaselineSetting::Metrics(metrics)) => GateSpec::Metrics(
                metrics
                    .iter()
                    .map(|(metric, tolerance)| (text(metric), tolerance.as_ref().map(text)))
                    .collect(),
            ),
        },
        base_url: settings.base_url.as_ref().map(text),
        tags: texts(&settings.tags),
        ignore: match &settings.ignore {
            Some(IgnoreSetting::Because(reason)) => Some(text(reason)),
            Some(IgnoreSetting::Off) | None => None,
        },
        // A test belongs to its scenario by its attribute alone.
        scenario: None,
        start_after: None,
        weight: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const FILE: &str = r#"
        [defaults]
        timeout = "3s"
        think = "1s"
        thresholds = ["p99 < 9s"]

        [test.login]
        rate = 50
        ignore = false

        [test.shaped]
        duration = "4s"
    "#;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn effective_of(attribute: PerfSpec, name: &str) -> PerfSpec {
        effective(attribute, &Config::parse(FILE).unwrap(), name)
    }

    #[test]
    fn a_tests_table_beats_the_attribute_and_the_attribute_the_defaults() {
        let attribute = PerfSpec {
            users: Some(5),
            duration: Some(seconds(10)),
            think: Some("2s".into()),
            ignore: Some("slow".into()),
            ..PerfSpec::default()
        };
        let other = effective_of(attribute.clone(), "other");
        assert_eq!((other.users, other.timeout), (Some(5), Some(seconds(3))));
        assert_eq!((other.think.as_deref(), other.thresholds.len()), (Some("2s"), 1));
        let login = effective_of(attribute, "login");
        assert_eq!((login.rate, login.users, login.duration), (Some(50.0), None, Some(seconds(10))));
        assert_eq!(login.ignore, None);
    }

    #[test]
    fn a_default_that_the_load_has_no_use_for_is_left_out() {
        let open = PerfSpec { rate: Some(5.0), duration: Some(seconds(1)), ..PerfSpec::default() };
        assert_eq!(effective_of(open, "open").think, None);
    }

    #[test]
    fn a_duration_alone_stretches_a_load_of_several_levels() {
        let load = Load::rate(0).ramp_to(100, "8s");
        let shaped = effective_of(PerfSpec { load: Some(load), ..PerfSpec::default() }, "shaped");
        assert_eq!(shaped.load.unwrap().to_string(), "0..100 over 4s");
    }
}
