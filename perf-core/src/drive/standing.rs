//! How the limits of a test stand while it runs: what each is held against so far, and how much room is left.
//!
//! Arithmetic on what was counted so far; the verdict is `judge`'s.

use super::snapshot::LimitNow;
use crate::measure::histogram::Histogram;
use crate::measure::marks::{Check, Name};
use crate::measure::tally::{Tally, Times};
use crate::metric::{Metric, Timed};
use crate::plan::threshold::{Operator, Threshold};
use std::time::Duration;

/// Of every limit, in the order they were written; `response` holds the tally's response times.
pub(super) fn standings(
    limits: &[Threshold],
    tally: &Tally,
    response: &Histogram,
    measured: Duration,
) -> Vec<LimitNow> {
    let of = |limit: &Threshold| standing(limit, value(&limit.metric, tally, response, measured));
    limits.iter().map(of).collect()
}

fn standing(limit: &Threshold, actual: Option<f64>) -> LimitNow {
    LimitNow {
        expression: limit.expression.clone(),
        actual,
        unit: limit.metric.unit(),
        held: actual.map(|actual| limit.holds(actual)),
        margin: actual.map(|actual| margin(limit, actual)),
    }
}

/// What is left to the limit, as a part of it. Nothing is a part of zero: there it is all or nothing.
fn margin(limit: &Threshold, actual: f64) -> f64 {
    let room = match limit.operator {
        Operator::Less | Operator::AtMost => limit.limit - actual,
        Operator::Greater | Operator::AtLeast => actual - limit.limit,
        Operator::Equal => 0.0,
    };
    match limit.holds(actual) {
        held if limit.limit == 0.0 || limit.operator == Operator::Equal => {
            if held {
                1.0
            } else {
                -1.0
            }
        }
        _ => room / limit.limit.abs(),
    }
}

/// Of everything that ended so far, in so long a time.
fn value(metric: &Metric, tally: &Tally, response: &Histogram, measured: Duration) -> Option<f64> {
    let (counts, marks) = (&tally.counts, &tally.marks);
    let ratio = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    match metric {
        Metric::Time(Timed::Response, statistic) => response.statistic(*statistic),
        Metric::Time(Timed::Service, statistic) => merged(tally, Times::service).statistic(*statistic),
        Metric::Time(Timed::Lag, statistic) => merged(tally, Times::lag).statistic(*statistic),
        Metric::Time(Timed::Step(step), statistic) => {
            marks.steps.get(step.as_str())?.duration.statistic(*statistic)
        }
        Metric::Time(Timed::Tagged(name, value), statistic) => {
            let tag = (Name::from(name.clone()), Name::from(value.clone()));
            marks.tags.get(&tag)?.response.statistic(*statistic)
        }
        Metric::Custom(custom) => {
            let found = marks.metrics.get(custom.name.as_str())?;
            found.value(custom.statistic).filter(|_| custom.reads(found.unit))
        }
        Metric::Iterations => Some(counts.completed() as f64),
        Metric::Throughput => {
            (measured >= Duration::from_secs(1)).then(|| counts.succeeded as f64 / measured.as_secs_f64())
        }
        Metric::Errors => ratio(counts.errors(), counts.planned),
        Metric::ErrorCount => Some(counts.errors() as f64),
        Metric::Dropped => Some(counts.dropped() as f64),
        Metric::Checks => {
            let mut all = Check::default();
            marks.checks.values().for_each(|check| all.merge(*check));
            ratio(all.held, all.held + all.broken)
        }
        // Known at the end.
        Metric::Capacity | Metric::CpuPerIteration => None,
    }
}

/// A time of every iteration that came to an end.
pub(super) fn merged(tally: &Tally, time: fn(&Times) -> Option<&Histogram>) -> Histogram {
    let mut whole = Histogram::default();
    let parts = [&tally.succeeded, &tally.failed, &tally.interrupted].into_iter().filter_map(time);
    parts.for_each(|part| whole.merge(part));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::sample::{Counts, Ending, Sample};
    use crate::measure::tally::Words;

    fn of(texts: &[&str], ms: &[u64]) -> Vec<LimitNow> {
        let mut tally = Tally::default();
        for ms in ms {
            tally.counts.start();
            tally.record(&Sample::example(ms * 1_000_000, Ending::Succeeded), 0, &Words::default());
        }
        let limits: Vec<Threshold> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let response = merged(&tally, Times::response);
        standings(&limits, &tally, &response, Duration::from_secs(2))
    }

    #[test]
    fn a_limit_is_as_near_as_its_value_is_to_it_as_a_part_of_it() {
        let limits = of(
            &["max < 40ms", "throughput > 1/s", "errors < 1%", "errors == 0", "iterations >= 8", "hits > 3"],
            &[10, 20, 30, 20],
        );
        let seen: Vec<_> = limits.iter().map(|limit| (limit.held, limit.margin)).collect();
        let near = |margin: Option<f64>, expected: f64| (margin.unwrap() - expected).abs() < 0.01;
        assert!(near(seen[0].1, 0.25) && seen[0].0 == Some(true), "{limits:#?}");
        assert!(near(seen[1].1, 1.0), "{limits:#?}");
        assert_eq!(seen[2..4], [(Some(true), Some(1.0)); 2]);
        assert!(near(seen[4].1, -0.5) && seen[4].0 == Some(false), "{limits:#?}");
        assert_eq!(seen[5], (None, None), "nobody recorded it");
    }

    #[test]
    fn errors_are_held_against_everything_that_was_planned() {
        let counts = Counts { planned: 200, started: 199, failed: 2, dropped_late: 1, ..Counts::default() };
        let tally = Tally { counts, ..Tally::default() };
        let limit =
            standings(&["errors < 1%".parse().unwrap()], &tally, &Histogram::default(), Duration::ZERO);
        assert_eq!((limit[0].actual, limit[0].held), (Some(0.015), Some(false)));
        assert!((limit[0].margin.unwrap() + 0.5).abs() < 1e-9, "{limit:#?}");
    }
}
