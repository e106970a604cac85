//! How a session went, one point per interval, in bounded memory.
//!
//! When the points are too many, neighbours are merged pairwise, histograms included, so percentiles stay exact.

use super::histogram::SparseHistogram;
use super::recorder::Slice;
use super::sample::Counts;
use super::tally::Tally;

const MOST_POINTS: usize = 3600;

/// Points in order, of equal intervals from the start of measuring.
#[derive(Debug)]
pub struct Timeline {
    /// Nanoseconds from one point to the next.
    pub interval: u64,
    /// The first is the first interval.
    pub points: Vec<Point>,
    doubled: u32,
    most: usize,
}

/// What started and finished in one interval.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// How many.
    pub counts: Counts,
    /// Of completed iterations.
    pub response: SparseHistogram,
    /// Of completed iterations.
    pub lag: SparseHistogram,
}

impl Timeline {
    /// Without points.
    pub fn new(interval: u64) -> Self {
        Timeline { interval, points: Vec::new(), doubled: 0, most: MOST_POINTS }
    }

    /// Adds a slice that belongs to an interval of the original length.
    pub fn add(&mut self, interval: u64, slice: &Slice) {
        let mut index = usize::try_from(interval >> self.doubled).unwrap_or(usize::MAX);
        while index >= self.most {
            self.halve();
            index /= 2;
        }
        if self.points.len() <= index {
            self.points.resize_with(index + 1, Point::default);
        }
        self.points[index].add(&slice.measured);
    }

    /// Adds the points of another that began so many nanoseconds later. Its interval must not be the longer one.
    pub fn merge(&mut self, other: &Timeline, later: u64) {
        for (number, point) in (0u64..).zip(&other.points) {
            let index = (later + number * other.interval) / self.interval;
            let index = usize::try_from(index).unwrap_or(usize::MAX).min(2 * self.most);
            if self.points.len() <= index {
                self.points.resize_with(index + 1, Point::default);
            }
            self.points[index].merge(point);
        }
    }

    fn halve(&mut self) {
        self.interval *= 2;
        self.doubled += 1;
        let merged = self.points.chunks(2).map(|pair| {
            let mut point = pair[0].clone();
            pair[1..].iter().for_each(|next| point.merge(next));
            point
        });
        self.points = merged.collect();
    }
}

impl Point {
    fn add(&mut self, tally: &Tally) {
        self.counts.merge(&tally.counts);
        for times in [&tally.succeeded, &tally.failed] {
            times.response().into_iter().for_each(|dense| self.response.merge_dense(dense));
            times.lag().into_iter().for_each(|dense| self.lag.merge_dense(dense));
        }
    }

    fn merge(&mut self, other: &Point) {
        self.counts.merge(&other.counts);
        self.response.merge(&other.response);
        self.lag.merge(&other.lag);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Ending, Phase, Sample};
    use super::*;
    use std::time::Duration;

    fn slice(ns: u64) -> Slice {
        let mut slice = Slice::default();
        slice.measured.counts.started = 1;
        let sample = Sample {
            phase: Phase::Measured,
            intended: 0,
            started: 0,
            finished: ns,
            thought: 0,
            ending: Ending::Succeeded,
        };
        slice.measured.record(&sample, ns, Duration::ZERO);
        slice
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut timeline = Timeline { most: 8, ..Timeline::new(1000) };
        for interval in 0..200 {
            timeline.add(interval, &slice(interval + 1));
        }
        assert_eq!((timeline.points.len(), timeline.interval), (7, 32_000));
        let mut whole = Point::default();
        timeline.points.iter().for_each(|point| whole.merge(point));
        assert_eq!((whole.counts.succeeded, whole.response.count()), (200, 200));
        assert_eq!(timeline.points[1].counts.succeeded, 32);
    }
}
