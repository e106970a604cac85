//! Turns a timeline and what was sampled beside it into series that line up, one value for each point of measured time.
//!
//! Only whole points count: not the drain, not the last one where it is cut, and none in which the schedule stood still.

use crate::measure::Recording;
use crate::measure::timeline::{Level, Point};
use crate::metric::{Quantile, Statistic};
use crate::plan::nanos;
use crate::units::Significant;

/// Longer runs are looked at in coarser steps: all pairs of points are compared.
const MOST: usize = 600;

/// Series of equal length. What is unknown is not a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seconds {
    /// Of a point, in seconds.
    pub length: f64,
    /// The start of each point, in seconds of measured time.
    pub at: Vec<f64>,
    /// Arrivals that fell due, or iterations that were claimed.
    pub planned: Vec<f64>,
    /// Iterations that ran to an end.
    pub completed: Vec<f64>,
    /// Iterations that failed, timed out or were dropped.
    pub errors: Vec<f64>,
    /// Arrivals that could not start.
    pub dropped: Vec<f64>,
    /// Iterations that were running at the end of the point.
    pub in_flight: Vec<f64>,
    /// The median response time, in nanoseconds.
    pub p50: Vec<f64>,
    /// The mean response time, in nanoseconds.
    pub mean: Vec<f64>,
    /// How late the generator started the latest one that came to an end, in nanoseconds.
    pub late: Vec<f64>,
    /// Responses that took longer than the whole run's p99.
    pub beyond: Vec<f64>,
    /// What was sampled of client and target.
    pub resources: Vec<Resource>,
}

/// One sampled quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// As `report.json` calls it: `target_memory_bytes`.
    pub name: &'static str,
    /// One for each point.
    pub values: Vec<f64>,
}

impl Seconds {
    /// Of a recording, and its p99.
    pub fn of(recording: &Recording, p99_ns: f64) -> Self {
        let timeline = &recording.timeline;
        let levels = timeline.levels();
        let kept: Vec<usize> =
            (0..timeline.points.len()).filter(|place| is_whole(recording, *place)).collect();
        let mut seconds = Seconds { length: timeline.interval as f64 / 1e9, ..Seconds::default() };
        for place in &kept {
            seconds.at.push(*place as f64 * seconds.length);
            seconds.add(&timeline.points[*place], levels[*place], p99_ns);
        }
        let aligned = |values: &[Option<f64>]| {
            kept.iter().map(|place| values.get(*place).copied().flatten().unwrap_or(f64::NAN)).collect()
        };
        let sampled = recording.resources.series().into_iter();
        seconds.resources =
            sampled.map(|(name, values)| Resource { name, values: aligned(&values) }).collect();
        seconds
    }

