//! How a session went, one point per interval, in bounded memory.
//!
//! When the points are too many, neighbours are merged pairwise, histograms included, so percentiles stay exact.

use super::histogram::SparseHistogram;
use super::marks::Name;
use super::recorder::Slice;
use super::sample::Counts;
use super::tally::Tally;
use crate::error::Category;
use std::collections::BTreeMap;

const MOST_POINTS: usize = 3600;

/// Points in order, of equal intervals from the start of measuring.
#[derive(Debug)]
pub struct Timeline {
    /// Nanoseconds from one point to the next.
    pub interval: u64,
    /// The first is the first interval.
    pub points: Vec<Point>,
    /// What changed before the first point.
    before: Change,
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
    /// Everything that was planned and did not succeed, by category.
    pub failures: BTreeMap<Category, u64>,
    /// How long the named parts of iterations took.
    pub steps: BTreeMap<Name, SparseHistogram>,
    change: Change,
}

/// What became more, or less.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    in_flight: i64,
    users: i64,
}

/// How many there are at the end of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Iterations that are running.
    pub in_flight: u64,
    /// Users of a closed load.
    pub users: u64,
}

impl Change {
    /// Of both phases: what began in the warm-up may be running still.
    fn of(slice: &Slice) -> Self {
        let net = |counts: &Counts| {
            let ended = counts.completed() + counts.interrupted;
            i64::try_from(counts.started).unwrap_or(i64::MAX) - i64::try_from(ended).unwrap_or(i64::MAX)
        };
        Change {
            in_flight: net(&slice.warmup.counts) + net(&slice.measured.counts),
            users: slice.users_change,
        }
    }

    fn add(&mut self, other: Change) {
        self.in_flight += other.in_flight;
        self.users += other.users;
    }

    fn level(self) -> Level {
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Level { in_flight: count(self.in_flight), users: count(self.users) }
    }
}

impl Timeline {
    /// Without points.
    pub fn new(interval: u64) -> Self {
        Timeline { interval, points: Vec::new(), before: Change::default(), doubled: 0, most: MOST_POINTS }
    }

    /// Adds a slice of the warm-up.
    pub fn add_before(&mut self, slice: &Slice) {
        self.before.add(Change::of(slice));
    }

    /// How many there are at the end of each point.
    pub fn levels(&self) -> Vec<Level> {
        let mut now = self.before;
        let each = self.points.iter().map(|point| {
            now.add(point.change);
            now.level()
        });
        each.collect()
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
        self.points[index].change.add(Change::of(slice));
    }

    /// Adds the points of another that began so many nanoseconds later. Its interval must not be the longer one.
    pub fn merge(&mut self, other: &Timeline, later: u64) {
        self.before.add(other.before);
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
        tally
            .errors
            .counts()
            .for_each(|(category, count)| *self.failures.entry(category).or_default() += count);
        for (name, step) in tally.marks.steps.iter().filter(|(_, step)| !step.duration.is_empty()) {
            self.steps.entry(name.clone()).or_default().merge_dense(&step.duration);
        }
        for times in [&tally.succeeded, &tally.failed] {
            times.response().into_iter().for_each(|dense| self.response.merge_dense(dense));
            times.lag().into_iter().for_each(|dense| self.lag.merge_dense(dense));
        }
    }

    fn merge(&mut self, other: &Point) {
        self.counts.merge(&other.counts);
        self.response.merge(&other.response);
        self.lag.merge(&other.lag);
        self.change.add(other.change);
        other
            .failures
            .iter()
            .for_each(|(category, count)| *self.failures.entry(*category).or_default() += count);
        for (name, durations) in &other.steps {
            self.steps.entry(name.clone()).or_default().merge(durations);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks::Mark;
    use super::super::sample::{Ending, Sample};
    use super::super::tally::Words;
    use super::*;

    fn slice(ns: u64) -> Slice {
        let mut slice = Slice::default();
        slice.measured.counts.started = 1;
        let sample = Sample::example(ns, Ending::Succeeded);
        slice.measured.record(&sample, ns, &Words::default());
        slice.measured.marks.add(Mark::Step("login".into(), Some(ns)), &sample, ns);
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
        assert_eq!((timeline.points[1].steps["login"].count(), whole.steps["login"].count()), (32, 200));
    }

    /// Of iterations that began in it, and of users who came in.
    fn open_slice(started: u64, completed: u64, users_change: i64) -> Slice {
        let mut slice = Slice { users_change, ..Slice::default() };
        (slice.measured.counts.started, slice.measured.counts.succeeded) = (started, completed);
        slice
    }

    #[test]
    fn levels_are_what_came_less_what_went_also_of_the_warm_up_and_when_neighbours_are_merged() {
        let mut timeline = Timeline { most: 4, ..Timeline::new(1000) };
        let mut warm = Slice { users_change: 5, ..Slice::default() };
        warm.warmup.counts.started = 3;
        timeline.add_before(&warm);
        let mut end_of_warm = open_slice(2, 1, 0);
        end_of_warm.warmup.counts.failed = 3;
        timeline.add(0, &end_of_warm);
        timeline.add(1, &open_slice(4, 2, 2));
        timeline.add(2, &open_slice(0, 3, -7));
        let levels: Vec<_> = timeline.levels().iter().map(|level| (level.in_flight, level.users)).collect();
        assert_eq!(levels, [(1, 5), (3, 7), (0, 0)]);
        timeline.add(4, &open_slice(1, 0, 1));
        let levels: Vec<_> = timeline.levels().iter().map(|level| (level.in_flight, level.users)).collect();
        assert_eq!(levels, [(3, 7), (0, 0), (1, 1)]);
    }
}
