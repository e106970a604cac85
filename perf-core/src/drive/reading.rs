//! Turns two readings of the system's accounts into what went on between them.
//!
//! Pure arithmetic: reads nothing.

use super::machine::{Machine, Spent};
use crate::measure::proc::{Network, Process, Sockets, Tcp, Throttling};
use crate::measure::resources::{Figure, ResourcePoint};

/// Over a shorter time there is no rate: the machine's account is to a hundredth of a second.
const LEAST_WINDOW: u64 = 100_000_000;

/// Everything at one instant: accounts that only grow, and levels.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// In nanoseconds of wall time since some instant.
    pub(super) at: u64,
    /// Of this process.
    pub(super) own: Used,
    /// Of the workers' threads, by number, in nanoseconds.
    pub(super) workers: Vec<Option<u64>>,
    pub(super) target: Used,
    pub(super) machine: Option<Machine>,
    pub(super) throttling: Option<Throttling>,
    /// For a CPU, for memory and for a disk, in nanoseconds.
    pub(super) pressure: [Option<u64>; 3],
    pub(super) network: Option<Network>,
    pub(super) tcp: Option<Tcp>,
    pub(super) sockets: Option<Sockets>,
}

/// What a process needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// In nanoseconds.
    pub(super) cpu: Option<u64>,
    pub(super) process: Process,
    pub(super) open_files: Option<u64>,
}

impl Reading {
    /// What went on between this reading and that one.
    pub(super) fn until(&self, after: &Reading) -> ResourcePoint {
        let mut point = ResourcePoint::default();
        after.levels(&mut point);
        let window = after.at.saturating_sub(self.at);
        if window >= LEAST_WINDOW {
            let between = Between { before: self, after, window };
            between.of_processes(&mut point);
            between.of_machine(&mut point);
            between.of_network(&mut point);
        }
        point
    }

    fn levels(&self, point: &mut ResourcePoint) {
        use Figure as F;
        let (own, target) = (&self.own, &self.target);
        let sockets = |part: fn(&Sockets) -> u64| self.sockets.as_ref().map(part);
        let levels = [
            (F::Memory, own.process.memory),
            (F::PeakMemory, own.process.peak_memory),
            (F::Threads, own.process.threads),
            (F::OpenFiles, own.open_files),
            (F::TargetMemory, target.process.memory),
            (F::TargetPeakMemory, target.process.peak_memory),
            (F::TargetThreads, target.process.threads),
            (F::TargetOpenFiles, target.open_files),
            (F::TcpEstablished, self.tcp.map(|tcp| tcp.established)),
            (F::TcpInUse, sockets(|sockets| sockets.in_use)),
            (F::TcpTimeWait, sockets(|sockets| sockets.time_wait)),
            (F::TcpOrphaned, sockets(|sockets| sockets.orphaned)),
            (F::TcpAllocated, sockets(|sockets| sockets.allocated)),
        ];
        levels.into_iter().for_each(|(figure, level)| point.set(figure, level.map(|level| level as f64)));
    }
}

/// Two readings, and the time between them in nanoseconds.
struct Between<'a> {
    before: &'a Reading,
    after: &'a Reading,
    window: u64,
}

