//! What the engine itself costs: nanoseconds per iteration that does nothing, how late arrivals start, what sampling takes,
//! and whether memory grows. `cargo bench -p perf-core`, or some parts of it: `cargo bench -p perf-core -- iteration scaling`.
//! Everything is compared within one run: these figures are of one machine and moment.

use perf_core::drive::control::Control;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test};
use perf_core::drive::users::user;
use perf_core::measure::Recording;
use perf_core::measure::histogram::Histogram;
use perf_core::metric::{Quantile, Statistic};
use perf_core::outcome::Outcome;
use perf_core::plan::Plan;
use perf_core::plan::load::Iterations;
use perf_core::plan::spec::{Overrides, PerfSpec};
use perf_core::units::Latency;
use std::time::{Duration, Instant};

const ITERATIONS: u64 = 5_000_000;
const REPEATS: usize = 3;
/// Longer than the open load of the costs takes.
const ALL_DUE: Duration = Duration::from_millis(1100);

/// Runs a test function that does nothing, on one worker unless the spec says otherwise.
fn drive(spec: &PerfSpec) -> (Recording, Duration) {
    drive_since(spec, Duration::ZERO)
}

/// As if the load had begun so long ago.
fn drive_since(spec: &PerfSpec, ago: Duration) -> (Recording, Duration) {
    drive_test(spec, ago, &Test::of(|cx| user(cx, async |_: &Cx| Outcome::Succeeded)))
}

fn drive_test(spec: &PerfSpec, ago: Duration, test: &Test) -> (Recording, Duration) {
    let workers = spec.workers.or(Some(1));
    let spec = PerfSpec { workers, warmup: Some(Duration::ZERO), ..spec.clone() };
    let plan = Plan::resolve("nothing", "bench", &spec, &Overrides::default()).expect("a plan");
    let live = Control::default();
    let prepared = Prepared::set_up(&plan, test, &live).expect("a runtime");
    let assembled = engine::Assembled::of(&plan, test, &prepared, &live).expect("workers");
    let began = Instant::now();
    let recording = assembled.run(began.checked_sub(ago).unwrap_or(began), &live);
    (recording, began.elapsed())
}

fn closed(iterations: u64) -> PerfSpec {
    PerfSpec {
        users: Some(64),
        iterations: Some(Iterations::Shared(iterations)),
        rounds: Some(1),
        ..PerfSpec::default()
    }
}

/// Arrivals that are always due, so that the engine never waits.
fn open(iterations: u64) -> PerfSpec {
    PerfSpec {
        rate: Some(1e7),
        iterations: Some(Iterations::Shared(iterations)),
        duration: Some(Duration::from_secs(1)),
        max_in_flight: Some(u32::MAX),
        rounds: Some(1),
        ..PerfSpec::default()
    }
}

