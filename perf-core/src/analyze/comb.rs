//! Whether a few moments come at equal distances: stalls of a garbage collection, a checkpoint, a timer.
//!
//! An autocorrelation or a spectrum of the whole series needs a dozen periods to be sure of one; a load test shows four. So
//! the moments themselves are laid on combs: every pair of close ones proposes a period, the comb through them is settled by
//! least squares, and it scores for each moment on a tooth, the more the nearer, less for each tooth without a moment and
//! each moment beside them. How high the best score gets by chance is found by as many moments strewn at random (a Monte
//! Carlo test, Besag and Clifford 1991, doi:10.1093/biomet/78.2.301).
//!
//! Of many moments, runs of some that follow each other are laid on combs, and the first that is found is followed through the
//! others from tooth to tooth: a period that wanders a little keeps its phase for some teeth, and not for hundreds.
//!
//! Deterministic: what is drawn is seeded.

use super::stats::mean;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Fewer moments make three distances at most, two of which are always similar.
pub const FEWEST: usize = 4;
/// More are looked at in so many runs of so many each: at the start, in the middle, and at the end.
const MOST: usize = 40;
const RUN: usize = 16;
const RUNS: usize = 3;
/// As a part of the period: what is further away lies on no tooth.
const REACH: f64 = 0.12;
/// Chance seldom leaves a tooth empty or a moment over where a period is real.
const MISS: f64 = 2.5;
/// A comb that leaves out more teeth in a row is over.
const PAUSE: f64 = 4.0;
const SEED: u64 = 0x636f_6d62;

/// Moments at equal distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Comb {
    /// From one tooth to the next, in the unit of the moments.
    pub period: f64,
    /// Which of the moments lie on teeth.
    pub on_teeth: Vec<usize>,
    /// How often chance alone lays as many as well.
    pub p_value: f64,
    score: f64,
}

impl Comb {
    /// Of moments in order, between zero and `length`, each known to plus or minus `grain`. `None` where chance does as
    /// well more often than `level`.
    pub fn of(moments: &[f64], length: f64, grain: f64, level: f64) -> Option<Self> {
        match moments.len() {
            0..FEWEST => None,
            FEWEST..=MOST => Comb::of_few(moments, length, grain, level),
            _ => Comb::of_runs(moments, grain, level),
        }
    }

    /// Between two moments at random the others lie at random as well, so a run is tested between its neighbours.
    fn of_runs(moments: &[f64], grain: f64, level: f64) -> Option<Self> {
        let last = moments.len() - 1 - RUN;
        let in_run = |number: usize| {
            let start = 1 + number * (last - 1) / (RUNS - 1);
            let from = moments[start - 1];
            let run: Vec<f64> = moments[start..start + RUN].iter().map(|moment| moment - from).collect();
            let comb = Comb::of_few(&run, moments[start + RUN] - from, grain, level / RUNS as f64)?;
            Some((start, comb))
        };
        let (start, comb) = (0..RUNS).find_map(in_run)?;
        Some(comb.followed(moments, start))
    }

    /// Through all moments, of which the run begins at the given one.
    fn followed(self, moments: &[f64], start: usize) -> Self {
        let mut on_teeth: Vec<usize> = self.on_teeth.iter().map(|place| start + place).collect();
        let (first, last) = (on_teeth[0], on_teeth[on_teeth.len() - 1]);
        on_teeth.extend(follow(moments, last, last + 1..moments.len(), self.period));
        on_teeth.extend(follow(moments, first, (0..first).rev(), self.period));
        on_teeth.sort_unstable();
        let distances = on_teeth.windows(2).map(|pair| moments[pair[1]] - moments[pair[0]]);
        let teeth: f64 = distances.map(|distance| (distance / self.period).round()).sum();
        let span = moments[on_teeth[on_teeth.len() - 1]] - moments[on_teeth[0]];
        Comb { period: span / teeth, on_teeth, ..self }
    }

