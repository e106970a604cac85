//! The other reports of a run: made with it, or later by `cargo perf-test report`; and what GitHub shows.

use e2e::Project;
use std::fs;
use std::path::Path;

const ALL: &str = "text,json,html,csv,junit,markdown";
const MADE: [&str; 7] =
    ["report.html", "summary.csv", "timeline.csv", "histogram.csv", "rounds.csv", "junit.xml", "summary.md"];

/// The value of a metric of a scope without a name.
fn of_csv(csv: &str, scope: &str, metric: &str) -> Option<f64> {
    let key = format!(",{scope},,{metric},");
    csv.lines().find(|line| line.contains(&key))?.rsplit(',').next()?.parse().ok()
}

#[test]
fn every_report_tells_the_same_run_and_github_shows_it_at_the_tests_line() {
    let project = Project::new();
    let summary = project.reports().parent().unwrap().join("step-summary");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let github = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_WORKSPACE", root.to_str().unwrap()),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    let run = project.run_with("breaks", &["--report", ALL], &github);
    assert_eq!(
        (run.code, &run.test()["file"]),
        (Some(101), &"tests/project/tests/load.rs".into()),
        "{run:#?}"
    );
    let csv = project.latest("summary.csv");
    assert_eq!(of_csv(&csv, "response", "p99"), run.test()["response_ns"]["p99"].as_f64());
    assert_eq!(of_csv(&csv, "iterations", "planned"), Some(200.0), "{csv}");
    let junit = project.latest("junit.xml");
    assert!(
        junit.contains(r#"tests="1" failures="1""#) && junit.contains("<failure message=\"p50 &lt; 1us"),
        "{junit}"
    );
    let page = project.latest("summary.md");
    assert!(page.contains("| `breaks` | ❌ failed | open load, 200/s"), "{page}");
    assert!(MADE.iter().all(|file| !project.latest(file).is_empty()));
    let line = run.test()["line"].as_u64().unwrap();
    let expected =
        format!("::error file=tests/project/tests/load.rs,line={line},title=breaks failed::p50 < 1us does");
    assert!(run.stdout.lines().any(|line| line.starts_with(&expected)), "{run:#?}");
    assert!(fs::read_to_string(&summary).unwrap().contains(&page));
    let text = fs::read_to_string(root.join("tests/project/tests/load.rs")).unwrap();
    let there = text.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
    assert!(there.starts_with("#[perf_test(") && there.contains("p50 < 1us"), "{there}");

    let quiet = project.run_with("breaks", &["--report", "json", "--format", "json"], &github);
    assert!(
        quiet.stdout.lines().all(|line| line.starts_with('{')) && quiet.stderr.contains("::error "),
        "{quiet:#?}"
    );
    assert!(!project.reports().join("latest/report.html").exists());
    assert_eq!(
        fs::read_to_string(&summary).unwrap().matches("### Perf tests: 1 failed").count(),
        2,
        "a part each"
    );
}

#[test]
fn processes_of_nextest_make_one_set_of_reports() {
    let project = Project::new();
    let summary = project.reports().parent().unwrap().join("step-summary");
    let arguments =
        ["--package", "project", "--test", "load", "-E", "test(=holds) | test(=panics)", "--no-fail-fast"];
    let run = e2e::conclusive(|| {
        fs::remove_file(&summary).ok();
        let mut command = project.cargo(&["nextest", "run"], &arguments);
        command.env("PERF_REPORT", "junit,markdown").env("GITHUB_ACTIONS", "true");
        project.finished(&command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap())
    });
    assert_eq!(run.report["tests"].as_array().unwrap().len(), 2, "{run:#?}");
    assert!(project.latest("junit.xml").contains(r#"tests="2" failures="1""#));
    let page = project.latest("summary.md");
    assert!(page.contains("### Perf tests: 1 failed, 1 passed"), "{page}");
    let shown = fs::read_to_string(&summary).unwrap();
    assert_eq!((shown.matches("### Perf tests").count(), shown.contains(&page)), (1, true), "{shown}");
}

#[test]
fn a_report_that_cannot_be_written_is_said_and_costs_no_other() {
    let project = Project::new();
    let folder = project.reports().join("the-run");
    fs::create_dir_all(folder.join("junit.xml/in-the-way")).unwrap();
    let run = project.run_with("holds", &["--report", "junit,markdown"], &[("NEXTEST_RUN_ID", "the-run")]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("[perf] no junit report: "), "{run:#?}");
    assert!(run.report["tests"][0]["name"] == "holds" && project.latest("summary.md").contains("`holds`"));
}

#[test]
fn reports_are_made_later_also_of_several_runs() {
    let project = Project::new();
    let report = |words: &[&str]| project.finished(&project.perf_test(words).output().unwrap());
    let ids = [(); 2].map(|()| {
        let run = project.run("holds", &["--report", "json", "--duration", "300ms"]);
        run.report["run_id"].as_str().unwrap().to_owned()
    });
    let one = report(&["report", "latest", "--format", "html,csv,junit,markdown", "--csv-interval", "5s"]);
    assert_eq!(one.code, Some(0), "{one:#?}");
    assert_eq!(one.stdout.lines().count(), MADE.len(), "{one:#?}");
    assert!(MADE.iter().all(|file| !project.latest(file).is_empty()));
    assert!(project.latest("timeline.csv").contains(",holds,0,5,iterations,,started,count,60\n"));
    let out = project.reports().join("both");
    let both = ["report", &ids[0], &ids[1], "--format", "html,csv", "--out", out.to_str().unwrap()];
    let both = report(&both);
    assert_eq!(both.code, Some(0), "{both:#?}");
    let csv = fs::read_to_string(out.join("summary.csv")).unwrap();
    assert!(ids.iter().all(|id| csv.contains(id)) && out.join("report.html").is_file());
    for (words, wrong) in [
        (["report", "yesterday", "--format", "csv"], "no run `yesterday`"),
        (["report", "latest", "--format", "text"], "made while the tests run"),
    ] {
        let refused = report(&words);
        assert!(refused.code == Some(2) && refused.stderr.contains(wrong), "{refused:#?}");
    }
    let torn = out.join("report.json");
    fs::write(&torn, "{\"schema\":").unwrap();
    let refused = report(&["report", torn.to_str().unwrap(), "--format", "csv"]);
    assert!(refused.code == Some(2) && refused.stderr.lines().count() == 1, "{refused:#?}");
}
