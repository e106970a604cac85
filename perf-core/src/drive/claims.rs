//! Shared iterations, handed out exactly once among workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A worker takes a part of what is left at a time, and at most so many.
const PARTS: u64 = 256;
const MOST_HELD: u64 = 64;

/// Iterations that are shared between workers.
#[derive(Clone, Debug)]
pub struct Claims {
    taken: Arc<AtomicU64>,
    all: u64,
    /// Taken from the others, and not handed out yet.
    held: u64,
    exhausted: bool,
}

impl Claims {
    /// So many.
    pub fn of(all: u64) -> Self {
        Claims { taken: Arc::default(), all, held: 0, exhausted: false }
    }

    /// Whether one more may begin.
    #[inline]
    pub fn take(&mut self) -> bool {
        if self.held == 0 {
            self.held = self.hold();
        }
        let is_left = self.held > 0;
        self.held -= u64::from(is_left);
        self.exhausted = !is_left;
        is_left
    }

    /// Whether somebody asked for one in vain.
    pub fn are_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether all are taken, and this worker holds none.
    pub fn are_gone(&self) -> bool {
        self.held == 0 && self.taken.load(Ordering::Relaxed) >= self.all
    }

    /// Takes some for this worker: many while many are left, at the end one by one, so that all workers end together.
    fn hold(&self) -> u64 {
        let part = |taken: u64| (self.all.saturating_sub(taken) / PARTS).clamp(1, MOST_HELD);
        // Never beyond the end, so that nobody counts past it.
        let taken = self.taken.try_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            (taken < self.all).then(|| (taken + part(taken)).min(self.all))
        });
        taken.map_or(0, |taken| part(taken).min(self.all - taken))
    }
}

impl Drop for Claims {
    /// What a worker that died was still to hand out is there for its successor.
    fn drop(&mut self) {
        self.taken.fetch_sub(self.held, Ordering::Relaxed);
    }
}