    fn of_few(moments: &[f64], length: f64, grain: f64, level: f64) -> Option<Self> {
        let comb = best(moments, length, grain)?;
        let mut rng = Pcg64Mcg::seed_from_u64(SEED);
        let mut strewn = || {
            let mut random: Vec<f64> =
                moments.iter().map(|_| rng.random_range(0.0..length / grain).floor() * grain).collect();
            random.sort_by(f64::total_cmp);
            random
        };
        // As many as it takes for the level when one of them does as well.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a level is no tiny one
        let draws = (2.0 / level).ceil() as u32 - 1;
        let is_reached =
            |_: &u32| best(&strewn(), length, grain).is_some_and(|other| other.score >= comb.score);
        let reached = (0..draws).filter(is_reached).take(2).count();
        let p_value = (reached + 1) as f64 / f64::from(draws + 1);
        (p_value <= level).then_some(Comb { p_value, ..comb })
    }
}

/// Those of `places` that follow the moment at `from` at whole periods, each seen from the one before.
fn follow(moments: &[f64], from: usize, places: impl Iterator<Item = usize>, period: f64) -> Vec<usize> {
    let (mut at, mut found) = (moments[from], Vec::new());
    for place in places {
        let teeth = (moments[place] - at).abs() / period;
        if teeth > PAUSE {
            break;
        }
        if teeth.round() >= 1.0 && (teeth - teeth.round()).abs() <= REACH {
            // Half way: one that lies there by chance must not lead astray.
            let tooth = at + (moments[place] - at).signum() * teeth.round() * period;
            at = f64::midpoint(tooth, moments[place]);
            found.push(place);
        }
    }
    found
}

fn best(moments: &[f64], length: f64, grain: f64) -> Option<Comb> {
    let near = |from: usize| (from + 1..moments.len().min(from + 4)).map(move |to| (from, to));
    let pairs = (0..moments.len()).flat_map(near);
    let combs = pairs.flat_map(|(from, to)| {
        let distance = moments[to] - moments[from];
        [1.0, 2.0].map(|teeth| (moments[from], distance / teeth))
    });
    let laid = combs.filter_map(|(start, period)| lay(moments, start, period, length, grain));
    laid.max_by(|a, b| a.score.total_cmp(&b.score))
}

/// `None` where the period is too short to be told from the grain, or too long for the length.
fn lay(moments: &[f64], start: f64, period: f64, length: f64, grain: f64) -> Option<Comb> {
    if period < 4.0 * grain || period > length / (FEWEST - 1) as f64 * 1.1 {
        return None;
    }
    let first = on_teeth(moments, start, period);
    let (start, period) = settled(moments, &first)?;
    let teeth = on_teeth(moments, start, period);
    if teeth.len() < FEWEST {
        return None;
    }
    let part = |(place, tooth): &(usize, f64)| (moments[*place] - start - tooth * period).abs() / period;
    let squares = teeth.iter().map(|found| part(found).powi(2)).sum::<f64>() / teeth.len() as f64;
    // No better than the grain allows.
    let residual = squares.sqrt().max(0.3 * grain / period);
    let score_each = (REACH / residual).ln();
    let all_teeth = ((length - start.rem_euclid(period)) / period).floor() + 1.0;
    let misses = (all_teeth - teeth.len() as f64 - 1.0).max(0.0) + (moments.len() - teeth.len()) as f64;
    let score = score_each * (teeth.len() - 2) as f64 - MISS * misses;
    let on_teeth = teeth.into_iter().map(|(place, _)| place).collect();
    Some(Comb { period, on_teeth, p_value: 1.0, score })
}

/// The moments that lie on teeth, each with its tooth; the nearest one where several share a tooth.
fn on_teeth(moments: &[f64], start: f64, period: f64) -> Vec<(usize, f64)> {
    let mut found: Vec<(usize, f64)> = Vec::new();
    for (place, moment) in moments.iter().enumerate() {
        let tooth = ((moment - start) / period).round();
        let off = |place: usize| (moments[place] - start - tooth * period).abs();
        if off(place) > REACH * period {
            continue;
        }
        match found.last_mut().filter(|(_, last)| *last >= tooth) {
            Some(last) if off(place) < off(last.0) => last.0 = place,
            Some(_) => {}
            None => found.push((place, tooth)),
        }
    }
    found
}

