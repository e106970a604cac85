//! What a test is held against besides its own limits.

use super::compare::Basis;
use super::comparison::Comparison;
use super::errors::ErrorChange;
use super::level::{Rounds, SessionRecord};
use super::reference::Reference;
use super::spread::Spreads;
use crate::analyze::Session;
use crate::analyze::capacity::Bound;
use crate::analyze::findings::{self, Finding};
use crate::metric::Metric;
use crate::plan::Plan;
use crate::plan::gate::Gated;

/// How a test is judged besides its own limits.
#[derive(Clone, Debug)]
pub struct Gate {
    /// What it is compared with.
    pub reference: Reference,
    /// How many hypotheses share the target's 1 %.
    pub family: u32,
    /// How much metrics vary in this environment.
    pub spreads: Spreads,
    /// A salted hash of this machine's id.
    pub machine: Option<String>,
    /// Whether having nothing to compare with is a failure.
    pub requires_baseline: bool,
}

impl Gate {
    /// Whether it failed more or less often than it did then, and beyond chance.
    pub fn errors_changed(&self, session: &Session) -> Option<Finding> {
        let level = self.reference.level().filter(|_| session.is_comparable())?;
        let change = ErrorChange::of(&Rounds::of(&session.summary), level)?;
        Some(findings::errors_changed(change.before, change.now))
    }

    /// `None` without a session or anything to compare it with, or where the load was another than the plan's.
    pub fn compare(&self, plan: &Plan, sessions: &[&Session], is_confirmed: bool) -> Option<Comparison> {
        let Reference::Level { level, number } = &self.reference else {
            return None;
        };
        if sessions.is_empty() || sessions.iter().any(|session| session.is_altered()) {
            return None;
        }
        let record = |session: &&Session| SessionRecord::of(session, None, self.machine.as_deref());
        let records: Vec<SessionRecord> = sessions.iter().map(record).collect();
        let summary = sessions.first().map(|session| &session.summary);
        let gates = plan.gates.iter().map(|gated| {
            let metric =
                summary.map_or_else(|| gated.metric.clone(), |summary| summary.with_unit(&gated.metric));
            Gated { metric, ..gated.clone() }
        });
        let gates: Vec<Gated> = gates.collect();
        let basis = Basis { level, spreads: &self.spreads, family: self.family };
        let mut comparison = Comparison::of(&gates, &records, &basis, *number, is_confirmed);
        let capacity = summary.and_then(|summary| summary.capacity.as_ref());
        if capacity.is_some_and(|capacity| capacity.bound_by == Bound::Range) {
            // It is higher than the search looks: nothing got worse.
            let above = comparison.missing.iter_mut().filter(|missing| missing.metric == Metric::Capacity);
            above.for_each(|missing| missing.is_lost = false);
        }
        Some(comparison)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::level::Level;
    use super::*;
    use crate::analyze::capacity::Capacity;
    use crate::analyze::summary::{RoundSummary, Summary};
    use crate::measure::Recording;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// Of ten rounds of 100 iterations, each with this p50.
    pub(crate) fn session(plan: &Plan, p50_ms: f64) -> Session {
        let recording = Recording::default();
        let mut summary = Summary::of(plan, &recording);
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
            named: BTreeMap::new(),
        };
        summary.rounds = vec![round; 10];
        Session { recording, summary, findings: Vec::new(), bound: None }
    }

    /// Of a test whose rounds are compared by this metric.
    pub(crate) fn plan(metric: &str) -> Plan {
        let duration = Some(Duration::from_secs(10));
        let spec = PerfSpec { rate: Some(100.0), duration, ..PerfSpec::default() };
        let plan = Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap();
        Plan { gates: vec![crate::plan::gate::gated(metric, "5%").unwrap()], ..plan }
    }

    /// Against one session with this p50, that found a capacity of 500/s.
    pub(crate) fn gate(p50_ms: f64) -> Gate {
        let mut recorded = SessionRecord::of(&session(&plan("p50"), p50_ms), None, None);
        recorded.rounds.capacity_per_s = vec![Some(500.0)];
        let level = Level { sessions: vec![recorded], ..Level::default() };
        Gate {
            reference: Reference::Level { level, number: 1 },
            family: 1,
            spreads: Spreads::default(),
            machine: None,
            requires_baseline: false,
        }
    }

    #[test]
    fn a_search_that_keeps_nothing_has_lost_its_capacity_and_one_that_keeps_all_has_not() {
        let plan = plan("capacity");
        let is_lost = |bound_by, rate| {
            let mut found = session(&plan, 10.0);
            let (limits, levels) = (Vec::new(), Vec::new());
            found.summary.capacity = Some(Capacity { limits, rate, bound_by, levels });
            let compared = gate(10.0).compare(&plan, &[&found], false).unwrap();
            assert_eq!((compared.metrics.len(), compared.missing.len()), (0, 1), "{compared:?}");
            compared.lost().count() == 1
        };
        assert!(is_lost(Bound::NothingKept, None) && is_lost(Bound::Unsettled, Some(300.0)));
        assert!(!is_lost(Bound::Range, Some(1000.0)), "it is above all that is looked at");
    }

    #[test]
    fn nothing_is_compared_with_nothing() {
        assert!(gate(10.0).compare(&plan("p50"), &[], true).is_none());
    }
}
