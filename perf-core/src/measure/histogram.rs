//! Latencies by value: a dense histogram to record into, a sparse one to keep.
//!
//! Three significant digits from 1 ns to 1 h; longer times count as one hour. The only file that names hdrhistogram.

use crate::metric::{Quantile, Statistic};
use hdrhistogram::Histogram as Hdr;
use serde::{Deserialize, Serialize};

const LOWEST_NS: u64 = 1;
const HIGHEST_NS: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;

/// A quarter of a megabyte that recording never grows.
#[derive(Clone, Debug)]
pub struct Histogram(Hdr<u64>);

impl Default for Histogram {
    fn default() -> Self {
        // The bounds are constants that hdrhistogram accepts; a test makes one.
        Histogram(Hdr::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS).unwrap_or_else(|e| unreachable!("{e}")))
    }
}

impl Histogram {
    /// Counts one time.
    pub fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// Counts the other's times as well.
    pub fn merge(&mut self, other: &Histogram) {
        if !other.is_empty() {
            // Of equal bounds, so nothing can be out of range.
            self.0.add(&other.0).unwrap_or_else(|e| unreachable!("{e}"));
        }
    }

    /// Forgets everything, keeps its memory.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.0.reset();
        }
    }

    /// Of how many times.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In nanoseconds (ns² for the variance); `None` without data.
    ///
    /// The mean and the deviations are of the buckets' middles: at most 0.05 % from the exact ones.
    pub fn statistic(&self, statistic: Statistic) -> Option<f64> {
        let value = match statistic {
            Statistic::Min => self.0.min() as f64,
            Statistic::Mean => self.0.mean(),
            Statistic::Median => self.quantile(Quantile::MEDIAN),
            Statistic::Max => self.0.max() as f64,
            Statistic::Stddev => self.0.stdev(),
            Statistic::Variance => self.0.stdev().powi(2),
            Statistic::Percentile(quantile) => self.quantile(quantile),
        };
        (!self.is_empty()).then_some(value)
    }

    fn quantile(&self, quantile: Quantile) -> f64 {
        self.0.value_at_quantile(quantile.get()) as f64
    }

    /// The values that occurred, each with its count, in order. A value stands for its bucket's upper end.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_since_last_iteration()))
    }
}

/// The buckets that hold something: small, exact to merge, slower to record into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparseHistogram(Vec<(u64, u64)>);

impl SparseHistogram {
    /// Counts the dense one's times as well.
    pub fn merge_dense(&mut self, dense: &Histogram) {
        if !dense.is_empty() {
            self.merge(&SparseHistogram(dense.buckets().collect()));
        }
    }

