//! How throughput, p99 and errors went over the measured time: a line of columns each, with its range in words.

use super::super::bars::column;
use super::super::terminal::{BAD, BOLD, PLAIN};
use crate::analyze::Session;
use crate::measure::sparse::SparseHistogram;
use crate::measure::timeline::{Point, Timeline};
use crate::metric::Quantile;
use crate::metric::Unit;
use crate::plan::threshold::show_value;
use crate::units::Significant;
use anstyle::Style;
use std::io::{self, Write};
use std::time::Duration;

/// With fewer there is nothing to see.
const LEAST_STRETCHES: usize = 3;
/// Signs for one stretch of a short test.
const WIDEST: usize = 4;
const NAME: usize = 12;
/// `410 µs–1.66 ms`, and a gap.
const RANGE: usize = 20;

/// Some points of the timeline, taken together.
#[derive(Default)]
struct Stretch {
    seconds: f64,
    succeeded: u64,
    errors: u64,
    response: SparseHistogram,
}

impl Stretch {
    fn add(&mut self, seconds: f64, point: &Point) {
        self.seconds += seconds;
        self.succeeded += point.counts.succeeded;
        self.errors += point.counts.errors();
        self.response.merge(&point.response);
    }

    fn per_second(&self, count: u64) -> Option<f64> {
        (self.seconds > 0.0).then(|| count as f64 / self.seconds)
    }
}

/// Writes the lines, where the test was long enough for them.
pub(super) fn write(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let recording = &session.recording;
    let room = width.saturating_sub(2 + NAME + RANGE);
    let stretches = stretches(&recording.timeline, recording.measured_for, room);
    if stretches.len() < LEAST_STRETCHES {
        return Ok(());
    }
    let each = (room / stretches.len()).clamp(1, WIDEST);
    axis(recording.measured_for, each * stretches.len(), out)?;
    let p99 = |stretch: &Stretch| Quantile::percent(99.0).and_then(|p99| stretch.response.quantile(p99));
    let mut row = |name, style: Style, value: &dyn Fn(&Stretch) -> Option<f64>, unit| {
        let values: Vec<Option<f64>> = stretches.iter().map(value).collect();
        writeln!(out, "  {name:<NAME$}{style}{}{style:#}  {}", drawn(&values, each), range(&values, unit))
    };
    row("throughput", PLAIN, &|stretch| stretch.per_second(stretch.succeeded), Unit::PerSecond)?;
    if !session.summary.response.is_empty() {
        row("p99", PLAIN, &p99, Unit::Time)?;
    }
    match session.summary.counts.errors() {
        0 => Ok(()),
        _ => row("errors", BAD, &|stretch| stretch.per_second(stretch.errors), Unit::PerSecond),
    }
}

/// Where the columns begin and end.
fn axis(measured_for: Duration, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let end = format!("{} s", Significant(measured_for.as_secs_f64()));
    let start = "0 s";
    let between = width.saturating_sub(start.len());
    writeln!(out, "\n  {BOLD}{:<NAME$}{BOLD:#}{start}{end:>between$}", "over time")
}

/// At most so many, of equal length but for the last. What finished after the measured time is in none of them.
fn stretches(timeline: &Timeline, measured_for: Duration, most: usize) -> Vec<Stretch> {
    let interval = timeline.interval as f64 / 1e9;
    let lengths = timeline.points.iter().enumerate().map(|(number, point)| {
        let left = measured_for.as_secs_f64() - number as f64 * interval;
        (left.min(interval), point)
    });
    let points: Vec<(f64, &Point)> = lengths.filter(|(seconds, _)| *seconds > 0.0).collect();
    let each = points.len().div_ceil(most.max(1)).max(1);
    let mut stretches: Vec<Stretch> = Vec::new();
    for (number, points) in points.chunks(each).enumerate() {
        let seconds: f64 = points.iter().map(|(seconds, _)| seconds).sum();
        // What is left over is no stretch of its own: a few milliseconds make a wild rate.
        let is_remnant = number > 0 && seconds < each as f64 * interval / 2.0;
        if !is_remnant {
            stretches.push(Stretch::default());
        }
        if let Some(stretch) = stretches.last_mut() {
            points.iter().for_each(|(seconds, point)| stretch.add(*seconds, point));
        }
    }
    stretches
}

/// From zero to the highest, so that noise is no mountain; of nothing there is nothing to see.
fn drawn(values: &[Option<f64>], each: usize) -> String {
    let top = values.iter().flatten().copied().fold(0.0, f64::max);
    let sign = |value: &Option<f64>| match value {
        Some(value) if *value > 0.0 => column(value / top),
        _ => ' ',
    };
    values.iter().flat_map(|value| std::iter::repeat_n(sign(value), each)).collect()
}

/// `198–202/s`.
fn range(values: &[Option<f64>], unit: Unit) -> String {
    let low = values.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return "-".to_owned();
    }
    let (low, high) = (show_value(low, unit), show_value(high, unit));
    let number = |text: &str| text.find(['/', ' ']).unwrap_or(text.len());
    let (number_of_low, unit_of_low) = low.split_at(number(&low));
    match low == high {
        true => high,
        false if unit_of_low == &high[number(&high)..] => format!("{number_of_low}–{high}"),
        false => format!("{low}–{high}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::sample::Counts;

    fn timeline(seconds: u64) -> Timeline {
        let mut timeline = Timeline::new(1_000_000_000);
        let counts = Counts { planned: 100, started: 100, succeeded: 100, ..Counts::default() };
        let point = Point { counts, ..Point::default() };
        timeline.points = vec![point; usize::try_from(seconds).unwrap()];
        timeline
    }

    #[test]
    fn stretches_hold_every_measured_point_once_and_no_remnant_is_a_stretch() {
        for (points, measured_ms, most, lengths) in [
            (10, 10_000, 40, vec![1.0; 10]),
            (11, 10_004, 40, [vec![1.0; 9], vec![1.004]].concat()),
            (11, 10_000, 40, vec![1.0; 10]), // the last one is the drain
            (3, 2_600, 40, vec![1.0, 1.0, 0.6]),
            (90, 90_000, 40, vec![3.0; 30]),
            (91, 91_000, 40, [vec![3.0; 29], vec![4.0]].concat()),
        ] {
            let found = stretches(&timeline(points), Duration::from_millis(measured_ms), most);
            let told: Vec<f64> = found.iter().map(|s| (s.seconds * 1e3).round() / 1e3).collect();
            assert_eq!(told, lengths, "{points} points, {measured_ms} ms");
        }
    }

    #[test]
    fn a_range_says_its_unit_once_where_it_can() {
        let told = |values: &[f64], unit| range(&values.iter().copied().map(Some).collect::<Vec<_>>(), unit);
        assert_eq!(told(&[198.0, 202.0], Unit::PerSecond), "198–202/s");
        assert_eq!(told(&[4.1e5, 5.5e5], Unit::Time), "410–550 µs");
        assert_eq!(told(&[4.1e5, 1.66e6], Unit::Time), "410 µs–1.66 ms");
        assert_eq!(
            (told(&[200.0; 3], Unit::PerSecond).as_str(), range(&[None], Unit::Time).as_str()),
            ("200/s", "-")
        );
    }

    #[test]
    fn noise_is_no_mountain_and_nothing_is_not_little() {
        assert_eq!(drawn(&[Some(98.0), Some(100.0), None, Some(0.0), Some(1.0)], 2), "▇▇▇▇    ▁▁");
    }
}
