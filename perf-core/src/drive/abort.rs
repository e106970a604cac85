//! Holds limits and conditions against the last seconds of a load that runs: says when a limit is broken for good, and when
//! a condition begins to hold.

use super::condition::{Condition, Held};
use super::known::TICK;
use super::told::Told;
use crate::measure::Aborted;
use crate::measure::edges::Edges;
use crate::measure::recorder::Slice;
use crate::measure::window::Window;
use crate::plan::Plan;
use crate::plan::abort::Abort;
use crate::plan::threshold::Threshold;
use std::time::Duration;

/// The limits of a test that may end it, the conditions that are told of, and what they look at.
pub(super) struct Lookout {
    limits: Vec<(Threshold, Abort)>,
    conditions: Vec<Condition>,
    /// Of the conditions.
    length: u64,
    /// After so many intervals the load is over, and says nothing of itself.
    last: u64,
    window: Window,
    edges: Edges,
    told: Told,
    /// How many intervals were looked at.
    seen: u64,
}

impl Lookout {
    /// `None` where no limit of the plan ends it, and nobody wants to be told of anything.
    pub(super) fn of(plan: &Plan, edges: Edges) -> Option<Self> {
        let limits = plan.thresholds.iter();
        let limits: Vec<_> =
            limits.filter_map(|threshold| Some((threshold.clone(), threshold.abort?))).collect();
        let wanted = &plan.conditions;
        let conditions = wanted.when.iter().map(|when| Condition::of(when.clone(), wanted.window));
        let conditions: Vec<_> = conditions.collect();
        let of_conditions = conditions.first().map(|_| ticks(wanted.window));
        let most = limits.iter().map(|(_, abort)| ticks(abort.window)).chain(of_conditions).max()?;
        Some(Lookout {
            limits,
            conditions,
            length: ticks(wanted.window),
            last: plan.measured_for().map_or(u64::MAX, |length| length.as_secs()),
            window: Window::new(most + Told::BEHIND),
            edges,
            told: Told::nothing(plan.workers),
            seen: 0,
        })
    }

    /// Takes what a worker recorded; says which conditions begin to hold, and which limit it breaks.
    pub(super) fn add(&mut self, slice: &Slice) -> (Vec<Held>, Option<Aborted>) {
        if let Some(interval) = self.edges.interval(slice.from) {
            self.window.add(interval, slice);
        }
        let whole = self.told.tell(slice.worker, self.edges.interval(slice.to).unwrap_or(0));
        let mut held = Vec::new();
        while self.seen < whole {
            self.seen += 1;
            held.extend(self.held());
            if let Some(aborted) = self.limits.iter().find_map(|limit| self.broken(limit)) {
                return (held, Some(aborted));
            }
        }
        (held, None)
    }

    /// Of the window that ends with what was seen last.
    fn held(&mut self) -> Vec<Held> {
        if self.conditions.is_empty() || !(self.length..=self.last).contains(&self.seen) {
            return Vec::new();
        }
        let (interval, at) = (self.window.of(self.seen, self.length), self.at());
        self.conditions.iter_mut().filter_map(|condition| condition.look(&interval, at)).collect()
    }

    /// Where what was seen last ends, from the start of measuring.
    fn at(&self) -> Duration {
        TICK * u32::try_from(self.seen).unwrap_or(u32::MAX)
    }

    /// Of the windows that end with what was seen last.
    fn broken(&self, (threshold, abort): &(Threshold, Abort)) -> Option<Aborted> {
        let length = ticks(abort.window);
        if self.seen < length.max(ticks(abort.after)) {
            return None;
        }
        let value = self.window.of(self.seen, length).value(&threshold.metric, abort.window)?;
        (!threshold.holds(value)).then(|| Aborted {
            expression: threshold.expression.clone(),
            at: self.at(),
            window: abort.window,
            value,
            unit: threshold.metric.unit(),
        })
    }
}

