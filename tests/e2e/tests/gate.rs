//! Baselines: recorded, compared with, refused.

use e2e::{Project, Run};
use std::fs;

/// With a baseline of a handler that takes 10 ms.
fn recorded(test: &str) -> Project {
    let project = Project::new();
    let run = project.run_conclusive(test, &["--update-baselines"], &[("HANDLER_MS", "10")]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("baseline recorded in "), "{run:#?}");
    let written = fs::read_to_string(project.baseline(test)).unwrap();
    assert!(written.contains("\"schema\": \"perf-baseline/1\"") && written.ends_with("}\n"), "{written}");
    project
}

fn with_handler(project: &Project, test: &str, ms: &str) -> Run {
    project.run_conclusive(test, &[], &[("HANDLER_MS", ms)])
}

#[test]
fn unchanged_code_passes_and_slower_code_fails_with_the_right_words() {
    for (test, metric) in [("gated_open", "service.p50"), ("gated_closed", "throughput")] {
        let project = recorded(test);
        let before = fs::read_to_string(project.baseline(test)).unwrap();
        let unchanged = with_handler(&project, test, "10");
        assert_eq!(
            (unchanged.code, &unchanged.test()["verdict"]),
            (Some(0), &"passed".into()),
            "{unchanged:#?}"
        );
        let slower = with_handler(&project, test, "13");
        assert_eq!(
            (slower.code, &slower.test()["comparison"]["verdict"]),
            (Some(101), &"regressed".into()),
            "{slower:#?}"
        );
        for words in [
            &format!("{metric} regressed: "),
            "95 % interval",
            "smallest detectable change",
            "reproduce: cargo test",
            "--exact",
            "--update-baselines",
        ] {
            assert!(slower.stdout.contains(words), "{words}: {slower:#?}");
        }
        assert_eq!(
            fs::read_to_string(project.baseline(test)).unwrap(),
            before,
            "a comparison writes nothing"
        );
    }
}

