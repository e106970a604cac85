//! What is usual of a handful of numbers, whatever a few of them are.

/// The middle one, or the mean of the two middle ones; `None` without numbers. Numbers that are not finite are left out.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// The median of the distances from the median, in standard deviations of normal values; `None` without numbers.
pub fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values.iter().copied())?;
    Some(median(values.iter().map(|value| (value - middle).abs()))? / 0.674_489_750_196_081_7)
}

/// Where the middle of some numbers is, and how far from it they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// Their median.
    pub middle: f64,
    /// In standard deviations of normal values; above zero.
    pub spread: f64,
}

impl Usual {
    /// Few numbers understate their spread: it is taken for at least so much. `None` without numbers.
    pub fn of(values: &[f64], least_spread: f64) -> Option<Self> {
        let middle = median(values.iter().copied())?;
        Some(Usual { middle, spread: spread(values)?.max(least_spread) })
    }

    /// How many robust standard deviations a number is above the middle.
    pub fn score(&self, value: f64) -> f64 {
        (value - self.middle) / self.spread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_what_is_finite() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, f64::NAN, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([f64::NAN]), None);
    }

    #[test]
    fn the_robust_spread_is_that_of_scipy() {
        // scipy.stats.median_abs_deviation(…, scale="normal"), SciPy 1.17.1.
        let values = [10.0, 12.0, 11.0, 15.0, 14.0, 14.0, 18.0, 17.0, 21.0, 19.0, 25.0, 22.0];
        assert!((spread(&values).unwrap() - 5.189_107_764_769_607).abs() < 1e-12);
        assert_eq!(spread(&[f64::NAN]), None);
    }

    #[test]
    fn a_score_is_a_distance_in_spreads_of_at_least_so_much() {
        let usual = Usual::of(&[1.0, 1.0, 1.0, 9.0], 0.5).unwrap();
        assert!((usual.score(3.0) - 4.0).abs() < 1e-12 && usual.score(1.0).abs() < 1e-12);
        assert_eq!(Usual::of(&[], 0.5), None);
    }
}
