//! Turns a table of `[defaults]`, `[profile.NAME]` or `[test.NAME]` into typed settings.
//!
//! Lays nothing over anything, and reads no text that another part has the grammar of: a load, arrivals, pauses.

use super::baseline::{BaselineSetting, baseline};
use super::entry::{Entry, entries, entry};
use super::mistake::{Mistakes, PlacedText};
use crate::plan::load::{Iterations, Load};
use crate::plan::pause::Pause;
use crate::plan::spacing::Spacing;
use crate::plan::threshold::Threshold;
use crate::units::Rate;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// What one table says; a field that is `None` was not given. The words are those of the attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The name of the table: `defaults`, or the NAME of `[profile.NAME]`; `None` where the file has no such table.
    pub name: Option<PlacedText>,
    /// Arrivals per second of an open load; above zero, and 10,000,000 at most.
    pub rate: Option<f64>,
    /// Users of a closed load; at least one.
    pub users: Option<u32>,
    /// Stop after so many; at least one.
    pub iterations: Option<Iterations>,
    /// A load of another shape; can be parsed as a [`Load`], which may still be one that nobody can offer.
    pub load: Option<PlacedText>,
    /// How long load is measured; above zero.
    pub duration: Option<Duration>,
    /// Load before measuring.
    pub warmup: Option<Duration>,
    /// Slices of the measured time; from 1 to 1000.
    pub rounds: Option<u32>,
    /// Of one iteration; above zero.
    pub timeout: Option<Duration>,
    /// Cap on concurrent iterations of an open load; at least one.
    pub max_in_flight: Option<u32>,
    /// How long running iterations may take to finish.
    pub graceful_stop: Option<Duration>,
    /// Engine threads; from 1 to 1024.
    pub workers: Option<u32>,
    /// Spacing of an open load's arrivals; can be parsed as a [`Spacing`].
    pub arrivals: Option<PlacedText>,
    /// Pause after an iteration of a closed load; can be parsed as a [`Pause`].
    pub think: Option<PlacedText>,
    /// The least time from one start to the next of a user of a closed load.
    pub pace: Option<Duration>,
    /// Whose connections are re-used; not yet parsed.
    pub connections: Option<PlacedText>,
    /// Limits; each can be parsed as a [`Threshold`], and none is there twice.
    pub thresholds: Option<Vec<String>>,
    /// Which metrics are compared with a baseline.
    pub baseline: Option<BaselineSetting>,
    /// Base of relative URLs; starts with `http://` or `https://`.
    pub base_url: Option<String>,
    /// For selection with `--tag`; none is empty or there twice.
    pub tags: Option<Vec<String>>,
    /// An address that must answer before load starts; starts with `http://` or `https://`.
    pub ready: Option<String>,
    /// How long it may take to answer; zero tries once.
    pub ready_timeout: Option<Duration>,
    /// Whether the test is left out, as in libtest.
    pub ignore: Option<IgnoreSetting>,
    /// Of arrivals and users' generators.
    pub seed: Option<u64>,
    /// As the attribute's key of that name.
    pub precise: Option<bool>,
    /// As the attribute's key of that name.
    pub backoff: Option<bool>,
}

/// Whether a test is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoreSetting {
    /// `false`: it runs, whatever a layer below says.
    Off,
    /// `true` or the reason; empty for `true`.
    Because(String),
}

const KEYS: &[&str] = &[
    "rate",
    "users",
    "iterations",
    "load",
    "duration",
    "warmup",
    "rounds",
    "timeout",
    "max_in_flight",
    "graceful_stop",
    "workers",
    "arrivals",
    "think",
    "pace",
    "connections",
    "thresholds",
    "baseline",
    "base_url",
    "tags",
    "ready",
    "ready_timeout",
    "ignore",
    "seed",
    "precise",
    "backoff",
];

/// What says a load. Each test says its own whole, so below it they could change nothing.
const KEYS_OF_A_LOAD: &[&str] = &["rate", "users", "iterations", "load", "duration"];

/// Keys of the attribute whose value is Rust.
const KEYS_OF_CODE: &[&str] =
    &["setup", "teardown", "user_setup", "client", "after", "requires", "scenario", "crate"];

/// What the values look like.
const LOAD: &str = "a load in quotes such as \"0..500 over 30s, hold 1m\"";
const ARRIVALS: &str = "a text: \"constant\", \"poisson\" or \"jitter(20%)\"";
const PAUSE: &str = "a pause in quotes: \"100ms\", \"50ms..150ms\" or \"exp(100ms)\"";
const CONNECTIONS: &str = "a text: \"shared\" or \"user\"";
const THRESHOLDS: &str = "a list of texts such as [\"p99 < 50ms\", \"errors < 0.1%\"]";
const TAGS: &str = "a list of texts such as [\"smoke\", \"checkout\"]";
const IGNORE: &str = "true, false or a reason in quotes";

/// The header that a key may stand below; none of a key that no table of settings has.
pub(super) fn header_of(key: &str) -> Option<&'static str> {
    match KEYS_OF_A_LOAD.contains(&key) {
        true => Some("[profile.NAME] or [test.NAME]"),
        false => KEYS.contains(&key).then_some("[defaults]"),
    }
}

impl Settings {
    /// Reads a table whole.
    pub(super) fn read(name: PlacedText, table: &DeTable<'_>, mistakes: &mut Mistakes<'_>) -> Self {
        let mut settings = Settings { name: Some(name), ..Settings::default() };
        for entry in entries(table) {
            settings.set(&entry, mistakes);
        }
        check_load(table, mistakes);
        settings.check_rounds(table, mistakes);
        settings
    }

