//! What a test is held against besides its own limits.

use crate::analyze::Session;
use crate::analyze::capacity::Bound;
use crate::analyze::findings::{self, Finding};
use crate::judge::compare::Basis;
use crate::judge::comparison::Comparison;
use crate::judge::errors::ErrorChange;
use crate::judge::level::{Rounds, SessionRecord};
use crate::judge::reference::Reference;
use crate::judge::spread::Spreads;
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
        let level = self.reference.level().filter(|_| session.is_sound() && !session.is_altered())?;
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
