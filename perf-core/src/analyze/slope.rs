//! Whether a series rises or falls: Mann and Kendall's test, and the slope of Theil and Sen.
//!
//! S counts the pairs that rise less those that fall. Without a trend it is around zero with variance
//! (n(n−1)(2n+5) − Σt(t−1)(2t+5))/18, t the sizes of groups of ties, and close to normal from eight values on (Mann 1945,
//! doi:10.2307/1907187; Kendall 1975, Rank Correlation Methods, 4.9). The test holds for values that don't depend on
//! their neighbours; `creep` corrects it for those that do.

use super::stats::{StudentT, median, normal_survival};

/// So many values are the fewest that a trend is looked for in.
pub const LEAST_VALUES: usize = 8;

/// The trend of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// From a value to the next: the median of the slopes of all pairs (Sen 1968, doi:10.2307/2285891).
    pub per_step: f64,
    /// Pairs that rise less those that fall.
    pub s: f64,
    /// Of `s`, for independent values.
    pub variance: f64,
}

impl Slope {
    /// Of values in order, all finite; `None` for too few.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.len() < LEAST_VALUES {
            return None;
        }
        let pairs = || {
            let later = |from: usize| (from + 1..values.len()).map(move |to| (from, to));
            (0..values.len()).flat_map(later)
        };
        let rise = |(from, to): (usize, usize)| values[to] - values[from];
        let per_step = median(pairs().map(|(from, to)| rise((from, to)) / (to - from) as f64))?;
        let sign = |rise: f64| if rise == 0.0 { 0.0 } else { rise.signum() };
        let s = pairs().map(rise).map(sign).sum();
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let weight = |n: usize| n as f64 * (n as f64 - 1.0) * (2.0 * n as f64 + 5.0) / 18.0;
        let ties: f64 = sorted.chunk_by(|a, b| a >= b).map(|tied| weight(tied.len())).sum();
        Some(Slope { per_step, s, variance: weight(values.len()) - ties })
    }

    /// How often chance alone rises or falls as much, where the variance of `s` is so many times that of independent
    /// values.
    pub fn p_value(&self, inflation: f64) -> f64 {
        let deviation = (self.variance * inflation).sqrt();
        if deviation <= 0.0 {
            return 1.0; // all values are the same
        }
        // Less one for continuity.
        (2.0 * normal_survival((self.s.abs() - 1.0).max(0.0) / deviation)).min(1.0)
    }
}

/// A line through points by the median of the slopes of all pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Of y per x.
    pub slope: f64,
    /// In which the slope lies, of independent values: Sen's ranks of the slopes.
    pub interval: (f64, f64),
}

