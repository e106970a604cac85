//! A slow rise or fall over many sessions, no step of which a comparison would notice.
//!
//! The trend is Theil and Sen's slope with Mann and Kendall's test at 1 %. Sessions that follow each other resemble each
//! other, which makes S vary more than that of independent values: by 1 + 2/(n(n−1)(n−2))·Σ(n−i)(n−i−1)(n−i−2)·ρᵢ (Hamed and
//! Rao 1998, doi:10.1016/S0022-1694(97)00125-X), with ρᵢ = φⁱ and φ the autocorrelation of the ranks when the slope is taken
//! off.

use super::autocorrelation;
use super::ranks::ranks;
use super::slope::Slope;

/// How often a series without a trend may show one.
pub const LEVEL: f64 = 0.01;

/// A trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Creep {
    /// From a session to the next, on the log scale.
    pub per_step: f64,
    /// From the first session to the last, a ratio minus one.
    pub change: f64,
    /// Two-sided.
    pub p_value: f64,
    /// That it was corrected for.
    pub autocorrelation: f64,
}

/// A trend of more than `tolerance` in all, in centres on the log scale. Those that are not finite are passed over.
pub fn find(centres: &[f64], tolerance: f64) -> Option<Creep> {
    find_at(centres, tolerance, LEVEL)
}

/// The same where a series without a trend may show one so often.
pub fn find_at(centres: &[f64], tolerance: f64, level: f64) -> Option<Creep> {
    let values: Vec<f64> = centres.iter().copied().filter(|value| value.is_finite()).collect();
    let slope = Slope::of(&values)?;
    let flat: Vec<f64> =
        values.iter().enumerate().map(|(n, value)| value - slope.per_step * n as f64).collect();
    let middle = 0.5 * (values.len() as f64 + 1.0);
    let residuals: Vec<f64> = ranks(&flat).into_iter().map(|rank| rank - middle).collect();
    let autocorrelation = autocorrelation::first_order(&residuals, 2);
    let creep = Creep {
        per_step: slope.per_step,
        change: (slope.per_step * (values.len() - 1) as f64).exp_m1(),
        p_value: slope.p_value(inflation(values.len(), autocorrelation)),
        autocorrelation,
    };
    (creep.p_value <= level && creep.change.abs() > tolerance).then_some(creep)
}

/// How many times the variance of S is that of independent values.
pub(super) fn inflation(count: usize, autocorrelation: f64) -> f64 {
    let n = count as f64;
    let term = |lag: usize| {
        let i = lag as f64;
        (n - i) * (n - i - 1.0) * (n - i - 2.0) * autocorrelation.powf(i)
    };
    1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * (1..count).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(per_step: f64, count: usize) -> Vec<f64> {
        let noise = |n: usize| 0.01 * ((n * 7 % 11) as f64 - 5.0) / 5.0;
        (0..count).map(|n| per_step * n as f64 + noise(n)).collect()
    }

    #[test]
    fn half_a_percent_a_session_is_found() {
        let creep = find(&series(0.005, 30), 0.05).unwrap();
        assert!((creep.per_step - 0.005).abs() < 2e-4 && creep.p_value < 1e-6, "{creep:?}");
        assert!((creep.change - 0.145_f64.exp_m1()).abs() < 0.01);
        assert!(find(&series(-0.005, 30), 0.05).is_some_and(|creep| creep.change < -0.1));
    }

    #[test]
    fn a_steady_series_does_not_creep() {
        assert_eq!(find(&series(0.0, 30), 0.05), None);
        assert_eq!(find(&[1.0; 30], 0.05), None, "ties");
        assert_eq!(find(&series(0.1, 7), 0.05), None, "too short");
        assert_eq!(find(&series(0.001, 30), 0.05), None, "3 % in all are within the tolerance");
        let mut gaps = series(0.005, 30);
        gaps[4] = f64::NAN;
        assert!(find(&gaps, 0.05).is_some());
    }

    #[test]
    fn memory_widens_the_variance() {
        assert!((inflation(20, 0.0) - 1.0).abs() < 1e-12);
        // About (1 + φ)/(1 − φ) for a long series.
        assert!((inflation(5000, 0.5) - 3.0).abs() < 0.01);
        assert!(inflation(20, 0.5) > 2.0 && inflation(20, 0.5) < 3.0);
    }
}
