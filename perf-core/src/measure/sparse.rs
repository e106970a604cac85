//! The buckets of a histogram that hold something, in few bytes: what is kept of every second of a run.
//!
//! A bucket is two numbers: how many places it comes after the one before, and how many times fell into it. Both take seven
//! bits to a byte, the lowest first, with the eighth set in all but the last one (LEB128). So most buckets take two bytes,
//! and what a bucket may count has no limit.

use super::histogram::Histogram;
use crate::metric::{Quantile, Statistic};
use serde::{Deserialize, Serialize};

/// Of the dense histogram's buckets, the first so many are one nanosecond wide, and each half as many more are twice as wide.
const HALF: u64 = 1024;

/// The buckets that hold something: small, exact to merge, slower to record into. On the wire, pairs of value and count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct SparseHistogram(Box<[u8]>);

impl SparseHistogram {
    /// Counts the dense one's times as well.
    pub fn merge_dense(&mut self, dense: &Histogram) {
        if !dense.is_empty() {
            let theirs = dense.buckets().map(|(value, count)| (place_of(value), count));
            let room = if self.0.is_empty() { 0 } else { 2 * self.0.len() };
            *self = SparseHistogram::of(united(self.places(), theirs), room);
        }
    }

    /// Counts the other's times as well.
    pub fn merge(&mut self, other: &SparseHistogram) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        } else if !other.0.is_empty() {
            let room = self.0.len() + other.0.len();
            *self = SparseHistogram::of(united(self.places(), other.places()), room);
        }
    }

    /// Of places in order, each with its count above zero.
    fn of(places: impl Iterator<Item = (u64, u64)>, room: usize) -> Self {
        let (mut bytes, mut before) = (Vec::with_capacity(room), 0);
        for (place, count) in places {
            push(&mut bytes, place - before);
            push(&mut bytes, count);
            before = place;
        }
        SparseHistogram(bytes.into_boxed_slice())
    }

    fn places(&self) -> Places<'_> {
        Places { bytes: &self.0, before: 0 }
    }

    /// The values that occurred, each with its count, in order. A value stands for its bucket's upper end.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.places().map(|(place, count)| (upper_end(place), count))
    }

    /// Of how many times.
    pub fn count(&self) -> u64 {
        self.places().map(|(_, count)| count).sum()
    }

    /// Of memory, less what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// In nanoseconds, as the dense one says it; `None` without data.
    pub fn quantile(&self, quantile: Quantile) -> Option<f64> {
        let exact = quantile.get() * self.count() as f64;
        let mut passed = 0;
        let found = self.buckets().find(|(_, count)| {
            passed += count;
            passed as f64 >= exact
        });
        found.map(|(value, _)| value as f64)
    }

    /// In nanoseconds; `None` without data, and for the deviations, which it does not keep.
    pub fn statistic(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Min => self.buckets().next().map(|(value, _)| value as f64),
            Statistic::Max => self.max(),
            Statistic::Median => self.quantile(Quantile::MEDIAN),
            Statistic::Percentile(quantile) => self.quantile(quantile),
            Statistic::Mean => {
                let sum: f64 = self.buckets().map(|(value, count)| value as f64 * count as f64).sum();
                (!self.0.is_empty()).then(|| sum / self.count() as f64)
            }
            Statistic::Stddev | Statistic::Variance => None,
        }
    }

    /// How many times are longer than so many nanoseconds.
    pub fn count_above(&self, ns: f64) -> u64 {
        self.buckets().filter(|(value, _)| *value as f64 > ns).map(|(_, count)| count).sum()
    }

    /// In nanoseconds; `None` without data.
    pub fn max(&self) -> Option<f64> {
        self.buckets().last().map(|(value, _)| value as f64)
    }
}

impl From<Vec<(u64, u64)>> for SparseHistogram {
    fn from(mut buckets: Vec<(u64, u64)>) -> Self {
        buckets.retain(|(_, count)| *count > 0);
        buckets.sort_unstable();
        let together = buckets.chunk_by(|a, b| place_of(a.0) == place_of(b.0));
        let each = together.map(|same| {
            let count = same.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
            (place_of(same[0].0), count)
        });
        SparseHistogram::of(each, 2 * buckets.len())
    }
}

impl From<SparseHistogram> for Vec<(u64, u64)> {
    fn from(sparse: SparseHistogram) -> Self {
        sparse.buckets().collect()
    }
}

/// Of the bucket of a value.
fn place_of(value: u64) -> u64 {
    let doubled = u64::from((value / (2 * HALF)).checked_ilog2().map_or(0, |log| log + 1));
    doubled * HALF + (value >> doubled)
}

