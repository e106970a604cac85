//! Whether a test got slower than its baseline.
//!
//! Per metric, on the log scale: a session's centre is the median of its rounds. With J baseline sessions of mean B, k
//! current ones of mean Y, and the moderated between-session variance s² = (ν₀·s₀² + Σd²)/(ν₀ + d) (Smyth 2004,
//! doi:10.2202/1544-6115.1027), the statistic T = (Y − B)/(s·√(1/k + 1/J)) is held against Student's t with ν₀ + d
//! degrees of freedom. The first session may raise a suspicion at 5 %; only two further sessions can confirm it, at 1 %
//! divided by the size of the family (Bonferroni). So false alarms don't depend on how generous the first stage is.

use super::centre;
use super::level::{Level, Rounds};
use crate::analyze::stats::{StudentT, mean, squared_deviations};
use crate::metric::{Direction, Metric, Statistic, Timed};
use crate::plan::gate::Gated;
use crate::plan::threshold::show_value;
use std::fmt;

/// Degrees of freedom that the prior spread counts for.
const PRIOR_FREEDOM: f64 = 10.0;
/// How often unchanged code may raise a suspicion, per hypothesis.
const SUSPICION: f64 = 0.05;
/// How often unchanged code may fail, per family.
const ALARM: f64 = 0.01;
/// A change of the smallest detectable size is found with 95 %.
const POWER_Z: f64 = 1.645;

/// What became of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Worse, beyond tolerance and noise.
    Regressed,
    /// Better, beyond tolerance and noise.
    Improved,
    /// The interval of the change lies within the tolerance.
    Unchanged,
    /// The data cannot tell.
    Unresolved,
}

impl Change {
    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Change::Regressed => "regressed",
            Change::Improved => "improved",
            Change::Unchanged => "unchanged",
            Change::Unresolved => "unresolved",
        }
    }

    /// The gravest; unresolved when there is none.
    pub fn worst(changes: impl Iterator<Item = Change>) -> Change {
        let order = [Change::Unchanged, Change::Improved, Change::Unresolved, Change::Regressed];
        let rank = |change: &Change| order.iter().position(|known| known == change);
        changes.max_by_key(rank).unwrap_or(Change::Unresolved)
    }
}

/// One metric of a test against its baseline.
#[derive(Clone, Debug)]
pub struct MetricComparison {
    /// What is compared.
    pub metric: Metric,
    /// A change up to this much is never a regression.
    pub tolerance: f64,
    /// In the metric's unit.
    pub baseline: f64,
    /// In the metric's unit.
    pub current: f64,
    /// Ratio minus one.
    pub change: f64,
    /// Of the change, 95 %.
    pub interval: (f64, f64),
    /// The smallest worsening that two further sessions would find with 95 %, as a positive ratio.
    pub smallest_detectable_change: f64,
    /// Of a change for the worse, one-sided.
    pub p_value: f64,
    /// What became of it.
    pub verdict: Change,
    /// Whether it is worse than 19 of 20 sessions of unchanged code.
    pub is_suspicious: bool,
}

impl fmt::Display for MetricComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.metric.unit();
        let percent = |ratio: f64| format!("{:+.1} %", ratio * 100.0);
        write!(
            f,
            "{} {}: {} → {}, {} (95 % interval {} to {}; smallest detectable change {:.1} %, tolerance {} %)",
            self.metric,
            self.verdict.name(),
            show_value(self.baseline, unit),
            show_value(self.current, unit),
            percent(self.change),
            percent(self.interval.0),
            percent(self.interval.1),
            self.smallest_detectable_change * 100.0,
            self.tolerance * 100.0,
        )
    }
}

/// How a metric varies from one session of unchanged code to the next, before anything is known of this test: the
/// standard deviation of its logarithm.
fn prior_spread(metric: &Metric) -> f64 {
    match metric {
        Metric::Time(Timed::Service, Statistic::Percentile(quantile)) if quantile.get() >= 0.99 => 0.30,
        Metric::Time(Timed::Service, Statistic::Percentile(quantile)) if quantile.get() >= 0.95 => 0.06,
        // The search ends within 2 %, and its last looks may disagree.
        Metric::Capacity => 0.05,
        _ => 0.03,
    }
}

fn centres<'a>(metric: &Metric, sessions: impl Iterator<Item = &'a Rounds>) -> Vec<f64> {
    sessions.filter_map(|rounds| centre::of(metric, rounds)).collect()
}

