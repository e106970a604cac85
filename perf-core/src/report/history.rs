//! The history of runs: a line of JSON per test and run, schema `perf-history/1`, in a file that only grows.
//!
//! Lines are independent of each other: one that cannot be read, torn by a full disk for example, costs itself alone.

use super::Report;
use crate::analyze::Session;
use crate::judge::baseline::config_hash;
use crate::judge::centre;
use crate::judge::level::Rounds;
use crate::judge::verdict::Verdict;
use crate::measure::environment::Environment;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// What this version writes, and all it reads.
pub const SCHEMA: &str = "perf-history/1";

/// One test in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of the form.
    pub schema: String,
    /// The folder of its report.
    pub run_id: String,
    /// When its load began: RFC 3339, in UTC.
    pub started: String,
    /// Of the perf target, where it is known.
    #[serde(default)]
    pub package: Option<String>,
    /// The test target.
    pub target: String,
    /// Its name.
    pub test: String,
    /// `passed`, `failed`, `inconclusive` or `skipped`.
    pub verdict: String,
    /// Whether it was whole, not spoiled by the generator, and of the plan's own load: only such runs make a trend.
    pub usable: bool,
    /// The environment's id.
    pub environment: String,
    /// The environment for people.
    #[serde(default)]
    pub place: String,
    /// A salted hash of the machine's id.
    #[serde(default)]
    pub machine: Option<String>,
    /// The commit that was checked out.
    #[serde(default)]
    pub commit: Option<String>,
    /// Whether anything differed from the commit.
    #[serde(default)]
    pub dirty: Option<bool>,
    /// A hash of the load and what shapes it; only runs of one hash are comparable.
    pub config: String,
    /// The load for people.
    #[serde(default)]
    pub load: String,
    /// Which level of the baseline it was compared with, from 1.
    #[serde(default)]
    pub level: Option<usize>,
    /// What came of that.
    #[serde(default)]
    pub comparison: Option<String>,
    /// The gated metrics that the session says enough of.
    #[serde(default)]
    pub metrics: BTreeMap<String, Measured>,
}

/// A metric of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The centre of the first session, in the metric's unit: nanoseconds, per second.
    pub value: f64,
    /// How many iterations of the session succeeded.
    pub n: u64,
    /// What the comparison with the baseline came to.
    #[serde(default)]
    pub verdict: Option<String>,
}

/// Which run a test is of.
#[derive(Clone, Copy, Debug)]
pub struct OfRun<'a> {
    /// The folder of its report.
    pub run_id: &'a str,
    /// Of the perf target, where it is known.
    pub package: Option<&'a str>,
    /// Where.
    pub environment: &'a Environment,
}

impl Entry {
    /// A test that ran.
    pub fn of(run: OfRun, report: &Report) -> Self {
        let mut entry = Entry::without_numbers(run, &report.plan, report.judgement.verdict);
        let Some(session) = report.sessions.first() else {
            return entry;
        };
        entry.started = humantime::format_rfc3339_seconds(session.recording.began).to_string();
        entry.usable = session.is_comparable();
        entry.level = report.comparison.as_ref().map(|comparison| comparison.level);
        entry.comparison =
            report.comparison.as_ref().map(|comparison| comparison.verdict().name().to_owned());
        entry.metrics = metrics(report, session);
        entry
    }

    /// A test that could not run.
    pub fn without_numbers(run: OfRun, plan: &Plan, verdict: Verdict) -> Self {
        let OfRun { run_id, package, environment } = run;
        Entry {
            schema: SCHEMA.to_owned(),
            run_id: run_id.to_owned(),
            started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            package: package.map(str::to_owned),
            target: plan.target.clone(),
            test: plan.name.clone(),
            verdict: verdict.name().to_owned(),
            usable: false,
            environment: environment.id.clone(),
            place: environment.class.description(),
            machine: environment.machine.clone(),
            commit: environment.git_commit.clone(),
            dirty: environment.git_dirty,
            config: config_hash(&plan.config()),
            load: plan.description(),
            level: None,
            comparison: None,
            metrics: BTreeMap::new(),
        }
    }

