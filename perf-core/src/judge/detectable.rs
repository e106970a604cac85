//! The smallest change that an interleaved comparison would find, by its own blocks.
//!
//! No formula fits: at a level of one in ten thousand a single block in twenty that leans far the other way takes a change
//! from the signed-rank test, so that the tails decide, not the standard deviation. So the comparison is repeated on paper.
//! Planned blocks are drawn from the measured ones less their estimate, each with the sign of a coin (a symmetric bootstrap,
//! Efron and Tibshirani 1993, An Introduction to the Bootstrap). A shift of such a draw is found when the lower bound of
//! its interval at the last look's level gets above zero, which is what the test rejects, and its estimate beyond the
//! tolerance; so each draw says how large a shift it takes, and 95 of 100 draws take no more than what is returned.
//!
//! Deterministic: what is drawn is seeded.

use super::signed_rank::{PairMeans, outermost};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

const DRAWS: usize = 200;
const POWER: f64 = 0.95;
/// Measured blocks whose interval of 95 % is endless are too few.
const ENDLESS: f64 = 0.05;
const SEED: u64 = 0x6669_6e64;

/// As ln(head/base), above zero. `None` where the planned blocks are too few for a draw to be found at all, and where the
/// measured ones are too few for an interval: they say nothing of the noise.
///
/// `values` are the measured blocks', `blocks` is how many are planned, `level` the last look's, `tolerance` on the log
/// scale.
pub fn smallest(values: &[f64], blocks: usize, level: f64, tolerance: f64) -> Option<f64> {
    let (estimate, outermost) = (PairMeans::of(values)?.estimate(), outermost(blocks, 2.0 * level));
    let rest: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    self::outermost(rest.len(), ENDLESS)?;
    // What an estimate leaves varies less than what it was made of.
    let wider = (rest.len() as f64 / (rest.len() as f64 - 1.0).max(1.0)).sqrt();
    let rest: Vec<f64> = rest.into_iter().map(|value| (value - estimate) * wider).collect();
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut needed: Vec<f64> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let mut draw = |_| {
            let value = rest[random.random_range(0..rest.len())];
            if random.random_bool(0.5) { value } else { -value }
        };
        let drawn: Vec<f64> = (0..blocks).map(&mut draw).collect();
        let means = PairMeans::of(&drawn)?;
        needed.push((-means.without(outermost).0).max(tolerance - means.estimate()));
    }
    needed.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a part of 200
    let most = (POWER * DRAWS as f64).ceil() as usize - 1;
    Some(needed[most]).filter(|change| change.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(by: f64) -> Vec<f64> {
        (0..20).map(|n| by * (f64::from(n * 7 % 20) - 9.5) / 10.0).collect()
    }

    #[test]
    fn it_grows_with_the_noise_and_shrinks_with_the_blocks() {
        let smallest = |by, blocks| smallest(&noise(by), blocks, 1e-4, 0.0).unwrap();
        assert!((smallest(0.2, 20) / smallest(0.1, 20) - 2.0).abs() < 1e-9);
        assert!(smallest(0.1, 40) < 0.8 * smallest(0.1, 20));
        assert!((smallest(0.1, 20) - smallest(0.1, 20)).abs() < 1e-15, "the same every time");
    }

    #[test]
    fn an_outlier_costs_more_than_its_part_of_the_standard_deviation() {
        let mut spoilt = noise(0.1);
        spoilt[3] = 1.0;
        let of = |values: &[f64]| smallest(values, 20, 1e-4, 0.0).unwrap();
        assert!(of(&spoilt) > 3.0 * of(&noise(0.1)), "{} {}", of(&spoilt), of(&noise(0.1)));
    }

    #[test]
    fn it_is_never_within_the_tolerance() {
        assert!((smallest(&[0.3; 20], 20, 1e-4, 0.05).unwrap() - 0.05).abs() < 1e-12);
        assert!(smallest(&noise(0.01), 20, 1e-4, 0.05).unwrap() > 0.05);
    }

    #[test]
    fn too_few_blocks_find_nothing() {
        assert_eq!(smallest(&noise(0.1), 10, 1e-4, 0.05), None);
        assert_eq!(smallest(&[], 20, 1e-4, 0.05), None);
        assert_eq!(smallest(&[0.1; 5], 20, 1e-4, 0.05), None, "no noise is not what five of them say");
        assert!(smallest(&[0.1; 6], 20, 1e-4, 0.05).is_some());
        assert_eq!(smallest(&[f64::NAN], 20, 1e-4, 0.05), None);
    }
}
