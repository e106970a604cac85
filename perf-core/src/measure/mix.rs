//! Adds the recordings of tests that ran at the same time up to one of the whole.

use super::resources::Resources;
use super::timeline::Timeline;
use super::{Backed, Curbed, Gap, Recording, Round, Scaled, Surroundings};
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
        surroundings: surroundings(parts),
        ..Recording::default()
    };
    let mut round = Round { length: nanos(whole.measured_for), ..Round::default() };
    for part in parts {
        add(&mut whole, &mut round, part);
    }
    whole.rounds.push(round);
    put_in_order(&mut whole);
    // Both are coarser now where the parts are too long for the points.
    whole.resources = whole.resources.aligned(whole.timeline.interval, whole.timeline.points.len());
    Some(whole)
}

/// By how long each part was measured.
fn surroundings(parts: &[Part<'_>]) -> Option<Surroundings> {
    let known = parts
        .iter()
        .filter_map(|part| part.recording.surroundings.map(|of| (part.recording.measured_for, of)));
    let known: Vec<(f64, Surroundings)> = known.map(|(length, of)| (length.as_secs_f64(), of)).collect();
    let length: f64 = known.iter().map(|(length, _)| length).sum();
    let mean = |share: fn(&Surroundings) -> f64| {
        known.iter().map(|(length, of)| length * share(of)).sum::<f64>() / length
    };
    (length > 0.0).then(|| Surroundings { steal: mean(|of| of.steal), others_cpu: mean(|of| of.others_cpu) })
}

/// What happened to all parts at once is told once.
fn put_in_order(whole: &mut Recording) {
    whole.backed.sort_by_key(|backed| backed.at);
    whole.curbed.sort_by_key(|curbed| curbed.at);
    whole.scaled.sort_by_key(|scaled| scaled.at);
    whole.scaled.dedup();
    whole.gaps.sort_by_key(|gap| (gap.at, gap.length));
    whole.gaps.dedup();
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
    whole.gaps.extend(recording.gaps.iter().map(|gap| Gap { at: gap.at + after, ..*gap }));
    whole.backed.extend(recording.backed.iter().map(|backed| Backed { at: backed.at + after, ..*backed }));
    whole.scaled.extend(recording.scaled.iter().map(|scaled| Scaled { at: scaled.at + after, ..*scaled }));
    whole.curbed.extend(recording.curbed.iter().map(|curbed| Curbed { at: curbed.at + after, ..*curbed }));
    let missing = recording.shortages.iter().filter(|short| !whole.shortages.contains(short));
    let missing: Vec<_> = missing.copied().collect();
    whole.shortages.extend(missing);
    whole.ended.drain = whole.ended.drain.max(recording.ended.drain);
    whole.ended.teardown = whole.ended.teardown.max(recording.ended.teardown);
    whole.stopped_by = whole.stopped_by.take().or_else(|| recording.stopped_by.clone());
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::Shortage;
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
        assert_eq!(whole.surroundings, None);
    }

    #[test]
    fn what_others_took_counts_by_how_long_each_part_was_measured() {
        let of = |measured: u64, steal: f64| Recording {
            surroundings: Some(Surroundings { steal, others_cpu: 0.5 * steal }),
            ..recording(0, measured, 1)
        };
        let (long, short, unknown) = (of(9, 0.1), of(3, 0.5), recording(0, 4, 1));
        let parts = [&long, &short, &unknown].map(|recording| Part { after: Duration::ZERO, recording });
        let found = mix(&parts).unwrap().surroundings.unwrap();
        assert!((found.steal - 0.2).abs() < 1e-12 && (found.others_cpu - 0.1).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn what_was_done_to_the_load_is_told_of_the_whole_and_once_where_it_was_done_to_all() {
        let second = 1_000_000_000;
        let of = |after: u64| Recording {
            gaps: vec![Gap { at: (5 - after) * second, length: second }],
            scaled: vec![Scaled { at: (7 - after) * second, factor: 2.0 }],
            backed: vec![Backed { at: (6 + after) * second, factor: 0.5 }],
            curbed: vec![Curbed { at: 8 * second, in_flight: after }],
            shortages: vec![Shortage::Memory { needed: 2, free: 1 }],
            ..recording(0, 10, 2)
        };
        let (early, late) = (of(0), of(2));
        let parts = [(2, &late), (0, &early)]
            .map(|(after, recording)| Part { after: Duration::from_secs(after), recording });
        let whole = mix(&parts).unwrap();
        assert_eq!(whole.gaps, [Gap { at: 5 * second, length: second }]);
        assert_eq!(whole.scaled, [Scaled { at: 7 * second, factor: 2.0 }]);
        assert_eq!(whole.backed.iter().map(|backed| backed.at / second).collect::<Vec<_>>(), [6, 10]);
        assert_eq!(whole.curbed.iter().map(|curbed| curbed.at / second).collect::<Vec<_>>(), [8, 10]);
        assert_eq!(whole.shortages.len(), 1);
    }
}
