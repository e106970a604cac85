//! A test whose measured part still got faster: it had not warmed up.

use super::{Finding, Severity};
use crate::analyze::stats::median;
use crate::analyze::summary::{RoundSummary, Summary};
use crate::plan::Plan;
use crate::units::Latency;

/// A first third that is slower than the last one by more than this was not warm.
const DRIFT: f64 = 0.10;
const LEAST_ROUNDS: usize = 6;
const LEAST_PER_ROUND: u64 = 20;

pub(super) fn look(plan: &Plan, summary: &Summary) -> Option<Finding> {
    let rounds = &summary.rounds;
    let is_enough =
        rounds.len() >= LEAST_ROUNDS && rounds.iter().all(|round| round.succeeded >= LEAST_PER_ROUND);
    if !plan.load.is_constant() || !is_enough {
        return None; // a load of several levels drifts by design
    }
    let third = rounds.len() / 3;
    let middle = |rounds: &[RoundSummary]| median(rounds.iter().filter_map(|round| round.service_p50));
    let (first, last) = (middle(&rounds[..third])?, middle(&rounds[rounds.len() - third..])?);
    // Every round of the first third must be above every one of the last: a burst is no drift.
    let of =
        |rounds: &[RoundSummary]| rounds.iter().filter_map(|round| round.service_p50).collect::<Vec<_>>();
    let lowest = of(&rounds[..third]).into_iter().fold(f64::INFINITY, f64::min);
    let highest = of(&rounds[rounds.len() - third..]).into_iter().fold(0.0, f64::max);
    (first > last * (1.0 + DRIFT) && lowest > highest).then(|| Finding {
        kind: "still_warming",
        severity: Severity::Info,
        message: format!(
            "the measured part still got faster: service p50 {} in its first third, {} in its last",
            Latency(first),
            Latency(last)
        ),
        advice: "set `warmup` longer, so that what is measured is steady",
        evidence: vec![("first_ns", first), ("last_ns", last)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Recording;
    use crate::plan::load::Load;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn found(p50s: &[f64]) -> bool {
        let spec = PerfSpec { load: Some(Load::rate(100).hold("10s")), ..PerfSpec::default() };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        let round = |ms: &f64| RoundSummary {
            start: Duration::ZERO,
            length: Duration::from_secs(1),
            succeeded: 100,
            errors: 0,
            service_p50: Some(ms * 1e6),
            service_p95: None,
            service_p99: None,
            response_p50: None,
            throughput_per_s: None,
            cpu_per_iteration: None,
            named: BTreeMap::new(),
        };
        let mut summary = Summary::of(&plan, &Recording::default());
        summary.rounds = p50s.iter().map(round).collect();
        look(&plan, &summary).is_some()
    }

    #[test]
    fn what_gets_faster_from_third_to_third_was_not_warm() {
        assert!(found(&[9.0, 8.0, 7.0, 6.0, 5.0, 5.0, 5.0, 5.0, 5.0]));
        assert!(!found(&[5.0, 5.1, 4.9, 5.0, 5.0, 5.1, 5.0, 4.9, 5.0]));
        assert!(!found(&[9.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0]), "one burst");
        assert!(!found(&[9.0, 5.0]), "too few");
    }
}
