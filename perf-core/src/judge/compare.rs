//! Whether a test got slower than its baseline.
//!
//! Per metric, on the log scale: a session's centre is the median of its rounds. With B the mean of the baseline's centres
//! and Y that of the k current ones, T = (Y − B)/SE is held against Student's t; `yardstick` says what SE and its degrees of
//! freedom are. The first session may raise a suspicion at 5 %; only two further sessions can confirm it, at 1 % divided by
//! the size of the family (Bonferroni), and only beyond the tolerance and beyond what `allowance` allows for. Those two are
//! judged alone, so false alarms don't depend on how generous the first stage is.

use super::allowance::Allowance;
use super::derivation::{Derivation, Measured};
use super::doubt::{Doubt, Remedy};
use super::level::{Level, SessionRecord};
use super::looks::ALARM;
use super::machines::Footing;
use super::spread::Spreads;
use super::yardstick::{self, Yardstick};
use crate::analyze::stats::StudentT;
use crate::metric::{Direction, Metric};
use crate::plan::gate::Gated;
use crate::plan::threshold::show_value;
use std::fmt;

/// How often unchanged code may raise a suspicion, per hypothesis.
const SUSPICION: f64 = 0.05;
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
    /// Why it is unresolved.
    pub doubts: Vec<Doubt>,
    /// How it was decided.
    pub derivation: Derivation,
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
        )?;
        self.doubts.iter().try_for_each(|doubt| write!(f, "; {doubt}"))
    }
}

/// What sessions are held against.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// The sessions of the baseline.
    pub level: &'a Level,
    /// How much metrics vary in this environment.
    pub spreads: &'a Spreads,
    /// How many hypotheses share the target's 1 %.
    pub family: u32,
}

/// Compares sessions of one machine with a level; metrics that either side has too little data for are left out.
pub fn compare(gates: &[Gated], sessions: &[SessionRecord], basis: &Basis<'_>) -> Vec<MetricComparison> {
    gates.iter().filter_map(|gate| Contrast::of(gate, sessions, basis)?.decide(sessions, basis)).collect()
}

/// One metric of some sessions beside those of a level, on the log scale. "Worse" is above zero, whichever way the
/// metric points.
struct Contrast<'a> {
    gate: &'a Gated,
    yardstick: Yardstick,
    t: StudentT,
    centre: f64,
    worsening: f64,
    /// Of the worsening.
    error: f64,
    /// The worsening in standard errors that is significant.
    threshold: f64,
    level: f64,
    allowance: Allowance,
}

impl<'a> Contrast<'a> {
    fn of(gate: &'a Gated, sessions: &[SessionRecord], basis: &Basis<'_>) -> Option<Self> {
        let metric = &gate.metric;
        let machine = sessions.first()?.machine.as_deref();
        let yardstick = Yardstick::of(metric, basis.level, machine, basis.spreads)?;
        let (centre, count) = yardstick::mean_centre(metric, sessions)?;
        let sign = match metric.direction() {
            Direction::LowerIsBetter => 1.0,
            Direction::HigherIsBetter => -1.0,
        };
        let t = StudentT::with_freedom(yardstick.freedom())?;
        let level = ALARM / f64::from(basis.family.max(1));
        let mut contrast = Contrast {
            t,
            worsening: sign * (centre - yardstick.centre()),
            error: yardstick.error(count),
            threshold: t.quantile(1.0 - level),
            level,
            allowance: Allowance::default(),
            gate,
            yardstick,
            centre,
        };
        // Only a worsening has to be explained.
        if contrast.is_worse(contrast.worsening) {
            let before = Footing::of(basis.level, machine).sessions();
            contrast.allowance = Allowance::of(metric, sessions, &before);
        }
        Some(contrast)
    }

    /// Whether something that got worse by so much is a change: significant, and beyond the tolerance.
    fn is_worse(&self, worsening: f64) -> bool {
        worsening / self.error > self.threshold && self.is_beyond_tolerance(worsening)
    }

    fn is_better(&self, worsening: f64) -> bool {
        -worsening / self.error > self.threshold && self.is_beyond_tolerance(worsening)
    }

