//! Single seconds that are unlike all others.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::drive::anomaly::{LEAST_COMPLETED, LEAST_POINTS, LEAST_SPREAD, SCORE, TIMES};
use crate::robust::{Usual, median};
use crate::units::Latency;

// With `SCORE` it was seen in 0.015 % of the 20,000 runs of the simulation in `quiet`.
/// The mean of a second, by this factor.
const TIMES_MEAN: f64 = 4.0;
/// In nanoseconds, more in the mean: a freeze of 200 ms; machines hiccup for less.
const EXCESS: f64 = 20e6;
/// An hour has longer hiccups than a minute by chance alone: so much more for each e-fold.
const LONGER: f64 = 0.3;
const MINUTE: f64 = 60.0;
/// More than this part of the seconds are no exception.
const MOST: f64 = 0.2;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.points;
    let is_enough = seconds.len() >= LEAST_POINTS && course.is_dense(LEAST_COMPLETED);
    if !course.is_constant || !is_enough {
        return None;
    }
    let scores = scores(&seconds.mean)?;
    let usual = median(seconds.mean.iter().copied())?;
    let excess = EXCESS * (1.0 + LONGER * (seconds.len() as f64 / MINUTE).ln().max(0.0));
    let is_frozen = |place: usize| seconds.mean[place] >= (TIMES_MEAN * usual).max(usual + excess);
    let of_medians = self::scores(&seconds.p50)?;
    let usual_p50 = median(seconds.p50.iter().copied())?;
    let is_slow = |place: usize| of_medians[place] >= SCORE && seconds.p50[place] >= TIMES * usual_p50;
    let is_unusual = |place: &usize| scores[*place] >= SCORE && is_frozen(*place) || is_slow(*place);
    let unusual: Vec<usize> = (0..seconds.len()).filter(is_unusual).collect();
    let worst = *unusual.iter().max_by(|a, b| seconds.mean[**a].total_cmp(&seconds.mean[**b]))?;
    let (at, mean) = (seconds.at[worst], seconds.mean[worst]);
    ((unusual.len() as f64) <= MOST * seconds.len() as f64).then(|| Finding {
        kind: "unusual_seconds",
        severity: Severity::Info,
        message: format!(
            "{} of {} {} are unlike the others, the worst at {at:.0} s: mean response {} instead of {}",
            unusual.len(),
            seconds.len(),
            seconds.unit(),
            Latency(mean),
            Latency(usual)
        ),
        advice: "look at what target and machine did then; where it comes back, run it for longer",
        evidence: vec![
            ("count", unusual.len() as f64),
            ("point_s", seconds.length),
            ("worst_at_s", at),
            ("mean_ns", mean),
            ("usual_ns", usual),
            ("score", scores[worst]),
        ],
    })
}

/// How many robust standard deviations each is above the median, on the log scale.
fn scores(values: &[f64]) -> Option<Vec<f64>> {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let usual = Usual::of(&logs, LEAST_SPREAD)?;
    Some(logs.into_iter().map(|log| usual.score(log)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::quiet::steady;
    use super::*;

    #[test]
    fn one_frozen_second_of_an_hour_is_unusual_too_and_what_a_point_is_is_said() {
        let mut course = steady(3600);
        course.seconds = course.points.coarsened();
        course.points.mean[2000] = 500e6;
        let found = look(&course).unwrap();
        assert!(
            found.message.contains("1 of 3600 seconds") && found.message.contains("at 2000 s"),
            "{found}"
        );
        course.points.length = 8.0;
        let found = look(&course).unwrap();
        assert!(found.message.contains("1 of 3600 stretches of 8 s are"), "{found}");
    }

    #[test]
    fn one_frozen_second_is_unusual_and_a_hiccup_is_not() {
        let mut course = steady(20);
        course.points.mean[7] = 100e6;
        let found = look(&course).unwrap();
        assert!(found.message.contains("1 of 20 seconds") && found.message.contains("at 7 s"), "{found}");
        course.points.mean[7] = 25e6;
        assert_eq!(look(&course), None);
        course.points.p50[3] = 40e6;
        assert!(look(&course).is_some());
        (0..10).for_each(|place| course.points.p50[place] = 40e6);
        assert_eq!(look(&course), None, "half of the time is no exception");
    }
}
