//! What git makes of two branches that both record baselines.

use perf_core::judge::baseline::{Baseline, BaselineError};
use perf_core::judge::level::{Rounds, SessionRecord};
use perf_core::measure::class::Class;
use perf_core::measure::environment::Environment;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A repository with one baseline file.
struct Repository(TempDir);

impl Repository {
    fn with(baseline: &Baseline) -> Self {
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit(baseline);
        repository
    }

    fn git(&self, arguments: &[&str]) -> bool {
        let mut git = Command::new("git");
        // Neither the user's settings nor the repository that the tests themselves run in.
        let none = if cfg!(windows) { "NUL" } else { "/dev/null" };
        git.env("GIT_CONFIG_GLOBAL", none).env("GIT_CONFIG_SYSTEM", none);
        git.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").current_dir(self.0.path());
        git.args(["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "core.autocrlf=false"]);
        git.args(arguments).output().unwrap().status.success()
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("login.json")
    }

    fn commit(&self, baseline: &Baseline) {
        baseline.write(&self.path()).unwrap();
        assert!(self.git(&["add", "."]) && self.git(&["commit", "--quiet", "--message", "a session"]));
    }

    /// Whether git merges what two branches made of the file, and what is read from the file then.
    fn merged(&self, ours: &Baseline, theirs: &Baseline) -> (bool, Result<Option<Baseline>, BaselineError>) {
        assert!(self.git(&["checkout", "--quiet", "-b", "theirs"]));
        self.commit(theirs);
        assert!(self.git(&["checkout", "--quiet", "main"]));
        self.commit(ours);
        let is_clean = self.git(&["merge", "--quiet", "--no-edit", "theirs"]);
        (is_clean, Baseline::read(&self.path()))
    }
}

fn environment(cpu: &str) -> Environment {
    let class = Class {
        cpu: cpu.into(),
        os: "linux x86_64".into(),
        build_profile: "release".into(),
        cores: 2,
        ..Class::default()
    };
    Environment { id: class.id(), class, rustc: None, git_commit: None, git_dirty: None, machine: None }
}

fn with_session(baseline: &Baseline, cpu: &str, day: u64, starts_level: bool) -> Baseline {
    let mut changed = baseline.clone();
    let config = BTreeMap::from([("load".to_owned(), "open 200/s".to_owned())]);
    let rounds = Rounds { n: vec![day], ..Rounds::default() };
    let session = SessionRecord { rounds, recorded: format!("{day:02}"), ..SessionRecord::default() };
    changed.append(&environment(cpu), &config, session, starts_level);
    changed
}

/// Two environments with this many sessions each.
fn recorded(sessions: u64) -> Baseline {
    let days = (1..=sessions).flat_map(|day| [("A", day), ("B", day)]);
    days.fold(Baseline::empty("login"), |baseline, (cpu, day)| with_session(&baseline, cpu, day, false))
}

fn days(baseline: &Baseline, cpu: &str) -> Vec<Vec<u64>> {
    let levels = &baseline.environments[&environment(cpu).id].levels;
    levels.iter().map(|level| level.sessions.iter().map(|session| session.rounds.n[0]).collect()).collect()
}

#[test]
fn branches_that_record_in_different_environments_merge_by_themselves() {
    let base = recorded(2);
    let (is_clean, read) = Repository::with(&base)
        .merged(&with_session(&base, "A", 3, false), &with_session(&base, "B", 4, false));
    let merged = read.unwrap().unwrap();
    assert!(is_clean);
    assert_eq!((days(&merged, "A"), days(&merged, "B")), (vec![vec![1, 2, 3]], vec![vec![1, 2, 4]]));
}

#[test]
fn branches_that_append_to_one_level_conflict_and_both_sides_kept_are_right() {
    // With twenty sessions, both branches also drop the oldest.
    for (sessions, expected) in [(2, 1..=4), (20, 2..=22)] {
        let base = recorded(sessions);
        let repository = Repository::with(&base);
        let (is_clean, read) = repository.merged(
            &with_session(&base, "A", sessions + 1, false),
            &with_session(&base, "A", sessions + 2, false),
        );
        assert!(!is_clean);
        let error = read.unwrap_err().to_string();
        assert!(error.contains("a merge conflict; keep the sessions of both sides"), "{error}");
        let text = std::fs::read_to_string(repository.path()).unwrap();
        let is_marker =
            |line: &&str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
        let kept: Vec<&str> = text.lines().filter(|line| !is_marker(line)).collect();
        std::fs::write(repository.path(), kept.join("\n") + "\n").unwrap();
        let resolved = Baseline::read(&repository.path()).unwrap().unwrap();
        assert_eq!(days(&resolved, "A"), [expected.collect::<Vec<u64>>()]);
        // The next session brings a level that is one too long back to twenty.
        let next = with_session(&resolved, "A", 23, false);
        assert!(days(&next, "A")[0].len() <= 20);
    }
}

#[test]
fn a_branch_that_starts_a_level_and_one_that_appends_to_the_old_one_merge_by_themselves() {
    let base = recorded(2);
    let (is_clean, read) = Repository::with(&base)
        .merged(&with_session(&base, "A", 3, true), &with_session(&base, "A", 4, false));
    assert!(is_clean);
    assert_eq!(days(&read.unwrap().unwrap(), "A"), [vec![1, 2, 4], vec![3]]);
}

#[test]
fn branches_that_both_start_a_level_conflict() {
    let base = recorded(2);
    let (is_clean, read) = Repository::with(&base)
        .merged(&with_session(&base, "A", 3, true), &with_session(&base, "A", 4, true));
    assert!(!is_clean && matches!(read, Err(BaselineError::Conflict { .. })));
}
