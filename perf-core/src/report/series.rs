//! What each metric did over runs and over the sessions of baselines, oldest first.
//!
//! A series is of one test under one load in one environment. A session that was recorded by a run of the history is that
//! run.

use super::history::Entry;
use crate::analyze::findings::{Finding, Severity};
use crate::analyze::trend::Trend;
use crate::judge::baseline::{Baseline, Recorded, config_hash};
use crate::judge::centre;
use crate::judge::level::{Level, SessionRecord};
use crate::metric::{Direction, Metric};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Changes up to this much are no steps.
pub const TOLERANCE: f64 = 0.05;
/// So many of the newest runs are looked at for a creep.
const NEWEST: usize = 100;

/// Which test, under which load, where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Empty where it is not known.
    pub package: String,
    /// The test target.
    pub target: String,
    /// The test.
    pub test: String,
    /// The environment's id.
    pub environment: String,
    /// A hash of the load and what shapes it.
    pub config: String,
}

/// One metric of one test.
#[derive(Clone, Debug)]
pub struct Series {
    /// Whose.
    pub key: Key,
    /// The environment for people.
    pub place: String,
    /// The load for people.
    pub load: String,
    /// What was measured.
    pub metric: Metric,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Runs that were partial, spoiled, or of another load than the plan's.
    pub left_out: usize,
    /// Of the points.
    pub trend: Trend,
}

/// One run, or one session of a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When: RFC 3339, in UTC.
    pub at: String,
    /// In the metric's unit.
    pub value: f64,
    /// Of the run; a session of a baseline that is not in the history has none.
    pub run_id: Option<String>,
    /// Of the baseline, from 1.
    pub level: Option<usize>,
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// Whether anything differed from the commit.
    pub dirty: Option<bool>,
    /// A salted hash of the machine's id.
    pub machine: Option<String>,
}

/// A baseline with where it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The package it lies in.
    pub package: String,
    /// The folder it lies in.
    pub target: String,
    /// The file.
    pub baseline: Baseline,
}

/// What is collected of one key.
#[derive(Default)]
struct Collected {
    place: String,
    load: String,
    left_out: usize,
    metrics: BTreeMap<String, Vec<Point>>,
}

/// All there are; of each the newest so many points.
pub fn all(entries: &[Entry], baselines: &[Found], newest: usize) -> Vec<Series> {
    let mut collected: BTreeMap<Key, Collected> = BTreeMap::new();
    entries.iter().for_each(|entry| add_run(&mut collected, entry));
    for found in baselines {
        for (id, recorded) in &found.baseline.environments {
            for (number, level) in (1..).zip(&recorded.levels) {
                let key = Key {
                    package: found.package.clone(),
                    target: found.target.clone(),
                    test: found.baseline.test.clone(),
                    environment: id.clone(),
                    config: hash_of(level),
                };
                add_level(collected.entry(key).or_default(), recorded, level, number);
            }
        }
    }
    collected.into_iter().flat_map(|(key, collected)| series(&key, collected, newest)).collect()
}

fn add_run(collected: &mut BTreeMap<Key, Collected>, entry: &Entry) {
    let key = Key {
        package: entry.package.clone().unwrap_or_default(),
        target: entry.target.clone(),
        test: entry.test.clone(),
        environment: entry.environment.clone(),
        config: entry.config.clone(),
    };
    let series = collected.entry(key).or_default();
    (series.place, series.load) = (entry.place.clone(), entry.load.clone());
    series.left_out += usize::from(!entry.usable);
    if entry.usable {
        for (metric, measured) in &entry.metrics {
            series.metrics.entry(metric.clone()).or_default().push(point(entry, measured.value));
        }
    }
}

fn point(entry: &Entry, value: f64) -> Point {
    Point {
        at: entry.started.clone(),
        value,
        run_id: Some(entry.run_id.clone()),
        level: None,
        commit: entry.commit.clone(),
        dirty: entry.dirty,
        machine: entry.machine.clone(),
    }
}

/// Files from before loads were hashed have the load all the same.
fn hash_of(level: &Level) -> String {
    level.config.get("hash").cloned().unwrap_or_else(|| config_hash(&level.config))
}

fn add_level(series: &mut Collected, recorded: &Recorded, level: &Level, number: usize) {
    if series.load.is_empty() {
        series.load = level.config.get("load").cloned().unwrap_or_default();
    }
    if series.place.is_empty() {
        series.place = recorded.class.description();
    }
    let named: Vec<String> = match series.metrics.is_empty() {
        false => series.metrics.keys().cloned().collect(),
        true => by_default(&series.load).iter().map(|name| (*name).to_owned()).collect(),
    };
    for name in named {
        let Ok(metric) = name.parse::<Metric>() else { continue };
        for session in &level.sessions {
            if let Some(centre) = centre::of(&metric, &session.rounds) {
                let points = series.metrics.entry(name.clone()).or_default();
                add_session(points, session, centre.exp(), number);
            }
        }
    }
}

