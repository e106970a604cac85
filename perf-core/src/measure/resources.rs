//! What a load needed while it was measured, one point per interval of the timeline, in bounded memory.
//!
//! A figure that the system does not tell is `None`. Judges nothing.

use std::time::Duration;

/// As many as the timeline has at most.
const MOST_POINTS: usize = 3600;

/// How two neighbouring intervals become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merging {
    /// A rate, or a share of the time.
    Mean,
    /// A level: how it stood at the end.
    Last,
    /// A peak.
    Max,
}

macro_rules! figures {
    ($($(#[$doc:meta])+ $figure:ident, $key:literal, $merging:ident;)+) => {
        /// What is known of an interval. Shares are of 1; CPU is in cores: 1.5 is one and a half of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Figure { $($(#[$doc])+ $figure,)+ }

        impl Figure {
            /// In the order of the points' values.
            pub const ALL: &[Figure] = &[$(Figure::$figure,)+];

            /// As report.json calls it, with its unit.
            pub fn key(self) -> &'static str {
                match self { $(Figure::$figure => $key,)+ }
            }

            /// How two neighbouring intervals become one.
            pub fn merging(self) -> Merging {
                match self { $(Figure::$figure => Merging::$merging,)+ }
            }
        }
    };
}

figures! {
    /// Of this process, with that of a target in it; in cores.
    Cpu, "cpu", Mean;
    /// Of the worker's thread that needed most; a share of its core.
    BusiestWorker, "worker_cpu_max", Max;
    /// Of this process, at the end of the interval.
    Memory, "memory_bytes", Last;
    /// The most that this process ever had.
    PeakMemory, "memory_peak_bytes", Max;
    /// Of this process.
    Threads, "threads", Last;
    /// Of this process.
    OpenFiles, "open_files", Last;
    /// The part of the control group's periods in which it was stopped for having used its CPU time up.
    Throttled, "throttled", Mean;
    /// Of all processes of the machine; in cores.
    MachineCpu, "machine_cpu", Mean;
    /// The part of all cores' time that the hypervisor gave to others.
    Steal, "steal", Mean;
    /// The part of the time that some task stood waiting for a CPU.
    CpuPressure, "pressure_cpu", Mean;
    /// The part of the time that some task stood waiting for memory.
    MemoryPressure, "pressure_memory", Mean;
    /// The part of the time that some task stood waiting for a disk.
    IoPressure, "pressure_io", Mean;
    /// Of the machine, without the loopback.
    Received, "received_bytes_per_s", Mean;
    /// Of the machine, without the loopback.
    Sent, "sent_bytes_per_s", Mean;
    /// From the machine to itself.
    Loopback, "loopback_bytes_per_s", Mean;
    /// Connections that the machine began.
    TcpOpened, "tcp_opened_per_s", Mean;
    /// Connections that the machine could not make.
    TcpFailed, "tcp_failed_opens_per_s", Mean;
    /// Segments that the machine sent.
    TcpSent, "tcp_segments_sent_per_s", Mean;
    /// Segments that the machine sent once more.
    TcpRetransmitted, "tcp_retransmits_per_s", Mean;
    /// Of the machine, open at both ends.
    TcpEstablished, "tcp_established", Last;
    /// Sockets of the machine that are in use.
    TcpInUse, "tcp_in_use", Last;
    /// Closed, with their port still taken.
    TcpTimeWait, "tcp_time_wait", Last;
    /// Without a process.
    TcpOrphaned, "tcp_orphaned", Last;
    /// With memory.
    TcpAllocated, "tcp_allocated", Last;
    /// Of the target, also where it is in this process; in cores.
    TargetCpu, "target_cpu", Mean;
    /// Of a target that is a process of its own.
    TargetMemory, "target_memory_bytes", Last;
    /// The most that such a target ever had.
    TargetPeakMemory, "target_memory_peak_bytes", Max;
    /// Of a target that is a process of its own.
    TargetThreads, "target_threads", Last;
    /// Of a target that is a process of its own.
    TargetOpenFiles, "target_open_files", Last;
}

/// One interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourcePoint {
    values: [Option<f64>; Figure::ALL.len()],
    /// Of each worker's thread, a share of its core.
    pub worker_cpu: Vec<Option<f64>>,
    /// How many intervals of the original length are in it.
    intervals: u32,
}

impl ResourcePoint {
    /// What is known of it.
    pub fn value(&self, figure: Figure) -> Option<f64> {
        self.values[figure as usize]
    }

    /// Says it.
    pub fn set(&mut self, figure: Figure, value: Option<f64>) {
        self.values[figure as usize] = value;
    }

