//! The last seconds of a test that runs: what a limit can be held against before the end.

use super::histogram::Histogram;
use super::marks::{Check, Name};
use super::recorder::Slice;
use super::sample::Counts;
use super::sparse::SparseHistogram;
use super::tally::Times;
use crate::metric::{Metric, Timed};
use std::collections::BTreeMap;
use std::time::Duration;

/// What was recorded in each of the newest intervals, of all workers.
#[derive(Debug)]
pub struct Window {
    most: u64,
    intervals: BTreeMap<u64, Interval>,
}

/// Everything that limits look at, of one interval or of several.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    counts: Counts,
    response: SparseHistogram,
    service: SparseHistogram,
    lag: SparseHistogram,
    steps: BTreeMap<Name, SparseHistogram>,
    checks: Check,
}

impl Window {
    /// Of so many intervals at most.
    pub fn new(most: u64) -> Self {
        Window { most, intervals: BTreeMap::new() }
    }

    /// Adds what a worker recorded in an interval of the measured time.
    pub fn add(&mut self, interval: u64, slice: &Slice) {
        self.intervals.entry(interval).or_default().add(slice);
        // One more than is asked for: the newest is not whole yet.
        let oldest =
            self.intervals.last_key_value().map_or(0, |(newest, _)| newest.saturating_sub(self.most));
        self.intervals = self.intervals.split_off(&oldest);
    }

    /// So many intervals up to the one before `end`, as one.
    pub fn of(&self, end: u64, length: u64) -> Interval {
        let mut whole = Interval::default();
        let parts = self.intervals.range(end.saturating_sub(length)..end);
        parts.for_each(|(_, part)| whole.merge(part));
        whole
    }
}

impl Interval {
    fn add(&mut self, slice: &Slice) {
        let tally = &slice.measured;
        self.counts.merge(&tally.counts);
        let merge = |ours: &mut SparseHistogram, of: fn(&Times) -> Option<&Histogram>| {
            let all = [&tally.succeeded, &tally.failed].into_iter().filter_map(of);
            all.for_each(|dense| ours.merge_dense(dense));
        };
        merge(&mut self.response, Times::response);
        merge(&mut self.service, Times::service);
        merge(&mut self.lag, Times::lag);
        for (name, step) in tally.marks.steps.iter().filter(|(_, step)| !step.duration.is_empty()) {
            self.steps.entry(name.clone()).or_default().merge_dense(&step.duration);
        }
        tally.marks.checks.values().for_each(|check| self.checks.merge(*check));
    }

    fn merge(&mut self, other: &Interval) {
        self.counts.merge(&other.counts);
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.lag.merge(&other.lag);
        for (name, durations) in &other.steps {
            self.steps.entry(name.clone()).or_default().merge(durations);
        }
        self.checks.merge(other.checks);
    }

    /// A metric of it, where it lasted so long; `None` without data, and for metrics of whole tests. Errors are those to
    /// everything that ended or was dropped in it.
    pub fn value(&self, metric: &Metric, length: Duration) -> Option<f64> {
        let Counts { succeeded, interrupted, .. } = self.counts;
        let ended = self.counts.completed() + self.counts.dropped() + interrupted;
        let ratio = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
        match metric {
            Metric::Time(Timed::Response, statistic) => self.response.statistic(*statistic),
            Metric::Time(Timed::Service, statistic) => self.service.statistic(*statistic),
            Metric::Time(Timed::Lag, statistic) => self.lag.statistic(*statistic),
            Metric::Time(Timed::Step(step), statistic) => {
                self.steps.get(step.as_str())?.statistic(*statistic)
            }
            Metric::Throughput => Some(succeeded as f64 / length.as_secs_f64()),
            Metric::Errors => ratio(self.counts.errors(), ended),
            Metric::ErrorCount => Some(self.counts.errors() as f64),
            Metric::Dropped => Some(self.counts.dropped() as f64),
            Metric::Checks => ratio(self.checks.held, self.checks.held + self.checks.broken),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(succeeded: u64, failed: u64) -> Slice {
        let mut slice = Slice::default();
        slice.measured.counts =
            Counts { planned: succeeded + failed, succeeded, failed, ..Counts::default() };
        slice
    }

    #[test]
    fn a_window_is_the_newest_intervals_of_all_workers() {
        let mut window = Window::new(2);
        for (interval, succeeded, failed) in [(0, 0, 10), (1, 9, 1), (1, 10, 0), (2, 5, 5), (3, 1, 0)] {
            window.add(interval, &slice(succeeded, failed));
        }
        let errors = |end| window.of(end, 2).value(&Metric::Errors, Duration::from_secs(2));
        assert_eq!(errors(3), Some(0.2));
        assert_eq!(window.of(3, 2).value(&Metric::Throughput, Duration::from_secs(2)), Some(12.0));
        assert_eq!(
            window.of(9, 2).value(&Metric::Errors, Duration::from_secs(2)),
            None,
            "nothing ended in it"
        );
        assert_eq!(window.intervals.len(), 3);
    }
}
