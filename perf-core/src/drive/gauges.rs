//! Reads the system's accounts: of this process, of a target, and of the machine. What it does not keep is `None`.
//!
//! From `/proc`, whose files are opened once; where there is none, from sysinfo. Measured on Linux 6.18 and two shared
//! cores: a reading takes 230 µs of CPU, with 10 open files as with 10,000; 85 µs where the caches are warm. Once a second,
//! that is 0.02 % of a core. The thread that does it, which also looks at orders from outside twenty times a second, takes
//! 0.08 % beside a load (`cargo bench -p perf-core`).

use super::cpu::{self, Target};
use super::machine::Machine;
use super::reading::{Reading, Used};
use super::threads::Threads;
use crate::measure::proc::{self, Network, Process, Sockets, Tcp, Throttling};
use crate::measure::resources::Before;
use crate::measure::system::Processes;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Open files are counted one by one for at most such a part of the time.
const COUNTING: u32 = 10_000;

/// Everything that is read.
pub(super) struct Gauges {
    target: Option<Target>,
    threads: Threads,
    began: Instant,
    /// What a file said last.
    text: String,
    own: OneProcess,
    other: Option<OneProcess>,
    throttling: Source,
    pressure: [Source; 3],
    network: Source,
    tcp: Source,
    sockets: Source,
    sockets_v6: Source,
    processes: Option<Processes>,
}

impl Gauges {
    pub(super) fn of(target: Option<Target>, threads: Threads) -> Self {
        let other = match target {
            Some(Target::Process(pid)) => Some(pid),
            Some(Target::InProcess) | None => None,
        };
        let is_proc_missing = !cfg!(target_os = "linux");
        Gauges {
            target,
            threads,
            began: Instant::now(),
            text: String::new(),
            own: OneProcess::of(std::process::id()),
            other: other.map(OneProcess::of),
            throttling: Source::of_group(),
            pressure: ["cpu", "memory", "io"].map(|name| Source::open(&format!("/proc/pressure/{name}"))),
            network: Source::open("/proc/net/dev"),
            tcp: Source::open("/proc/net/snmp"),
            sockets: Source::open("/proc/net/sockstat"),
            sockets_v6: Source::open("/proc/net/sockstat6"),
            processes: is_proc_missing.then(Processes::default),
        }
    }

    pub(super) fn target(&self) -> Option<Target> {
        self.target
    }

    /// What does not change, and what went on without the load.
    pub(super) fn before(&mut self) -> Before {
        let tcp = self.tcp.read(&mut self.text).and_then(Tcp::of_snmp);
        let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
        Before {
            link_bytes_per_s: fastest_link(),
            tcp_opened_per_s: tcp.and_then(|tcp| proc::opened_per_s(tcp, &uptime)),
        }
    }

    /// As everything stands now.
    pub(super) fn read(&mut self) -> Reading {
        let at = crate::plan::nanos(self.began.elapsed());
        // The target's first: reading the rest is work of this process.
        let target_cpu = self.target.and_then(Target::cpu);
        let (own_cpu, workers) = (cpu::of_this_process(), self.threads.cpu());
        let Gauges { text, processes, .. } = self;
        let own = self.own.used(own_cpu, text, processes.as_mut());
        let target = match &mut self.other {
            Some(other) => other.used(target_cpu, text, processes.as_mut()),
            // Its memory and its files are this process's.
            None => Used { cpu: target_cpu, ..Used::default() },
        };
        Reading {
            at,
            own,
            workers,
            target,
            machine: Machine::cpu(),
            throttling: self.throttling.read(text).and_then(Throttling::of_cpu_stat),
            pressure: self.pressure.each_mut().map(|source| source.read(text).and_then(proc::stalled)),
            network: self.network.read(text).and_then(Network::of_dev),
            tcp: self.tcp.read(text).and_then(Tcp::of_snmp),
            sockets: self.sockets.read(text).and_then(Sockets::of_sockstat).map(|sockets| {
                let v6 = self.sockets_v6.read(text).and_then(proc::in_use_v6);
                Sockets { in_use: sockets.in_use + v6.unwrap_or(0), ..sockets }
            }),
        }
    }
}

/// Of the interfaces that are no mere names for others.
fn fastest_link() -> Option<f64> {
    let interfaces = fs::read_dir("/sys/class/net").ok()?.flatten().map(|entry| entry.path());
    let devices = interfaces.filter(|path| path.join("device").exists());
    let speeds = devices.filter_map(|path| fs::read_to_string(path.join("speed")).ok());
    speeds.filter_map(|text| proc::link_speed(&text)).reduce(f64::max)
}

