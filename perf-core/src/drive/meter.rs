//! Reads a target's CPU time where rounds begin and end.

use super::clock::Clock;
use super::control::Control;
use super::cpu::{self, Target};
use super::standstill::Standstill;
use crate::measure::TargetCpu;
use crate::measure::edges::Edges;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long orders from outside are not looked at.
const LOOK_AROUND: Duration = Duration::from_millis(50);

/// A thread that does nothing else: who adds up and reads beside it is late.
pub(super) struct Meter {
    thread: JoinHandle<TargetCpu>,
    /// Dropped at the end of the load.
    load: Sender<()>,
}

impl Meter {
    /// From the start of a load on. `None` where there is no thread for it, or no account to read.
    pub(super) fn start(target: Target, edges: Edges, start: Instant, live: &Control) -> Option<Self> {
        target.cpu()?;
        let (load, over) = channel();
        let (clock, live) = (Clock::starting(start), live.clone());
        let body = move || {
            cpu::this_thread_is_ours();
            Reader { target, clock, live, over }.read(&edges)
        };
        let thread = thread::Builder::new().name("perf-meter".to_owned()).spawn(body).ok()?;
        Some(Meter { thread, load })
    }

    /// What was read, and one last reading.
    pub(super) fn finish(self) -> Option<TargetCpu> {
        drop(self.load);
        self.thread.join().ok()
    }
}

struct Reader {
    target: Target,
    clock: Clock,
    live: Control,
    over: Receiver<()>,
}

impl Reader {
    fn read(&self, edges: &Edges) -> TargetCpu {
        let rounds = edges.rounds.map_or(0, |rounds| rounds.count);
        let start = |round| edges.origin + edges.rounds.map_or(0, |rounds| rounds.start(round));
        let mut cpu = TargetCpu::default();
        for round in 0..=rounds {
            if !self.is_reached(start(round)) {
                break;
            }
            cpu.edges.push(self.target.cpu());
        }
        // Rounds that are counted end when the load does.
        while self.over.recv_timeout(LOOK_AROUND) == Err(RecvTimeoutError::Timeout) {}
        cpu.end = self.target.cpu();
        cpu
    }

    /// Waits for an instant of the schedule; in vain, when the load is over before.
    fn is_reached(&self, at: u64) -> bool {
        loop {
            let standstill = Standstill::of(&self.live.orders().pauses, &self.clock);
            let now = self.clock.now();
            if standstill.schedule(now) >= at {
                return true;
            }
            let left = Duration::from_nanos(standstill.wall(at).saturating_sub(now));
            if self.over.recv_timeout(left.min(LOOK_AROUND)) == Err(RecvTimeoutError::Disconnected) {
                return false;
            }
        }
    }
}