    /// Reads `[defaults]`: all but a load.
    pub(super) fn read_defaults(name: PlacedText, table: &DeTable<'_>, mistakes: &mut Mistakes<'_>) -> Self {
        let mut settings = Settings { name: Some(name), ..Settings::default() };
        for entry in entries(table) {
            match KEYS_OF_A_LOAD.contains(&entry.key) {
                true => mistakes.at(entry.key_at, no_default(entry.key)),
                false => settings.set(&entry, mistakes),
            }
        }
        settings
    }

    fn set(&mut self, entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) {
        match entry.key {
            "rate" => self.rate = entry.rate(mistakes).map(Rate::as_per_second),
            "users" => self.users = entry.count(mistakes),
            "iterations" => self.iterations = iterations(entry, mistakes),
            "load" => self.load = entry.parsable::<Load>(LOAD, mistakes),
            "duration" => self.duration = entry.duration(mistakes),
            "warmup" => self.warmup = entry.duration(mistakes),
            "rounds" => self.rounds = entry.count(mistakes),
            "timeout" => self.timeout = entry.duration(mistakes),
            "max_in_flight" => self.max_in_flight = entry.count(mistakes),
            "graceful_stop" => self.graceful_stop = entry.duration(mistakes),
            "workers" => self.workers = entry.count(mistakes),
            "arrivals" => self.arrivals = entry.parsable::<Spacing>(ARRIVALS, mistakes),
            "think" => self.think = entry.parsable::<Pause>(PAUSE, mistakes),
            "pace" => self.pace = entry.duration(mistakes),
            "connections" => self.connections = entry.text(CONNECTIONS, mistakes),
            "thresholds" => self.thresholds = thresholds(entry, mistakes),
            "baseline" => self.baseline = baseline(entry, mistakes),
            "base_url" => self.base_url = entry.address(mistakes),
            "tags" => self.tags = entry.list(TAGS, mistakes, tag, Clone::clone),
            "ready" => self.ready = entry.address(mistakes),
            "ready_timeout" => self.ready_timeout = entry.duration(mistakes),
            "ignore" => self.ignore = ignore(entry, mistakes),
            "seed" => self.seed = entry.whole(0..=u64::MAX, mistakes),
            "precise" => self.precise = entry.bool(mistakes),
            "backoff" => self.backoff = entry.bool(mistakes),
            _ => unknown(entry, mistakes),
        }
    }

    fn check_rounds(&self, table: &DeTable<'_>, mistakes: &mut Mistakes<'_>) {
        if let (Some(rounds), Some(Iterations::Shared(iterations))) = (self.rounds, self.iterations)
            && u64::from(rounds) > iterations
            && let Some(entry) = entry(table, "rounds")
        {
            let message = format!("{rounds} rounds of {iterations} iterations: a round holds at least one");
            mistakes.at(entry.at, message);
        }
    }
}

/// A table has one load, whether its values are good or not.
fn check_load(table: &DeTable<'_>, mistakes: &mut Mistakes<'_>) {
    let [rate, users, load, duration] = ["rate", "users", "load", "duration"].map(|key| entry(table, key));
    if let (Some(_), Some(users)) = (&rate, &users) {
        mistakes.at(users.key_at, "`users` contradicts `rate`: a load is open or closed; keep one");
    }
    if let (Some(load), Some(other)) = (load, rate.or(users).or(duration)) {
        let message = format!("`load` contradicts `{}`: it says the whole load; keep one", other.key);
        mistakes.at(load.key_at, message);
    }
}

fn no_default(key: &str) -> String {
    format!(
        "`{key}` changes no test here: each says its own load, which beats [defaults]; write it below [profile.NAME] or \
         [test.NAME]"
    )
}

fn unknown(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) {
    let key = entry.key;
    match entry.value {
        _ if KEYS_OF_CODE.contains(&key) => {
            let message = format!("`{key}` names something of the code; write it in `#[perf_test(…)]`");
            mistakes.at(entry.key_at, message);
        }
        DeValue::Table(_) => {
            let advice = "a test's name with dots or colons goes in quotes, such as [test.\"shop::login\"]";
            mistakes.at(entry.key_at, format!("`{key}` is no table of settings; {advice}"));
        }
        _ => entry.unknown(KEYS, mistakes),
    }
}

fn iterations(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Iterations> {
    let DeValue::String(text) = entry.value else {
        return entry.whole(1..=u64::MAX, mistakes).map(Iterations::Shared);
    };
    let parsed = text.parse::<Iterations>();
    parsed.map_err(|error| mistakes.at(entry.at, error)).ok()
}

fn thresholds(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Vec<String>> {
    let unspaced = |threshold: &Threshold| threshold.expression.replace(' ', "");
    let thresholds = entry.list(THRESHOLDS, mistakes, str::parse, unspaced)?;
    Some(thresholds.into_iter().map(|threshold| threshold.expression).collect())
}

fn tag(text: &str) -> Result<String, &'static str> {
    match text.trim().is_empty() {
        true => Err("an empty tag selects nothing; write a word"),
        false => Ok(text.to_owned()),
    }
}

fn ignore(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<IgnoreSetting> {
    let setting = match entry.value {
        DeValue::Boolean(false) => Some(IgnoreSetting::Off),
        DeValue::Boolean(true) => Some(IgnoreSetting::Because(String::new())),
        DeValue::String(reason) => Some(IgnoreSetting::Because(reason.to_string())),
        _ => None,
    };
    entry.wanted(setting, IGNORE, mistakes)
}
