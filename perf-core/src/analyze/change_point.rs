//! Where a series of sessions steps from one level to another, and stays there.
//!
//! The best split in two is the one with the largest difference of means in standard errors (James, James and Siegmund
//! 1987, Biometrika 74:71), of values that are clipped at four times the noise from one to the next, so that an outlier is
//! no level (after Huber 1964, doi:10.1214/aoms/1177703732). How large the difference gets by chance is found by shuffling
//! the series (Antoch and Hušková 2001, Statistics & Probability Letters 53:37). What chance splits in at most 1 % of the
//! shuffles is taken as a candidate, and each side is split further (binary segmentation, Vostrikova 1981).
//!
//! Sessions that follow each other resemble each other, for which shuffling is too sure. So each candidate is tested again,
//! against series that are made anew from the innovations and the autocorrelation of what the candidates' levels leave (a
//! sieve bootstrap, Bühlmann 1997, doi:10.2307/3318584). It takes both tests.
//!
//! Deterministic: what is drawn is seeded.

use super::autocorrelation;
use super::stats::{mean, median, squared_deviations};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How often a series without a step may show one.
pub const LEVEL: f64 = 0.01;
/// A level is at least so many sessions long.
pub const SHORTEST: usize = 3;
/// From the middle, in units of the noise.
const MOST: f64 = 4.0;
const DRAWS: u32 = 999;
const SEED: u64 = 0x7265_6e64;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Which session is the first of the new level, from 0.
    pub first: usize,
    /// The median of the level before, on the log scale.
    pub before: f64,
    /// The median of the level after, on the log scale.
    pub after: f64,
    /// Of the split, when it was made.
    pub p_value: f64,
}

impl ChangePoint {
    /// Ratio minus one.
    pub fn change(&self) -> f64 {
        (self.after - self.before).exp_m1()
    }
}

/// All steps of more than `tolerance`, in order, of centres on the log scale. Those that are not finite are passed over.
pub fn find(centres: &[f64], tolerance: f64) -> Vec<ChangePoint> {
    find_at(centres, tolerance, LEVEL)
}

/// The same where a series without a step may show one so often.
pub fn find_at(centres: &[f64], tolerance: f64, level: f64) -> Vec<ChangePoint> {
    let (places, values): (Vec<usize>, Vec<f64>) =
        centres.iter().copied().enumerate().filter(|(_, value)| value.is_finite()).unzip();
    let chance = Chance::at(level);
    let mut splits = segmented(&values, level, |values, statistic| shuffled(values, statistic, chance));
    if let Some(sieve) = Sieve::of(&values, &splits) {
        splits = segmented(&values, level, |values, statistic| {
            shuffled(values, statistic, chance).max(sieve.p_value(values.len(), statistic, chance))
        });
    }
    settle(&values, &mut splits);
    let mut points = levels(&values, &splits);
    // The least step goes first: its neighbours' levels change with it.
    while let Some(least) = least_within(&points, tolerance) {
        splits.remove(least);
        points = levels(&values, &splits);
    }
    points.into_iter().map(|point| ChangePoint { first: places[point.first], ..point }).collect()
}

/// Where the series is split, in order, each with its p.
fn segmented(values: &[f64], level: f64, p_value: impl Fn(&[f64], f64) -> f64) -> Vec<(usize, f64)> {
    let (mut splits, mut open) = (Vec::new(), vec![(0, values.len())]);
    while let Some((from, to)) = open.pop() {
        let Some((at, statistic)) = best_split(&clipped(&values[from..to])) else { continue };
        let p_value = p_value(&values[from..to], statistic);
        if p_value <= level {
            splits.push((from + at, p_value));
            open.extend([(from, from + at), (from + at, to)]);
        }
    }
    splits.sort_by_key(|(at, _)| *at);
    splits
}

/// Puts each split where it is best between its neighbours, which were not known when it was made (Bai 1997, Econometric
/// Theory 13:315).
fn settle(values: &[f64], splits: &mut [(usize, f64)]) {
    for number in 0..splits.len() {
        let from = number.checked_sub(1).map_or(0, |before| splits[before].0);
        let to = splits.get(number + 1).map_or(values.len(), |after| after.0);
        if let Some((at, _)) = best_split(&clipped(&values[from..to])) {
            splits[number].0 = from + at;
        }
    }
}

fn levels(values: &[f64], splits: &[(usize, f64)]) -> Vec<ChangePoint> {
    let edges: Vec<usize> =
        [0].into_iter().chain(splits.iter().map(|(at, _)| *at)).chain([values.len()]).collect();
    let level = |from: usize, to: usize| median(values[from..to].iter().copied()).unwrap_or(f64::NAN);
    let around = edges.windows(3).zip(splits);
    let point = |(edges, (first, p_value)): (&[usize], &(usize, f64))| ChangePoint {
        first: *first,
        before: level(edges[0], edges[1]),
        after: level(edges[1], edges[2]),
        p_value: *p_value,
    };
    around.map(point).collect()
}

