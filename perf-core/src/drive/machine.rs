//! CPU time of the whole machine: how much of it was busy, by what was idle.
//!
//! Linux looks at its ticks, 250 times a second for example, what a CPU is busy with. An arrival every 2 ms meets each of them
//! at the same place: it is there always or never, and a tenth of a core shows as nothing or as half of one. How long a CPU
//! was idle is measured, and so is what the hypervisor took.

use super::clock;

/// What was counted since the machine was booted, in nanoseconds; idle and stolen time to a hundredth of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    /// When it was read.
    at: i64,
    cpus: u64,
    /// With what waited for a disk.
    idle: u64,
    steal: u64,
}

/// What became of the time that all CPUs had to give, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// By all processes, and by the system on their behalf.
    pub(super) busy: u64,
    /// By the hypervisor for others.
    pub(super) steal: u64,
    /// All of it, which is above zero.
    pub(super) all: u64,
}

impl Machine {
    /// As Linux keeps it in `/proc/stat`; elsewhere nobody knows.
    pub(super) fn cpu() -> Option<Self> {
        let at = clock::reading();
        Machine::of_stat(&std::fs::read_to_string("/proc/stat").ok()?, ticks_per_second()?, at)
    }

    /// user, nice, system, idle, iowait, irq, softirq and steal of all CPUs, and a line for each of them.
    fn of_stat(stat: &str, ticks_per_second: u64, at: i64) -> Option<Self> {
        let mut lines = stat.lines();
        let fields = lines.next()?.strip_prefix("cpu ")?.split_whitespace();
        let ticks: Vec<u64> = fields.take(8).map_while(|field| field.parse().ok()).collect();
        let [_, _, _, idle, iowait, _, _, steal] = ticks[..] else { return None };
        let [idle, steal] = [idle + iowait, steal].map(|ticks| ticks * (1_000_000_000 / ticks_per_second));
        let cpus = lines.take_while(|line| line.starts_with("cpu")).count() as u64;
        Some(Machine { at, cpus, idle, steal })
    }

    /// What was spent since; nothing when CPUs came or went meanwhile.
    pub(super) fn until(&self, after: &Machine) -> Option<Spent> {
        let wall = u64::try_from(after.at - self.at).ok()?;
        let all = self.cpus * wall;
        // Waiting for a disk may be counted backwards.
        let idle = after.idle.saturating_sub(self.idle);
        let steal = after.steal.saturating_sub(self.steal);
        let spent = Spent { busy: all.saturating_sub(idle + steal), steal, all };
        (all > 0 && self.cpus == after.cpus).then_some(spent)
    }
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> Option<u64> {
    Some(rustix::param::clock_ticks_per_second()).filter(|ticks| *ticks > 0)
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> Option<u64> {
    None
}

#[cfg(test)]
impl Machine {
    /// Of two CPUs, so many milliseconds after it was booted.
    pub(super) fn example(at: u64, busy: u64, steal: u64) -> Self {
        let ms = |ms: u64| ms * 1_000_000;
        let at_ns = i64::try_from(ms(at)).unwrap_or(i64::MAX);
        Machine { at: at_ns, cpus: 2, idle: ms(2 * at - busy - steal), steal: ms(steal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn read(stat: &str, seconds: i64) -> Option<Machine> {
        Machine::of_stat(stat, 100, seconds * SECOND)
    }

    #[test]
    fn busy_is_what_is_neither_idle_nor_stolen_whatever_the_ticks_saw() {
        let before = read("cpu  100 20 30 1000 50 6 4 90 7 7\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n", 10).unwrap();
        // In five seconds of two CPUs: 860 ticks idle, 20 of them waiting for a disk, 30 stolen; and one that was seen busy.
        let after = read("cpu  101 20 30 1840 70 6 4 120 7 7\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n", 15).unwrap();
        let ticks = |ticks: u64| ticks * 10_000_000;
        let spent = Spent { busy: ticks(110), steal: ticks(30), all: ticks(1000) };
        assert_eq!(before.until(&after), Some(spent));
        assert_eq!(before.until(&before), None);
    }

    #[test]
    fn nothing_is_known_where_the_account_is_cut_or_cpus_came_in() {
        assert_eq!((read("cpu  1 2 3\n", 1), read("", 1)), (None, None));
        let [one, two] = ["cpu0 1\n", "cpu0 1\ncpu1 1\n"].map(|cpus| format!("cpu  1 1 1 1 1 1 1 1\n{cpus}"));
        assert_eq!(read(&one, 1).unwrap().until(&read(&two, 2).unwrap()), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_what_it_spent() {
        let before = Machine::cpu().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30));
        let spent = before.until(&Machine::cpu().unwrap()).unwrap();
        assert!(spent.all >= 30_000_000 && spent.busy <= spent.all, "{spent:?}");
    }
}
