//! A Poisson process with one point on average in every unit of area.
//!
//! Pure, and drawn in blocks: how many points a block holds is drawn first, then where each of them is, from a generator
//! that only this block has. So a day of arrivals is counted without drawing them, and anybody may begin at any block.
//!
//! ```text
//!   count ~ Poisson(BLOCK)      Given their count n, the points of a block are n uniform ones in order. The share of the
//!   ├──•─••───•──┼─•──•─•─┤     block that is left behind the next point, when k are to come: rest ← rest · U^(1/k).
//! ```

use super::random::{numbered, unit};
use rand_pcg::Pcg64;
use std::sync::LazyLock;

/// The area of a block: so large that a day of arrivals is counted at once, so small that one is drawn at once.
const BLOCK: f64 = 16_384.0;
/// The standard deviation of a block's count, which is the root of its mean.
const DEVIATION: f64 = 128.0;

/// Its points, in order; there is always another one.
#[derive(Clone, Debug)]
pub(super) struct Poisson {
    seed: u64,
    /// Which block is next.
    block: u64,
    /// Where the current one begins.
    start: f64,
    /// How many points of the current one are to come.
    left: u64,
    /// The logarithm of the share of the current one that is left.
    rest: f64,
    random: Pcg64,
}

impl Poisson {
    /// From the start.
    pub(super) fn new(seed: u64) -> Self {
        Poisson::from_block(seed, 0)
    }

    fn from_block(seed: u64, block: u64) -> Self {
        Poisson { seed, block, start: 0.0, left: 0, rest: 0.0, random: numbered(seed, block) }
    }

    /// How many points lie below `area`, at most `limit`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // areas are not negative
    pub(super) fn count(seed: u64, area: f64, limit: u64) -> u64 {
        let whole = (area / BLOCK) as u64;
        let mut count = 0;
        for block in 0..whole {
            count += count_of_block(&mut numbered(seed, block));
            if count >= limit {
                return limit;
            }
        }
        count += Poisson::from_block(seed, whole).take_while(|point| *point < area).count() as u64;
        count.min(limit)
    }

    fn begin_block(&mut self) {
        self.random = numbered(self.seed, self.block);
        self.left = count_of_block(&mut self.random);
        self.start = self.block as f64 * BLOCK;
        self.rest = 0.0;
        self.block += 1;
    }
}

impl Iterator for Poisson {
    type Item = f64;

    #[inline]
    fn next(&mut self) -> Option<f64> {
        while self.left == 0 {
            self.begin_block();
        }
        self.rest += (1.0 - unit(&mut self.random)).ln() / self.left as f64;
        self.left -= 1;
        Some(self.start - BLOCK * self.rest.exp_m1())
    }
}

/// How likely a block is to hold at most so many points, from `least` on: beyond ten deviations there are no blocks.
struct Counts {
    least: u64,
    at_most: Vec<f64>,
}

static COUNTS: LazyLock<Counts> = LazyLock::new(|| {
    let (least, most) = (BLOCK - 10.0 * DEVIATION, BLOCK + 10.0 * DEVIATION);
    // p(n + 1) = p(n) · mean / (n + 1); what the first one is does not matter, since all of them make one.
    let (mut at_most, mut sum, mut likely, mut n) = (Vec::new(), 0.0, 1.0, least);
    while n <= most {
        sum += likely;
        at_most.push(sum);
        n += 1.0;
        likely *= BLOCK / n;
    }
    at_most.iter_mut().for_each(|share| *share /= sum);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 15,104
    Counts { least: least as u64, at_most }
});

fn count_of_block(random: &mut Pcg64) -> u64 {
    let drawn = unit(random);
    COUNTS.least + COUNTS.at_most.partition_point(|share| *share <= drawn) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_counted_as_are_drawn() {
        for area in [0.0, 0.5, 10.0, BLOCK - 1.0, BLOCK, BLOCK * 2.5] {
            let drawn = Poisson::new(7).take_while(|point| *point < area).count() as u64;
            assert_eq!(Poisson::count(7, area, u64::MAX), drawn, "{area}");
            assert_eq!(Poisson::count(7, area, 9), drawn.min(9), "{area}");
        }
        assert_eq!(Poisson::count(7, BLOCK * 3.0, 32_768), 32_768);
    }

    #[test]
    fn points_are_in_order_across_blocks_and_each_seeds_own() {
        let points: Vec<f64> = Poisson::new(1).take(50_000).collect();
        assert!(points.is_sorted() && points[0] > 0.0);
        let half: Vec<f64> = Poisson::from_block(1, 1).take(5).collect();
        let first = points.partition_point(|point| *point < BLOCK);
        assert_eq!(points[first..first + 5], half);
        assert_ne!(Poisson::new(2).next(), Poisson::new(1).next());
    }

    /// Of a Poisson distribution the variance is the mean. With 4,000 counts the ratio's deviation is √(2 / 4,000) = 0.022.
    #[test]
    fn counts_vary_as_much_as_they_are_large() {
        for (area, name) in [(BLOCK, "whole blocks"), (20.0, "a part of one"), (BLOCK + 20.0, "both")] {
            let counts: Vec<f64> =
                (0..4000).map(|seed| Poisson::count(seed, area, u64::MAX) as f64).collect();
            let mean = counts.iter().sum::<f64>() / 4000.0;
            let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 3999.0;
            assert!((mean - area).abs() < 5.0 * (area / 4000.0).sqrt(), "{name}: {mean} of {area}");
            assert!((variance / mean - 1.0).abs() < 0.11, "{name}: {variance} of {mean}");
        }
    }

    /// Two parts of one block know nothing of each other: with 4,000 pairs a correlation deviates by 0.016.
    #[test]
    fn parts_of_a_block_are_independent() {
        let pairs: Vec<(f64, f64)> = (0..4000)
            .map(|seed| {
                let low = Poisson::new(seed).take_while(|point| *point < 30.0).count() as f64;
                let all = Poisson::new(seed).take_while(|point| *point < 60.0).count() as f64;
                (low, all - low)
            })
            .collect();
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / 4000.0;
        let (a, b) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let together: f64 = pairs.iter().map(|(x, y)| (x - a) * (y - b)).sum::<f64>() / 4000.0;
        assert!((together / 30.0).abs() < 0.08, "{together}");
    }

    #[test]
    fn a_day_of_arrivals_is_counted_without_drawing_them() {
        let day = 2000.0 * 86_400.0;
        let count = Poisson::count(3, day, u64::MAX) as f64;
        assert!((count - day).abs() < 5.0 * day.sqrt(), "{count}");
    }
}
