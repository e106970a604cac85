//! The engine against a target in its own process: every ending leaves counts that agree.

use perf_core::analyze::findings;
use perf_core::analyze::summary::Summary;
use perf_core::drive::control::Control;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test};
use perf_core::drive::users::{User, user};
use perf_core::error::Category;
use perf_core::measure::timeline::Point;
use perf_core::measure::{Altered, Recording, Signal, Stopped};
use perf_core::metric::Statistic;
use perf_core::outcome::{Failure, Outcome};
use perf_core::plan::Plan;
use perf_core::plan::load::Iterations;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::cmp::Reverse;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

#[allow(clippy::unnecessary_wraps)] // as the fields want it
fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

fn drive(spec: &PerfSpec, user: fn(Rc<Cx>) -> Box<dyn User>, live: &Control) -> (Plan, Recording) {
    let plan = Plan::resolve("mock", "engine", spec, &Overrides::default()).unwrap();
    let test = Test::of(user);
    let prepared = Prepared::set_up(&plan, &test, &Control::default()).unwrap();
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

fn blocking_once(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| {
        if cx.iteration() == 5 {
            std::thread::sleep(Duration::from_millis(1500));
        }
        Outcome::Succeeded
    })
}

#[test]
fn what_falls_due_after_the_end_was_asked_for_is_not_planned() {
    let spec = PerfSpec {
        rate: Some(1000.0),
        duration: ms(5000),
        warmup: ms(0),
        workers: Some(1),
        ..PerfSpec::default()
    };
    let control = Control::default();
    later(500, &control, |control| control.stop(Signal::Interrupt));
    let (_, recording) = drive(&spec, blocking_once, &control);
    // The worker looks around after 1.5 s, when as many as 1,500 have fallen due.
    let counts = recording.measured.counts;
    assert!(counts.dropped_late > 0 && counts.planned < 1000, "{counts:?}");
}

#[test]
fn iterations_are_shared_between_users_and_workers_exactly() {
    let spec = PerfSpec {
        users: Some(8),
        iterations: Some(Iterations::Shared(1003)),
        workers: Some(2),
        ..PerfSpec::default()
    };
    let (_, recording) = drive(&spec, ready, &Control::default());
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
        let (_, recording) = drive(&spec, slow, &Control::default());
        assert_eq!((recording.measured.counts.planned, recording.warmup.counts.planned), (200, 50));
        assert_eq!(recording.measured.counts.succeeded, 200);
    }
}

#[test]
fn a_signal_ends_it_with_everything_accounted_for() {
    let live = Control::default();
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
    let (plan, recording) = drive(&spec, stuck, &Control::default());
    let counts = recording.measured.counts;
    assert_eq!((counts.succeeded, counts.interrupted, recording.lost.len()), (5, 1, 1), "{counts:?}");
    // 15 fall due; nobody was there to start the others.
    assert_eq!((counts.planned, counts.dropped_late), (15, 9), "{counts:?}");
    let summary = Summary::of(&plan, &recording);
    let (found, _) = findings::look(&plan, &recording, &summary);
    assert!(
        findings::spoil(&found) && found.iter().any(|finding| finding.kind == "worker_lost"),
        "{found:?}"
    );
}

#[test]
fn a_signal_during_a_pause_gives_up_a_worker_that_never_comes_back() {
    let control = Control::default();
    later(300, &control, Control::pause);
    later(600, &control, |control| control.stop(Signal::Interrupt));
    let (send, driven) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let spec = PerfSpec { graceful_stop: ms(100), ..spec(50.0, 1000) };
        send.send(drive(&spec, stuck, &control).1).unwrap();
    });
    let recording = driven.recv_timeout(Duration::from_secs(20)).expect("an end");
    assert_eq!(recording.stopped_by, Some(Stopped::Signal(Signal::Interrupt)));
    assert_eq!((recording.measured.counts.interrupted, recording.lost.len()), (1, 1));
}

fn spec(rate: f64, length: u64) -> PerfSpec {
    PerfSpec { rate: Some(rate), duration: ms(length), warmup: ms(0), ..PerfSpec::default() }
}

/// Does it after a while, from another thread.
fn later(after: u64, control: &Control, order: impl FnOnce(&Control) + Send + 'static) {
    let control = control.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(after));
        order(&control);
    });
}

