//! Which limits of a test that runs cannot be kept any more, however it goes on.
//!
//! Arithmetic on what was counted so far; a limit that is not told here may still be missed.

use crate::measure::histogram::Histogram;
use crate::measure::tally::{Tally, Times};
use crate::metric::{Metric, Quantile, Statistic, Timed};
use crate::plan::Plan;
use crate::plan::threshold::{Operator, Threshold, show_value};
use std::time::Duration;

/// What is known of the measured part of a test that runs.
#[derive(Clone, Copy)]
pub(super) struct SoFar<'a> {
    pub(super) tally: &'a Tally,
    /// How many iterations the whole plan offers at most.
    pub(super) scheduled: Option<u64>,
    /// How long measuring takes.
    pub(super) length: Option<Duration>,
}

/// A limit that cannot be kept any more.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lost {
    /// Of the metric: the best that can still come of it, or the value so far.
    pub(super) actual: Option<f64>,
    /// The numbers, for people.
    pub(super) why: String,
}

/// Limits that could still be kept when they were looked at last.
pub(super) struct Outlook(Vec<Threshold>);

impl Outlook {
    /// Of none where nobody wants to be told.
    pub(super) fn of(plan: &Plan) -> Self {
        Outlook(plan.thresholds.iter().filter(|_| plan.conditions.is_lost_told).cloned().collect())
    }

    /// Those that were lost since the last look; each once.
    pub(super) fn look(&mut self, so_far: &SoFar<'_>) -> Vec<(Threshold, Lost)> {
        let mut found = Vec::new();
        self.0.retain(|threshold| match lost(threshold, so_far) {
            Some(lost) => {
                found.push((threshold.clone(), lost));
                false
            }
            None => true,
        });
        found
    }
}

/// Whether no continuation keeps the limit.
fn lost(threshold: &Threshold, so_far: &SoFar<'_>) -> Option<Lost> {
    let SoFar { tally, scheduled, length } = *so_far;
    let (errors, dropped) = (tally.counts.errors(), tally.counts.dropped());
    match &threshold.metric {
        Metric::ErrorCount => at_least(threshold, errors as f64, &format!("{errors} errors so far")),
        Metric::Dropped => at_least(threshold, dropped as f64, &format!("{dropped} arrivals so far")),
        Metric::Errors => {
            let scheduled = scheduled.filter(|scheduled| *scheduled > 0)?;
            let best = errors as f64 / scheduled as f64;
            let shown = show_value(best, threshold.metric.unit());
            at_least(
                threshold,
                best,
                &format!("{errors} errors so far are {shown} of all {scheduled} already"),
            )
        }
        Metric::Throughput => {
            let left = scheduled?.saturating_sub(errors);
            let best = left as f64 / length.filter(|length| !length.is_zero())?.as_secs_f64();
            let shown = show_value(best, threshold.metric.unit());
            at_most(threshold, best, &format!("{errors} errors so far leave {shown} at best"))
        }
        Metric::Time(timed, Statistic::Max) => {
            let parts = parts(tally, timed)?.into_iter();
            let worst = parts.filter_map(|part| part.statistic(Statistic::Max)).reduce(f64::max)?;
            let shown = show_value(worst, threshold.metric.unit());
            at_least(threshold, worst, &format!("{shown} so far"))
        }
        Metric::Time(timed, Statistic::Median) => {
            of_quantile(threshold, Quantile::MEDIAN, &parts(tally, timed)?, scheduled?, dropped)
        }
        Metric::Time(timed, Statistic::Percentile(quantile)) => {
            of_quantile(threshold, *quantile, &parts(tally, timed)?, scheduled?, dropped)
        }
        _ => None,
    }
}

/// Of a metric that only grows.
fn at_least(threshold: &Threshold, least: f64, why: &str) -> Option<Lost> {
    let is_above = match threshold.operator {
        Operator::Less | Operator::AtMost => true,
        Operator::Equal => least > threshold.limit,
        Operator::Greater | Operator::AtLeast => false,
    };
    let is_lost = is_above && !threshold.holds(least);
    is_lost.then(|| Lost { actual: Some(least), why: why.to_owned() })
}

