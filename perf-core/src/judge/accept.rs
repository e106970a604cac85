//! Records a session into a baseline: into the newest level when it agrees with it, else as the first of a new one.

use super::baseline::Baseline;
use super::compare::{self, Change, MetricComparison};
use super::level::{Rounds, SessionRecord};
use super::reference::Reference;
use crate::analyze::Session;
use crate::measure::environment::Environment;
use crate::plan::Plan;

/// What became of a session that was to be recorded.
#[derive(Debug)]
pub enum Accepted {
    /// The first of this environment.
    First,
    /// It agrees with the newest level, which now holds so many sessions.
    Appended(usize),
    /// It differs from the newest level significantly in these metrics.
    Changed(Vec<MetricComparison>),
    /// It is of another load than the newest level; what differs.
    OtherLoad(String),
}

impl Accepted {
    /// For people.
    pub fn message(&self) -> String {
        match self {
            Accepted::First => "first session of this environment".to_owned(),
            Accepted::Appended(sessions) => {
                format!("agrees with the newest level, which now has {sessions} sessions")
            }
            Accepted::Changed(metrics) => {
                let metrics: Vec<String> = metrics.iter().map(ToString::to_string).collect();
                format!("starts a new level: {}", metrics.join("; "))
            }
            Accepted::OtherLoad(difference) => format!("starts a new level: {difference}"),
        }
    }
}

/// Appends a session, which must be whole and valid.
pub fn accept(
    baseline: &mut Baseline,
    plan: &Plan,
    environment: &Environment,
    session: &Session,
) -> Accepted {
    let record =
        SessionRecord::of(session, environment.git_commit.as_deref(), environment.machine.as_deref());
    let accepted = match Reference::of(plan, Some(baseline), environment) {
        Reference::Level { level, .. } => {
            let changed = changed(plan, &level, &record.rounds);
            if changed.is_empty() {
                Accepted::Appended((level.sessions.len() + 1).min(super::level::MOST_SESSIONS))
            } else {
                Accepted::Changed(changed)
            }
        }
        Reference::NotComparable(difference) if baseline.environments.contains_key(&environment.id) => {
            Accepted::OtherLoad(difference)
        }
        _ => Accepted::First,
    };
    let starts_level = !matches!(accepted, Accepted::Appended(_));
    baseline.append(environment, &plan.config(), record, starts_level);
    accepted
}

/// At 1 % for all metrics together, and in both directions.
fn changed(plan: &Plan, level: &super::level::Level, rounds: &Rounds) -> Vec<MetricComparison> {
    let family = u32::try_from(2 * plan.gates.len()).unwrap_or(u32::MAX);
    let compared = compare::compare(&plan.gates, std::slice::from_ref(rounds), level, family);
    compared
        .into_iter()
        .filter(|metric| matches!(metric.verdict, Change::Regressed | Change::Improved))
        .collect()
}