/// A file whose text is made anew each time it is read.
struct Source(Option<File>);

impl Source {
    fn open(path: &str) -> Self {
        Source(File::open(path).ok())
    }

    /// Of the innermost control group that has a limit, or of the innermost.
    fn of_group() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let paths = proc::cpu_groups(&groups);
        let known =
            |path: &&String| fs::read_to_string(path).ok().and_then(|text| Throttling::of_cpu_stat(&text));
        let limited = paths.iter().find(|path| known(path).is_some_and(|throttling| throttling.periods > 0));
        let path = limited.or_else(|| paths.iter().find(|path| known(path).is_some()));
        path.map_or(Source(None), |path| Source::open(path))
    }

    fn read<'a>(&mut self, text: &'a mut String) -> Option<&'a str> {
        let file = self.0.as_mut()?;
        text.clear();
        file.rewind().ok()?;
        file.read_to_string(text).ok()?;
        Some(text)
    }
}

/// Memory, threads and files of one process.
struct OneProcess {
    pid: u32,
    status: Source,
    files: OpenFiles,
}

impl OneProcess {
    fn of(pid: u32) -> Self {
        OneProcess {
            pid,
            status: Source::open(&format!("/proc/{pid}/status")),
            files: OpenFiles { folder: format!("/proc/{pid}/fd").into(), not_before: None },
        }
    }

    fn used(&mut self, cpu: Option<u64>, text: &mut String, processes: Option<&mut Processes>) -> Used {
        if let Some(processes) = processes {
            let usage = processes.usage(self.pid);
            let process = Process { memory: usage.map(|usage| usage.memory), ..Process::default() };
            return Used { cpu: cpu.or(usage.map(|usage| usage.cpu)), process, open_files: None };
        }
        let process = self.status.read(text).map(Process::of_status).unwrap_or_default();
        Used { cpu, process, open_files: self.files.count(Instant::now()) }
    }
}

/// How many a process has. Since Linux 6.2 the folder's size says it; before, its entries are counted, which takes 10 to 30 ms
/// for 10,000, and is done only as often as is cheap: then every few minutes.
struct OpenFiles {
    folder: PathBuf,
    not_before: Option<Instant>,
}

impl OpenFiles {
    fn count(&mut self, now: Instant) -> Option<u64> {
        let size = fs::metadata(&self.folder).ok()?.len();
        if size > 0 {
            return Some(size);
        }
        if self.not_before.is_some_and(|instant| now < instant) {
            return None;
        }
        let (counted, took) = self.counted()?;
        self.not_before = Some(now + took * COUNTING);
        Some(counted)
    }

    /// One by one, and how long that took.
    fn counted(&self) -> Option<(u64, Duration)> {
        let began = Instant::now();
        let counted = fs::read_dir(&self.folder).ok()?.count() as u64;
        Some((counted, began.elapsed()))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_can_be_read_and_one_that_is_gone_cannot() {
        let mut gauges = Gauges::of(Some(Target::Process(std::process::id())), Threads::of(1));
        let reading = gauges.read();
        assert!(reading.own.cpu > Some(0) && reading.target.process.memory > Some(100_000), "{reading:?}");
        assert!(reading.own.process.peak_memory >= reading.own.process.memory, "{reading:?}");
        assert!(reading.own.open_files > Some(2) && reading.own.process.threads > Some(0), "{reading:?}");
        assert!(
            reading.network.is_some() && reading.tcp.is_some() && reading.sockets.is_some(),
            "{reading:?}"
        );
        let mut gauges = Gauges::of(Some(Target::Process(u32::MAX)), Threads::of(1));
        let target = gauges.read().target;
        assert_eq!((target.cpu, target.process.memory, target.open_files), (None, None, None));
    }

    #[test]
    fn a_file_that_is_open_is_read_anew_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (mut source, mut text) = (Source::open(file.path().to_str().unwrap()), String::new());
        for written in ["first and longer", "second", ""] {
            fs::write(file.path(), written).unwrap();
            assert_eq!(source.read(&mut text), Some(written));
        }
        assert_eq!(Source::open("/proc/nothing").read(&mut text), None);
    }

    #[test]
    fn files_are_counted_one_by_one_only_as_often_as_is_cheap() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = OpenFiles { folder: "/proc/self/fd".into(), not_before: None };
        assert!(files.counted().unwrap().0 > 2);
        files.folder = folder.path().join("gone");
        assert_eq!(files.count(Instant::now()), None);
    }
}
