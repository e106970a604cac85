//! Rounds of a load that ends by its iterations: equal numbers of finished ones, whichever worker ran them; give or take 64 of
//! each worker where so many follow each other within 10 µs.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Iterations that finish so quickly one after the other are counted several at once: counting each of them together, two
/// workers would wait for each other more than half of the time.
const QUICK: u64 = 10_000;
/// So many at most, and at most one of so many parts of what is left of the round: all workers enter the next one together.
const MOST: u64 = 64;
const PARTS: u64 = 16;

/// The rounds of a session, shared by its recorders.
#[derive(Debug)]
pub struct CountedRounds {
    /// As far as their recorders have said.
    finished: AtomicU64,
    iterations: u64,
    rounds: u32,
}

impl CountedRounds {
    /// `iterations` in `rounds` parts; both above zero.
    pub fn new(iterations: u64, rounds: u32) -> Self {
        CountedRounds { finished: AtomicU64::new(0), iterations, rounds }
    }

    /// The round of the iteration that so many were finished before.
    fn round(&self, finished: u64) -> u32 {
        let round = u128::from(finished) * u128::from(self.rounds) / u128::from(self.iterations);
        u32::try_from(round).unwrap_or(u32::MAX).min(self.rounds - 1)
    }

    /// How many are finished before the first one of a round.
    fn start(&self, round: u32) -> u64 {
        let start = (u128::from(round) * u128::from(self.iterations)).div_ceil(u128::from(self.rounds));
        u64::try_from(start).unwrap_or(u64::MAX)
    }

    /// Which of the finished ones belong to a round. More than were planned, where users came in, are of the last one.
    fn range(&self, round: u32) -> Range<u64> {
        let is_last = round + 1 >= self.rounds;
        self.start(round)..if is_last { u64::MAX } else { self.start(round + 1) }
    }
}

/// One recorder's way through the rounds.
#[derive(Debug)]
pub struct Finishes {
    rounds: Arc<CountedRounds>,
    /// Not yet said to the others.
    unsaid: u64,
    /// How many there are to be at most, and until when.
    most: u64,
    until: u64,
    /// Which of the finished ones belong to the round that it is in.
    round: Range<u64>,
}

impl Finishes {
    /// Nothing has finished yet.
    pub fn of(rounds: Arc<CountedRounds>) -> Self {
        Finishes { rounds, unsaid: 0, most: 1, until: 0, round: 0..0 }
    }

    /// Counts an iteration that finishes now; says which round begins with it, where one does.
    #[inline]
    pub fn count(&mut self, now: u64) -> Option<u32> {
        self.unsaid += 1;
        match self.unsaid < self.most && now < self.until {
            true => None,
            false => self.say(now),
        }
    }

    #[cold]
    fn say(&mut self, now: u64) -> Option<u32> {
        let finished = self.rounds.finished.fetch_add(self.unsaid, Ordering::Relaxed) + self.unsaid;
        (self.unsaid, self.until) = (0, now + QUICK);
        let last = finished - 1;
        let entered = (!self.round.contains(&last)).then(|| self.rounds.round(last));
        if let Some(round) = entered {
            self.round = self.rounds.range(round);
        }
        self.most = (self.round.end.saturating_sub(finished) / PARTS).clamp(1, MOST);
        entered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounds_are_of_equal_size_whoever_ran_how_many_of_them(
            size in 1u64..2000, rounds in 1u32..20, each in proptest::collection::vec((0usize..3, 0u64..15_000), 1..60),
        ) {
            let shared = Arc::new(CountedRounds::new(size * u64::from(rounds), rounds));
            let mut workers = [(); 3].map(|()| (Finishes::of(shared.clone()), 0));
            let (mut sizes, mut now) = (vec![0u64; rounds as usize], 0);
            for (worker, pause) in each.iter().cycle().take(usize::try_from(size * u64::from(rounds)).unwrap()) {
                now += pause;
                let (finishes, round) = &mut workers[*worker];
                *round = finishes.count(now).unwrap_or(*round);
                sizes[*round as usize] += 1;
            }
            let unsaid = workers.len() as u64 * (size / PARTS).clamp(1, MOST);
            prop_assert!(sizes.iter().all(|found| found.abs_diff(size) <= unsaid), "{:?} of {}", sizes, size);
        }
    }

    #[test]
    fn who_is_alone_fills_every_round_exactly_however_quick_it_is() {
        for pause in [10, 1_000_000] {
            let mut finishes = Finishes::of(Arc::new(CountedRounds::new(1000, 3)));
            let entered: Vec<(u64, u32)> =
                (0..1100).filter_map(|number| Some((number, finishes.count(number * pause)?))).collect();
            assert_eq!(entered, [(0, 0), (334, 1), (667, 2)]);
        }
    }

    #[test]
    fn who_was_kept_from_running_enters_the_others_round_at_once() {
        let shared = Arc::new(CountedRounds::new(100_000, 2));
        let (mut kept, mut other) = (Finishes::of(shared.clone()), Finishes::of(shared));
        (0..10).for_each(|number| assert_eq!(kept.count(number).is_some(), number == 0));
        (0..60_000).for_each(|number| _ = other.count(number));
        assert_eq!(kept.count(60_000), Some(1));
    }

    #[test]
    fn what_does_not_follow_quickly_is_counted_one_by_one() {
        let said = |pause: u64| {
            let mut finishes = Finishes::of(Arc::new(CountedRounds::new(1_000_000, 1)));
            (1..=1000).for_each(|number| _ = finishes.count(number * pause));
            finishes.rounds.finished.load(Ordering::Relaxed)
        };
        assert_eq!((said(QUICK), said(10)), (1000, 1 + 999 / MOST * MOST));
    }
}