#[test]
fn a_pause_shifts_the_schedule_and_no_statistic_counts_it() {
    let control = Control::default();
    later(400, &control, Control::pause);
    later(1200, &control, Control::resume);
    let began = std::time::Instant::now();
    let (plan, recording) = drive(&spec(200.0, 1000), slow, &control);
    assert!(began.elapsed() > Duration::from_millis(1700), "{:?}", began.elapsed());
    let summary = Summary::of(&plan, &recording);
    assert_eq!((summary.counts.planned, summary.counts.succeeded), (200, 200));
    assert_eq!((recording.gaps.len(), recording.measured_for), (1, Duration::from_secs(1)));
    assert!(recording.gaps[0].length > 700_000_000, "{:?}", recording.gaps);
    let max = summary.response.statistic(Statistic::Max).unwrap();
    assert!(max < 500e6, "the pause is no part of a response time: {max} ns");
    assert_eq!(recording.rounds.len(), 10);
    assert!(recording.altered.is_none());
}

#[test]
fn a_scaled_load_goes_on_with_another_rate_and_says_so() {
    let control = Control::default();
    later(1000, &control, |control| control.scale(3.0));
    later(1500, &control, |control| control.scale(0.5));
    let two = PerfSpec { workers: Some(2), warmup: ms(0), ..spec(100.0, 2000) };
    let (_, recording) = drive(&two, ready, &control);
    let scales = control.orders().scales;
    let length = |from: std::time::Instant, to: std::time::Instant| (to - from).as_secs_f64();
    let Some(Altered::Scaled { at, factor: 0.5 }) = recording.altered else {
        panic!("{:?}", recording.altered)
    };
    let second = at as f64 / 1e9;
    let first = second - length(scales[0].0, scales[1].0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small numbers above zero
    let planned = [first * 100.0, (second - first) * 300.0, (2.0 - second) * 50.0].map(|n| n.ceil() as u64);
    assert_eq!(recording.measured.counts.planned, planned.iter().sum::<u64>(), "{planned:?}");
    let factors: Vec<f64> = recording.scaled.iter().map(|scaled| scaled.factor).collect();
    assert_eq!((factors, recording.scaled[1].at), (vec![3.0, 0.5], at));
}

#[test]
fn users_whom_a_scaled_load_does_not_want_are_not_waited_for() {
    let control = Control::default();
    control.scale(0.5);
    let (send, driven) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let spec = PerfSpec {
            users: Some(4),
            iterations: Some(Iterations::PerUser(3)),
            workers: Some(1),
            ..PerfSpec::default()
        };
        send.send(drive(&spec, slow, &control).1).unwrap();
    });
    let recording = driven.recv_timeout(Duration::from_secs(20)).expect("an end");
    assert_eq!(recording.measured.counts.succeeded, 6);
}

#[test]
fn a_load_that_is_scaled_during_a_pause_goes_on_with_the_other_rate_where_it_stood() {
    let control = Control::default();
    later(400, &control, Control::pause);
    later(700, &control, |control| control.scale(2.0));
    later(1000, &control, Control::resume);
    let (_, recording) = drive(&PerfSpec { workers: Some(2), ..spec(200.0, 1000) }, ready, &control);
    let (gap, Some(Altered::Scaled { at, factor: 2.0 })) = (recording.gaps[0], recording.altered) else {
        panic!("{:?}", recording.gaps);
    };
    assert_eq!(gap.at, at, "the schedule stood still when it was scaled");
    let before = at as f64 / 1e9;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small numbers above zero
    let planned = [before * 200.0, (1.0 - before) * 400.0].map(|n| n.ceil() as u64);
    let counts = recording.measured.counts;
    assert_eq!((counts.planned, counts.succeeded), (planned[0] + planned[1], counts.planned), "{planned:?}");
}

/// Keeps its worker to itself.
fn busy(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |_: &Cx| {
        std::thread::sleep(Duration::from_millis(5));
        Outcome::Succeeded
    })
}

#[test]
fn what_a_user_waits_for_another_one_of_its_worker_is_part_of_its_response() {
    let users = PerfSpec {
        users: Some(4),
        workers: Some(1),
        duration: ms(400),
        warmup: ms(0),
        ..PerfSpec::default()
    };
    let (plan, recording) = drive(&users, busy, &Control::default());
    let summary = Summary::of(&plan, &recording);
    let mean = |times: &perf_core::measure::histogram::Histogram| times.statistic(Statistic::Mean).unwrap();
    let (response, service) = (mean(&summary.response), mean(&summary.service));
    // Little's law: four users are always either running or waiting for their turn.
    let in_system = summary.counts.completed() as f64 * response / 400e6;
    assert!((3.5..4.2).contains(&in_system), "{in_system} of 4 users");
    assert!(response > 3.0 * service, "{response} of {service} ns");
}

