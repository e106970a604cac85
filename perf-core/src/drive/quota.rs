//! Iterations that each user of a worker has of its own, counted where they begin.
//!
//! A worker that dies leaves what its users still had to its successor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the users of workers that died had left, by worker; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Legacies(Arc<Mutex<BTreeMap<u64, Vec<u64>>>>);

/// Of one worker's users, whose slots come in order.
#[derive(Debug)]
pub struct Quota {
    each: u64,
    /// By slot; of those who are still to come only where a predecessor left it.
    left: Vec<u64>,
    /// How many users have come.
    come: usize,
    /// Nobody below this slot has any left.
    first: usize,
    worker: u64,
    legacies: Legacies,
}

impl Quota {
    /// Where nobody has come yet, and each is to have so many; less where a predecessor's users had begun.
    pub fn of(each: u64, worker: u64, legacies: Legacies) -> Self {
        let mut all = legacies.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.remove(&worker).unwrap_or_default();
        drop(all);
        Quota { each, left, come: 0, first: 0, worker, legacies }
    }

    /// One more user; says whether it has any. One that is not fit has none.
    pub fn add(&mut self, is_fit: bool) -> bool {
        if self.come == self.left.len() {
            self.left.push(self.each);
        }
        if !is_fit {
            self.left[self.come] = 0;
        }
        self.come += 1;
        self.advance();
        self.left[self.come - 1] > 0
    }

    /// One of a user's begins.
    pub fn take(&mut self, slot: u32) {
        if let Some(left) = self.left.get_mut(slot as usize) {
            *left = left.saturating_sub(1);
            self.advance();
        }
    }

    /// Whether a user has more.
    pub fn has_left(&self, slot: u32) -> bool {
        self.left.get(slot as usize).is_some_and(|left| *left > 0)
    }

    /// Whether none of the first so many users has any left, and all of them have come.
    pub fn is_used_up(&self, users: usize) -> bool {
        self.first >= users
    }

    /// How many users have come.
    pub fn come(&self) -> usize {
        self.come
    }

    fn advance(&mut self) {
        while self.first < self.come && self.left[self.first] == 0 {
            self.first += 1;
        }
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let mut all = self.legacies.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(self.worker, std::mem::take(&mut self.left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successors_users_go_on_with_what_their_predecessors_left() {
        let legacies = Legacies::default();
        let mut quota = Quota::of(3, 1, legacies.clone());
        (0..3).for_each(|_| assert!(quota.add(true)));
        [0, 0, 1, 0].into_iter().for_each(|slot| quota.take(slot));
        assert!(quota.is_used_up(1) && !quota.is_used_up(2));
        drop(quota);
        // Somebody who only looked takes nothing away, and another worker's are its own.
        drop(Quota::of(3, 1, legacies.clone()));
        assert!(Quota::of(3, 0, legacies.clone()).left.is_empty());
        let mut next = Quota::of(3, 1, legacies);
        assert_eq!([true, true, false, true].map(|is_fit| next.add(is_fit)), [false, true, false, true]);
        assert_eq!(next.left, [0, 2, 0, 3]);
        assert!(next.is_used_up(1) && !next.is_used_up(2));
    }
}
