//! What a worker has counted so far, for others to read while it runs.

use super::sample::{Counts, Drop, Ending, Phase};
use std::sync::atomic::{AtomicU64, Ordering};

/// A worker's counts, readable while it runs: all that is left of one that never comes back.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct LiveCounts {
    /// By phase, in the order of [`Counts::to_array`].
    counts: [[AtomicU64; 8]; 2],
    /// The orders under which the worker stands still, with nothing in flight.
    at_rest: AtomicU64,
}

impl LiveCounts {
    /// Only the worker itself writes: no addition in one step is needed.
    #[inline]
    fn add(&self, phase: Phase, place: usize, more: u64) {
        let count = &self.counts[phase as usize][place];
        count.store(count.load(Ordering::Relaxed) + more, Ordering::Relaxed);
    }

    /// An iteration begins.
    #[inline]
    pub(super) fn start(&self, phase: Phase) {
        self.add(phase, 0, 1);
        self.add(phase, 1, 1);
    }

    /// One has ended.
    #[inline]
    pub(super) fn end(&self, phase: Phase, ending: &Ending) {
        let place = match ending {
            Ending::Succeeded => 2,
            Ending::Failed(_) => 3,
            Ending::TimedOut => 4,
            Ending::Interrupted => 7,
        };
        self.add(phase, place, 1);
    }

    /// Arrivals cannot start.
    pub(super) fn drop_arrivals(&self, phase: Phase, why: Drop, count: u64) {
        let place = match why {
            Drop::MaxInFlight => 5,
            Drop::Late => 6,
        };
        self.add(phase, 0, count);
        self.add(phase, place, count);
    }

    /// Says that nothing is in flight, and nothing begins under the orders of this version.
    pub(super) fn rest(&self, version: u64) {
        self.at_rest.store(version, Ordering::Release);
    }

    /// Whether the worker, under these orders or later ones, came to stand still with nothing in flight.
    pub fn is_at_rest(&self, version: u64) -> bool {
        self.at_rest.load(Ordering::Acquire) >= version
    }

    /// As last published by the worker.
    pub fn load(&self, phase: Phase) -> Counts {
        let live = &self.counts[phase as usize];
        Counts::from_array(std::array::from_fn(|i| live[i].load(Ordering::Relaxed)))
    }
}
