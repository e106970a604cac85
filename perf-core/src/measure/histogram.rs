//! Latencies by value: a dense histogram to record into. What is kept of it is a [`SparseHistogram`](super::sparse).
//!
//! Three significant digits from 1 ns to 1 h; longer times count as one hour. The only file that names hdrhistogram.

use crate::metric::{Quantile, Statistic};
use hdrhistogram::Histogram as Hdr;

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
    #[inline]
    pub fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// Of these times.
    #[cfg(test)]
    pub(crate) fn of(values: &[u64]) -> Self {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    /// Counts one time so often.
    #[cfg(test)]
    pub(super) fn record_many(&mut self, ns: u64, times: u64) {
        self.0.saturating_record_n(ns, times);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(percent: f64) -> Quantile {
        Quantile::percent(percent).unwrap()
    }

    #[test]
    fn statistics_are_those_of_the_values_to_three_digits() {
        let histogram = Histogram::of(&[1_000_000, 2_000_000, 3_000_000, 10_000_000]);
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
    fn nothing_recorded_is_nothing_known() {
        assert_eq!(Histogram::default().statistic(Statistic::Mean), None);
    }

    #[test]
    fn what_is_out_of_range_counts_at_the_edge() {
        let histogram = Histogram::of(&[0, u64::MAX]);
        assert_eq!(histogram.count(), 2);
        let max = histogram.statistic(Statistic::Max).unwrap();
        assert!((max / HIGHEST_NS as f64 - 1.0).abs() < 0.001, "{max}");
    }
}
