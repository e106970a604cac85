//! CPU time of a target per iteration, in a process of its own: other tests' threads would count as the target's.
#![cfg(target_os = "linux")]

use perf_core::analyze::summary::Summary;
use perf_core::drive::control::Control;
use perf_core::drive::cpu::of_this_thread;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test, setup};
use perf_core::drive::users::user;
use perf_core::metric::Metric;
use perf_core::outcome::Outcome;
use perf_core::plan::Plan;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What a request costs the target, in nanoseconds.
const WORK: u64 = 2_000_000;

type Requests = mpsc::Sender<oneshot::Sender<()>>;

/// By the server's own account, per request.
static NEEDED: AtomicU64 = AtomicU64::new(0);

fn burn(nanoseconds: u64) {
    let began = of_this_thread().unwrap();
    while of_this_thread().unwrap() < began + nanoseconds {}
}

/// A server that burns as much CPU time for each request, on a thread of its own: a runtime's wake-ups cost something.
async fn serve() -> Result<Requests, String> {
    let (send, requests) = mpsc::channel::<oneshot::Sender<()>>();
    std::thread::spawn(move || {
        for (number, answer) in (1..).zip(requests) {
            burn(WORK);
            answer.send(()).ok();
            // With what it costs to wake up and to answer.
            NEEDED.store(of_this_thread().unwrap() / number, Ordering::Relaxed);
        }
    });
    Ok(send)
}

/// The generator's own work is as much again, on the worker and on its pool.
async fn request(cx: &Cx) -> Outcome {
    let (answer, answered) = oneshot::channel();
    cx.state::<Requests>().send(answer).unwrap();
    burn(WORK / 2);
    tokio::task::spawn_blocking(|| burn(WORK / 2)).await.unwrap();
    answered.await.unwrap();
    Outcome::Succeeded
}

#[test]
fn the_targets_cpu_per_iteration_is_within_two_percent_of_what_it_burns() {
    let spec = PerfSpec {
        rate: Some(50.0),
        duration: Some(Duration::from_secs(2)),
        rounds: Some(4),
        ..PerfSpec::default()
    };
    let plan = Plan::resolve("burn", "cpu", &spec, &Overrides::default()).unwrap();
    let test = Test { setup: Some(|cx| setup(serve, cx)), ..Test::of(|cx| user(cx, request)) };
    let prepared = Prepared::set_up(&plan, &test, &Control::default()).unwrap();
    let recording = engine::drive(&plan, &test, &prepared, &Control::default()).unwrap();
    let summary = Summary::of(&plan, &recording);
    let cpu = summary.value(&Metric::CpuPerIteration).unwrap();
    let needed = NEEDED.load(Ordering::Relaxed);
    assert!(needed >= WORK && (cpu / needed as f64 - 1.0).abs() < 0.02, "{cpu} ns of {needed}");
    let rounds: Vec<f64> = summary.rounds.iter().filter_map(|round| round.cpu_per_iteration).collect();
    assert_eq!(rounds.len(), 4);
    // At its edges a round may have a request's work whose end counts in the next one.
    assert!(rounds.iter().all(|cpu| (cpu / needed as f64 - 1.0).abs() < 0.06), "{rounds:?} of {needed}");
    prepared.tear_down(&test, &Control::default()).unwrap();
}