#[test]
fn users_of_a_closed_load_are_scaled_and_those_who_are_made_first_are_not_more_than_planned() {
    let scaled = |connections| {
        let control = Control::default();
        control.scale(2.0);
        let users = PerfSpec {
            users: Some(2),
            iterations: Some(Iterations::PerUser(3)),
            connections,
            ..PerfSpec::default()
        };
        let (_, recording) = drive(&users, slow, &control);
        recording.measured.counts.planned
    };
    assert_eq!(scaled(None), 12);
    assert_eq!(scaled(Some("user".into())), 6);
}

#[test]
fn a_held_load_waits_for_its_start() {
    let control = Control::held();
    later(300, &control, Control::start);
    let began = std::time::Instant::now();
    let (_, recording) = drive(&spec(100.0, 200), ready, &control);
    assert!(began.elapsed() > Duration::from_millis(450), "{:?}", began.elapsed());
    assert_eq!(recording.measured.counts.planned, 20);
}

/// A user that kills its worker where it is made, so many times: nothing that a test function can do, but a bug could.
struct Deadly(Box<dyn User>, Option<&'static AtomicI64>);

impl User for Deadly {
    fn start(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Outcome> {
        self.0.start(cx)
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Outcome> {
        self.0.poll(cx)
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn cx(&self) -> Rc<Cx> {
        if self.1.is_some_and(|kills| kills.fetch_sub(1, Ordering::Relaxed) > 0) {
            // Whoever waits for this to end waits too long.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_mins(1)));
            panic!("deadly");
        }
        self.0.cx()
    }
}

/// The third user of a session is.
fn deadly(cx: Rc<Cx>, kills: &'static AtomicI64) -> Box<dyn User> {
    let third = (cx.user_id() == 2).then_some(kills);
    Box::new(Deadly(slow(cx), third))
}

#[test]
fn a_worker_that_dies_is_replaced_no_arrival_is_lost_and_the_loss_is_told() {
    static KILLS: AtomicI64 = AtomicI64::new(1);
    // 20 ms each at 200/s: the third user is made after some 10 ms, and its making kills the worker.
    let user: fn(Rc<Cx>) -> Box<dyn User> = |cx| deadly(cx, &KILLS);
    let (plan, recording) = drive(&spec(200.0, 1000), user, &Control::default());
    assert_eq!(recording.lost.len(), 1, "{:?}", recording.lost);
    let counts = recording.measured.counts;
    assert_eq!((counts.planned, counts.started), (200, 200), "{counts:?}");
    assert_eq!(counts.succeeded + counts.interrupted, 200, "{counts:?}");
    let summary = Summary::of(&plan, &recording);
    let (findings, _) = findings::look(&plan, &recording, &summary);
    assert!(findings.iter().any(|finding| finding.kind == "worker_lost"), "{findings:?}");
}

#[test]
fn a_worker_that_dies_in_the_warm_up_loses_none_of_it() {
    static KILLS: AtomicI64 = AtomicI64::new(2);
    let user: fn(Rc<Cx>) -> Box<dyn User> = |cx| deadly(cx, &KILLS);
    for arrivals in ["constant", "poisson"] {
        KILLS.store(2, Ordering::Relaxed);
        let spec = PerfSpec {
            warmup: ms(300),
            workers: Some(2),
            arrivals: Some(arrivals.into()),
            ..spec(200.0, 500)
        };
        let (plan, recording) = drive(&spec, user, &Control::default());
        assert_eq!(recording.lost.len(), 2, "{:?}", recording.lost);
        let schedule = plan.schedule.as_ref().unwrap();
        let counts = (recording.warmup.counts, recording.measured.counts);
        assert_eq!(counts.0.planned, schedule.warmup_count(), "{counts:?}");
        assert_eq!(counts.1.planned, schedule.measured_count(), "{counts:?}");
        assert!(counts.0.are_consistent(), "{counts:?}");
    }
}

#[test]
fn what_falls_due_when_nobody_is_left_to_start_it_is_planned_and_dropped() {
    static KILLS: AtomicI64 = AtomicI64::new(i64::MAX);
    let user: fn(Rc<Cx>) -> Box<dyn User> = |cx| deadly(cx, &KILLS);
    let (_, recording) = drive(&spec(200.0, 1000), user, &Control::default());
    assert_eq!(recording.lost.len(), 4, "no fifth one was hired: {:?}", recording.lost);
    let counts = recording.measured.counts;
    assert_eq!((counts.planned, counts.dropped_late), (200, 200 - counts.started), "{counts:?}");
    assert!(counts.dropped_late > 150, "{counts:?}");
}

#[test]
fn iterations_that_a_worker_took_and_did_not_begin_are_there_for_its_successor() {
    static KILLS: AtomicI64 = AtomicI64::new(1);
    fn of_many(cx: Rc<Cx>) -> Box<dyn User> {
        let third = (cx.user_id() == 2).then_some(&KILLS);
        let counting = async |_: &Cx| {
            tokio::task::yield_now().await;
            Outcome::Succeeded
        };
        Box::new(Deadly(user(cx, counting), third))
    }
    for (iterations, planned) in
        [(Iterations::Shared(1_000_000), 1_000_000), (Iterations::PerUser(300_000), 6 * 300_000)]
    {
        KILLS.store(1, Ordering::Relaxed);
        let control = Control::default();
        later(50, &control, |control| control.scale(3.0)); // makes the third user
        let iterations = Some(iterations);
        let spec = PerfSpec { users: Some(2), iterations, workers: Some(1), ..PerfSpec::default() };
        let (_, recording) = drive(&spec, of_many, &control);
        let counts = recording.measured.counts;
        assert_eq!((counts.planned, recording.lost.len()), (planned, 1), "{counts:?}");
    }
}

#[test]
fn a_worker_that_dies_before_the_load_is_an_error_that_names_it() {
    fn makes_none(cx: Rc<Cx>) -> Box<dyn User> {
        assert_ne!(cx.user_id(), 1, "a bug");
        slow(cx)
    }
    let spec = PerfSpec { users: Some(2), workers: Some(2), duration: ms(1000), ..PerfSpec::default() };
    let plan = Plan::resolve("mock", "engine", &spec, &Overrides::default()).unwrap();
    let test = Test::of(makes_none);
    let prepared = Prepared::set_up(&plan, &test, &Control::default()).unwrap();
    let error = engine::drive(&plan, &test, &prepared, &Control::default()).err().unwrap();
    assert!(error.to_string().starts_with("worker 1 died before the load began"), "{error}");
}

fn stepping(cx: Rc<Cx>) -> Box<dyn User> {
    user(cx, async |cx: &Cx| {
        cx.step("sleep", tokio::time::sleep(Duration::from_millis(5))).await;
        match cx.iteration() % 10 {
            3 => Outcome::Failed(Failure::new(
                Category::Http5xx,
                format!("status 503: order {}", cx.iteration()),
            )),
            _ => Outcome::Succeeded,
        }
    })
}

#[test]
fn what_the_timeline_the_pulse_and_single_iterations_say_agrees_with_the_counts() {
    let spec = PerfSpec {
        load: Some("users 2 for 1s, 6 for 1s, ..0 over 0s".parse().unwrap()),
        workers: Some(2),
        ..PerfSpec::default()
    };
    let (_, recording) = drive(&spec, stepping, &Control::default());
    let counts = recording.measured.counts;
    let sum = |of: fn(&Point) -> u64| recording.timeline.points.iter().map(of).sum::<u64>();
    assert_eq!(sum(|point| point.counts.completed()), counts.completed());
    assert_eq!(sum(|point| point.failures.values().sum()), counts.errors());
    assert_eq!(sum(|point| point.steps["sleep"].count()), counts.completed());
    let levels = recording.timeline.levels();
    assert_eq!((levels[0].users, levels[1].users), (2, 6), "{levels:?}");
    assert!(levels[0].in_flight <= 2 && levels.last().is_some_and(|last| last.in_flight == 0), "{levels:?}");
    let beats = recording.pulse.beats.iter();
    assert_eq!(beats.map(|beat| u64::from(beat.completed)).sum::<u64>(), counts.completed());

    let slowest = &recording.exemplars.slowest;
    let worst = recording.pulse.beats.iter().map(|beat| beat.worst_ns).max();
    assert_eq!(Some(slowest[0].response), worst);
    assert!(slowest.is_sorted_by_key(|exemplar| Reverse(exemplar.response)));
    assert!(slowest.iter().all(|exemplar| exemplar.steps.len() == 1 && exemplar.steps[0].0 == "sleep"));
    let (category, group) = recording.measured.errors.by_count()[0];
    let said: Vec<_> = group.by_count().iter().map(|(message, said)| (*message, said.count)).collect();
    assert_eq!((category, said), (Category::Http5xx, vec![("status 503: order <n>", counts.failed)]));
}

/// The sixth iteration finds that the system lets the process open no more; the others take a while.
fn limited(cx: Rc<Cx>, running: &'static [AtomicI64; 2]) -> Box<dyn User> {
    struct Running(&'static AtomicI64);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    user(cx, async |cx: &Cx| {
        if cx.iteration() == 5 {
            return Outcome::Failed(Failure::new(Category::Descriptors, "Too many open files"));
        }
        let [now, most] = running;
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let _running = Running(now);
        tokio::time::sleep(Duration::from_millis(200)).await;
        Outcome::Succeeded
    })
}

#[test]
fn once_the_system_lets_it_open_no_more_fewer_run_at_a_time_and_the_numbers_stay() {
    static OPEN: [AtomicI64; 2] = [const { AtomicI64::new(0) }; 2];
    static CLOSED: [AtomicI64; 2] = [const { AtomicI64::new(0) }; 2];
    let closed = PerfSpec { rate: None, users: Some(20), ..spec(0.0, 1000) };
    for (spec, user, running) in [
        (spec(200.0, 1000), (|cx| limited(cx, &OPEN)) as fn(Rc<Cx>) -> Box<dyn User>, &OPEN),
        (closed, |cx| limited(cx, &CLOSED), &CLOSED),
    ] {
        let spec = PerfSpec { workers: Some(1), ..spec };
        let (plan, recording) = drive(&spec, user, &Control::default());
        assert!(running[1].load(Ordering::Relaxed) <= 5, "{running:?}");
        assert!(recording.curbed.len() == 1 && recording.curbed[0].in_flight <= 5, "{:?}", recording.curbed);
        let counts = recording.measured.counts;
        assert!(counts.succeeded >= 10, "{counts:?}");
        assert_eq!(counts.failed, 1);
        let (found, _) = findings::look(&plan, &recording, &Summary::of(&plan, &recording));
        assert!(found.iter().any(|finding| finding.kind == "in_flight_capped"), "{found:?}");
        assert!(findings::spoil(&found));
    }
}

#[test]
fn of_a_backlog_behind_a_stall_what_exceeds_max_in_flight_is_dropped_as_late() {
    fn stalling(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |cx: &Cx| {
            if cx.iteration() == 20 {
                std::thread::sleep(Duration::from_millis(400));
            }
            tokio::task::yield_now().await;
            Outcome::Succeeded
        })
    }
    let spec = PerfSpec { max_in_flight: Some(10), workers: Some(1), ..spec(200.0, 1000) };
    let (plan, recording) = drive(&spec, stalling, &Control::default());
    let counts = recording.measured.counts;
    // 80 fall due in 400 ms, and ten of them may wait.
    assert!(counts.dropped_late >= 69, "{counts:?}");
    assert_eq!((counts.planned, counts.succeeded + counts.dropped()), (200, 200), "{counts:?}");
    let summary = Summary::of(&plan, &recording);
    assert!(summary.lag.statistic(Statistic::Max).unwrap() < 399e6, "only the newest were kept");
    let (found, _) = findings::look(&plan, &recording, &summary);
    for kind in ["late_arrivals_dropped", "worker_blocked"] {
        assert!(found.iter().any(|finding| finding.kind == kind), "{kind}: {found:?}");
    }
}

#[test]
fn a_worker_that_spins_for_precision_offers_the_same_and_is_not_called_busy() {
    let spec = PerfSpec { precise: Some(true), workers: Some(1), warmup: ms(100), ..spec(2000.0, 600) };
    let (plan, recording) = drive(&spec, ready, &Control::default());
    let counts = recording.measured.counts;
    assert_eq!((counts.planned, recording.warmup.counts.planned), (1200, 200), "{counts:?}");
    assert_eq!(counts.succeeded + counts.dropped(), 1200, "{counts:?}");
    let (found, _) = findings::look(&plan, &recording, &Summary::of(&plan, &recording));
    assert!(!found.iter().any(|finding| finding.kind == "worker_busy"), "{found:?}");
}