/// The highest value of a bucket.
fn upper_end(place: u64) -> u64 {
    let doubled = (place / HALF).saturating_sub(1);
    let within = place - doubled * HALF;
    (within << doubled) | ((1 << doubled) - 1)
}

/// Both, in order.
fn united(
    left: impl Iterator<Item = (u64, u64)>,
    right: impl Iterator<Item = (u64, u64)>,
) -> impl Iterator<Item = (u64, u64)> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek().copied(), right.peek().copied()) {
        (Some(a), Some(b)) if a.0 == b.0 => {
            left.next();
            right.next().map(|(place, count)| (place, count.saturating_add(a.1)))
        }
        (Some(a), Some(b)) if a.0 < b.0 => left.next(),
        (Some(_), None) => left.next(),
        _ => right.next(),
    })
}

/// Reads the buckets that [`push`] wrote.
struct Places<'a> {
    bytes: &'a [u8],
    before: u64,
}

impl Places<'_> {
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
        None
    }
}

impl Iterator for Places<'_> {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<(u64, u64)> {
        self.before += self.number()?;
        Some((self.before, self.number()?))
    }
}

#[allow(clippy::cast_possible_truncation)] // seven bits at a time
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sparse(values: &[u64]) -> SparseHistogram {
        let mut sparse = SparseHistogram::default();
        sparse.merge_dense(&Histogram::of(values));
        sparse
    }

    fn percent(percent: f64) -> Quantile {
        Quantile::percent(percent).unwrap()
    }

    #[test]
    fn it_knows_its_mean_and_what_is_above() {
        let kept = sparse(&[1_000_000, 2_000_000, 3_000_000, 10_000_000]);
        assert!((kept.statistic(Statistic::Mean).unwrap() / 4e6 - 1.0).abs() < 0.001);
        assert_eq!((kept.count_above(2.5e6), kept.count_above(2e7)), (2, 0));
        assert_eq!(SparseHistogram::default().statistic(Statistic::Mean), None);
        assert_eq!(SparseHistogram::default().quantile(Quantile::MEDIAN), None);
    }

    #[test]
    fn most_buckets_take_two_bytes_and_large_counts_lose_nothing() {
        let values: Vec<u64> = (0..1000).map(|n| 1_000_000 + 600 * n).collect();
        let kept = sparse(&values);
        let buckets = kept.buckets().count();
        assert!(buckets > 600 && kept.bytes() <= 2 * buckets + 1, "{buckets} in {} bytes", kept.bytes());
        let many = SparseHistogram::from(vec![(5, u64::from(u32::MAX) * 3), (7, 1), (5, 2), (9, 0)]);
        assert_eq!(Vec::from(many), [(5, u64::from(u32::MAX) * 3 + 2), (7, 1)]);
        let whatever = SparseHistogram::from(vec![(u64::MAX, u64::MAX), (u64::MAX - 1, 1)]);
        assert_eq!(Vec::from(whatever), [(u64::MAX, u64::MAX)]);
    }

    #[test]
    fn on_the_wire_it_is_pairs_of_value_and_count() {
        let kept = sparse(&[3, 3, 70_000_000]);
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(text, "[[3,2],[70057983,1]]");
        assert_eq!(serde_json::from_str::<SparseHistogram>(&text).unwrap(), kept);
    }

    proptest! {
        #[test]
        fn a_bucket_is_one_of_the_dense_ones(value in 0u64..3_600_000_000_000) {
            let dense = Histogram::of(&[value]);
            let (upper, _) = dense.buckets().next().unwrap();
            prop_assert_eq!(upper_end(place_of(value)), upper);
            prop_assert_eq!(place_of(upper), place_of(value));
        }

        #[test]
        fn merging_is_recording_everything_in_one(
            a in prop::collection::vec(0u64..10_000_000_000, 0..50),
            b in prop::collection::vec(0u64..10_000_000_000, 0..50),
            p in 0.1f64..99.9,
        ) {
            let both: Vec<u64> = a.iter().chain(&b).copied().collect();
            let mut dense = Histogram::of(&a);
            dense.merge(&Histogram::of(&b));
            let mut kept = sparse(&a);
            kept.merge(&sparse(&b));
            prop_assert_eq!(&kept, &sparse(&both));
            let mut onto = sparse(&a);
            onto.merge_dense(&Histogram::of(&b));
            prop_assert_eq!(&onto, &kept);
            prop_assert_eq!(kept.count(), both.len() as u64);
            let expected = Histogram::of(&both).statistic(Statistic::Percentile(percent(p)));
            prop_assert_eq!(dense.statistic(Statistic::Percentile(percent(p))), expected);
            prop_assert_eq!(kept.quantile(percent(p)), expected);
        }
    }
}
