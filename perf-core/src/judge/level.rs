//! What a baseline keeps: sessions by their rounds, and levels of sessions that agree.

use crate::analyze::Session;
use crate::analyze::capacity::{Bound, Capacity};
use crate::analyze::summary::{RoundSummary, Summary};
use crate::measure::Named;
use crate::metric::{Metric, Statistic, Timed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most sessions of a level; the oldest go first.
pub const MOST_SESSIONS: usize = 20;
const QUANTILES: u32 = 64;

/// Sessions that agree. An accepted change starts a new level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The load they were measured under; two levels of different loads are not comparable.
    pub config: BTreeMap<String, String>,
    /// Oldest first.
    pub sessions: Vec<SessionRecord>,
}

/// One session, as far as later ones are compared with it. Fields in the order of their names, as they are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The commit that was checked out.
    #[serde(default)]
    pub commit: Option<String>,
    /// What else happened.
    #[serde(default, skip_serializing_if = "Covariates::are_unknown")]
    pub covariates: Covariates,
    /// A salted hash of the machine's id.
    #[serde(default)]
    pub machine: Option<String>,
    /// Of the service time of succeeded iterations, at the middles of 64 equal parts.
    #[serde(default)]
    pub quantiles_ns: Vec<u64>,
    /// When: RFC 3339, in UTC.
    #[serde(default)]
    pub recorded: String,
    /// By column: one value for each round.
    pub rounds: Rounds,
}

/// What happened during a session that is no doing of the code's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Covariates {
    /// CPU time of the generator's workers per completed iteration, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_cpu_ns: Option<f64>,
    /// CPU time of other processes as a part of what all CPUs had to give; neither the target's nor the generator's.
    #[serde(default)]
    pub others_cpu: Option<f64>,
    /// CPU time that the hypervisor gave to others, as a part of what all CPUs had to give.
    #[serde(default)]
    pub steal: Option<f64>,
}

impl Covariates {
    fn of(session: &Session) -> Self {
        let part = |share: f64| Some((share * 1e4).round() / 1e4);
        let surroundings = session.recording.surroundings;
        Covariates {
            generator_cpu_ns: generator_cpu(session),
            others_cpu: surroundings.and_then(|surroundings| part(surroundings.others_cpu)),
            steal: surroundings.and_then(|surroundings| part(surroundings.steal)),
        }
    }

    fn are_unknown(&self) -> bool {
        *self == Covariates::default()
    }
}

/// Of all workers together.
fn generator_cpu(session: &Session) -> Option<f64> {
    let ran: Duration = session.recording.worker_cpu.iter().map(|cpu| cpu.ran).sum();
    let completed = session.summary.counts.completed();
    (completed > 0 && !ran.is_zero()).then(|| (ran.as_secs_f64() * 1e9 / completed as f64).round())
}

/// The rounds of one session, by column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    /// What a capacity search found, where the target was the limit: one value for the session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_per_s: Vec<Option<f64>>,
    /// CPU time of the target per completed iteration, where it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu_per_iteration_ns: Vec<Option<f64>>,
    /// Failed, timed out and dropped iterations.
    #[serde(default)]
    pub errors: Vec<u64>,
    /// Succeeded iterations.
    pub n: Vec<u64>,
    /// Of steps, tags and trends, by the metric's name; times in nanoseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub named: BTreeMap<String, Vec<Option<f64>>>,
    /// How many readings each of these is taken of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub named_n: BTreeMap<String, Vec<u64>>,
    /// Service time.
    #[serde(default)]
    pub service_p50_ns: Vec<Option<f64>>,
    /// Service time.
    #[serde(default)]
    pub service_p95_ns: Vec<Option<f64>>,
    /// Service time.
    #[serde(default)]
    pub service_p99_ns: Vec<Option<f64>>,
    /// Succeeded iterations per second.
    #[serde(default)]
    pub throughput_per_s: Vec<Option<f64>>,
}

impl Rounds {
    /// Of a session's summary.
    pub fn of(summary: &Summary) -> Self {
        let column = |value: fn(&RoundSummary) -> Option<f64>| summary.rounds.iter().map(value).collect();
        let of_target = |capacity: &Capacity| capacity.rate.filter(|_| capacity.bound_by == Bound::Target);
        let cpu: Vec<Option<f64>> = column(|round| round.cpu_per_iteration.map(f64::round));
        let is_cpu_known = cpu.iter().any(Option::is_some);
        Rounds {
            capacity_per_s: summary.capacity.iter().map(of_target).collect(),
            cpu_per_iteration_ns: if is_cpu_known { cpu } else { Vec::new() },
            errors: summary.rounds.iter().map(|round| round.errors).collect(),
            n: summary.rounds.iter().map(|round| round.succeeded).collect(),
            named: named(&summary.rounds, |named| named.map(|named| named.value)),
            named_n: named(&summary.rounds, |named| named.map_or(0, |named| named.n)),
            service_p50_ns: column(|round| round.service_p50),
            service_p95_ns: column(|round| round.service_p95),
            service_p99_ns: column(|round| round.service_p99),
            throughput_per_s: column(|round| round.throughput_per_s.map(|rate| (rate * 1e3).round() / 1e3)),
        }
    }

