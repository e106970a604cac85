//! `cargo perf-test`: run, history, trend, and looking after baselines.

use e2e::{Project, Run};
use serde_json::Value;
use std::fs;

/// `cargo perf-test` with the selection of this project's test target, built as the other end-to-end tests build it.
fn perf_test(project: &Project, words: &[&str]) -> Run {
    let own = ["--package", "project", "--test", "load"];
    let profile: &[&str] = match words[0] {
        "run" => &["--cargo-profile", "dev"],
        "baseline" if words[1] == "prune" => &["--cargo-profile", "dev"],
        _ => &[],
    };
    let mut command = project.perf_test(words);
    command.args(own).args(profile).env("HANDLER_MS", "10");
    project.finished(&command.output().unwrap())
}

/// Of runs that the machine did not spoil.
fn lines(project: &Project) -> Vec<Value> {
    let text = fs::read_to_string(project.history()).unwrap_or_default();
    let all = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    all.filter(|line: &Value| line["usable"] == true).collect()
}

fn gated(project: &Project, handler_ms: &str, arguments: &[&str]) -> Run {
    project.run_conclusive("gated_open", arguments, &[("HANDLER_MS", handler_ms)])
}

/// So many runs like this one before it, each of them this many times as slow as the one after it.
fn past(like: &Value, runs: usize, factor: impl Fn(usize) -> f64) -> String {
    let slower = |run: usize| {
        let mut entry = like.clone();
        entry["run_id"] = format!("past-{run}").into();
        entry["started"] = format!("2020-01-{:02}T00:00:00Z", run + 1).into();
        entry["commit"] = format!("{run:08x}{}", "0".repeat(32)).into();
        let value = like["metrics"]["service.p50"]["value"].as_f64().unwrap();
        let noise = 1.0 + 0.002 * ((run * 7 % 5) as f64 - 2.0);
        entry["metrics"]["service.p50"]["value"] = (value * noise * factor(run)).into();
        format!("{entry}\n")
    };
    (0..runs).map(slower).collect()
}

#[test]
fn run_ends_as_the_perf_target_does() {
    let project = Project::new();
    let passed = perf_test(&project, &["run", "--exact", "holds", "--duration", "500ms"]);
    assert_eq!((passed.code, passed.count("planned")), (Some(0), 100), "{passed:#?}");
    let failed = perf_test(&project, &["run", "--exact", "breaks"]);
    assert_eq!(failed.code, Some(101), "{failed:#?}");
    let wrong = perf_test(&project, &["run", "--rate", "fast"]);
    assert_eq!(wrong.code, Some(2), "{wrong:#?}");
    assert!(wrong.stderr.contains("12000/min"), "{wrong:#?}");
    let nowhere = project.finished(&project.perf_test(&["run", "--package", "nowhere"]).output().unwrap());
    assert_eq!(nowhere.code, Some(2), "{nowhere:#?}");
    assert!(nowhere.stderr.contains("no perf target in package `nowhere`"), "{nowhere:#?}");
    // As cargo starts it.
    let words =
        ["perf-test", "run", "--list", "--format", "terse", "--test", "load", "--cargo-profile", "dev"];
    let listed = project.finished(&project.perf_test(&words).output().unwrap());
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    assert!(listed.stdout.lines().any(|line| line == "holds: test"), "{listed:#?}");
}

