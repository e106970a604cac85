//! CPU time per iteration of a target that is another process: this test once more, told by a variable to serve.
#![cfg(target_os = "linux")]

use perf_core::analyze::summary::Summary;
use perf_core::drive::control::Control;
use perf_core::drive::cpu::{Target, of_this_thread};
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Setup, Test, setup};
use perf_core::drive::users::user;
use perf_core::metric::Metric;
use perf_core::outcome::Outcome;
use perf_core::plan::Plan;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a request costs the target, in nanoseconds.
const WORK: u64 = 2_000_000;
/// Where the target finds whoever asks.
const ADDRESS: &str = "PERF_CORE_TEST_SERVES";
const NAME: &str = "the_cpu_per_iteration_of_another_process_is_within_two_percent_of_what_it_burns";

/// By the target's own account, per request.
static NEEDED: AtomicU64 = AtomicU64::new(0);

/// The target: burns for each byte that comes, and answers with what requests cost it so far, each.
fn serve(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let (mut request, mut number) = ([0], 0);
    let before = Target::Process(std::process::id()).cpu().unwrap();
    while stream.read_exact(&mut request).is_ok() {
        let began = of_this_thread().unwrap();
        while of_this_thread().unwrap() < began + WORK {}
        number += 1;
        let needed = Target::Process(std::process::id()).cpu().unwrap() - before;
        stream.write_all(&(needed / number).to_le_bytes()).unwrap();
    }
}

struct Server {
    child: Child,
    stream: Mutex<TcpStream>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn start(cx: &Setup) -> std::io::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", NAME]).env(ADDRESS, listener.local_addr()?.to_string()).stdout(Stdio::null());
    let child = command.spawn()?;
    cx.set_target_pid(child.id());
    let (stream, _) = listener.accept()?;
    Ok(Server { child, stream: Mutex::new(stream) })
}

async fn request(cx: &Cx) -> Outcome {
    let mut stream = cx.state::<Server>().stream.lock().unwrap();
    let mut needed = [0; 8];
    stream.write_all(&[1]).unwrap();
    stream.read_exact(&mut needed).unwrap();
    NEEDED.store(u64::from_le_bytes(needed), Ordering::Relaxed);
    Outcome::Succeeded
}

#[test]
fn the_cpu_per_iteration_of_another_process_is_within_two_percent_of_what_it_burns() {
    if let Ok(address) = std::env::var(ADDRESS) {
        return serve(&address);
    }
    let spec = PerfSpec { rate: Some(50.0), duration: Some(Duration::from_secs(2)), ..PerfSpec::default() };
    let plan = Plan::resolve("burn", "cpu", &spec, &Overrides::default()).unwrap();
    let test = Test { setup: Some(|cx| setup(start, cx)), ..Test::of(|cx| user(cx, request)) };
    let prepared = Prepared::set_up(&plan, &test, &Control::default()).unwrap();
    let recording = engine::drive(&plan, &test, &prepared, &Control::default()).unwrap();
    let cpu = Summary::of(&plan, &recording).value(&Metric::CpuPerIteration).unwrap();
    let needed = NEEDED.load(Ordering::Relaxed);
    assert!(needed >= WORK && (cpu / needed as f64 - 1.0).abs() < 0.02, "{cpu} ns of {needed}");
    prepared.tear_down(&test, &Control::default()).unwrap();
}
