//! What the system tells of itself and of a process on every platform. The only file that names sysinfo.

use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System,
};

/// The machine as far as it says what kind it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The first CPU's brand.
    pub cpu: Option<String>,
    /// In bytes: the machine's, or as much of it as the control group may have.
    pub memory: Option<u64>,
}

impl Machine {
    /// Looks at it.
    pub fn detect() -> Self {
        let wanted = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let Ok(system) = System::new_with_specifics(wanted) else { return Machine::default() };
        let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Machine { cpu: cpu.filter(|brand| !brand.is_empty()), memory: memory(&system) }
    }
}

fn memory(system: &System) -> Option<u64> {
    let limit = system.cgroup_limits().map(|limits| limits.total_memory).filter(|limit| *limit > 0);
    Some(system.total_memory()).filter(|total| *total > 0).map(|total| total.min(limit.unwrap_or(total)))
}

/// How much more memory the control group of this process may have, in bytes, what is only cached not counted.
pub fn memory_left_to_group() -> Option<u64> {
    let mut system = System::new_with_specifics(RefreshKind::nothing()).ok()?;
    let pid = Pid::from_u32(std::process::id());
    let wanted = ProcessRefreshKind::nothing();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
    let limits = system.process(pid)?.cgroup_limits()?;
    Some(limits.total_memory.saturating_sub(limits.rss))
}

/// What one process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time since it began, in nanoseconds, to a thousandth of a second.
    pub cpu: u64,
    /// In bytes.
    pub memory: u64,
}

/// Looks at processes one by one, where there is no `/proc`.
#[derive(Debug)]
pub struct Processes(Option<System>);

impl Default for Processes {
    /// Has seen none yet.
    fn default() -> Self {
        Processes(System::new_with_specifics(RefreshKind::nothing()).ok())
    }
}

impl Processes {
    /// As it stands now; `None` of one that is gone.
    pub fn usage(&mut self, pid: u32) -> Option<Usage> {
        let (system, pid) = (self.0.as_mut()?, Pid::from_u32(pid));
        let wanted = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
        let process = system.process(pid)?;
        Some(Usage { cpu: process.accumulated_cpu_time() * 1_000_000, memory: process.memory() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_on_every_platform_and_one_that_is_gone_is_not() {
        let mut processes = Processes::default();
        let own = processes.usage(std::process::id()).unwrap();
        assert!(own.memory > 100_000, "{own:?}");
        assert_eq!(processes.usage(u32::MAX - 1), None);
    }
}
