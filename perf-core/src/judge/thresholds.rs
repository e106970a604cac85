//! Whether the limits that the user wrote were kept.

use crate::analyze::Session;
use crate::analyze::summary::Summary;
use crate::metric::{Metric, Timed};
use crate::plan::threshold::{Threshold, show_value};

/// A threshold with the value it was held against.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What was to hold.
    pub threshold: Threshold,
    /// In the metric's unit; `None` where there was no data.
    pub actual: Option<f64>,
    /// A limit without data does not hold.
    pub held: bool,
    /// Whether it would be broken without the generator's own faults, too.
    pub stays_broken: bool,
}

impl Limit {
    /// What a person needs to know of a broken one.
    pub fn message(&self) -> String {
        let Threshold { expression, metric, implicit, .. } = &self.threshold;
        let implicit = if *implicit { " (applies unless a test names errors)" } else { "" };
        match self.actual {
            Some(actual) => {
                format!("{expression} does not hold: {}{implicit}", show_value(actual, metric.unit()))
            }
            None => format!("{expression} does not hold: there was no data for `{metric}`{implicit}"),
        }
    }
}

/// Every limit, in the order they were written.
pub fn check(thresholds: &[Threshold], session: &Session) -> Vec<Limit> {
    thresholds.iter().map(|threshold| limit(threshold, &session.summary)).collect()
}

fn limit(threshold: &Threshold, summary: &Summary) -> Limit {
    let actual = summary.value(&threshold.metric);
    let held = actual.is_some_and(|value| threshold.holds(value));
    let stays_broken = !held
        && without_the_generators_faults(threshold, summary).is_some_and(|value| !threshold.holds(value));
    Limit { threshold: threshold.clone(), actual, held, stays_broken }
}

/// The value in which no fault of the generator's can have a part: service instead of response time, no late drops.
fn without_the_generators_faults(threshold: &Threshold, summary: &Summary) -> Option<f64> {
    let counts = &summary.counts;
    let errors = counts.errors() - counts.dropped_late;
    match &threshold.metric {
        Metric::Time(Timed::Response | Timed::Service, statistic) => summary.service.statistic(*statistic),
        Metric::Time(Timed::Step(_), _) | Metric::Checks => summary.value(&threshold.metric),
        Metric::Errors => {
            let planned = counts.planned - counts.dropped_late;
            (planned > 0).then(|| errors as f64 / planned as f64)
        }
        Metric::ErrorCount => Some(errors as f64),
        Metric::Dropped => Some(counts.dropped_max_in_flight as f64),
        _ => None,
    }
}
