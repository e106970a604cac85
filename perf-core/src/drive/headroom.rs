//! What this process may open and hold, against what a load needs: looked at before the start.
//!
//! Raises its own soft limit of open files as far as the system lets it; where that is not enough, an open load keeps
//! fewer iterations in flight, and a finding says with which line there would be more.

use crate::measure::{Shortage, Shortages, system};
use crate::plan::Plan;

/// Files that are open besides connections: the runtimes' own, the report, the target's where it is in this process.
const OTHERS: u64 = 64;
/// A user with its future, cookies and buffers, without what the test function itself holds.
const BYTES_PER_USER: u64 = 4096;

/// A load, and where it goes.
pub(super) struct Going<'a> {
    pub(super) plan: &'a Plan,
    /// Whether both ends of its connections are files of this process.
    pub(super) is_target_inside: bool,
    pub(super) base_url: Option<&'a str>,
}

impl Going<'_> {
    fn connections(&self) -> u64 {
        let most = if self.plan.load.is_closed() { self.plan.users() } else { self.plan.max_in_flight };
        most.into()
    }

    fn ends(&self) -> u64 {
        if self.is_target_inside { 2 } else { 1 }
    }

    fn files(&self) -> u64 {
        self.connections() * self.ends()
    }
}

/// Sees that loads of the same time fit; returns the plans that do, and what each is short of.
pub(super) fn fitted(loads: &[Going<'_>]) -> Vec<(Plan, Shortages)> {
    let needed = loads.iter().map(Going::files).sum::<u64>() + OTHERS;
    let files = raised_open_files(needed).filter(|allowed| *allowed < needed);
    loads
        .iter()
        .map(|load| {
            let mut plan = load.plan.clone();
            let of_files = files.map(|allowed| {
                // Each has its part of what there is.
                let part = u128::from(allowed.saturating_sub(OTHERS)) * u128::from(load.files());
                let part = u64::try_from(part / u128::from((needed - OTHERS).max(1))).unwrap_or(u64::MAX);
                restrict(&mut plan, part / load.ends());
                Shortage::OpenFiles { needed, allowed }
            });
            (plan, of_files.into_iter().chain(of_ports(load, loads)).chain(of_memory(loads)).collect())
        })
        .collect()
}

/// Fewer iterations of an open load at a time.
fn restrict(plan: &mut Plan, fit: u64) {
    if !plan.load.is_closed() {
        plan.slots = u32::try_from(fit.max(1)).unwrap_or(plan.slots).min(plan.slots);
        plan.workers = plan.workers.min(plan.slots);
        plan.most_workers = plan.most_workers.min(plan.slots);
    }
}

/// Those of connections that are kept: whether a target closes them after each answer, nobody knows beforehand.
fn of_ports(load: &Going<'_>, loads: &[Going<'_>]) -> Option<Shortage> {
    let same = loads.iter().filter(|other| other.base_url == load.base_url);
    let needed = same.map(Going::connections).sum();
    let allowed = local_ports().filter(|allowed| *allowed < needed)?;
    Some(Shortage::Ports { needed, allowed })
}

fn of_memory(loads: &[Going<'_>]) -> Option<Shortage> {
    let needed = loads.iter().map(Going::connections).sum::<u64>() * BYTES_PER_USER;
    let left = free_memory().into_iter().chain(system::memory_left_to_group()).min();
    left.filter(|free| *free < needed).map(|free| Shortage::Memory { needed, free })
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

    fn alone(plan: &Plan, is_target_inside: bool) -> (Plan, Shortages) {
        fitted(&[Going { plan, is_target_inside, base_url: None }]).remove(0)
    }

    #[test]
    fn a_load_that_fits_is_left_alone() {
        let plan = plan(&PerfSpec { load: Some(Load::rate(10).hold("1s")), ..PerfSpec::default() });
        let (fit, shortages) = alone(&plan, true);
        assert_eq!((fit.slots, shortages.len()), (plan.max_in_flight, 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn more_users_than_ports_are_told_beforehand() {
        let plan = plan(&PerfSpec { load: Some(Load::users(70_000).hold("1s")), ..PerfSpec::default() });
        let (_, shortages) = alone(&plan, false);
        let ports =
            shortages.iter().any(|shortage| matches!(shortage, Shortage::Ports { needed: 70_000, .. }));
        assert!(ports, "{shortages:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn loads_of_the_same_time_share_the_ports_to_one_target() {
        let plan = plan(&PerfSpec { load: Some(Load::users(20_000).hold("1s")), ..PerfSpec::default() });
        let ports = |urls: [&str; 4]| {
            let of = |url| Going { plan: &plan, is_target_inside: false, base_url: Some(url) };
            let fit = fitted(&urls.map(of));
            fit.into_iter()
                .map(|(_, short)| short.iter().any(|s| matches!(s, Shortage::Ports { needed: 80_000, .. })))
                .collect::<Vec<_>>()
        };
        assert_eq!(ports(["http://a"; 4]), [true; 4]);
        assert_eq!(ports(["http://a", "http://b", "http://c", "http://d"]), [false; 4]);
    }

    #[cfg(unix)]
    #[test]
    fn loads_of_the_same_time_share_the_files_in_proportion() {
        let open = |most| {
            plan(&PerfSpec {
                load: Some(Load::rate(10).hold("1s")),
                max_in_flight: Some(most),
                ..PerfSpec::default()
            })
        };
        // More than any system allows.
        let (few, many) = (open(1_000_000_000), open(3_000_000_000));
        let of = |plan| Going { plan, is_target_inside: false, base_url: None };
        let fit = fitted(&[of(&few), of(&many)]);
        let Some(Shortage::OpenFiles { needed, allowed }) = fit[0].1.first() else {
            panic!("{:?}", fit[0].1)
        };
        assert_eq!((*needed, fit[1].1.first()), (4_000_000_064, fit[0].1.first()));
        let slots = |part: usize| u64::from(fit[part].0.slots);
        assert!(slots(0) + slots(1) <= allowed - 64 && slots(0) * 3 <= slots(1) + 3, "{fit:?}");
        assert!(slots(0) + slots(1) + 2 >= allowed - 64);
    }
}
