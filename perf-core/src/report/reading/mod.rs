//! Turns the tests of a `report.json` back into types, as far as other reports tell of them.
//!
//! A key that is missing is one that nobody knows; one of another type than it is written with is an error.

mod judged;
mod measured;

use super::json::Run;
use crate::judge::verdict::Verdict;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io;

pub use judged::{Compared, Comparison, Finding, Missing, Threshold};
pub use measured::{Check, Custom, Step, Tagged, Times};

/// One test of a run.
#[derive(Clone, Debug, Deserialize)]
pub struct Test {
    /// As libtest names it.
    pub name: String,
    /// The test target it is part of.
    pub test_target: String,
    /// Where its function stands.
    #[serde(default)]
    pub file: Option<String>,
    /// The line there, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The outcome.
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    /// Why, the gravest first.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What else was said.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether it ended early.
    #[serde(default)]
    pub partial: bool,
    /// What was offered; `None` of one that did not run.
    #[serde(default)]
    pub load: Option<Load>,
    /// Of the measured time, by name.
    #[serde(default)]
    pub counts: BTreeMap<String, Option<u64>>,
    /// How well the load was offered, by name.
    #[serde(default)]
    pub generator: Map<String, Value>,
    /// Succeeded iterations per second.
    #[serde(default)]
    pub throughput_per_s: Option<f64>,
    /// Errors to planned iterations.
    #[serde(default)]
    pub error_ratio: Option<f64>,
    /// Failed, timed out, dropped and interrupted iterations.
    #[serde(default)]
    pub error_count: Option<u64>,
    /// From the intended start, of completed and interrupted iterations.
    #[serde(default)]
    pub response_ns: Times,
    /// From the actual start.
    #[serde(default)]
    pub service_ns: Times,
    /// From the intended start to the actual one.
    #[serde(default)]
    pub lag_ns: Times,
    /// Response time of those that succeeded.
    #[serde(default)]
    pub succeeded_ns: Times,
    /// Response time of those that failed.
    #[serde(default)]
    pub failed_ns: Times,
    /// Named parts of iterations.
    #[serde(default)]
    pub steps: BTreeMap<String, Step>,
    /// Named checks.
    #[serde(default)]
    pub checks: BTreeMap<String, Check>,
    /// By name, then by value.
    #[serde(default)]
    pub tags: BTreeMap<String, BTreeMap<String, Tagged>>,
    /// Quantities of the test's own.
    #[serde(default)]
    pub metrics: BTreeMap<String, Custom>,
    /// The most frequent first.
    #[serde(default)]
    pub errors: Vec<ErrorKind>,
    /// Of the first session, each by column.
    #[serde(default)]
    pub rounds: Vec<Map<String, Value>>,
    /// What a baseline would hold, with the rounds of all sessions.
    #[serde(default)]
    pub record: Record,
    /// How it went over time.
    #[serde(default)]
    pub timeline: Timeline,
    /// Limits with their values.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Against the baseline.
    #[serde(default)]
    pub comparison: Option<Comparison>,
    /// What the analysis noticed.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What client and target needed.
    #[serde(default)]
    pub resources: Resources,
    /// What a search found.
    #[serde(default)]
    pub capacity: Option<Capacity>,
    /// The tests that it is the whole of.
    #[serde(default)]
    pub members: Vec<String>,
}

/// What was offered.
#[derive(Clone, Debug, Deserialize)]
pub struct Load {
    /// For people.
    pub description: String,
    /// How long it was measured.
    #[serde(default)]
    pub measured_s: Option<f64>,
}

/// Errors of one category.
#[derive(Clone, Debug, Deserialize)]
pub struct ErrorKind {
    /// `http_5xx` and so on.
    pub category: String,
    /// How many.
    pub count: u64,
    /// What the first one said.
    #[serde(default)]
    pub first_message: String,
}

/// What a baseline would hold.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Record {
    /// All of them, the first among them.
    #[serde(default)]
    pub sessions: Vec<Session>,
}

/// One execution.
#[derive(Clone, Debug, Deserialize)]
pub struct Session {
    /// By column: one value for each round.
    #[serde(default)]
    pub rounds: Map<String, Value>,
}

/// How it went over time.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Timeline {
    /// From one point to the next.
    #[serde(default)]
    pub interval_s: f64,
    /// In order.
    #[serde(default)]
    pub points: Vec<Map<String, Value>>,
}

/// What client and target needed, by figure.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Resources {
    /// This process and the machine.
    #[serde(default)]
    pub client: Option<Map<String, Value>>,
    /// A server that `setup` started or named.
    #[serde(default)]
    pub target: Option<Map<String, Value>>,
}

/// What a search found.
#[derive(Clone, Debug, Deserialize)]
pub struct Capacity {
    /// The highest rate that kept the limits.
    pub rate_per_s: Option<f64>,
}

impl Test {
    /// Whether it is the whole of a scenario, whose tests are told on their own.
    pub fn is_whole(&self) -> bool {
        !self.members.is_empty()
    }
}

fn verdict<'de, D: Deserializer<'de>>(from: D) -> Result<Verdict, D::Error> {
    let name = String::deserialize(from)?;
    let all = [Verdict::Passed, Verdict::Failed, Verdict::Inconclusive, Verdict::Skipped];
    let found = all.into_iter().find(|verdict| verdict.name() == name);
    found.ok_or_else(|| D::Error::custom(format!("`{name}` is no verdict")))
}

/// All of them, in the order they ran. The error names the test.
pub fn tests(run: &Run) -> io::Result<Vec<Test>> {
    let one = |test: &Value| {
        let wrong = |error: serde_json::Error| {
            let name = test["name"].as_str().unwrap_or("without a name");
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("run {}: test {name}: {error}; was the report changed by hand?", run.run_id),
            )
        };
        Test::deserialize(test).map_err(wrong)
    };
    run.tests.iter().map(one).collect()
}
