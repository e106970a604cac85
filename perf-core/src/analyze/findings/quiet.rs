//! Constant runs of a healthy target on a quiet machine, simulated: how often does any detector cry wolf?
//!
//! The level wanders (a first-order autoregression from second to second), latencies have long tails (log-normal, with one
//! in two hundred stretched by a Pareto factor), the machine hiccups now and then for some tens of milliseconds, some
//! iterations fail, memory fills and is collected, and resources wander on their own.
//!
//! Runs take 10 to 60 seconds, and one more for each hundred 10 to 60 minutes: its series are coarsened, and its fine one may
//! be halved, as that of some hours is. Of 20,000 short ones 0.2 % had a finding, no kind of finding more than 0.07 %, and of
//! 200 long ones none had one (`PERF_QUIET_RUNS=20000`, which also holds each kind to that).

use super::of_course;
use crate::analyze::course::{Course, Fine, Quantiles};
use crate::analyze::seconds::{Resource, Seconds};
use crate::drive::anomaly::{Anomalies, Glance};
use crate::measure::resources::Before;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

fn normal(rng: &mut impl Rng) -> f64 {
    let unit = |rng: &mut dyn Rng| rng.random_range(f64::MIN_POSITIVE..1.0);
    (-2.0 * unit(rng).ln()).sqrt() * (std::f64::consts::TAU * unit(rng)).cos()
}

/// Close enough to Poisson's for counts.
fn about(rng: &mut impl Rng, expected: f64) -> f64 {
    if expected < 30.0 {
        let (mut product, mut count) = (rng.random_range(0.0..1.0), 0.0);
        while product > (-expected).exp() {
            product *= rng.random_range(0.0..1.0);
            count += 1.0;
        }
        return count;
    }
    (expected + expected.sqrt() * normal(rng)).round().max(0.0)
}

fn wander(rng: &mut impl Rng, points: usize, memory: f64, deviation: f64) -> Vec<f64> {
    let mut now = deviation * normal(rng);
    let step = deviation * (1.0 - memory * memory).sqrt();
    let each = (0..points).map(|_| {
        now = memory * now + step * normal(rng);
        now
    });
    each.collect()
}

/// What is drawn once for a run.
struct Target {
    points: usize,
    rate: f64,
    /// In nanoseconds.
    p50: f64,
    /// Of the logarithm of one latency.
    sigma: f64,
    /// When the machine hiccups, in seconds, and for how many nanoseconds.
    hiccups: Vec<(f64, f64)>,
}

impl Target {
    fn drawn(rng: &mut impl Rng, points: RangeInclusive<usize>) -> Self {
        let points = rng.random_range(points);
        let mut hiccups = Vec::new();
        let mut at = 0.0;
        while at < points as f64 {
            at += -10.0 * rng.random_range(f64::MIN_POSITIVE..1.0).ln();
            hiccups.push((at, -20e6 * rng.random_range(f64::MIN_POSITIVE..1.0).ln()));
        }
        Target {
            points,
            rate: [20.0, 100.0, 500.0, 2000.0][rng.random_range(0..4)],
            p50: [0.3e6, 2e6, 10e6, 80e6][rng.random_range(0..4)],
            sigma: rng.random_range(0.05..0.6),
            hiccups,
        }
    }

    fn one(&self, rng: &mut impl Rng) -> f64 {
        let stretch = match rng.random_range(0..200) {
            0 => rng.random_range(0.01_f64..1.0).powf(-0.5),
            _ => 1.0,
        };
        self.p50 * (self.sigma * normal(rng)).exp() * stretch
    }

    fn seconds(&self, rng: &mut impl Rng) -> Seconds {
        let (n, memory, deviation) = (self.points, rng.random_range(0.0..0.6), rng.random_range(0.01..0.05));
        let level = wander(rng, n, memory, deviation);
        let failing = [0.0, 0.002, 0.01][rng.random_range(0..3)];
        let mut seconds = Seconds { length: 1.0, ..Seconds::default() };
        for (place, level) in level.iter().enumerate() {
            let late: f64 = self
                .hiccups
                .iter()
                .filter(|(at, _)| at.floor() - place as f64 == 0.0)
                .map(|(_, ns)| ns)
                .sum();
            let caught = late / 1e9;
            seconds.at.push(place as f64);
            seconds.planned.push(self.rate);
            seconds.completed.push(about(rng, self.rate));
            seconds.errors.push(about(rng, self.rate * failing));
            seconds.dropped.push(0.0);
            seconds.late.push(0.1e6);
            seconds.in_flight.push(about(rng, self.rate * self.p50 / 1e9));
            let noise = 1.25 * self.sigma / self.rate.sqrt() * normal(rng);
            seconds.p50.push(self.p50 * (level + noise).exp());
            let noise = self.sigma / self.rate.sqrt() * normal(rng);
            let mean = self.p50 * (level + 0.5 * self.sigma * self.sigma + noise).exp();
            seconds.mean.push(mean + 0.5 * caught * late);
            let many = (0.4 * normal(rng)).exp();
            let beyond = about(rng, self.rate * 0.01 * many) + about(rng, self.rate * caught);
            seconds.beyond.push(beyond);
        }
        seconds.resources = resources(rng, n);
        seconds
    }

