//! What is still to run, and how long that takes at least.

use perf_core::plan::Plan;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The trials of this process, in order; each is crossed off when it begins.
#[derive(Debug, Default)]
pub(crate) struct Agenda(Mutex<Listed>);

#[derive(Debug, Default)]
struct Listed {
    left: VecDeque<Option<Duration>>,
    begun: usize,
}

/// Where a suite is, seen from one trial.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rest {
    /// Of this trial, from 1.
    pub(crate) number: usize,
    /// Of all.
    pub(crate) of: usize,
    /// How long the loads of those after it take, as far as that is known.
    pub(crate) after: Duration,
    /// Whether some of them take nobody knows how long.
    pub(crate) is_open: bool,
}

impl Agenda {
    /// One more trial, of tests that run at the same time.
    pub(crate) fn add(&self, plans: &[Plan]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).left.push_back(length(plans));
    }

    /// The next trial begins.
    pub(crate) fn begin(&self) -> Rest {
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listed.left.pop_front();
        listed.begun += 1;
        Rest {
            number: listed.begun,
            of: listed.begun + listed.left.len(),
            after: listed.left.iter().flatten().sum(),
            is_open: listed.left.contains(&None),
        }
    }
}

/// Of the one that takes longest; `None` where nobody knows.
fn length(plans: &[Plan]) -> Option<Duration> {
    let lengths = plans.iter().map(|plan| Some(plan.start_after + plan.warmup + plan.measured_for()?));
    let lengths: Option<Vec<Duration>> = lengths.collect();
    lengths?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_core::plan::load::Iterations;
    use perf_core::plan::spec::{Overrides, PerfSpec};

    fn plan(seconds: u64) -> Plan {
        let spec = PerfSpec {
            rate: Some(10.0),
            duration: Some(Duration::from_secs(seconds)),
            warmup: Some(Duration::from_secs(1)),
            ..PerfSpec::default()
        };
        Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap()
    }

    #[test]
    fn what_is_left_is_the_sum_of_the_loads_that_have_not_begun() {
        let counted = PerfSpec { iterations: Some(Iterations::Shared(5)), ..PerfSpec::default() };
        let counted = Plan::resolve("counted", "perf", &counted, &Overrides::default()).unwrap();
        let agenda = Agenda::default();
        [vec![plan(5)], vec![plan(10), plan(20)], vec![counted], vec![plan(3)]]
            .iter()
            .for_each(|plans| agenda.add(plans));
        let seen: Vec<_> =
            (0..4).map(|_| agenda.begin()).map(|rest| (rest.after.as_secs(), rest.is_open)).collect();
        assert_eq!(seen, [(25, true), (4, true), (4, false), (0, false)]);
        assert_eq!(agenda.begin(), Rest { number: 5, of: 5, after: Duration::ZERO, is_open: false });
    }
}
