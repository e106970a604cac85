//! Statistics of a handful of numbers. The only file that names statrs.

pub use crate::robust::{median, spread};
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};
use statrs::function::erf::erfc;

/// The arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sum of the squared deviations from the mean; zero for fewer than two values.
pub fn squared_deviations(values: &[f64]) -> f64 {
    let mean = mean(values).unwrap_or(0.0);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// The probability that a standard normal value exceeds `z`.
pub fn normal_survival(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// The probability of so many hits or more in so many trials, each with this probability; one where that is none.
pub fn binomial_at_least(hits: u64, trials: u64, probability: f64) -> f64 {
    match (hits.checked_sub(1), Binomial::new(probability, trials)) {
        (Some(fewer), Ok(binomial)) => binomial.sf(fewer),
        _ => 1.0,
    }
}

/// Student's t distribution.
#[derive(Clone, Copy, Debug)]
pub struct StudentT(StudentsT);

impl StudentT {
    /// With so many degrees of freedom, above zero; `None` otherwise.
    pub fn with_freedom(degrees: f64) -> Option<Self> {
        StudentsT::new(0.0, 1.0, degrees).ok().map(StudentT)
    }

    /// The value that is not exceeded with this probability, between 0 and 1.
    pub fn quantile(&self, probability: f64) -> f64 {
        self.0.inverse_cdf(probability)
    }

    /// The probability of exceeding `value`.
    pub fn survival(&self, value: f64) -> f64 {
        self.0.sf(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_from_the_mean() {
        assert!((squared_deviations(&[1.0, 2.0, 6.0]) - 14.0).abs() < 1e-12);
        assert!(squared_deviations(&[7.0]).abs() < 1e-12 && squared_deviations(&[]).abs() < 1e-12);
    }

    #[test]
    fn binomial_tails_are_those_of_scipy() {
        // scipy.stats.binom.sf(k - 1, n, p), SciPy 1.17.1.
        for (successes, trials, probability, scipy) in [
            (10, 20, 0.1, 7.150_904_021_083_786e-6),
            (19, 20, 0.06, 1.149_252_469_659_794_5e-22),
            (1, 20, 0.02, 0.332_392_028_244_905_5),
        ] {
            let found = binomial_at_least(successes, trials, probability);
            assert!((found / scipy - 1.0_f64).abs() < 1e-9, "{successes} of {trials}: {found}");
        }
        assert!((binomial_at_least(0, 20, 0.1) - 1.0).abs() < 1e-12);
        assert!((binomial_at_least(3, 20, f64::NAN) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn normal_tails_are_those_of_the_tables() {
        for (z, table) in [(0.0, 0.5), (1.644_854, 0.05), (-1.959_964, 0.975), (3.090_232, 0.001)] {
            assert!((normal_survival(z) - table).abs() < 1e-6, "{z}: {}", normal_survival(z));
        }
    }

    #[test]
    fn t_quantiles_are_those_of_the_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
        for (degrees, probability, table) in
            [(10.0, 0.95, 1.812), (10.0, 0.99, 2.764), (14.0, 0.975, 2.145), (30.0, 0.999, 3.385)]
        {
            let t = StudentT::with_freedom(degrees).unwrap();
            assert!(
                (t.quantile(probability) - table).abs() < 0.0006,
                "{degrees} {probability}: {}",
                t.quantile(probability)
            );
            assert!((t.survival(t.quantile(probability)) - (1.0 - probability)).abs() < 1e-6);
        }
    }
}