fn least_within(points: &[ChangePoint], tolerance: f64) -> Option<usize> {
    let size = |point: &ChangePoint| point.change().abs();
    let least = points.iter().enumerate().min_by(|a, b| size(a.1).total_cmp(&size(b.1)));
    least.filter(|(_, point)| size(point) <= tolerance).map(|(number, _)| number)
}

/// In units of the noise from one value to the next, which steps have no part in, and at most so many from the middle.
fn clipped(values: &[f64]) -> Vec<f64> {
    let middle = median(values.iter().copied()).unwrap_or(0.0);
    let noise = median(values.windows(2).map(|pair| (pair[1] - pair[0]).abs())).unwrap_or(0.0);
    // The median of absolute differences of normal values, in standard deviations of one.
    let noise = noise / (0.6745 * std::f64::consts::SQRT_2);
    let score = |value: &f64| {
        if noise > 0.0 { ((value - middle) / noise).clamp(-MOST, MOST) } else { value - middle }
    };
    values.iter().map(score).collect()
}

/// Where the means of the sides differ most, and by how many standard errors. `None` for a short or a constant series.
fn best_split(values: &[f64]) -> Option<(usize, f64)> {
    let (n, middle) = (values.len() as f64, mean(values)?);
    let variance = squared_deviations(values) / (n - 1.0);
    let (mut sum, mut best) = (0.0, None);
    for at in 1..(values.len() + 1).saturating_sub(SHORTEST) {
        sum += values[at - 1] - middle;
        let k = at as f64;
        let statistic = f64::abs(sum) / (k * (n - k) / n * variance).sqrt();
        if at >= SHORTEST && statistic.is_finite() && best.is_none_or(|(_, most)| statistic > most) {
            best = Some((at, statistic));
        }
    }
    best
}

/// How many series chance draws, and how often it may split as clearly.
#[derive(Clone, Copy)]
struct Chance {
    draws: u32,
    level: f64,
}

impl Chance {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a level is above zero, and no tiny one
    fn at(level: f64) -> Self {
        Chance { draws: DRAWS.max((2.0 / level).ceil() as u32 - 1), level }
    }

    /// How often chance alone splits as clearly, of the series that it makes. It stops when that is too often for sure
    /// (Besag and Clifford 1991, Biometrika 78:301).
    fn p_of(self, statistic: f64, mut series: impl FnMut() -> Vec<f64>) -> f64 {
        let (mut drawn, mut reached) = (0, 0);
        while drawn < self.draws && f64::from(reached) <= self.level * f64::from(self.draws + 1) {
            drawn += 1;
            let is_reached = best_split(&series()).is_some_and(|(_, found)| found >= statistic - 1e-9);
            reached += u32::from(is_reached);
        }
        f64::from(reached + 1) / f64::from(drawn + 1)
    }
}

/// Where values don't depend on each other.
fn shuffled(values: &[f64], statistic: f64, chance: Chance) -> f64 {
    let (mut rng, mut values) = (Pcg64Mcg::seed_from_u64(SEED), clipped(values));
    chance.p_of(statistic, || {
        for last in (1..values.len()).rev() {
            values.swap(last, rng.random_range(0..=last));
        }
        values.clone()
    })
}

/// Makes series that remember as much as the one at hand, and have no step.
struct Sieve {
    memory: f64,
    innovations: Vec<f64>,
}

impl Sieve {
    /// `None` where nothing is split, or nothing is remembered.
    fn of(values: &[f64], splits: &[(usize, f64)]) -> Option<Self> {
        let edges: Vec<usize> =
            [0].into_iter().chain(splits.iter().map(|(at, _)| *at)).chain([values.len()]).collect();
        let residuals: Vec<f64> = edges
            .windows(2)
            .flat_map(|edge| {
                let level = &values[edge[0]..edge[1]];
                let middle = mean(level).unwrap_or(0.0);
                level.iter().map(move |value| value - middle)
            })
            .collect();
        let memory = autocorrelation::first_order(&residuals, splits.len() + 1);
        let innovations = residuals.windows(2).map(|pair| pair[1] - memory * pair[0]).collect();
        (!splits.is_empty() && memory > 0.0).then_some(Sieve { memory, innovations })
    }