impl Line {
    /// Of as many x as y, all finite, with the probability that the interval holds the slope. `None` for too few, or where
    /// the x are all the same.
    pub fn of(xs: &[f64], ys: &[f64], confidence: f64) -> Option<Self> {
        let trend = Slope::of(ys)?;
        let pairs = (0..xs.len()).flat_map(|from| (from + 1..xs.len()).map(move |to| (from, to)));
        let slopes = pairs.filter(|(from, to)| xs[*to] > xs[*from]);
        let mut slopes: Vec<f64> = slopes.map(|(a, b)| (ys[b] - ys[a]) / (xs[b] - xs[a])).collect();
        slopes.sort_by(f64::total_cmp);
        let slope = median(slopes.iter().copied())?;
        // Of so many degrees it is the normal distribution.
        let z = StudentT::with_freedom(1e7)?.quantile(f64::midpoint(1.0, confidence));
        let count = slopes.len() as f64;
        let reach = z * trend.variance.sqrt();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the places
        let at = |place: f64| slopes[place.clamp(0.0, count - 1.0) as usize];
        let low = at(((count - reach) / 2.0).round_ties_even() - 1.0);
        let high = at(f64::midpoint(count, reach).round_ties_even());
        Some(Line { slope, interval: (low, high) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_the_median_of_slopes() {
        let line: Vec<f64> = (0..10).map(|n| 2.0 * f64::from(n)).collect();
        let slope = Slope::of(&line).unwrap();
        assert!((slope.per_step - 2.0).abs() < 1e-12 && (slope.s - 45.0).abs() < 1e-12);
        // (45 − 1)/√(10·9·25/18) = 3.935; two-sided 8.3e-5.
        assert!((slope.variance - 125.0).abs() < 1e-9 && (slope.p_value(1.0) - 8.3e-5).abs() < 1e-6);
        let mut spoilt = line;
        spoilt[9] = -1000.0;
        assert!((Slope::of(&spoilt).unwrap().per_step - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_and_its_interval_are_those_of_scipy() {
        // scipy.stats.theilslopes, SciPy 1.17.1.
        let xs = [0.0, 110.0, 190.0, 320.0, 400.0, 520.0, 610.0, 700.0, 790.0, 905.0];
        let ys = [50.0, 51.2, 51.9, 53.4, 54.1, 55.0, 56.3, 56.9, 58.2, 59.0];
        for (confidence, low, high) in [
            (0.95, 0.009_572_649_572_649_574, 0.010_476_190_476_190_472),
            (0.99, 0.009_210_526_315_789_473, 0.010_555_555_555_555_547),
        ] {
            let line = Line::of(&xs, &ys, confidence).unwrap();
            assert!((line.slope - 0.01).abs() < 1e-12, "{line:?}");
            let is_near = |(a, b): (f64, f64)| (a - low).abs() < 1e-12 && (b - high).abs() < 1e-12;
            assert!(is_near(line.interval), "{confidence}: {line:?}");
        }
        assert_eq!(Line::of(&xs[..7], &ys[..7], 0.95), None);
        assert_eq!(Line::of(&[1.0; 10], &ys, 0.95), None);
    }

    #[test]
    fn the_test_of_mann_and_kendall_is_that_of_scipy() {
        // scipy.stats.kendalltau(range(12), …, method="asymptotic"), SciPy 1.17.1, which makes no correction for continuity;
        // and with method="exact", to which the correction comes close. The second one has ties.
        let rising = [3.1, 2.7, 4.4, 5.0, 4.9, 6.3, 5.8, 7.1, 6.6, 8.2, 7.7, 9.0];
        let tied = [10.0, 12.0, 11.0, 15.0, 14.0, 14.0, 18.0, 17.0, 21.0, 19.0, 25.0, 22.0];
        let unsure = [5.0, 3.0, 8.0, 1.0, 9.0, 2.0, 7.0, 6.0, 4.0, 10.0, 12.0, 11.0];
        for (values, asymptotic, exact) in [
            (&rising, 0.000_123_002_893_910_285_6, None),
            (&tied, 0.000_269_562_634_201_920_36, None),
            (&unsure, 0.054_853_939_900_132_21, Some(0.062_869_146_992_410_88)),
        ] {
            let slope = Slope::of(values).unwrap();
            let uncorrected = 2.0 * normal_survival(slope.s.abs() / slope.variance.sqrt());
            assert!((uncorrected / asymptotic - 1.0).abs() < 1e-9, "{slope:?}: {uncorrected}");
            let p_value = slope.p_value(1.0);
            assert!(p_value > asymptotic && p_value < 1.6 * asymptotic, "{slope:?}: {p_value}");
            let is_close = |exact: f64| (p_value / exact - 1.0).abs() < 0.02;
            assert!(exact.is_none_or(is_close), "{slope:?}: {p_value}");
        }
    }

    #[test]
    fn ties_take_from_the_variance() {
        let steps = [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0];
        let slope = Slope::of(&steps).unwrap();
        assert!((slope.s - 16.0).abs() < 1e-12);
        assert!((slope.variance - (8.0 * 7.0 * 21.0 - 2.0 * 4.0 * 3.0 * 13.0) / 18.0).abs() < 1e-9);
        assert!((Slope::of(&[3.0; 9]).unwrap().p_value(1.0) - 1.0).abs() < 1e-12);
        assert_eq!(Slope::of(&[1.0; 7]), None);
    }

    #[test]
    fn a_wider_variance_is_less_sure() {
        let slope = Slope::of(&[1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 8.0, 7.0, 9.0]).unwrap();
        assert!(slope.p_value(1.0) < 0.002 && slope.p_value(4.0) > 0.01);
    }
}
