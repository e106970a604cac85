//! How often the gate is right, end to end: hours of load, for a machine that does nothing else.
//!
//! `cargo test -p e2e --test matrix -- --ignored --nocapture --test-threads 1` prints the tables of
//! docs/how-the-gate-decides.md. What is tested is built in release. Fewer or shorter runs: `MATRIX_RUNS` (20 of each cell),
//! `MATRIX_BUDGET` (30s of load each), `MATRIX_UNCHANGED` (40 runs of the suite), `MATRIX_WORK` (for each request, 220). In
//! pieces: after `MATRIX_MINUTES` of each test what there is so far is printed, and the next call goes on from there.

#![cfg(target_os = "linux")] // the target's CPU time is gated, and sides that differ are scripts

mod kept;
mod tally;

use e2e::Project;
use kept::Kept;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;
use tally::{ROW, Tally};

/// The suite of `tests/project`.
const SUITE: &str = "matrix";
/// Its tests.
const TESTS: [&str; 4] = ["closed", "open", "poisson", "thoughtful"];
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

/// Which runs belong together.
#[derive(Clone, Copy)]
struct Cell {
    test: &'static str,
    is_busy: bool,
    /// More work for each request.
    percent: usize,
}

impl Cell {
    fn all() -> impl Iterator<Item = Cell> {
        let loads = ["open", "closed"].into_iter().flat_map(|test| [(test, false), (test, true)]);
        loads.flat_map(|(test, is_busy)| [0, 5, 10].map(|percent| Cell { test, is_busy, percent }))
    }

    /// What runs of this cell have in common, in the file that keeps them.
    fn key(self, work: usize, budget: &str) -> Value {
        json!([self.test, self.is_busy, self.percent, work, budget])
    }

    fn compare(self, binary: &str, work: usize, budget: &str) -> Value {
        let (project, folder) = (Project::of(SUITE), tempfile::tempdir().unwrap());
        let _neighbour = self.is_busy.then(Neighbour::start);
        let more = work + work * self.percent / 100;
        let [base, head] =
            [("base", work), ("head", more)].map(|(name, work)| side(folder.path(), name, binary, work));
        let mut command = project.perf_test(&["compare", "--bin"]);
        command.args([base, head]).args(["--exact", self.test, "--budget", budget]);
        let began = Instant::now();
        let run = project.finished(&command.env_remove("GITHUB_STEP_SUMMARY").output().unwrap());
        assert!(matches!(run.code, Some(0 | 101)), "{run:#?}");
        tally::found(&report(&project)["tests"][0], began.elapsed())
    }

    fn row(self, tally: &Tally) -> String {
        let Cell { test, is_busy, percent } = self;
        let neighbour = if is_busy { "busy" } else { "none" };
        format!("| {test} | {neighbour} | {percent} % | {} |", tally.row())
    }
}

#[test]
#[ignore = "three hours of load"]
fn more_work_is_found_side_by_side() {
    let (runs, budget) = (count("MATRIX_RUNS", "20"), parameter("MATRIX_BUDGET", "30s"));
    let work = count("MATRIX_WORK", "220");
    let (kept, binary) = (Kept::in_file("compare.jsonl"), suite(&Project::of(SUITE)));
    let runs_of = |cell: &Cell| kept.like(&cell.key(work, &budget));
    // One of each in turn: when time is up, every cell has its share of it.
    while let Some(cell) = Cell::all().min_by_key(|cell| runs_of(cell).len())
        && runs_of(&cell).len() < runs
        && kept.has_time()
    {
        kept.keep(&cell.key(work, &budget), &cell.compare(&binary, work, &budget));
    }
    let tallies: Vec<(Cell, Tally)> =
        Cell::all().map(|cell| (cell, Tally::of(runs_of(&cell).iter()))).collect();
    println!("| load | neighbour | more work | {ROW}\n|{}", " --- |".repeat(8));
    tallies.iter().for_each(|(cell, tally)| println!("{}", cell.row(tally)));
    tallies.iter().for_each(|(cell, tally)| tally.check(cell.percent));
}

/// The suite by `cargo test`, against baselines that outlive this process.
fn run_suite(project: &Project, baselines: &Path, arguments: &[&str]) -> e2e::Run {
    let cargo = ["test", "--quiet", "--release", "--package", "project", "--test", SUITE, "--"];
    let mut command: Command = project.cargo(&cargo, arguments);
    command.env("HANDLER_WORK", parameter("MATRIX_WORK", "220")).env("PERF_BASELINE_DIR", baselines);
    let run = project.finished(&command.output().unwrap());
    assert!(matches!(run.code, Some(0 | 101)), "{run:#?}");
    run
}

/// Of the newest level.
fn sessions(baselines: &Path, test: &str) -> usize {
    let json = fs::read_to_string(baselines.join(SUITE).join(format!("{test}.json"))).unwrap_or_default();
    let baseline: Value = serde_json::from_str(&json).unwrap_or(Value::Null);
    let environments = baseline["environments"].as_object().into_iter().flatten();
    let newest = environments.filter_map(|(_, recorded)| recorded["levels"].as_array()?.last());
    newest.map(|level| level["sessions"].as_array().map_or(0, Vec::len)).max().unwrap_or(0)
}

/// All tests of one run, in order.
fn run_once(project: &Project, baselines: &Path) -> Value {
    let began = Instant::now();
    let run = run_suite(project, baselines, &[]);
    let tests = run.report["tests"].as_array().into_iter().flatten();
    let named = |name: &str| tests.clone().find(|test| test["name"] == name);
    let found = TESTS.map(|name| {
        let test = named(name).unwrap_or_else(|| panic!("{name}: {run:#?}"));
        tally::found(test, began.elapsed())
    });
    json!(found)
}

#[test]
#[ignore = "an hour of load"]
fn an_unchanged_suite_against_its_baseline() {
    let (project, kept) = (Project::of(SUITE), Kept::in_file("suite.jsonl"));
    let (key, baselines) = (json!(parameter("MATRIX_WORK", "220")), kept.folder().join("baselines"));
    for _ in 0..RECORDINGS {
        if TESTS.iter().any(|test| sessions(&baselines, test) < SESSIONS) {
            run_suite(&project, &baselines, &["--update-baselines"]);
        }
    }
    while kept.like(&key).len() < count("MATRIX_UNCHANGED", "40") && kept.has_time() {
        kept.keep(&key, &run_once(&project, &baselines));
    }
    let runs = kept.like(&key);
    println!("| test | sessions | {ROW}\n|{}", " --- |".repeat(7));
    for (place, test) in TESTS.iter().enumerate() {
        let tally = Tally::of(runs.iter().map(|run| &run[place]));
        println!("| {test} | {} | {} |", sessions(&baselines, test), tally.row());
    }
    let tests = || runs.iter().filter_map(Value::as_array).flatten();
    let again = tests().filter(|test| test["sessions"].as_u64() > Some(1)).count();
    let has_failed = |run: &&Value| run.as_array().is_some_and(|tests| tests.iter().any(tally::has_failed));
    let failed = runs.iter().filter(has_failed).count();
    println!(
        "\n{failed} of {} runs failed; {again} of {} tests were measured again",
        runs.len(),
        tests().count()
    );
    assert_eq!(failed, 0, "unchanged code failed");
}
