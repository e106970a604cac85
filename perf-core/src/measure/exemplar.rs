//! Single iterations that are kept: the slowest ones, and some that were drawn from all.

use super::sample::{Ending, Sample};
use super::tally::INTERRUPTED;
use crate::error::Category;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How many of each are kept of a session.
pub const KEPT: usize = 20;
/// So many slow ones are held before those that cannot stay are sorted out: while a target falls behind, every iteration is
/// the slowest so far.
const HELD: usize = 8 * KEPT;

/// One iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// Of a closed load its number, of an open one the slot of concurrency.
    pub user: u64,
    /// No other one of the session has it.
    pub iteration: u64,
    /// When it was meant to start, in nanoseconds of the schedule since the start of the load.
    pub at: u64,
    /// In nanoseconds.
    pub response: u64,
    /// In nanoseconds.
    pub lag: u64,
    /// Why it failed, where it did.
    pub failure: Option<(Category, String)>,
    /// What it did by name, in order; a step that was given up has no length.
    pub steps: Vec<(String, Option<u64>)>,
}

/// Which iterations of a stretch of time are worth keeping.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exemplars {
    /// Any order.
    pub slowest: Vec<Exemplar>,
    /// Each with what decides the draw: the smallest ones win, so that parts of a session merge to a draw of the whole.
    pub drawn: Vec<(u64, Exemplar)>,
}

impl Exemplars {
    /// Adds the other's, and lets go of those that are not wanted any more.
    pub fn merge(&mut self, other: &Exemplars) {
        self.slowest.extend_from_slice(&other.slowest);
        self.slowest.sort_by_key(|exemplar| (Reverse(exemplar.response), exemplar.at));
        self.slowest.truncate(KEPT);
        self.drawn.extend_from_slice(&other.drawn);
        self.drawn.sort_by_key(|(ticket, _)| *ticket);
        self.drawn.truncate(KEPT);
    }

    /// The same, of another that began so many nanoseconds later.
    pub fn merge_later(&mut self, other: &Exemplars, later: u64) {
        let mut moved = other.clone();
        let drawn = moved.drawn.iter_mut().map(|(_, exemplar)| exemplar);
        moved.slowest.iter_mut().chain(drawn).for_each(|exemplar| exemplar.at += later);
        self.merge(&moved);
    }

    /// Lets go of what is not among the slowest; the response time of the last one that stays, where there are enough.
    fn keep_the_slowest(&mut self) -> Option<u64> {
        if self.slowest.len() < KEPT {
            return None;
        }
        let by_response = |one: &Exemplar| (Reverse(one.response), one.at);
        let (_, nth, _) = self.slowest.select_nth_unstable_by_key(KEPT - 1, by_response);
        let least = nth.response;
        self.slowest.truncate(KEPT);
        Some(least)
    }

    /// Forgets everything, keeps its memory.
    pub fn clear(&mut self) {
        self.slowest.clear();
        self.drawn.clear();
    }
}

/// One worker's choice over the whole session: what has no chance any more costs two comparisons.
#[derive(Debug)]
pub struct Choice {
    /// From this response time on an iteration may be among the slowest.
    slow_from: u64,
    /// Below this ticket it is drawn.
    drawn_below: u64,
    /// Tickets of those drawn so far.
    drawn: BinaryHeap<u64>,
    seed: u64,
}

impl Choice {
    /// Draws by this seed.
    pub fn new(seed: u64) -> Self {
        Choice { slow_from: 0, drawn_below: u64::MAX, drawn: BinaryHeap::new(), seed }
    }

    /// Adds an iteration to `exemplars` if it is among the slowest or drawn; `steps` is asked only then.
    #[inline]
    pub fn consider(
        &mut self,
        exemplars: &mut Exemplars,
        sample: &Sample,
        at: u64,
        steps: impl Fn() -> Vec<(String, Option<u64>)>,
    ) {
        if sample.response() >= self.slow_from {
            exemplars.slowest.push(exemplar(sample, at, steps()));
            if exemplars.slowest.len() >= HELD {
                self.settle(exemplars);
            }
        }
        let ticket = mixed(self.seed ^ sample.iteration);
        if ticket < self.drawn_below {
            exemplars.drawn.push((ticket, exemplar(sample, at, steps())));
            self.draw(ticket);
        }
    }

    /// Sorts out what cannot stay. To be called before `exemplars` go away.
    pub fn settle(&mut self, exemplars: &mut Exemplars) {
        if let Some(least) = exemplars.keep_the_slowest() {
            self.slow_from = self.slow_from.max(least.saturating_add(1));
        }
    }

