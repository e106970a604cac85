//! `[alerts]` of perf.toml: who is told of what, when, and what it costs.
#![cfg(unix)] // the commands are a shell's

use e2e::{Project, Run};
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Takes what is posted to it, answers the first ones as it is told, and every other one with 200.
struct Hook {
    url: String,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    fn answering(statuses: &[u16]) -> Self {
        let mut statuses: VecDeque<u16> = statuses.iter().copied().collect();
        Hook::with(move |stream| {
            write!(stream, "HTTP/1.1 {} Thing\r\nconnection: close\r\n", statuses.pop_front().unwrap_or(200))
                .and_then(|()| write!(stream, "content-length: 0\r\n\r\n"))
                .ok();
        })
    }

    /// Takes everything, and says nothing for as long as anybody listens.
    fn hanging() -> Self {
        let mut open = Vec::new();
        Hook::with(move |stream| open.extend(stream.try_clone()))
    }

    fn with(mut answer: impl FnMut(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        let taken = Arc::<Mutex<Vec<Value>>>::default();
        let theirs = taken.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                theirs.lock().unwrap().push(posted(&stream));
                answer(&mut stream);
            }
        });
        Hook { url, taken }
    }

    /// Everything, in order.
    fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }
}

/// The body of one request.
fn posted(stream: &TcpStream) -> Value {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap_or(Value::Null)
}

/// Runs a test of the target `load` beside such a perf.toml.
fn run(file: &str, test: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let package = tempfile::tempdir().unwrap();
    std::fs::write(package.path().join("perf.toml"), file).unwrap();
    std::fs::write(package.path().join("Cargo.toml"), "[package]\nname = \"p\"\n").unwrap();
    let project = Project::of("load");
    let mut command = project.executable(&["--exact", test]);
    command.args(arguments).env("CARGO_MANIFEST_DIR", package.path()).envs(variables.iter().copied());
    project.finished(&command.output().unwrap())
}

/// A condition that holds from the first second on: the target takes 20 ms.
const SLOW: &str = "when = [\"p50 > 10ms\"]\nwindow = \"1s\"\n";
const SLOWED: [(&str, &str); 1] = [("HANDLER_MS", "20")];