fn ticks(length: Duration) -> u64 {
    length.as_secs() + u64::from(length.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::sample::Counts;
    use crate::plan::conditions::Conditions;
    use crate::plan::nanos;
    use crate::plan::spec::{Overrides, PerfSpec};

    fn lookout(limit: &'static str, workers: u32) -> Lookout {
        lookout_for(&[limit], &Overrides::default(), workers)
    }

    fn lookout_for(limits: &[&'static str], flags: &Overrides, workers: u32) -> Lookout {
        let spec = PerfSpec {
            rate: Some(100.0),
            duration: Some(Duration::from_mins(1)),
            workers: Some(workers),
            thresholds: limits.iter().map(|limit| (*limit).into()).collect(),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, flags).unwrap();
        Lookout::of(&plan, Edges { origin: nanos(Duration::from_secs(2)), tick: nanos(TICK), rounds: None })
            .unwrap()
    }

    /// Of a whole second of the measured time.
    fn second(worker: u32, number: u64, failed: u64) -> Slice {
        let at = |second: u64| nanos(Duration::from_secs(2 + second));
        let mut slice = Slice { worker, from: at(number), to: at(number + 1), ..Slice::default() };
        slice.measured.counts = Counts { planned: 10, succeeded: 10 - failed, failed, ..Counts::default() };
        slice
    }

    fn aborted_after(lookout: &mut Lookout, failures: &[u64]) -> Option<u64> {
        let seconds =
            (0..).zip(failures).find_map(|(number, failed)| lookout.add(&second(0, number, *failed)).1);
        seconds.map(|aborted| aborted.at.as_secs())
    }

    #[test]
    fn a_window_counts_once_it_is_full_and_only_as_a_whole() {
        let after =
            |failures: &[u64]| aborted_after(&mut lookout("abort(errors < 50%, window = 3s)", 1), failures);
        assert_eq!(after(&[10, 10, 10]), Some(3));
        assert_eq!(after(&[10, 10]), None);
        assert_eq!(after(&[10, 0, 0, 0, 0, 9, 9, 0]), Some(7), "15 of 30 are reached with the second nine");
        assert_eq!(after(&[4; 30]), None);
    }

    #[test]
    fn the_time_before_after_is_not_looked_at() {
        let mut lookout = lookout("abort(errors < 50%, window = 2s, after = 4s)", 1);
        assert_eq!(aborted_after(&mut lookout, &[10, 10, 0, 0, 0, 10]), Some(6));
    }

    #[test]
    fn a_second_is_looked_at_when_all_workers_have_told_it_and_one_that_is_stuck_is_not_waited_for() {
        let mut lookout = lookout("abort(errors < 50%, window = 1s)", 2);
        assert!(lookout.add(&second(0, 0, 10)).1.is_none());
        assert!(lookout.add(&second(1, 0, 0)).1.is_some(), "10 of 20 failed");
        let mut stuck = self::lookout("abort(errors < 60%, window = 1s)", 2);
        assert!(stuck.add(&second(0, 0, 10)).1.is_none());
        assert!(stuck.add(&second(0, 1, 10)).1.is_none());
        assert_eq!(stuck.add(&second(0, 2, 10)).1.map(|aborted| aborted.at.as_secs()), Some(1));
    }

    /// When `errors >= 50%` is told of, and with which value, where so many of ten fail in each second of a minute's load.
    fn told(failures: &[u64]) -> Vec<(u64, f64)> {
        let when = vec!["errors >= 50%".parse().unwrap()];
        let conditions = Conditions { when, window: Duration::from_secs(2), is_lost_told: false };
        let flags = Overrides { conditions, ..Overrides::default() };
        let mut lookout = lookout_for(&[], &flags, 1);
        let seconds = (0..).zip(failures);
        let held = seconds.flat_map(|(number, failed)| lookout.add(&second(0, number, *failed)).0);
        held.map(|held| (held.at.as_secs(), held.value)).collect()
    }

    #[test]
    fn a_condition_is_told_of_a_whole_window_and_again_after_it_rested_for_one() {
        assert_eq!(told(&[10]), []);
        assert_eq!(told(&[0, 10, 10, 10]), [(2, 0.5)]);
        assert_eq!(told(&[10, 10, 0, 0, 0, 0, 10, 10]), [(2, 1.0), (7, 0.5)]);
        assert_eq!(told(&[10, 10, 0, 0, 10, 10]), [(2, 1.0)], "it rested at one look only");
        let held = Held {
            condition: "p99 > 200ms".parse().unwrap(),
            at: Duration::from_secs(12),
            window: Duration::from_secs(5),
            value: 312e6,
        };
        assert_eq!(held.message(), "p99 > 200ms holds, 312 ms in the last 5 s");
    }

    #[test]
    fn what_comes_after_the_load_is_told_of_nobody() {
        let drained: Vec<u64> = (0..70).map(|second| if second < 60 { 0 } else { 10 }).collect();
        assert_eq!(told(&drained), []);
    }
}
