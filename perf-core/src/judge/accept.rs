//! Records a session into a baseline: into the newest level when it agrees with it, else as the first of a new one.

use super::baseline::Baseline;
use super::compare::{self, Basis, Change, MetricComparison};
use super::level::{Level, MOST_SESSIONS, SessionRecord};
use super::reference::Reference;
use super::spread::Spreads;
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
    /// It is of a machine that too few others stand beside to tell whether it agrees; the newest level, which now holds so
    /// many sessions, has it all the same.
    OtherMachine(usize),
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
            Accepted::OtherMachine(sessions) => {
                format!("the first session of this machine; the newest level now has {sessions} sessions")
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
    spreads: &Spreads,
    session: &Session,
) -> Accepted {
    let record =
        SessionRecord::of(session, environment.git_commit.as_deref(), environment.machine.as_deref());
    let accepted = match Reference::of(plan, Some(baseline), environment) {
        Reference::Level { level, .. } => {
            let changed = changed(plan, &level, spreads, &record);
            if changed.is_empty() {
                Accepted::Appended(with_one_more(&level))
            } else {
                Accepted::Changed(changed)
            }
        }
        Reference::OtherMachine { level, .. } => Accepted::OtherMachine(with_one_more(&level)),
        Reference::NotComparable(difference) if baseline.environments.contains_key(&environment.id) => {
            Accepted::OtherLoad(difference)
        }
        _ => Accepted::First,
    };
    let starts_level = !matches!(accepted, Accepted::Appended(_) | Accepted::OtherMachine(_));
    baseline.append(environment, &plan.config(), record, starts_level);
    accepted
}

fn with_one_more(level: &Level) -> usize {
    (level.sessions.len() + 1).min(MOST_SESSIONS)
}

/// At 1 % for all metrics together, and in both directions.
fn changed(plan: &Plan, level: &Level, spreads: &Spreads, record: &SessionRecord) -> Vec<MetricComparison> {
    let family = u32::try_from(2 * plan.gates.len()).unwrap_or(u32::MAX);
    let basis = Basis { level, spreads, family };
    compare::compare(&plan.gates, std::slice::from_ref(record), &basis)
        .into_iter()
        .filter(|metric| matches!(metric.verdict, Change::Regressed | Change::Improved))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::summary::{RoundSummary, Summary};
    use crate::measure::Recording;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    fn plan() -> Plan {
        let duration = Some(Duration::from_secs(10));
        let spec = PerfSpec { rate: Some(100.0), duration, ..PerfSpec::default() };
        Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap()
    }

    /// On a machine, with this p50.
    fn record(baseline: &mut Baseline, machine: &str, p50_ms: f64) -> String {
        let recording = Recording::default();
        let mut summary = Summary::of(&plan(), &recording);
        let round = RoundSummary {
            start: Duration::ZERO,
            length: Duration::from_secs(1),
            succeeded: 100,
            errors: 0,
            service_p50: Some(p50_ms * 1e6),
            service_p95: None,
            service_p99: None,
            response_p50: None,
            throughput_per_s: None,
            cpu_per_iteration: None,
        };
        summary.rounds = vec![round; 10];
        let session = Session { recording, summary, findings: Vec::new() };
        let environment =
            Environment { machine: Some(machine.to_owned()), ..Environment::example("ci", 2, None) };
        accept(baseline, &plan(), &environment, &Spreads::default(), &session).message()
    }

    #[test]
    fn a_session_joins_its_level_or_starts_one() {
        let mut baseline = Baseline::empty("login");
        assert_eq!(record(&mut baseline, "a", 10.0), "first session of this environment");
        assert!(record(&mut baseline, "a", 10.2).starts_with("agrees with the newest level"));
        let started = record(&mut baseline, "a", 20.0);
        assert!(started.starts_with("starts a new level: service.p50 regressed"), "{started}");
        assert_eq!(baseline.environments["ci"].levels.len(), 2);
    }

    #[test]
    fn another_machine_starts_no_level_until_it_is_known_how_machines_differ() {
        let mut baseline = Baseline::empty("login");
        record(&mut baseline, "a", 10.0);
        for (machine, p50_ms) in [("b", 20.0), ("c", 15.0)] {
            let joined = record(&mut baseline, machine, p50_ms);
            assert!(joined.starts_with("the first session of this machine"), "{joined}");
        }
        assert!(record(&mut baseline, "d", 14.0).starts_with("agrees"), "within what three machines differ");
        assert_eq!(baseline.environments["ci"].levels.len(), 1);
        assert!(
            record(&mut baseline, "a", 20.0).starts_with("starts a new level"),
            "against its own session"
        );
    }
}