fn kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["kind"].as_str()).collect()
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_condition_that_holds_reaches_the_webhook_the_command_the_terminal_and_the_report() {
    let (hook, folder) = (Hook::answering(&[]), tempfile::tempdir().unwrap());
    let path = folder.path().join("told");
    let command = format!("command = [\"sh\", \"-c\", \"echo heard; cat >> '{}'\"]\n", path.display());
    let file = format!("[alerts]\nwebhook = \"{}\"\n{command}{SLOW}on = []\n", hook.url);
    let run = run(&file, "long", &["--duration", "3s", "--format", "json"], &SLOWED);
    assert_eq!((run.code, run.count("planned")), (Some(0), 600), "{run:#?}");

    let (posted, read) = (hook.taken(), lines_of(&path));
    assert_eq!(posted.len(), 1, "one episode: {posted:#?} {run:#?}");
    assert_eq!(posted, read, "{run:#?}");
    let message = &posted[0];
    for (key, value) in [
        ("schema", "perf-alert/1"),
        ("kind", "condition"),
        ("test", "long"),
        ("test_target", "load"),
        ("expression", "p50 > 10ms"),
        ("unit", "ns"),
    ] {
        assert_eq!(message[key], value, "{message:#}");
    }
    assert_eq!((&message["window_s"], &message["after_s"]), (&1.0.into(), &1.0.into()), "{message:#}");
    assert!(message["actual"].as_f64().unwrap() >= 20e6, "{message:#}");
    assert_eq!(message["run_id"], run.report["run_id"]);

    let told = run.stderr.lines().find(|line| line.starts_with("[perf] alert: long: p50 > 10ms holds, "));
    assert!(told.is_some_and(|line| line.ends_with(" in the last 1 s (after 1 s)")), "{run:#?}");
    assert!(run.stderr.contains("heard") && !run.stdout.contains("heard"), "{run:#?}");
    let listed = run.test()["alerts"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{run:#?}");
    assert_eq!((&listed[0]["message"], &listed[0]["at"]), (&message["message"], &message["at"]));
}

#[test]
fn a_webhook_that_hangs_changes_no_count_fails_no_test_and_holds_the_run_up_for_ten_seconds_at_most() {
    let hook = Hook::hanging();
    let conditions =
        "when = [\"p50 > 10ms\", \"p75 > 10ms\", \"p90 > 10ms\", \"throughput > 1/s\"]\nwindow = \"1s\"\n";
    let file = format!("[alerts]\nwebhook = \"{}\"\n{conditions}on = []\n", hook.url);
    let began = Instant::now();
    let mut run = self::run(&file, "long", &["--duration", "3s"], &SLOWED);
    assert!(began.elapsed() < Duration::from_mins(1), "{run:#?}");
    // Where the machine had other things to do, once more: a run that the generator spoiled says nothing of alerts.
    for _ in 1..4 {
        if run.is_inconclusive() {
            hook.taken.lock().unwrap().clear();
            run = self::run(&file, "long", &["--duration", "3s"], &SLOWED);
        }
    }
    run.assert_counts_agree();
    assert_eq!((run.code, run.count("planned"), run.count("dropped")), (Some(0), 600, 0), "{run:#?}");
    assert_eq!(run.count("succeeded"), 600, "{run:#?}");
    let points = run.test()["timeline"]["points"].as_array().unwrap();
    let of_points =
        |key: &str| -> Vec<u64> { points.iter().map(|point| point[key].as_u64().unwrap()).collect() };
    // The alerts are told after the first second.
    let (started, dropped) = (of_points("started"), of_points("dropped"));
    assert!(
        started[..3].iter().all(|n| (180..=220).contains(n)),
        "as many before the alerts as after: {started:?}"
    );
    assert_eq!((started.iter().sum::<u64>(), dropped.iter().sum::<u64>()), (600, 0), "{run:#?}");
    let (lag, bound) =
        (&run.test()["lag_ns"]["p99"], run.test()["generator"]["lag_bound_ns"].as_f64().unwrap());
    assert!(lag.as_f64().unwrap() <= bound, "lag p99 {lag} ns, {bound} ns at most: {run:#?}");
    assert_eq!(
        run.stderr.matches("[perf] alert: long: ").count(),
        4,
        "the terminal is told at once: {run:#?}"
    );
    // Two at least had their five seconds; what was still queued after ten is counted.
    assert!(run.stderr.contains("[perf] alerts: the webhook did not answer within 5 s"), "{run:#?}");
    assert!(run.stderr.contains("[perf] alerts: 4 of 4 did not get through to the webhook"), "{run:#?}");
    assert!(!run.stderr.contains("secret-path"), "{run:#?}");
    let taken = hook.taken().len();
    assert!((1..=3).contains(&taken), "{taken} were posted, one after the other and none twice");
}

#[test]
fn what_a_webhook_is_too_busy_for_is_posted_again_and_what_it_refuses_is_not() {
    let file = |hook: &Hook| format!("[alerts]\nwebhook = \"{}\"\n{SLOW}on = []\n", hook.url);
    let busy = Hook::answering(&[503, 503]);
    let told = run(&file(&busy), "long", &["--duration", "2s"], &SLOWED);
    let taken = busy.taken();
    assert!(taken.len() == 3 && taken.windows(2).all(|pair| pair[0] == pair[1]), "{taken:#?} {told:#?}");
    assert!(!told.stderr.contains("[perf] alerts: "), "{told:#?}");
    let strict = Hook::answering(&[404]);
    let refused = run(&file(&strict), "long", &["--duration", "2s"], &SLOWED);
    assert_eq!((refused.code, strict.taken().len()), (Some(0), 1), "{refused:#?}");
    assert!(refused.stderr.contains("[perf] alerts: the webhook answered 404 Not Found"), "{refused:#?}");
}

#[test]
fn a_limit_that_cannot_be_kept_any_more_is_told_before_the_end_and_the_end_as_well() {
    let hook = Hook::answering(&[]);
    let file = format!("[alerts]\nwebhook = \"{}\"\n", hook.url);
    let run = run(&file, "breaks", &["--duration", "4s"], &[]);
    assert_eq!(run.code, Some(101), "{run:#?}");
    let taken = hook.taken();
    assert_eq!(kinds(&taken), ["lost", "failed"], "{taken:#?}");
    let (lost, failed) = (&taken[0], &taken[1]);
    assert_eq!(lost["expression"], "p50 < 1us");
    let after = lost["after_s"].as_f64().unwrap();
    // 800 are planned, and one more than half of them is broken at 200 a second after two seconds.
    assert!((2.0..4.0).contains(&after), "{lost:#}");
    assert!(lost["message"].as_str().unwrap().contains(" of all 800 iterations"), "{lost:#}");
    assert!(failed["message"].as_str().unwrap().starts_with("failed: p50 < 1us does not hold"), "{failed:#}");
    assert!(failed["expression"].is_null() && failed["after_s"].is_null(), "{failed:#}");
    assert_eq!(kinds(run.test()["alerts"].as_array().unwrap()), ["lost", "failed"], "{run:#?}");
}

#[test]
fn a_test_that_passes_or_is_of_no_interest_tells_nobody() {
    let hook = Hook::answering(&[]);
    let file = |on: &str| format!("[alerts]\nwebhook = \"{}\"\non = [{on}]\n", hook.url);
    let passed = run(&file("\"failed\", \"lost\""), "holds", &[], &[]);
    assert_eq!(passed.code, Some(0), "{passed:#?}");
    let failed = run(&file("\"regressed\""), "breaks", &[], &[]);
    assert_eq!(failed.code, Some(101), "{failed:#?}");
    assert_eq!(hook.taken(), [Value::Null; 0]);
    let unconfigured = run("", "breaks", &[], &[]);
    assert!(!unconfigured.stderr.contains("alert"), "{unconfigured:#?}");
}

#[test]
fn a_mistake_in_alerts_is_told_with_its_line_before_anything_runs() {
    let file =
        "[alerts]\nwebhook = \"hooks.example.com\"\nwhen = [\"p99\"]\nwindow = \"1ms\"\non = [\"fail\"]\n";
    let run = run(file, "holds", &[], &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    for place in [
        "perf.toml:2:11: `webhook`",
        "perf.toml:3:9: `when`",
        "perf.toml:4:10: `window`",
        "perf.toml:5:7: `on`",
    ] {
        assert!(run.stderr.contains(place), "{place}: {run:#?}");
    }
    let malformed = self::run("[alerts]\nwebhook = \"http://a b/\"\n", "holds", &[], &[]);
    assert_eq!(malformed.code, Some(2), "{malformed:#?}");
    assert!(malformed.stderr.contains("perf.toml:2:11: `webhook`: "), "{malformed:#?}");
}
