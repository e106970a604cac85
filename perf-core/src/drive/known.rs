//! What is known of a worker from outside: what it told, and until when it may be silent.
//!
//! Arithmetic on instants, without a clock.

use super::attendance::LONGEST_LEAVE;
use super::grace::{self, GRACE};
use super::open::Dealt;
use super::standstill::Standstill;
use crate::measure::Stopped;
use crate::measure::sample::Counts;
use crate::plan::Plan;
use std::time::{Duration, Instant};

/// How often workers tell how they stand.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// How long a worker that should be done may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of one worker.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// By phase, as its slices told.
    pub(super) told: [Counts; 2],
    pub(super) heard: Instant,
    /// Nothing of its recording is at stake any more; so many users are still to be torn down.
    pub(super) leaving: Option<u64>,
    pub(super) ended: bool,
    /// What it and those before it have dealt with, once one was given up.
    pub(super) dealt: Option<Dealt>,
}

/// What a worker's silence is measured by.
pub(super) struct Patience<'a> {
    pub(super) plan: &'a Plan,
    /// Of the load.
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) standstill: &'a Standstill,
    pub(super) stopped: Option<(Stopped, Instant)>,
}

impl Known {
    pub(super) fn since(heard: Instant, dealt: Option<Dealt>) -> Self {
        Known { told: [Counts::default(); 2], heard, leaving: None, ended: false, dealt }
    }
}

impl Patience<'_> {
    /// Until when a worker may be silent.
    pub(super) fn with(&self, worker: &Known) -> Instant {
        match worker.leaving {
            Some(_) => self.with_leaving(worker),
            None => self.with_running(worker),
        }
    }

    fn with_leaving(&self, worker: &Known) -> Instant {
        let longest = worker.heard + LONGEST_LEAVE + self.plan.timeout;
        let until = match self.stopped {
            Some((Stopped::Signal(_), at)) => longest.min(grace::end(at, worker.heard)),
            _ => longest,
        };
        until + PATIENCE / 2
    }

    fn with_running(&self, worker: &Known) -> Instant {
        let plan = self.plan;
        let drain = plan.graceful_stop + PATIENCE;
        let shift = Duration::from_nanos(self.standstill.shift());
        let planned = match plan.measured_for() {
            // What stands still has no end yet, unless somebody asked for it.
            _ if self.standstill.is_frozen() => self.now + drain,
            Some(length) => self.start + plan.warmup + length + shift + drain,
            // Where nobody knows the end, a worker still tells of every tick.
            None => worker.heard + TICK + plan.timeout + drain,
        };
        // Who is asked before the start has heard of it then.
        match self.stopped.as_ref().map(|(why, at)| (why, *at.max(&self.start))) {
            Some((Stopped::Signal(_), at)) => planned.min(at + GRACE.min(plan.graceful_stop) + PATIENCE / 2),
            Some((_, at)) => planned.min(at + drain),
            None => planned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::Clock;
    use super::super::control::Pause;
    use super::*;
    use crate::measure::Signal;
    use crate::plan::spec::{Overrides, PerfSpec};

    const INTERRUPT: Stopped = Stopped::Signal(Signal::Interrupt);

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// The load takes 10 s, and its drain 5; in seconds since the start.
    fn patience(
        paused: Option<f64>,
        stopped: Option<(Stopped, f64)>,
        heard: f64,
        leaving: Option<u64>,
    ) -> f64 {
        let spec = PerfSpec {
            rate: Some(10.0),
            duration: Some(s(10.0)),
            warmup: Some(s(0.0)),
            graceful_stop: Some(s(5.0)),
            timeout: Some(s(2.0)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        let before = Instant::now();
        let start = before + s(100.0);
        let at = |seconds: f64| before + s(100.0 + seconds);
        let stretches: Vec<Pause> =
            paused.map(|from| Pause { from: at(from), until: None }).into_iter().collect();
        let standstill = Standstill::of(&stretches, &Clock::starting(start));
        let stopped = stopped.map(|(why, after)| (why, at(after)));
        let patience = Patience { plan: &plan, start, now: at(50.0), standstill: &standstill, stopped };
        let known = Known { leaving, ..Known::since(at(heard), None) };
        (patience.with(&known) - before).as_secs_f64() - 100.0
    }

    fn is(patience: f64, seconds: f64) {
        assert!((patience - seconds).abs() < 1e-6, "{patience} s for {seconds} s");
    }

    #[test]
    fn a_worker_may_be_silent_until_its_drain_is_over_and_during_a_pause_for_longer() {
        is(patience(None, None, 3.0, None), 16.0);
        is(patience(Some(4.0), None, 3.0, None), 56.0);
    }

    #[test]
    fn a_signal_is_heard_during_a_pause_too_and_counts_from_the_start_at_the_earliest() {
        is(patience(None, Some((INTERRUPT, 4.0)), 3.0, None), 7.5);
        is(patience(Some(3.5), Some((INTERRUPT, 4.0)), 3.0, None), 7.5);
        is(patience(None, Some((INTERRUPT, -60.0)), 0.0, None), 3.5);
        is(patience(None, Some((Stopped::OutOfData(String::new()), 4.0)), 3.0, None), 10.0);
    }

    #[test]
    fn a_tear_down_may_take_its_time_but_not_after_a_signal() {
        is(patience(None, None, 12.0, Some(3)), 314.5);
        is(patience(None, Some((INTERRUPT, 11.5)), 12.0, Some(3)), 15.0);
        // One that began when the grace was used up has half a second.
        is(patience(None, Some((INTERRUPT, 2.0)), 6.0, Some(3)), 7.0);
    }
}
