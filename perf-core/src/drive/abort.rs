//! Holds limits against the last seconds of a load that runs, and says when one is broken for good.

use super::known::TICK;
use crate::measure::Aborted;
use crate::measure::edges::Edges;
use crate::measure::recorder::Slice;
use crate::measure::window::Window;
use crate::plan::Plan;
use crate::plan::abort::Abort;
use crate::plan::threshold::Threshold;

/// A worker that is so many intervals behind the others is not waited for.
const PATIENCE: u64 = 2;

/// The limits of a test that may end it, and what they look at.
pub(super) struct Lookout {
    limits: Vec<(Threshold, Abort)>,
    window: Window,
    edges: Edges,
    /// By worker: up to which interval it has told everything.
    told: Vec<u64>,
    /// How many intervals were looked at.
    seen: u64,
}

impl Lookout {
    /// `None` where no limit of the plan ends it.
    pub(super) fn of(plan: &Plan, edges: Edges) -> Option<Self> {
        let limits = plan.thresholds.iter();
        let limits: Vec<_> =
            limits.filter_map(|threshold| Some((threshold.clone(), threshold.abort?))).collect();
        let most = limits.iter().map(|(_, abort)| ticks(abort.window)).max()?;
        Some(Lookout {
            limits,
            window: Window::new(most + PATIENCE),
            edges,
            told: vec![0; plan.workers as usize],
            seen: 0,
        })
    }

    /// Takes what a worker recorded; says which limit it breaks.
    pub(super) fn add(&mut self, slice: &Slice) -> Option<Aborted> {
        if let Some(interval) = self.edges.interval(slice.from) {
            self.window.add(interval, slice);
        }
        let told = self.edges.interval(slice.to).unwrap_or(0);
        if let Some(ours) = self.told.get_mut(slice.worker as usize) {
            *ours = told.max(*ours);
        }
        let newest = self.told.iter().copied().max().unwrap_or(0);
        let whole = self.told.iter().copied().min().unwrap_or(0).max(newest.saturating_sub(PATIENCE));
        while self.seen < whole {
            self.seen += 1;
            if let Some(aborted) = self.limits.iter().find_map(|limit| self.broken(limit)) {
                return Some(aborted);
            }
        }
        None
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
            at: TICK * u32::try_from(self.seen).unwrap_or(u32::MAX),
            window: abort.window,
            value,
            unit: threshold.metric.unit(),
        })
    }
}

fn ticks(length: std::time::Duration) -> u64 {
    length.as_secs() + u64::from(length.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::sample::Counts;
    use crate::plan::nanos;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    fn lookout(limit: &str, workers: u32) -> Lookout {
        let spec = PerfSpec {
            rate: Some(100.0),
            duration: Some(Duration::from_mins(1)),
            workers: Some(workers),
            thresholds: vec![limit.to_owned().into()],
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
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
            (0..).zip(failures).find_map(|(number, failed)| lookout.add(&second(0, number, *failed)));
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
        assert!(lookout.add(&second(0, 0, 10)).is_none());
        assert!(lookout.add(&second(1, 0, 0)).is_some(), "10 of 20 failed");
        let mut stuck = self::lookout("abort(errors < 60%, window = 1s)", 2);
        assert!(stuck.add(&second(0, 0, 10)).is_none());
        assert!(stuck.add(&second(0, 1, 10)).is_none());
        assert_eq!(stuck.add(&second(0, 2, 10)).map(|aborted| aborted.at.as_secs()), Some(1));
    }
}
