//! The one outcome of a test, decided in one place.

use super::comparison::Comparison;
use super::machines::LEAST_MACHINES;
use super::reference::Reference;
use super::thresholds::Limit;
use crate::analyze::Session;
use crate::analyze::findings::Severity;
use crate::measure::{Aborted, Stopped};

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every limit was kept, and nothing got slower.
    Passed,
    /// A limit was broken, something got slower, or it could not run.
    Failed,
    /// The data cannot tell.
    Inconclusive,
    /// It did not run.
    Skipped,
}

impl Verdict {
    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Skipped => "skipped",
        }
    }
}

/// The verdict, and why, the gravest reason first. A passed test needs none.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The outcome.
    pub verdict: Verdict,
    /// For people.
    pub reasons: Vec<String>,
}

impl Judgement {
    /// Of everything that is known of a test. A partial run decides nothing; a spoiled one can fail but not pass.
    pub fn of(
        sessions: &[Session],
        limits: &[Limit],
        comparison: Option<&Comparison>,
        missing: Option<&Reference>,
    ) -> Self {
        if let Some(why) = sessions.iter().find_map(|session| session.recording.stopped_by.as_ref()) {
            let (verdict, reason) = match why {
                Stopped::Signal(signal) => {
                    (Verdict::Inconclusive, format!("ended early by {}", signal.name()))
                }
                Stopped::TooFewWorkers => {
                    (Verdict::Inconclusive, "ended early for want of workers".to_owned())
                }
                Stopped::Aborted(aborted) => (of_aborted(sessions, limits, aborted), aborted.to_string()),
                Stopped::OutOfData(reason) => (Verdict::Failed, format!("ended early: {reason}")),
            };
            return Judgement { verdict, reasons: vec![reason] };
        }
        let is_spoiled = sessions.first().is_none_or(Session::is_spoiled);
        let mut failures = broken(limits, is_spoiled);
        if sessions.first().is_some_and(|session| session.summary.counts.completed() == 0) {
            failures.insert(0, "no iteration was completed".to_owned());
        }
        if !is_spoiled {
            failures.extend(comparison.into_iter().flat_map(Comparison::regressed).map(ToString::to_string));
        }
        failures
            .extend(missing.map(|reference| format!("--require-baseline: {}", without_baseline(reference))));
        let doubts: Vec<String> = doubts(sessions, comparison).collect();
        let verdict = match () {
            () if !failures.is_empty() => Verdict::Failed,
            () if !doubts.is_empty() => Verdict::Inconclusive,
            () => Verdict::Passed,
        };
        Judgement { verdict, reasons: failures.into_iter().chain(doubts).collect() }
    }
}

impl Judgement {
    /// Something else that went wrong: a test that failed for it stays no better, and its reason comes after the others.
    pub fn add(&mut self, verdict: Verdict, reason: String) {
        if self.verdict != Verdict::Failed {
            self.verdict = verdict;
        }
        self.reasons.push(reason);
    }
}

/// What the generator alone did is no failure of the target's.
fn of_aborted(sessions: &[Session], limits: &[Limit], aborted: &Aborted) -> Verdict {
    let is_spoiled = sessions.iter().any(Session::is_spoiled);
    let limit = limits.iter().find(|limit| limit.threshold.expression == aborted.expression);
    let is_the_targets = !is_spoiled || limit.is_some_and(|limit| limit.stays_broken);
    if is_the_targets { Verdict::Failed } else { Verdict::Inconclusive }
}

fn broken(limits: &[Limit], is_spoiled: bool) -> Vec<String> {
    let counts = |limit: &&Limit| {
        if is_spoiled { limit.stays_broken } else { !limit.held }
    };
    limits.iter().filter(counts).map(Limit::message).collect()
}

fn doubts(sessions: &[Session], comparison: Option<&Comparison>) -> impl Iterator<Item = String> {
    let spoilt = sessions
        .iter()
        .flat_map(|session| &session.findings)
        .filter(|finding| finding.severity == Severity::Invalid);
    let unsettled = comparison.into_iter().flat_map(Comparison::unsettled);
    let unsettled = unsettled
        .map(|metric| format!("measuring again neither confirmed nor cleared a suspicion: {metric}"));
    spoilt.map(ToString::to_string).chain(unsettled)
}

/// Why nothing was compared, in one line without what to do about it.
pub fn without_baseline(reference: &Reference) -> String {
    match reference {
        Reference::Level { .. } => "there is a comparable baseline".to_owned(),
        Reference::NotComparable(why) => format!("no comparable baseline: {why}"),
        Reference::OtherMachine { machines, .. } => format!(
            "no baseline of this machine: it was recorded on {machines} others, which takes at least {LEAST_MACHINES} to \
             tell how much machines differ; use `cargo perf-test compare`, or record it here"
        ),
        Reference::None => "no baseline yet".to_owned(),
        Reference::Off => "baselines are off for this test".to_owned(),
    }
}
