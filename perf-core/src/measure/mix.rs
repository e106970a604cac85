//! Adds the recordings of tests that ran at the same time up to one of the whole.

use super::resources::Resources;
use super::timeline::Timeline;
use super::{Recording, Round};
use std::time::Duration;

/// One test's part of a mix.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// How long after the mix it began.
    pub after: Duration,
    /// What it recorded.
    pub recording: &'a Recording,
}

impl Part<'_> {
    /// When its measuring began, from the start of the mix.
    fn origin(&self) -> Duration {
        self.after + self.recording.warmup_length
    }
}

/// The whole, from where the first part was measured to where the last one was. `None` without parts.
pub fn mix(parts: &[Part<'_>]) -> Option<Recording> {
    let origin = parts.iter().map(Part::origin).min()?;
    let end = parts.iter().map(|part| part.origin() + part.recording.measured_for).max()?;
    let interval = parts.iter().map(|part| part.recording.timeline.interval).max()?;
    let mut whole = Recording {
        began: parts.iter().map(|part| part.recording.began).min()?,
        warmup_length: origin,
        measured_for: end.saturating_sub(origin),
        timeline: Timeline::new(interval),
        resources: Resources::new(interval),
        ..Recording::default()
    };
    let mut round = Round { length: nanos(whole.measured_for), ..Round::default() };
    for part in parts {
        add(&mut whole, &mut round, part);
    }
    whole.rounds.push(round);
    whole.resources = whole.resources.aligned(interval, whole.timeline.points.len());
    Some(whole)
}

fn add(whole: &mut Recording, round: &mut Round, part: &Part<'_>) {
    let recording = part.recording;
    let after = nanos(part.after);
    whole.warmup.merge_later(&recording.warmup, after);
    whole.measured.merge_later(&recording.measured, after);
    let later = nanos(part.origin().saturating_sub(whole.warmup_length));
    whole.timeline.merge(&recording.timeline, later);
    whole.exemplars.merge_later(&recording.exemplars, after);
    whole.resources.merge(&recording.resources, later);
    for theirs in &recording.rounds {
        round.succeeded += theirs.succeeded;
        round.completed += theirs.completed;
        round.errors += theirs.errors;
        round.service.merge(&theirs.service);
        round.response.merge(&theirs.response);
    }
    for (name, theirs) in &recording.preparation.addresses {
        let all = whole.preparation.addresses.entry(name.clone()).or_default();
        let missing: Vec<_> = theirs.iter().filter(|address| !all.contains(address)).copied().collect();
        all.extend(missing);
    }
    whole.altered = whole.altered.take().or_else(|| recording.altered.clone());
    whole.worker_cpu.extend_from_slice(&recording.worker_cpu);
    whole.lost.extend_from_slice(&recording.lost);
    whole.left.merge(recording.left.clone());
    let blocked =
        recording.blocked.iter().map(|blocked| super::Blocked { at: blocked.at + after, ..*blocked });
    whole.blocked.extend(blocked);
    whole.stopped_by = whole.stopped_by.take().or_else(|| recording.stopped_by.clone());
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Ending, Phase, Sample};
    use super::super::tally::Words;
    use super::*;

    fn recording(warmup: u64, measured: u64, finished: u64) -> Recording {
        let mut recording = Recording {
            warmup_length: Duration::from_secs(warmup),
            measured_for: Duration::from_secs(measured),
            timeline: Timeline::new(1_000_000_000),
            ..Recording::default()
        };
        let finished = finished * 1_000_000_000;
        let sample = Sample {
            user: 0,
            iteration: 0,
            phase: Phase::Measured,
            intended: finished,
            started: finished,
            finished: finished + 5,
            thought: 0,
            ending: Ending::TimedOut,
        };
        recording.measured.counts.start();
        recording.measured.record(&sample, finished, &Words::default());
        recording
    }

    #[test]
    fn a_part_that_begins_later_is_measured_later() {
        let (early, late) = (recording(1, 10, 2), recording(0, 4, 1));
        let parts = [
            Part { after: Duration::ZERO, recording: &early },
            Part { after: Duration::from_secs(9), recording: &late },
        ];
        let whole = mix(&parts).unwrap();
        assert_eq!((whole.warmup_length.as_secs(), whole.measured_for.as_secs()), (1, 12));
        assert_eq!((whole.measured.counts.planned, whole.measured.counts.timed_out), (2, 2));
        let errors = whole.measured.errors.by_count();
        let seconds = |ns: u64| ns / 1_000_000_000;
        assert_eq!((seconds(errors[0].1.first_at), seconds(errors[0].1.last_at)), (2, 10));
        assert!(mix(&[]).is_none());
    }
}
