//! Turns what workers send into whole seconds of all of them, in order, the warm-up's too.
//!
//! Pure: no clock. What a worker sends too late counts in the second that runs.

use super::told::Told;
use crate::measure::edges::Edges;
use crate::measure::recorder::Slice;
use crate::measure::sample::Phase;
use crate::measure::timeline::{Change, Level, Point};
use std::collections::BTreeMap;

/// Of one load.
pub(super) struct Ticker {
    edges: Edges,
    told: Told,
    /// Seconds that are not whole yet; what runs beyond the last edge, too.
    parts: BTreeMap<u64, Point>,
    next: u64,
    change: Change,
}

/// A second that all workers have told.
#[derive(Debug)]
pub(super) struct Second {
    /// Of the measured time; `None` in the warm-up.
    pub(super) interval: Option<u64>,
    /// In nanoseconds; the first of a warm-up may be short.
    pub(super) length: u64,
    /// Of the phase.
    pub(super) point: Point,
    pub(super) level: Level,
}

impl Ticker {
    pub(super) fn of(edges: Edges, workers: u32) -> Self {
        Ticker {
            edges,
            told: Told::nothing(workers),
            parts: BTreeMap::new(),
            next: 0,
            change: Change::default(),
        }
    }

    /// How many of the seconds are the warm-up's.
    fn warm(&self) -> u64 {
        self.edges.origin.div_ceil(self.edges.tick)
    }

    /// Which second an instant lies in.
    fn number(&self, at: u64) -> u64 {
        let (warm, Edges { origin, tick, .. }) = (self.warm(), self.edges);
        match self.edges.interval(at) {
            Some(interval) => warm + interval,
            None => warm.saturating_sub((origin - at).div_ceil(tick)),
        }
    }

    /// Takes what a worker recorded; returns what is whole by now.
    pub(super) fn add(&mut self, slice: &Slice) -> Vec<Second> {
        let number = self.number(slice.from);
        let phase = if number < self.warm() { Phase::Warmup } else { Phase::Measured };
        self.parts.entry(number.max(self.next)).or_default().add(slice, phase);
        let whole = self.told.tell(slice.worker, self.number(slice.to));
        self.until(whole)
    }

    /// What is left when nobody will send any more.
    pub(super) fn rest(&mut self) -> Vec<Second> {
        let last = self.parts.last_key_value().map_or(self.next, |(number, _)| number + 1);
        self.until(last)
    }

    fn until(&mut self, end: u64) -> Vec<Second> {
        let mut whole = Vec::new();
        while self.next < end {
            let point = self.parts.remove(&self.next).unwrap_or_default();
            self.change.add(point.change);
            let (warm, Edges { origin, tick, .. }) = (self.warm(), self.edges);
            let is_short = self.next == 0 && warm > 0 && !origin.is_multiple_of(tick);
            whole.push(Second {
                interval: self.next.checked_sub(warm),
                length: if is_short { origin % tick } else { tick },
                point,
                level: self.change.level(),
            });
            self.next += 1;
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn ticker(workers: u32, warmup_ms: u64) -> Ticker {
        Ticker::of(Edges { origin: warmup_ms * MS, tick: 1000 * MS, rounds: None }, workers)
    }

    /// From and to in milliseconds, with so many started in either phase.
    fn slice(worker: u32, from: u64, to: u64, started: u64) -> Slice {
        let mut slice = Slice { worker, from: from * MS, to: to * MS, ..Slice::default() };
        slice.warmup.counts.started = started;
        slice.measured.counts.started = started;
        slice
    }

    fn seen(seconds: &[Second]) -> Vec<(Option<u64>, u64, u64, u64)> {
        let each = seconds.iter().map(|second| {
            let Second { interval, length, point, level } = second;
            (*interval, length / MS, point.counts.started, level.in_flight)
        });
        each.collect()
    }

    #[test]
    fn seconds_come_in_order_the_warm_ups_first_and_its_first_may_be_short() {
        let mut ticker = ticker(1, 1500);
        let mut all = Vec::new();
        for (from, to, started) in
            [(0, 500, 1), (500, 1500, 2), (1500, 1900, 3), (1900, 2500, 4), (2500, 2700, 5)]
        {
            all.extend(ticker.add(&slice(0, from, to, started)));
        }
        // In flight are those of both phases.
        assert_eq!(seen(&all), [(None, 500, 1, 2), (None, 1000, 2, 6), (Some(0), 1000, 7, 20)]);
        assert_eq!(seen(&ticker.rest()), [(Some(1), 1000, 5, 30)]);
    }

    #[test]
    fn who_is_late_is_waited_for_and_counts_later_when_that_takes_too_long() {
        let mut ticker = ticker(2, 0);
        assert_eq!(seen(&ticker.add(&slice(0, 0, 1000, 1))), []);
        assert_eq!(seen(&ticker.add(&slice(1, 0, 1000, 1))), [(Some(0), 1000, 2, 4)]);
        assert_eq!(seen(&ticker.add(&slice(0, 1000, 2000, 1))), []);
        assert_eq!(seen(&ticker.add(&slice(0, 2000, 4000, 0))), [(Some(1), 1000, 1, 6)]);
        assert_eq!(
            seen(&ticker.add(&slice(1, 1000, 4000, 7))),
            [(Some(2), 1000, 7, 20), (Some(3), 1000, 0, 20)]
        );
    }
}