#[test]
fn every_run_is_a_line_of_the_history() {
    let project = Project::new();
    let first = gated(&project, "10", &["--update-baselines"]);
    let second = gated(&project, "10", &[]);
    gated(&project, "10", &["--history", "off"]);
    let lines = lines(&project);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let [before, after] = &lines[..] else { unreachable!() };
    for (line, run) in [(before, &first), (after, &second)] {
        assert_eq!((&line["schema"], &line["run_id"]), (&"perf-history/1".into(), &run.report["run_id"]));
        assert_eq!(line["environment"], run.report["environment"]["id"]);
        assert_eq!((&line["target"], &line["test"]), (&"load".into(), &"gated_open".into()));
        assert_eq!((&line["verdict"], &line["usable"]), (&run.test()["verdict"], &true.into()), "{line:#}");
        assert_eq!(line["commit"], run.report["environment"]["git_commit"]);
        let p50 = &line["metrics"]["service.p50"];
        // As the rounds hold it: what ends in the final drain is in none of them.
        let in_rounds: u64 =
            run.test()["rounds"].as_array().unwrap().iter().filter_map(|r| r["n"].as_u64()).sum();
        assert_eq!(p50["n"], in_rounds, "{line:#}");
        assert!(in_rounds > 0 && p50["value"].as_f64().is_some_and(|ns| ns > 9e6), "{line:#}");
    }
    assert_eq!(before["config"], after["config"]);
    assert!(before["level"].is_null() && before["metrics"]["service.p50"]["verdict"].is_null());
    assert_eq!(after["level"], 1);
    assert_eq!(after["comparison"], second.test()["comparison"]["verdict"]);
    let failed = project.run("panics", &[]);
    assert_eq!(failed.code, Some(101));
    assert_eq!(self::lines(&project)[2]["verdict"], "failed");
}

#[test]
fn a_torn_line_is_said_and_costs_no_other() {
    let project = Project::new();
    project.run("holds", &[]);
    let whole = fs::read_to_string(project.history()).unwrap();
    fs::write(project.history(), format!("{whole}{}", &whole[..50])).unwrap();
    let run = project.run("holds", &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("line 2 cannot be read and is left out"), "{run:#?}");
    let text = fs::read_to_string(project.history()).unwrap();
    let whole = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert_eq!((text.lines().count(), whole), (3, 2), "{text}");
}

#[test]
fn processes_of_nextest_share_the_history() {
    let project = Project::new();
    let names = "test(=holds) | test(=breaks) | test(=panics)";
    let arguments = ["--package", "project", "--test", "load", "-E", names, "--no-fail-fast"];
    let run = project.finished(&project.cargo(&["nextest", "run"], &arguments).output().unwrap());
    let lines = lines(&project);
    assert_eq!(lines.len(), 3, "{run:#?}");
    assert!(lines.iter().all(|line| line["run_id"] == lines[0]["run_id"]), "{lines:#?}");
}

#[test]
fn trend_names_the_first_run_of_a_new_level_with_its_commit() {
    let project = Project::new();
    gated(&project, "10", &[]);
    let like = lines(&project).remove(0);
    let stepped = past(&like, 24, |run| if run < 15 { 0.7 } else { 1.0 });
    fs::write(project.history(), format!("{stepped}{like}\n")).unwrap();
    let json = perf_test(&project, &["trend", "gated_open", "--metric", "service.p50", "--format", "json"]);
    let trend: Value = serde_json::from_str(&json.stdout).unwrap_or_else(|_| panic!("{json:#?}"));
    let series = &trend["series"][0];
    assert_eq!(series["points"].as_array().unwrap().len(), 25, "{series:#}");
    let step = &series["steps"][0];
    assert_eq!(
        (&step["first"]["run_id"], &step["is_worse"]),
        (&"past-15".into(), &true.into()),
        "{series:#}"
    );
    for width in [80, 120] {
        let mut command = project.perf_test(&["trend", "gated", "--package", "project"]);
        let text = project.finished(&command.env("COLUMNS", width.to_string()).output().unwrap());
        assert_eq!(text.code, Some(0), "{text:#?}");
        assert!(text.stdout.contains("run past-15 of 2020-01-16 00:00 at 0000000f"), "{text:#?}");
        assert!(text.stdout.lines().all(|line| line.chars().count() <= width), "{text:#?}");
    }
    let none = perf_test(&Project::new(), &["trend"]);
    assert_eq!(none.code, Some(2), "{none:#?}");
    assert!(none.stderr.contains("run the perf tests first"), "{none:#?}");
}

#[test]
fn a_slow_creep_is_a_finding_of_the_run_that_shows_it() {
    let project = Project::new();
    gated(&project, "10", &[]);
    let like = lines(&project).remove(0);
    let crept = past(&like, 30, |run| 0.7 + 0.01 * run as f64);
    fs::write(project.history(), crept).unwrap();
    let run = gated(&project, "10", &[]);
    let kinds: Vec<&str> =
        run.test()["findings"].as_array().unwrap().iter().filter_map(|f| f["kind"].as_str()).collect();
    assert_eq!((run.code, kinds.contains(&"creep")), (Some(0), true), "{run:#?}");
    assert!(run.stdout.contains("service.p50 crept by +"), "{run:#?}");
}