    fn pulse(&self, rng: &mut impl Rng) -> Fine {
        let (length, count) = (0.05, 20 * self.points);
        let mut worst = vec![f64::NAN; count];
        for (place, worst) in worst.iter_mut().enumerate() {
            let at = place as f64 * length;
            let ended = about(rng, self.rate * length);
            if ended > 0.0 {
                // The largest of so many: the quantile at a uniform number's root.
                let top = (1.0 - rng.random_range(f64::MIN_POSITIVE..1.0_f64).powf(1.0 / ended)).max(1e-9);
                let z = (-2.0 * top.ln()).sqrt();
                let stretched = rng.random_range(0.0..1.0) < ended / 200.0;
                let stretch = if stretched { rng.random_range(0.01_f64..1.0).powf(-0.5) } else { 1.0 };
                let hiccup =
                    self.hiccups.iter().find(|(from, ns)| (*from..from + length + ns / 1e9).contains(&at));
                *worst = self.p50 * (self.sigma * z).exp() * stretch + hiccup.map_or(0.0, |(_, ns)| *ns);
            }
        }
        Fine { length, worst }
    }

    fn step(&self, rng: &mut impl Rng, part: f64) -> Quantiles {
        let p99 = part * self.p50 * (2.33 * self.sigma + 0.2 * normal(rng)).exp();
        Quantiles { count: self.rate * self.points as f64, p50: part * self.p50, p99 }
    }
}

fn resources(rng: &mut impl Rng, points: usize) -> Vec<Resource> {
    let mut resources = Vec::new();
    for name in ["cpu", "target_cpu", "sent_bytes_per_s", "steal", "pressure_io", "open_files"] {
        let deviation = rng.random_range(0.02..0.4);
        let values = wander(rng, points, 0.6, deviation).into_iter().map(|value| 0.3 * value.exp());
        resources.push(Resource { name, values: values.collect() });
    }
    // Fills a cache in the first seconds, and saws between collections.
    let (start, cache, saw) =
        (rng.random_range(2e7..2e8), rng.random_range(0.0..4e7), rng.random_range(0.0..0.3));
    // Between two collections further apart than that memory cannot be told from a leak.
    let period = rng.random_range(2.0..0.5 * points as f64);
    let bytes = (0..points).map(|place| {
        let at = place as f64;
        let noise = 1.0 + 0.003 * normal(rng) + saw * (at / period).fract();
        (start + cache * (1.0 - (-at / 3.0).exp())) * noise
    });
    resources.push(Resource { name: "target_memory_bytes", values: bytes.collect() });
    let opened = (0..points).map(|_| about(rng, 0.5)).collect();
    resources.push(Resource { name: "tcp_opened_per_s", values: opened });
    resources
}

/// Lengths of runs, in seconds.
const SHORT: RangeInclusive<usize> = 10..=60;
const LONG: RangeInclusive<usize> = 600..=3600;

fn quiet(seed: u64, points: RangeInclusive<usize>) -> Course {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let target = Target::drawn(&mut rng, points);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1,500 at most
    let count = (target.rate * target.points as f64).min(1500.0) as usize;
    let mut service: Vec<(f64, f64)> = (0..count).map(|_| (target.one(&mut rng), 1.0)).collect();
    service.sort_by(|a, b| a.0.total_cmp(&b.0));
    let is_open = rng.random_range(0..2) == 0;
    let users = rng.random_range(10..100_u64);
    let points = target.seconds(&mut rng);
    let mut pulse = target.pulse(&mut rng);
    if points.len() >= *LONG.start() {
        (0..rng.random_range(0..=2)).for_each(|_| pulse = pulse.halved());
    }
    Course {
        is_open,
        is_constant: true,
        max_in_flight: 1000.0,
        cores: 4.0,
        seconds: points.coarsened(),
        points,
        pulse,
        before: Before::default(),
        record_bytes: 0.0,
        response: target.step(&mut rng, 1.0),
        steps: vec![
            ("first".to_owned(), target.step(&mut rng, 0.4)),
            ("second".to_owned(), target.step(&mut rng, 0.6)),
        ],
        slowest: (0..20).map(|_| rng.random_range(0..users)).collect(),
        users: if is_open { f64::NAN } else { users as f64 },
        service,
    }
}

