//! Raises the alarm while a load runs: tells of conditions that hold and of limits that are lost, and ends what is to end.

use super::abort::Lookout;
use super::control::Control;
use super::known::TICK;
use super::lost::{Outlook, SoFar};
use crate::measure::Stopped;
use crate::measure::alert::{Alert, AlertKind};
use crate::measure::edges::Edges;
use crate::measure::recorder::Slice;
use crate::measure::tally::Tally;
use crate::plan::Plan;
use crate::plan::threshold::Threshold;
use std::time::{Duration, SystemTime};

/// So many alerts are kept of a session; all are told.
const MOST_KEPT: usize = 100;

/// Of one test.
pub(super) struct Alarm<'a> {
    plan: &'a Plan,
    live: &'a Control,
    edges: Edges,
    lookout: Option<Lookout>,
    outlook: Outlook,
    /// How many intervals the outlook has seen.
    seen: u64,
    raised: Vec<Alert>,
}

impl<'a> Alarm<'a> {
    pub(super) fn of(plan: &'a Plan, edges: Edges, live: &'a Control) -> Self {
        Alarm {
            plan,
            live,
            edges,
            lookout: Lookout::of(plan, edges),
            outlook: Outlook::of(plan),
            seen: 0,
            raised: Vec::new(),
        }
    }

    /// At what a worker recorded, and at all that was measured so far.
    pub(super) fn look(&mut self, slice: &Slice, measured: &Tally) {
        // What ends is no news of the target's.
        if !self.live.is_stopped() {
            self.look_out(slice);
            self.look_ahead(slice.to, measured);
        }
    }

    /// What was raised, in order.
    pub(super) fn into_raised(self) -> Vec<Alert> {
        self.raised
    }

    /// For conditions, and for limits that end the load.
    fn look_out(&mut self, slice: &Slice) {
        let Some(lookout) = &mut self.lookout else { return };
        let (held, aborted) = lookout.add(slice);
        for held in held {
            self.raise(Alert {
                kind: AlertKind::Condition,
                window: Some(held.window),
                actual: Some(held.value),
                message: held.message(),
                ..self.alert(&held.condition, held.at)
            });
        }
        if let Some(aborted) = aborted {
            self.lookout = None;
            self.live.end(Stopped::Aborted(aborted));
        }
    }

    /// For limits that cannot be kept any more, once a second while the load has some way to go.
    fn look_ahead(&mut self, to: u64, measured: &Tally) {
        let seen = self.edges.interval(to).unwrap_or(0);
        let (at, length) = (TICK * u32::try_from(seen).unwrap_or(u32::MAX), self.plan.measured_for());
        if seen <= self.seen || length.is_some_and(|length| at >= length) {
            return;
        }
        self.seen = seen;
        // Of a load that somebody changed nobody knows how much is left.
        let is_as_planned = self.live.orders().scales.is_empty();
        let scheduled = self.plan.scheduled().filter(|_| is_as_planned);
        for (limit, lost) in self.outlook.look(&SoFar { tally: measured, scheduled, length }) {
            self.raise(Alert {
                kind: AlertKind::Lost,
                actual: lost.actual,
                message: format!("{} is going to be missed: {}", limit.expression, lost.why),
                ..self.alert(&limit, at)
            });
        }
    }

    /// What all of this test have in common.
    fn alert(&self, about: &Threshold, after: Duration) -> Alert {
        Alert {
            kind: AlertKind::Condition,
            test: self.plan.name.clone(),
            target: self.plan.target.clone(),
            at: SystemTime::now(),
            after: Some(after),
            expression: Some(about.expression.clone()),
            window: None,
            actual: None,
            unit: Some(about.metric.unit()),
            message: String::new(),
        }
    }

    fn raise(&mut self, alert: Alert) {
        self.live.alert(&alert);
        if self.raised.len() < MOST_KEPT {
            self.raised.push(alert);
        }
    }
}
