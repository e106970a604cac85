//! Ranks, and how alike two series rank their moments.
//!
//! Spearman's ρ is the correlation of ranks. Series that remember their own past agree by chance more often than those that
//! don't: n values of them are worth n/(1 + 2Σ(1 − k/n)·rₖ·sₖ) independent ones, with rₖ and sₖ the autocorrelations of the
//! two (Pyper and Peterman 1998, doi:10.1139/f98-104). With ρ·√((m − 2)/(1 − ρ²)) as Student's t of m − 2 degrees of
//! freedom, m that number.

use super::autocorrelation;
use super::stats::{StudentT, mean};

/// From 1; equal values share the mean of their ranks.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut passed) = (vec![0.0; values.len()], 0);
    for tied in order.chunk_by(|a, b| values[*a] >= values[*b]) {
        let rank = passed as f64 + 0.5 * (tied.len() as f64 + 1.0);
        tied.iter().for_each(|place| ranks[*place] = rank);
        passed += tied.len();
    }
    ranks
}

/// How alike two series are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Spearman's, from −1 to 1.
    pub rho: f64,
    /// Two-sided.
    pub p_value: f64,
    /// By how many values the first series comes before the second.
    pub lag: usize,
}

impl Likeness {
    /// Of values at the same moments. Where one of the two is not finite, both are passed over. `None` for fewer than five,
    /// and where a series is constant.
    pub fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let pairs = a.iter().zip(b).filter(|(a, b)| a.is_finite() && b.is_finite());
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let (a, b) = (centred(&ranks(&a)), centred(&ranks(&b)));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let scale = (dot(&a, &a) * dot(&b, &b)).sqrt();
        if a.len() < 5 || scale <= 0.0 {
            return None;
        }
        let rho = (dot(&a, &b) / scale).clamp(-1.0, 1.0);
        let freedom = worth(&a, &b) - 2.0;
        let t = rho.abs() * (freedom / (1.0 - rho * rho).max(f64::MIN_POSITIVE)).sqrt();
        let p_value = StudentT::with_freedom(freedom).map_or(1.0, |student| 2.0 * student.survival(t));
        Some(Likeness { rho, p_value, lag: 0 })
    }

    /// The most certain of those where the first series comes up to so many values before the second; its p is that of
    /// the best of so many tries (Bonferroni).
    pub fn within(a: &[f64], b: &[f64], most: usize) -> Option<Self> {
        let later = |lag: usize| {
            let likeness = Likeness::of(a.get(..a.len().checked_sub(lag)?)?, b.get(lag..)?)?;
            Some(Likeness { lag, ..likeness })
        };
        let best = (0..=most).filter_map(later).min_by(|a, b| a.p_value.total_cmp(&b.p_value))?;
        Some(Likeness { p_value: (best.p_value * (most + 1) as f64).min(1.0), ..best })
    }
}

fn centred(values: &[f64]) -> Vec<f64> {
    let middle = mean(values).unwrap_or(0.0);
    values.iter().map(|value| value - middle).collect()
}

/// How many independent pairs the pairs are worth: no more than there are, and at least three.
fn worth(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let lags = a.len() / 4;
    let memories = autocorrelation::at_lags(a, lags).into_iter().zip(autocorrelation::at_lags(b, lags));
    let weighted = memories.enumerate().map(|(lag, (ours, theirs))| {
        let weight = 1.0 - (lag + 1) as f64 / n;
        weight * (ours * theirs).max(0.0)
    });
    let sum: f64 = weighted.sum();
    (n / (1.0 + 2.0 * sum)).clamp(3.0_f64.min(n), n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 12] = [3.1, 2.7, 4.4, 5.0, 4.9, 6.3, 5.8, 7.1, 6.6, 8.2, 7.7, 9.0];
    const B: [f64; 12] = [10.0, 12.0, 11.0, 15.0, 14.0, 14.0, 18.0, 17.0, 21.0, 19.0, 25.0, 22.0];
    const C: [f64; 12] = [5.0, 3.0, 8.0, 1.0, 9.0, 2.0, 7.0, 6.0, 4.0, 10.0, 12.0, 11.0];

    #[test]
    fn rho_is_that_of_scipy() {
        // scipy.stats.spearmanr, SciPy 1.17.1.
        assert!((Likeness::of(&A, &B).unwrap().rho - 0.879_160_717_764_624_7).abs() < 1e-12);
        assert!((Likeness::of(&B, &C).unwrap().rho - 0.500_876_424_861_917_6).abs() < 1e-12);
    }

    #[test]
    fn without_memory_p_is_that_of_scipy_and_with_it_larger() {
        // scipy.stats.spearmanr, SciPy 1.17.1, of series whose autocorrelations have opposite signs at each lag that counts.
        let is = |a: &[f64], b: &[f64], rho: f64, p_value: f64| {
            let found = Likeness::of(a, b).unwrap();
            assert!(
                (found.rho - rho).abs() < 1e-12 && (found.p_value / p_value - 1.0).abs() < 1e-9,
                "{found:?}"
            );
        };
        is(
            &[82.0, 29.0, 84.0, 99.0, 92.0, 23.0, 52.0, 5.0, 27.0, 42.0, 4.0, 65.0],
            &[53.0, 24.0, 81.0, 100.0, 105.0, 24.0, 72.0, 44.0, 62.0, 31.0, 31.0, 86.0],
            0.782_460_956_992_091_8,
            0.002_628_007_598_163_902,
        );
        is(
            &[64.0, 48.0, 63.0, 26.0, 11.0, 76.0, 46.0, 13.0, 42.0, 2.0, 88.0, 99.0],
            &[56.0, 43.0, 70.0, 44.0, 50.0, 51.0, 46.0, 20.0, 77.0, 25.0, 82.0, 96.0],
            0.741_258_741_258_741_4,
            0.005_801_150_474_478_245,
        );
        // Of these SciPy has 0.000165, and both rise.
        assert!(Likeness::of(&A, &B).unwrap().p_value > 0.001, "they are worth fewer");
    }

    #[test]
    fn a_series_that_comes_before_another_is_found_with_its_lag() {
        let a: Vec<f64> = (0..40).map(|n| f64::from(n * 17 % 23)).collect();
        let b: Vec<f64> = [0.0, 0.0].into_iter().chain(a.iter().map(|value| value * 3.0)).take(40).collect();
        let found = Likeness::within(&a, &b, 3).unwrap();
        assert!(found.lag == 2 && found.rho > 0.999 && found.p_value < 1e-6, "{found:?}");
    }

    #[test]
    fn too_few_or_constant_values_say_nothing() {
        assert_eq!(Likeness::of(&A[..4], &B[..4]), None);
        assert_eq!(Likeness::of(&[1.0; 12], &B), None);
        let mut gaps = A;
        gaps[3] = f64::NAN;
        assert!(Likeness::of(&gaps, &B).unwrap().rho > 0.8);
    }
}