    /// How many iterations succeeded in all of them.
    pub fn iterations(&self) -> u64 {
        self.n.iter().sum()
    }

    /// How many readings a metric is taken of, round by round: succeeded iterations, but of a step, a tag or a trend its own.
    pub fn readings(&self, metric: &Metric) -> &[u64] {
        self.named_n.get(&metric.to_string()).unwrap_or(&self.n)
    }

    /// The values of a metric, of the rounds that have one.
    pub fn values(&self, metric: &Metric) -> impl Iterator<Item = f64> {
        self.column(metric).iter().copied().flatten()
    }

    /// A metric round by round; empty for one that rounds do not keep.
    pub fn column(&self, metric: &Metric) -> &[Option<f64>] {
        match metric {
            Metric::Throughput => &self.throughput_per_s,
            Metric::Capacity => &self.capacity_per_s,
            Metric::CpuPerIteration => &self.cpu_per_iteration_ns,
            Metric::Time(Timed::Service, Statistic::Percentile(quantile)) => match quantile.get() {
                q if q >= 0.99 => &self.service_p99_ns,
                q if q >= 0.95 => &self.service_p95_ns,
                _ => &self.service_p50_ns,
            },
            other => self.named.get(&other.to_string()).map_or(&[], Vec::as_slice),
        }
    }
}

/// By name, a column of what is taken of each round.
fn named<T>(rounds: &[RoundSummary], taken: impl Fn(Option<&Named>) -> T) -> BTreeMap<String, Vec<T>> {
    let names: BTreeSet<&String> = rounds.iter().flat_map(|round| round.named.keys()).collect();
    let column = |name: &String| rounds.iter().map(|round| taken(round.named.get(name))).collect();
    names.into_iter().map(|name| (name.clone(), column(name))).collect()
}

impl SessionRecord {
    /// Of a session that has just run.
    pub fn of(session: &Session, commit: Option<&str>, machine: Option<&str>) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // nanoseconds of a histogram
        let whole = |ns: f64| ns.round() as u64;
        SessionRecord {
            commit: commit.map(str::to_owned),
            covariates: Covariates::of(session),
            machine: machine.map(str::to_owned),
            quantiles_ns: session.summary.service_quantiles(QUANTILES).into_iter().map(whole).collect(),
            recorded: humantime::format_rfc3339_seconds(session.recording.began).to_string(),
            rounds: Rounds::of(&session.summary),
        }
    }
}

impl Level {
    /// Adds a session at its time; the oldest go when there are too many.
    pub fn append(&mut self, session: SessionRecord) {
        self.sessions.push(session);
        // One of another machine's run, or of a merged branch, may be older than the last.
        self.sessions.sort_by(|a, b| a.recorded.cmp(&b.recorded));
        let surplus = self.sessions.len().saturating_sub(MOST_SESSIONS);
        self.sessions.drain(..surplus);
    }

    /// What differs between the loads, in words.
    pub fn differences(&self, config: &BTreeMap<String, String>) -> Vec<String> {
        let keys: BTreeSet<&String> = self.config.keys().chain(config.keys()).collect();
        let none = String::from("none");
        let pairs = keys
            .into_iter()
            .map(|key| (key, self.config.get(key).unwrap_or(&none), config.get(key).unwrap_or(&none)));
        let differing = pairs.filter(|(_, theirs, ours)| theirs != ours);
        differing.map(|(key, theirs, ours)| format!("{key} {theirs} there, {ours} here")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_keeps_the_newest_sessions() {
        let mut level = Level::default();
        for n in (0..25).map(|n| n * 7 % 25) {
            level.append(SessionRecord { recorded: format!("{n:02}"), ..SessionRecord::default() });
        }
        let kept: Vec<&str> = level.sessions.iter().map(|session| session.recorded.as_str()).collect();
        assert_eq!((kept.len(), kept[0], kept[19]), (20, "05", "24"));
    }

    #[test]
    fn a_difference_names_both_sides() {
        let config = |load: &str| BTreeMap::from([("load".to_owned(), load.to_owned())]);
        let level = Level { config: config("open 200/s"), sessions: Vec::new() };
        assert_eq!(level.differences(&config("open 300/s")), ["load open 200/s there, open 300/s here"]);
        assert!(level.differences(&config("open 200/s")).is_empty());
    }
}
