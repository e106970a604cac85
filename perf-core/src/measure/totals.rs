//! What a monitoring system keeps of a test: everything counted since the start of measuring.

use super::histogram::Histogram;
use super::ladder::Ladder;
use super::sample::Counts;
use super::tally::{Tally, Times};
use crate::error::Category;
use std::collections::BTreeMap;

/// Counts that only grow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// How many of each kind.
    pub counts: Counts,
    /// Everything that was planned and did not succeed, by category.
    pub errors: BTreeMap<Category, u64>,
    /// Of every started iteration that came to an end.
    pub response: Ladder,
    /// Of every started iteration that came to an end.
    pub service: Ladder,
    /// Of every started iteration that came to an end.
    pub lag: Ladder,
}

impl Totals {
    /// Of a tally so far.
    pub fn of(tally: &Tally) -> Self {
        let times = |time: fn(&Times) -> Option<&Histogram>| {
            Ladder::of([&tally.succeeded, &tally.failed, &tally.interrupted].into_iter().filter_map(time))
        };
        Totals {
            counts: tally.counts,
            errors: tally.errors.counts().collect(),
            response: times(Times::response),
            service: times(Times::service),
            lag: times(Times::lag),
        }
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: &Totals) {
        self.counts.merge(&other.counts);
        for (category, count) in &other.errors {
            *self.errors.entry(*category).or_default() += count;
        }
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.lag.merge(&other.lag);
    }
}