/// The best of several: noise only ever adds.
fn best(mut once: impl FnMut() -> f64) -> f64 {
    (0..REPEATS).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn per_iteration(spec: &PerfSpec, iterations: u64) -> f64 {
    best(|| {
        // All arrivals of an open load are due from the start.
        let ago = spec.rate.map_or(Duration::ZERO, |_| ALL_DUE);
        let (recording, took) = drive_since(spec, ago);
        assert_eq!(recording.measured.counts.succeeded, iterations);
        took.as_nanos() as f64 / iterations as f64
    })
}

/// What a test function pays for saying something by name: nanoseconds more than for nothing.
fn naming(test: &Test, nothing: f64) -> f64 {
    let spec = closed(ITERATIONS);
    let took = best(|| drive_test(&spec, Duration::ZERO, test).1.as_nanos() as f64 / ITERATIONS as f64);
    took - nothing
}

fn names() -> [(&'static str, Test); 7] {
    let step = |cx| {
        user(cx, async |cx: &Cx| {
            cx.step("login", async {}).await;
            Outcome::Succeeded
        })
    };
    let check = |cx| {
        user(cx, async |cx: &Cx| {
            cx.check("answered", true);
            Outcome::Succeeded
        })
    };
    let counter = |cx| {
        user(cx, async |cx: &Cx| {
            cx.counter("orders").add(1);
            Outcome::Succeeded
        })
    };
    let gauge = |cx| {
        user(cx, async |cx: &Cx| {
            cx.gauge("queue").set(17);
            Outcome::Succeeded
        })
    };
    let rate = |cx| {
        user(cx, async |cx: &Cx| {
            cx.rate("hits").record(true);
            Outcome::Succeeded
        })
    };
    let trend = |cx| {
        user(cx, async |cx: &Cx| {
            cx.trend("rows").record(40);
            Outcome::Succeeded
        })
    };
    let tag = |cx| {
        user(cx, async |cx: &Cx| {
            cx.tag("cache", "hit");
            Outcome::Succeeded
        })
    };
    [
        ("a step (with two clock readings)", Test::of(step)),
        ("a check", Test::of(check)),
        ("a counter", Test::of(counter)),
        ("a gauge", Test::of(gauge)),
        ("a rate", Test::of(rate)),
        ("a trend", Test::of(trend)),
        ("a tag", Test::of(tag)),
    ]
}

/// What cannot be avoided: one reading of the clock and three recordings.
fn bare_loop() -> f64 {
    best(|| {
        let mut histograms = [(); 3].map(|()| Histogram::default());
        let began = Instant::now();
        let mut last = began;
        for _ in 0..ITERATIONS {
            let now = Instant::now();
            let ns = u64::try_from((now - last).as_nanos()).unwrap_or(u64::MAX);
            histograms.iter_mut().for_each(|histogram| histogram.record(ns));
            last = now;
        }
        assert_eq!(histograms[2].count(), ITERATIONS);
        began.elapsed().as_nanos() as f64 / ITERATIONS as f64
    })
}

/// How much more two threads get done than one, in the same time.
fn bare_scaling() -> f64 {
    let alone = bare_loop();
    let both = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(bare_loop));
        threads.map(|thread| thread.join().unwrap_or(f64::INFINITY)).into_iter().fold(0.0, f64::max)
    });
    2.0 * alone / both
}

fn engine_scaling() -> f64 {
    let two = PerfSpec { workers: Some(2), ..closed(2 * ITERATIONS) };
    let alone = per_iteration(&closed(ITERATIONS), ITERATIONS);
    alone / per_iteration(&two, 2 * ITERATIONS)
}

/// Users who do nothing and think for a second.
fn crowd(users: u32) -> PerfSpec {
    PerfSpec {
        users: Some(users),
        duration: Some(Duration::from_secs(3)),
        think: Some("1s".into()),
        ..PerfSpec::default()
    }
}

fn shown(histogram: &Histogram) -> String {
    let percent =
        |percent| Quantile::percent(percent).map(Statistic::Percentile).and_then(|s| histogram.statistic(s));
    let latency = |p| percent(p).map_or_else(String::new, |ns| Latency(ns).to_string());
    format!("p50 {:>8}  p99 {:>8}", latency(50.0), latency(99.0))
}

fn engine_lag(per_second: f64, is_precise: bool) -> String {
    let spec = PerfSpec {
        rate: Some(per_second),
        duration: Some(Duration::from_secs(3)),
        precise: Some(is_precise),
        ..PerfSpec::default()
    };
    drive(&spec).0.measured.succeeded.lag().map_or_else(String::new, shown)
}

fn tokio_lag(per_second: f64) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (start, mut lag) = (Instant::now(), Histogram::default());
        let mut due = start;
        while due < start + Duration::from_secs(3) {
            tokio::time::sleep_until(due.into()).await;
            let late = Instant::now().saturating_duration_since(due).as_nanos();
            lag.record(u64::try_from(late).unwrap_or(u64::MAX));
            due += Duration::from_secs_f64(1.0 / per_second);
        }
        shown(&lag)
    })
}