#[test]
fn a_report_becomes_a_baseline_also_one_of_another_machine() {
    let project = Project::new();
    let run = gated(&project, "10", &[]);
    let accepted = perf_test(&project, &["baseline", "accept", "latest"]);
    assert_eq!(accepted.code, Some(0), "{accepted:#?}");
    assert!(accepted.stdout.contains("gated_open: first session of this environment"), "{accepted:#?}");
    let compared = gated(&project, "10", &[]);
    assert_eq!(compared.test()["comparison"]["level"], 1, "{compared:#?}");
    let again = perf_test(&project, &["baseline", "accept", run.report["run_id"].as_str().unwrap()]);
    assert!(again.stdout.contains("this session is there already"), "{again:#?}");

    let mut foreign = compared.report.clone();
    foreign["environment"]["label"] = "ci".into();
    let path = project.baselines().join("report.json");
    fs::write(&path, foreign.to_string()).unwrap();
    let elsewhere = perf_test(&project, &["baseline", "accept", path.to_str().unwrap()]);
    assert!(elsewhere.stdout.contains("first session of this environment"), "{elsewhere:#?}");
    let baseline: Value =
        serde_json::from_str(&fs::read_to_string(project.baseline("gated_open")).unwrap()).unwrap();
    assert_eq!(baseline["environments"].as_object().unwrap().len(), 2, "{baseline:#}");
    let shown = perf_test(&project, &["baseline", "show", "gated_open"]);
    assert!(shown.stdout.contains("`ci`, debug") && shown.stdout.contains("load open 100/s"), "{shown:#?}");
    let listed = perf_test(&project, &["baseline", "list", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap_or_else(|_| panic!("{listed:#?}"));
    assert_eq!(listed["baselines"][0]["environments"].as_array().unwrap().len(), 2, "{listed:#}");
}

#[test]
fn a_regression_can_be_accepted_and_what_broke_a_limit_cannot() {
    let project = Project::new();
    gated(&project, "10", &["--update-baselines"]);
    let slower = gated(&project, "40", &[]);
    assert_eq!(slower.code, Some(101), "{slower:#?}");
    let accepted = perf_test(&project, &["baseline", "accept", "latest"]);
    assert!(
        accepted.stdout.contains("starts a new level with what two sessions have confirmed"),
        "{accepted:#?}"
    );
    let now = gated(&project, "40", &[]);
    assert_eq!((now.code, &now.test()["comparison"]["level"]), (Some(0), &2.into()), "{now:#?}");

    let broken = project.run("breaks", &[]);
    assert_eq!(broken.code, Some(101));
    let refused = perf_test(&project, &["baseline", "accept", "latest", "breaks"]);
    assert_eq!(refused.code, Some(101), "{refused:#?}");
    assert!(refused.stdout.contains("breaks: not accepted, it is failed: p50 < 1us"), "{refused:#?}");
    assert!(!project.baseline("breaks").exists());
}

#[test]
fn prune_removes_what_no_longer_exists_and_says_so() {
    let project = Project::new();
    gated(&project, "10", &["--update-baselines"]);
    let kept = project.baseline("gated_open");
    let gone = project.baseline("gone");
    let text = fs::read_to_string(&kept).unwrap();
    fs::write(&gone, text.replace("\"test\": \"gated_open\"", "\"test\": \"gone\"")).unwrap();
    let dry = perf_test(&project, &["baseline", "prune", "--dry-run"]);
    assert!(
        dry.stdout.contains("gone.json: would remove the file, whose test does not exist any more"),
        "{dry:#?}"
    );
    assert!(gone.exists());
    let pruned = perf_test(&project, &["baseline", "prune"]);
    assert_eq!(pruned.code, Some(0), "{pruned:#?}");
    assert!(pruned.stdout.contains("gone.json: removed"), "{pruned:#?}");
    assert!(!gone.exists() && fs::read_to_string(&kept).unwrap() == text);
    let again = perf_test(&project, &["baseline", "prune"]);
    assert!(again.stdout.contains("nothing to remove"), "{again:#?}");
}
