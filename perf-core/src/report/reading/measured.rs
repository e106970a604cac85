//! Distributions, and what the test function said by name.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A distribution: statistics by name, and all of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Times {
    /// Values and how often they came.
    #[serde(default)]
    pub histogram: Vec<(f64, u64)>,
    /// `min`, `p99` and so on.
    #[serde(flatten)]
    pub statistics: BTreeMap<String, Option<f64>>,
}

impl Times {
    /// A statistic by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.statistics.get(name).copied().flatten()
    }
}

/// A named part of iterations.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// By name.
    #[serde(default)]
    pub counts: BTreeMap<String, Option<u64>>,
    /// How long it took.
    #[serde(default)]
    pub duration_ns: Times,
}

/// A named check.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Check {
    /// How often it held.
    pub held: u64,
    /// How often not.
    pub broken: u64,
}

/// Iterations with one value of a tag.
#[derive(Clone, Debug, Deserialize)]
pub struct Tagged {
    /// By name.
    #[serde(default)]
    pub counts: BTreeMap<String, Option<u64>>,
    /// Their response time.
    #[serde(default)]
    pub response_ns: Times,
}

/// A quantity of the test's own.
#[derive(Clone, Debug, Deserialize)]
pub struct Custom {
    /// `counter`, `gauge`, `trend` or `rate`.
    pub kind: String,
    /// Of a trend of times.
    #[serde(default)]
    pub value_ns: Option<Times>,
    /// Of a trend of numbers.
    #[serde(default)]
    pub value: Option<Times>,
    /// Whatever else it has, by name.
    #[serde(flatten)]
    pub figures: BTreeMap<String, Option<f64>>,
}
