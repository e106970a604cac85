//! What a load needs, in a process of its own: other tests' threads would count as the target's.
#![cfg(target_os = "linux")]

use perf_core::drive::control::Control;
use perf_core::drive::cpu::of_this_thread;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Setup, Test, setup};
use perf_core::drive::users::user;
use perf_core::measure::Recording;
use perf_core::measure::resources::Figure;
use perf_core::outcome::Outcome;
use perf_core::plan::Plan;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

/// What a request costs the target.
const BURNT: u64 = 15_000_000;
const KEPT: usize = 2_000_000;

static CHILD: Mutex<Option<Child>> = Mutex::new(None);

/// A target in this process that burns and keeps as much for each request.
fn target(burnt: u64, kept: usize) -> mpsc::Sender<()> {
    let (send, requests) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        for () in requests {
            let began = of_this_thread().unwrap();
            while of_this_thread().unwrap() < began + burnt {}
            all.push(vec![1_u8; kept]);
        }
    });
    send
}

async fn serve() -> Result<mpsc::Sender<()>, String> {
    Ok(target(BURNT, KEPT))
}

async fn serve_quickly() -> Result<mpsc::Sender<()>, String> {
    Ok(target(BURNT / 25, 0))
}

/// A target that is a process of its own.
async fn spawn(cx: &Setup) -> Result<mpsc::Sender<()>, String> {
    let mut shell = Command::new("sh");
    let child = shell.args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
    cx.set_target_pid(child.id());
    *CHILD.lock().unwrap() = Some(child);
    Ok(mpsc::channel().0)
}

async fn request(cx: &Cx) -> Outcome {
    // Of a target that is elsewhere nobody listens.
    cx.state::<mpsc::Sender<()>>().send(()).ok();
    Outcome::Succeeded
}

fn drive(rate: f64, test: &Test, live: &Control) -> Recording {
    let spec = PerfSpec {
        rate: Some(rate),
        duration: Some(Duration::from_secs(3)),
        warmup: Some(Duration::ZERO),
        workers: Some(2),
        ..PerfSpec::default()
    };
    let plan = Plan::resolve("needs", "resources", &spec, &Overrides::default()).unwrap();
    let prepared = Prepared::set_up(&plan, test, live).unwrap();
    engine::drive(&plan, test, &prepared, live).unwrap()
}

fn mean(recording: &Recording, figure: Figure) -> f64 {
    recording.resources.over(recording.measured_for, figure).unwrap().0
}

#[test]
fn what_client_and_target_need_shows_up_beside_the_timeline() {
    let inside = Test { setup: Some(|cx| setup(serve, cx)), ..Test::of(|cx| user(cx, request)) };
    let (idle, busy) = (drive(1.0, &inside, &Control::default()), drive(20.0, &inside, &Control::default()));
    // 15 ms of 50; on a busy machine less.
    let [idle_cpu, busy_cpu] = [&idle, &busy].map(|recording| mean(recording, Figure::TargetCpu));
    assert!(busy_cpu > idle_cpu + 0.1 && busy_cpu < 0.6, "{idle_cpu} and {busy_cpu} cores");
    assert!(mean(&busy, Figure::Cpu) >= busy_cpu, "{busy:?}");
    let memory: Vec<f64> =
        busy.resources.points.iter().filter_map(|point| point.value(Figure::Memory)).collect();
    // 40 requests lie between the first point and the third.
    assert!(memory[2] > memory[0] + 20.0 * KEPT as f64, "{memory:?}");
    let point = &busy.resources.points[1];
    assert!(point.worker_cpu.len() == 2 && point.worker_cpu.iter().all(Option::is_some), "{point:?}");
    assert!(point.value(Figure::TargetMemory).is_none(), "{point:?}");
    for (name, values) in busy.resources.series() {
        assert_eq!(values.len(), busy.timeline.points.len(), "{name}");
    }
    paused_time_is_in_no_point(&inside);
    the_machine_is_no_less_busy_than_what_runs_on_it_in_step_with_its_ticks();
    a_process_of_its_own_is_the_target();
}

/// Ticks of 4 ms, or of 1, meet an arrival every 4 ms always at the same place.
fn the_machine_is_no_less_busy_than_what_runs_on_it_in_step_with_its_ticks() {
    let quick = Test { setup: Some(|cx| setup(serve_quickly, cx)), ..Test::of(|cx| user(cx, request)) };
    let recording = drive(250.0, &quick, &Control::default());
    let [machine, own] = [Figure::MachineCpu, Figure::Cpu].map(|figure| mean(&recording, figure));
    // A hundredth of a second in each second is what the machine's account is too coarse for.
    assert!(own > 0.1 && machine > own - 0.03, "{machine} cores of all, {own} of this process");
}

fn paused_time_is_in_no_point(test: &Test) {
    let live = Control::default();
    let recording = std::thread::scope(|scope| {
        let steer = live.clone();
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(500));
            steer.pause();
            std::thread::sleep(Duration::from_millis(2500));
            steer.resume();
        });
        drive(20.0, test, &live)
    });
    assert!(recording.gaps.iter().map(|gap| gap.length).sum::<u64>() > 2_000_000_000, "{:?}", recording.gaps);
    // Not six of them; what ends in the drain may make a fourth.
    let known = recording.resources.points.iter().filter(|point| point.value(Figure::Cpu).is_some());
    assert!((3..=4).contains(&known.count()), "{:?}", recording.resources);
    // 0.3 in an interval that lasted a second, 0.1 in one of three.
    let first = recording.resources.points[0].value(Figure::TargetCpu).unwrap();
    assert!(first > 0.15, "{first} cores");
}

fn a_process_of_its_own_is_the_target() {
    let outside = Test { setup: Some(|cx| setup(spawn, cx)), ..Test::of(|cx| user(cx, request)) };
    let recording = drive(20.0, &outside, &Control::default());
    let mut child = CHILD.lock().unwrap().take().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let of = |figure| mean(&recording, figure);
    let (cpu, memory) = (of(Figure::TargetCpu), of(Figure::TargetMemory));
    assert!(cpu > of(Figure::Cpu) && memory < of(Figure::Memory), "{cpu} cores, {memory} bytes");
    assert!(of(Figure::MachineCpu) > 0.5 * cpu);
    assert!((of(Figure::TargetThreads) - 1.0).abs() < 1e-9 && of(Figure::TargetOpenFiles) >= 2.0);
}
