//! Where recordings are cut: at every tick and at every edge of a round, the same instants for all workers.
//!
//! Pure arithmetic on nanoseconds since the start of the load.

/// The instants of one session.
#[derive(Clone, Copy, Debug)]
pub struct Edges {
    /// When measuring starts.
    pub origin: u64,
    /// The length of a timeline interval, and how often progress is told. Above zero.
    pub tick: u64,
    /// Where the measured time is cut into rounds by the clock; `None` where the iterations are counted.
    pub rounds: Option<TimedRounds>,
}

/// Rounds of equal length.
#[derive(Clone, Copy, Debug)]
pub struct TimedRounds {
    /// How many. Above zero.
    pub count: u32,
    /// Of all of them together.
    pub length: u64,
}

impl TimedRounds {
    /// Where round `round` begins, from the origin.
    pub fn start(&self, round: u32) -> u64 {
        let start = u128::from(self.length) * u128::from(round) / u128::from(self.count);
        u64::try_from(start).unwrap_or(u64::MAX)
    }

    /// Which round an instant falls into.
    fn at(&self, from_origin: u64) -> Option<u32> {
        if from_origin >= self.length {
            return None;
        }
        let guess = u128::from(from_origin) * u128::from(self.count) / u128::from(self.length);
        let guess = u32::try_from(guess).unwrap_or(0);
        // Edges are rounded down, so an edge itself may still divide to the round before.
        Some(if self.start(guess + 1) <= from_origin { guess + 1 } else { guess })
    }
}

impl Edges {
    /// The first edge after `now`.
    pub fn after(&self, now: u64) -> u64 {
        let Some(from_origin) = now.checked_sub(self.origin) else {
            let left = self.origin - now;
            return now + if left.is_multiple_of(self.tick) { self.tick } else { left % self.tick };
        };
        let tick = (from_origin / self.tick + 1) * self.tick;
        let round =
            self.rounds.and_then(|rounds| rounds.at(from_origin).map(|round| rounds.start(round + 1)));
        self.origin + tick.min(round.unwrap_or(u64::MAX))
    }

    /// Which timed round an instant falls into; none before, and none during the final drain.
    pub fn round(&self, at: u64) -> Option<u32> {
        let from_origin = at.checked_sub(self.origin)?;
        self.rounds?.at(from_origin)
    }

    /// Which timeline interval an instant falls into; none during the warm-up.
    pub fn interval(&self, at: u64) -> Option<u64> {
        at.checked_sub(self.origin).map(|from_origin| from_origin / self.tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    fn all(edges: &Edges, until: u64) -> Vec<u64> {
        let next = |at: &u64| Some(edges.after(*at)).filter(|edge| *edge <= until);
        std::iter::successors(next(&0), next).map(|edge| edge / MS).collect()
    }

    #[test]
    fn ticks_and_rounds_cut_from_where_measuring_starts() {
        let rounds = Some(TimedRounds { count: 4, length: 3000 * MS });
        let edges = Edges { origin: 250 * MS, tick: 1000 * MS, rounds };
        assert_eq!(all(&edges, 4000 * MS), [250, 1000, 1250, 1750, 2250, 2500, 3250]);
        assert_eq!(
            [0, 250, 1000, 3249, 3250].map(|ms| edges.round(ms * MS)),
            [None, Some(0), Some(1), Some(3), None]
        );
        assert_eq!([0, 250, 1250].map(|ms| edges.interval(ms * MS)), [None, Some(0), Some(1)]);
        let warm = Edges { origin: 2000 * MS, tick: 1000 * MS, rounds: None };
        assert_eq!(all(&warm, 4000 * MS), [1000, 2000, 3000, 4000]);
    }

    proptest! {
        #[test]
        fn every_round_is_found_between_its_edges(count in 1u32..1000, length in 1000u64..10_000_000_000, at in 0.0f64..1.0) {
            let rounds = TimedRounds { count, length };
            let edges = Edges { origin: 7, tick: 1 << 60, rounds: Some(rounds) };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below `length`
            let at = (at * length as f64) as u64;
            let round = edges.round(7 + at).unwrap();
            prop_assert!(rounds.start(round) <= at && at < rounds.start(round + 1));
            let next = edges.after(7 + at);
            prop_assert!(next > 7 + at);
            prop_assert!(next == 7 + rounds.start(round + 1));
        }
    }
}
