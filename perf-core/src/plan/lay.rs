//! Lays what perf.toml says over a test's attribute, and under it.
//!
//! `[test.NAME]` and a profile beat the attribute; `[defaults]` fill in what it leaves open. What changes nothing on a
//! test's kind of load is left out where it was meant for many tests, and refused where it was given for this one. Else
//! checks nothing: what comes out may contradict itself, which `Plan::resolve` tells.

use super::config::{BaselineSetting, Config, ConfigMistake, IgnoreSetting, Settings};
use super::load::Load;
use super::misfit::Misfit;
use super::spec::{GateSpec, PerfSpec, Text};

/// What a test asks for, all in all, before profiles and flags; or what its own table says in vain.
pub fn effective(attribute: &PerfSpec, config: &Config, name: &str) -> Result<PerfSpec, Vec<ConfigMistake>> {
    let spec = over_defaults(attribute, &config.defaults);
    let Some(settings) = config.tests.get(name) else { return Ok(spec) };
    let top = of(settings);
    let laid = over(&top, settings, spec);
    let in_vain: Vec<Misfit> = laid.misfits().into_iter().filter(|misfit| top.gives(*misfit)).collect();
    match in_vain.is_empty() {
        true => Ok(laid),
        false => Err(in_vain.into_iter().filter_map(|misfit| placed(misfit, settings)).collect()),
    }
}

/// At the value where its place is known, else at the table's name.
fn placed(misfit: Misfit, settings: &Settings) -> Option<ConfigMistake> {
    let value = match misfit {
        Misfit::Think => settings.think.as_ref(),
        Misfit::Arrivals => settings.arrivals.as_ref(),
        _ => None,
    };
    value.or(settings.name.as_ref()).map(|place| place.mistake(misfit))
}

/// A profile laid over a test: its rate is for tests that have one, its users for tests that have some, its times for tests
/// that last for one.
pub fn profile(settings: &Settings, below: PerfSpec) -> PerfSpec {
    let (is_closed, has_length) = (below.is_closed(), below.has_length());
    let has_users = is_closed && (below.users.is_some() || below.load.is_some());
    let top = of(settings);
    let has_load = top.load.is_some();
    let top = PerfSpec {
        rate: top.rate.filter(|_| !is_closed && !below.is_search()),
        users: top.users.filter(|_| has_users),
        duration: top.duration.filter(|_| has_length),
        warmup: top.warmup.filter(|_| has_length || has_load),
        ..top
    };
    let misfits = over(&top, settings, below.clone()).misfits();
    over(&top.without(&misfits), settings, below)
}

/// A table laid over what lies below it.
fn over(top: &PerfSpec, settings: &Settings, below: PerfSpec) -> PerfSpec {
    let is_another_load = top.load.is_some() || top.rate.is_some() || top.users.is_some();
    let PerfSpec { load, rate, users, iterations, duration, .. } = with_load_of(top, &below);
    let ignore = match &settings.ignore {
        Some(IgnoreSetting::Off) => None,
        _ => top.ignore.clone().or_else(|| below.ignore.clone()),
    };
    let laid = PerfSpec { load, rate, users, iterations, duration, ignore, ..filled(top.clone(), below) };
    // What was written for the load that is replaced goes with it.
    let misfits = laid.misfits().into_iter().filter(|misfit| is_another_load && !top.gives(*misfit));
    let misfits: Vec<Misfit> = misfits.collect();
    laid.without(&misfits)
}