/// CPU time that the thread which samples once a second took, and in how long, of a load of some seconds; `None` where the
/// system keeps no such account.
fn sampling(seconds: u64) -> Option<(Duration, Duration)> {
    let spec =
        PerfSpec { rate: Some(200.0), duration: Some(Duration::from_secs(seconds)), ..PerfSpec::default() };
    let load = std::thread::spawn(move || drive(&spec));
    let (mut first, mut taken) = (None, None);
    while !load.is_finished() {
        std::thread::sleep(Duration::from_millis(100));
        if let Some(used) = cpu_of("perf-meter") {
            let (began, before) = *first.get_or_insert((Instant::now(), used));
            taken = Some((used.saturating_sub(before), began.elapsed()));
        }
    }
    load.join().ok()?;
    taken
}

/// Of a thread of this process, by its name.
fn cpu_of(thread: &str) -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?.flatten().map(|entry| entry.path());
    let named = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == thread)
    };
    let account = std::fs::read_to_string(tasks.into_iter().find(named)?.join("schedstat")).ok()?;
    account.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Resident memory in megabytes; `None` where the system does not say.
fn resident_mb() -> Option<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / 1e6)
}

fn print_iteration() {
    println!("ns per iteration that does nothing, one worker, best of {REPEATS}");
    println!("  bare loop (a clock reading, three recordings)  {:>6.1}", bare_loop());
    println!(
        "  closed, 64 users                               {:>6.1}",
        per_iteration(&closed(ITERATIONS), ITERATIONS)
    );
    println!(
        "  open, arrivals always due                      {:>6.1}",
        per_iteration(&open(ITERATIONS), ITERATIONS)
    );
}

fn print_names() {
    println!("ns more per iteration for saying something by name, closed");
    let nothing = per_iteration(&closed(ITERATIONS), ITERATIONS);
    for (what, test) in names() {
        println!("  {what:<46} {:>6.1}", naming(&test, nothing));
    }
}

fn print_scaling() {
    println!("two threads instead of one, times as much");
    println!("  bare loop                                      {:>6.2}", bare_scaling());
    println!("  closed, 64 users                               {:>6.2}", engine_scaling());
}

fn print_lag() {
    println!("lag of arrivals over 3 s");
    for per_second in [200.0, 2_000.0, 20_000.0] {
        println!("  {per_second:>6}/s  engine      {}", engine_lag(per_second, false));
        println!("           precise     {}", engine_lag(per_second, true));
        println!("           tokio::time {}", tokio_lag(per_second));
    }
}

fn print_sampling() {
    println!("sampling of client, machine and target, once a second");
    match sampling(20) {
        Some((used, time)) => println!(
            "  {:.0} µs of CPU in {:.0} s of time: {:.3} % of a core",
            used.as_secs_f64() * 1e6,
            time.as_secs_f64(),
            100.0 * used.as_secs_f64() / time.as_secs_f64()
        ),
        None => println!("  unknown"),
    }
}

fn print_memory() {
    println!("resident memory");
    let resident = || resident_mb().map_or_else(|| "unknown".to_owned(), |mb| format!("{mb:.1} MB"));
    for millions in [1, 20] {
        drive(&closed(millions * 1_000_000));
        println!("  after {millions:>2} million iterations  {}", resident());
    }
    let (recording, _) = drive(&crowd(100_000));
    println!(
        "  after 100,000 users with 1 s of think time for 3 s ({} iterations)  {}",
        recording.measured.counts.succeeded,
        resident()
    );
}

/// All parts, or those that are named.
fn main() {
    let parts: [(&str, fn()); 6] = [
        ("iteration", print_iteration),
        ("names", print_names),
        ("scaling", print_scaling),
        ("lag", print_lag),
        ("sampling", print_sampling),
        ("memory", print_memory),
    ];
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (_, print) in
        parts.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|one| one == name))
    {
        print();
        println!();
    }
}
