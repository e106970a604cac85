//! CPU time of the generator, of the target and of all others, over the measured time.

use std::time::Duration;

/// CPU time of one worker's thread over the measured time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerCpu {
    /// That it ran.
    pub ran: Duration,
    /// That all threads of the process ran meanwhile.
    pub process: Duration,
    /// That went by.
    pub wall: Duration,
}

impl WorkerCpu {
    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        if self.wall.is_zero() { 0.0 } else { self.ran.as_secs_f64() / self.wall.as_secs_f64() }
    }
}

/// Readings of the target's CPU time, in nanoseconds since some instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetCpu {
    /// At the start of measuring and at the end of each round that is timed, as far as the load came.
    pub edges: Vec<Option<u64>>,
    /// When all iterations were over.
    pub end: Option<u64>,
}

/// CPU time that went to neither the generator nor the target, as parts of what all CPUs had to give meanwhile; 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// That the hypervisor gave to others.
    pub steal: f64,
    /// That other processes used; with those that `setup` spawned and did not name.
    pub others_cpu: f64,
}

impl TargetCpu {
    /// In a round that the clock ended.
    pub fn of_round(&self, round: usize) -> Option<Duration> {
        let at = |edge: usize| self.edges.get(edge).copied().flatten();
        between(at(round)?, at(round + 1)?)
    }

    /// From the start of measuring to the end of the last iteration.
    pub fn of_all(&self) -> Option<Duration> {
        between(self.edges.first().copied().flatten()?, self.end?)
    }
}

fn between(before: u64, after: u64) -> Option<Duration> {
    after.checked_sub(before).map(Duration::from_nanos)
}

/// CPU time per second of time of whatever in this process is no worker: of a target that `setup` started here, and next to
/// nothing else. `None` where the system keeps no account.
pub fn cpu_beside(workers: &[WorkerCpu]) -> Option<f64> {
    let longest = workers.iter().max_by_key(|worker| worker.wall).filter(|worker| !worker.wall.is_zero())?;
    let own: Duration = workers.iter().map(|worker| worker.ran).sum();
    Some(longest.process.saturating_sub(own).as_secs_f64() / longest.wall.as_secs_f64())
}
