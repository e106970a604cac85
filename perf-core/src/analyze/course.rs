//! How a run went, as the detectors of findings look at it: plain numbers of one session.

use super::seconds::Seconds;
use super::stats::median;
use super::summary::Summary;
use crate::measure::Recording;
use crate::measure::resources::Before;
use crate::metric::{Quantile, Statistic};
use crate::plan::{Plan, nanos};
use std::thread::available_parallelism;

/// Of one session.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Arrivals come whatever the target does.
    pub is_open: bool,
    /// The load is meant to stay the same.
    pub is_constant: bool,
    /// How many iterations of an open load may be running.
    pub max_in_flight: f64,
    /// Of the client's machine.
    pub cores: f64,
    /// One value for each second; of a long run for some together.
    pub seconds: Seconds,
    /// One value for each point of the timeline: a single bad second shows.
    pub points: Seconds,
    /// The same in finer steps.
    pub pulse: Fine,
    /// Service times of succeeded iterations in nanoseconds, in order, each with its count.
    pub service: Vec<(f64, f64)>,
    /// Response times of the whole run, in nanoseconds.
    pub response: Quantiles,
    /// Of the named parts of iterations.
    pub steps: Vec<(String, Quantiles)>,
    /// Of the slowest iterations, who ran them.
    pub slowest: Vec<u64>,
    /// Users of a closed load.
    pub users: f64,
    /// What the machine was like before the load.
    pub before: Before,
    /// What this process keeps of the run, in bytes: it grows from second to second.
    pub record_bytes: f64,
}

/// The worst response times of short stretches of time.
#[derive(Clone, Debug, Default)]
pub struct Fine {
    /// Of a stretch, in seconds.
    pub length: f64,
    /// In nanoseconds; not a number where nothing was completed.
    pub worst: Vec<f64>,
}

/// What is needed of a distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantiles {
    /// Of how many times.
    pub count: f64,
    /// In nanoseconds.
    pub p50: f64,
    /// In nanoseconds.
    pub p99: f64,
}

impl Quantiles {
    fn of(histogram: &crate::measure::histogram::Histogram) -> Self {
        let at = |percent| {
            let quantile = Quantile::percent(percent).map(Statistic::Percentile);
            quantile.and_then(|quantile| histogram.statistic(quantile)).unwrap_or(f64::NAN)
        };
        Quantiles { count: histogram.count() as f64, p50: at(50.0), p99: at(99.0) }
    }
}

impl Course {
    /// Of one session.
    pub fn of(plan: &Plan, recording: &Recording, summary: &Summary) -> Self {
        let response = Quantiles::of(&summary.response);
        let buckets = summary.succeeded_service.buckets();
        let steps = summary.steps.iter();
        let points = Seconds::of(recording, response.p99);
        let Recording { timeline, pulse, resources, .. } = recording;
        Course {
            is_open: plan.load.is_open(),
            is_constant: plan.load.is_constant() && recording.altered.is_none(),
            max_in_flight: f64::from(plan.max_in_flight),
            cores: available_parallelism().map_or(f64::NAN, |cores| cores.get() as f64),
            seconds: points.coarsened(),
            points,
            pulse: Fine::of(recording),
            service: buckets.map(|(value, count)| (value as f64, count as f64)).collect(),
            response,
            steps: steps.map(|(name, step)| (name.to_string(), Quantiles::of(&step.duration))).collect(),
            slowest: recording.exemplars.slowest.iter().map(|slow| slow.user).collect(),
            users: if plan.load.is_closed() { f64::from(plan.users()) } else { f64::NAN },
            before: resources.before,
            record_bytes: (timeline.bytes() + pulse.bytes() + resources.bytes()) as f64,
        }
    }

    /// How much was offered at a time: arrivals, or users who wait or run.
    pub fn load(&self) -> &[f64] {
        if self.is_open { &self.seconds.planned } else { &self.seconds.in_flight }
    }

    /// Whether a second shows what is typical of it: enough iterations came to an end in most.
    pub fn is_dense(&self, least: f64) -> bool {
        median(self.seconds.completed.iter().copied()).is_some_and(|completed| completed >= least)
    }
}

impl Fine {
    /// Whole stretches of the measured time.
    pub(super) fn of(recording: &Recording) -> Self {
        let interval = recording.pulse.interval;
        let whole = nanos(recording.measured_for) / interval.max(1);
        let beats = recording.pulse.beats.iter().zip(0..whole);
        let worst = beats.map(|(beat, _)| match beat.completed {
            0 => f64::NAN,
            _ => beat.worst_ns as f64,
        });
        Fine { length: interval as f64 / 1e9, worst: worst.collect() }
    }

    /// Twice as long.
    #[must_use]
    pub fn halved(&self) -> Self {
        let worst = self.worst.chunks_exact(2).map(|pair| pair[0].max(pair[1]));
        Fine { length: 2.0 * self.length, worst: worst.collect() }
    }
}
