//! A level that does not stay: it still falls, it rises, it steps, or it was another for a while.
//!
//! The median response time of every second, on the log scale. Whether steps or a line tell it in fewer words is
//! `analyze::trend`'s choice.

use super::{Finding, Severity};
use crate::analyze::change_point::ChangePoint;
use crate::analyze::course::Course;
use crate::analyze::creep::Creep;
use crate::analyze::stats::{median, spread};
use crate::analyze::trend::Trend;
use crate::units::Latency;

/// Fewer seconds have no course.
const LEAST_POINTS: usize = 10;
/// In a second with fewer iterations the median is chance.
const LEAST_COMPLETED: f64 = 10.0;
/// Less between two levels makes no difference to anybody.
const STEP: f64 = 0.10;
/// The same of a level that holds for a while only: machines have such moments. With how many robust standard deviations,
/// of at least so much, for how many points, up to what part of all.
const BURST: f64 = 0.3;
const BURST_SCORE: f64 = 6.0;
const LEAST_SPREAD: f64 = 0.03;
const SHORTEST: usize = 3;
const MOST: f64 = 0.4;
/// Over the run.
const TREND: f64 = 0.05;
/// Of each of the two tests. In 20,000 runs of the simulation in `quiet` a trend was seen in 0.04 %, a step in 0.005 %, a
/// warm-up in 0.065 %.
const LEVEL: f64 = 0.0005;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    if !course.is_constant || seconds.len() < LEAST_POINTS || !course.is_dense(LEAST_COMPLETED) {
        return None; // a load of several levels drifts by design
    }
    let logs: Vec<f64> = seconds.p50.iter().map(|p50| p50.ln()).collect();
    if let Some(found) = burst(course, &logs) {
        return Some(found);
    }
    let Trend { steps, creep } = Trend::within(&logs, STEP, TREND, LEVEL);
    let places = seconds.len();
    match (steps.as_slice(), creep) {
        ([], Some(line)) if line.change > 0.0 => Some(rising(course, &line)),
        ([], Some(_)) => Some(warming(course)),
        ([], None) => began_slower(&seconds.p50).then(|| warming(course)),
        ([first, ..], _) if first.change() < 0.0 && first.first <= places / 2 && falls(&steps) => {
            Some(warming(course))
        }
        (steps, _) => {
            steps.iter().max_by(|a, b| size(a).total_cmp(&size(b))).map(|step| stepped(course, step))
        }
    }
}

fn size(step: &ChangePoint) -> f64 {
    (step.after - step.before).abs()
}

fn falls(steps: &[ChangePoint]) -> bool {
    steps.iter().all(|step| step.change() < 0.0)
}

/// Cold caches fall in a curve that is neither a line nor steps: the first two seconds are above everything in the second
/// half, and nothing after them is above the first.
fn began_slower(p50: &[f64]) -> bool {
    let highest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let limit = (1.0 + STEP) * highest(&p50[p50.len() / 2..]);
    p50[0] > limit && p50[1] > limit && p50[0] >= highest(&p50[2..]) && p50[1] >= highest(&p50[3..])
}

fn rising(course: &Course, line: &Creep) -> Finding {
    let per_second = (line.per_step / course.seconds.length).exp_m1();
    let total = line.change;
    Finding {
        kind: "latency_trend",
        severity: Severity::Warning,
        message: format!(
            "response p50 rises all along: {:+.2} % a second, {:+.0} % over the run",
            per_second * 100.0,
            total * 100.0
        ),
        advice: "look for what grows in the target (a queue, a cache, a table, its memory), and run it for longer",
        evidence: vec![("per_second", per_second), ("change", total), ("p_value", line.p_value)],
    }
}

fn warming(course: &Course) -> Finding {
    let p50 = &course.seconds.p50;
    let third = p50.len() / 3;
    let middle = |values: &[f64]| median(values.iter().copied()).unwrap_or(f64::NAN);
    let (first, last) = (middle(&p50[..third.min(3)]), middle(&p50[p50.len() - third..]));
    // Where it comes within a tenth of the end's level to stay there.
    let settled = p50.iter().rposition(|p50| *p50 > 1.1 * last).map_or(0, |place| place + 1);
    let settled_s = settled as f64 * course.seconds.length;
    Finding {
        kind: "still_warming",
        severity: Severity::Info,
        message: format!(
            "the measured part still got faster: response p50 {} at its start, {} in its last third",
            Latency(first),
            Latency(last)
        ),
        advice: "set `warmup` longer, so that what is measured is steady",
        evidence: vec![("first_ns", first), ("last_ns", last), ("settled_s", settled_s)],
    }
}

