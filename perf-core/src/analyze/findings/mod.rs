//! What the analysis noticed in a session, as data: what it is, how bad, and what to do about it.

pub mod altered;
mod capacity;
mod client;
mod drift;
mod generator;
mod names;
mod users;

use super::summary::Summary;
use crate::measure::Recording;
use crate::plan::Plan;
use std::fmt;

/// Something worth knowing.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// As `report.json` names it.
    pub kind: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What was noticed.
    pub message: String,
    /// What to do next.
    pub advice: &'static str,
    /// The figures behind it, their unit in the name.
    pub evidence: Vec<(&'static str, f64)>,
}

/// What a finding means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// The target or the machine needs a look.
    Warning,
    /// The generator spoiled the run: its numbers are not those of the target.
    Invalid,
}

impl Severity {
    /// As `report.json` names it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.advice)
    }
}

/// Everything there is to notice.
pub fn look(plan: &Plan, recording: &Recording, summary: &Summary) -> Vec<Finding> {
    // A capacity search has judged its looks one by one, and repeated the spoiled ones.
    let of_generator = match summary.capacity {
        Some(_) => Vec::new(),
        None => generator::look(plan, recording, summary),
    };
    let all = [of_generator, client::look(plan, recording), users::look(recording), names::look(recording)];
    let others = [altered::look(recording), capacity::look(summary), drift::look(plan, summary)];
    all.into_iter().flatten().chain(others.into_iter().flatten()).collect()
}

/// Of a test whose baseline was recorded elsewhere.
pub fn elsewhere() -> Finding {
    Finding {
        kind: "recorded_elsewhere",
        severity: Severity::Warning,
        message: "the baseline was recorded elsewhere, and says nothing of this machine".to_owned(),
        advice: "`cargo perf-test compare REVISION` needs none: it measures two revisions side by side",
        evidence: Vec::new(),
    }
}

/// Whether the generator was the bottleneck somewhere.
pub fn spoil(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Invalid)
}
