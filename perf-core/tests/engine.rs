//! The engine against a target in its own process: every ending leaves counts that agree.

use perf_core::analyze::findings;
use perf_core::analyze::summary::Summary;
use perf_core::drive::control::Live;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test};
use perf_core::drive::users::{User, user};
use perf_core::measure::{Recording, Signal, Stopped};
use perf_core::outcome::Outcome;
use perf_core::plan::Plan;
use perf_core::plan::load::Iterations;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::rc::Rc;
use std::time::Duration;

#[allow(clippy::unnecessary_wraps)] // as the fields want it
fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

fn drive(spec: &PerfSpec, user: fn(Rc<Cx>) -> Box<dyn User>, live: &Live) -> (Plan, Recording) {
    let plan = Plan::resolve("mock", "engine", spec, &Overrides::default()).unwrap();
    let test = Test::of(user);
    let prepared = Prepared::set_up(&plan, &test).unwrap();
    let recording = engine::drive(&plan, &test, &prepared, live).unwrap();
    let counts = recording.measured.counts;
    assert!(counts.are_consistent(), "{counts:?}");
    let errors: u64 = recording.measured.errors.by_count().iter().map(|(_, group)| group.count).sum();
    assert_eq!(errors, counts.errors());
    (plan, recording)
}

fn ready(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |_: &Cx| Outcome::Succeeded)
}

fn slow(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |_: &Cx| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Outcome::Succeeded
    })
}

fn stuck(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| {
        while cx.iteration() == 5 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Outcome::Succeeded
    })
}

#[test]
fn iterations_are_shared_between_users_and_workers_exactly() {
    let spec = PerfSpec {
        users: Some(8),
        iterations: Some(Iterations::Shared(1003)),
        workers: Some(2),
        ..PerfSpec::default()
    };
    let (_, recording) = drive(&spec, ready, &Live::default());
    assert_eq!(recording.measured.counts.succeeded, 1003);
    let by_round: Vec<u64> = recording.rounds.iter().map(|round| round.succeeded).collect();
    assert_eq!(by_round.iter().sum::<u64>(), 1003);
}

#[test]
fn an_open_load_is_the_same_on_any_number_of_workers() {
    for workers in [1, 2, 3] {
        let spec = PerfSpec {
            rate: Some(500.0),
            duration: ms(400),
            warmup: ms(100),
            workers: Some(workers),
            ..PerfSpec::default()
        };
        let (_, recording) = drive(&spec, slow, &Live::default());
        assert_eq!((recording.measured.counts.planned, recording.warmup.counts.planned), (200, 50));
        assert_eq!(recording.measured.counts.succeeded, 200);
    }
}

#[test]
fn a_signal_ends_it_with_everything_accounted_for() {
    let live = Live::default();
    let stopper = live.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        stopper.stop(Signal::Interrupt);
    });
    let spec = PerfSpec { users: Some(10), duration: ms(60_000), warmup: ms(0), ..PerfSpec::default() };
    let (_, recording) = drive(&spec, slow, &live);
    thread.join().unwrap();
    assert_eq!(recording.stopped_by, Some(Stopped::Signal(Signal::Interrupt)));
    assert!(recording.measured.counts.succeeded > 0 && recording.measured_for < Duration::from_secs(30));
}

#[test]
fn a_worker_that_never_comes_back_is_given_up_with_its_counts_known() {
    let spec = PerfSpec {
        rate: Some(50.0),
        duration: ms(300),
        warmup: ms(0),
        graceful_stop: ms(100),
        ..PerfSpec::default()
    };
    let (plan, recording) = drive(&spec, stuck, &Live::default());
    let counts = recording.measured.counts;
    assert_eq!((counts.succeeded, counts.interrupted, recording.lost.len()), (5, 1, 1), "{counts:?}");
    let summary = Summary::of(&plan, &recording);
    let found = findings::look(&plan, &recording, &summary);
    assert!(
        findings::spoil(&found) && found.iter().any(|finding| finding.kind == "worker_lost"),
        "{found:?}"
    );
}
