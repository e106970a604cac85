//! Targets with one ailment each, driven for some seconds: the right finding with the right figure, and no other warning.
//!
//! All of them sleep, so they run at the same time; but the one that leaks, whose memory is that of the process, and a healthy
//! one, so that its resources are its own and none of them cries wolf.

use perf_core::analyze::course::Course;
use perf_core::analyze::findings::{self, Finding, Severity};
use perf_core::analyze::summary::Summary;
use perf_core::drive::control::Control;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test};
use perf_core::drive::users::{User, user};
use perf_core::error::Category;
use perf_core::measure::resources::Resources;
use perf_core::outcome::{Failure, Outcome};
use perf_core::plan::Plan;
use perf_core::plan::load::Load;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

type Target = fn(Rc<Cx>) -> Box<dyn User>;

/// Since the first iteration of a target.
struct Clock(OnceLock<Instant>);

impl Clock {
    const fn new() -> Self {
        Clock(OnceLock::new())
    }

    fn seconds(&self) -> f64 {
        self.0.get_or_init(Instant::now).elapsed().as_secs_f64()
    }
}

async fn pause(ms: f64) -> Outcome {
    sleep(Duration::from_secs_f64(ms / 1e3)).await;
    Outcome::Succeeded
}

/// Serves so many a second, each for so long, in the order they come.
struct Server {
    next: Mutex<Option<Instant>>,
    each: Duration,
    service: Duration,
}

impl Server {
    const fn new(per_second: u64, service_ms: u64) -> Self {
        let each = Duration::from_nanos(1_000_000_000 / per_second);
        Server { next: Mutex::new(None), each, service: Duration::from_millis(service_ms) }
    }

    async fn serve(&self) -> Outcome {
        let starts = {
            let mut next = self.next.lock().unwrap();
            let starts = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(starts + self.each);
            starts
        };
        sleep_until((starts + self.service).into()).await;
        Outcome::Succeeded
    }
}

/// The finaliser of `SplitMix64`: without a pattern from one iteration to the next.
fn mixed(number: u64) -> u64 {
    let number = (number.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ 7).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 20
}

fn steady(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |_: &Cx| pause(10.0).await)
}

fn saturating(cx: Rc<Cx>) -> Box<dyn User> {
    static SERVER: Server = Server::new(200, 20);
    user(cx, async |_: &Cx| SERVER.serve().await)
}

fn overloaded(cx: Rc<Cx>) -> Box<dyn User> {
    static SERVER: Server = Server::new(60, 50);
    user(cx, async |_: &Cx| SERVER.serve().await)
}

fn locked(cx: Rc<Cx>) -> Box<dyn User> {
    static SERVER: Server = Server::new(100, 10);
    user(cx, async |_: &Cx| SERVER.serve().await)
}

fn stalling(cx: Rc<Cx>) -> Box<dyn User> {
    static CLOCK: Clock = Clock::new();
    user(cx, async |_: &Cx| {
        let since = (CLOCK.seconds() + 1.5) % 3.0;
        pause(5.0 + (200.0 - since * 1e3).max(0.0)).await
    })
}

fn bimodal(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| pause(if mixed(cx.iteration()).is_multiple_of(5) { 30.0 } else { 5.0 }).await)
}

fn warming(cx: Rc<Cx>) -> Box<dyn User> {
    static CLOCK: Clock = Clock::new();
    user(cx, async |_: &Cx| pause(10.0 + 20.0 * (-CLOCK.seconds() / 3.0).exp()).await)
}

fn degrading(cx: Rc<Cx>) -> Box<dyn User> {
    static CLOCK: Clock = Clock::new();
    user(cx, async |_: &Cx| pause(30.0 * 1.01_f64.powf(CLOCK.seconds())).await)
}

fn stepping(cx: Rc<Cx>) -> Box<dyn User> {
    static CLOCK: Clock = Clock::new();
    user(cx, async |_: &Cx| pause(if CLOCK.seconds() < 9.0 { 20.0 } else { 30.0 }).await)
}

fn bursting(cx: Rc<Cx>) -> Box<dyn User> {
    static CLOCK: Clock = Clock::new();
    user(cx, async |_: &Cx| pause(if (6.0..10.0).contains(&CLOCK.seconds()) { 60.0 } else { 20.0 }).await)
}

fn failed() -> Outcome {
    Outcome::Failed(Failure::new(Category::Other, "no more"))
}

fn failing(cx: Rc<Cx>) -> Box<dyn User> {
    static SERVED: AtomicU64 = AtomicU64::new(0);
    user(cx, async |_: &Cx| {
        let outcome = pause(10.0).await;
        if SERVED.fetch_add(1, Ordering::Relaxed) < 800 { outcome } else { failed() }
    })
}

fn refusing(cx: Rc<Cx>) -> Box<dyn User> {
    static LATEST: Mutex<Vec<Instant>> = Mutex::new(Vec::new());
    user(cx, async |_: &Cx| {
        let within = {
            let (mut latest, now) = (LATEST.lock().unwrap(), Instant::now());
            latest.retain(|at| now - *at < Duration::from_millis(500));
            latest.push(now);
            latest.len()
        };
        let outcome = pause(10.0).await;
        if within <= 50 { outcome } else { failed() }
    })
}

fn tailing(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| {
        cx.step("list", pause(6.0)).await;
        let is_slow = mixed(cx.iteration()).is_multiple_of(50);
        cx.step("search", pause(if is_slow { 150.0 } else { 6.0 })).await
    })
}

fn leaking(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |_: &Cx| {
        std::mem::forget(vec![1u8; 40_000]);
        pause(5.0).await
    })
}