/// A steady open load, for tests of one detector: 100/s, 10 ms, hardly any noise.
pub(super) fn steady(points: usize) -> Course {
    let ripple = |place: usize| 1.0 + 0.01 * ((place * 7 % 11) as f64 - 5.0) / 5.0;
    let each = |value: f64| (0..points).map(|place| value * ripple(place)).collect::<Vec<f64>>();
    let seconds = Seconds {
        length: 1.0,
        at: (0..points).map(|place| place as f64).collect(),
        planned: vec![100.0; points],
        completed: vec![100.0; points],
        errors: vec![0.0; points],
        dropped: vec![0.0; points],
        in_flight: vec![1.0; points],
        p50: each(10e6),
        mean: each(11e6),
        late: vec![0.1e6; points],
        beyond: vec![1.0; points],
        resources: Vec::new(),
    };
    let response = Quantiles { count: 100.0 * points as f64, p50: 10e6, p99: 15e6 };
    let pulse = Fine { length: 0.05, worst: vec![12e6; 20 * points] };
    let points = seconds.clone();
    Course {
        is_open: true,
        is_constant: true,
        cores: 4.0,
        seconds,
        points,
        pulse,
        response,
        ..Course::default()
    }
}

/// The same with something that was sampled.
pub(super) fn with(mut course: Course, name: &'static str, value: impl Fn(usize) -> f64) -> Course {
    let values = (0..course.seconds.len()).map(value).collect();
    course.seconds.resources.push(Resource { name, values });
    course
}

#[test]
fn a_steady_course_has_no_finding() {
    assert_eq!(of_course(&steady(30)), []);
}

/// Findings by kind, of so many runs of such lengths.
fn cried(runs: u64, points: &RangeInclusive<usize>) -> (u64, BTreeMap<&'static str, u64>) {
    let (mut with_any, mut kinds) = (0, BTreeMap::new());
    for seed in 0..runs {
        let found = of_course(&quiet(seed, points.clone()));
        with_any += u64::from(!found.is_empty());
        found.iter().for_each(|one| *kinds.entry(one.kind).or_default() += 1);
    }
    (with_any, kinds)
}

#[test]
fn quiet_runs_cry_wolf_at_most_once_in_a_hundred_whether_they_take_seconds_or_an_hour() {
    let runs = std::env::var("PERF_QUIET_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1000);
    for (runs, points) in [(runs, SHORT), (runs / 100, LONG)] {
        let (with_any, kinds) = cried(runs, &points);
        eprintln!("{with_any} of {runs} of {points:?} s: {kinds:?}");
        assert!(with_any * 100 <= runs, "{with_any} of {runs} of {points:?} s: {kinds:?}");
        // One of 200 long runs is more than 0.07 % already.
        if runs >= 20_000 {
            let too_often: Vec<_> = kinds.iter().filter(|(_, count)| **count * 10_000 > 7 * runs).collect();
            assert!(too_often.is_empty(), "of {runs} runs of {points:?} s: {too_often:?}");
        }
    }
}

/// One second of a target that is drawn from single iterations, as whoever watches it sees it.
fn glance(target: &Target, level: f64, failing: f64, place: usize, rng: &mut impl Rng) -> Glance {
    // So many are enough for the percentiles of a second.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 500 at most
    let drawn = about(rng, target.rate).min(500.0) as usize;
    let mut times: Vec<f64> = (0..drawn).map(|_| target.one(rng) * level.exp()).collect();
    for (from, ns) in &target.hiccups {
        let caught = |from: &f64| from.floor() - place as f64 == 0.0;
        for time in times.iter_mut().filter(|_| caught(from)) {
            if rng.random_range(0.0..1.0) < ns / 1e9 {
                *time += rng.random_range(0.0..1.0) * ns;
            }
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |quantile: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place
        times.get(((quantile * drawn as f64).ceil() as usize).saturating_sub(1)).copied().unwrap_or(f64::NAN)
    };
    let completed = about(rng, target.rate);
    let errors = about(rng, completed * failing).min(completed);
    Glance { wanted: completed, completed, errors, p50: at(0.5), p99: at(0.99) }
}

#[test]
fn quiet_minutes_are_told_of_at_most_once_in_a_hundred_while_they_run() {
    let runs = std::env::var("PERF_QUIET_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(300);
    let (mut loud, mut notes) = (0, Vec::new());
    for seed in 0..runs {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let target = Target::drawn(&mut rng, 60..=60);
        let (memory, deviation) = (rng.random_range(0.0..0.6), rng.random_range(0.01..0.05));
        let levels = wander(&mut rng, target.points, memory, deviation);
        let failing = [0.0, 0.002, 0.01][rng.random_range(0..3)];
        let mut anomalies = Anomalies::of(true);
        let told = levels
            .into_iter()
            .enumerate()
            .flat_map(|(place, level)| anomalies.look(glance(&target, level, failing, place, &mut rng)));
        let told: Vec<String> = told.map(|note| note.to_string()).collect();
        loud += u64::from(!told.is_empty());
        notes.extend(told.into_iter().map(|note| format!("{seed}: {note}")));
    }
    eprintln!("{loud} of {runs}: {:#?}", &notes[..notes.len().min(20)]);
    assert!(loud * 100 <= runs, "{loud} of {runs}: {notes:#?}");
}
