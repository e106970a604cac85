//! Times counted in a few fixed buckets, as monitoring systems keep them.

use super::histogram::Histogram;
use crate::metric::Statistic;

/// The upper bounds of all buckets but the last, in nanoseconds: 1, 2.5 and 5 of every power of ten, 100 µs to 30 s.
pub const BOUNDS: [u64; 17] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
];

/// How many times there are up to each bound and above the one before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ladder {
    counts: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Ladder {
    /// Of every time in some histograms. A time counts by the value that stands for it there.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a Histogram>) -> Self {
        let mut ladder = Ladder::default();
        for part in parts {
            part.buckets().for_each(|(ns, count)| {
                ladder.counts[BOUNDS.partition_point(|bound| *bound < ns)] += count;
            });
            ladder.sum += part.statistic(Statistic::Mean).unwrap_or(0.0) * part.count() as f64;
        }
        ladder
    }

    /// Adds the other's times.
    pub fn merge(&mut self, other: &Ladder) {
        self.counts.iter_mut().zip(other.counts).for_each(|(ours, theirs)| *ours += theirs);
        self.sum += other.sum;
    }

    /// Each bucket's upper bound in nanoseconds, none of the last, with its own count.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        BOUNDS.into_iter().map(Some).chain([None]).zip(self.counts)
    }

    /// Of how many times.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Of all times, in nanoseconds.
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_in_one_bucket_and_the_sum_is_that_of_all() {
        let mut histogram = Histogram::default();
        [1_000, 90_000, 110_000, 20_000_000, 40_000_000_000].into_iter().for_each(|ns| histogram.record(ns));
        let mut ladder = Ladder::of([&histogram]);
        ladder.merge(&Ladder::of([&histogram, &Histogram::default()]));
        let filled: Vec<_> = ladder.buckets().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(Some(100_000), 4), (Some(250_000), 2), (Some(25_000_000), 2), (None, 2)]);
        assert_eq!(ladder.count(), 10);
        assert!((ladder.sum() / (2.0 * 40_020_201_000.0) - 1.0).abs() < 0.001, "{}", ladder.sum());
    }
}