fn open(rate: f64, seconds: u64) -> PerfSpec {
    let duration = Some(Duration::from_secs(seconds));
    PerfSpec { rate: Some(rate), duration, warmup: Some(Duration::ZERO), ..PerfSpec::default() }
}

/// Where other targets run in the same process, its resources say nothing of this one.
fn diagnosed(spec: &PerfSpec, target: Target, is_alone: bool) -> Vec<Finding> {
    let plan = Plan::resolve("mock", "findings", spec, &Overrides::default()).unwrap();
    let test = Test::of(target);
    let prepared = Prepared::set_up(&plan, &test, &Control::default()).unwrap();
    let mut recording = engine::drive(&plan, &test, &prepared, &Control::default()).unwrap();
    if !is_alone {
        recording.resources = Resources::default();
    }
    let summary = Summary::of(&plan, &recording);
    // Whether the generator kept up on the machine that runs the tests is another matter.
    findings::of_target(&Course::of(&plan, &recording, &summary))
}

/// A figure of the evidence, and where it lies.
type Figure = (&'static str, std::ops::RangeInclusive<f64>);

struct Case {
    spec: PerfSpec,
    target: Target,
    kind: Option<&'static str>,
    figures: Vec<Figure>,
}

impl Case {
    fn of(spec: PerfSpec, target: Target, kind: &'static str, figures: Vec<Figure>) -> Self {
        Case { spec, target, kind: Some(kind), figures }
    }

    /// What is wrong with what was found.
    fn mistakes(self, is_alone: bool) -> Vec<String> {
        let found = diagnosed(&self.spec, self.target, is_alone);
        let name = self.kind.unwrap_or("nothing");
        let warned = found.iter().filter(|one| one.severity >= Severity::Warning);
        let others = warned.filter(|one| Some(one.kind) != self.kind);
        let mut wrong: Vec<String> = others.map(|one| format!("{name}: also {}: {one}", one.kind)).collect();
        let Some(kind) = self.kind else { return wrong };
        let Some(one) = found.iter().find(|one| one.kind == kind) else {
            wrong.push(format!("{name}: not found: {found:?}"));
            return wrong;
        };
        println!("{kind}: {one}");
        for (figure, range) in self.figures {
            let value = one.evidence.iter().find(|(name, _)| *name == figure).map(|(_, value)| *value);
            if !value.is_some_and(|value| range.contains(&value)) {
                wrong.push(format!("{name}: {figure} is {value:?}, not in {range:?}"));
            }
        }
        wrong
    }
}

fn gallery() -> Vec<Case> {
    let shaped = |load| PerfSpec { load: Some(load), ..PerfSpec::default() };
    let ramp = |from, to| shaped(Load::rate(from).ramp_to(to, "16s"));
    vec![
        Case { spec: open(100.0, 16), target: steady, kind: None, figures: Vec::new() },
        Case::of(
            ramp(50, 350),
            saturating,
            "saturated",
            vec![("limit_per_s", 170.0..=230.0), ("at_a_time", 3.5..=5.0)],
        ),
        Case::of(
            open(100.0, 12),
            overloaded,
            "saturated",
            vec![("limit_per_s", 51.0..=69.0), ("at_a_time", 2.5..=3.6)],
        ),
        Case::of(
            shaped(Load::users(1).ramp_to(30, "16s")),
            locked,
            "saturated",
            vec![("limit_per_s", 85.0..=115.0), ("at_a_time", 0.8..=1.4)],
        ),
        Case::of(
            open(100.0, 15),
            stalling,
            "periodic_stalls",
            vec![("period_s", 2.7..=3.3), ("length_ns", 1.8e8..=2.2e8)],
        ),
        Case::of(
            open(100.0, 12),
            bimodal,
            "bimodal_latency",
            vec![("slow_share", 0.15..=0.25), ("fast_ns", 4.5e6..=7.5e6), ("slow_ns", 29e6..=34e6)],
        ),
        Case::of(open(100.0, 14), warming, "still_warming", vec![("last_ns", 9.5e6..=13e6)]),
        Case::of(open(100.0, 20), degrading, "latency_trend", vec![("per_second", 0.006..=0.013)]),
        Case::of(
            open(100.0, 18),
            stepping,
            "latency_step",
            vec![("at_s", 8.0..=10.0), ("change", 0.35..=0.6)],
        ),
        Case::of(
            open(100.0, 18),
            bursting,
            "latency_burst",
            vec![("from_s", 5.0..=7.0), ("to_s", 9.0..=11.0)],
        ),
        Case::of(open(100.0, 16), failing, "errors_began", vec![("iterations", 690.0..=910.0)]),
        Case::of(ramp(50, 150), refusing, "errors_with_load", vec![("from_load", 85.0..=115.0)]),
        Case::of(open(100.0, 16), tailing, "tail_of_step", vec![("step_p99_ns", 1.4e8..=1.7e8)]),
    ]
}

#[test]
fn every_ailment_is_named_with_its_figure_and_nothing_else_is() {
    // First: what others gave back would hold what it leaks.
    let slope = vec![("bytes_per_iteration", 34e3..=46e3)];
    let mut wrong = Case::of(open(100.0, 12), leaking, "memory_growth", slope).mistakes(true);
    let healthy = || Case { spec: open(100.0, 12), target: steady, kind: None, figures: Vec::new() };
    wrong.extend(healthy().mistakes(true));
    let running: Vec<_> =
        gallery().into_iter().map(|case| std::thread::spawn(move || case.mistakes(false))).collect();
    wrong.extend(running.into_iter().flat_map(|case| case.join().unwrap()));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