/// What a baseline of which no run is known is looked at for: a load's usual metrics.
fn by_default(load: &str) -> [&'static str; 4] {
    let first = if load.starts_with("open") { "service.p50" } else { "throughput" };
    [first, "service.p95", "cpu_per_iteration", "capacity"]
}

fn add_session(points: &mut Vec<Point>, session: &SessionRecord, value: f64, level: usize) {
    let run = points.iter_mut().find(|run| run.at == session.recorded && run.machine == session.machine);
    match run {
        Some(run) => run.level = Some(level),
        None => points.push(Point {
            at: session.recorded.clone(),
            value,
            run_id: None,
            level: Some(level),
            commit: session.commit.clone(),
            dirty: None,
            machine: session.machine.clone(),
        }),
    }
}

fn series(key: &Key, collected: Collected, newest: usize) -> Vec<Series> {
    let Collected { place, load, left_out, metrics } = collected;
    let one = |(name, mut points): (String, Vec<Point>)| {
        let metric = name.parse().ok()?;
        points.sort_by(|a, b| a.at.cmp(&b.at));
        points.drain(..points.len().saturating_sub(newest));
        let centres: Vec<f64> = points.iter().map(|point| point.value.ln()).collect();
        let trend = Trend::of(&centres, TOLERANCE);
        let (key, place, load) = (key.clone(), place.clone(), load.clone());
        Some(Series { key, place, load, metric, points, left_out, trend })
    };
    metrics.into_iter().filter_map(one).collect()
}

impl Series {
    /// Whether a change of this metric is for the worse.
    pub fn is_worse(&self, change: f64) -> bool {
        match self.metric.direction() {
            Direction::LowerIsBetter => change > 0.0,
            Direction::HigherIsBetter => change < 0.0,
        }
    }

    /// The points that the creep is of: all of them, or those since the last step.
    pub fn creeping(&self) -> RangeInclusive<usize> {
        let first = self.trend.steps.last().map_or(0, |step| step.first);
        first..=self.points.len().saturating_sub(1)
    }

    /// Whether the first point of a step is of a machine that was not there before: it may be the machine's step.
    pub fn is_new_machine(&self, first: usize) -> bool {
        let machine = |point: &Point| point.machine.clone();
        let (before, after) = self.points.split_at(first.min(self.points.len()));
        let new = after.first().and_then(machine);
        new.is_some() && !before.is_empty() && before.iter().all(|point| machine(point) != new)
    }
}

/// Metrics that a run and those before it show to get slowly worse, in runs of this machine against the same level.
pub fn creeps(past: &[Entry], now: &Entry) -> Vec<Finding> {
    let is_like_now = |entry: &&Entry| {
        entry.package == now.package
            && (&entry.target, &entry.test) == (&now.target, &now.test)
            && (&entry.environment, &entry.config) == (&now.environment, &now.config)
            && entry.machine == now.machine
    };
    let newest_first = past.iter().rev().filter(is_like_now);
    // A level that was accepted is no creep.
    let level = now.level;
    let of_level =
        newest_first.take_while(|entry| level.is_none() || entry.level.is_none() || entry.level == level);
    let mut entries: Vec<Entry> = of_level.filter(|entry| entry.usable).take(NEWEST).cloned().collect();
    entries.reverse();
    entries.extend(now.usable.then(|| now.clone()));
    let worse = |series: &Series| series.trend.creep.is_some_and(|creep| series.is_worse(creep.change));
    all(&entries, &[], usize::MAX).iter().filter(|series| worse(series)).filter_map(finding).collect()
}

fn finding(series: &Series) -> Option<Finding> {
    let creep = series.trend.creep?;
    let runs = series.creeping().count();
    Some(Finding {
        kind: "creep",
        severity: Severity::Warning,
        message: format!(
            "{} crept by {:+.1} % over the last {runs} runs, {:+.2} % a run (p {}), which no single comparison need have \
             noticed",
            series.metric,
            creep.change * 100.0,
            creep.per_step.exp_m1() * 100.0,
            probability(creep.p_value),
        ),
        advice: "`cargo perf-test trend` shows the runs with their commits",
        evidence: vec![
            ("change", creep.change),
            ("change_per_run", creep.per_step.exp_m1()),
            ("p_value", creep.p_value),
            ("runs", runs as f64),
        ],
    })
}

