//! Whether the limits that the user wrote were kept.

use crate::analyze::Session;
use crate::analyze::summary::Summary;
use crate::measure::{Aborted, Stopped};
use crate::metric::{Metric, Timed, Unit};
use crate::plan::threshold::{Threshold, show_value};

/// A threshold with the value it was held against.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What was to hold.
    pub threshold: Threshold,
    /// In the metric's unit; `None` where there was no data.
    pub actual: Option<f64>,
    /// Why there was no data, where that is known; begins with a sign.
    pub instead: String,
    /// A limit without data does not hold.
    pub held: bool,
    /// The window that ended the test, where this limit did.
    pub aborted: Option<Aborted>,
    /// Whether it would be broken without the generator's own faults, too.
    pub stays_broken: bool,
}

impl Limit {
    /// One that ended its test is broken, whatever the whole of it says.
    fn with_abort(self, stopped: Option<&Stopped>) -> Self {
        match stopped {
            Some(Stopped::Aborted(aborted)) if aborted.expression == self.threshold.expression => {
                Limit { held: false, aborted: Some(aborted.clone()), ..self }
            }
            _ => self,
        }
    }

    /// What a person needs to know of a broken one.
    pub fn message(&self) -> String {
        let Threshold { expression, metric, implicit, .. } = &self.threshold;
        let implicit = if *implicit { " (applies unless a test names errors)" } else { "" };
        match self.actual {
            Some(actual) => {
                format!("{expression} does not hold: {}{implicit}", show_value(actual, metric.unit()))
            }
            None => {
                let instead = &self.instead;
                format!("{expression} does not hold: there was no data for `{metric}`{instead}{implicit}")
            }
        }
    }
}

/// Every limit, in the order they were written.
pub fn check(thresholds: &[Threshold], session: &Session) -> Vec<Limit> {
    let held = thresholds.iter().map(|threshold| limit(threshold, &session.summary));
    held.map(|limit| limit.with_abort(session.recording.stopped_by.as_ref())).collect()
}

fn limit(threshold: &Threshold, summary: &Summary) -> Limit {
    let actual = summary.value(&threshold.metric);
    let instead = if actual.is_none() { instead(&threshold.metric, summary) } else { String::new() };
    let held = actual.is_some_and(|value| threshold.holds(value));
    let stays_broken = !held
        && without_the_generators_faults(threshold, summary).is_some_and(|value| !threshold.holds(value));
    Limit { threshold: threshold.clone(), actual, instead, held, aborted: None, stays_broken }
}

/// What there is instead of a metric of the test's own that there is not.
fn instead(metric: &Metric, summary: &Summary) -> String {
    let Metric::Custom(wanted) = metric else { return String::new() };
    let Some(custom) = summary.metrics.get(wanted.name.as_str()) else {
        let names: Vec<_> = summary.metrics.keys().map(|name| format!("`{name}`")).collect();
        return match names.is_empty() {
            true => ", the test function recorded no metric; `cx.counter`, `gauge`, `trend` and `rate` do"
                .to_owned(),
            false => format!(", the test function recorded {}", names.join(", ")),
        };
    };
    let written = match custom.unit {
        Unit::Time => "a duration such as 20ms",
        Unit::Ratio => "a ratio such as 90%",
        _ => "a number such as 100",
    };
    match wanted.reads(custom.unit) {
        true => format!(", a {} has no such statistic", custom.kind.name()),
        false => format!(", it is a {} and its limit is {written}", custom.kind.name()),
    }
}

/// The value in which no fault of the generator's can have a part: service instead of response time, no late drops.
fn without_the_generators_faults(threshold: &Threshold, summary: &Summary) -> Option<f64> {
    let counts = &summary.counts;
    let errors = counts.errors() - counts.dropped_late;
    match &threshold.metric {
        Metric::Time(Timed::Response | Timed::Service, statistic) => summary.service.statistic(*statistic),
        Metric::Time(Timed::Step(_), _) | Metric::Checks | Metric::Custom(_) => {
            summary.value(&threshold.metric)
        }
        Metric::Errors => {
            let planned = counts.planned - counts.dropped_late;
            (planned > 0).then(|| errors as f64 / planned as f64)
        }
        Metric::ErrorCount => Some(errors as f64),
        Metric::Dropped => Some(counts.dropped_max_in_flight as f64),
        _ => None,
    }
}
