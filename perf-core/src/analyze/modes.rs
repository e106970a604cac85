//! Whether times gather around two values: what came from a cache and what did not.
//!
//! The values are laid on a logarithmic scale and smoothed; two peaks with a valley between them that is clearly lower than
//! both are two modes, split at the lowest place of the valley.

/// Places to a power of ten: one is 7.5 % wide.
const PER_DECADE: f64 = 32.0;
/// Fewer values have no shape.
const FEWEST: f64 = 300.0;
/// Each mode holds at least this part of the values.
const LEAST_SHARE: f64 = 0.05;
/// Of the lower peak; what is above it is no valley.
const VALLEY: f64 = 0.4;
/// The slower mode takes at least so many times as long.
const LEAST_RATIO: f64 = 1.8;
/// In standard deviations of counts: how clearly the valley is below the lower peak.
const CLEARLY: f64 = 6.0;

/// Two modes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modes {
    /// The median of the faster ones.
    pub fast: f64,
    /// The median of the slower ones.
    pub slow: f64,
    /// The part of the values that is slower, from 0 to 1.
    pub slow_share: f64,
    /// Between the two.
    pub split: f64,
}

impl Modes {
    /// Of values above zero in order, each with its count. `None` where one mode explains them.
    pub fn of(values: &[(f64, f64)]) -> Option<Self> {
        let total: f64 = values.iter().map(|(_, count)| count).sum();
        if total < FEWEST {
            return None;
        }
        let (lowest, density) = density(values);
        let (low, valley, high) = parted(&density)?;
        let split = 10f64.powf((lowest + valley as f64 + 0.5) / PER_DECADE);
        let slower = values.partition_point(|(value, _)| *value <= split);
        let (fast, slow) = (middle(&values[..slower]), middle(&values[slower..]));
        let slow_share = values[slower..].iter().map(|(_, count)| count).sum::<f64>() / total;
        let is_parted = (LEAST_SHARE..=1.0 - LEAST_SHARE).contains(&slow_share) && slow >= LEAST_RATIO * fast;
        let peak = density[low].min(density[high]);
        let is_clear = peak - density[valley] >= CLEARLY * (peak + density[valley]).sqrt();
        (is_parted && is_clear).then_some(Modes { fast, slow, slow_share, split })
    }
}

/// Counts by place, smoothed over five, and the first place.
fn density(values: &[(f64, f64)]) -> (f64, Vec<f64>) {
    let place = |value: f64| (value.max(1.0).log10() * PER_DECADE).floor();
    let lowest = values.first().map_or(0.0, |(value, _)| place(*value)) - 2.0;
    let highest = values.last().map_or(0.0, |(value, _)| place(*value)) + 2.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // some hundred places at most
    let at = |value: f64| (place(value) - lowest) as usize;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // as above
    let mut counts = vec![0.0; (highest - lowest) as usize + 1];
    values.iter().for_each(|(value, count)| counts[at(*value)] += count);
    let weights = [1.0, 2.0, 3.0, 2.0, 1.0];
    let smooth = |center: usize| {
        let around = (0..5).filter_map(|n| Some(weights[n] * counts.get((center + n).checked_sub(2)?)?));
        around.sum::<f64>() / 9.0
    };
    (lowest, (0..counts.len()).map(smooth).collect())
}

/// The pair of peaks with the deepest valley, as a part of the lower peak: peak, valley, peak.
fn parted(density: &[f64]) -> Option<(usize, usize, usize)> {
    let best = |range: std::ops::Range<usize>| range.max_by(|a, b| density[*a].total_cmp(&density[*b]));
    let around = |valley: usize| {
        let (low, high) = (best(0..valley)?, best(valley + 1..density.len())?);
        let depth = density[valley] / density[low].min(density[high]);
        (depth <= VALLEY).then_some((low, valley, high))
    };
    let lower_peak =
        |(low, valley, high): &(usize, usize, usize)| density[*low].min(density[*high]) - density[*valley];
    let parted = (1..density.len().saturating_sub(1)).filter_map(around);
    parted.max_by(|a, b| lower_peak(a).total_cmp(&lower_peak(b)))
}

fn middle(values: &[(f64, f64)]) -> f64 {
    let half: f64 = values.iter().map(|(_, count)| count).sum::<f64>() / 2.0;
    let mut passed = 0.0;
    let found = values.iter().find(|(_, count)| {
        passed += count;
        passed >= half
    });
    found.map_or(f64::NAN, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At equal distances of the cumulative distribution of log-logistic times.
    fn around(middle: f64, spread: f64, count: u32) -> Vec<(f64, f64)> {
        let at = |n: u32| {
            let p = (f64::from(n) + 0.5) / f64::from(count);
            (middle * (p / (1.0 - p)).powf(spread), 1.0)
        };
        (0..count).map(at).collect()
    }

    fn sorted(parts: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
        let mut all = parts.concat();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    #[test]
    fn hits_and_misses_are_told_apart_with_their_shares() {
        let modes = Modes::of(&sorted(&[around(2e6, 0.05, 800), around(2e7, 0.05, 200)])).unwrap();
        assert!((modes.slow_share - 0.2).abs() < 0.01, "{modes:?}");
        assert!((modes.fast / 2e6 - 1.0).abs() < 0.02 && (modes.slow / 2e7 - 1.0).abs() < 0.02, "{modes:?}");
    }

    #[test]
    fn a_long_tail_is_no_second_mode() {
        assert_eq!(Modes::of(&around(5e6, 0.4, 3000)), None);
        assert_eq!(Modes::of(&around(5e6, 0.02, 3000)), None);
        assert_eq!(Modes::of(&sorted(&[around(5e6, 0.05, 990), around(1e8, 0.05, 10)])), None, "1 %");
        assert_eq!(Modes::of(&sorted(&[around(5e6, 0.05, 80), around(5e7, 0.05, 20)])), None, "too few");
        assert_eq!(Modes::of(&sorted(&[around(5e6, 0.05, 500), around(6e6, 0.05, 500)])), None, "too close");
    }
}