    /// Counts the other's times as well.
    pub fn merge(&mut self, other: &SparseHistogram) {
        let mut merged = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut left, mut right) = (self.0.iter().copied().peekable(), other.0.iter().copied().peekable());
        while let (Some(a), Some(b)) = (left.peek().copied(), right.peek().copied()) {
            let smaller = if a.0 <= b.0 { left.next() } else { None };
            let larger = if b.0 <= a.0 { right.next() } else { None };
            merged.push((a.0.min(b.0), smaller.map_or(0, |(_, n)| n) + larger.map_or(0, |(_, n)| n)));
        }
        merged.extend(left.chain(right));
        self.0 = merged;
    }

    /// Of how many times.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// In nanoseconds, as the dense one says it; `None` without data.
    pub fn quantile(&self, quantile: Quantile) -> Option<f64> {
        let exact = quantile.get() * self.count() as f64;
        let mut passed = 0;
        let found = self.0.iter().find(|(_, count)| {
            passed += count;
            passed as f64 >= exact
        });
        found.map(|(value, _)| *value as f64)
    }

    /// In nanoseconds; `None` without data, and for the deviations, which it does not keep.
    pub fn statistic(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Min => self.0.first().map(|(value, _)| *value as f64),
            Statistic::Max => self.max(),
            Statistic::Median => self.quantile(Quantile::MEDIAN),
            Statistic::Percentile(quantile) => self.quantile(quantile),
            Statistic::Mean => {
                let sum: f64 = self.0.iter().map(|(value, count)| *value as f64 * *count as f64).sum();
                (!self.0.is_empty()).then(|| sum / self.count() as f64)
            }
            Statistic::Stddev | Statistic::Variance => None,
        }
    }

    /// How many times are longer than so many nanoseconds.
    pub fn count_above(&self, ns: f64) -> u64 {
        self.0.iter().filter(|(value, _)| *value as f64 > ns).map(|(_, count)| count).sum()
    }

    /// In nanoseconds; `None` without data.
    pub fn max(&self) -> Option<f64> {
        self.0.last().map(|(value, _)| *value as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    fn sparse(values: &[u64]) -> SparseHistogram {
        let mut sparse = SparseHistogram::default();
        sparse.merge_dense(&of(values));
        sparse
    }

    fn percent(percent: f64) -> Quantile {
        Quantile::percent(percent).unwrap()
    }

    #[test]
    fn statistics_are_those_of_the_values_to_three_digits() {
        let histogram = of(&[1_000_000, 2_000_000, 3_000_000, 10_000_000]);
        let is = |statistic, expected: f64| {
            let actual = histogram.statistic(statistic).unwrap();
            assert!((actual - expected).abs() <= expected / 1000.0, "{statistic:?}: {actual}");
        };
        is(Statistic::Min, 1e6);
        is(Statistic::Mean, 4e6);
        is(Statistic::Median, 2e6);
        is(Statistic::Max, 10e6);
        is(Statistic::Variance, 12.5e12);
        is(Statistic::Stddev, 12.5e12f64.sqrt());
        is(Statistic::Percentile(percent(75.0)), 3e6);
    }

    #[test]
    fn the_sparse_one_knows_its_mean_and_what_is_above() {
        let kept = sparse(&[1_000_000, 2_000_000, 3_000_000, 10_000_000]);
        assert!((kept.statistic(Statistic::Mean).unwrap() / 4e6 - 1.0).abs() < 0.001);
        assert_eq!((kept.count_above(2.5e6), kept.count_above(2e7)), (2, 0));
        assert_eq!(SparseHistogram::default().statistic(Statistic::Mean), None);
    }

    #[test]
    fn nothing_recorded_is_nothing_known() {
        assert_eq!(Histogram::default().statistic(Statistic::Mean), None);
        assert_eq!(SparseHistogram::default().quantile(Quantile::MEDIAN), None);
    }

    #[test]
    fn what_is_out_of_range_counts_at_the_edge() {
        let histogram = of(&[0, u64::MAX]);
        assert_eq!(histogram.count(), 2);
        let max = histogram.statistic(Statistic::Max).unwrap();
        assert!((max / HIGHEST_NS as f64 - 1.0).abs() < 0.001, "{max}");
    }

    proptest! {
        #[test]
        fn merging_is_recording_everything_in_one(
            a in prop::collection::vec(0u64..10_000_000_000, 0..50),
            b in prop::collection::vec(0u64..10_000_000_000, 0..50),
            p in 0.1f64..99.9,
        ) {
            let both: Vec<u64> = a.iter().chain(&b).copied().collect();
            let mut dense = of(&a);
            dense.merge(&of(&b));
            let mut kept = sparse(&a);
            kept.merge(&sparse(&b));
            prop_assert_eq!(&kept, &sparse(&both));
            prop_assert_eq!(kept.count(), both.len() as u64);
            let expected = of(&both).statistic(Statistic::Percentile(percent(p)));
            prop_assert_eq!(dense.statistic(Statistic::Percentile(percent(p))), expected);
            prop_assert_eq!(kept.quantile(percent(p)), expected);
        }
    }
}
