//! Reads a target's CPU time where rounds begin and end, what else the machine was busy with meanwhile, and once in every
//! interval of the timeline what everybody needs.

use super::clock::Clock;
use super::control::Control;
use super::cpu::{self, Target};
use super::gauges::Gauges;
use super::machine::Machine;
use super::sampler::Sampler;
use super::standstill::Standstill;
use crate::measure::edges::Edges;
use crate::measure::resources::{ResourcePoint, Resources};
use crate::measure::{Surroundings, TargetCpu};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long orders from outside are not looked at.
const LOOK_AROUND: Duration = Duration::from_millis(100);
/// A pause may begin just before an edge: then the reading is of its beginning, and not of some time after its end.
const SLACK: u64 = 1_000;

/// What there was to read.
#[derive(Default)]
pub(super) struct Readings {
    /// Where there is a target.
    pub(super) target_cpu: Option<TargetCpu>,
    pub(super) surroundings: Option<Surroundings>,
    pub(super) resources: Resources,
}

/// A thread that does nothing else: who adds up and reads beside it is late.
pub(super) struct Meter {
    thread: JoinHandle<Readings>,
    /// Dropped at the end of the load.
    load: Sender<()>,
}

impl Meter {
    /// From the start of a load on. `None` where there is no thread for it.
    /// Whoever holds the other end of `tell` sees what is sampled at once.
    pub(super) fn start(
        gauges: Gauges,
        edges: Edges,
        start: Instant,
        live: &Control,
        tell: Sender<(u64, ResourcePoint)>,
    ) -> Option<Self> {
        let target = gauges.target().filter(|target| target.cpu().is_some());
        let (load, over) = channel();
        let (clock, live) = (Clock::starting(start), live.clone());
        let body = move || {
            cpu::this_thread_is_ours();
            let sampler = Sampler::new(gauges, edges.tick, tell);
            Reader { target, clock, live, over, sampler, gaps: 0 }.read(&edges)
        };
        let thread = thread::Builder::new().name("perf-meter".to_owned()).spawn(body).ok()?;
        Some(Meter { thread, load })
    }

    /// What was read, and one last reading.
    pub(super) fn finish(self) -> Readings {
        drop(self.load);
        self.thread.join().unwrap_or_default()
    }
}

/// CPU time up to an instant.
#[derive(Clone, Copy)]
struct Account {
    machine: Machine,
    /// Of this process and of the target's.
    known: u64,
}

impl Account {
    fn until(self, after: Account) -> Option<Surroundings> {
        let spent = self.machine.until(&after.machine)?;
        let others = spent.busy.saturating_sub(after.known.saturating_sub(self.known));
        let share = |time: u64| (time as f64 / spent.all as f64).min(1.0);
        Some(Surroundings { steal: share(spent.steal), others_cpu: share(others) })
    }
}

struct Reader {
    target: Option<Target>,
    clock: Clock,
    live: Control,
    over: Receiver<()>,
    sampler: Sampler,
    /// Pauses that are over.
    gaps: usize,
}

impl Reader {
    fn read(mut self, edges: &Edges) -> Readings {
        let rounds = edges.rounds.map_or(0, |rounds| rounds.count);
        let start = |round| edges.origin + edges.rounds.map_or(0, |rounds| rounds.start(round));
        let (mut cpu, mut before, mut timed) = (TargetCpu::default(), None, None);
        let (mut at, mut round) = (edges.origin, 0);
        while let Some(now) = self.reached(at) {
            if round <= rounds && at == start(round) {
                cpu.edges.push(self.of_target());
                before = before.or_else(|| self.account());
                timed = edges.rounds.filter(|_| round == rounds).and_then(|_| self.account());
                round += 1;
            }
            self.sampler.reach(edges.interval(now).unwrap_or(0));
            at = edges.after(at);
        }
        // Rounds that are counted end when the load does.
        cpu.end = self.of_target();
        let after = timed.or_else(|| self.account());
        Readings {
            target_cpu: self.target.map(|_| cpu),
            surroundings: before.zip(after).and_then(|(before, after)| before.until(after)),
            resources: self.sampler.finish(),
        }
    }

    fn of_target(&self) -> Option<u64> {
        self.target?.cpu()
    }

    fn account(&self) -> Option<Account> {
        let other = match self.target {
            Some(Target::Process(_)) => self.of_target().unwrap_or(0),
            _ => 0,
        };
        Some(Account { machine: Machine::cpu()?, known: cpu::of_this_process()? + other })
    }

    /// Waits for an instant of the schedule, and tells how late it is by then; nothing when the load is over before.
    fn reached(&mut self, at: u64) -> Option<u64> {
        loop {
            let standstill = Standstill::of(&self.live.orders().pauses, &self.clock);
            if standstill.gaps().len() > self.gaps {
                self.gaps = standstill.gaps().len();
                self.sampler.resume();
            }
            let now = self.clock.now();
            if standstill.schedule(now) + SLACK >= at {
                return Some(standstill.schedule(now).max(at));
            }
            let left = Duration::from_nanos(standstill.wall(at, now).saturating_sub(now));
            if self.over.recv_timeout(left.min(LOOK_AROUND)) == Err(RecvTimeoutError::Disconnected) {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_did_is_dealt_out_to_the_hypervisor_others_and_us() {
        let account = |at, busy, steal, known: u64| Account {
            machine: Machine::example(at, busy, steal),
            known: known * 1_000_000,
        };
        let before = account(500, 100, 10, 50);
        let shares = before.until(account(1000, 400, 60, 150)).unwrap();
        assert_eq!(shares, Surroundings { steal: 0.05, others_cpu: 0.2 });
        // Idle time is coarse: less than nothing is nothing.
        assert_eq!(before.until(account(1000, 110, 10, 150)), Some(Surroundings::default()));
        assert_eq!(before.until(before), None);
    }
}