    fn p_value(&self, length: usize, statistic: f64, chance: Chance) -> f64 {
        const LEAD: usize = 20; // until the first value is forgotten
        let mut rng = Pcg64Mcg::seed_from_u64(SEED);
        chance.p_of(statistic, || {
            let next = |value: &mut f64, _| {
                let innovation = self.innovations[rng.random_range(0..self.innovations.len())];
                *value = self.memory * *value + innovation;
                Some(*value)
            };
            clipped(&(0..LEAD + length).scan(0.0, next).skip(LEAD).collect::<Vec<f64>>())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels with a bit of noise that repeats itself.
    fn series(levels: &[(f64, usize)]) -> Vec<f64> {
        let all = levels.iter().flat_map(|(level, count)| vec![*level; *count]);
        all.enumerate().map(|(n, level)| level + 0.01 * ((n * 7 % 11) as f64 - 5.0) / 5.0).collect()
    }

    fn firsts(centres: &[f64]) -> Vec<usize> {
        find(centres, 0.05).iter().map(|point| point.first).collect()
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let found = find(&series(&[(1.0, 12), (1.2, 8)]), 0.05);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].first, 12);
        assert!((found[0].change() - 0.2_f64.exp_m1()).abs() < 0.01 && found[0].p_value <= LEVEL);
        assert_eq!(firsts(&series(&[(1.0, 12), (1.3, 10), (1.1, 10)])), [12, 22]);
    }

    #[test]
    fn a_split_is_where_the_t_statistic_of_scipy_is_largest() {
        // scipy.stats.ttest_ind (SciPy 1.17.1) over all splits: -24.4949 at 6. Its variance is that within the sides.
        let values = [10.0, 10.2, 9.9, 10.1, 10.0, 9.8, 12.1, 12.0, 11.9, 12.2, 12.0, 11.8];
        let (at, whole) = best_split(&values).unwrap();
        let n = values.len() as f64;
        let within = whole * ((n - 2.0) / (n - 1.0 - whole * whole)).sqrt();
        assert!(at == 6 && (within - 24.4949).abs() < 1e-3, "{at} {within}");
    }

    #[test]
    fn a_split_lies_where_ruptures_has_it_and_chance_makes_one_as_often_as_numpy_says() {
        // ruptures 1.1.10, Dynp(model="l2", min_size=3, jump=1), one break: 9. A million shuffles by NumPy 2.4.6,
        // default_rng(1), 2.9382 % ± 0.0171 % of which had a statistic as large; none of the values is clipped.
        let values =
            [10.1, 9.6, 10.4, 9.9, 10.6, 9.8, 10.2, 9.5, 10.3, 10.7, 10.9, 10.2, 11.0, 10.5, 10.4, 10.8];
        let (at, statistic) = best_split(&clipped(&values)).unwrap();
        assert!(at == 9 && (statistic - 2.651_053_909_641_440_5).abs() < 1e-9, "{at} {statistic}");
        // Of 20,000 shuffles one standard error is 0.12 %.
        let p_value = shuffled(&values, statistic, Chance { draws: 20_000, level: 1.0 });
        assert!((p_value - 0.029_382).abs() < 0.005, "{p_value}");
    }

    #[test]
    fn a_stricter_level_draws_more() {
        let step = series(&[(1.0, 20), (1.2, 20)]);
        let found = find_at(&step, 0.05, 1e-4);
        assert!(found.len() == 1 && found[0].p_value <= 1e-4, "{found:?}");
        // The best of the 924 ways to part twelve values cannot be as rare as that.
        assert!(find_at(&series(&[(1.0, 6), (1.2, 6)]), 0.05, 1e-4).is_empty());
    }

    #[test]
    fn a_steady_series_has_no_step() {
        assert!(firsts(&series(&[(1.0, 30)])).is_empty());
        assert!(firsts(&[1.0; 30]).is_empty(), "ties");
        assert!(firsts(&[]).is_empty() && firsts(&[1.0, 1.0, 2.0, 2.0]).is_empty(), "too short");
    }

    #[test]
    fn a_single_outlier_is_no_level() {
        let mut centres = series(&[(1.0, 30)]);
        centres[29] = 5.0;
        centres[11] = 9.0;
        assert!(firsts(&centres).is_empty());
    }

    #[test]
    fn a_new_level_is_found_after_three_sessions() {
        assert_eq!(firsts(&series(&[(1.0, 20), (1.2, 3)])), [20]);
    }

    #[test]
    fn a_step_within_the_tolerance_is_left_out_and_its_levels_are_one() {
        assert!(firsts(&series(&[(1.0, 15), (1.03, 15)])).is_empty());
        let found = find(&series(&[(1.0, 15), (1.03, 15), (1.5, 15)]), 0.05);
        assert_eq!(found.len(), 1);
        assert!((found[0].before - 1.015).abs() < 0.02 && found[0].first == 30, "{found:?}");
    }

    #[test]
    fn sessions_without_a_centre_are_passed_over() {
        let mut centres = series(&[(1.0, 12), (1.2, 12)]);
        centres.insert(3, f64::NAN);
        assert_eq!(firsts(&centres), [13]);
    }
}