/// A stretch that is clearly above the median, with the usual level before and after it.
fn burst(course: &Course, logs: &[f64]) -> Option<Finding> {
    let usual = median(logs.iter().copied())?;
    let limit = usual + (BURST_SCORE * spread(logs)?.max(LEAST_SPREAD)).max(BURST.ln_1p());
    let above: Vec<usize> = (0..logs.len()).filter(|place| logs[*place] >= limit).collect();
    let together = above.chunk_by(|a, b| a + 1 == *b);
    let longest = together.max_by_key(|places| places.len())?;
    let (first, last) = (longest[0], longest[longest.len() - 1]);
    let is_while = longest.len() >= SHORTEST && above.len() as f64 <= MOST * logs.len() as f64;
    let (from, to) = (course.seconds.at[first], course.seconds.at[last] + course.seconds.length);
    let (before, during) = (usual.exp(), median(longest.iter().map(|place| logs[*place]))?.exp());
    (is_while && first > 1 && last + 1 < logs.len()).then(|| Finding {
        kind: "latency_burst",
        severity: Severity::Warning,
        message: format!(
            "response p50 was {} instead of {} from {from:.0} s to {to:.0} s",
            Latency(during),
            Latency(before)
        ),
        advice: "look at what target and machine did in that time",
        evidence: vec![("from_s", from), ("to_s", to), ("before_ns", before), ("during_ns", during)],
    })
}

fn stepped(course: &Course, step: &ChangePoint) -> Finding {
    let at = course.seconds.at.get(step.first).copied().unwrap_or(f64::NAN);
    Finding {
        kind: "latency_step",
        severity: Severity::Warning,
        message: format!(
            "response p50 went from {} to {} ({:+.0} %) at {at:.0} s",
            Latency(step.before.exp()),
            Latency(step.after.exp()),
            step.change() * 100.0
        ),
        advice: "look at what changed in the target at that moment: a cache, a plan of the database, a failover, a limit",
        evidence: vec![
            ("at_s", at),
            ("before_ns", step.before.exp()),
            ("after_ns", step.after.exp()),
            ("change", step.change()),
            ("p_value", step.p_value),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::super::quiet::steady;
    use super::*;

    fn kind(change: impl Fn(usize) -> f64) -> Option<&'static str> {
        let mut course = steady(20);
        course.seconds.p50.iter_mut().enumerate().for_each(|(place, p50)| *p50 *= change(place));
        look(&course).map(|found| found.kind)
    }

    #[test]
    fn how_a_level_does_not_stay_has_a_name() {
        assert_eq!(kind(|_| 1.0), None);
        assert_eq!(kind(|place| if place < 10 { 1.0 } else { 1.3 }), Some("latency_step"));
        assert_eq!(kind(|place| if (6..10).contains(&place) { 2.0 } else { 1.0 }), Some("latency_burst"));
        assert_eq!(kind(|place| 1.01_f64.powf(place as f64)), Some("latency_trend"));
        assert_eq!(kind(|place| 1.0 + 2.0 * (-(place as f64) / 3.0).exp()), Some("still_warming"));
        assert_eq!(kind(|place| 0.98_f64.powf(place as f64)), Some("still_warming"));
    }

    #[test]
    fn what_is_small_or_meant_is_none() {
        assert_eq!(kind(|place| if place < 10 { 1.0 } else { 1.06 }), None, "a step of 6 %");
        assert_eq!(kind(|place| 1.001_f64.powf(place as f64)), None, "2 % over the run");
        assert_eq!(kind(|place| if place == 7 { 5.0 } else { 1.0 }), None, "one second");
        let mut ramp = Course { is_constant: false, ..steady(20) };
        ramp.seconds.p50[..10].fill(5e6);
        assert_eq!(look(&ramp), None);
    }
}