    fn is_beyond_tolerance(&self, worsening: f64) -> bool {
        self.change_of(worsening).abs() > self.gate.tolerance.get()
    }

    /// As a ratio minus one of the metric itself.
    fn change_of(&self, worsening: f64) -> f64 {
        match self.gate.metric.direction() {
            Direction::LowerIsBetter => worsening.exp_m1(),
            Direction::HigherIsBetter => (-worsening).exp_m1(),
        }
    }

    fn interval(&self) -> (f64, f64) {
        let reach = self.t.quantile(0.975) * self.error;
        let bounds = [self.change_of(self.worsening - reach), self.change_of(self.worsening + reach)];
        (bounds[0].min(bounds[1]), bounds[0].max(bounds[1]))
    }

    fn verdict(&self, interval: (f64, f64)) -> Change {
        let tolerance = self.gate.tolerance.get();
        match () {
            () if self.is_worse(self.worsening - self.allowance.total) => Change::Regressed,
            // What else may explain it keeps it from being confirmed, and from being nothing as well.
            () if self.is_worse(self.worsening) => Change::Unresolved,
            () if self.is_better(self.worsening) => Change::Improved,
            () if interval.0 >= -tolerance && interval.1 <= tolerance => Change::Unchanged,
            () => Change::Unresolved,
        }
    }

    /// What two further sessions find with 95 %: significant with that probability, and beyond the tolerance.
    fn smallest_detectable_change(&self) -> f64 {
        let error = self.yardstick.error(2.0);
        let significant = (self.threshold + POWER_Z) * error;
        let tolerated = self.change_to_tolerate() + POWER_Z * error;
        self.change_of(significant.max(tolerated)).abs()
    }

    /// On the log scale, in the direction of a worsening.
    fn change_to_tolerate(&self) -> f64 {
        match self.gate.metric.direction() {
            Direction::LowerIsBetter => self.gate.tolerance.get().ln_1p(),
            Direction::HigherIsBetter => -(-self.gate.tolerance.get().min(0.99)).ln_1p(),
        }
    }

    fn doubts(&self, verdict: Change) -> Vec<Doubt> {
        match verdict {
            Change::Unresolved if self.is_worse(self.worsening) => self.allowance.doubts.clone(),
            Change::Unresolved => vec![Doubt::TooNoisy(Remedy::Sessions)],
            _ => Vec::new(),
        }
    }

    fn decide(self, sessions: &[SessionRecord], basis: &Basis<'_>) -> Option<MetricComparison> {
        let derivation = self.derivation(sessions, basis);
        let Derivation { interval, smallest_detectable_change, statistic, p_value, .. } = derivation;
        let verdict = self.verdict(interval);
        p_value.is_finite().then(|| MetricComparison {
            metric: self.gate.metric.clone(),
            tolerance: self.gate.tolerance.get(),
            baseline: self.yardstick.centre().exp(),
            current: self.centre.exp(),
            change: self.change_of(self.worsening),
            interval,
            smallest_detectable_change,
            p_value,
            verdict,
            is_suspicious: statistic > self.t.quantile(1.0 - SUSPICION),
            doubts: self.doubts(verdict),
            derivation,
        })
    }