    fn draw(&mut self, ticket: u64) {
        self.drawn.push(ticket);
        if self.drawn.len() > KEPT {
            self.drawn.pop();
        }
        if let Some(most) = self.drawn.peek().filter(|_| self.drawn.len() == KEPT) {
            self.drawn_below = *most;
        }
    }
}

fn exemplar(sample: &Sample, finished_at: u64, steps: Vec<(String, Option<u64>)>) -> Exemplar {
    let failure = match &sample.ending {
        Ending::Succeeded => None,
        Ending::Failed(failure) => Some((failure.category, failure.message.clone())),
        Ending::TimedOut => Some((Category::Timeout, "timed out".to_owned())),
        Ending::Interrupted => Some((Category::Interrupted, INTERRUPTED.to_owned())),
    };
    Exemplar {
        user: sample.user,
        iteration: sample.iteration,
        at: finished_at.saturating_sub(sample.finished.saturating_sub(sample.intended)),
        response: sample.response(),
        lag: sample.lag(),
        failure,
        steps,
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, 2014): neighbouring numbers get unrelated tickets.
#[inline]
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Phase;
    use super::*;

    fn considered(choice: &mut Choice, numbers: impl Iterator<Item = u64>) -> Exemplars {
        let mut found = Exemplars::default();
        for number in numbers {
            let sample = Sample {
                user: number % 7,
                iteration: number,
                phase: Phase::Measured,
                intended: 10 * number,
                started: 10 * number + 1,
                finished: 10 * number + number % 1000,
                thought: 0,
                ending: Ending::Succeeded,
            };
            choice.consider(&mut found, &sample, sample.finished, Vec::new);
            assert!(found.slowest.len() < HELD);
        }
        choice.settle(&mut found);
        found
    }

    fn drawn(exemplars: &Exemplars) -> Vec<u64> {
        exemplars.drawn.iter().map(|(_, exemplar)| exemplar.iteration).collect()
    }

    #[test]
    fn whoever_ran_which_iteration_the_same_ones_are_kept() {
        let mut whole = Exemplars::default();
        whole.merge(&considered(&mut Choice::new(1), 0..5000));
        let mut parts = Exemplars::default();
        for worker in 0..3 {
            let mut choice = Choice::new(1);
            for slice in [0..2000, 2000..5000] {
                parts.merge(&considered(&mut choice, slice.filter(|number| number % 3 == worker)));
            }
        }
        assert_eq!(whole, parts);
        let slowest: Vec<u64> = whole.slowest.iter().map(|exemplar| exemplar.response).collect();
        assert_eq!(slowest[..6], [999, 999, 999, 999, 999, 998]);
        assert_eq!((whole.slowest[0].iteration, whole.slowest[0].at, whole.slowest[0].lag), (999, 9990, 1));
        assert_eq!((whole.slowest.len(), whole.drawn.len()), (KEPT, KEPT));
    }

    #[test]
    fn where_each_is_the_slowest_so_far_the_slowest_are_kept() {
        let responses = |exemplars: &Exemplars| {
            let mut responses: Vec<u64> = exemplars.slowest.iter().map(|one| one.response).collect();
            responses.sort_unstable();
            responses
        };
        let rising = considered(&mut Choice::new(1), 0..1000);
        assert_eq!(responses(&rising), (980..1000).collect::<Vec<u64>>());
        let waves = considered(&mut Choice::new(1), (0..10).flat_map(|_| 0..1000));
        assert_eq!(responses(&waves), [[998; 10], [999; 10]].concat());
    }

    #[test]
    fn what_has_no_chance_in_a_later_stretch_is_not_even_built() {
        let mut choice = Choice::new(1);
        considered(&mut choice, 500..600);
        assert_eq!(considered(&mut choice, 1000..1580).slowest, []);
        assert_eq!(
            considered(&mut choice, 1580..1582).slowest.len(),
            1,
            "580 is as slow as the 20th, 581 slower"
        );
    }

    #[test]
    fn another_seed_draws_others_and_the_draw_is_of_all() {
        let of = |seed| {
            let mut merged = Exemplars::default();
            merged.merge(&considered(&mut Choice::new(seed), 0..5000));
            drawn(&merged)
        };
        assert_ne!(of(1), of(2));
        // The mean of 40 × 20 numbers drawn from 0 to 4,999 is 2,500 ± 51; four of these.
        let all: Vec<u64> = (0..40).flat_map(of).collect();
        let mean = all.iter().sum::<u64>() / all.len() as u64;
        assert!((2296..2704).contains(&mean), "{mean}");
    }
}
