//! Runs perf tests of `tests/project` through cargo and reads what came of them.

#[cfg(unix)]
mod running;

#[cfg(unix)]
pub use running::Running;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Folders of one test's own, so that tests don't meet.
#[derive(Debug)]
pub struct Project {
    target: &'static str,
    folder: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub struct Run {
    /// What a shell sees.
    pub code: Option<i32>,
    /// libtest's lines and the summaries.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// `report.json`; null when none was written.
    pub report: Value,
}

/// What a target saw.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Requests that reached it.
    pub received: u64,
    /// Answers that it gave.
    pub answered: u64,
    /// That it accepted, also where it closed them at once.
    pub connections: u64,
}

impl Default for Project {
    fn default() -> Self {
        Project::new()
    }
}

impl Project {
    /// With empty folders.
    ///
    /// # Panics
    ///
    /// Without a temporary folder.
    pub fn new() -> Self {
        Project::of("load")
    }

    /// For another test target than `load`.
    ///
    /// # Panics
    ///
    /// Without a temporary folder.
    pub fn of(target: &'static str) -> Self {
        Project { target, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Where its baselines are.
    pub fn baselines(&self) -> PathBuf {
        self.folder.path().join("baselines")
    }

    /// The baseline of a test.
    pub fn baseline(&self, test: &str) -> PathBuf {
        self.baselines().join(self.target).join(format!("{test}.json"))
    }

    /// `cargo test -p project --test TARGET -- ARGUMENTS`, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.cargo(&["test", "--quiet", "--package", "project", "--test", self.target, "--"], arguments)
    }

    /// Any cargo command, with this project's folders.
    pub fn cargo(&self, command: &[&str], arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        cargo.args(command).args(arguments).stdin(Stdio::null());
        cargo
            .env("PERF_BASELINE_DIR", self.baselines())
            .env("PERF_REPORT_DIR", self.folder.path().join("reports"));
        // What the tests themselves run under must not leak in.
        for name in [
            "NEXTEST_RUN_ID",
            "NEXTEST",
            "CI",
            "GITHUB_ACTIONS",
            "GITHUB_STEP_SUMMARY",
            "GITHUB_WORKSPACE",
            "COLUMNS",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "RUST_BACKTRACE",
        ] {
            cargo.env_remove(name);
        }
        cargo
    }

    /// Where its runs are appended.
    pub fn history(&self) -> PathBuf {
        self.reports().join("history.jsonl")
    }

    /// The folder of its runs.
    pub fn reports(&self) -> PathBuf {
        self.folder.path().join("reports")
    }

    /// A file of the newest run.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn latest(&self, file: &str) -> String {
        let path = self.reports().join("latest").join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// `cargo perf-test ARGUMENTS`, as the program itself.
    ///
    /// # Panics
    ///
    /// When it does not build.
    pub fn perf_test(&self, arguments: &[&str]) -> Command {
        static PROGRAM: OnceLock<String> = OnceLock::new();
        let building =
            ["build", "--message-format", "json", "--package", "perf-harness", "--features", "cli"];
        let built = || executable(self.cargo(&building, &["--bin", "cargo-perf-test"]));
        let cargo = self.cargo(&[], &[]);
        let mut command = Command::new(PROGRAM.get_or_init(built));
        command.args(arguments).stdin(Stdio::null());
        command.current_dir(cargo.get_current_dir().expect("the workspace"));
        with_variables_of(&cargo, &mut command);
        command
    }

    /// The test target itself, for whom a cargo in between is in the way: it dies at once of a signal to its group.
    ///
    /// # Panics
    ///
    /// When the target does not build.
    pub fn executable(&self, arguments: &[&str]) -> Command {
        let building =
            ["test", "--no-run", "--message-format", "json", "--package", "project", "--test", self.target];
        let mut command = Command::new(executable(self.cargo(&building, &[])));
        command.args(arguments);
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../project");
        with_variables_of(self.cargo(&[], &[]).env("CARGO_MANIFEST_DIR", package), &mut command);
        command
    }

    /// Runs one test by its exact name.
    pub fn run(&self, test: &str, arguments: &[&str]) -> Run {
        self.run_with(test, arguments, &[])
    }

    /// The same with environment variables.
    ///
    /// # Panics
    ///
    /// When cargo cannot be started.
    pub fn run_with(&self, test: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(&["--exact", test]);
        command.args(arguments).envs(variables.iter().copied());
        self.finished(&command.output().expect("cargo runs"))
    }

    /// The same once more where the machine had other things to do, at most four times in all: a run that is inconclusive proves
    /// and records nothing, by design.
    ///
    /// # Panics
    ///
    /// When cargo cannot be started.
    pub fn run_conclusive(&self, test: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        conclusive(|| self.run_with(test, arguments, variables))
    }

    /// What a finished command left. Its report is as the schema says.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn finished(&self, output: &Output) -> Run {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let report = std::fs::read_to_string(self.reports().join("latest/report.json"));
        let report = report.ok().and_then(|json| serde_json::from_str(&json).ok()).unwrap_or(Value::Null);
        if report["schema"] == "perf-report/1" {
            assert_eq!(mistakes(&report), Vec::<String>::new());
        }
        Run { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), report }
    }
}

