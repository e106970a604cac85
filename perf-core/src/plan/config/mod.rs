//! Turns the text of perf.toml into typed settings, or into all of its mistakes with their places.
//!
//! Decides nothing: what lies over what, `Plan::resolve` says.

mod alerts;
mod baseline;
mod entry;
mod mistake;
mod settings;

pub use alerts::{Alerts, Occasion};
pub use baseline::BaselineSetting;
pub use mistake::{ConfigMistake, PlacedText};
pub use settings::{IgnoreSetting, Settings};

use crate::metric::nearest;
use crate::plan::limits::{HostPattern, Limits};
use entry::{Entry, entries};
use mistake::Mistakes;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

const FILE: &str = "perf.toml";
const BUILT_IN_PROFILES: [&str; 2] = ["smoke", "quick"];
const SECTIONS: [&str; 5] = ["defaults", "profile", "test", "limits", "alerts"];
const MOST_NAMES: usize = 10;

/// Everything that perf.toml says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `[defaults]`: below the attribute, and without any load.
    pub defaults: Settings,
    /// `[profile.NAME]`: over the attribute when asked for; never one that is built in.
    pub profiles: BTreeMap<String, Settings>,
    /// `[test.NAME]`: over the attribute of that test.
    pub tests: BTreeMap<String, Settings>,
    /// `[limits]`: of every test.
    pub limits: Limits,
    /// `[alerts]`: who is told of what; `None` without that table.
    pub alerts: Option<Alerts>,
}

/// The perf.toml of a package: the one beside its Cargo.toml, else the one at the workspace root.
pub fn find(package_dir: &Path, workspace_root: Option<&Path>) -> Option<PathBuf> {
    let folders = [Some(package_dir), workspace_root].into_iter().flatten();
    folders.map(|folder| folder.join(FILE)).find(|path| path.is_file())
}

impl Config {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
        Config::parse(&text).map_err(|mistakes| ConfigError::Mistakes { path: path.to_owned(), mistakes })
    }

    /// Reads the text of a file; all mistakes at once, in the order of the file.
    pub fn parse(text: &str) -> Result<Config, Vec<ConfigMistake>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut mistakes = Mistakes::of_syntax(text, root.get_ref(), errors);
        let mut config = Config::default();
        for section in entries(root.get_ref()) {
            config.set(&section, &mut mistakes);
        }
        let mistakes = mistakes.finish();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    fn set(&mut self, section: &Entry<'_>, mistakes: &mut Mistakes<'_>) {
        match section.key {
            "defaults" => self.defaults = defaults(section, mistakes).unwrap_or_default(),
            "profile" => self.profiles = profiles(section, mistakes),
            "test" => self.tests = named(section, mistakes),
            "limits" => self.limits = limits(section, mistakes).unwrap_or_default(),
            "alerts" => self.alerts = Alerts::read(section, mistakes),
            _ => mistakes.at(section.key_at, unknown_section(section)),
        }
    }

    /// The profile of that name, unless it is built in or there is none.
    pub fn profile(&self, name: &str) -> Option<&Settings> {
        self.profiles.get(name)
    }

    /// Every `[test.NAME]` that is none of the known tests, in the order of the file.
    ///
    /// A file may serve several test targets, of which each knows its own tests only. Unless these `are_all`, a name may be
    /// that of a test elsewhere, so only what looks like one of the known ones misspelt is told, as what it is.
    pub fn check_tests(&self, known: &[&str], are_all: bool) -> Vec<ConfigMistake> {
        let names = self.tests.values().filter_map(|settings| settings.name.as_ref());
        let unknown = names.filter(|name| !known.contains(&name.text.as_str()));
        let told = |name: &PlacedText| match (are_all, near_test(&name.text, known)) {
            (true, near) => Some(name.mistake(no_such_test(&name.text, near, known))),
            (false, Some(near)) => Some(name.mistake(perhaps_another(&name.text, near))),
            (false, None) => None,
        };
        let mut mistakes: Vec<ConfigMistake> = unknown.filter_map(told).collect();
        mistakes.sort();
        mistakes
    }
}

