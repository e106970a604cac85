//! A block of an interleaved comparison: a few alternating rounds of base and head, each side launched anew.
//!
//! Turns a block into a reading per metric: ln(head/base), and the same of base against itself, for the control.

use super::centre::least_iterations;
use super::level::Rounds;
use crate::analyze::stats::median;
use crate::measure::sparse::SparseHistogram;
use crate::metric::{Metric, Quantile, Statistic, Timed};

/// What one side did in a block.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// In the order they ran.
    pub rounds: Rounds,
    /// The service times of succeeded iterations, round by round. Only a p99 is taken from them.
    pub service: Vec<SparseHistogram>,
}

/// Both sides, under the same noise.
///
/// For each pair of rounds a fair coin decides who goes first. That makes the test exact: had all coins of a block
/// fallen the other way, unchanged code would have given the opposite number, whatever the noise was like.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The revision that is compared with.
    pub base: Side,
    /// The working tree.
    pub head: Side,
}

/// What a block says of one metric, on the log scale; `None` where there is too little of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Where base lies.
    pub base: Option<f64>,
    /// Where head lies.
    pub head: Option<f64>,
    /// Base's even rounds against its odd ones, which run the same code.
    pub control: Option<f64>,
}

impl Reading {
    /// ln(head/base).
    pub fn value(&self) -> Option<f64> {
        Some(self.head? - self.base?)
    }
}

impl Side {
    /// The logarithm of the median of its rounds, of a p99 that of their merged histograms, which are kept of service time
    /// alone ([`is_read`]). `None` where there are too few iterations.
    pub fn centre(&self, metric: &Metric) -> Option<f64> {
        self.centre_of(metric, |_| true)
    }

    fn centre_of(&self, metric: &Metric, belongs: impl Fn(usize) -> bool) -> Option<f64> {
        if let Some(Statistic::Percentile(quantile)) = metric.statistic()
            && quantile.get() >= 0.99
        {
            // A percentile of a round of half a second is a handful of iterations: merged first, never averaged.
            if !is_service(metric) {
                return None;
            }
            let mut merged = SparseHistogram::default();
            let rounds = self.service.iter().enumerate().filter(|(round, _)| belongs(*round));
            rounds.for_each(|(_, round)| merged.merge(round));
            let is_enough = merged.count() >= least_iterations(metric);
            return merged.quantile(quantile).filter(|value| is_enough && *value > 0.0).map(f64::ln);
        }
        let iterations = self.rounds.readings(metric).iter().enumerate().filter(|(round, _)| belongs(*round));
        if iterations.map(|(_, n)| n).sum::<u64>() < least_iterations(metric) {
            return None;
        }
        let rounds = self.rounds.column(metric).iter().enumerate().filter(|(round, _)| belongs(*round));
        median(rounds.filter_map(|(_, value)| *value)).filter(|value| *value > 0.0).map(f64::ln)
    }
}

fn is_service(metric: &Metric) -> bool {
    matches!(metric, Metric::Time(Timed::Service, _))
}

/// Whether blocks can say anything of a metric: of a step, a tag or a trend they keep no histograms, which a p99 takes.
pub fn is_read(metric: &Metric) -> bool {
    let is_far = |quantile: Quantile| quantile.get() >= 0.99;
    is_service(metric)
        || !matches!(metric.statistic(), Some(Statistic::Percentile(quantile)) if is_far(quantile))
}

impl Block {
    /// Of a metric. `number` is the block's own, from 0.
    ///
    /// For the control, what is odd changes from block to block, so that a first round that is always the slowest does not
    /// count for one side alone.
    pub fn read(&self, metric: &Metric, number: usize) -> Reading {
        let hand = |parity: usize| self.base.centre_of(metric, move |round| (round + number) % 2 == parity);
        Reading {
            base: self.base.centre(metric),
            head: self.head.centre(metric),
            control: hand(1).zip(hand(0)).map(|(even, odd)| even - odd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::histogram::Histogram;
    use crate::plan::gate::gated;

    fn side(p50s: &[f64]) -> Side {
        let rounds = Rounds {
            n: vec![100; p50s.len()],
            service_p50_ns: p50s.iter().copied().map(Some).collect(),
            ..Rounds::default()
        };
        Side { rounds, service: Vec::new() }
    }

    fn metric(name: &str) -> Metric {
        gated(name, "5%").unwrap().metric
    }

    fn is(value: Option<f64>, ratio: f64) -> bool {
        value.is_some_and(|value| (value - ratio.ln()).abs() < 1e-12)
    }

    #[test]
    fn a_block_is_the_log_of_a_ratio_of_medians() {
        let block = Block { base: side(&[1.0, 9.0, 2.0]), head: side(&[3.0, 3.0, 50.0]) };
        assert!(is(block.read(&metric("p50"), 0).value(), 3.0 / 2.0));
        assert_eq!(block.read(&metric("throughput"), 0).value(), None, "no round has one");
        let broken = Block { head: Side::default(), ..block };
        assert_eq!(broken.read(&metric("p50"), 0).value(), None, "all iterations failed");
    }

    #[test]
    fn the_control_deals_base_rounds_in_turn() {
        let block = Block { base: side(&[1.0, 4.0, 1.0]), head: side(&[]) };
        assert!(is(block.read(&metric("p50"), 0).control, 4.0));
        assert!(is(block.read(&metric("p50"), 1).control, 0.25));
        assert_eq!(Block { base: side(&[1.0]), ..block }.read(&metric("p50"), 0).control, None);
    }

    #[test]
    fn a_p99_is_of_merged_histograms() {
        let round = |slow: u64| {
            let mut dense = Histogram::default();
            (0..490).for_each(|_| dense.record(1000));
            (0..slow).for_each(|_| dense.record(100_000));
            let mut sparse = SparseHistogram::default();
            sparse.merge_dense(&dense);
            sparse
        };
        let side = |service| Side { rounds: Rounds { n: vec![500; 3], ..Rounds::default() }, service };
        // Two rounds of three have a p99 of 1 µs, but 18 of 1,488 iterations are slow.
        let base = side(vec![round(0), round(0), round(18)]);
        assert!(base.centre(&metric("p99")).is_some_and(|centre| centre > 99_000.0_f64.ln()));
        assert_eq!(side(vec![round(0), round(0)]).centre(&metric("p99")), None, "980 are too few");
        let is_read =
            ["p99", "render.p95", "render.p99", "p99{step=login}"].map(|name| is_read(&metric(name)));
        assert_eq!(is_read, [true, true, false, false]);
    }
}
