//! Which seconds of a test that runs are unlike those before them, and whether it has got slower since it began.
//!
//! Pure arithmetic on one value a second, by the same statistic as the finding `unusual_seconds`.

use crate::robust::{Usual, median};
use crate::units::{Latency, Ratio};
use std::collections::VecDeque;
use std::fmt;

/// Fewer seconds show nothing that is usual.
pub const LEAST_POINTS: usize = 10;
/// In a second with fewer iterations a percentile is chance.
pub const LEAST_COMPLETED: f64 = 10.0;
/// In robust standard deviations from the median. Of 5,000 quiet minutes of the simulation in `analyze::findings::quiet` one
/// said anything (`PERF_QUIET_RUNS=5000`).
pub const SCORE: f64 = 10.0;
/// The median of a second, by this factor.
pub const TIMES: f64 = 2.0;
/// Few points understate their spread: it is taken for at least this, on the log scale.
pub const LEAST_SPREAD: f64 = 0.1;
/// With fewer iterations in a second its p99 is that of one or two of them.
const LEAST_TAIL: f64 = 200.0;
/// The p99 of a second by this factor, and by so many nanoseconds: machines hiccup for less.
const TIMES_P99: f64 = 4.0;
const EXCESS_P99: f64 = 200e6;
/// More errors than usual, as a part of all.
const EXCESS_ERRORS: f64 = 0.05;
/// So many seconds are remembered.
const MEMORY: usize = 60;
/// How many seconds the levels of the start and of now are taken from.
const LEVEL: usize = 10;
/// By what part of the start's level now is above it, and by how many robust standard deviations of single seconds.
const DEGRADED: f64 = 0.3;
const DEGRADED_SCORE: f64 = 3.0;

/// What is looked at of one second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Glance {
    /// Iterations that were to begin, or were running.
    pub wanted: f64,
    /// Iterations that came to an end.
    pub completed: f64,
    /// Those of them that failed or timed out, and arrivals that were dropped.
    pub errors: f64,
    /// Of response time, in nanoseconds; not a number where nothing was completed.
    pub p50: f64,
    /// Of response time, in nanoseconds; not a number where nothing was completed.
    pub p99: f64,
}

/// What is to be said of the newest second.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What kind of thing.
    pub kind: NoteKind,
    /// The numbers: `p50 41 ms, usually 9.8 ms`.
    pub message: String,
}

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Nothing came to an end.
    Silent,
    /// It is far from the last minute's median.
    Unusual,
    /// The last seconds are slower than the first ones.
    Degraded,
}

impl NoteKind {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            NoteKind::Silent => "silent",
            NoteKind::Unusual => "unusual",
            NoteKind::Degraded => "degraded",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

/// Of one test that runs.
#[derive(Clone, Debug)]
pub struct Anomalies {
    /// Whether the load is meant to stay the same.
    is_steady: bool,
    recent: VecDeque<Glance>,
    /// The first medians.
    start: Vec<f64>,
}

impl Anomalies {
    /// Before the first second. Only a load that stays the same can get slower by itself.
    pub fn of(is_steady: bool) -> Self {
        Anomalies { is_steady, recent: VecDeque::new(), start: Vec::new() }
    }

    /// Takes the newest second; says what is to be said of it.
    pub fn look(&mut self, second: Glance) -> Vec<Note> {
        let unusual = self.unusual(&second);
        if self.recent.len() == MEMORY {
            self.recent.pop_front();
        }
        self.recent.push_back(second);
        if self.start.len() < LEVEL && second.completed >= LEAST_COMPLETED {
            self.start.push(second.p50.ln());
        }
        unusual.into_iter().chain(self.degraded()).collect()
    }

    fn unusual(&self, second: &Glance) -> Vec<Note> {
        if self.recent.len() < LEAST_POINTS {
            return Vec::new();
        }
        let usually = median(self.recent.iter().map(|glance| glance.completed)).unwrap_or(0.0);
        if second.completed < LEAST_COMPLETED {
            let is_silent = second.completed == 0.0 && second.wanted > 0.0 && usually >= LEAST_COMPLETED;
            let message = format!("nothing came to an end, usually {usually} do in a second");
            return is_silent.then_some(Note { kind: NoteKind::Silent, message }).into_iter().collect();
        }
        let is_slow = |now, usual| now >= TIMES * usual;
        let is_late = |now: f64, usual: f64| now >= (TIMES_P99 * usual).max(usual + EXCESS_P99);
        let has_tail = second.completed >= LEAST_TAIL;
        let p50 = self.slow("p50", |glance| glance.p50, second, is_slow);
        let p99 = self.slow("p99", |glance| glance.p99, second, is_late).filter(|_| has_tail);
        p50.into_iter().chain(p99).chain(self.failing(second)).collect()
    }

    fn slow(
        &self,
        name: &str,
        of: fn(&Glance) -> f64,
        second: &Glance,
        is_much: fn(f64, f64) -> bool,
    ) -> Option<Note> {
        let dense = self.recent.iter().filter(|glance| glance.completed >= LEAST_COMPLETED);
        let logs: Vec<f64> = dense.map(|glance| of(glance).ln()).collect();
        let usual = Usual::of(&logs, LEAST_SPREAD).filter(|_| logs.len() >= LEAST_POINTS)?;
        let (now, usually) = (of(second), usual.middle.exp());
        let is_far = usual.score(now.ln()) >= SCORE && is_much(now, usually);
        let message = format!("{name} {}, usually {}", Latency(now), Latency(usually));
        is_far.then_some(Note { kind: NoteKind::Unusual, message })
    }

