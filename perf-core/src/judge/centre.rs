//! Where the rounds of a session lie: one number per metric, on the log scale.

use super::level::{Level, Rounds};
use crate::analyze::stats::median;
use crate::metric::{Metric, Quantile, Statistic};

/// A session needs ten iterations beyond a quantile, in whole, before the quantile says anything.
pub fn least_iterations(metric: &Metric) -> u64 {
    const NEEDED: [(f64, u64); 3] = [(0.99, 1000), (0.95, 200), (0.5, 20)];
    match metric.statistic() {
        Some(Statistic::Percentile(quantile)) => NEEDED
            .iter()
            .find(|(q, _)| quantile >= Quantile::percent(q * 100.0).unwrap_or(Quantile::MEDIAN))
            .map_or(20, |(_, n)| *n),
        _ => 20,
    }
}

/// The logarithm of the median of a session's rounds; `None` where the session says too little of the metric.
pub fn of(metric: &Metric, rounds: &Rounds) -> Option<f64> {
    if rounds.readings(metric).iter().sum::<u64>() < least_iterations(metric) {
        return None;
    }
    median(rounds.values(metric)).filter(|value| *value > 0.0).map(f64::ln)
}

/// Whether a baseline says anything of a metric.
pub fn is_comparable(metric: &Metric, level: &Level) -> bool {
    level.sessions.iter().any(|session| of(metric, &session.rounds).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::level::SessionRecord;
    use crate::plan::gate::gated;
    use std::collections::BTreeMap;

    fn rounds(n: u64, p50s: &[Option<f64>]) -> Rounds {
        Rounds { n: vec![n; 10], service_p50_ns: p50s.to_vec(), ..Rounds::default() }
    }

    #[test]
    fn a_tail_needs_more_iterations_than_a_median() {
        let least = |metric: &str| least_iterations(&gated(metric, "5%").unwrap().metric);
        assert_eq!(["p50", "p95", "p99", "throughput"].map(least), [20, 200, 1000, 20]);
        assert_eq!(["render.p95", "render.p99"].map(least), [200, 1000]);
    }

    #[test]
    fn a_centre_is_the_log_of_the_median_of_rounds_that_have_a_value() {
        let metric = gated("p50", "5%").unwrap().metric;
        let centre = |n, p50s: &[Option<f64>]| of(&metric, &rounds(n, p50s));
        assert_eq!(centre(100, &[Some(1.0), None, Some(f64::NAN), Some(5.0), Some(3.0)]), Some(3.0_f64.ln()));
        assert_eq!(centre(1, &[Some(1.0)]), None, "too few iterations");
        assert_eq!(centre(100, &[None, Some(0.0), Some(f64::NAN)]), None, "zero has no logarithm");
        assert_eq!(centre(100, &[]), None, "no rounds");
        let step = gated("p50{step=login}", "5%").unwrap().metric;
        let logins = |n: u64| {
            let named = BTreeMap::from([(step.to_string(), vec![Some(1.0); 10])]);
            let named_n = BTreeMap::from([(step.to_string(), vec![n; 10])]);
            of(&step, &Rounds { named, named_n, ..rounds(100, &[]) })
        };
        assert_eq!((logins(1), logins(2)), (None, Some(0.0)), "of a step, its own count");
        let level = |rounds| Level {
            sessions: vec![SessionRecord { rounds, ..SessionRecord::default() }],
            ..Level::default()
        };
        assert!(is_comparable(&metric, &level(rounds(100, &[Some(1.0)]))));
        assert!(!is_comparable(&metric, &level(rounds(1, &[Some(1.0)]))));
    }
}
