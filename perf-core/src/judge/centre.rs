//! Where the rounds of a session lie: one number per metric, on the log scale.

use super::level::{Level, Rounds};
use crate::analyze::stats::{mean, median};
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

/// With fewer iterations in a round, one more or less moves what is counted in it by more than 5 %.
const COARSE: u64 = 20;

/// The logarithm of the median of a session's rounds; `None` where the session says too little of the metric. Of what is counted
/// in rounds of few iterations, the whole session's: two or three of them in a second are no change by half.
pub fn of(metric: &Metric, rounds: &Rounds) -> Option<f64> {
    let readings = rounds.readings(metric);
    let n: u64 = readings.iter().sum();
    if n < least_iterations(metric) {
        return None;
    }
    let is_coarse = n < COARSE * readings.len() as u64;
    let value = match metric {
        Metric::Throughput if is_coarse => whole_throughput(&counted(metric, rounds)),
        Metric::CpuPerIteration if is_coarse => whole_cpu(&counted(metric, rounds)),
        _ => median(rounds.values(metric)),
    };
    value.filter(|value| *value > 0.0).map(f64::ln)
}

/// Of each round that has a value, how many iterations it is taken of, and the value.
fn counted(metric: &Metric, rounds: &Rounds) -> Vec<(f64, f64)> {
    let values = rounds.readings(metric).iter().zip(rounds.column(metric));
    let known = values.filter_map(|(n, value)| Some((*n as f64, (*value)?)));
    known.filter(|(_, value)| value.is_finite()).collect()
}

fn iterations(rounds: &[(f64, f64)]) -> f64 {
    rounds.iter().map(|(n, _)| n).sum()
}

/// All iterations by the time of all rounds. A round without any tells nothing of its length: it is as long as the others.
fn whole_throughput(rounds: &[(f64, f64)]) -> Option<f64> {
    let lengths = rounds.iter().filter(|(n, rate)| *n > 0.0 && *rate > 0.0).map(|(n, rate)| n / rate);
    let length = mean(&lengths.collect::<Vec<_>>())?;
    Some(iterations(rounds) / (length * rounds.len() as f64))
}

/// CPU time of all rounds by their iterations.
fn whole_cpu(rounds: &[(f64, f64)]) -> Option<f64> {
    let n = iterations(rounds);
    (n > 0.0).then(|| rounds.iter().map(|(n, cpu)| n * cpu).sum::<f64>() / n)
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
    fn a_few_iterations_a_round_are_counted_over_the_whole_session() {
        let (throughput, cpu) = (Metric::Throughput, Metric::CpuPerIteration);
        let counted = |n: &[u64]| Rounds {
            n: n.to_vec(),
            throughput_per_s: n.iter().map(|n| Some(*n as f64 / 2.0)).collect(),
            cpu_per_iteration_ns: n.iter().map(|n| (*n > 0).then(|| 60.0 / *n as f64)).collect(),
            ..Rounds::default()
        };
        let near =
            |value: Option<f64>, wanted: f64| value.is_some_and(|log| (log.exp() - wanted).abs() < 1e-9);
        // Rounds of two seconds: 25 iterations in 20 s, whose median round has 2 of them, or 3.
        for n in
            [[2, 3, 2, 3, 2, 3, 2, 3, 2, 3], [3, 3, 3, 3, 3, 3, 2, 2, 2, 1], [0, 3, 3, 3, 3, 3, 3, 3, 2, 2]]
        {
            assert!(near(of(&throughput, &counted(&n)), 1.25), "{n:?}");
        }
        let all = counted(&[2, 3, 2, 3, 2, 3, 2, 3, 2, 3]);
        assert!(near(of(&cpu, &all), 24.0), "{:?}", of(&cpu, &all));
        // Rounds of the same number of iterations, in one second and in four.
        let by_count =
            Rounds { n: vec![10, 10], throughput_per_s: vec![Some(10.0), Some(2.5)], ..Rounds::default() };
        assert!(near(of(&throughput, &by_count), 4.0));
        let many = counted(&[20, 20, 80]);
        assert!(near(of(&throughput, &many), 10.0), "enough of them: the median");
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