/// Start and period by least squares.
fn settled(moments: &[f64], teeth: &[(usize, f64)]) -> Option<(f64, f64)> {
    let numbers: Vec<f64> = teeth.iter().map(|(_, tooth)| *tooth).collect();
    let times: Vec<f64> = teeth.iter().map(|(place, _)| moments[*place]).collect();
    let (middle, time) = (mean(&numbers)?, mean(&times)?);
    let covariance: f64 = numbers.iter().zip(&times).map(|(n, t)| (n - middle) * (t - time)).sum();
    let variance: f64 = numbers.iter().map(|n| (n - middle).powi(2)).sum();
    let period = covariance / variance;
    (period.is_finite() && period > 0.0).then_some((time - period * middle, period))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: f64 = 5e-4;

    fn on_grid(moments: &[f64]) -> Vec<f64> {
        moments.iter().map(|moment| (moment / 0.05).floor() * 0.05).collect()
    }

    #[test]
    fn four_moments_at_equal_distances_are_enough() {
        let found = Comb::of(&on_grid(&[1.72, 4.73, 7.74, 10.74]), 12.0, 0.05, LEVEL).unwrap();
        assert!((found.period - 3.0).abs() < 0.05 && found.on_teeth == [0, 1, 2, 3], "{found:?}");
        assert_eq!(Comb::of(&[1.7, 4.7, 7.7], 12.0, 0.05, LEVEL), None, "three");
    }

    #[test]
    fn one_moment_more_or_a_tooth_less_does_not_hide_the_period() {
        let more = Comb::of(&on_grid(&[1.0, 3.5, 6.0, 7.1, 8.5, 11.0, 13.5]), 15.0, 0.05, LEVEL).unwrap();
        assert!((more.period - 2.5).abs() < 0.05 && more.on_teeth.len() == 6, "{more:?}");
        let less = Comb::of(&on_grid(&[1.0, 3.0, 5.0, 9.0, 11.0, 13.0]), 15.0, 0.05, LEVEL).unwrap();
        assert!((less.period - 2.0).abs() < 0.05, "{less:?}");
    }

    fn strewn(rng: &mut Pcg64Mcg, count: usize, length: f64) -> Vec<f64> {
        let mut moments: Vec<f64> = (0..count).map(|_| rng.random_range(0.0..length)).collect();
        moments.sort_by(f64::total_cmp);
        on_grid(&moments)
    }

    #[test]
    fn a_hundred_moments_make_a_comb_as_four_do_also_with_some_beside_it_and_a_period_that_wanders() {
        let exact: Vec<f64> = (0..100).map(|n| 0.7 + 3.0 * f64::from(n)).collect();
        let found = Comb::of(&on_grid(&exact), 300.0, 0.05, LEVEL).unwrap();
        assert!((found.period - 3.0).abs() < 0.01 && found.on_teeth.len() == 100, "{found:?}");

        let (mut rng, mut at) = (Pcg64Mcg::seed_from_u64(3), 0.0);
        let wandering = (0..400).map(|_| {
            at += rng.random_range(2.85..3.15);
            at
        });
        let mut moments: Vec<f64> = wandering.collect();
        let length = at + 1.0;
        moments.extend(strewn(&mut rng, 40, length));
        moments.sort_by(f64::total_cmp);
        let found = Comb::of(&on_grid(&moments), length, 0.05, LEVEL).unwrap();
        assert!((found.period - 3.0).abs() < 0.05, "{found:?}");
        assert!((360..=420).contains(&found.on_teeth.len()), "{}", found.on_teeth.len());
    }

    #[test]
    fn many_moments_at_random_make_no_comb_more_often_than_the_level_says() {
        let mut rng = Pcg64Mcg::seed_from_u64(2);
        let found = (0..200).filter(|trial| {
            let count = 41 + 3 * trial % 100;
            Comb::of(&strewn(&mut rng, count, 600.0), 600.0, 0.05, 0.02).is_some()
        });
        let found = found.count();
        assert!(found <= 11, "{found} of 200 at 2 %");
    }

    #[test]
    fn moments_at_random_make_no_comb_more_often_than_the_level_says() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let trials = 600;
        let found = (0..trials).filter(|trial| {
            let count = 4 + trial % 9;
            let mut moments: Vec<f64> = (0..count).map(|_| rng.random_range(0.0..20.0)).collect();
            moments.sort_by(f64::total_cmp);
            Comb::of(&on_grid(&moments), 20.0, 0.05, 0.01).is_some()
        });
        let found = found.count();
        assert!(found <= 14, "{found} of {trials} at 1 %");
    }
}
