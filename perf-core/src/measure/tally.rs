//! Everything that is counted and timed in one phase of one stretch of time.
//!
//! A worker fills one; the collector adds them up. Nothing is allocated per sample.

use super::errors::Errors;
use super::histogram::Histogram;
use super::marks::Marks;
use super::sample::{Counts, Drop, Ending, Sample};
use crate::error::Category;
use std::time::Duration;

/// What is said of an iteration that the end of the run cut off.
pub const INTERRUPTED: &str = "still running when the run ended";

/// What is said of iterations that this crate itself ended or did not start.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Of one that was given up.
    pub timed_out: String,
    max_in_flight: String,
    late: String,
}

impl Words {
    /// For a test with these bounds.
    pub fn of(timeout: Duration, max_in_flight: u32) -> Self {
        let limit = humantime::format_duration(timeout);
        Words {
            timed_out: format!("the iteration took longer than its timeout of {limit}"),
            max_in_flight: format!("max_in_flight = {max_in_flight} iterations were still running"),
            late: format!("the generator was more than max_in_flight = {max_in_flight} arrivals behind"),
        }
    }
}

/// Counts, times and errors.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many of each kind.
    pub counts: Counts,
    /// Of iterations that succeeded.
    pub succeeded: Times,
    /// Of iterations that failed or timed out.
    pub failed: Times,
    /// Of iterations that the end of the run cut off: lower bounds.
    pub interrupted: Times,
    /// By category.
    pub errors: Errors,
    /// What the test function timed and checked by name.
    pub marks: Marks,
}

/// The three times of many iterations.
#[derive(Debug, Default)]
pub struct Times(Option<Box<Three>>);

#[derive(Debug, Default)]
struct Three {
    response: Histogram,
    service: Histogram,
    lag: Histogram,
}

impl Three {
    #[inline]
    fn record(&mut self, sample: &Sample) {
        self.response.record(sample.response());
        self.service.record(sample.service());
        self.lag.record(sample.lag());
    }
}

impl Times {
    /// Makes the histograms now instead of with the first sample.
    pub fn prepare(&mut self) {
        self.0.get_or_insert_default();
    }

    #[inline]
    fn record(&mut self, sample: &Sample) {
        match &mut self.0 {
            Some(three) => three.record(sample),
            none => none.insert(Box::default()).record(sample),
        }
    }

    fn merge(&mut self, other: &Times) {
        if let Some(theirs) = other.0.as_ref().filter(|theirs| !theirs.response.is_empty()) {
            let ours = self.0.get_or_insert_default();
            ours.response.merge(&theirs.response);
            ours.service.merge(&theirs.service);
            ours.lag.merge(&theirs.lag);
        }
    }

    fn clear(&mut self) {
        if let Some(three) = &mut self.0 {
            three.response.clear();
            three.service.clear();
            three.lag.clear();
        }
    }

    /// Finish − intended start.
    pub fn response(&self) -> Option<&Histogram> {
        self.0.as_ref().map(|three| &three.response)
    }

    /// Finish − actual start.
    pub fn service(&self) -> Option<&Histogram> {
        self.0.as_ref().map(|three| &three.service)
    }

    /// Actual start − intended start.
    pub fn lag(&self) -> Option<&Histogram> {
        self.0.as_ref().map(|three| &three.lag)
    }
}

impl Tally {
    /// Counts and times one iteration at its end, which is `at` by the schedule's clock.
    #[inline]
    pub fn record(&mut self, sample: &Sample, at: u64, words: &Words) {
        self.counts.end(&sample.ending);
        match &sample.ending {
            Ending::Succeeded => self.succeeded.record(sample),
            Ending::Failed(failure) => {
                self.failed.record(sample);
                self.errors.add(failure.category, 1, at, &failure.message);
            }
            Ending::TimedOut => {
                self.failed.record(sample);
                self.errors.add(Category::Timeout, 1, at, &words.timed_out);
            }
            Ending::Interrupted => {
                self.interrupted.record(sample);
                self.errors.add(Category::Interrupted, 1, at, INTERRUPTED);
            }
        }
    }

    /// Counts arrivals that could not start.
    pub fn drop_arrivals(&mut self, why: Drop, count: u64, at: u64, words: &Words) {
        self.counts.drop_arrivals(why, count);
        let message = match why {
            Drop::MaxInFlight => &words.max_in_flight,
            Drop::Late => &words.late,
        };
        self.errors.add(Category::Dropped, count, at, message);
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: &Tally) {
        self.merge_later(other, 0);
    }

    /// Adds those of another that began so many nanoseconds later.
    pub fn merge_later(&mut self, other: &Tally, later: u64) {
        self.counts.merge(&other.counts);
        self.succeeded.merge(&other.succeeded);
        self.failed.merge(&other.failed);
        self.interrupted.merge(&other.interrupted);
        self.errors.merge_later(&other.errors, later);
        self.marks.merge(&other.marks);
    }

    /// Forgets everything, keeps its memory.
    pub fn clear(&mut self) {
        self.counts = Counts::default();
        self.succeeded.clear();
        self.failed.clear();
        self.interrupted.clear();
        self.errors.clear();
        self.marks.clear();
    }
}
