//! How much a value has of the one before it: runs that follow each other share a state of the machine.

/// The first-order autocorrelation of what is left when a fit of so many parameters was taken off, from 0 to 0.9.
///
/// What a fit leaves is less correlated than what it was fitted to. With a mean taken off it is so by (1 + 3φ)/n of n values
/// to first order (Kendall 1954, Biometrika 41:403; Marriott and Pope 1954, Biometrika 41:390); for p parameters it is taken
/// to be (p + (p + 2)φ)/n, and that much is put back. A negative one counts as none: it would make tests surer of
/// themselves.
pub fn first_order(residuals: &[f64], parameters: usize) -> f64 {
    let (n, p) = (residuals.len() as f64, parameters as f64);
    let squares: f64 = residuals.iter().map(|value| value * value).sum();
    if n <= p + 2.0 || squares <= 0.0 {
        return 0.0;
    }
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    ((n * products / squares + p) / (n - p - 2.0)).clamp(0.0, 0.9)
}

/// The autocorrelations of values around zero at lags from 1 to `most`, each of all squares; zero where there are none.
pub fn at_lags(residuals: &[f64], most: usize) -> Vec<f64> {
    let squares: f64 = residuals.iter().map(|value| value * value).sum();
    let products =
        |lag: usize| residuals.iter().zip(residuals.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>();
    (1..=most).map(|lag| if squares > 0.0 { products(lag) / squares } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_those_of_numpy() {
        // (x[:-k]*x[k:]).sum()/(x*x).sum() of the series less its mean, NumPy 2.4.6.
        let series: [f64; 12] = [3.1, 2.7, 4.4, 5.0, 4.9, 6.3, 5.8, 7.1, 6.6, 8.2, 7.7, 9.0];
        let middle = series.iter().sum::<f64>() / 12.0;
        let found = at_lags(&series.map(|value| value - middle), 3);
        let expected = [0.651_722_510_618_216, 0.469_089_193_015_573_34, 0.197_970_740_915_525_73];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(at_lags(&[0.0; 4], 2), [0.0, 0.0]);
    }

    #[test]
    fn what_stays_on_one_side_is_correlated() {
        let slow: Vec<f64> = (0..40).map(|n| if n < 20 { 1.0 } else { -1.0 }).collect();
        assert!((first_order(&slow, 2) - 0.9).abs() < 1e-12);
        let quick: Vec<f64> = (0..40).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(first_order(&quick, 2).abs() < 1e-12);
        assert!(first_order(&[0.0; 9], 2).abs() < 1e-12 && first_order(&[1.0, -1.0], 2).abs() < 1e-12);
    }

    #[test]
    fn what_the_fit_took_is_put_back() {
        // Ten values, squares of 10: (products + 2)/(10 − 4).
        let residuals = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0, 1.0];
        let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert!((first_order(&residuals, 2) - (products + 2.0) / 6.0).abs() < 1e-12);
    }
}
