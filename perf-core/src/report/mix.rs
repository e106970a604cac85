//! The whole of a scenario as a report of its own, beside those of its tests.

use super::Report;
use crate::analyze::Session;
use crate::analyze::findings;
use crate::analyze::summary::Summary;
use crate::judge::reference::Reference;
use crate::judge::verdict::{Judgement, Verdict};
use crate::measure::mix::{self, Part};
use crate::plan::Plan;
use std::time::Duration;

/// Of the tests that ran as one scenario; `None` of fewer than two.
pub fn of(scenario: &str, members: &[Report]) -> Option<Report> {
    let first = members.first().filter(|_| members.len() > 1)?;
    let parts: Vec<Part<'_>> = members
        .iter()
        .filter_map(|report| {
            let recording = &report.sessions.first()?.recording;
            Some(Part { after: report.plan.start_after, recording })
        })
        .collect();
    let recording = mix::mix(&parts)?;
    let plan = Plan {
        name: scenario.to_owned(),
        source: None,
        members: members.iter().map(|report| report.plan.name.clone()).collect(),
        schedule: None,
        duration: Some(recording.measured_for),
        warmup: recording.warmup_length,
        start_after: Duration::ZERO,
        workers: members.iter().map(|report| report.plan.workers).sum(),
        thresholds: Vec::new(),
        gates: Vec::new(),
        ..first.plan.clone()
    };
    let mut summary = Summary::of(&plan, &recording);
    summary.scheduled = members.iter().map(|report| report.sessions.first()?.summary.scheduled).sum();
    let findings = findings::of_mix(&plan, &recording);
    Some(Report {
        plan,
        sessions: vec![Session { recording, summary, findings, bound: None }],
        limits: Vec::new(),
        reference: Reference::Off,
        comparison: None,
        judgement: judgement(members),
        notes: Vec::new(),
        alerts: Vec::new(),
    })
}

/// The worst of its tests.
fn judgement(members: &[Report]) -> Judgement {
    let rank = |verdict: Verdict| match verdict {
        Verdict::Failed => 3,
        Verdict::Inconclusive => 2,
        Verdict::Skipped => 1,
        Verdict::Passed => 0,
    };
    let verdicts = members.iter().map(|report| report.judgement.verdict);
    let verdict = verdicts.max_by_key(|verdict| rank(*verdict)).unwrap_or(Verdict::Skipped);
    let reasons = members.iter().flat_map(|report| {
        report.judgement.reasons.iter().map(|reason| format!("{}: {reason}", report.plan.name))
    });
    Judgement { verdict, reasons: reasons.collect() }
}
