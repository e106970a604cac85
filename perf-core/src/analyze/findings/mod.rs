//! What the analysis noticed in a session, as data: what it is, how bad, and what to do about it.
//!
//! Of a target: `saturated`, `periodic_stalls`, `latency_trend`, `latency_step`, `latency_burst`, `errors_began`,
//! `errors_with_load`, `errors_with_latency`, `memory_growth`, `connection_churn`, `tail_of_step` and `tail_of_user` are
//! warnings; `still_warming`, `bimodal_latency`, `unusual_seconds`, `tail_in_window`, `latency_follows_resource` and
//! `bound_by_…` are good to know.

pub mod altered;
mod bimodal;
pub mod bound;
mod capacity;
mod cause;
mod client;
mod connections;
mod correlation;
mod drift;
mod errors;
mod generator;
mod memory;
mod names;
#[cfg(test)]
mod quiet;
mod saturation;
mod stalls;
mod tail;
mod unusual;
mod users;

use super::course::Course;
use super::summary::Summary;
use crate::measure::Recording;
use crate::plan::Plan;
use crate::units::Significant;
use bound::Bound;
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

/// Everything there is to notice, and what the run was bound by: by the load itself only where the generator kept up.
pub fn look(plan: &Plan, recording: &Recording, summary: &Summary) -> (Vec<Finding>, Option<Bound>) {
    // A capacity search has judged its looks one by one, and repeated the spoiled ones.
    let of_generator = match summary.capacity {
        Some(_) => Vec::new(),
        None => generator::look(plan, recording, summary),
    };
    let all = [of_generator, client::look(plan, recording), users::look(recording), names::look(recording)];
    let others = [altered::look(recording), capacity::look(summary)];
    let mut found: Vec<Finding> = all.into_iter().flatten().chain(others.into_iter().flatten()).collect();
    if summary.capacity.is_some() {
        return (found, None);
    }
    let course = Course::of(plan, recording, summary);
    let is_spoiled = spoil(&found);
    found.extend(of_target(&course).into_iter().filter(|one| !is_spoiled || cause::holds_regardless(one)));
    (found, Bound::of(&course).filter(|bound| !is_spoiled || !bound.is_load()))
}

/// What several tests of the same time have in common: how they were offered together, and what the client lacked.
pub fn of_mix(plan: &Plan, recording: &Recording) -> Vec<Finding> {
    client::look(plan, recording).into_iter().chain(altered::look(recording)).collect()
}

/// What the numbers of a run say of its target: causes, without what follows from them.
pub fn of_target(course: &Course) -> Vec<Finding> {
    cause::only_causes(of_course(course))
}

/// What the numbers of a run say of its target, consequences included.
fn of_course(course: &Course) -> Vec<Finding> {
    let found = [
        errors::look(course),
        saturation::look(course),
        stalls::look(course),
        drift::look(course),
        memory::look(course),
        connections::look(course),
        bimodal::look(course),
        correlation::look(course),
        unusual::look(course),
        bound::look(course),
    ];
    found.into_iter().flatten().chain(tail::look(course)).collect()
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

/// Of a test with another share of errors than its baseline.
pub fn errors_changed(before: f64, now: f64) -> Finding {
    let percent = |ratio: f64| format!("{} %", Significant(ratio * 100.0));
    let (severity, advice) = match now > before {
        true => (
            Severity::Warning,
            "see which ones under errors, and limit them by a threshold: the baseline fails nobody for them",
        ),
        false => (
            Severity::Info,
            "record the baseline again if that is to stay: failed iterations may be quicker than others",
        ),
    };
    Finding {
        kind: "errors_changed",
        severity,
        message: format!(
            "{} of the iterations failed, and {} in the baseline",
            percent(now),
            percent(before)
        ),
        advice,
        evidence: vec![("error_ratio", now), ("baseline_error_ratio", before)],
    }
}

/// Whether the generator was the bottleneck somewhere.
pub fn spoil(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Invalid)
}
