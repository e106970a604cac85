//! What reaches a session from outside while it runs, and what is seen of it: the wish to stop, and live numbers.

use crate::measure::sample::{Counts, Phase};
use crate::measure::{Signal, Stopped};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Shared by everything that has to do with a run; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    stop: watch::Sender<Option<(Stopped, Instant)>>,
    snapshots: Mutex<BTreeMap<String, Snapshot>>,
}

/// How a running session stands.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When the load started.
    pub began: Instant,
    /// Load before measuring.
    pub warmup: Duration,
    /// How long measuring takes, where that is known.
    pub measured_for: Option<Duration>,
    /// How many iterations it takes, where that is known.
    pub scheduled: Option<u64>,
    /// Of the last numbers.
    pub phase: Phase,
    /// Of the phase, up to the last tick.
    pub counts: Counts,
    /// Iterations completed per second, over the last second.
    pub rate_per_s: f64,
    /// Of response time in the phase so far, in nanoseconds.
    pub p99_ns: Option<f64>,
}

impl Snapshot {
    #[allow(clippy::needless_pass_by_value)] // as `reduce` wants it
    fn plus(self, other: Snapshot) -> Self {
        let mut counts = self.counts;
        counts.merge(&other.counts);
        let ends = |snapshot: &Snapshot| Some(snapshot.began + snapshot.warmup + snapshot.measured_for?);
        let warmup = self.warmup.min(other.warmup);
        let began = self.began.min(other.began);
        let end = ends(&self).zip(ends(&other)).map(|(ours, theirs)| ours.max(theirs));
        Snapshot {
            began,
            warmup,
            measured_for: end.map(|end| end.saturating_duration_since(began + warmup)),
            scheduled: self.scheduled.zip(other.scheduled).map(|(ours, theirs)| ours + theirs),
            phase: self.phase,
            counts,
            rate_per_s: self.rate_per_s + other.rate_per_s,
            // The worst of them: percentiles do not add up.
            p99_ns: self.p99_ns.into_iter().chain(other.p99_ns).reduce(f64::max),
        }
    }
}

impl Live {
    /// Asks whatever runs, and is to run, to end.
    pub fn stop(&self, signal: Signal) {
        self.end(Stopped::Signal(signal));
    }

    /// Ends the session that runs; the first one who asks decides the reason.
    pub fn end(&self, why: Stopped) {
        self.0.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            stop.get_or_insert((why, Instant::now()));
            // Before anybody is woken: who wakes up must see it.
            self.0.stopped.store(true, Ordering::Release);
            first
        });
    }

    /// A new session begins: what ended the last one is over, unless it was a signal.
    pub fn begin(&self) {
        self.0.stop.send_if_modified(|stop| {
            let is_over = stop.take_if(|(why, _)| !matches!(why, Stopped::Signal(_))).is_some();
            if is_over {
                self.0.stopped.store(false, Ordering::Release);
            }
            false
        });
    }

    /// Whether somebody asked; one atomic read.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// The signal that ends the whole run.
    pub fn signal(&self) -> Option<Signal> {
        match self.stopped()? {
            (Stopped::Signal(signal), _) => Some(signal),
            _ => None,
        }
    }

    /// Why the session is to end, and when somebody said so.
    pub fn stopped(&self) -> Option<(Stopped, Instant)> {
        self.0.stop.borrow().clone()
    }

    /// Ends when somebody asks.
    pub fn stopping(&self) -> impl Future<Output = ()> + use<> {
        let mut stop = self.0.stop.subscribe();
        async move {
            // The sender lives in `self`; when it is gone nobody can ask any more.
            stop.wait_for(Option::is_some).await.ok();
        }
    }

    /// What runs now, as of the last ticks; several tests of one scenario added up.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let snapshots = self.0.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.values().cloned().reduce(Snapshot::plus)
    }

    /// Shows how a test stands, or that it is over.
    pub fn publish(&self, test: &str, snapshot: Option<Snapshot>) {
        let mut snapshots = self.0.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        match snapshot {
            Some(snapshot) => drop(snapshots.insert(test.to_owned(), snapshot)),
            None => drop(snapshots.remove(test)),
        }
    }
}