    fn derivation(&self, sessions: &[SessionRecord], basis: &Basis<'_>) -> Derivation {
        let metric = &self.gate.metric;
        let measured = |session: &SessionRecord| Measured::of(metric, session);
        let statistic = self.worsening / self.error;
        Derivation {
            metric: metric.clone(),
            baseline: basis.level.sessions.iter().map(measured).collect(),
            sessions: sessions.iter().map(measured).collect(),
            centre: self.centre,
            standard_error: self.error,
            statistic,
            p_value: self.t.survival(statistic),
            threshold: self.threshold,
            level: self.level,
            family: basis.family.max(1),
            interval: self.interval(),
            smallest_detectable_change: self.smallest_detectable_change(),
            tolerance: self.gate.tolerance.get(),
            yardstick: self.yardstick.clone(),
            allowance: self.allowance.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::{Covariates, Rounds};
    use super::*;
    use crate::plan::gate::gated;

    /// A session whose rounds all have this p50, in milliseconds.
    fn session(p50_ms: f64) -> SessionRecord {
        let rounds = Rounds {
            n: vec![100; 10],
            service_p50_ns: vec![Some(p50_ms * 1e6); 10],
            throughput_per_s: vec![Some(1000.0 / p50_ms); 10],
            ..Rounds::default()
        };
        SessionRecord { rounds, ..SessionRecord::default() }
    }

    fn sessions(p50s: &[f64]) -> Vec<SessionRecord> {
        p50s.iter().copied().map(session).collect()
    }

    fn level(p50s: &[f64]) -> Level {
        Level { sessions: sessions(p50s), ..Level::default() }
    }

    fn compared(gate: Gated, now: &[SessionRecord], level: &Level, family: u32) -> Vec<MetricComparison> {
        compare(&[gate], now, &Basis { level, spreads: &Spreads::default(), family })
    }

    fn gate(metric: &str) -> Gated {
        gated(metric, "5%").unwrap()
    }

    fn one(metric: &str, now: &[f64], before: &[f64], family: u32) -> MetricComparison {
        compared(gate(metric), &sessions(now), &level(before), family).remove(0)
    }

    #[test]
    fn what_may_explain_a_worsening_is_what_was_otherwise_on_this_machine() {
        let on = |machine: &str, p50_ms: f64, others_cpu: f64| SessionRecord {
            machine: Some(machine.to_owned()),
            covariates: Covariates { others_cpu: Some(others_cpu), ..Covariates::default() },
            ..session(p50_ms)
        };
        // The other machine is always quiet, and this one never.
        let recorded = [on("a", 10.0, 0.0), on("a", 10.0, 0.0), on("b", 10.0, 0.3), on("b", 10.0, 0.3)];
        let level = Level { sessions: recorded.to_vec(), ..Level::default() };
        let now = [on("b", 13.0, 0.3), on("b", 13.0, 0.3)];
        assert_eq!(compared(gate("p50"), &now, &level, 1)[0].verdict, Change::Regressed);
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
        assert_eq!(
            one("p50", &[9.52, 9.52], &[10.0; 20], 1).verdict,
            Change::Unresolved,
            "4.8 % are tolerated"
        );
        assert_eq!(one("p50", &[9.48, 9.48], &[10.0; 20], 1).verdict, Change::Improved);
        assert_eq!(one("p50", &[10.0, 10.0], &[10.0; 20], 1).verdict, Change::Unchanged);
        assert_eq!(one("p50", &[10.3], &[10.0], 1).verdict, Change::Unresolved);
    }

    #[test]
    fn a_change_within_the_tolerance_never_fails_however_sure_it_is() {
        let gate = gated("p50", "50%").unwrap();
        let found = compared(gate, &sessions(&[14.0, 14.0]), &level(&[10.0; 20]), 1).remove(0);
        assert!(found.p_value < 1e-6);
        assert_eq!(found.verdict, Change::Unchanged);
    }

    #[test]
    fn a_larger_family_asks_for_more() {
        let p50s = (&[11.2, 11.2][..], &[10.0][..]);
        assert_eq!(one("p50", p50s.0, p50s.1, 1).verdict, Change::Regressed);
        assert_eq!(one("p50", p50s.0, p50s.1, 50).verdict, Change::Unresolved);
    }

    #[test]
    fn a_session_with_too_little_data_is_not_compared() {
        let found =
            |few: &SessionRecord| compared(gate("p50"), std::slice::from_ref(few), &level(&[10.0]), 1).len();
        let mut few = session(20.0);
        assert_eq!(found(&few), 1);
        few.rounds.n = vec![1; 10];
        assert_eq!(found(&few), 0, "ten iterations");
        few.rounds.n = vec![100; 10];
        few.rounds.service_p50_ns = vec![None, Some(0.0), Some(f64::NAN)];
        assert_eq!(found(&few), 0, "no value that has a logarithm");
        assert_eq!(found(&SessionRecord::default()), 0, "no rounds");
        few.rounds = Rounds { n: vec![0; 10], errors: vec![100; 10], ..Rounds::default() };
        assert_eq!(found(&few), 0, "all iterations failed");
        assert!(compared(gate("p50"), &[], &level(&[10.0]), 1).is_empty(), "no session");
        assert!(compared(gate("p50"), &sessions(&[10.0]), &Level::default(), 1).is_empty(), "no baseline");
        assert!(compared(gate("p50"), &sessions(&[10.0]), &level(&[10.0]), 0)[0].p_value.is_finite());
    }

    #[test]
    fn what_others_took_keeps_a_suspicion_from_being_confirmed() {
        let covariates = Covariates { steal: Some(0.2), ..Covariates::default() };
        let noisy = |p50| SessionRecord { covariates, ..session(p50) };
        let found = |now: [SessionRecord; 2]| compared(gate("p50"), &now, &level(&[10.0; 5]), 1).remove(0);
        assert_eq!(found([session(12.5), session(12.5)]).verdict, Change::Regressed);
        let doubted = found([noisy(12.5), noisy(12.5)]);
        assert_eq!(doubted.verdict, Change::Unresolved);
        assert!(doubted.is_suspicious, "it is none the less suspicious");
        assert!(doubted.to_string().contains("the hypervisor took 20.0 % more"), "{doubted}");
        assert_eq!(
            found([noisy(18.0), noisy(18.0)]).verdict,
            Change::Regressed,
            "far more than that explains"
        );
        assert_eq!(
            found([noisy(8.0), noisy(8.0)]).verdict,
            Change::Improved,
            "an improvement needs no excuse"
        );
        let undecided = found([noisy(10.4), noisy(10.4)]);
        assert_eq!(undecided.verdict, Change::Unresolved);
        assert!(matches!(undecided.doubts[..], [Doubt::TooNoisy(Remedy::Sessions)]));
    }

    #[test]
    fn the_smallest_detectable_change_is_beyond_the_tolerance_too() {
        let gate = gated("p50", "50%").unwrap();
        let found = compared(gate, &sessions(&[10.0]), &level(&[10.0; 5]), 1).remove(0);
        let error = found.derivation.yardstick.error(2.0);
        assert!((found.smallest_detectable_change - (1.5_f64.ln() + 1.645 * error).exp_m1()).abs() < 1e-12);
        let slower = one("throughput", &[10.0], &[10.0; 5], 1).smallest_detectable_change;
        assert!(slower > 0.05 && slower < one("p50", &[10.0], &[10.0; 5], 1).smallest_detectable_change);
    }

    #[test]
    fn an_interval_is_in_order_for_metrics_that_should_be_high() {
        let found = one("throughput", &[11.0, 11.0], &[10.0, 10.0], 1);
        assert!(found.interval.0 < found.change && found.change < found.interval.1, "{found}");
        assert!((found.change - (10.0 / 11.0 - 1.0)).abs() < 1e-9);
    }

    #[test]
    fn a_derivation_shows_every_step() {
        let shown = one("p50", &[11.0, 11.0], &[10.0, 10.0, 10.0], 4).derivation.to_string();
        for part in [
            "10.0 ms, the median of 10 ms, 10 ms",
            "centres: B = 10.0 ms, Y = 11.0 ms, ln(Y/B) = +0.0953, a change of +10.00 %",
            "s = 2.74 % = √((10·s₀² + 2·s₁²)/12), prior s₀ = 3.00 % (the design's figure), own s₁ = 0.00 %",
            "standard error 0.0250; the worsening is T = 3.81 of it, p = 1.24e-3 (one-sided, Student's t with 12 degrees",
            "threshold: p ≤ 2.50e-3 (1 % for 4 hypotheses), which is T > 3.43; and a change beyond 5.00 %",
            "95 % interval of the change: +4.17 % to +16.16 %",
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        let alone = one("p50", &[11.0, 11.0], &[10.0], 1).derivation.to_string();
        assert!(alone.contains("(1 % for 1 hypothesis)"), "{alone}");
    }
}
