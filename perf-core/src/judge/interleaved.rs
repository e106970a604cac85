//! Whether head is slower than base, measured side by side in blocks of alternating rounds.
//!
//! Per metric, the blocks' ln(head/base) are held against zero by the exact signed-rank test, at each planned look with
//! its own share of the level, divided by all tests and metrics of the command (Bonferroni). The size of the change is the
//! Hodges–Lehmann estimate with its exact 95 % interval. `regressed` takes both: a p up to the look's level, and an
//! estimate beyond the tolerance. The control asks the same of base's even rounds against its odd ones, where nothing
//! can be found; when it finds something, nothing is said of head.

use super::block::{Block, Reading};
use super::compare::Change;
use super::derivation::BlockDerivation;
use super::detectable;
use super::doubt::{Doubt, Remedy};
use super::looks::{Look, Looked, Looks};
use super::signed_rank::{self, PairMeans, SignedRank};
use crate::analyze::stats::median;
use crate::metric::{Direction, Metric};
use crate::plan::gate::Gated;

/// How often an interval may miss the truth.
const MISS: f64 = 0.05;
/// The same, where a metric is called unchanged before the last look, so that several looks don't add up to much.
const EARLY_MISS: f64 = 0.01;

/// What the blocks say so far of one test.
#[derive(Clone, Debug)]
pub struct Interleaved {
    /// By metric, in the order they are gated. Metrics without any value are left out.
    pub metrics: Vec<Paired>,
    /// How many blocks were measured.
    pub blocks: usize,
    /// After how many blocks it is looked at next; `None` when no further block would change a verdict.
    pub next: Option<u32>,
}

/// One metric of head against base.
#[derive(Clone, Debug)]
pub struct Paired {
    /// What is compared.
    pub metric: Metric,
    /// A change up to this much is never a regression.
    pub tolerance: f64,
    /// The median block, in the metric's unit.
    pub base: f64,
    /// The median block, in the metric's unit.
    pub head: f64,
    /// Ratio minus one.
    pub change: f64,
    /// Of the change, 95 %; endless where there are too few blocks.
    pub interval: (f64, f64),
    /// Of a change for the worse, one-sided.
    pub p_value: f64,
    /// What became of it.
    pub verdict: Change,
    /// Why it is unresolved.
    pub doubt: Option<Doubt>,
    /// Each block's ln(head/base) that it was decided by, in order.
    pub values: Vec<f64>,
    /// The looks up to the one that decided it.
    pub looks: Vec<Looked>,
    /// The last one that is planned.
    pub last: Look,
}

impl Interleaved {
    /// The metrics that got worse.
    pub fn regressed(&self) -> impl Iterator<Item = &Paired> {
        self.metrics.iter().filter(|metric| metric.verdict == Change::Regressed)
    }

    /// Whether base differed from itself.
    pub fn is_inconclusive(&self) -> bool {
        self.metrics.iter().any(|metric| matches!(metric.doubt, Some(Doubt::Control { .. })))
    }

    /// The worst verdict of all.
    pub fn verdict(&self) -> Change {
        Change::worst(self.metrics.iter().map(|metric| metric.verdict))
    }
}

impl Paired {
    /// The smallest worsening that the whole budget would find with 95 %, as a positive ratio; `None` where the blocks are
    /// too few to say. Computed anew each time.
    pub fn smallest_detectable_change(&self) -> Option<f64> {
        let sign = if self.metric.direction() == Direction::LowerIsBetter { 1.0 } else { -1.0 };
        let tolerance = (sign * (sign * self.tolerance).max(-0.99).ln_1p()).abs();
        let smallest =
            detectable::smallest(&self.values, self.last.blocks as usize, self.last.level, tolerance)?;
        Some((sign * smallest).exp_m1().abs())
    }

    /// How it was decided.
    pub fn derivation(&self) -> BlockDerivation {
        BlockDerivation {
            metric: self.metric.clone(),
            values: self.values.clone(),
            looks: self.looks.clone(),
            change: self.change,
            interval: self.interval,
            smallest_detectable_change: self.smallest_detectable_change(),
            tolerance: self.tolerance,
        }
    }
}

