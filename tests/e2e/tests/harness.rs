//! libtest's side: listing, selection, formats, signals, nextest.

use e2e::Project;
use std::process::Stdio;

#[test]
fn listing_prints_names_and_nothing_else() {
    let project = Project::new();
    let run = project.finished(&project.command(&["--list", "--format", "terse"]).output().unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stdout.lines().count() >= 15 && run.stdout.lines().all(|line| line.ends_with(": test")),
        "{run:#?}"
    );
    let mut sorted: Vec<&str> = run.stdout.lines().collect();
    sorted.sort_unstable();
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), sorted);
    assert!(run.report.is_null());
}

#[test]
fn usage_mistakes_exit_with_2_and_say_what_is_meant() {
    let project = Project::new();
    for (arguments, words) in [
        (["--profile", "soak"], "smoke, quick"),
        (["--rate", "fast"], "12000/min"),
        (["--base-url", "here"], "a whole address"),
    ] {
        let run = project.run("holds", &arguments);
        // cargo itself says 101 for whatever its test target says, so look at the words.
        assert_ne!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains(words), "{run:#?}");
    }
}

#[test]
fn machine_readable_formats_stay_whole() {
    let project = Project::new();
    let run = project.run("panics", &["--format", "json"]);
    for line in run.stdout.lines().filter(|line| !line.is_empty()) {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    assert!(run.stderr.contains("errors < 1% does not hold"), "{run:#?}");
}

#[test]
fn the_smoke_profile_runs_one_iteration() {
    let run = Project::new().run("gated_open", &["--profile", "smoke"]);
    assert_eq!((run.code, run.count("planned")), (Some(0), 1), "{run:#?}");
}

#[test]
fn after_a_failure_fail_fast_runs_nothing_more() {
    let project = Project::new();
    let run = project
        .finished(&project.command(&["panics", "breaks", "--fail-fast", "--no-capture"]).output().unwrap());
    assert_eq!((run.code, run.test()["name"].as_str()), (Some(101), Some("breaks")), "{run:#?}");
    assert!(run.stdout.contains("--fail-fast was given"), "{run:#?}");
}

#[test]
fn in_the_terse_format_standard_output_is_libtests_own() {
    let project = Project::new();
    let words = ["holds", "no_such_host", "--format", "terse"];
    let run = e2e::conclusive(|| project.finished(&project.command(&words).output().unwrap()));
    let dots = run.stdout.lines().find(|line| line.contains('.')).unwrap();
    assert!(dots.chars().all(|mark| ".F".contains(mark)), "{run:#?}");
    assert!(!run.stdout.contains("planned") && run.stderr.contains("200 planned"), "{run:#?}");
    assert!(!run.stdout.contains("2 tests: ") && run.stderr.contains("2 tests: "), "{run:#?}");
}

#[test]
fn several_tests_end_in_a_table_and_a_single_one_says_where_its_report_is() {
    let project = Project::new();
    let lines = ["--summary", "short"];
    let words = [&["holds", "breaks"][..], &lines].concat();
    let several = e2e::conclusive(|| project.finished(&project.command(&words).output().unwrap()));
    let (_, after) = several.stdout.split_once("test result: ").unwrap();
    for words in ["✓ holds ", "✗ breaks", "2 tests: 1 passed, 1 failed", "report: ", "report.html"] {
        assert!(after.contains(words), "{words}: {several:#?}");
    }
    let single = project.run("holds", &lines);
    assert!(!single.stdout.contains(" tests: ") && single.stdout.contains("report: "), "{single:#?}");
}

#[test]
fn github_shows_colours_without_a_terminal_and_nobody_else_does() {
    let project = Project::new();
    let run = |variables: &[(&str, &str)]| {
        let once = || {
            let mut command =
                project.command(&["holds", "--exact", "--summary", "short", "--profile", "smoke"]);
            project.finished(&command.envs(variables.iter().copied()).output().unwrap())
        };
        e2e::conclusive(once).stdout
    };
    assert!(run(&[("GITHUB_ACTIONS", "true")]).contains("\u{1b}[32m"));
    for plain in [&[][..], &[("GITHUB_ACTIONS", "true"), ("NO_COLOR", "1")]] {
        let stdout = run(plain);
        assert!(!stdout.contains('\u{1b}') && stdout.contains("✓ holds  passed"), "{plain:?}: {stdout}");
    }
    let latin = run(&[("LC_ALL", "de_DE.ISO-8859-1")]);
    assert!(latin.contains("+ holds  passed") && latin.is_ascii(), "{latin}");
}

#[test]
fn of_two_processes_one_waits_and_says_so() {
    let project = Project::new();
    let start = || {
        let mut command = project.executable(&["--exact", "holds"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()].map(|child| project.finished(&child.wait_with_output().unwrap()));
    let waited = both.iter().filter(|run| run.stderr.contains("waiting: another perf test")).count();
    assert!(both.iter().all(|run| run.code == Some(0)), "{both:#?}");
    assert!(waited >= 1, "{both:#?}");
}

#[cfg(unix)]
fn interrupted(signal: rustix::process::Signal) -> e2e::Run {
    let project = Project::new();
    let baseline = project.baseline("long");
    let mut running = e2e::Running::start(project, &["--exact", "long", "holds", "--update-baselines"]);
    running.wait_for("in the middle of it");
    running.signal(signal);
    let run = running.end();
    assert!(!baseline.exists(), "a partial run writes no baseline");
    run
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_in_order_with_a_partial_report() {
    for (signal, code) in [(rustix::process::Signal::INT, 130), (rustix::process::Signal::TERM, 143)] {
        let mut run = interrupted(signal);
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert_eq!(run.report["partial"], true, "{run:#?}");
        let long = run.report["tests"].as_array_mut().unwrap().split_off(1);
        run.report["tests"] = long.into();
        assert_eq!(run.test()["name"], "long");
        assert!(run.count("planned") > 0 && run.count("planned") < run.count("scheduled"), "{run:#?}");
        run.assert_counts_agree();
    }
}

#[test]
fn nextest_lists_and_runs_and_all_tests_are_in_one_report() {
    let project = Project::new();
    let arguments =
        ["--package", "project", "--test", "load", "-E", "test(=holds) | test(=panics)", "--no-fail-fast"];
    let run = project.finished(&project.cargo(&["nextest", "run"], &arguments).output().unwrap());
    let names: Vec<&str> =
        run.report["tests"].as_array().unwrap().iter().filter_map(|test| test["name"].as_str()).collect();
    assert_eq!((run.code, names.len()), (Some(100), 2), "{run:#?}");
    assert!(names.contains(&"holds") && names.contains(&"panics"), "{run:#?}");
}