/// What its schema says against a report.
fn mistakes(report: &Value) -> Vec<String> {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| {
        let schema = include_str!("../../../perf-core/report.schema.json");
        let schema = serde_json::from_str(schema).expect("a schema is JSON");
        jsonschema::draft202012::new(&schema).expect("a schema")
    });
    schema.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The first of at most four runs that the machine let come to a conclusion, else the last one.
pub fn conclusive(mut run: impl FnMut() -> Run) -> Run {
    for _ in 1..4 {
        let one = run();
        if !one.is_inconclusive() {
            return one;
        }
    }
    run()
}

/// What a `cargo … --message-format json` built last.
///
/// # Panics
///
/// When nothing was built.
pub fn executable(mut building: Command) -> String {
    let built = building.output().expect("cargo runs");
    assert!(built.status.success(), "nothing was built: {}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("JSON lines");
    let mut executables = messages.lines().filter_map(|line| {
        serde_json::from_str::<Value>(line).ok()?["executable"].as_str().map(str::to_owned)
    });
    let said = String::from_utf8_lossy(&built.stderr);
    executables.next_back().unwrap_or_else(|| panic!("nothing was built: {said}"))
}

fn with_variables_of(like: &Command, command: &mut Command) {
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

impl Run {
    /// The only test of the report.
    ///
    /// # Panics
    ///
    /// When the report does not hold exactly one test.
    pub fn test(&self) -> &Value {
        let tests = self.report["tests"].as_array().unwrap_or_else(|| panic!("no report: {self:#?}"));
        assert_eq!(tests.len(), 1, "{self:#?}");
        &tests[0]
    }

    /// Whether the data of any test could not tell.
    pub fn is_inconclusive(&self) -> bool {
        let mut tests = self.report["tests"].as_array().into_iter().flatten();
        tests.any(|test| test["verdict"] == "inconclusive")
    }

    /// A count of the only test.
    pub fn count(&self, name: &str) -> u64 {
        self.test()["counts"][name].as_u64().unwrap_or(u64::MAX)
    }

    /// A latency of the only test, in milliseconds.
    pub fn ms(&self, time: &str, statistic: &str) -> f64 {
        self.test()[time][statistic].as_f64().unwrap_or(f64::NAN) / 1e6
    }

    /// How many errors of a category there were.
    pub fn errors(&self, category: &str) -> u64 {
        let errors = self.test()["errors"].as_array().into_iter().flatten();
        errors.filter(|error| error["category"] == category).filter_map(|error| error["count"].as_u64()).sum()
    }

    /// What the target said that it saw.
    ///
    /// # Panics
    ///
    /// When its tear-down said nothing.
    pub fn server(&self) -> Server {
        let said = self.stdout.lines().find_map(|line| line.strip_prefix("received "));
        let said = said.unwrap_or_else(|| panic!("no counts of the target: {self:#?}"));
        let mut numbers = said.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
        let mut next = || numbers.next().unwrap_or_else(|| panic!("no counts: {said}"));
        Server { received: next(), answered: next(), connections: next() }
    }

    /// What was counted here, warm-up included, against what the target saw: no answer that it did not give, no request that
    /// was not made.
    ///
    /// # Panics
    ///
    /// When they contradict each other.
    pub fn assert_server_agrees(&self) -> Server {
        let Server { received, answered, .. } = self.server();
        let all = |name: &str| self.count(name) + self.test()["warmup"]["counts"][name].as_u64().unwrap_or(0);
        let counts = [all("succeeded"), answered, received, all("started")];
        assert!(counts.is_sorted(), "succeeded, answered, received, started: {counts:?}: {self:#?}");
        self.server()
    }

    /// The same where nothing was cut off: every iteration is a request that was answered.
    ///
    /// # Panics
    ///
    /// When one is missing on either side.
    pub fn assert_server_agrees_exactly(&self) -> Server {
        let server = self.assert_server_agrees();
        let all = |name: &str| self.count(name) + self.test()["warmup"]["counts"][name].as_u64().unwrap_or(0);
        assert_eq!([all("succeeded"), all("started")], [server.answered, server.received], "{self:#?}");
        assert_eq!(server.answered, server.received, "{self:#?}");
        server
    }

    /// The identities between counts, which hold in every ending.
    ///
    /// # Panics
    ///
    /// When one does not.
    pub fn assert_counts_agree(&self) {
        let count = |name| self.count(name);
        assert_eq!(count("planned"), count("started") + count("dropped"), "{self:#?}");
        assert_eq!(count("started"), count("completed") + count("interrupted"), "{self:#?}");
        assert_eq!(
            count("completed"),
            count("succeeded") + count("failed") + count("timed_out"),
            "{self:#?}"
        );
        let errors = self.test()["errors"].as_array().into_iter().flatten();
        let sum: u64 = errors.filter_map(|error| error["count"].as_u64()).sum();
        assert_eq!(Some(sum), self.test()["error_count"].as_u64(), "{self:#?}");
        let histogram = self.test()["response_ns"]["histogram"].as_array().into_iter().flatten();
        let timed: u64 = histogram.filter_map(|bucket| bucket[1].as_u64()).sum();
        assert_eq!(timed, count("started"), "{self:#?}");
    }
}