/// An attribute over the defaults.
fn over_defaults(attribute: &PerfSpec, defaults: &Settings) -> PerfSpec {
    let defaults = of(defaults);
    let over = |defaults: PerfSpec| {
        let PerfSpec { load, rate, users, iterations, duration, .. } = attribute.clone();
        PerfSpec { load, rate, users, iterations, duration, ..filled(attribute.clone(), defaults) }
    };
    let misfits = over(defaults.clone()).misfits();
    over(defaults.without(&misfits))
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
            let load = match top.duration {
                Some(duration) if load.has_length() => load.clone().lasting(duration),
                Some(duration) => load.clone().hold(duration),
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
    use crate::plan::load::Iterations;
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

    fn effective_of(attribute: &PerfSpec, name: &str) -> PerfSpec {
        effective(attribute, &Config::parse(FILE).unwrap(), name).unwrap()
    }

    fn table(text: &str) -> Config {
        Config::parse(text).unwrap()
    }

    fn open() -> PerfSpec {
        PerfSpec { rate: Some(5.0), duration: Some(seconds(1)), ..PerfSpec::default() }
    }

    fn counted() -> PerfSpec {
        PerfSpec { iterations: Some(Iterations::Shared(5)), ..PerfSpec::default() }
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
        let other = effective_of(&attribute, "other");
        assert_eq!((other.users, other.timeout), (Some(5), Some(seconds(3))));
        assert_eq!((other.think.as_deref(), other.thresholds.len()), (Some("2s"), 1));
        let login = effective_of(&attribute, "login");
        assert_eq!((login.rate, login.users, login.duration), (Some(50.0), None, Some(seconds(10))));
        assert_eq!(login.ignore, None);
    }

    #[test]
    fn a_default_that_the_load_has_no_use_for_is_left_out() {
        assert_eq!(effective_of(&open(), "open").think, None);
        assert_eq!(effective_of(&counted(), "counted").think.as_deref(), Some("1s"));
        let config = table("[defaults]\nmax_in_flight = 5\nprecise = true\n");
        let laid = |attribute| effective(&attribute, &config, "any").unwrap();
        assert_eq!((laid(counted()).max_in_flight, laid(counted()).precise), (None, None));
        assert_eq!((laid(open()).max_in_flight, laid(open()).precise), (Some(5), Some(true)));
    }

    #[test]
    fn a_profile_says_to_each_test_what_its_kind_of_load_has_a_use_for() {
        let text = "[profile.ci]\nthink = \"1s\"\npace = \"2s\"\narrivals = \"poisson\"\nduration = \"9s\"\nwarmup = \"3s\"";
        let config = table(text);
        let under = |below| profile(config.profile("ci").unwrap(), below);
        let (open, counted) = (under(open()), under(counted()));
        assert_eq!((open.think, open.pace, open.arrivals.as_deref()), (None, None, Some("poisson")));
        assert_eq!((open.duration, open.warmup), (Some(seconds(9)), Some(seconds(3))));
        assert_eq!((counted.think.as_deref(), counted.pace), (Some("1s"), Some(seconds(2))));
        assert_eq!((counted.arrivals, counted.duration, counted.warmup), (None, None, None));
    }

    #[test]
    fn a_profiles_own_load_decides_what_the_rest_of_it_is_for() {
        let config = table("[profile.ci]\nload = \"users 5 for 1s\"\nthink = \"1s\"\nmax_in_flight = 5\n");
        let below = PerfSpec { arrivals: Some("poisson".into()), ..open() };
        let laid = profile(config.profile("ci").unwrap(), below);
        assert_eq!((laid.think.as_deref(), laid.arrivals, laid.max_in_flight), (Some("1s"), None, None));
    }

    #[test]
    fn what_a_tests_own_table_says_in_vain_is_told_with_its_line() {
        let said = |attribute, lines: &str| -> Vec<String> {
            let laid = effective(&attribute, &table(&format!("[test.a]\n{lines}")), "a");
            laid.err().unwrap_or_default().iter().map(ToString::to_string).collect()
        };
        let search =
            || PerfSpec { load: Some(Load::capacity("p99 < 1s").from(1).up_to(2)), ..PerfSpec::default() };
        for (attribute, lines, expected) in [
            (open(), "timeout = \"1s\"\nthink = \"1s\"", "3:9: `think` is a pause of users"),
            (open(), "pace = \"1s\"", "1:7: `pace` is a pause of users"),
            (open(), "iterations = \"2 per user\"", "1:7: `iterations` per user need users"),
            (counted(), "arrivals = \"poisson\"", "2:12: `arrivals` says how those of an open load"),
            (counted(), "max_in_flight = 5", "1:7: `max_in_flight` caps an open load"),
            (counted(), "precise = true", "1:7: `precise` is for starts"),
            (search(), "iterations = 5", "1:7: `iterations` end no capacity search"),
            (search(), "rounds = 5", "1:7: `rounds` slice a measured time"),
            (open(), "users = 5\narrivals = \"poisson\"", "3:12: `arrivals` says how"),
        ] {
            let found = said(attribute, lines);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{lines}: {found:?}");
        }
        for (attribute, lines) in [
            (counted(), "think = \"1s\"\nprecise = true\nduration = \"1s\"\nwarmup = \"1s\""),
            (open(), "users = 5\nthink = \"1s\""),
            (PerfSpec { arrivals: Some("poisson".into()), ..open() }, "users = 5"),
            (search(), "duration = \"1s\"\narrivals = \"poisson\""),
        ] {
            assert_eq!(said(attribute, lines), Vec::<String>::new(), "{lines}");
        }
    }

    #[test]
    fn a_duration_of_a_tests_own_table_ends_what_had_no_end_but_its_iterations() {
        let config = table("[test.a]\nduration = \"4s\"\n");
        let laid =
            |load| effective(&PerfSpec { load: Some(load), ..PerfSpec::default() }, &config, "a").unwrap();
        assert_eq!(laid(Load::users(5).iterations(9)).load.unwrap().length(), Some(seconds(4)));
        let search = laid(Load::capacity("p99 < 1s").from(1).up_to(2)).load.unwrap();
        assert_eq!(search.search().unwrap().probe, seconds(4));
    }

    #[test]
    fn a_duration_alone_stretches_a_load_of_several_levels() {
        let load = Load::rate(0).ramp_to(100, "8s");
        let shaped = effective_of(&PerfSpec { load: Some(load), ..PerfSpec::default() }, "shaped");
        assert_eq!(shaped.load.unwrap().to_string(), "0..100 over 4s");
    }
}
