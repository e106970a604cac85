//! How well the generator itself kept to the plan.

use crate::measure::histogram::Histogram;
use crate::metric::{Quantile, Statistic};

/// A lag that is a tenth of the response time, or a millisecond, is part of the response time.
const LAG_FLOOR_NS: f64 = 1e6;
const LAG_PART: f64 = 0.1;

/// Of the measured time of one session.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The most lag that leaves response times true, in nanoseconds.
    pub lag_bound_ns: f64,
    /// Of all started iterations, in nanoseconds; `None` without any.
    pub lag_p99_ns: Option<f64>,
    /// Iterations that started later than the bound.
    pub late_starts: u64,
    /// What fell due, per second.
    pub planned_per_s: Option<f64>,
    /// What was started, per second.
    pub offered_per_s: Option<f64>,
    /// The share of its core that each worker's thread needed, from 0 to 1; empty where nobody knows.
    pub worker_cpu: Vec<f64>,
}

impl Health {
    /// From the times of all started iterations, and the two rates.
    pub fn of(
        response: &Histogram,
        lag: &Histogram,
        planned_per_s: Option<f64>,
        offered_per_s: Option<f64>,
        worker_cpu: Vec<f64>,
    ) -> Self {
        let part_of_response = response.statistic(Statistic::Median).unwrap_or(0.0) * LAG_PART;
        let lag_bound_ns = part_of_response.max(LAG_FLOOR_NS);
        let late = lag.buckets().filter(|(ns, _)| *ns as f64 > lag_bound_ns);
        let p99 = Quantile::percent(99.0).map(Statistic::Percentile);
        Health {
            lag_bound_ns,
            lag_p99_ns: p99.and_then(|p99| lag.statistic(p99)),
            late_starts: late.map(|(_, count)| count).sum(),
            planned_per_s,
            offered_per_s,
            worker_cpu,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        ms.iter().for_each(|ms| histogram.record(ms * 1_000_000));
        histogram
    }

    #[test]
    fn what_is_late_depends_on_the_response_time() {
        let lag = of(&[0, 0, 2, 4]);
        let late = |response: u64| Health::of(&of(&[response]), &lag, None, None, Vec::new()).late_starts;
        assert_eq!([late(5), late(30), late(100)], [2, 1, 0]);
    }
}