/// Of a metric whose best value only shrinks.
fn at_most(threshold: &Threshold, most: f64, why: &str) -> Option<Lost> {
    let is_below = match threshold.operator {
        Operator::Greater | Operator::AtLeast => true,
        Operator::Equal => most < threshold.limit,
        Operator::Less | Operator::AtMost => false,
    };
    let is_lost = is_below && !threshold.holds(most);
    is_lost.then(|| Lost { actual: Some(most), why: why.to_owned() })
}

/// The times of every iteration that came to an end; `None` of those whose number nobody knows beforehand.
fn parts<'a>(tally: &'a Tally, timed: &Timed) -> Option<Vec<&'a Histogram>> {
    let time: fn(&Times) -> Option<&Histogram> = match timed {
        Timed::Response => Times::response,
        Timed::Service => Times::service,
        Timed::Lag => Times::lag,
        Timed::Step(_) | Timed::Tagged(..) => return None,
    };
    Some([&tally.succeeded, &tally.failed, &tally.interrupted].into_iter().filter_map(time).collect())
}

/// A percentile is broken once more times lie beyond its limit than its rank leaves above it. Every further iteration
/// leaves that many or one more, so the bound of the longest continuation is the one to hold it against.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between nothing and a count
fn of_quantile(
    threshold: &Threshold,
    quantile: Quantile,
    parts: &[&Histogram],
    scheduled: u64,
    dropped: u64,
) -> Option<Lost> {
    if !matches!(threshold.operator, Operator::Less | Operator::AtMost) {
        return None;
    }
    let is_beyond = |(value, _): &(u64, u64)| !threshold.holds(*value as f64);
    let of_part = |part: &&Histogram| part.buckets().filter(is_beyond).map(|(_, count)| count).sum::<u64>();
    let beyond: u64 = parts.iter().map(of_part).sum();
    let most = scheduled.saturating_sub(dropped);
    // As the histogram takes the value of a quantile.
    let rank = ((quantile.get() * most as f64).ceil() as u64).max(1);
    let spare = most.saturating_sub(rank);
    (beyond > spare).then(|| {
        let mut whole = Histogram::default();
        parts.iter().for_each(|part| whole.merge(part));
        let why = format!("{beyond} of all {most} iterations are beyond it already, and {spare} may be");
        Lost { actual: whole.statistic(Statistic::Percentile(quantile)), why }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::sample::{Drop, Ending, Sample};
    use crate::measure::tally::Words;
    use crate::outcome::Failure;
    use proptest::prelude::*;

    /// How an iteration went: dropped, or how many milliseconds it took and whether it succeeded.
    type Went = Option<(u64, bool)>;

    fn tally(all: &[Went]) -> Tally {
        let (mut tally, words) = (Tally::default(), Words::default());
        for went in all {
            let Some((ms, is_good)) = *went else {
                tally.drop_arrivals(Drop::MaxInFlight, 1, 0, &words);
                continue;
            };
            tally.counts.start();
            let failure = Failure::new(crate::error::Category::Other, "a fault");
            let ending = if is_good { Ending::Succeeded } else { Ending::Failed(failure) };
            tally.record(&Sample::example(ms * 1_000_000, ending), 0, &words);
        }
        tally
    }

    const LENGTH: Duration = Duration::from_secs(10);

    fn look(text: &str, all: &[Went], scheduled: Option<u64>) -> Option<Lost> {
        let tally = tally(all);
        lost(&text.parse().unwrap(), &SoFar { tally: &tally, scheduled, length: Some(LENGTH) })
    }

    /// As the judge would say it of the whole.
    fn value(threshold: &Threshold, tally: &Tally) -> Option<f64> {
        let counts = tally.counts;
        match &threshold.metric {
            Metric::ErrorCount => Some(counts.errors() as f64),
            Metric::Dropped => Some(counts.dropped() as f64),
            Metric::Errors => Some(counts.errors() as f64 / counts.planned as f64),
            Metric::Throughput => Some(counts.succeeded as f64 / LENGTH.as_secs_f64()),
            Metric::Time(timed, statistic) => {
                let mut whole = Histogram::default();
                parts(tally, timed).unwrap().into_iter().for_each(|part| whole.merge(part));
                whole.statistic(*statistic)
            }
            _ => None,
        }
    }

    const GOOD: Went = Some((1, true));
    const BAD: Went = Some((1, false));
    const SLOW: Went = Some((100, true));

    #[test]
    fn a_limit_is_lost_as_soon_as_what_is_left_cannot_save_it_and_no_sooner() {
        let of = |went: Went, count| vec![went; count];
        for (text, went, enough) in [
            ("error_count < 5", BAD, 5),
            ("error_count <= 5", BAD, 6),
            ("error_count == 0", BAD, 1),
            ("dropped < 3", None, 3),
            ("errors < 1%", BAD, 10),
            ("errors <= 1%", BAD, 11),
            ("errors == 0", BAD, 1),
            ("throughput >= 99/s", BAD, 11),
            ("p99 < 50ms", SLOW, 11),
            ("median < 50ms", SLOW, 501),
            ("service.p90 <= 50ms", SLOW, 101),
            ("max < 50ms", SLOW, 1),
        ] {
            assert_eq!(look(text, &of(went, enough - 1), Some(1000)), None, "{text}");
            assert!(look(text, &of(went, enough), Some(1000)).is_some(), "{text}");
        }
    }

    #[test]
    fn it_is_told_with_its_numbers() {
        let slow = look("p99 < 50ms", &[SLOW; 11], Some(1000)).unwrap();
        assert_eq!(slow.why, "11 of all 1000 iterations are beyond it already, and 10 may be");
        assert!((slow.actual.unwrap() / 100e6 - 1.0).abs() < 0.001);
        let failed = look("errors < 1%", &[BAD; 12], Some(1000)).unwrap();
        assert_eq!(failed.why, "12 errors so far are 1.20 % of all 1000 already");
        assert_eq!(failed.actual, Some(0.012));
    }

    #[test]
    fn nothing_is_lost_whose_end_nobody_knows() {
        for text in ["errors < 1%", "p99 < 50ms", "throughput > 1/s"] {
            assert_eq!(look(text, &[Some((100, false)); 50], None), None, "{text}");
        }
        for text in ["checks > 50%", "p99{step=a} < 1ms", "p99 > 50ms", "min < 1ms", "mean < 1ms"] {
            assert_eq!(look(text, &[Some((100, false)); 50], Some(50)), None, "{text}");
        }
    }

    #[test]
    fn each_is_told_once() {
        let (few, tally) = (tally(&[BAD; 4]), tally(&[BAD; 20]));
        let mut outlook =
            Outlook(["error_count < 5", "errors < 1%"].map(|text| text.parse().unwrap()).into());
        let mut look = |tally| outlook.look(&SoFar { tally, scheduled: Some(1000), length: None }).len();
        assert_eq!([look(&few), look(&tally), look(&tally)], [0, 2, 0]);
    }

    proptest! {
        #[test]
        fn of_a_limit_that_is_lost_no_continuation_keeps_it(
            now in prop::collection::vec(prop::option::weighted(0.9, (1u64..100, any::<bool>())), 0..60),
            rest in prop::collection::vec(prop::option::weighted(0.9, (1u64..100, any::<bool>())), 0..60),
            good in 0usize..60,
            cut in 0usize..60,
            limit in 1u64..100,
            percentile in 1u64..100,
        ) {
            // Some that go as they like, then as many as there are left, and all is well.
            let all: Vec<Went> = now.iter().chain(&rest).copied().chain(vec![GOOD; good]).collect();
            let scheduled = Some((all.len() + cut.min(10)) as u64);
            let whole = tally(&all);
            for text in [
                format!("p{percentile} < {limit}ms"),
                format!("p{percentile} <= {limit}ms"),
                format!("lag.p{percentile} < {limit}ms"),
                format!("median < {limit}ms"),
                format!("max <= {limit}ms"),
                format!("errors < {percentile}%"),
                format!("errors == {percentile}%"),
                format!("error_count <= {limit}"),
                format!("error_count == {limit}"),
                format!("dropped < {limit}"),
                format!("throughput > {limit}/s"),
                format!("throughput == {limit}/s"),
            ] {
                let threshold: Threshold = text.parse().unwrap();
                if look(&text, &now, scheduled).is_some() {
                    let kept = value(&threshold, &whole).is_some_and(|value| threshold.holds(value));
                    prop_assert!(!kept, "{}", text);
                }
            }
        }
    }
}