/// The settings of `[defaults]`.
fn defaults(section: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Settings> {
    let table = section.table("defaults", mistakes)?;
    Some(Settings::read_defaults(mistakes.text(section.key_at, section.key), table, mistakes))
}

/// The settings below one name.
fn settings(entry: &Entry<'_>, header: &str, mistakes: &mut Mistakes<'_>) -> Option<Settings> {
    let table = entry.table(header, mistakes)?;
    Some(Settings::read(mistakes.text(entry.key_at, entry.key), table, mistakes))
}

fn profiles(section: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> BTreeMap<String, Settings> {
    let profiles = named(section, mistakes);
    let names = profiles.values().filter_map(|settings| settings.name.as_ref());
    for name in names.filter(|name| BUILT_IN_PROFILES.contains(&name.text.as_str())) {
        let message = format!("the profile `{}` is built in; choose another name", name.text);
        mistakes.add(name.mistake(message));
    }
    profiles
}

/// The tables below `[profile]` or `[test]`, by their names.
fn named(section: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> BTreeMap<String, Settings> {
    let header = format!("{}.NAME", section.key);
    let below = section.table(&header, mistakes).into_iter().flat_map(entries);
    let read = below.filter_map(|entry| Some((entry.key.to_owned(), settings(&entry, &header, mistakes)?)));
    read.collect()
}

fn limits(section: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Limits> {
    let mut limits = Limits::default();
    for entry in entries(section.table("limits", mistakes)?) {
        match entry.key {
            "rate" => limits.rate = entry.rate(mistakes),
            "hosts" => limits.hosts = hosts(&entry, mistakes),
            _ => entry.unknown(&["rate", "hosts"], mistakes),
        }
    }
    Some(limits)
}

fn hosts(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Vec<HostPattern> {
    let form = "a list of texts such as [\"staging.example.com\", \"*.perf.example.com\"]";
    entry.list(form, mistakes, str::parse, HostPattern::clone).unwrap_or_default()
}

fn unknown_section(section: &Entry<'_>) -> String {
    let key = section.key;
    match (settings::header_of(key), nearest(key, SECTIONS.into_iter())) {
        (Some(header), _) => format!("`{key}` stands in no table; write {header} above it"),
        (None, Some(near)) => format!("unknown table `{key}`; did you mean `{near}`?"),
        (None, None) => format!("unknown table `{key}`; the tables are {}", SECTIONS.join(", ")),
    }
}

/// The test that was probably meant.
fn near_test<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let in_a_module = known.iter().copied().find(|test| test.rsplit("::").next() == Some(name));
    in_a_module.or_else(|| nearest(name, known.iter().copied()))
}

fn no_such_test(name: &str, near: Option<&str>, known: &[&str]) -> String {
    let hint = match near {
        Some(near) => format!("did you mean [test.{near:?}]?"),
        None if known.is_empty() => "there are none; remove the table".to_owned(),
        None => format!("the tests are {}", listed(known)),
    };
    format!("no perf test is named `{name}`; {hint}")
}

fn perhaps_another(name: &str, near: &str) -> String {
    format!(
        "no perf test of this target is named `{name}`: unless one of another target is, did you mean [test.{near:?}]?"
    )
}

/// The first few.
fn listed(names: &[&str]) -> String {
    let more = if names.len() > MOST_NAMES { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(MOST_NAMES)].join(", "))
}

/// Why perf.toml cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file system, or a file that is no text.
    #[error("{}: {source}; make it a text that can be read, or remove it", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// What it says; one line each.
    #[error("{}", lines(path, mistakes))]
    Mistakes {
        /// Which file.
        path: PathBuf,
        /// In the order of the file.
        mistakes: Vec<ConfigMistake>,
    },
}

fn lines(path: &Path, mistakes: &[ConfigMistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(|mistake| format!("{}:{mistake}", path.display())).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::Iterations;
    use crate::units::Rate;
    use proptest::prelude::*;
    use std::time::Duration;

    const FULL: &str = r#"
[defaults]
warmup = "0s"
timeout = "2s"
graceful_stop = "0s"
rounds = 1_000
workers = 1024
max_in_flight = 0x10
arrivals = "poisson"
think = "100ms"
pace = "1s"
connections = "user"
thresholds = ["p99 < 50ms", "errors < 0.1%"]
baseline = "off"
base_url = "http://127.0.0.1:8080"
tags = ["nightly", "shop"]
ready = "https://shop.test/health"
ready_timeout = "1m"
ignore = "needs a database"
seed = 0
precise = true
backoff = false

[profile.nightly]
rate = "12000/min"
baseline = { p50 = "5%", "service.p99" = "10%" }

[test.login]
rate = 2.5
ignore = true
baseline = ["p50", "throughput"]

[test."shop::check out"]
users = 50
iterations = 1000
ignore = false

[test.search]
iterations = "20 per user"
load = "users 0..50 over 10s"

[limits]
rate = "500/s"
hosts = ["staging.example.com", "*.perf.example.com"]

[alerts]
webhook = "https://hooks.example.com/perf"
command = ["notify", "--urgent"]
when = ["p99 > 200ms", "errors > 1%"]
window = "10s"
on = ["failed", "inconclusive", "regressed", "lost"]
"#;

    fn parse(text: &str) -> Config {
        Config::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
    }

    /// Each as it is shown.
    fn mistakes(text: &str) -> Vec<String> {
        let mistakes = Config::parse(text).err().unwrap_or_default();
        mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_key_of_the_defaults_is_read() {
        let text = |text: &str, line, column| Some(PlacedText { text: text.to_owned(), line, column });
        let texts = |texts: [&str; 2]| Some(texts.map(str::to_owned).to_vec());
        let expected = Settings {
            name: text("defaults", 2, 2),
            warmup: Some(Duration::ZERO),
            timeout: Some(Duration::from_secs(2)),
            graceful_stop: Some(Duration::ZERO),
            rounds: Some(1000),
            workers: Some(1024),
            max_in_flight: Some(16),
            arrivals: text("poisson", 9, 12),
            think: text("100ms", 10, 9),
            pace: Some(Duration::from_secs(1)),
            connections: text("user", 12, 15),
            thresholds: texts(["p99 < 50ms", "errors < 0.1%"]),
            baseline: Some(BaselineSetting::Off),
            base_url: Some("http://127.0.0.1:8080".to_owned()),
            tags: texts(["nightly", "shop"]),
            ready: Some("https://shop.test/health".to_owned()),
            ready_timeout: Some(Duration::from_mins(1)),
            ignore: Some(IgnoreSetting::Because("needs a database".to_owned())),
            seed: Some(0),
            precise: Some(true),
            backoff: Some(false),
            ..Settings::default()
        };
        assert_eq!(parse(FULL).defaults, expected);
    }

    #[test]
    fn a_load_is_a_rate_users_iterations_or_a_text() {
        let config = parse(FULL);
        assert_eq!(config.profile("nightly").unwrap().rate, Some(200.0));
        assert_eq!(config.tests["login"].rate, Some(2.5));
        let counted = &config.tests["shop::check out"];
        assert_eq!((counted.users, counted.iterations), (Some(50), Some(Iterations::Shared(1000))));
        assert_eq!(config.tests["search"].iterations, Some(Iterations::PerUser(20)));
        let load = config.tests["search"].load.as_ref().unwrap();
        assert_eq!((load.text.as_str(), load.line), ("users 0..50 over 10s", 40));
        assert_eq!(load.mistake("too many").to_string(), "40:8: too many");
    }

    #[test]
    fn a_baseline_is_off_or_metrics_with_or_without_a_tolerance() {
        let config = parse(FULL);
        let metrics = |settings: &Settings| match settings.baseline.clone() {
            Some(BaselineSetting::Metrics(metrics)) => metrics,
            other => panic!("{other:?}"),
        };
        let toleranced = metrics(config.profile("nightly").unwrap());
        let pair = |metric: &str, tolerance: Option<&str>| (metric.to_owned(), tolerance.map(str::to_owned));
        assert_eq!(toleranced, [pair("p50", Some("5%")), pair("service.p99", Some("10%"))]);
        assert_eq!(metrics(&config.tests["login"]), [pair("p50", None), pair("throughput", None)]);
        let below = parse("[test.a.baseline]\np95 = \"1%\"");
        assert_eq!(metrics(&below.tests["a"]), [pair("p95", Some("1%"))]);
    }

    #[test]
    fn a_test_is_ignored_for_a_reason_for_none_or_not_at_all() {
        let config = parse(FULL);
        assert_eq!(config.tests["login"].ignore, Some(IgnoreSetting::Because(String::new())));
        assert_eq!(config.tests["shop::check out"].ignore, Some(IgnoreSetting::Off));
        assert_eq!(config.tests["search"].ignore, None);
    }

    #[test]
    fn limits_and_alerts_are_read() {
        let config = parse(FULL);
        assert_eq!(config.limits.rate, Rate::per_second(500.0));
        assert!(config.limits.allows("a.perf.example.com") && !config.limits.allows("example.com"));
        let alerts = config.alerts.unwrap();
        assert_eq!(alerts.webhook.as_ref().unwrap().text, "https://hooks.example.com/perf");
        let occasions = [Occasion::Failed, Occasion::Inconclusive, Occasion::Regressed, Occasion::Lost];
        assert_eq!(alerts.on.as_deref(), Some(occasions.as_slice()));
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(parse(""), Config::default());
        assert_eq!(parse("# nothing\n[test]\n[profile]\n"), Config::default());
        assert_eq!(parse("[defaults]").defaults.name.unwrap().text, "defaults");
    }

    #[test]
    fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
        let found = mistakes(
            r#"rounds = 5
[default]
[test.login]
raet = 200
users = 0
duration = 5
thresholds = ["p99", 5, "p99 < 1s",
    "p99<1s"]
[profile.quick]
rate = 1e9
[profile.ci]
rate = 5
rate = 6
users = 5
[limits]
rate = 0
hosts = ["http://example.com"]
[alerts]
webhook = "hooks.example.com"
on = ["fail"]
warmup = 5s
"#,
        );
        let expected = [
            "1:1: `rounds` stands in no table; write [defaults] above it",
            "2:2: unknown table `default`; did you mean `defaults`?",
            "4:1: unknown key `raet`; did you mean `rate`?",
            "5:9: `users` takes a whole number from 1 to 4294967295, not 0",
            "6:12: `duration` takes a duration in quotes such as \"10s\", not 5",
            "7:15: `thresholds`: `p99` is no threshold; write METRIC OP VALUE, such as \"p99 < 50ms\" or \
             \"errors < 0.1%\"",
            "7:22: `thresholds` takes a list of texts such as [\"p99 < 50ms\", \"errors < 0.1%\"], not 5",
            "8:5: `p99<1s` is given twice; keep one",
            "9:10: the profile `quick` is built in; choose another name",
            "10:8: `rate`: a rate above 10,000,000/s cannot be offered by one machine; write a lower one",
            "13:1: `rate` is given twice; keep one",
            "14:1: `users` contradicts `rate`: a load is open or closed; keep one",
            "16:8: `rate`: a rate of zero offers nothing; write one above zero",
            "17:10: `hosts`: `http://example.com` is an address; write its host alone, such as \
             \"staging.example.com\"",
            "19:11: `webhook` takes a whole address such as \"http://127.0.0.1:8080\", not \
             \"hooks.example.com\"",
            "20:7: `on`: \"fail\" is no occasion; they are \"failed\", \"inconclusive\", \"regressed\", \"lost\"",
            "21:1: unknown key `warmup`; the keys are webhook, command, when, window, on",
            "21:10: string values must be quoted, expected literal string",
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, expected);
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
    }

    /// Each line alone in a test's table is one mistake, whose message holds the advice.
    fn each_says(expected: &[(&str, &str)]) {
        for (line, advice) in expected {
            let found = mistakes(&format!("[test.a]\n{line}\n"));
            assert!(found.len() == 1 && found[0].contains(advice), "{line}: {found:#?}");
            assert!(found[0].starts_with("2:"), "{line}: {found:#?}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_told_what_the_key_takes() {
        each_says(&[
            ("rate = true", "a rate such as 200, \"200/s\" or \"12000/min\", not true"),
            ("users = \"5\"", "a whole number from 1 to 4294967295, not \"5\""),
            ("iterations = 1.5", "a whole number from 1 to 18446744073709551615, not 1.5"),
            ("timeout = 07:32:00", "a duration in quotes such as \"10s\", not 07:32:00"),
            ("load = 200", "a load in quotes such as \"0..500 over 30s, hold 1m\", not 200"),
            ("arrivals = true", "\"jitter(20%)\", not true"),
            ("think = 100", "\"exp(100ms)\", not 100"),
            ("pace = 100", "a duration in quotes such as \"10s\", not 100"),
            ("connections = [\"user\"]", "\"shared\" or \"user\", not a list"),
            ("thresholds = \"p99 < 1s\"", "a list of texts such as [\"p99 < 50ms\""),
            ("baseline = true", "\"off\", or metrics such as { p50 = \"5%\" } or [\"p50\"], not true"),
            ("baseline = \"on\"", "\"off\", or metrics"),
            ("baseline = {}", "not an empty table"),
            ("baseline = []", "not an empty list"),
            ("baseline = { p50 = 5 }", "`p50` takes a tolerance in quotes such as \"5%\", not 5"),
            (
                "base_url = \"127.0.0.1\"",
                "a whole address such as \"http://127.0.0.1:8080\", not \"127.0.0.1\"",
            ),
            ("base_url = \"http://\"", "a whole address"),
            ("ready = \"/health\"", "a whole address"),
            ("tags = \"smoke\"", "a list of texts such as [\"smoke\""),
            ("ignore = 1", "true, false or a reason in quotes, not 1"),
            ("precise = \"yes\"", "true or false, not \"yes\""),
            ("seed = -1", "a whole number from 0"),
        ]);
    }

    #[test]
    fn a_value_out_of_range_is_told_the_range() {
        each_says(&[
            ("rate = 0", "zero offers nothing"),
            ("rate = -5", "`-5` is not a rate"),
            ("rate = nan", "`nan` is not a rate"),
            ("rate = \"fast\"", "`fast` is not a rate"),
            ("rate = 10_000_001", "cannot be offered by one machine"),
            ("users = 4294967296", "from 1 to 4294967295, not 4294967296"),
            ("rounds = 1001", "from 1 to 1000, not 1001"),
            ("workers = 1025", "from 1 to 1024, not 1025"),
            ("duration = \"0s\"", "`duration` is zero; write one above zero"),
            ("timeout = \"0s\"", "`timeout` is zero"),
            ("warmup = \"9999y\"", "longer than a year; write at most \"365d\""),
            ("graceful_stop = \"5 parsecs\"", "is not a duration"),
        ]);
    }

    #[test]
    fn a_text_that_cannot_be_meant_is_refused_with_advice() {
        each_says(&[
            ("thresholds = [\"p99 < 0ms\"]", "can never hold"),
            ("thresholds = [\"latency < 5ms\"]", "unknown metric `latency`"),
            ("load = \"0..500 in 30s\"", "`load`: "),
            ("arrivals = \"random\"", "`arrivals`: `random` is no spacing of arrivals; write \"constant\""),
            ("think = \"2s..1s\"", "`think`: `2s..1s` ends before it begins"),
            ("iterations = \"20 each\"", "or \"20 per user\""),
            ("tags = [\" \"]", "an empty tag selects nothing"),
            ("tags = [\"a\", \"a\"]", "`a` is given twice; keep one"),
            ("baseline = { p50 = \"0%\" }", "write one above zero"),
            ("baseline = { errors = \"5%\" }", "is not compared with baselines"),
            ("baseline = [\"errors\"]", "is not compared with baselines"),
            ("baseline = [\"p50\", \"service.p50\"]", "given twice"),
            ("baseline = { p50 = \"5%\", \"service.p50\" = \"5%\" }", "given twice"),
            ("baseline = { service.p50 = \"5%\" }", "a metric with a dot goes in quotes"),
        ]);
    }

    #[test]
    fn an_unknown_key_is_told_the_nearest_or_all() {
        each_says(&[
            ("tresholds = []", "did you mean `thresholds`?"),
            ("colour = 5", "the keys are rate, users, iterations, load, duration"),
            ("setup = \"shop\"", "`setup` names something of the code; write it in `#[perf_test(…)]`"),
        ]);
    }

    #[test]
    fn a_default_that_no_test_could_take_over_is_refused() {
        for line in ["rate = 5", "users = 0", "iterations = 5", "load = \"5 for 1s\"", "duration = \"5s\""] {
            let found = mistakes(&format!("[defaults]\ntimeout = \"5s\"\n{line}\n"));
            assert!(found.len() == 1 && found[0].starts_with("3:1: "), "{line}: {found:#?}");
            assert!(found[0].contains("write it below [profile.NAME] or [test.NAME]"), "{line}: {found:#?}");
        }
        let nowhere = mistakes("duration = \"5s\"");
        assert_eq!(
            nowhere,
            ["1:1: `duration` stands in no table; write [profile.NAME] or [test.NAME] above it"]
        );
    }

    #[test]
    fn keys_that_contradict_each_other_are_told_where_the_second_stands() {
        for (text, expected) in [
            ("rate = 5\nusers = 5", "3:1: `users` contradicts `rate`"),
            ("users = 5\nload = \"5 for 1s\"", "3:1: `load` contradicts `users`"),
            ("duration = \"5s\"\nload = \"5 for 1s\"", "3:1: `load` contradicts `duration`"),
            ("rate = true\nload = 5", "3:1: `load` contradicts `rate`"),
            ("iterations = 5\nrounds = 6", "3:10: 6 rounds of 5 iterations: a round holds at least one"),
        ] {
            let found = mistakes(&format!("[test.a]\n{text}"));
            assert!(found.iter().any(|mistake| mistake.starts_with(expected)), "{text}: {found:#?}");
        }
    }

    #[test]
    fn a_name_that_is_no_table_of_its_own_is_told_how_one_is_written() {
        for (text, expected) in [
            ("defaults = 5", "1:1: `defaults` is no table; keys stand below a header such as [defaults]"),
            (
                "[profile]\nrate = 5",
                "2:1: `rate` is no table; keys stand below a header such as [profile.NAME]",
            ),
            ("[[test.a]]\nrate = 5", "1:8: `a` is no table; keys stand below a header such as [test.NAME]"),
            ("[test.shop.login]\nrate = 5", "1:12: `login` is no table of settings; a test's name with dots"),
            ("[[limits]]", "1:3: `limits` is no table"),
            ("[tests.login]", "1:2: unknown table `tests`; did you mean `test`?"),
            (
                "[colours]",
                "1:2: unknown table `colours`; the tables are defaults, profile, test, limits, alerts",
            ),
            ("[limits]\nhost = []", "2:1: unknown key `host`; did you mean `hosts`?"),
            ("[alerts]\non = \"failed\"", "2:6: `on` takes a list of texts such as [\"failed\""),
        ] {
            let found = mistakes(text);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:#?}");
        }
    }

    #[test]
    fn broken_syntax_is_told_once_where_it_breaks_and_hides_nothing_else() {
        let found =
            mistakes("[defaults]\nworkers = 0\ntimeout = 5s\nbase_url = \"http\nrounds = 0\n[defaults]\n");
        let starts = [
            "2:11: `workers`",
            "3:11: string values",
            "4:17: invalid",
            "5:10: `rounds`",
            "6:2: `defaults` is given twice",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}");
        }
        let swallowed = mistakes("[test.a]\nthresholds = [\"p99 < 1s\"\nusers = 0\nrate = 5\n");
        assert_eq!(
            swallowed,
            [
                "3:1: missing comma between array elements, expected `,`; write one, or `]` where the list ends"
            ]
        );
        let missing = mistakes("[test.a]\nrate =\nrounds = 0\n");
        assert_eq!(missing[0], "2:7: a value is missing; write it behind the `=`");
        assert_eq!(missing.len(), 2, "{missing:#?}");
        let unquoted = mistakes("[test.shop::login]\nusers = 0\n");
        assert!(unquoted[0].ends_with("goes in quotes, such as [test.\"shop::login\"]"), "{unquoted:#?}");
        assert_eq!(unquoted.len(), 2, "{unquoted:#?}");
    }

    proptest! {
        #[test]
        fn nothing_that_is_put_into_a_file_makes_it_panic(at in 0..FULL.len(), cut in 0..20usize, put in ".{0,8}") {
            let end = (at + cut).min(FULL.len());
            let _ = Config::parse(&format!("{}{put}{}", &FULL[..at], &FULL[end..]));
            let _ = Config::parse(&put);
        }
    }

    #[test]
    fn a_table_of_a_test_that_is_none_is_told_which_was_meant() {
        let config = parse("[test.lgin]\n[test.\"shop.search\"]\n[test.pay]\n[test.basket]\n[test.colour]");
        let known = ["login", "shop::search", "shop::pay", "basket"];
        let shown = |known: &[&str]| -> Vec<String> {
            config.check_tests(known, true).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            shown(&known),
            [
                "1:7: no perf test is named `lgin`; did you mean [test.\"login\"]?",
                "2:7: no perf test is named `shop.search`; did you mean [test.\"shop::search\"]?",
                "3:7: no perf test is named `pay`; did you mean [test.\"shop::pay\"]?",
                "5:7: no perf test is named `colour`; the tests are login, shop::search, shop::pay, basket",
            ]
        );
        assert!(shown(&[])[0].ends_with("there are none; remove the table"));
        let elsewhere = config.check_tests(&known, false);
        assert_eq!(elsewhere.len(), 3, "a name that is like no other may be another target's: {elsewhere:?}");
        assert!(
            elsewhere[0].message.contains("unless one of another target is, did you mean [test.\"login\"]?")
        );
        let many = ["test number"; 11];
        assert!(shown(&many)[0].ends_with("test number, …"), "{}", shown(&many)[0]);
    }

    #[test]
    fn a_file_is_read_from_the_package_and_else_from_the_workspace() {
        let root = std::env::temp_dir().join(format!("perf-config-{}", std::process::id()));
        let package = root.join("member");
        std::fs::create_dir_all(&package).unwrap();
        assert_eq!(find(&package, Some(&root)), None);
        std::fs::write(root.join(FILE), "[test.a]\nusers = 0\nraet = 5\n").unwrap();
        assert_eq!(find(&package, Some(&root)), Some(root.join(FILE)));
        assert_eq!(find(&package, None), None);
        std::fs::write(package.join(FILE), [0xff]).unwrap();
        assert_eq!(find(&package, Some(&root)), Some(package.join(FILE)));

        let shown = |path: &Path| Config::read(path).unwrap_err().to_string();
        let at = root.join(FILE).display().to_string();
        let lines = shown(&root.join(FILE));
        assert!(lines.starts_with(&format!("{at}:2:9: `users` takes")), "{lines}");
        assert!(lines.contains(&format!("\n{at}:3:1: unknown key `raet`")), "{lines}");
        assert!(shown(&package.join(FILE)).contains("make it a text"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