/// What blocks say of each metric, in order.
pub fn read(gates: &[Gated], blocks: &[Block]) -> Vec<Vec<Reading>> {
    let of = |gate: &Gated| {
        let numbered = blocks.iter().enumerate();
        numbered.map(|(number, block)| block.read(&gate.metric, number)).collect()
    };
    gates.iter().map(of).collect()
}

/// Decides from all blocks so far. Between two looks it is what the last look said.
pub fn decide(gates: &[Gated], blocks: &[Block], looks: &Looks) -> Interleaved {
    decide_read(gates, &read(gates, blocks), looks)
}

/// The same from what the blocks say of each metric, for whoever reads them once and decides many times.
pub fn decide_read(gates: &[Gated], readings: &[Vec<Reading>], looks: &Looks) -> Interleaved {
    let blocks = readings.iter().map(Vec::len).max().unwrap_or(0);
    let reached = looks.reached(blocks);
    let metrics = || gates.iter().zip(readings);
    let mut decided: Vec<(Paired, bool)> =
        metrics().filter_map(|(gate, readings)| decide_metric(gate, readings, looks)).collect();
    let control = |look: &Look| metrics().find_map(|(gate, readings)| control(gate, readings, *look));
    let alarm = reached.iter().find_map(control);
    let next = looks.next(blocks).map(|look| look.blocks);
    for (metric, is_settled) in &mut decided {
        if let Some(alarm) = &alarm {
            (metric.verdict, metric.doubt, *is_settled) = (Change::Unresolved, Some(alarm.clone()), true);
        } else if let (false, Some(next)) = (*is_settled, next) {
            metric.doubt = Some(Doubt::EndedEarly { blocks, next });
        }
    }
    let is_over = !reached.is_empty() && decided.iter().all(|(_, is_settled)| *is_settled);
    let metrics = decided.into_iter().map(|(metric, _)| metric).collect();
    Interleaved { metrics, blocks, next: next.filter(|_| !is_over) }
}

/// The estimate of a change and its 95 % interval so far, for people who watch. Decides nothing.
pub fn running(metric: &Metric, blocks: &[Block]) -> Option<(f64, (f64, f64))> {
    // The control, which a block's number is for, is no part of it.
    let values: Vec<f64> = blocks.iter().filter_map(|block| block.read(metric, 0).value()).collect();
    let means = PairMeans::of(&values)?;
    let interval = means.interval(MISS);
    Some((means.estimate().exp_m1(), (interval.0.exp_m1(), interval.1.exp_m1())))
}

fn values(readings: &[Reading]) -> Vec<f64> {
    readings.iter().filter_map(Reading::value).collect()
}

/// Whether base differs from itself at a look.
fn control(gate: &Gated, readings: &[Reading], look: Look) -> Option<Doubt> {
    let seen = readings.iter().take(look.blocks as usize);
    let values: Vec<f64> = seen.filter_map(|reading| reading.control).collect();
    let p_value = SignedRank::of(&values).p_either();
    let means = (p_value <= look.level).then(|| PairMeans::of(&values)).flatten()?;
    let change = means.estimate().exp_m1();
    Some(Doubt::Control { metric: gate.metric.clone(), change, p_value })
}

/// The metric as the first look that settles it saw it, else as the last one did; and whether it is settled.
fn decide_metric(gate: &Gated, readings: &[Reading], looks: &Looks) -> Option<(Paired, bool)> {
    let reached = looks.reached(readings.len());
    let mut looked = Vec::new();
    for look in reached {
        let Some(seen) = Seen::of(gate, &readings[..look.blocks as usize], looks) else {
            // No block of it had a value yet; a later one may.
            continue;
        };
        looked.push(Looked { look: *look, p_worse: seen.p_worse(), p_better: seen.p_better() });
        let (verdict, is_settled) = seen.judge(*look, looks);
        if is_settled || look == &reached[reached.len() - 1] {
            return Some((seen.paired(verdict, looked), is_settled));
        }
    }
    let seen = Seen::of(gate, readings, looks)?;
    Some((seen.paired(Change::Unresolved, looked), false))
}