impl Between<'_> {
    fn of_processes(&self, point: &mut ResourcePoint) {
        point.set(Figure::Cpu, self.share(|reading| reading.own.cpu));
        point.set(Figure::TargetCpu, self.share(|reading| reading.target.cpu));
        let worker = |number| self.share(|reading| reading.workers.get(number).copied().flatten());
        point.worker_cpu = (0..self.after.workers.len()).map(worker).collect();
        let busiest = point.worker_cpu.iter().copied().flatten().reduce(f64::max);
        point.set(Figure::BusiestWorker, busiest);
    }

    fn of_machine(&self, point: &mut ResourcePoint) {
        let spent =
            self.before.machine.zip(self.after.machine).and_then(|(before, after)| before.until(&after));
        let part = |time: u64, of: u64| time as f64 / of as f64;
        point.set(Figure::MachineCpu, spent.map(|Spent { busy, .. }| part(busy, self.window)));
        point.set(Figure::Steal, spent.map(|Spent { steal, all, .. }| part(steal, all)));
        let pressures = [Figure::CpuPressure, Figure::MemoryPressure, Figure::IoPressure];
        for (place, figure) in pressures.into_iter().enumerate() {
            point.set(figure, self.share(|reading| reading.pressure[place]).map(|share| share.min(1.0)));
        }
        let periods = self.grown(|reading| Some(reading.throttling?.periods));
        let throttled = self.grown(|reading| Some(reading.throttling?.throttled));
        // A group without a limit has no periods, and is never stopped.
        let part = throttled.zip(periods).map(|(throttled, periods)| (throttled / periods.max(1.0)).min(1.0));
        point.set(Figure::Throttled, part);
    }

    fn of_network(&self, point: &mut ResourcePoint) {
        use Figure as F;
        let network = |part: fn(&Network) -> u64| self.rate(|reading| reading.network.as_ref().map(part));
        let tcp = |part: fn(&Tcp) -> u64| self.rate(|reading| reading.tcp.as_ref().map(part));
        let rates = [
            (F::Received, network(|network| network.received)),
            (F::Sent, network(|network| network.sent)),
            (F::Loopback, network(|network| network.loopback)),
            (F::TcpOpened, tcp(|tcp| tcp.opened)),
            (F::TcpFailed, tcp(|tcp| tcp.failed)),
            (F::TcpSent, tcp(|tcp| tcp.sent)),
            (F::TcpRetransmitted, tcp(|tcp| tcp.retransmitted)),
        ];
        rates.into_iter().for_each(|(figure, rate)| point.set(figure, rate));
    }

    /// By how much an account grew; nothing of one that began anew.
    fn grown(&self, account: impl Fn(&Reading) -> Option<u64>) -> Option<f64> {
        account(self.after)?.checked_sub(account(self.before)?).map(|grown| grown as f64)
    }

    /// Of an account in nanoseconds: per nanosecond that went by.
    fn share(&self, account: impl Fn(&Reading) -> Option<u64>) -> Option<f64> {
        Some(self.grown(account)? / self.window as f64)
    }

    fn rate(&self, account: impl Fn(&Reading) -> Option<u64>) -> Option<f64> {
        Some(self.share(account)? * 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn reading(at: u64) -> Reading {
        Reading {
            at: at * MS,
            own: Used { cpu: Some(at * MS * 3 / 2), open_files: Some(at), ..Used::default() },
            workers: vec![Some(at * MS / 4), None, Some(at * MS / 2)],
            machine: Some(Machine::example(at, at, at / 5)),
            throttling: Some(Throttling { periods: at / 100, throttled: at / 400 }),
            pressure: [Some(at * MS / 10), Some(7), None],
            network: Some(Network { received: at * 50, sent: at, loopback: 3 }),
            tcp: Some(Tcp { opened: at, failed: 0, established: 9, sent: at * 10, retransmitted: at / 10 }),
            ..Reading::default()
        }
    }

    fn values<const N: usize>(point: &ResourcePoint, figures: [Figure; N]) -> [Option<f64>; N] {
        figures.map(|figure| point.value(figure).map(|value| (value * 1e6).round() / 1e6))
    }

    #[test]
    fn accounts_become_shares_and_rates_and_levels_stay() {
        use Figure as F;
        let point = reading(1000).until(&reading(3000));
        let own = values(&point, [F::Cpu, F::BusiestWorker, F::OpenFiles, F::TargetCpu, F::Memory]);
        assert_eq!(own, [Some(1.5), Some(0.5), Some(3000.0), None, None]);
        assert_eq!(point.worker_cpu, [Some(0.25), None, Some(0.5)]);
        let machine =
            [F::MachineCpu, F::Steal, F::CpuPressure, F::MemoryPressure, F::IoPressure, F::Throttled];
        let expected = [Some(1.0), Some(0.1), Some(0.1), Some(0.0), None, Some(0.25)];
        assert_eq!(values(&point, machine), expected);
        let network = [F::Received, F::Loopback, F::TcpSent, F::TcpRetransmitted, F::TcpEstablished];
        let expected = [Some(50_000.0), Some(0.0), Some(10_000.0), Some(100.0), Some(9.0)];
        assert_eq!(values(&point, network), expected);
    }

    #[test]
    fn there_is_no_rate_over_a_moment_and_none_of_an_account_that_began_anew() {
        let moment = reading(1000).until(&reading(1099));
        assert_eq!(values(&moment, [Figure::Cpu, Figure::OpenFiles]), [None, Some(1099.0)]);
        let mut restarted = reading(2000);
        restarted.tcp = Some(Tcp { opened: 1, failed: 0, established: 0, sent: 1, retransmitted: 0 });
        let point = reading(1000).until(&restarted);
        assert_eq!(values(&point, [Figure::TcpSent, Figure::Cpu]), [None, Some(1.5)]);
        assert!(reading(2000).until(&Reading::default()).value(Figure::Cpu).is_none());
    }
}