/// Compares sessions with a level; metrics that either side has too little data for are left out.
pub fn compare(gates: &[Gated], sessions: &[Rounds], level: &Level, family: u32) -> Vec<MetricComparison> {
    gates.iter().filter_map(|gate| compare_metric(gate, sessions, level, family)).collect()
}

fn compare_metric(gate: &Gated, sessions: &[Rounds], level: &Level, family: u32) -> Option<MetricComparison> {
    let metric = &gate.metric;
    let before = centres(metric, level.sessions.iter().map(|session| &session.rounds));
    let now = centres(metric, sessions.iter());
    let (b, y) = (mean(&before)?, mean(&now)?);
    let sign = match metric.direction() {
        Direction::LowerIsBetter => 1.0,
        Direction::HigherIsBetter => -1.0,
    };
    let freedom = PRIOR_FREEDOM + before.len() as f64 - 1.0;
    let t = StudentT::with_freedom(freedom)?;
    let variance = (PRIOR_FREEDOM * prior_spread(metric).powi(2) + squared_deviations(&before)) / freedom;
    let error = |k: f64| (variance * (1.0 / k + 1.0 / before.len() as f64)).sqrt();
    let standard_error = error(now.len() as f64);
    let (statistic, alarm) =
        (sign * (y - b) / standard_error, t.quantile(1.0 - ALARM / f64::from(family.max(1))));
    let reach = t.quantile(0.975) * standard_error;
    let interval = ((y - b - reach).exp_m1(), (y - b + reach).exp_m1());
    let (change, tolerance) = ((y - b).exp_m1(), gate.tolerance.get());
    let verdict = match () {
        () if statistic > alarm && sign * change > tolerance => Change::Regressed,
        () if -statistic > alarm && -sign * change > tolerance => Change::Improved,
        () if interval.0 >= -tolerance && interval.1 <= tolerance => Change::Unchanged,
        () => Change::Unresolved,
    };
    let detectable = (sign * (alarm + POWER_Z) * error(2.0)).exp_m1().abs();
    Some(MetricComparison {
        metric: metric.clone(),
        tolerance,
        baseline: b.exp(),
        current: y.exp(),
        change,
        interval,
        smallest_detectable_change: detectable.max(tolerance),
        p_value: t.survival(statistic),
        verdict,
        is_suspicious: statistic > t.quantile(1.0 - SUSPICION),
    })
}

/// A test against its baseline, after one session or after all that it took.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// By metric, in the order they are gated.
    pub metrics: Vec<MetricComparison>,
    /// How many sessions the baseline's level holds.
    pub baseline_sessions: usize,
    /// Which level it is, from 1.
    pub level: usize,
    /// Whether the metrics are of the two sessions that followed a suspicion.
    pub is_confirmed: bool,
}

impl Comparison {
    /// After the first session: whether to measure again. A regression is only ever found by measuring again.
    pub fn is_suspicious(&self) -> bool {
        !self.is_confirmed && self.metrics.iter().any(|metric| metric.is_suspicious)
    }

    /// The metrics that got worse, as confirmed by two further sessions.
    pub fn regressed(&self) -> impl Iterator<Item = &MetricComparison> {
        self.metrics.iter().filter(|metric| self.is_confirmed && metric.verdict == Change::Regressed)
    }

    /// The metrics that two further sessions neither confirmed nor cleared.
    pub fn unsettled(&self) -> impl Iterator<Item = &MetricComparison> {
        let unsettled = |metric: &&MetricComparison| {
            metric.is_suspicious
                && metric.verdict == Change::Unresolved
                && metric.change.abs() > metric.tolerance
        };
        self.metrics.iter().filter(|_| self.is_confirmed).filter(unsettled)
    }