    fn add(&mut self, point: &Point, level: Level, p99_ns: f64) {
        let (counts, response) = (&point.counts, &point.response);
        self.planned.push(counts.planned as f64);
        self.completed.push(counts.completed() as f64);
        self.errors.push((counts.failed + counts.timed_out + counts.dropped()) as f64);
        self.dropped.push(counts.dropped() as f64);
        self.in_flight.push(level.in_flight as f64);
        self.p50.push(response.quantile(Quantile::MEDIAN).unwrap_or(f64::NAN));
        self.mean.push(response.statistic(Statistic::Mean).unwrap_or(f64::NAN));
        self.late.push(point.lag.max().unwrap_or(0.0));
        self.beyond.push(response.count_above(p99_ns) as f64);
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Of client or target, one for each point.
    pub fn resource(&self, name: &str) -> Option<&[f64]> {
        self.resources.iter().find(|resource| resource.name == name).map(|resource| &*resource.values)
    }

    /// Per second.
    pub fn rate(&self, counts: &[f64]) -> f64 {
        counts.iter().sum::<f64>() / (counts.len() as f64 * self.length)
    }

    /// What a point is, in words.
    pub fn unit(&self) -> String {
        let is_second = (self.length - 1.0).abs() < 1e-9;
        if is_second { "seconds".to_owned() } else { format!("stretches of {} s", Significant(self.length)) }
    }

    /// In at most 600 points: sums of what is counted, and medians of the rest.
    #[must_use]
    pub fn coarsened(&self) -> Self {
        let group = self.len().div_ceil(MOST);
        if group < 2 {
            return self.clone();
        }
        let of = |values: &[f64], one: fn(&[f64]) -> f64| values.chunks_exact(group).map(one).collect();
        let sum = |values: &[f64]| values.iter().sum();
        let highest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let last = |values: &[f64]| values.last().copied().unwrap_or(f64::NAN);
        let middle = |values: &[f64]| super::stats::median(values.iter().copied()).unwrap_or(f64::NAN);
        let resources = self.resources.iter();
        Seconds {
            length: self.length * group as f64,
            at: of(&self.at, |values| values[0]),
            planned: of(&self.planned, sum),
            completed: of(&self.completed, sum),
            errors: of(&self.errors, sum),
            dropped: of(&self.dropped, sum),
            in_flight: of(&self.in_flight, last),
            p50: of(&self.p50, middle),
            mean: of(&self.mean, middle),
            late: of(&self.late, highest),
            beyond: of(&self.beyond, sum),
            resources: resources
                .map(|one| Resource { name: one.name, values: of(&one.values, middle) })
                .collect(),
        }
    }
}

fn is_whole(recording: &Recording, place: usize) -> bool {
    let interval = recording.timeline.interval;
    let start = (place as u64).saturating_mul(interval);
    let end = start.saturating_add(interval);
    let origin = nanos(recording.warmup_length);
    let stood_still = recording.gaps.iter().any(|gap| (start..end).contains(&gap.at.saturating_sub(origin)));
    end <= nanos(recording.measured_for) && !stood_still
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Gap;
    use crate::measure::recorder::Slice;
    use crate::measure::resources::{Figure, ResourcePoint};
    use crate::measure::timeline::Timeline;
    use std::time::Duration;

    fn recording(points: u64, measured_ms: u64) -> Recording {
        let mut timeline = Timeline::new(1_000_000_000);
        for number in 0..points {
            let mut slice = Slice::default();
            slice.measured.counts.planned = 10 + number;
            timeline.add(number, &slice);
        }
        Recording { timeline, measured_for: Duration::from_millis(measured_ms), ..Recording::default() }
    }

    #[test]
    fn only_whole_points_count_and_resources_stay_beside_them() {
        let mut recording = recording(6, 4_500);
        recording.warmup_length = Duration::from_secs(2);
        recording.gaps.push(Gap { at: 3_200_000_000, length: 1 });
        for (interval, cpu) in [(0, 0.1), (1, 0.2), (3, 0.4)] {
            let mut point = ResourcePoint::default();
            point.set(Figure::Cpu, Some(cpu));
            recording.resources.add(interval, &point);
        }
        let seconds = Seconds::of(&recording, 0.0);
        assert_eq!(seconds.planned, [10.0, 12.0, 13.0]);
        assert_eq!(seconds.at, [0.0, 2.0, 3.0]);
        let cpu = seconds.resource("cpu").unwrap();
        assert!((cpu[0] - 0.1).abs() < 1e-12 && cpu[1].is_nan() && (cpu[2] - 0.4).abs() < 1e-12);
        assert_eq!(seconds.resource("target_cpu"), None);
        assert!(seconds.p50.iter().all(|p50| p50.is_nan()), "nothing was completed");
    }

    #[test]
    fn a_long_run_is_looked_at_in_coarser_steps() {
        let points = Seconds::of(&recording(1300, 1_300_000), 0.0);
        assert_eq!((points.len(), points.unit().as_str()), (1300, "seconds"));
        let seconds = points.coarsened();
        assert_eq!(seconds.unit(), "stretches of 3 s");
        assert_eq!((seconds.len(), seconds.planned[1]), (433, 13.0 + 14.0 + 15.0));
        assert!((seconds.length - 3.0).abs() < 1e-12 && (seconds.at[2] - 6.0).abs() < 1e-12);
    }
}
