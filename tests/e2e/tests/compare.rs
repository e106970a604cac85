//! `cargo perf-test compare`: two revisions of a small package, and two binaries of `tests/project`.
//!
//! Blocks of 600 ms: ten iterations of 10 ms for each user and round. The exact test needs seven of them, or a few more.

#![cfg(unix)] // sides of different speed are scripts

use e2e::{Project, Run};
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const QUICK: [&str; 6] = ["--round", "100ms", "--warmup", "100ms", "--budget", "7s"];

const MANIFEST: &str = r#"
[package]
name = "shop"
version = "0.1.0"
edition = "2024"

[dependencies]
tokio = { version = "1", features = ["time"] }

[dev-dependencies]
perf-harness = { path = "PERF_HARNESS", default-features = false }

[[test]]
name = "perf"
harness = false

[workspace]
"#;

const LIBRARY: &str = r"
use std::time::Duration;

pub const SLOWER_MS: u64 = 10;

pub async fn handler(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
";

const TESTS: &str = r#"
use perf_harness::prelude::*;

async fn start() -> Result<(), Error> {
    Ok(())
}

#[perf_test(users = 8, duration = "5s", setup = start, baseline("p50"))]
async fn slower() {
    shop::handler(shop::SLOWER_MS).await;
}

#[perf_test(users = 8, duration = "5s", setup = start, baseline("throughput"))]
async fn same() {
    shop::handler(10).await;
}

#[perf_test(users = 8, duration = "5s", baseline("p50"))]
async fn without_setup() {
    shop::handler(10).await;
}

async fn fixed() -> Result<std::net::TcpListener, Error> {
    Ok(std::net::TcpListener::bind("127.0.0.1:47119")?)
}

#[perf_test(users = 8, duration = "5s", setup = fixed, baseline("p50"))]
async fn fixed_port() {
    shop::handler(10).await;
}

async fn elsewhere(cx: &Setup) -> Result<(), Error> {
    cx.set_base_url("http://127.0.0.1:47120");
    Ok(())
}

#[perf_test(users = 8, duration = "5s", setup = elsewhere, baseline("p50"))]
async fn one_target_for_both() {
    shop::handler(10).await;
}

perf_harness::main!();
"#;

const ADDED: &str = r#"
#[perf_test(users = 8, duration = "5s", setup = start, baseline("p50"))]
async fn added() {
    shop::handler(10).await;
}

perf_harness::main!();
"#;

/// Head's tests do not compile over this one.
const FIRST_LIBRARY: &str = r"
use std::time::Duration;

pub async fn handler(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
";

const FIRST_TESTS: &str = r#"
use perf_harness::prelude::*;

async fn start() -> Result<(), Error> {
    Ok(())
}

#[perf_test(users = 8, duration = "5s", setup = start, baseline("throughput"))]
async fn same() {
    shop::handler(10).await;
}

#[perf_test(users = 4, duration = "5s", setup = start, baseline("p50"))]
async fn slower() {
    shop::handler(10).await;
}

perf_harness::main!();
"#;

/// A package whose `slower` waits 10 ms in `main`, and 13 ms in the working tree, which has one test more. At the tag
/// `first` it had fewer tests, and another load.
struct Repository {
    project: Project,
    folder: PathBuf,
}

impl Repository {
    /// Kept for the next time: what it depends on takes longest to build.
    fn new() -> Self {
        let perf_harness =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../perf-harness").canonicalize().unwrap();
        let manifest = MANIFEST.replace("PERF_HARNESS", &perf_harness.to_string_lossy());
        let mut hasher = DefaultHasher::new();
        (&manifest, FIRST_LIBRARY, FIRST_TESTS, LIBRARY, TESTS, ADDED).hash(&mut hasher);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shop-{:016x}", hasher.finish()));
        if !folder.is_dir() {
            make(&folder, &manifest, &perf_harness.join("../Cargo.lock"));
        }
        Repository { project: Project::new(), folder }
    }

    fn compare(&self, words: &[&str]) -> Run {
        e2e::conclusive(|| self.compare_once(words))
    }

    fn compare_once(&self, words: &[&str]) -> Run {
        let mut command = self.project.perf_test(&["compare"]);
        command.args(words).args(QUICK).args(["--cargo-profile", "dev"]).current_dir(&self.folder);
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env_remove("GITHUB_STEP_SUMMARY");
        // The folder is another cargo's while the tests run, and the next runs' of these.
        command.env("CARGO_TARGET_DIR", self.folder.with_extension("target"));
        compared(&self.project, &command.output().unwrap())
    }
}

/// Beside its place first, so that it is there as a whole or not at all.
fn make(folder: &Path, manifest: &str, lock: &Path) {
    let growing = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
    let put = |file: &str, text: &str| {
        let path = growing.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("Cargo.toml", manifest);
    put(".gitignore", "Cargo.lock\n");
    git(&growing, &["init", "--quiet", "--initial-branch", "main"]);
    for (library, tests, name) in [(FIRST_LIBRARY, FIRST_TESTS, "first"), (LIBRARY, TESTS, "second")] {
        put("src/lib.rs", library);
        put("tests/perf.rs", tests);
        git(&growing, &["add", "--all"]);
        git(&growing, &["commit", "--quiet", "--message", name]);
        git(&growing, &["tag", name]);
    }
    put("Cargo.lock", &fs::read_to_string(lock).unwrap());
    put("src/lib.rs", &LIBRARY.replace("SLOWER_MS: u64 = 10", "SLOWER_MS: u64 = 13"));
    put("tests/perf.rs", &TESTS.replace("perf_harness::main!();", ADDED));
    if fs::rename(&growing, folder).is_err() {
        // Another test was quicker.
        fs::remove_dir_all(&growing).unwrap();
    }
}

/// Commits are the same each time, and so is the folder that a comparison makes for them.
fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Shop", "-c", "user.email=shop@example.com"]).args(arguments);
    for variable in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        command.env(variable, "2026-01-01T00:00:00Z");
    }
    let done = command.current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// A comparison has a folder of its own, and leaves `latest` to runs.
fn compared(project: &Project, output: &Output) -> Run {
    let report = report_folder(project).map(|folder| fs::read_to_string(folder.join("report.json")).unwrap());
    let report = report.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    Run { report, ..project.finished(output) }
}

fn report_folder(project: &Project) -> Option<PathBuf> {
    let reports = project.history().parent()?.to_owned();
    let mut folders: Vec<PathBuf> = fs::read_dir(reports)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort_by_key(|folder| fs::metadata(folder).and_then(|of| of.modified()).ok());
    folders.pop()
}

/// Of each test of the report.
fn verdicts(run: &Run) -> Vec<(&str, &str)> {
    let tests = run.report["tests"].as_array().into_iter().flatten();
    tests.map(|test| (test["name"].as_str().unwrap(), test["verdict"].as_str().unwrap())).collect()
}

fn left_out(run: &Run) -> Vec<&str> {
    let tests = run.report["not_compared"].as_array().into_iter().flatten();
    tests.map(|test| test["name"].as_str().unwrap()).collect()
}

/// The binary of `tests/project` under other variables.
fn side(project: &Project, folder: &Path, name: &str, variable: &str) -> PathBuf {
    let path = folder.join(name);
    let program = project.executable(&[]).get_program().to_string_lossy().into_owned();
    fs::write(&path, format!("#!/bin/sh\nexport {variable}\nexec '{program}' \"$@\"\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Base and head differ in one variable.
fn of_binaries(project: &Project, variables: [&str; 2], words: &[&str]) -> (Command, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sides = [("base", variables[0]), ("head", variables[1])];
    let [base, head] = sides.map(|(name, variable)| side(project, folder.path(), name, variable));
    let mut command = project.perf_test(&["compare", "--bin"]);
    command.args([base, head]).args(words).env_remove("GITHUB_STEP_SUMMARY");
    (command, folder)
}

#[test]
fn a_revision_is_built_and_what_got_slower_since_then_is_found() {
    let run = Repository::new().compare(&["main", "slower", "same", "without_setup", "added"]);
    assert_eq!(run.code, Some(101), "{run:#?}");
    // A test that is new in head runs over base's library, too.
    assert_eq!(verdicts(&run), [("added", "passed"), ("same", "passed"), ("slower", "failed")], "{run:#?}");
    let slower = &run.report["tests"][2]["metrics"][0];
    assert_eq!((&slower["metric"], &slower["verdict"]), (&"service.p50".into(), &"regressed".into()));
    let change = slower["change"].as_f64().unwrap();
    assert!((0.1..0.6).contains(&change), "{run:#?}");
    assert_eq!(left_out(&run), ["without_setup"]);
    for words in ["start the target in `setup`", "service.p50", "regressed", "of load", "main ("] {
        assert!(run.stdout.contains(words), "{words}: {run:#?}");
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 120), "{run:#?}");
}

#[test]
fn where_heads_tests_do_not_compile_bases_own_are_compared_as_far_as_they_are_the_same() {
    let run = Repository::new().compare(&["first", "same", "slower", "added"]);
    assert_eq!((run.code, verdicts(&run)), (Some(0), vec![("same", "passed")]), "{run:#?}");
    assert_eq!(left_out(&run), ["added", "slower"]);
    for words in
        ["only head has it", "load is closed 4 users in base and closed 8 users in head", "base's own tests"]
    {
        assert!(run.report["not_compared"].to_string().contains(words), "{words}: {run:#?}");
    }
    assert!(run.stderr.contains("with head's perf tests base does not build"), "{run:#?}");
}

#[test]
fn unchanged_code_passes_and_the_summary_says_so() {
    let repository = Repository::new();
    let run = repository.compare(&["main", "--exact", "same"]);
    assert_eq!((run.code, verdicts(&run)), (Some(0), vec![("same", "passed")]), "{run:#?}");
    let summary = fs::read_to_string(report_folder(&repository.project).unwrap().join("summary.md")).unwrap();
    assert!(summary.contains("| `same` | throughput |") && !summary.contains("regressed"), "{summary}");
}

#[test]
fn a_target_that_both_sides_would_share_is_refused() {
    let repository = Repository::new();
    let run = repository.compare(&["main", "fixed_port"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stdout.contains("the other one has this address"), "{run:#?}");
    let run = repository.compare(&["main", "one_target_for_both"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stdout.contains("both sides are at http://127.0.0.1:47120"), "{run:#?}");
    let run = repository.compare(&["main", "without_setup"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("nothing can be compared"), "{run:#?}");
}

#[test]
fn what_cannot_be_compared_with_is_told_before_anything_is_built() {
    let repository = Repository::new();
    let unknown = repository.compare(&["mian"]);
    assert_eq!(unknown.code, Some(2), "{unknown:#?}");
    assert!(unknown.stderr.contains("git knows no revision `mian`"), "{unknown:#?}");
    assert!(!unknown.stderr.contains("Building"), "{unknown:#?}");
    let nothing = repository.compare(&[]);
    assert_eq!(nothing.code, Some(2), "{nothing:#?}");
    assert!(nothing.stderr.contains("REVISION"), "{nothing:#?}");
    let elsewhere = tempfile::tempdir().unwrap();
    for file in ["Cargo.toml", "src/lib.rs", "tests/perf.rs"] {
        let copy = elsewhere.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(repository.folder.join(file), copy).unwrap();
    }
    let mut command = repository.project.perf_test(&["compare", "main"]);
    command.current_dir(&elsewhere).env("GIT_CEILING_DIRECTORIES", elsewhere.path());
    let nowhere = repository.project.finished(&command.output().unwrap());
    assert_eq!(nowhere.code, Some(2), "{nowhere:#?}");
    assert!(nowhere.stderr.contains("is in no git repository"), "{nowhere:#?}");
}

#[test]
fn two_binaries_are_compared_over_http() {
    let project = Project::new();
    let compare = |variables, words: &[&str]| {
        e2e::conclusive(|| {
            let (mut command, _folder) = of_binaries(&project, variables, words);
            compared(&project, &command.args(QUICK).output().unwrap())
        })
    };
    let slower = compare(["HANDLER_MS=10", "HANDLER_MS=13"], &["--exact", "gated_open"]);
    assert_eq!((slower.code, verdicts(&slower)), (Some(101), vec![("gated_open", "failed")]), "{slower:#?}");
    let same = compare(["HANDLER_MS=10", "HANDLER_MS=10"], &["--exact", "gated_open"]);
    assert_eq!(same.code, Some(0), "{same:#?}");
    let unknown = compare(["HANDLER_MS=10", "HANDLER_MS=10"], &["nowhere"]);
    assert_eq!(unknown.code, Some(2), "{unknown:#?}");
    assert!(unknown.stderr.contains("no perf test matches `nowhere`; there are"), "{unknown:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn more_work_for_each_request_is_found_by_the_targets_cpu_time() {
    let project = Project::new();
    let words = ["--exact", "gated_cpu", "--round", "250ms", "--warmup", "100ms", "--budget", "11s"];
    let run = e2e::conclusive(|| {
        let (mut command, _folder) = of_binaries(&project, ["HANDLER_WORK=600", "HANDLER_WORK=780"], &words);
        compared(&project, &command.output().unwrap())
    });
    assert_eq!((run.code, verdicts(&run)), (Some(101), vec![("gated_cpu", "failed")]), "{run:#?}");
}

#[test]
fn after_a_signal_both_sides_tear_down_and_the_report_is_partial() {
    let project = Project::new();
    let words = ["--exact", "holds", "--round", "200ms", "--warmup", "100ms"];
    let (mut command, _folder) = of_binaries(&project, ["HANDLER_MS=5", "HANDLER_MS=5"], &words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut opening = String::new();
    while !opening.contains("seed") {
        assert_ne!(stdout.read_line(&mut opening).unwrap(), 0, "{opening}");
    }
    std::thread::sleep(std::time::Duration::from_millis(900));
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let status = child.wait().unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(status.code(), Some(130), "{rest}");
    assert!(rest.contains("ended early by SIGINT"), "{rest}");
    let folder = report_folder(&project).unwrap();
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["partial"], &report["tests"][0]["verdict"]), (&true.into(), &"inconclusive".into()));
    // Each launch of a side ends with its tear-down, the last one too.
    let torn_down = |side: &str| fs::read_to_string(folder.join(side)).unwrap().matches("received ").count();
    assert!(torn_down("base.log") > 0 && torn_down("base.log") == torn_down("head.log"), "{rest}");
}