/// With two digits, as a comparison: `= 0.0042`, `< 0.0001`.
pub(super) fn probability(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("= {p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::level::Rounds;
    use crate::measure::environment::Environment;

    const P50: &str = "service.p50";

    /// Deterministic, within one percent.
    fn noise(run: usize) -> f64 {
        1.0 + 0.01 * ((run * 7 % 11) as f64 - 5.0) / 5.0
    }

    fn grown(run: usize, factor: f64) -> f64 {
        factor.powf(run as f64)
    }

    fn runs(values: impl IntoIterator<Item = f64>) -> Vec<Entry> {
        values.into_iter().enumerate().map(|(run, value)| Entry::example(run, P50, value)).collect()
    }

    fn found(entries: &[Entry], level: usize, values: &[(&str, f64)]) -> Found {
        let mut baseline = Baseline::empty("login");
        let like = &entries[0];
        let environment =
            Environment { machine: like.machine.clone(), ..Environment::example("ci", 2, Some("ci")) };
        let config = BTreeMap::from([("load".to_owned(), "open 100/s".to_owned())]);
        for (number, (at, value)) in values.iter().enumerate() {
            let rounds =
                Rounds { n: vec![100; 3], service_p50_ns: vec![Some(*value); 3], ..Rounds::default() };
            let session = SessionRecord {
                recorded: (*at).to_owned(),
                machine: like.machine.clone(),
                rounds,
                ..SessionRecord::default()
            };
            baseline.append(&environment, &config, session, number == 0 || number >= level);
        }
        let recorded = baseline.environments.get_mut("ci").unwrap();
        recorded
            .levels
            .iter_mut()
            .for_each(|level| drop(level.config.insert("hash".into(), like.config.clone())));
        Found { package: "shop".into(), target: "perf".into(), baseline }
    }

    #[test]
    fn the_first_run_of_a_new_level_is_named_with_its_commit() {
        let entries = runs((0..30).map(|run| noise(run) * if run < 18 { 1e6 } else { 1.3e6 }));
        let all = all(&entries, &[], usize::MAX);
        let [series] = &all[..] else { panic!("{all:?}") };
        let [step] = &series.trend.steps[..] else { panic!("{:?}", series.trend) };
        let first = &series.points[step.first];
        assert_eq!(first.run_id.as_deref(), Some("run-18"));
        assert_eq!(first.commit, entries[18].commit);
        assert!(series.is_worse(step.change()) && !series.is_new_machine(step.first));
    }

    #[test]
    fn a_session_that_a_run_recorded_is_that_run_and_others_stand_between_the_runs() {
        let entries = runs([1e6, 1.1e6, 1.2e6]);
        let at = entries[1].started.as_str();
        let all =
            all(&entries, &[found(&entries, 1, &[("2025-12-31T00:00:00Z", 9e5), (at, 1.1e6)])], usize::MAX);
        let [series] = &all[..] else { panic!("{all:?}") };
        let told: Vec<_> = series.points.iter().map(|point| (point.run_id.as_deref(), point.level)).collect();
        assert_eq!(
            told,
            [(None, Some(1)), (Some("run-0"), None), (Some("run-1"), Some(2)), (Some("run-2"), None)]
        );
        assert_eq!(series.place, "`ci`, release");
    }

    #[test]
    fn other_loads_places_and_packages_are_other_series_and_unusable_runs_are_left_out() {
        let mut entries = runs([1e6; 6]);
        entries[1].config = "other".into();
        entries[2].environment = "other".into();
        entries[3].package = None;
        entries[4].usable = false;
        let all = all(&entries, &[], usize::MAX);
        assert_eq!(all.len(), 4);
        let whole = all.iter().find(|series| series.points.len() == 2).unwrap();
        assert_eq!(whole.left_out, 1);
    }

    #[test]
    fn a_slow_creep_is_a_finding_although_no_step_of_it_is_one() {
        let crept = runs((0..40).map(|run| 1e6 * noise(run) * grown(run, 1.006)));
        let (now, past) = crept.split_last().unwrap();
        let found = creeps(past, now);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.starts_with("service.p50 crept by +2"), "{}", found[0].message);
        assert!(found[0].message.contains("over the last 40 runs"), "{}", found[0].message);
        let steady = runs((0..40).map(|run| 1e6 * noise(run)));
        assert!(creeps(&steady, &steady[0]).is_empty());
        let faster = runs((0..40).map(|run| 1e6 * noise(run) * grown(run, 0.994)));
        assert!(creeps(&faster[..39], &faster[39]).is_empty(), "what gets better is none");
        assert!(creeps(&crept[..5], &crept[5]).is_empty(), "too few");
    }

    #[test]
    fn a_creep_is_of_one_machine_one_load_and_one_level() {
        let crept = runs((0..40).map(|run| 1e6 * noise(run) * grown(run, 1.006)));
        let found = |change: fn(&mut Entry)| {
            let mut entries = crept.clone();
            entries[..36].iter_mut().for_each(change);
            creeps(&entries[..39], &Entry { level: Some(2), ..entries[39].clone() }).len()
        };
        assert_eq!(found(|_| ()), 1);
        assert_eq!(found(|entry| entry.machine = Some("other".into())), 0);
        assert_eq!(found(|entry| entry.config = "other".into()), 0);
        assert_eq!(found(|entry| entry.level = Some(1)), 0);
        assert_eq!(found(|entry| entry.level = Some(2)), 1);
    }

    #[test]
    fn a_step_with_a_machine_that_was_never_there_says_so() {
        let mut entries = runs((0..12).map(|run| noise(run) * if run < 6 { 1e6 } else { 2e6 }));
        entries[6..].iter_mut().for_each(|entry| entry.machine = Some("new".into()));
        let all = all(&entries, &[], usize::MAX);
        assert!(all[0].is_new_machine(6) && !all[0].is_new_machine(7) && !all[0].is_new_machine(0));
    }
}
