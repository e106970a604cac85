//! Turns the texts that Linux keeps under `/proc` and `/sys/fs/cgroup` into numbers.
//!
//! Pure: opens no file. A text that lacks a figure, or is no such text at all, gives `None`, never 0.

/// Of a process: `/proc/PID/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// That it has in memory, in bytes.
    pub memory: Option<u64>,
    /// The most that it ever had, in bytes.
    pub peak_memory: Option<u64>,
    /// How many there are.
    pub threads: Option<u64>,
}

impl Process {
    /// Of its status.
    pub fn of_status(text: &str) -> Self {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let bytes = |name| Some(field(name)?.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024);
        Process {
            memory: bytes("VmRSS:"),
            peak_memory: bytes("VmHWM:"),
            threads: field("Threads:").and_then(|number| number.parse().ok()),
        }
    }
}

/// Bytes since the start of the system, of all interfaces: `/proc/net/dev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// From elsewhere.
    pub received: u64,
    /// To elsewhere.
    pub sent: u64,
    /// From this machine to itself.
    pub loopback: u64,
}

impl Network {
    /// After two lines of headings, a line for each interface.
    pub fn of_dev(text: &str) -> Option<Self> {
        let mut all = Network { received: 0, sent: 0, loopback: 0 };
        for line in text.lines().skip(2) {
            // There need not be a space after the colon.
            let (name, numbers) = line.split_once(':')?;
            let mut numbers = numbers.split_whitespace().map_while(|number| number.parse::<u64>().ok());
            let (received, sent) = (numbers.next()?, numbers.nth(7)?);
            if name.trim() == "lo" {
                all.loopback += received;
            } else {
                all.received += received;
                all.sent += sent;
            }
        }
        text.lines().nth(2).map(|_| all)
    }
}

/// One way, in bytes per second: `/sys/class/net/NAME/speed`. Where nobody knows it is -1, or no file.
pub fn link_speed(text: &str) -> Option<f64> {
    let mbits: f64 = text.trim().parse().ok()?;
    (mbits > 0.0).then_some(mbits * 125e3)
}

/// Connections that were begun per second since the start of the system: `/proc/uptime` has its age first.
pub fn opened_per_s(tcp: Tcp, uptime: &str) -> Option<f64> {
    let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    (seconds > 0.0).then_some(tcp.opened as f64 / seconds)
}

/// TCP's own account, by number of connections and of segments: `/proc/net/snmp`. It holds IPv6, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Connections that were begun from here.
    pub opened: u64,
    /// Connections that could not be.
    pub failed: u64,
    /// Connections that are open now.
    pub established: u64,
    /// Segments sent.
    pub sent: u64,
    /// Segments sent once more.
    pub retransmitted: u64,
}

impl Tcp {
    /// A line of names and one of numbers.
    pub fn of_snmp(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp:"));
        let (names, numbers) = (lines.next()?, lines.next()?);
        let field = |wanted: &str| {
            let place = names.split_whitespace().position(|name| name == wanted)?;
            numbers.split_whitespace().nth(place)?.parse().ok()
        };
        Some(Tcp {
            opened: field("ActiveOpens")?,
            failed: field("AttemptFails")?,
            established: field("CurrEstab")?,
            sent: field("OutSegs")?,
            retransmitted: field("RetransSegs")?,
        })
    }
}

/// TCP sockets by state: `/proc/net/sockstat`. `/proc/net/tcp` would tell of each one, which takes many milliseconds where
/// there are tens of thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sockets {
    /// Of IPv4; [`in_use_v6`] knows of the others.
    pub in_use: u64,
    /// Without a process, of both.
    pub orphaned: u64,
    /// Closed, with their port still taken, of both.
    pub time_wait: u64,
    /// With memory, of both.
    pub allocated: u64,
}

impl Sockets {
    /// A line of names, each before its number.
    pub fn of_sockstat(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("TCP:"))?;
        let field = |name| after(line, name);
        Some(Sockets {
            in_use: field("inuse")?,
            orphaned: field("orphan")?,
            time_wait: field("tw")?,
            allocated: field("alloc")?,
        })
    }
}

/// TCP sockets of IPv6: `/proc/net/sockstat6`.
pub fn in_use_v6(text: &str) -> Option<u64> {
    after(text.lines().find_map(|line| line.strip_prefix("TCP6:"))?, "inuse")
}

/// The number behind a name.
fn after(line: &str, name: &str) -> Option<u64> {
    let mut words = line.split_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

/// For how long something had to wait for a resource, in nanoseconds since the start: `/proc/pressure/*`.
pub fn stalled(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let micros = some.split_whitespace().find_map(|word| word.strip_prefix("total="))?;
    Some(micros.parse::<u64>().ok()? * 1000)
}

/// How often a control group was at its limit of CPU time: its `cpu.stat`, of version 1 as of 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    /// That it ran in, a tenth of a second each as a rule; 0 where there is no limit.
    pub periods: u64,
    /// That it was stopped in.
    pub throttled: u64,
}

impl Throttling {
    /// A name and its number in each line. The root of version 2 has no such lines.
    pub fn of_cpu_stat(text: &str) -> Option<Self> {
        let field = |name| text.lines().find_map(|line| after(line, name));
        Some(Throttling { periods: field("nr_periods")?, throttled: field("nr_throttled")? })
    }
}