/// One metric at one look.
struct Seen<'a> {
    gate: &'a Gated,
    readings: &'a [Reading],
    values: Vec<f64>,
    test: SignedRank,
    means: PairMeans,
    interval: (f64, f64),
    /// One where more is worse, else minus one.
    sign: f64,
    planned: Look,
}

impl<'a> Seen<'a> {
    fn of(gate: &'a Gated, readings: &'a [Reading], looks: &Looks) -> Option<Self> {
        let values = values(readings);
        let sign = match gate.metric.direction() {
            Direction::LowerIsBetter => 1.0,
            Direction::HigherIsBetter => -1.0,
        };
        let (test, means) = (SignedRank::of(&values), PairMeans::of(&values)?);
        let interval = means.interval(MISS);
        Some(Seen { gate, readings, values, test, means, interval, sign, planned: looks.last() })
    }

    fn p_worse(&self) -> f64 {
        if self.sign > 0.0 { self.test.p_above() } else { self.test.p_below() }
    }

    fn p_better(&self) -> f64 {
        if self.sign > 0.0 { self.test.p_below() } else { self.test.p_above() }
    }

    fn judge(&self, look: Look, looks: &Looks) -> (Change, bool) {
        let (change, tolerance) = (self.means.estimate().exp_m1(), self.gate.tolerance.get());
        let is_last = look.blocks == self.planned.blocks;
        match () {
            () if self.p_worse() <= look.level && self.sign * change > tolerance => (Change::Regressed, true),
            () if self.p_better() <= look.level && -self.sign * change > tolerance => {
                (Change::Improved, true)
            }
            () if is_last && self.is_tolerated(self.interval) => (Change::Unchanged, true),
            () if !is_last && self.is_surely_tolerated() => (Change::Unchanged, true),
            () => (Change::Unresolved, is_last || self.is_futile(looks)),
        }
    }

    fn is_tolerated(&self, interval: (f64, f64)) -> bool {
        let tolerance = self.gate.tolerance.get();
        interval.0.exp_m1() >= -tolerance && interval.1.exp_m1() <= tolerance
    }

    fn is_surely_tolerated(&self) -> bool {
        self.is_tolerated(self.interval) && self.is_tolerated(self.means.interval(EARLY_MISS))
    }

    /// Whether nothing that may still come can be significant, and the interval, if it narrows as intervals do, will not
    /// fit into the tolerance either. Giving up early never adds a false alarm.
    fn is_futile(&self, looks: &Looks) -> bool {
        let here = self.readings.len();
        let narrowed = (here as f64 / f64::from(self.planned.blocks)).sqrt();
        let half = 0.5 * (self.interval.1 - self.interval.0) * narrowed;
        let estimate = self.means.estimate();
        if self.is_tolerated((estimate - half, estimate + half)) {
            return false;
        }
        let mut further = looks.all().iter().filter(|look| look.blocks as usize > here);
        !further.any(|look| self.test.best_p(look.blocks as usize - here) <= look.level)
    }

    fn doubt(&self) -> Doubt {
        let usable = self.test.count();
        match signed_rank::floor(u32::try_from(usable).unwrap_or(u32::MAX)) <= self.planned.level {
            true => Doubt::TooNoisy(Remedy::Budget),
            false => Doubt::TooFewBlocks { usable, measured: self.readings.len() },
        }
    }

