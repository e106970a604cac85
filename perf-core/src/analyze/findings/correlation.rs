//! Latency that goes with a resource of client or target.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::ranks::Likeness;
use crate::analyze::stats::median;

const LEAST_POINTS: usize = 12;
const LEAST_COMPLETED: f64 = 10.0;
/// A resource may come so many seconds before what it does.
const MOST_LAG: usize = 3;
const ALIKE: f64 = 0.7;
/// What varies less explains nothing; between the tenth and the ninetieth of a hundred.
const VARIES: f64 = 0.2;
/// Of all resources and lags together (simulation in `quiet`: none in 20,000 runs).
const LEVEL: f64 = 0.0005;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    let is_enough = seconds.len() >= LEAST_POINTS && course.is_dense(LEAST_COMPLETED);
    if !course.is_constant || !is_enough || !varies(&seconds.p50) {
        return None; // with a load that changes everything goes with everything
    }
    let tried = seconds.resources.iter().filter(|resource| varies(&resource.values));
    let alike = tried.clone().filter_map(|resource| {
        let likeness = Likeness::within(&resource.values, &seconds.p50, MOST_LAG)?;
        Some((resource, likeness))
    });
    let (resource, likeness) = alike.min_by(|a, b| a.1.p_value.total_cmp(&b.1.p_value))?;
    let p_value = (likeness.p_value * seconds.resources.len() as f64).min(1.0);
    let later = match likeness.lag {
        0 => String::new(),
        lag => format!(", {:.0} s later", lag as f64 * seconds.length),
    };
    let direction = if likeness.rho > 0.0 { "with" } else { "against" };
    (likeness.rho.abs() >= ALIKE && p_value <= LEVEL).then(|| Finding {
        kind: "latency_follows_resource",
        severity: Severity::Info,
        message: format!(
            "response p50 goes {direction} {}{later} (Spearman's ρ {:.2}, p {p_value:.0e})",
            resource.name, likeness.rho
        ),
        advice: "look at what drives that resource; alike is not yet caused",
        evidence: vec![
            ("rho", likeness.rho),
            ("lag_s", likeness.lag as f64 * seconds.length),
            ("p_value", p_value),
        ],
    })
}

fn varies(values: &[f64]) -> bool {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(middle) = median(sorted.iter().copied()) else { return false };
    let tenth = sorted.len() / 10;
    sorted[sorted.len() - 1 - tenth] - sorted[tenth] > VARIES * middle.abs().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::super::quiet::{steady, with};
    use super::*;

    /// Goes up and down without a pattern.
    fn swing(place: usize) -> f64 {
        1.0 + 0.5 * ((place * 37 % 29) as f64 / 29.0)
    }

    #[test]
    fn what_latency_follows_is_named_with_its_lag() {
        let mut course = with(steady(40), "steal", |place| 0.1 * swing(place));
        course = with(course, "target_cpu", |place| 1.0 + 0.5 * ((place * 11 % 23) as f64 / 23.0));
        (2..40).for_each(|place| course.seconds.p50[place] = 10e6 * swing(place - 2));
        let found = look(&course).unwrap();
        assert!(found.message.contains("steal, 2 s later"), "{found}");
        course.is_constant = false;
        assert_eq!(look(&course), None, "with a load that changes everything goes with everything");
    }

    #[test]
    fn steady_latency_follows_nothing() {
        assert_eq!(look(&with(steady(40), "steal", swing)), None);
    }
}
