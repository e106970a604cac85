//! Limits, the comparison with the baseline, and what the analysis noticed.

use serde::Deserialize;

/// A limit with its value.
#[derive(Clone, Debug, Deserialize)]
pub struct Threshold {
    /// As it was written.
    pub expression: String,
    /// In its unit.
    #[serde(default)]
    pub limit: Option<f64>,
    /// `ns`, `ratio` and so on.
    #[serde(default)]
    pub unit: String,
    /// `None` without data.
    #[serde(default)]
    pub actual: Option<f64>,
    /// Whether it was kept.
    pub held: bool,
    /// Whether nobody wrote it.
    #[serde(default)]
    pub implicit: bool,
}

/// Against the baseline.
#[derive(Clone, Debug, Deserialize)]
pub struct Comparison {
    /// The worst of the metrics'.
    pub verdict: String,
    /// How many the baseline holds.
    #[serde(default)]
    pub sessions: u64,
    /// How many were measured now.
    #[serde(default)]
    pub measured_sessions: u64,
    /// From 1.
    #[serde(default)]
    pub level: u64,
    /// One by one.
    #[serde(default)]
    pub metrics: Vec<Compared>,
    /// Those that say too little.
    #[serde(default)]
    pub not_compared: Vec<Missing>,
}

/// A metric that could not be compared.
#[derive(Clone, Debug, Deserialize)]
pub struct Missing {
    /// Its name.
    pub metric: String,
    /// Why.
    pub reason: String,
}

/// One metric against the baseline.
#[derive(Clone, Debug, Deserialize)]
pub struct Compared {
    /// Its name.
    pub metric: String,
    /// `ns`, `per_s` and so on.
    #[serde(default)]
    pub unit: String,
    /// In the metric's unit.
    pub baseline: Option<f64>,
    /// In the metric's unit.
    pub current: Option<f64>,
    /// A ratio minus one.
    pub change: Option<f64>,
    /// Of the change, at 95 %; `None` where it is endless.
    pub interval: (Option<f64>, Option<f64>),
    /// The smallest worsening that would have been found.
    #[serde(default)]
    pub smallest_detectable_change: Option<f64>,
    /// One-sided.
    #[serde(default)]
    pub p_value: Option<f64>,
    /// What may be.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// `regressed`, `improved`, `unchanged` or `unresolved`.
    pub verdict: String,
    /// Why nothing could be told.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// Something that the analysis noticed.
#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    /// By name.
    pub kind: String,
    /// `info`, `warning` or `invalid`.
    pub severity: String,
    /// What.
    pub message: String,
    /// What to do next.
    #[serde(default)]
    pub advice: String,
}
