//! The story of one perf test, from its plan to its report.

use crate::analyze::Session;
use crate::analyze::findings;
use crate::analyze::summary::Summary;
use crate::drive::control::Live;
use crate::drive::engine::{self, EngineError};
use crate::drive::prepare::{PrepareError, Prepared, Test};
use crate::drive::ready;
use crate::judge::compare::{self, Comparison};
use crate::judge::level::Rounds;
use crate::judge::reference::Reference;
use crate::judge::thresholds;
use crate::judge::verdict::Judgement;
use crate::measure::Recording;
use crate::plan::Plan;
use crate::report::Report;

/// How a test is judged besides its own limits.
#[derive(Clone, Debug)]
pub struct Gate {
    /// What it is compared with.
    pub reference: Reference,
    /// How many hypotheses share the target's 1 %.
    pub family: u32,
    /// Whether having nothing to compare with is a failure.
    pub requires_baseline: bool,
}

/// Why a test has no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Before or after the load.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// At its start.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// One execution: fresh set-up, load, tear-down.
pub fn session(plan: &Plan, test: &Test, live: &Live) -> Result<Session, RunError> {
    let prepared = Prepared::set_up(plan, test)?;
    let setup = prepared.setup;
    let driven = driven(plan, test, &prepared, live);
    let torn_down = prepared.tear_down(test);
    let mut recording = driven?;
    torn_down?;
    recording.preparation.setup = setup;
    let summary = Summary::of(plan, &recording);
    let findings = findings::look(plan, &recording, &summary);
    Ok(Session { recording, summary, findings })
}

fn driven(plan: &Plan, test: &Test, prepared: &Prepared, live: &Live) -> Result<Recording, RunError> {
    let ready = ready::wait(plan, test, prepared, live)?;
    let mut recording = engine::drive(plan, test, prepared, live)?;
    recording.preparation.ready = ready;
    Ok(recording)
}

/// One test: a session, two more when it looks slower than its baseline, and the verdict.
pub fn run(plan: Plan, test: &Test, gate: Gate, live: &Live) -> Result<Report, RunError> {
    let mut sessions = vec![session(&plan, test, live)?];
    let mut comparison = gate.compare(&plan, &sessions, false);
    if comparison.as_ref().is_some_and(Comparison::is_suspicious)
        && !sessions[0].is_partial()
        && !sessions[0].is_spoiled()
    {
        sessions.push(session(&plan, test, live)?);
        if !sessions[1].is_partial() {
            sessions.push(session(&plan, test, live)?);
        }
        comparison = gate.compare(&plan, &sessions[1..], true);
    }
    let limits = thresholds::check(&plan.thresholds, &sessions[0]);
    let missing = (gate.requires_baseline && gate.reference.level().is_none()).then_some(&gate.reference);
    let judgement = Judgement::of(&sessions, &limits, comparison.as_ref(), missing);
    Ok(Report { plan, sessions, limits, reference: gate.reference, comparison, judgement, notes: Vec::new() })
}

impl Gate {
    fn compare(&self, plan: &Plan, sessions: &[Session], is_confirmed: bool) -> Option<Comparison> {
        let Reference::Level { level, number } = &self.reference else {
            return None;
        };
        let rounds: Vec<Rounds> = sessions.iter().map(|session| Rounds::of(&session.summary)).collect();
        Some(Comparison {
            metrics: compare::compare(&plan.gates, &rounds, level, self.family),
            baseline_sessions: level.sessions.len(),
            level: *number,
            is_confirmed,
        })
    }
}