    /// The worst verdict of all.
    pub fn verdict(&self) -> Change {
        Change::worst(self.metrics.iter().map(|metric| metric.verdict))
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::SessionRecord;
    use super::*;
    use crate::plan::gate::gated;

    /// A session whose rounds all have this p50, in milliseconds.
    fn rounds(p50_ms: f64) -> Rounds {
        Rounds {
            n: vec![100; 10],
            service_p50_ns: vec![Some(p50_ms * 1e6); 10],
            throughput_per_s: vec![Some(1000.0 / p50_ms); 10],
            ..Rounds::default()
        }
    }

    fn level(p50s: &[f64]) -> Level {
        let sessions =
            p50s.iter().map(|p50| SessionRecord { rounds: rounds(*p50), ..SessionRecord::default() });
        Level { sessions: sessions.collect(), ..Level::default() }
    }

    fn gate(metric: &str) -> Gated {
        gated(metric, "5%").unwrap()
    }

    fn one(metric: &str, now: &[f64], before: &[f64], family: u32) -> MetricComparison {
        let now: Vec<Rounds> = now.iter().map(|p50| rounds(*p50)).collect();
        compare(&[gate(metric)], &now, &level(before), family).remove(0)
    }

    #[test]
    fn the_statistic_is_the_formulas() {
        let found = one("p50", &[11.0, 11.0], &[10.0, 10.0, 10.0], 4);
        // s² = 10·0.03²/12, SE = s·√(1/2 + 1/3), T = ln 1.1/SE, t of 12 degrees.
        let se = (10.0 * 0.0009 / 12.0 * (0.5 + 1.0 / 3.0_f64)).sqrt();
        let t = StudentT::with_freedom(12.0).unwrap();
        assert!(
            (found.change - 0.1).abs() < 1e-9
                && (found.p_value - t.survival(1.1_f64.ln() / se)).abs() < 1e-12
        );
        assert!((found.interval.0 - (1.1_f64.ln() - t.quantile(0.975) * se).exp_m1()).abs() < 1e-12);
        let detectable = ((t.quantile(1.0 - 0.01 / 4.0) + 1.645) * se).exp_m1();
        assert!((found.smallest_detectable_change - detectable).abs() < 1e-12);
        assert_eq!(found.verdict, Change::Regressed);
    }

    #[test]
    fn worse_is_worse_in_each_metrics_own_direction() {
        assert_eq!(one("p50", &[13.0, 13.0], &[10.0], 1).verdict, Change::Regressed);
        assert_eq!(one("throughput", &[13.0, 13.0], &[10.0], 1).verdict, Change::Regressed);
        assert_eq!(one("p50", &[7.0, 7.0], &[10.0], 1).verdict, Change::Improved);
        assert_eq!(one("throughput", &[7.0, 7.0], &[10.0], 1).verdict, Change::Improved);
        assert_eq!(one("p50", &[10.0, 10.0], &[10.0; 20], 1).verdict, Change::Unchanged);
        assert_eq!(one("p50", &[10.3], &[10.0], 1).verdict, Change::Unresolved);
    }

    #[test]
    fn a_change_within_the_tolerance_never_fails_however_sure_it_is() {
        let gate = gated("p50", "50%").unwrap();
        let found = compare(&[gate], &[rounds(14.0), rounds(14.0)], &level(&[10.0; 20]), 1).remove(0);
        assert!(found.p_value < 1e-6);
        assert_eq!(found.verdict, Change::Unchanged);
    }

    #[test]
    fn one_session_raises_a_suspicion_and_two_more_decide() {
        let compared = |now: &[f64], is_confirmed| {
            let now: Vec<Rounds> = now.iter().map(|p50| rounds(*p50)).collect();
            let metrics = compare(&[gate("p50")], &now, &level(&[10.0]), 1);
            Comparison { metrics, baseline_sessions: 1, level: 1, is_confirmed }
        };
        let first = compared(&[13.0], false);
        assert!(first.is_suspicious() && first.regressed().count() == 0);
        assert_eq!(compared(&[13.0, 13.0], true).regressed().count(), 1);
        let unsettled = compared(&[10.9, 10.9], true);
        assert_eq!((unsettled.regressed().count(), unsettled.unsettled().count()), (0, 1));
        let cleared = compared(&[10.1, 10.1], true);
        assert_eq!((cleared.regressed().count(), cleared.unsettled().count()), (0, 0));
        assert!(!compared(&[10.1], false).is_suspicious());
    }

    #[test]
    fn a_larger_family_asks_for_more() {
        let p50s = (&[11.2, 11.2][..], &[10.0][..]);
        assert_eq!(one("p50", p50s.0, p50s.1, 1).verdict, Change::Regressed);
        assert_eq!(one("p50", p50s.0, p50s.1, 50).verdict, Change::Unresolved);
    }

    #[test]
    fn a_session_with_too_little_data_is_not_compared() {
        let mut few = rounds(20.0);
        few.n = vec![1; 10];
        assert!(compare(&[gate("p50")], &[few.clone()], &level(&[10.0]), 1).is_empty());
        few.n = vec![100; 10];
        few.service_p50_ns = vec![None, Some(0.0), Some(f64::NAN)];
        assert!(compare(&[gate("p50")], &[few], &level(&[10.0]), 1).is_empty());
    }
}
