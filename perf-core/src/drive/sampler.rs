//! Reads once in every interval of the timeline, and keeps what went on in it.

use super::gauges::Gauges;
use super::reading::Reading;
use crate::measure::resources::{ResourcePoint, Resources};
use std::sync::mpsc::Sender;

/// What was read last, and what came of all readings before.
pub(super) struct Sampler {
    gauges: Gauges,
    before: Option<Reading>,
    /// The interval that runs.
    interval: u64,
    resources: Resources,
    tell: Sender<(u64, ResourcePoint)>,
}

impl Sampler {
    /// For intervals of so many nanoseconds.
    pub(super) fn new(mut gauges: Gauges, tick: u64, tell: Sender<(u64, ResourcePoint)>) -> Self {
        let mut resources = Resources::new(tick);
        resources.before = gauges.before();
        Sampler { gauges, before: None, interval: 0, resources, tell }
    }

    /// An interval has begun, or gone on. Where the reading is late, those before it have the same mean.
    pub(super) fn reach(&mut self, interval: u64) {
        if interval <= self.interval && self.before.is_some() {
            return;
        }
        let after = self.gauges.read();
        if let Some(before) = self.before.replace(after.clone()) {
            let point = before.until(&after);
            for interval in self.interval..interval {
                self.resources.add(interval, &point);
                // Who looked may be gone.
                self.tell.send((interval, point.clone())).ok();
            }
        }
        self.interval = interval;
    }

    /// After a pause: what it took belongs to no interval.
    pub(super) fn resume(&mut self) {
        if self.before.is_some() {
            self.before = Some(self.gauges.read());
        }
    }

    /// With the interval that runs, where measuring began at all.
    pub(super) fn finish(mut self) -> Resources {
        if self.before.is_some() {
            self.reach(self.interval + 1);
        }
        self.resources
    }
}

#[cfg(test)]
mod tests {
    use super::super::threads::Threads;
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn every_interval_that_was_begun_has_a_point_also_where_readings_were_late() {
        let (tell, told) = channel();
        let mut sampler = Sampler::new(Gauges::of(None, Threads::of(1)), 1000, tell.clone());
        for interval in [0, 0, 1, 4, 4] {
            sampler.reach(interval);
            sampler.resume();
        }
        assert_eq!(told.try_iter().map(|(interval, _)| interval).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(sampler.finish().points.len(), 5);
        let unmeasured = Sampler::new(Gauges::of(None, Threads::of(1)), 1000, tell);
        assert!(unmeasured.finish().points.is_empty());
    }
}