/// Where the `cpu.stat` of a process's control group may be, and of those around it, the innermost first:
/// of `/proc/self/cgroup`.
pub fn cpu_groups(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let root = match controllers {
            "" => "/sys/fs/cgroup".to_owned(),
            all if all.split(',').any(|name| name == "cpu") => format!("/sys/fs/cgroup/{all}"),
            _ => continue,
        };
        // In a container the root may be what is outside that path.
        let mut path = path.trim_end_matches('/');
        loop {
            found.push(format!("{root}{path}/cpu.stat"));
            let Some((outer, _)) = path.rsplit_once('/') else { break };
            path = outer;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_its_memory_and_its_threads() {
        let status =
            "Name:\tcat\nVmPeak:\t    3060 kB\nVmHWM:\t    1740 kB\nVmRSS:\t    1732 kB\nThreads:\t12\n";
        let process = Process::of_status(status);
        let expected =
            Process { memory: Some(1732 * 1024), peak_memory: Some(1740 * 1024), threads: Some(12) };
        assert_eq!(process, expected);
        // A kernel's thread has no memory of its own, and one that has ended none at all.
        let kernel = Process::of_status("Name:\tkthreadd\nThreads:\t1\n");
        assert_eq!(kernel, Process { threads: Some(1), ..Process::default() });
        assert_eq!(Process::of_status("VmRSS:\tmany kB\n"), Process::default());
    }

    #[test]
    fn the_network_is_all_interfaces_but_the_loopback() {
        let dev = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 16009880049 114527251    0    0    0     0          0         0 16009880049 114527251    0    0    0     0       0          0
  eth0: 608449786   37159    0    0    0     0          0         0  2297954   23250    0    0    0     0       0          0
  eth1:1000       1    0    0    0     0          0         0       10       1    0    0    0     0       0          0
";
        let network = Network { received: 608_450_786, sent: 2_297_964, loopback: 16_009_880_049 };
        assert_eq!(Network::of_dev(dev), Some(network));
        assert_eq!(Network::of_dev("Inter-|\n face |\n"), None);
        assert_eq!(Network::of_dev("Inter-|\n face |\n lo: 1 2\n"), None);
    }

    #[test]
    fn tcp_is_read_by_the_names_of_its_columns() {
        let snmp = "\
Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 139757 40589 98984 5435 4 114563433 114549459 37 0 102400 0
Udp: InDatagrams
Udp: 12
";
        let tcp =
            Tcp { opened: 139_757, failed: 98_984, established: 4, sent: 114_549_459, retransmitted: 37 };
        assert_eq!(Tcp::of_snmp(snmp), Some(tcp));
        assert_eq!(Tcp::of_snmp("Tcp: ActiveOpens\n"), None);
        assert_eq!(Tcp::of_snmp("Tcp: ActiveOpens\nTcp: 1\n"), None);
    }

    #[test]
    fn links_have_a_speed_and_systems_an_age_where_they_say_so() {
        assert_eq!([link_speed("1000\n"), link_speed("-1\n"), link_speed("")], [Some(125e6), None, None]);
        let tcp = Tcp { opened: 500, failed: 0, established: 0, sent: 0, retransmitted: 0 };
        assert_eq!(opened_per_s(tcp, "250.00 480.12\n"), Some(2.0));
        assert_eq!((opened_per_s(tcp, ""), opened_per_s(tcp, "0.00 0.00")), (None, None));
    }

    #[test]
    fn sockets_are_counted_by_state() {
        let sockstat = "sockets: used 26\nTCP: inuse 5 orphan 1 tw 197 alloc 7 mem 0\nUDP: inuse 9 mem 0\n";
        let sockets = Sockets { in_use: 5, orphaned: 1, time_wait: 197, allocated: 7 };
        assert_eq!(Sockets::of_sockstat(sockstat), Some(sockets));
        assert_eq!(in_use_v6("TCP6: inuse 3\nUDP6: inuse 4\n"), Some(3));
        assert_eq!((Sockets::of_sockstat("UDP: inuse 9\n"), in_use_v6("")), (None, None));
    }

    #[test]
    fn pressure_is_the_time_that_some_task_stood_waiting() {
        let cpu = "some avg10=19.24 avg60=38.81 avg300=19.94 total=2105939957\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
        assert_eq!(stalled(cpu), Some(2_105_939_957_000));
        assert_eq!((stalled(""), stalled("full total=1\n")), (None, None));
    }

    #[test]
    fn both_versions_of_control_groups_tell_of_throttling() {
        let first = "nr_periods 10\nnr_throttled 2\nthrottled_time 3000\n";
        let second = "usage_usec 5\nuser_usec 4\nnr_periods 10\nnr_throttled 2\nthrottled_usec 3\n";
        let throttling = Some(Throttling { periods: 10, throttled: 2 });
        assert_eq!([first, second].map(Throttling::of_cpu_stat), [throttling, throttling]);
        assert_eq!(Throttling::of_cpu_stat("usage_usec 5\n"), None);
    }

    #[test]
    fn a_control_group_is_looked_for_from_the_inside_out() {
        let first = "4:memory:/jobs\n3:cpuset:/\n2:cpu,cpuacct:/docker/4f\n";
        let expected =
            ["/docker/4f", "/docker", ""].map(|path| format!("/sys/fs/cgroup/cpu,cpuacct{path}/cpu.stat"));
        assert_eq!(cpu_groups(first), expected);
        assert_eq!(cpu_groups("0::/\n"), ["/sys/fs/cgroup/cpu.stat"]);
        let nested = cpu_groups("0::/user.slice/a:b.scope\n");
        assert_eq!(nested[0], "/sys/fs/cgroup/user.slice/a:b.scope/cpu.stat");
        assert!(cpu_groups("nonsense").is_empty());
    }
}