    /// Adds the interval that follows.
    fn merge(&mut self, next: &ResourcePoint) {
        let weights = [self.intervals, next.intervals].map(f64::from);
        let mean = |a: f64, b: f64| (a * weights[0] + b * weights[1]) / (weights[0] + weights[1]).max(1.0);
        for figure in Figure::ALL {
            let (ours, theirs) = (self.value(*figure), next.value(*figure));
            let value = match figure.merging() {
                Merging::Mean => joined(ours, theirs, mean),
                Merging::Last => joined(ours, theirs, |_, last| last),
                Merging::Max => joined(ours, theirs, f64::max),
            };
            self.set(*figure, value);
        }
        let workers = self.worker_cpu.len().max(next.worker_cpu.len());
        let of = |point: &ResourcePoint, worker: usize| point.worker_cpu.get(worker).copied().flatten();
        self.worker_cpu =
            (0..workers).map(|worker| joined(of(self, worker), of(next, worker), mean)).collect();
        self.intervals += next.intervals;
    }
}

/// What is known of the machine before the load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Before {
    /// Of its fastest network interface, one way.
    pub link_bytes_per_s: Option<f64>,
    /// Connections that it began, on average since its start.
    pub tcp_opened_per_s: Option<f64>,
}

/// Points in order, of equal intervals from the start of measuring, by the schedule: pauses are in none.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Nanoseconds from one point to the next. Above zero.
    pub interval: u64,
    /// The first is the first interval.
    pub points: Vec<ResourcePoint>,
    /// Of the machine.
    pub before: Before,
    doubled: u32,
    most: usize,
}

impl Default for Resources {
    /// Without points, of a second each.
    fn default() -> Self {
        Resources::new(1_000_000_000)
    }
}

impl Resources {
    /// Without points.
    pub fn new(interval: u64) -> Self {
        let (points, before) = (Vec::new(), Before::default());
        Resources { interval: interval.max(1), points, before, doubled: 0, most: MOST_POINTS }
    }

    /// Adds an interval of the original length. When the points are too many, neighbours are merged pairwise.
    pub fn add(&mut self, interval: u64, point: &ResourcePoint) {
        let mut index = usize::try_from(interval >> self.doubled).unwrap_or(usize::MAX);
        while index >= self.most {
            self.halve();
            index /= 2;
        }
        if self.points.len() <= index {
            self.points.resize_with(index + 1, ResourcePoint::default);
        }
        self.points[index].merge(&ResourcePoint { intervals: 1, ..point.clone() });
    }

    fn halve(&mut self) {
        self.interval *= 2;
        self.doubled += 1;
        self.points = self.points.chunks(2).map(merged).collect();
    }

    /// Of memory, about: less what the allocator adds.
    pub fn bytes(&self) -> usize {
        let of_workers = |point: &ResourcePoint| point.worker_cpu.len() * size_of::<Option<f64>>();
        self.points.iter().map(|point| size_of::<ResourcePoint>() + of_workers(point)).sum()
    }

    /// So many points at another distance, as the timeline has them.
    #[must_use]
    pub fn aligned(&self, interval: u64, points: usize) -> Self {
        let interval = interval.max(1);
        let index =
            |at: u64| usize::try_from(at / self.interval).unwrap_or(usize::MAX).min(self.points.len());
        let starts = (0..points as u64).map(|number| number.saturating_mul(interval));
        let points = starts.map(|start| {
            let (first, last) = (index(start), index(start.saturating_add(interval - 1)));
            merged(&self.points[first..(last + 1).min(self.points.len())])
        });
        Resources { points: points.collect(), interval, before: self.before, ..Resources::default() }
    }

    /// Takes the points of another that began so many nanoseconds later where there are none yet: at the same time it saw
    /// the same process. Its interval must not be the longer one.
    pub fn merge(&mut self, other: &Resources, later: u64) {
        if self.before == Before::default() {
            self.before = other.before;
        }
        let end = other.interval.saturating_mul((other.points.len() as u64).saturating_sub(1));
        while later.saturating_add(end) / self.interval >= self.most as u64 {
            self.halve();
        }
        let own = self.points.len();
        let known: Vec<bool> = self.points.iter().map(|point| point.intervals > 0).collect();
        for (number, point) in (0u64..).zip(&other.points) {
            let index = usize::try_from((later + number * other.interval) / self.interval);
            let index = index.unwrap_or(usize::MAX);
            if self.points.len() <= index {
                self.points.resize_with(index + 1, ResourcePoint::default);
            }
            if index >= own || !known[index] {
                self.points[index].merge(point);
            }
        }
    }

    /// Every figure that anything is known of, by its key in report.json; a value for each point of the timeline.
    pub fn series(&self) -> Vec<(&'static str, Vec<Option<f64>>)> {
        let all = Figure::ALL.iter().map(|figure| {
            (figure.key(), self.points.iter().map(|point| point.value(*figure)).collect::<Vec<_>>())
        });
        all.filter(|(_, values)| values.iter().any(Option::is_some)).collect()
    }