/// As under nextest, where what is asked for stands in variables and each process runs one test.
#[test]
fn a_process_that_runs_one_test_shares_the_one_percent_with_all_of_the_target() {
    let project = Project::new();
    let variables = [("PERF_DURATION", "1s"), ("PERF_WARMUP", "0s"), ("HANDLER_MS", "10")];
    for test in ["gated_open", "gated_closed"] {
        let recorded = project.run_conclusive(test, &["--update-baselines"], &variables);
        assert!(recorded.stdout.contains("baseline recorded in "), "{recorded:#?}");
    }
    let hypotheses = |run: &Run| {
        let (_, rest) = run.stdout.split_once("(1 % for ").unwrap_or_else(|| panic!("{run:#?}"));
        rest.split(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let both = project.run_conclusive("gated_open", &["--explain"], &variables);
    fs::remove_file(project.baseline("gated_closed")).unwrap();
    let one = project.run_conclusive("gated_open", &["--explain"], &variables);
    assert!(hypotheses(&both) > hypotheses(&one), "{both:#?} {one:#?}");
}

/// The CPU time of a target in the test's own process, with 30 % more work for each request.
#[test]
#[cfg(target_os = "linux")]
fn more_work_for_each_request_fails_by_the_targets_cpu_time_and_is_explained() {
    let project = Project::new();
    let with_work = |amount: &str, options: &[&str]| {
        project.run_conclusive("gated_cpu", options, &[("HANDLER_WORK", amount)])
    };
    // One session does not tell how much they differ.
    for _ in 0..3 {
        let recorded = with_work("600", &["--update-baselines"]);
        assert_eq!(recorded.code, Some(0), "{recorded:#?}");
    }
    let unchanged = with_work("600", &["--explain"]);
    assert_ne!(unchanged.code, Some(101), "{unchanged:#?}");
    for words in ["cpu_per_iteration\n", "p = ", "smallest detectable change"] {
        assert!(unchanged.stdout.contains(words), "{words}: {unchanged:#?}");
    }
    let slower = with_work("780", &["--explain=p50"]);
    assert_eq!(
        (slower.code, &slower.test()["comparison"]["verdict"]),
        (Some(101), &"regressed".into()),
        "{slower:#?}"
    );
    assert!(slower.stdout.contains("cpu_per_iteration regressed: "), "{slower:#?}");
    assert!(slower.stdout.contains("nothing to explain"), "{slower:#?}");
    assert!(slower.test()["resources"]["target"]["cpu_per_iteration_ns"].is_number(), "{slower:#?}");
}

#[test]
fn a_target_that_became_ten_times_slower_ends_red() {
    let project = recorded("gated_open");
    let run = with_handler(&project, "gated_open", "100");
    assert_eq!((run.code, &run.test()["verdict"]), (Some(101), &"failed".into()), "{run:#?}");
    let closed = recorded("gated_closed");
    let run = with_handler(&closed, "gated_closed", "100");
    assert_eq!((run.code, &run.test()["verdict"]), (Some(101), &"failed".into()), "{run:#?}");
    // So slow that arrivals are dropped: errors of a valid run, not the generator's fault.
    let drowned = Project::of("shapes").run_with("drowning", &[], &[("HANDLER_MS", "3000")]);
    assert_eq!((drowned.code, &drowned.test()["verdict"]), (Some(101), &"failed".into()), "{drowned:#?}");
    assert!(drowned.errors("dropped") > 0, "{drowned:#?}");
}

#[test]
fn an_accepted_change_starts_a_new_level_and_is_compared_from_then_on() {
    let project = recorded("gated_open");
    let accepted = project.run_conclusive("gated_open", &["--update-baselines"], &[("HANDLER_MS", "20")]);
    assert!(accepted.stdout.contains("starts a new level"), "{accepted:#?}");
    let again = with_handler(&project, "gated_open", "20");
    assert_eq!((again.code, &again.test()["comparison"]["level"]), (Some(0), &2.into()), "{again:#?}");
}

#[test]
fn another_load_or_environment_is_not_comparable_and_says_what_differs() {
    let project = recorded("gated_open");
    let other_load = project.run("gated_open", &["--rate", "50"]);
    assert_eq!(other_load.code, Some(0));
    assert!(
        other_load
            .stdout
            .contains("no comparable baseline: the load differs: load open 100/s there, open 50/s"),
        "{other_load:#?}"
    );
    let elsewhere = project.run_conclusive("gated_open", &["--environment", "ci"], &[]);
    assert!(elsewhere.stdout.contains("no comparable baseline: the environment differs"), "{elsewhere:#?}");
    assert!(elsewhere.stdout.contains("! the baseline was recorded elsewhere"), "{elsewhere:#?}");
    assert!(elsewhere.stdout.contains("`cargo perf-test compare REVISION` needs none"), "{elsewhere:#?}");
    assert_eq!((elsewhere.code, &elsewhere.test()["verdict"]), (Some(0), &"passed".into()), "{elsewhere:#?}");
    let required = project.run("gated_open", &["--environment", "ci", "--require-baseline"]);
    assert_eq!(required.code, Some(101), "{required:#?}");
}

#[test]
fn a_corrupt_or_newer_baseline_is_an_error_and_is_left_alone() {
    let project = recorded("gated_open");
    let path = project.baseline("gated_open");
    let good = fs::read_to_string(&path).unwrap();
    let newer = good.replace("perf-baseline/1", "perf-baseline/2");
    let corrupt = good.replacen("\"levels\"", "levels", 1);
    for (text, words) in [
        (newer, "newer schema perf-baseline/2; update perf-harness or delete it"),
        (corrupt, "restore it from version control"),
    ] {
        fs::write(&path, &text).unwrap();
        let run = project.run("gated_open", &["--update-baselines"]);
        assert_ne!(run.code, Some(0));
        assert!(run.stderr.contains(words) && run.stderr.contains(": line "), "{run:#?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn steps_tags_and_trends_are_compared_where_a_test_names_them() {
    let project = recorded("gated_by_name");
    let unchanged = with_handler(&project, "gated_by_name", "10");
    let metrics = |run: &Run| run.test()["comparison"]["metrics"].as_array().unwrap().clone();
    let names: Vec<_> = metrics(&unchanged).iter().map(|metric| metric["metric"].clone()).collect();
    assert_eq!(
        (unchanged.code, names),
        (Some(0), ["p50{step=first}", "wait.p50", "p50{way=only}"].map(Into::into).to_vec())
    );
    let slower = with_handler(&project, "gated_by_name", "16");
    assert_eq!(slower.code, Some(101), "{slower:#?}");
    assert!(metrics(&slower).iter().all(|metric| metric["verdict"] == "regressed"), "{slower:#?}");
    assert!(slower.stdout.contains("wait.p50 regressed: 1"), "{slower:#?}");
}
