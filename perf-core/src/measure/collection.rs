//! Adds the workers' slices up to a recording: tallies of the whole, rounds, the timeline, single iterations.

use super::Recording;
use super::custom::Custom;
use super::edges::Edges;
use super::exemplar::Exemplars;
use super::marks::{Marks, Name};
use super::pulse::Pulse;
use super::recorder::Slice;
use super::sparse::SparseHistogram;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::metric::{CustomMetric, Metric, Timed, Unit};
use std::collections::BTreeMap;
use std::time::Duration;

/// One slice of the measured time.
#[derive(Debug, Default)]
pub struct Round {
    /// From the start of measuring, in nanoseconds.
    pub start: u64,
    /// In nanoseconds.
    pub length: u64,
    /// Iterations that succeeded in it.
    pub succeeded: u64,
    /// Iterations that came to an end in it, whichever.
    pub completed: u64,
    /// Failed, timed out and dropped ones.
    pub errors: u64,
    /// The parts of the succeeded ones that lay in a pause after it, added up.
    pub beyond: f64,
    /// Of succeeded iterations.
    pub service: SparseHistogram,
    /// Of succeeded iterations.
    pub response: SparseHistogram,
    /// How long the named parts of iterations took.
    pub steps: BTreeMap<Name, SparseHistogram>,
    /// Response time by tag.
    pub tags: BTreeMap<(Name, Name), SparseHistogram>,
    /// Of the test's own, with their units.
    pub trends: BTreeMap<Name, (Unit, SparseHistogram)>,
    pub(super) last_finish: u64,
}

/// Adds slices up to a recording.
#[derive(Debug)]
pub struct Collection {
    edges: Edges,
    /// Iterations meant to start before measuring.
    pub warmup: Tally,
    /// The others.
    pub measured: Tally,
    /// How it went.
    pub timeline: Timeline,
    pulse: Pulse,
    exemplars: Exemplars,
    rounds: Vec<Round>,
}

impl Collection {
    /// Empty, with this many rounds.
    pub fn new(edges: Edges, rounds: u32) -> Self {
        Collection {
            timeline: Timeline::new(edges.tick),
            edges,
            warmup: Tally::default(),
            measured: Tally::default(),
            pulse: Pulse::default(),
            exemplars: Exemplars::default(),
            rounds: (0..rounds).map(|_| Round::default()).collect(),
        }
    }

    /// Adds one slice.
    pub fn add(&mut self, slice: &Slice) {
        self.warmup.merge(&slice.warmup);
        self.measured.merge(&slice.measured);
        match self.edges.interval(slice.from) {
            Some(interval) => self.timeline.add(interval, slice),
            None => self.timeline.add_before(slice),
        }
        slice.beats.iter().for_each(|(number, beat)| self.pulse.add(number, beat));
        self.exemplars.merge(&slice.exemplars);
        if let Some(round) = slice.round.and_then(|round| self.rounds.get_mut(round as usize)) {
            round.add(slice);
        }
    }

    /// When the last measured iteration finished, in nanoseconds since the start of measuring.
    pub fn last_finish(&self) -> u64 {
        let last = self.rounds.iter().map(|round| round.last_finish).max().unwrap_or(0);
        last.saturating_sub(self.edges.origin)
    }

    /// As a recording of so many measured nanoseconds: with the rounds that began within them, each with its place.
    pub fn into_recording(self, measured_for: u64) -> Recording {
        let mut rounds = self.rounds;
        let mut start = 0;
        for (number, round) in rounds.iter_mut().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let end = match self.edges.rounds {
                Some(timed) => timed.start(number + 1),
                None => round.last_finish.saturating_sub(self.edges.origin).max(start),
            };
            let end = end.min(measured_for);
            (round.start, round.length) = (start, end.saturating_sub(start));
            start = end;
        }
        rounds.retain(|round| round.length > 0);
        Recording {
            measured_for: Duration::from_nanos(measured_for),
            warmup: self.warmup,
            measured: self.measured,
            rounds,
            timeline: self.timeline,
            pulse: self.pulse,
            exemplars: self.exemplars,
            ..Recording::default()
        }
    }
}

/// What a round says of a step, a tag or a trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named {
    /// In the metric's unit.
    pub value: f64,
    /// How many readings it is taken of.
    pub n: u64,
}

impl Round {
    fn add(&mut self, slice: &Slice) {
        let tally = &slice.measured;
        self.succeeded += tally.counts.succeeded;
        self.completed += tally.counts.completed();
        self.errors += tally.counts.errors();
        self.beyond += slice.beyond;
        self.last_finish = self.last_finish.max(slice.last_finish);
        tally.succeeded.service().into_iter().for_each(|dense| self.service.merge_dense(dense));
        tally.succeeded.response().into_iter().for_each(|dense| self.response.merge_dense(dense));
        let Marks { steps, tags, metrics, .. } = &tally.marks;
        for (name, step) in steps.iter().filter(|(_, step)| !step.duration.is_empty()) {
            self.steps.entry(name.clone()).or_default().merge_dense(&step.duration);
        }
        for (tag, tagged) in tags.iter().filter(|(_, tagged)| !tagged.response.is_empty()) {
            self.tags.entry(tag.clone()).or_default().merge_dense(&tagged.response);
        }
        for (name, custom) in metrics.iter().filter(|(_, custom)| custom.count > 0) {
            if let Some(distribution) = custom.distribution() {
                let (_, ours) = self
                    .trends
                    .entry(name.clone())
                    .or_insert_with(|| (custom.unit, SparseHistogram::default()));
                ours.merge_dense(distribution);
            }
        }
    }

    /// A statistic of a step, a tag or a trend, in its unit.
    pub fn named(&self, metric: &Metric) -> Option<Named> {
        let of = |times: &SparseHistogram, statistic| {
            times.statistic(statistic).map(|value| Named { value, n: times.count() })
        };
        match metric {
            Metric::Time(Timed::Step(step), statistic) => of(self.steps.get(step.as_str())?, *statistic),
            Metric::Time(Timed::Tagged(name, value), statistic) => {
                let tag = (Name::from(name.clone()), Name::from(value.clone()));
                of(self.tags.get(&tag)?, *statistic)
            }
            Metric::Custom(CustomMetric { name, statistic: Some(statistic), .. }) => {
                let (unit, values) = self.trends.get(name.as_str())?;
                let named = of(values, *statistic)?;
                Some(Named { value: Custom::scaled(*unit, named.value), ..named })
            }
            _ => None,
        }
    }
}