    /// The mean and the highest value of the points that begin in so long a time.
    pub fn over(&self, time: Duration, figure: Figure) -> Option<(f64, f64)> {
        let points = time.as_nanos().div_ceil(u128::from(self.interval));
        let points = usize::try_from(points).unwrap_or(usize::MAX);
        let values: Vec<f64> =
            self.points.iter().take(points).filter_map(|point| point.value(figure)).collect();
        let highest = values.iter().copied().reduce(f64::max)?;
        Some((values.iter().sum::<f64>() / values.len() as f64, highest))
    }
}

fn joined(ours: Option<f64>, theirs: Option<f64>, how: impl Fn(f64, f64) -> f64) -> Option<f64> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(how(ours, theirs)),
        (ours, theirs) => theirs.or(ours),
    }
}

fn merged(points: &[ResourcePoint]) -> ResourcePoint {
    let mut whole = ResourcePoint::default();
    points.iter().for_each(|point| whole.merge(point));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64) -> ResourcePoint {
        let mut point = ResourcePoint::default();
        for figure in [Figure::Cpu, Figure::Memory, Figure::BusiestWorker] {
            point.set(figure, Some(value));
        }
        point.worker_cpu = vec![Some(value), None];
        point
    }

    fn filled(resources: Resources, intervals: u64) -> Resources {
        let mut resources = resources;
        (0..intervals).for_each(|interval| resources.add(interval, &point(interval as f64)));
        resources
    }

    #[test]
    fn neighbours_merge_to_the_mean_of_shares_the_last_level_and_the_highest_peak() {
        let resources = filled(Resources { most: 8, ..Resources::new(1000) }, 200);
        assert_eq!((resources.points.len(), resources.interval), (7, 32_000));
        let last = &resources.points[6];
        let values = [Figure::Cpu, Figure::Memory, Figure::BusiestWorker].map(|figure| last.value(figure));
        // 192 to 199.
        assert_eq!(values, [Some(195.5), Some(199.0), Some(199.0)]);
        assert_eq!((last.value(Figure::Steal), &last.worker_cpu), (None, &vec![Some(195.5), None]));
        assert_eq!(resources.points[0].value(Figure::Cpu), Some(15.5));
    }

    #[test]
    fn points_are_aligned_with_those_of_a_timeline_whichever_is_finer() {
        let of = |resources: &Resources| {
            resources.points.iter().map(|point| point.value(Figure::Cpu)).collect::<Vec<_>>()
        };
        let resources = filled(Resources::new(1000), 5);
        assert_eq!(of(&resources.aligned(2000, 3)), [Some(0.5), Some(2.5), Some(4.0)]);
        assert_eq!(of(&resources.aligned(1000, 7))[4..], [Some(4.0), None, None]);
        let coarse = filled(Resources { most: 4, ..Resources::new(1000) }, 8);
        assert_eq!(of(&coarse.aligned(1000, 4)), [Some(0.5), Some(0.5), Some(2.5), Some(2.5)]);
    }

    #[test]
    fn what_began_later_fills_the_gaps_and_nothing_else() {
        let mut whole = Resources::new(1000);
        whole.merge(&filled(Resources::new(1000), 2), 3000);
        whole.merge(&filled(Resources::new(1000), 4), 0);
        let values: Vec<_> = whole.points.iter().map(|point| point.value(Figure::Cpu)).collect();
        assert_eq!(values, [Some(0.0), Some(1.0), Some(2.0), Some(0.0), Some(1.0)]);
    }

    #[test]
    fn parts_that_begin_later_find_room_in_as_many_points_as_one_has() {
        let part = filled(Resources::new(1000), 8);
        let mut whole = Resources { most: 8, ..Resources::new(1000) };
        whole.merge(&part, 0);
        whole.merge(&part, 24_000);
        assert_eq!((whole.points.len(), whole.interval), (8, 4_000));
        let values: Vec<_> = whole.points.iter().map(|point| point.value(Figure::Cpu)).collect();
        let (a, b) = (Some(1.5), Some(5.5));
        assert_eq!(values, [a, b, None, None, None, None, a, b]);
    }

    #[test]
    fn series_name_what_is_known_and_sums_leave_the_drain_out() {
        let resources = filled(Resources::new(1_000_000_000), 4);
        let series = resources.series();
        let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["cpu", "worker_cpu_max", "memory_bytes"]);
        assert_eq!(series[0].1, [0.0, 1.0, 2.0, 3.0].map(Some));
        assert_eq!(resources.over(Duration::from_millis(2500), Figure::Cpu), Some((1.0, 2.0)));
        assert_eq!(resources.over(Duration::from_secs(2), Figure::Steal), None);
    }
}
