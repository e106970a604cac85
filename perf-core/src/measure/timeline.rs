//! How a session went, one point per interval, in bounded memory.
//!
//! When the points are too many, neighbours are merged pairwise, histograms included, so percentiles stay exact.

use super::marks::Name;
use super::recorder::Slice;
use super::sample::{Counts, Phase};
use super::sparse::SparseHistogram;
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
    /// From its start to its end.
    pub change: Change,
}

/// What became more, or less.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
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

    /// Adds the other's.
    pub fn add(&mut self, other: Change) {
        self.in_flight += other.in_flight;
        self.users += other.users;
    }

    /// How many there are after all changes.
    pub fn level(self) -> Level {
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
        let original = self.interval >> self.doubled;
        self.at(interval.saturating_mul(original)).add(slice, Phase::Measured);
    }

    /// The point of an instant, in nanoseconds since the start of measuring.
    fn at(&mut self, instant: u64) -> &mut Point {
        while instant / self.interval >= self.most as u64 {
            self.halve();
        }
        let index = usize::try_from(instant / self.interval).unwrap_or(usize::MAX);
        if self.points.len() <= index {
            self.points.resize_with(index + 1, Point::default);
        }
        &mut self.points[index]
    }

    /// Adds the points of another that began so many nanoseconds later. Its interval must not be the longer one.
    pub fn merge(&mut self, other: &Timeline, later: u64) {
        self.before.add(other.before);
        for (number, point) in (0u64..).zip(&other.points) {
            self.at(later.saturating_add(number * other.interval)).merge(point);
        }
    }

    /// Of memory, about: less what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.points.iter().map(Point::bytes).sum()
    }

    fn halve(&mut self) {
        self.interval *= 2;
        self.doubled += 1;
        let mut points = std::mem::take(&mut self.points).into_iter();
        while let Some(mut point) = points.next() {
            points.next().iter().for_each(|next| point.merge(next));
            self.points.push(point);
        }
    }
}

impl Point {
    /// Adds what a worker recorded in it of iterations of one phase.
    pub fn add(&mut self, slice: &Slice, phase: Phase) {
        self.change.add(Change::of(slice));
        self.add_tally(match phase {
            Phase::Warmup => &slice.warmup,
            Phase::Measured => &slice.measured,
        });
    }

    fn add_tally(&mut self, tally: &Tally) {
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

    fn bytes(&self) -> usize {
        let of_steps = self.steps.values().map(|times| size_of::<(Name, SparseHistogram)>() + times.bytes());
        let of_failures = self.failures.len() * size_of::<(Category, u64)>();
        size_of::<Point>() + self.response.bytes() + self.lag.bytes() + of_failures + of_steps.sum::<usize>()
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: &Point) {
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
    use super::super::histogram::Histogram;
    use super::super::marks::Mark;
    use super::super::sample::{Ending, Sample};
    use super::super::tally::Words;
    use super::*;
    use crate::metric::{Quantile, Statistic};
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    fn slice(ns: u64) -> Slice {
        let mut slice = Slice::default();
        slice.measured.counts.started = 1;
        let sample = Sample::example(ns, Ending::Succeeded);
        slice.measured.record(&sample, ns, &Words::default());
        slice.measured.marks.add(Mark::Step("login".into(), Some(ns)), &sample, ns);
        slice
    }

    #[test]
    fn parts_that_begin_later_find_room_in_as_many_points_as_one_has() {
        let mut part = Timeline { most: 8, ..Timeline::new(1000) };
        (0..8).for_each(|interval| part.add(interval, &slice(interval + 1)));
        let mut whole = Timeline { most: 8, ..Timeline::new(1000) };
        for later in [0, 5_000, 40_000] {
            whole.merge(&part, later);
        }
        assert!(whole.points.len() <= 8, "{}", whole.points.len());
        assert_eq!(whole.interval, 8_000);
        let succeeded: Vec<u64> = whole.points.iter().map(|point| point.counts.succeeded).collect();
        assert_eq!(succeeded, [11, 5, 0, 0, 0, 8]);
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

    /// Seconds of so many iterations each, around 8 ms with a long tail, each with a step.
    struct Seconds {
        points: Vec<Point>,
        response: Histogram,
        step: Histogram,
    }

    const KINDS: u64 = 24;

    impl Seconds {
        /// Different ones, of which each comes so many times in all.
        fn of(rng: &mut Pcg64Mcg, iterations: usize, times: u64) -> Self {
            let (mut response, mut step) = (Histogram::default(), Histogram::default());
            let mut point = |_| {
                let mut slice = Slice::default();
                for _ in 0..iterations {
                    let stretch: f64 = (0..4).map(|_| rng.random_range(-0.6_f64..0.6)).sum();
                    let tail = rng.random_range(0.01_f64..1.0).powf(-0.3);
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // some milliseconds
                    let ns = (8e6 * stretch.exp() * tail) as u64;
                    let mut sample = Sample::example(ns, Ending::Succeeded);
                    sample.started = rng.random_range(40_000..90_000);
                    slice.measured.record(&sample, ns, &Words::default());
                    slice.measured.marks.add(Mark::Step("find".into(), Some(ns / 3)), &sample, ns);
                    response.record_many(ns, times);
                    step.record_many(ns / 3, times);
                }
                let mut point = Point::default();
                point.add(&slice, Phase::Measured);
                point
            };
            let points = (0..KINDS).map(&mut point).collect();
            Seconds { points, response, step }
        }
    }

    /// An hour of 2,000 iterations a second, the others of 30.
    #[test]
    fn a_day_keeps_the_percentiles_of_everything_in_few_bytes_a_bucket() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let busy = Seconds::of(&mut rng, 2_000, 3_600 / KINDS);
        let idle = Seconds::of(&mut rng, 30, 82_800 / KINDS);
        let mut timeline = Timeline::new(1_000_000_000);
        for second in 0..86_400 {
            let kind = if second / 3600 == 5 { &busy } else { &idle };
            let place = usize::try_from(second % KINDS).unwrap();
            timeline.at(second * 1_000_000_000).merge(&kind.points[place]);
        }
        assert_eq!((timeline.points.len(), timeline.interval / 1_000_000_000), (2_700, 32));

        let (mut whole, mut response, mut step) = (Point::default(), busy.response, busy.step);
        timeline.points.iter().for_each(|point| whole.merge(point));
        response.merge(&idle.response);
        step.merge(&idle.step);
        assert_eq!(whole.response.count(), 2_000 * 3_600 + 30 * 82_800);
        for percent in [50.0, 99.0, 99.9] {
            let quantile = Quantile::percent(percent).unwrap();
            let dense = |of: &Histogram| of.statistic(Statistic::Percentile(quantile));
            assert_eq!(whole.response.quantile(quantile), dense(&response), "{percent}");
            assert_eq!(whole.steps["find"].quantile(quantile), dense(&step), "{percent}");
        }

        let point = &timeline.points[5 * 3600 / 32 + 10];
        let histograms = [&point.response, &point.lag, &point.steps["find"]];
        let buckets: usize = histograms.iter().map(|histogram| histogram.buckets().count()).sum();
        assert!(buckets > 5_000 && point.bytes() < 3 * buckets, "{buckets} in {} bytes", point.bytes());
        // As many points as there may be, all of them as busy.
        let most = 3600 * point.bytes() / 1_000_000;
        assert!(most < 100 && timeline.bytes() < 15_000_000, "{most} MB, {} bytes", timeline.bytes());
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
