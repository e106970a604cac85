//! How often the gate is right, end to end: hours of load, for a machine that does nothing else.
//!
//! `cargo test -p e2e --test matrix -- --ignored --nocapture --test-threads 1` prints the tables of
//! docs/how-the-gate-decides.md. What is tested is built in release. Fewer or shorter runs: `MATRIX_RUNS` (20 of each cell),
//! `MATRIX_BUDGET` (30s of load each), `MATRIX_UNCHANGED` (40 runs of the suite), `MATRIX_WORK` (for each request, 220).

#![cfg(target_os = "linux")] // the target's CPU time is gated, and sides that differ are scripts

use e2e::Project;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The suite of `tests/project`.
const SUITE: &str = "matrix";
/// Its baseline.
const SESSIONS: usize = 5;
/// How often it is recorded at most, until the newest level of every test has so many.
const RECORDINGS: usize = 15;

fn parameter(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn count(name: &str, default: &str) -> usize {
    parameter(name, default).parse().unwrap_or_else(|_| panic!("{name} is a number"))
}

/// Keeps one core busy as long as it lives.
struct Neighbour {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn start() -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let seen = is_over.clone();
        let spin = move || {
            while !seen.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        Neighbour { is_over, thread: Some(std::thread::spawn(spin)) }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// What the runs of a cell found, metric by metric.
#[derive(Default)]
struct Tally {
    runs: usize,
    failed: usize,
    inconclusive: usize,
    by_metric: Vec<Metric>,
    took: Vec<f64>,
}

#[derive(Default)]
struct Metric {
    name: String,
    regressed: usize,
    improved: usize,
    unchanged: usize,
    changes: Vec<f64>,
    smallest: Vec<f64>,
}

impl Tally {
    /// One test of a report.
    fn add(&mut self, test: &Value, took: Duration) {
        self.runs += 1;
        self.failed += usize::from(test["verdict"] == "failed");
        self.inconclusive += usize::from(test["verdict"] == "inconclusive");
        self.took.push(took.as_secs_f64());
        let comparison = if test["metrics"].is_array() { test } else { &test["comparison"] };
        for found in comparison["metrics"].as_array().into_iter().flatten() {
            let metric = self.metric(found["metric"].as_str().unwrap());
            metric.regressed += usize::from(found["verdict"] == "regressed");
            metric.improved += usize::from(found["verdict"] == "improved");
            metric.unchanged += usize::from(found["verdict"] == "unchanged");
            metric.changes.extend(found["change"].as_f64());
            metric.smallest.extend(found["smallest_detectable_change"].as_f64());
        }
    }

    fn metric(&mut self, name: &str) -> &mut Metric {
        let known = self.by_metric.iter().position(|metric| metric.name == name);
        let place = known.unwrap_or_else(|| {
            self.by_metric.push(Metric { name: name.to_owned(), ..Metric::default() });
            self.by_metric.len() - 1
        });
        &mut self.by_metric[place]
    }

    /// What the gate promises, of 20 runs: no false alarm, 10 % found in 19, and hardly ever called unchanged. Tails are as
    /// they are.
    fn check(&self, percent: usize) {
        if percent == 0 {
            assert_eq!(self.failed, 0, "unchanged code failed");
        } else if percent == 10 {
            assert!(self.failed >= 19 * self.runs / 20, "found in {} of {}", self.failed, self.runs);
            for metric in self.by_metric.iter().filter(|metric| !metric.name.contains("p95")) {
                let Metric { name, unchanged, .. } = metric;
                assert!(
                    *unchanged <= self.runs.div_ceil(20),
                    "{name} was called unchanged {unchanged} times"
                );
            }
        }
    }

    /// A row of a table, after its first cells.
    fn row(&self) -> String {
        let metrics: Vec<String> = self.by_metric.iter().map(Metric::cell).collect();
        format!(
            "{} | {} | {} | {} | {:.0} s",
            self.runs,
            self.failed,
            self.inconclusive,
            metrics.join("; "),
            median(&self.took)
        )
    }
}

const ROW: &str = "runs | failed | inconclusive | regressed, improved, unchanged; median change, smallest detectable | took |";

impl Metric {
    fn cell(&self) -> String {
        let percent = |values: &[f64]| 100.0 * median(values);
        let (change, smallest) = (percent(&self.changes), percent(&self.smallest));
        let Metric { name, regressed, improved, unchanged, .. } = self;
        format!("{name} {regressed}, {improved}, {unchanged}; {change:+.1} %, {smallest:.1} %")
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The suite's binary.
fn suite(project: &Project) -> String {
    let building = ["test", "--no-run", "--release", "--message-format", "json", "--package", "project"];
    e2e::executable(project.cargo(&building, &["--test", SUITE]))
}

/// The same under so much work for each request.
fn side(folder: &Path, name: &str, binary: &str, work: usize) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\nexport HANDLER_WORK={work}\nexec '{binary}' \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// A comparison leaves the only report of a project that was made for it.
fn report(project: &Project) -> Value {
    let reports = project.history().parent().unwrap().to_owned();
    let folders = fs::read_dir(&reports).into_iter().flatten().flatten();
    let mut texts = folders.filter_map(|folder| fs::read_to_string(folder.path().join("report.json")).ok());
    serde_json::from_str(&texts.next().expect("a report")).expect("JSON")
}

fn compare(binary: &str, test: &str, work: [usize; 2], budget: &str, tally: &mut Tally) {
    let (project, folder) = (Project::of(SUITE), tempfile::tempdir().unwrap());
    let [base, head] =
        [("base", work[0]), ("head", work[1])].map(|(name, work)| side(folder.path(), name, binary, work));
    let mut command = project.perf_test(&["compare", "--bin"]);
    command.args([base, head]).args(["--exact", test, "--budget", budget]).env_remove("GITHUB_STEP_SUMMARY");
    let began = Instant::now();
    let run = project.finished(&command.output().unwrap());
    assert!(matches!(run.code, Some(0 | 101)), "{run:#?}");
    tally.add(&report(&project)["tests"][0], began.elapsed());
}

#[test]
#[ignore = "three hours of load"]
fn more_work_is_found_side_by_side() {
    let (runs, budget) = (count("MATRIX_RUNS", "20"), parameter("MATRIX_BUDGET", "30s"));
    let work = count("MATRIX_WORK", "220");
    let binary = suite(&Project::of(SUITE));
    println!("| load | neighbour | more work | {ROW}\n|{}", " --- |".repeat(8));
    for test in ["open", "closed"] {
        for is_busy in [false, true] {
            let _neighbour = is_busy.then(Neighbour::start);
            for percent in [0, 5, 10] {
                let mut tally = Tally::default();
                let works = [work, work + work * percent / 100];
                (0..runs).for_each(|_| compare(&binary, test, works, &budget, &mut tally));
                let neighbour = if is_busy { "busy" } else { "none" };
                println!("| {test} | {neighbour} | {percent} % | {} |", tally.row());
                tally.check(percent);
            }
        }
    }
}

/// The suite by `cargo test`.
fn run_suite(project: &Project, arguments: &[&str]) -> e2e::Run {
    let cargo = ["test", "--quiet", "--release", "--package", "project", "--test", SUITE, "--"];
    let mut command: Command = project.cargo(&cargo, arguments);
    command.env("HANDLER_WORK", parameter("MATRIX_WORK", "220"));
    let run = project.finished(&command.output().unwrap());
    assert!(matches!(run.code, Some(0 | 101)), "{run:#?}");
    run
}

/// Of the newest level.
fn sessions(project: &Project, test: &str) -> usize {
    let json = fs::read_to_string(project.baseline(test)).unwrap_or_default();
    let baseline: Value = serde_json::from_str(&json).unwrap_or(Value::Null);
    let environments = baseline["environments"].as_object().into_iter().flatten();
    let newest = environments.filter_map(|(_, recorded)| recorded["levels"].as_array()?.last());
    newest.map(|level| level["sessions"].as_array().map_or(0, Vec::len)).max().unwrap_or(0)
}

#[test]
#[ignore = "an hour of load"]
fn an_unchanged_suite_against_its_baseline() {
    let project = Project::of(SUITE);
    let tests = ["closed", "open", "poisson", "thoughtful"];
    let mut recordings = 0;
    while recordings < RECORDINGS && tests.iter().any(|test| sessions(&project, test) < SESSIONS) {
        run_suite(&project, &["--update-baselines"]);
        recordings += 1;
    }
    let mut tallies = tests.map(|_| Tally::default());
    let (mut failed, mut again) = (0, 0);
    let runs = count("MATRIX_UNCHANGED", "40");
    for _ in 0..runs {
        let began = Instant::now();
        let run = run_suite(&project, &[]);
        failed += usize::from(run.code == Some(101));
        for (name, tally) in tests.iter().zip(&mut tallies) {
            let found =
                run.report["tests"].as_array().into_iter().flatten().find(|test| test["name"] == *name);
            let test = found.unwrap_or_else(|| panic!("{name}: {run:#?}"));
            again += usize::from(test["comparison"]["measured_sessions"].as_u64() > Some(1));
            tally.add(test, began.elapsed());
        }
    }
    println!("| test | sessions | {ROW}\n|{}", " --- |".repeat(7));
    for (test, tally) in tests.iter().zip(&tallies) {
        println!("| {test} | {} | {} |", sessions(&project, test), tally.row());
    }
    println!("\n{failed} of {runs} runs failed; {again} of {} tests were measured again", runs * tests.len());
    assert_eq!(failed, 0, "unchanged code failed");
}
