//! What reaches a session from outside while it runs, and what is seen of it: the wish to stop, and live numbers.

use crate::measure::sample::{Counts, Phase};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Why a session is to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What CI systems and nextest send.
    Terminate,
}

impl Signal {
    /// As the system calls it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    /// What a shell expects of a process that ended by it.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

/// Shared by everything that has to do with a run; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    stop: watch::Sender<Option<(Signal, Instant)>>,
    snapshot: Mutex<Option<Snapshot>>,
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

impl Live {
    /// Asks what runs to end; the first one who asks decides the reason.
    pub fn stop(&self, signal: Signal) {
        self.0.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            stop.get_or_insert((signal, Instant::now()));
            // Before anybody is woken: who wakes up must see it.
            self.0.stopped.store(true, Ordering::Release);
            first
        });
    }

    /// Whether somebody asked; one atomic read.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Why it is to end.
    pub fn signal(&self) -> Option<Signal> {
        self.0.stop.borrow().map(|(signal, _)| signal)
    }

    /// When somebody asked.
    pub fn stopped_at(&self) -> Option<Instant> {
        self.0.stop.borrow().map(|(_, at)| at)
    }

    /// Ends when somebody asks.
    pub fn stopping(&self) -> impl Future<Output = ()> + use<> {
        let mut stop = self.0.stop.subscribe();
        async move {
            // The sender lives in `self`; when it is gone nobody can ask any more.
            stop.wait_for(Option::is_some).await.ok();
        }
    }

    /// What runs now, as of its last tick.
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.0.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows how it stands, or that nothing runs.
    pub fn publish(&self, snapshot: Option<Snapshot>) {
        *self.0.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}