    /// As it is appended, with its newline.
    pub fn to_line(&self) -> String {
        // No map with keys that are not text, no float that is not finite: it cannot fail.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

fn metrics(report: &Report, session: &Session) -> BTreeMap<String, Measured> {
    let rounds = Rounds::of(&session.summary);
    let compared = |name: &str| {
        let metrics = report.comparison.as_ref().into_iter().flat_map(|comparison| &comparison.metrics);
        metrics.into_iter().find(|compared| compared.metric.to_string() == name)
    };
    let measured = report.plan.gates.iter().filter_map(|gate| {
        // A logarithm and back: what is behind a thousandth of a nanosecond is of no meaning.
        let value = (centre::of(&gate.metric, &rounds)?.exp() * 1e3).round() / 1e3;
        let name = gate.metric.to_string();
        let verdict = compared(&name).map(|compared| compared.verdict.name().to_owned());
        Some((name, Measured { value, n: rounds.iterations(), verdict }))
    });
    measured.collect()
}

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} cannot be read and is left out: {reason}")]
pub struct Unreadable {
    /// From 1.
    pub line: usize,
    /// In a few words.
    pub reason: String,
}

/// All entries of a file, in its order, and the lines that are none.
pub fn read(bytes: &[u8]) -> (Vec<Entry>, Vec<Unreadable>) {
    let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() {
            match entry(line) {
                Ok(entry) => entries.push(entry),
                Err(reason) => unreadable.push(Unreadable { line: number + 1, reason }),
            }
        }
    }
    (entries, unreadable)
}

fn entry(line: &[u8]) -> Result<Entry, String> {
    let reason = |e: serde_json::Error| e.to_string();
    let value: Value = serde_json::from_slice(line).map_err(reason)?;
    match value["schema"].as_str() {
        Some(SCHEMA) => serde_json::from_value(value).map_err(reason),
        Some(other) => Err(format!("schema {other}, not {SCHEMA}; update perf-harness")),
        None => Err(format!("no \"schema\": \"{SCHEMA}\" in it")),
    }
}

#[cfg(test)]
impl Entry {
    /// A run of one metric.
    pub(crate) fn example(run: usize, metric: &str, value: f64) -> Self {
        use crate::plan::spec::{Overrides, PerfSpec};
        let spec = PerfSpec {
            rate: Some(100.0),
            duration: Some(std::time::Duration::from_secs(10)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap();
        let environment =
            Environment { machine: Some("m".into()), ..Environment::example("ci", 2, Some("ci")) };
        let run_id = format!("run-{run}");
        let of = OfRun { run_id: &run_id, package: Some("shop"), environment: &environment };
        let measured = Measured { value, n: 1000, verdict: None };
        Entry {
            started: format!("2026-01-{:02}T{:02}:00:00Z", 1 + run / 24, run % 24),
            commit: Some(format!("{run:040x}")),
            usable: true,
            metrics: BTreeMap::from([(metric.to_owned(), measured)]),
            ..Entry::without_numbers(of, &plan, Verdict::Passed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_that_reads_back() {
        let entry = Entry::example(3, "service.p50", 1_234_567.891);
        let line = entry.to_line();
        assert_eq!((line.matches('\n').count(), line.ends_with('\n')), (1, true), "{line}");
        assert!(line.starts_with("{\"schema\":\"perf-history/1\",\"run_id\":\"run-3\""), "{line}");
        assert_eq!(read(line.as_bytes()), (vec![entry], Vec::new()));
    }

    #[test]
    fn a_torn_line_costs_itself_alone() {
        let line = |run| Entry::example(run, "service.p50", 1e6).to_line();
        let mut bytes = line(1).into_bytes();
        bytes.extend_from_slice(&line(2).as_bytes()[..40]);
        bytes.extend_from_slice(b"\xff\n\n");
        bytes.extend_from_slice(line(3).as_bytes());
        let (entries, unreadable) = read(&bytes);
        let runs: Vec<&str> = entries.iter().map(|entry| entry.run_id.as_str()).collect();
        assert_eq!((runs, unreadable.len(), unreadable[0].line), (vec!["run-1", "run-3"], 1, 2));
        assert!(unreadable[0].to_string().starts_with("line 2 cannot be read and is left out: "));
    }

    #[test]
    fn lines_of_a_version_to_come_are_left_out_and_said() {
        let line =
            Entry::example(1, "service.p50", 1e6).to_line().replace("perf-history/1", "perf-history/2");
        let (entries, unreadable) = read(line.as_bytes());
        assert!(entries.is_empty() && unreadable[0].reason.contains("update perf-harness"), "{unreadable:?}");
        assert!(read(b"[]\n").1[0].reason.contains("no \"schema\""));
        assert_eq!(read(b""), (Vec::new(), Vec::new()));
    }
}
