//! A histogram of a few lines: stretches of time of one width on a log axis, each with the part of the times in it.

use super::super::bars::bar;
use crate::measure::histogram::Histogram;
use crate::metric::Statistic;
use crate::units::{Latency, Significant};

/// That a line needs.
pub(super) const LEAST_WIDTH: usize = LABEL + PART + 10;
/// `≤ 1.25 ms`
const LABEL: usize = 9;
/// `0.033 %`
const PART: usize = 8;
const LONGEST_BAR: usize = 40;
/// Times that lie closer together have no shape.
const LEAST_RATIO: f64 = 1.02;

/// So many lines, from the shortest time to the longest; none where all are about the same.
pub(super) fn lines(histogram: &Histogram, count: usize, width: usize) -> Vec<String> {
    let extremes = [Statistic::Min, Statistic::Max].map(|statistic| histogram.statistic(statistic));
    let [Some(shortest), Some(longest)] = extremes else { return Vec::new() };
    let shortest = shortest.max(1.0);
    if longest < shortest * LEAST_RATIO {
        return Vec::new();
    }
    let edge = |number: usize| shortest * (longest / shortest).powf((number + 1) as f64 / count as f64);
    let mut edges: Vec<f64> = (0..count).map(edge).collect();
    edges[count - 1] = longest;
    let mut held = vec![0; count];
    for (value, times) in histogram.buckets() {
        held[edges.iter().position(|edge| value as f64 <= *edge).unwrap_or(count - 1)] += times;
    }
    let most = held.iter().copied().max().unwrap_or(0);
    let longest_bar = (width - LABEL - PART - 1).min(LONGEST_BAR);
    let line = |(edge, held): (&f64, &u64)| {
        let bar = bar(*held as f64 / most as f64, longest_bar);
        let part = match held {
            0 => "-".to_owned(),
            held => format!("{} %", Significant(*held as f64 / histogram.count() as f64 * 100.0)),
        };
        let label = format!("≤ {}", Latency(*edge));
        format!("{label:>LABEL$} {bar:<longest_bar$}{part:>PART$}")
    };
    edges.iter().zip(&held).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_of_one_width_on_the_log_axis_and_hold_every_time_once() {
        let histogram = Histogram::of(&[1000, 1010, 5000, 90_000, 1_000_000]);
        assert_eq!(
            lines(&histogram, 3, 40),
            [
                "≤ 10.0 µs ██████████████████████    60 %",
                " ≤ 100 µs ███████▍                  20 %",
                "≤ 1.00 ms ███████▍                  20 %",
            ]
        );
    }

    #[test]
    fn equal_times_have_no_shape() {
        assert!(
            lines(&Histogram::of(&[500; 9]), 8, 40).is_empty()
                && lines(&Histogram::of(&[]), 8, 40).is_empty()
        );
    }
}
