//! What this process may open and hold, against what a load needs: looked at before the start.
//!
//! Raises its own soft limit of open files as far as the system lets it; where that is not enough, an open load keeps
//! fewer iterations in flight, and a finding says with which line there would be more.

use crate::measure::{Shortage, Shortages};
use crate::plan::Plan;

/// Files that are open besides connections: the runtimes' own, the report, the target's where it is in this process.
const OTHERS: u64 = 64;
/// A user with its future, cookies and buffers, without what the test function itself holds.
const BYTES_PER_USER: u64 = 4096;

/// Sees that the plan fits; returns the plan that does, and what was short.
pub(super) fn fitted(plan: &Plan, is_target_inside: bool) -> (Plan, Shortages) {
    let mut plan = plan.clone();
    let mut shortages = Vec::new();
    let connections = u64::from(if plan.load.is_closed() { plan.users() } else { plan.max_in_flight });
    // Both ends of a connection are files of this process when the target is in it.
    let ends = if is_target_inside { 2 } else { 1 };
    let needed = connections * ends + OTHERS;
    if let Some(allowed) = raised_open_files(needed).filter(|allowed| *allowed < needed) {
        shortages.push(Shortage::OpenFiles { needed, allowed });
        if !plan.load.is_closed() {
            let fit = (allowed.saturating_sub(OTHERS) / ends).max(1);
            plan.slots = u32::try_from(fit).unwrap_or(plan.slots).min(plan.slots);
            plan.workers = plan.workers.min(plan.slots);
            plan.most_workers = plan.most_workers.min(plan.slots);
        }
    }
    if let Some(allowed) = local_ports().filter(|allowed| *allowed < connections) {
        shortages.push(Shortage::Ports { needed: connections, allowed });
    }
    let needed = connections * BYTES_PER_USER;
    if let Some(free) = free_memory().filter(|free| *free < needed) {
        shortages.push(Shortage::Memory { needed, free });
    }
    (plan, shortages)
}

/// The limit of open files, raised to what is needed where the system allows it.
#[cfg(unix)]
fn raised_open_files(needed: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    if current >= needed {
        return Some(current);
    }
    let most = limit.maximum.unwrap_or(needed).min(needed);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit }) {
        Ok(()) => Some(most),
        Err(_) => Some(current),
    }
}

#[cfg(not(unix))]
fn raised_open_files(_: u64) -> Option<u64> {
    None
}

/// How many connections to one address may be open at a time.
fn local_ports() -> Option<u64> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = range.split_whitespace().filter_map(|end| end.parse::<u64>().ok());
    let (low, high) = (ends.next()?, ends.next()?);
    Some(high.saturating_sub(low) + 1)
}

/// In bytes, as Linux estimates it.
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::Load;
    use crate::plan::spec::{Overrides, PerfSpec};

    fn plan(spec: &PerfSpec) -> Plan {
        Plan::resolve("test", "perf", spec, &Overrides::default()).unwrap()
    }

    #[test]
    fn a_load_that_fits_is_left_alone() {
        let plan = plan(&PerfSpec { load: Some(Load::rate(10).hold("1s")), ..PerfSpec::default() });
        let (fit, shortages) = fitted(&plan, true);
        assert_eq!((fit.slots, shortages.len()), (plan.max_in_flight, 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn more_users_than_ports_are_told_beforehand() {
        let plan = plan(&PerfSpec { load: Some(Load::users(70_000).hold("1s")), ..PerfSpec::default() });
        let (_, shortages) = fitted(&plan, false);
        let ports =
            shortages.iter().any(|shortage| matches!(shortage, Shortage::Ports { needed: 70_000, .. }));
        assert!(ports, "{shortages:?}");
    }
}