    fn paired(self, verdict: Change, looks: Vec<Looked>) -> Paired {
        let typical = |side: fn(&Reading) -> Option<f64>| {
            median(self.readings.iter().filter_map(side)).map_or(f64::NAN, f64::exp)
        };
        let doubt = (verdict == Change::Unresolved).then(|| self.doubt());
        Paired {
            metric: self.gate.metric.clone(),
            tolerance: self.gate.tolerance.get(),
            base: typical(|reading| reading.base),
            head: typical(|reading| reading.head),
            change: self.means.estimate().exp_m1(),
            interval: (self.interval.0.exp_m1(), self.interval.1.exp_m1()),
            p_value: self.p_worse(),
            verdict,
            doubt,
            values: self.values,
            looks,
            last: self.planned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::Side;
    use super::super::level::Rounds;
    use super::*;
    use crate::plan::gate::gated;

    /// Three rounds around a level, in milliseconds; which one is the slowest changes from block to block.
    fn side(number: usize, ms: f64) -> Side {
        let wobble = |round: usize| ms * 1e6 * (1.0 + 0.001 * ((number * 5 + round * 7) % 11) as f64);
        let p50s: Vec<f64> = (0..3).map(wobble).collect();
        let rounds = Rounds {
            n: vec![100; 3],
            throughput_per_s: p50s.iter().map(|ns| Some(1e9 / ns)).collect(),
            service_p50_ns: p50s.into_iter().map(Some).collect(),
            ..Rounds::default()
        };
        Side { rounds, service: Vec::new() }
    }

    /// Blocks in which head takes so many times as long.
    fn blocks(ratios: &[f64]) -> Vec<Block> {
        let block = |(number, ratio): (usize, &f64)| Block {
            base: side(number, 10.0),
            head: side(number, 10.0 * ratio),
        };
        ratios.iter().enumerate().map(block).collect()
    }

    fn gate(metric: &str) -> Gated {
        gated(metric, "5%").unwrap()
    }

    fn looks() -> Looks {
        Looks::of(20, 30).unwrap()
    }

    fn of(metric: &str, ratios: &[f64]) -> Interleaved {
        decided(&[metric], &blocks(ratios))
    }

    fn decided(metrics: &[&str], blocks: &[Block]) -> Interleaved {
        let gates: Vec<Gated> = metrics.iter().copied().map(gate).collect();
        decide(&gates, blocks, &looks())
    }

    fn verdict(metric: &str, ratios: &[f64]) -> Change {
        of(metric, ratios).metrics[0].verdict
    }

    /// Around a centre, by so much, up and down in turn and each a bit different.
    fn noisy(centre: f64, by: f64, count: usize) -> Vec<f64> {
        let sign = |n: usize| if n.is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..count).map(|n| centre * (1.0 + sign(n) * by * (1.0 + 0.01 * n as f64))).collect()
    }

    #[test]
    fn a_clear_change_is_found_at_the_first_look() {
        let found = of("p50", &[1.2; 14]);
        let metric = &found.metrics[0];
        assert_eq!((metric.verdict, found.next), (Change::Regressed, None));
        assert!((metric.change - 0.2).abs() < 1e-9 && (metric.p_value - 0.5_f64.powi(14)).abs() < 1e-12);
        assert!((metric.head / metric.base - 1.2).abs() < 1e-9, "{metric:?}");
        assert_eq!((metric.values.len(), metric.looks.len()), (14, 1));
        assert_eq!(verdict("p50", &[0.8; 14]), Change::Improved);
        assert_eq!(verdict("throughput", &[1.2; 14]), Change::Regressed);
        assert_eq!(verdict("throughput", &[0.8; 14]), Change::Improved);
    }

    #[test]
    fn nothing_is_decided_between_looks() {
        let found = of("p50", &[1.2; 13]);
        assert_eq!((found.metrics[0].verdict, found.next), (Change::Unresolved, Some(14)));
        assert_eq!(found.metrics[0].doubt, Some(Doubt::EndedEarly { blocks: 13, next: 14 }));
        let mut late = blocks(&[1.3; 20]);
        late[..14].iter_mut().for_each(|block| block.head = Side::default());
        let found = decided(&["p50"], &late);
        assert!(
            matches!(found.metrics[0].doubt, Some(Doubt::TooFewBlocks { usable: 3, .. })),
            "at 17 it is futile: {found:?}"
        );
        // Not significant at 14, as far as one may look at 16.
        let mut ratios = noisy(1.0, 0.1, 14);
        ratios.extend([1.5; 2]);
        assert_eq!(of("p50", &ratios).metrics[0].looks.len(), 1);
        let shown = running(&gate("p50").metric, &blocks(&[1.2; 13])).unwrap();
        assert!((shown.0 - 0.2).abs() < 1e-9 && shown.1.0 <= shown.0);
        assert_eq!(of("p50", &[]).next, Some(14));
    }

    #[test]
    fn a_sure_change_within_the_tolerance_is_no_regression() {
        let found = of("p50", &noisy(1.03, 0.001, 14));
        assert!(found.metrics[0].p_value < 1e-4);
        assert_eq!((found.metrics[0].verdict, found.next), (Change::Unchanged, None));
    }

    #[test]
    fn what_was_found_once_stays_found() {
        let mut ratios = vec![1.1; 14];
        ratios.extend([0.7; 6]);
        let metric = &of("p50", &ratios).metrics[0];
        assert_eq!((metric.verdict, metric.values.len()), (Change::Regressed, 14));
    }

    #[test]
    fn what_can_no_longer_be_found_is_given_up_early() {
        let hopeless = of("p50", &noisy(1.0, 0.3, 14));
        assert_eq!((hopeless.metrics[0].verdict, hopeless.next), (Change::Unresolved, None));
        assert!(matches!(hopeless.metrics[0].doubt, Some(Doubt::TooNoisy(_))), "{hopeless:?}");
        // One block of 14 against it is too many for the first look, and few enough for the last one.
        let mut ratios = noisy(1.15, 0.01, 14);
        (ratios[0], ratios[1]) = (0.99, 0.98);
        assert_eq!(of("p50", &ratios).next, Some(17));
        ratios.extend([1.2; 3]);
        assert_eq!(verdict("p50", &ratios), Change::Regressed);
    }

    #[test]
    fn the_control_takes_everything_back() {
        let mut blocks = blocks(&[1.2; 14]);
        for (number, block) in blocks.iter_mut().enumerate() {
            for (round, p50) in block.base.rounds.service_p50_ns.iter_mut().enumerate() {
                let is_odd = (round + number) % 2 == 1;
                *p50 = p50.map(|p50| if is_odd { p50 * 1.3 } else { p50 });
            }
        }
        let found = decided(&["throughput", "p50"], &blocks);
        assert!(found.is_inconclusive() && found.regressed().count() == 0 && found.next.is_none());
        assert!(found.metrics.iter().all(|metric| metric.verdict == Change::Unresolved));
        let doubt = found.metrics[0].doubt.as_ref().unwrap().to_string();
        assert!(doubt.contains("base differs from itself: service.p50"), "{doubt}");
    }

    #[test]
    fn blocks_that_failed_say_nothing() {
        let mut blocks = blocks(&[1.2; 20]);
        blocks[..13].iter_mut().for_each(|block| block.head = Side::default());
        let metric = decided(&["p50"], &blocks).metrics.remove(0);
        assert_eq!(metric.verdict, Change::Unresolved);
        // One of fourteen at the first look, and six more would not do.
        assert_eq!(metric.doubt, Some(Doubt::TooFewBlocks { usable: 1, measured: 14 }));
        blocks.iter_mut().for_each(|block| block.head = Side::default());
        assert!(decided(&["p50"], &blocks).metrics.is_empty());
    }

    #[test]
    fn tied_blocks_are_unchanged() {
        let found = of("p50", &[1.0; 14]);
        let metric = &found.metrics[0];
        assert_eq!((metric.verdict, metric.change, metric.p_value), (Change::Unchanged, 0.0, 1.0));
        assert_eq!(metric.smallest_detectable_change(), Some(0.05_f64.ln_1p().exp_m1()));
    }

    #[test]
    fn a_derivation_shows_blocks_looks_and_thresholds() {
        let shown = of("p50", &[1.2; 14]).metrics[0].derivation().to_string();
        for part in [
            "head/base of each block: +20.00 %, +20.00 %",
            "after 14 blocks: p = 6.10e-5 of worse, 1.00e0 of better",
            "threshold 1.63e-4, and a change beyond 5.00 %",
            "change +20.00 % (Hodges–Lehmann), 95 % interval +20.00 % to +20.00 %",
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
    }

    #[test]
    fn the_smallest_detectable_change_is_in_the_metrics_direction() {
        let smallest = |metric: &str| {
            let found = of(metric, &noisy(1.0, 0.2, 20));
            found.metrics[0].smallest_detectable_change().unwrap()
        };
        let (slower, fewer) = (smallest("p50"), smallest("throughput"));
        assert!(slower > 0.05 && (fewer - (1.0 - 1.0 / (1.0 + slower))).abs() < 0.02, "{slower} {fewer}");
    }
}
