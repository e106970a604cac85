//! What a metric did over many sessions: steps from level to level, or a creep, whichever tells it in fewer words.
//!
//! A creep can be told as several steps, and a step as a creep. Each is fitted (the medians of the levels, or the line of
//! Theil and Sen), and the one with the smaller Bayesian information criterion under Laplace-distributed deviations is
//! kept: 2n·ln(Σ|r|/n) + p·ln n with p parameters, 2 of a line and 2c + 1 of c steps (Schwarz 1978,
//! doi:10.1214/aos/1176344136).

use super::change_point::{self, ChangePoint};
use super::creep::{self, Creep};
use super::stats::median;

/// Of one metric over sessions or runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    /// In order.
    pub steps: Vec<ChangePoint>,
    /// Over the whole series, or over the newest level when there are steps.
    pub creep: Option<Creep>,
}

impl Trend {
    /// Of centres on the log scale, oldest first; changes up to `tolerance` are left out.
    pub fn of(centres: &[f64], tolerance: f64) -> Self {
        Trend::told(centres, change_point::find(centres, tolerance), |centres| {
            creep::find(centres, tolerance)
        })
    }

    /// The same of the seconds of a run, with a tolerance for steps and one for the whole of a creep, where a series without
    /// either may show one so often.
    pub fn within(seconds: &[f64], step: f64, creep: f64, level: f64) -> Self {
        Trend::told(seconds, change_point::find_at(seconds, step, level), |seconds| {
            creep::find_at(seconds, creep, level)
        })
    }

    fn told(centres: &[f64], steps: Vec<ChangePoint>, find: impl Fn(&[f64]) -> Option<Creep>) -> Self {
        let creep = find(centres);
        match (steps.last(), creep) {
            (Some(_), Some(line)) if is_a_line(centres, &steps, &line) => Trend { steps: Vec::new(), creep },
            (Some(last), _) => {
                let creep = find(&centres[last.first..]);
                Trend { steps, creep }
            }
            (None, creep) => Trend { steps, creep },
        }
    }
}

fn is_a_line(centres: &[f64], steps: &[ChangePoint], line: &Creep) -> bool {
    let finite = |(n, value): (usize, &f64)| value.is_finite().then_some((n, *value));
    let placed: Vec<(usize, f64)> = centres.iter().enumerate().filter_map(finite).collect();
    let level = |place: usize| {
        let last = steps.iter().rev().find(|step| step.first <= place);
        last.map_or(steps[0].before, |step| step.after)
    };
    let from_levels: f64 = placed.iter().map(|(place, value)| (value - level(*place)).abs()).sum();
    let flat = placed.iter().enumerate().map(|(n, (_, value))| value - line.per_step * n as f64);
    let flat: Vec<f64> = flat.collect();
    let start = median(flat.iter().copied()).unwrap_or(0.0);
    let from_line: f64 = flat.iter().map(|value| (value - start).abs()).sum();
    let n = placed.len() as f64;
    let criterion = |sum: f64, parameters: usize| {
        2.0 * n * (sum / n).max(f64::MIN_POSITIVE).ln() + parameters as f64 * n.ln()
    };
    criterion(from_line, 2) < criterion(from_levels, 2 * steps.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize) -> f64 {
        0.01 * ((n * 7 % 11) as f64 - 5.0) / 5.0
    }

    #[test]
    fn a_creep_is_no_stairs() {
        let centres: Vec<f64> = (0..40).map(|n| 0.008 * n as f64 + noise(n)).collect();
        assert!(!change_point::find(&centres, 0.05).is_empty(), "it could be told as steps");
        let trend = Trend::of(&centres, 0.05);
        assert!(trend.steps.is_empty() && trend.creep.is_some(), "{trend:?}");
    }

    #[test]
    fn stairs_are_no_creep() {
        let stairs = |n: usize| 0.05 * (n / 8) as f64;
        let centres: Vec<f64> = (0..40).map(|n| 0.3 * noise(n) + stairs(n)).collect();
        assert!(creep::find(&centres, 0.04).is_some(), "it could be told as a creep");
        let trend = Trend::of(&centres, 0.04);
        assert_eq!(trend.steps.iter().map(|step| step.first).collect::<Vec<_>>(), [8, 16, 24, 32]);
        assert_eq!(trend.creep, None);
    }

    #[test]
    fn a_creep_after_a_step_is_found_too() {
        let risen = |n: usize| if n < 20 { 0.0 } else { 0.5 + 0.006 * (n - 20) as f64 };
        let centres: Vec<f64> = (0..50).map(|n| noise(n) + risen(n)).collect();
        let trend = Trend::of(&centres, 0.05);
        assert!(trend.steps.iter().any(|step| step.first == 20), "{trend:?}");
        assert_eq!(Trend::of(&[], 0.05), Trend::default());
        assert_eq!(Trend::of(&[f64::NAN; 20], 0.05), Trend::default());
    }
}