    /// By what chance alone would give.
    fn failing(&self, second: &Glance) -> Option<Note> {
        let sum = |of: fn(&Glance) -> f64| self.recent.iter().map(of).sum::<f64>();
        let usually = sum(|glance| glance.errors) / sum(|glance| glance.completed).max(1.0);
        let ratio = second.errors / second.completed;
        // One error is chance where none is usual.
        let variance = usually.max(1.0 / second.completed) / second.completed;
        let limit = usually + (SCORE * variance.sqrt()).max(EXCESS_ERRORS);
        let (ratio, usually) = (Ratio::new(ratio.min(1.0))?, Ratio::new(usually)?);
        let message = format!("errors {ratio}, usually {usually}");
        (ratio.get() >= limit.min(1.0)).then_some(Note { kind: NoteKind::Unusual, message })
    }

    fn degraded(&self) -> Option<Note> {
        if !self.is_steady || self.start.len() < LEVEL || self.recent.len() < 2 * LEVEL {
            return None;
        }
        let recent: Vec<f64> = self.recent.iter().rev().take(LEVEL).map(|glance| glance.p50.ln()).collect();
        let (before, now) = (Usual::of(&self.start, LEAST_SPREAD / 2.0)?, Usual::of(&recent, 0.0)?);
        // Either stretch may be the calmer one by chance.
        let spread = before.spread.max(now.spread);
        let is_far = now.middle - before.middle >= DEGRADED.ln_1p().max(DEGRADED_SCORE * spread);
        let levels = [now, before].map(|usual| Latency(usual.middle.exp()));
        let message = format!("p50 {}, {} at the start", levels[0], levels[1]);
        is_far.then_some(Note { kind: NoteKind::Degraded, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ripple(place: usize) -> f64 {
        1.0 + 0.05 * ((place * 7 % 11) as f64 - 5.0) / 5.0
    }

    fn second(place: usize, ms: f64) -> Glance {
        let p50 = ms * 1e6 * ripple(place);
        Glance { wanted: 220.0, completed: 200.0, errors: 0.0, p50, p99: 3.0 * p50 }
    }

    /// What is told of so many seconds of 10 ms, changed in such a way, each with its second.
    fn told(seconds: usize, change: impl Fn(usize, &mut Glance)) -> Vec<(usize, String)> {
        let mut anomalies = Anomalies::of(true);
        let mut told = Vec::new();
        for place in 0..seconds {
            let mut second = second(place, 10.0);
            change(place, &mut second);
            told.extend(anomalies.look(second).into_iter().map(|note| (place, note.to_string())));
        }
        told
    }

    fn kinds(told: &[(usize, String)]) -> Vec<(usize, &str)> {
        told.iter().map(|(place, note)| (*place, note.split(':').next().unwrap_or(""))).collect()
    }

    #[test]
    fn a_healthy_load_says_nothing_and_neither_does_its_start() {
        assert_eq!(told(200, |_, _| {}), []);
        assert_eq!(told(9, |place, second| second.p50 *= if place == 8 { 100.0 } else { 1.0 }), []);
    }

    #[test]
    fn a_step_is_unusual_first_and_then_a_level_that_is_worse_than_the_starts() {
        let told = told(80, |place, second| {
            if place >= 30 {
                second.p50 *= 4.0;
                second.p99 *= 4.0;
            }
        });
        let kinds = kinds(&told);
        assert_eq!(kinds[0], (30, "unusual"), "{told:#?}");
        assert!(told[0].1.starts_with("unusual: p50 ") && told[0].1.contains(" ms, usually "), "{told:#?}");
        let degraded: Vec<usize> =
            kinds.iter().filter(|(_, kind)| *kind == "degraded").map(|(at, _)| *at).collect();
        assert_eq!((degraded.first(), degraded.last()), (Some(&35), Some(&79)), "{told:#?}");
        assert!(!kinds.contains(&(75, "unusual")), "by then it is usual: {told:#?}");
    }

    #[test]
    fn a_freeze_shows_in_the_tail_of_its_second_and_a_hiccup_does_not() {
        let frozen =
            |ms: f64| told(40, move |place, second| second.p99 += if place == 20 { ms * 1e6 } else { 0.0 });
        assert_eq!(kinds(&frozen(400.0)), [(20, "unusual")]);
        assert_eq!(frozen(100.0), []);
    }

    #[test]
    fn silence_is_told_where_somebody_waits_for_an_answer() {
        let silent = |wanted: f64| {
            told(40, move |place, second| {
                if place == 20 {
                    *second = Glance { wanted, p50: f64::NAN, p99: f64::NAN, ..Glance::default() };
                }
            })
        };
        assert_eq!(silent(10.0)[0].1, "silent: nothing came to an end, usually 200 do in a second");
        assert_eq!(silent(0.0), [], "nobody asked");
    }

    #[test]
    fn errors_are_unusual_when_chance_alone_does_not_make_so_many() {
        let failing = |errors: f64| {
            told(40, move |place, second| second.errors = if place == 20 { errors } else { 0.0 })
        };
        assert_eq!(failing(60.0)[0].1, "unusual: errors 30 %, usually 0 %");
        assert_eq!(failing(8.0), []);
    }

    #[test]
    fn only_a_load_that_stays_the_same_degrades() {
        let mut anomalies = Anomalies::of(false);
        let notes =
            (0..60).flat_map(|place| anomalies.look(second(place, if place < 30 { 10.0 } else { 15.0 })));
        assert_eq!(notes.count(), 0);
    }
}
