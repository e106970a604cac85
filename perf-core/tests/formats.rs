//! Every report of one fixed run, as its readers see it.

use perf_core::report::csv::{histogram, rounds, summary, timeline};
use perf_core::report::json::Run;
use perf_core::report::{junit, markdown};
use std::io;
use std::time::Duration;

/// A regression, broken limits with words that mean something to XML and to Markdown, a failed set-up, one that was ended
/// early, and a capacity search.
fn run() -> Run {
    Run::parse(include_str!("reports/run.json")).unwrap()
}

fn text(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_comment_on_a_pull_request() {
    insta::assert_snapshot!(text(|out| markdown::write(&run(), out)));
}

#[test]
fn what_ci_systems_show_of_tests() {
    insta::assert_snapshot!(text(|out| junit::write(&run(), out)));
}

#[test]
fn the_table_of_what_tests_came_to() {
    insta::assert_snapshot!(text(|out| summary::write(&[run()], out)));
}

#[test]
fn the_tables_of_time_and_of_single_values() {
    insta::assert_snapshot!("timeline", text(|out| timeline::write(&[run()], None, out)));
    let merged = text(|out| timeline::write(&[run()], Some(Duration::from_secs(2)), out));
    insta::assert_snapshot!("timeline_merged", merged);
    insta::assert_snapshot!("histogram", text(|out| histogram::write(&[run()], out)));
    insta::assert_snapshot!("rounds", text(|out| rounds::write(&[run()], out)));
}

/// What the schema says against a report.
fn mistakes(report: &serde_json::Value) -> Vec<String> {
    let schema = serde_json::from_str(perf_core::report::json::JSON_SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn a_report_is_as_its_schema_says() {
    let report: serde_json::Value = serde_json::from_str(include_str!("reports/run.json")).unwrap();
    assert_eq!(mistakes(&report), Vec::<String>::new());
    let wrong = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut changed = report.clone();
        change(&mut changed["tests"][0]);
        mistakes(&changed).len()
    };
    assert_eq!(wrong(&|_| ()), 0);
    assert_ne!(wrong(&|test| test["p99"] = 1.into()), 0, "a key that nobody knows");
    assert_ne!(wrong(&|test| test["counts"]["planned"] = serde_json::Value::Null), 0);
    assert_ne!(wrong(&|test| test["verdict"] = "good".into()), 0);
    assert_ne!(wrong(&|test| drop(test.as_object_mut().unwrap().remove("response_ns"))), 0, "half a test");
    assert_ne!(wrong(&|test| drop(test.as_object_mut().unwrap().remove("load"))), 0, "numbers of no load");
}

#[test]
fn another_reader_of_junit_finds_every_test_with_its_outcome() {
    use quick_junit::{Report, TestCaseStatus};
    let report = Report::deserialize_from_str(&text(|out| junit::write(&run(), out))).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (5, 3, 0));
    let suites: Vec<(&str, usize)> =
        report.test_suites.iter().map(|suite| (suite.name.as_str(), suite.test_cases.len())).collect();
    assert_eq!(suites, [("perf", 4), ("capacity", 1)]);
    let cases: Vec<_> = report.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    let kinds = cases.iter().map(|case| match &case.status {
        TestCaseStatus::Success { .. } => "success",
        TestCaseStatus::NonSuccess { ty, .. } => ty.as_deref().unwrap_or_default(),
        TestCaseStatus::Skipped { .. } => "skipped",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["regression", "threshold", "setup", "skipped", "success"]);
    let TestCaseStatus::NonSuccess { message, description, .. } = &cases[1].status else { unreachable!() };
    assert_eq!(message.as_deref(), Some("p99 < 1ms does not hold: 4.80 ms"));
    let description = description.as_deref().unwrap_or_default();
    assert!(description.starts_with("tests/perf.rs:40\np99"), "{description}");
    assert!(description.contains("\u{fffd}|<b>&\"'\u{fffd}[31m ]]> @team\nin two lines"), "{description}");
    let TestCaseStatus::Skipped { message, .. } = &cases[3].status else { unreachable!() };
    assert_eq!(message.as_deref(), Some("inconclusive: ended early by SIGINT"));
    assert_eq!((cases[1].name.as_str(), cases[1].classname.as_deref()), ("buy_a_book", Some("perf::shop")));
    assert!(cases[0].system_out.as_deref().unwrap().contains("150 planned, 150 succeeded, 0 errors"));
}

#[test]
fn a_comment_fits_github_however_much_there_is_to_say_and_says_what_is_cut() {
    let mut run = run();
    let (passed, failed) = (run.tests[4].clone(), run.tests[1].clone());
    run.tests.clear();
    for number in 0..400 {
        for (name, test) in [("quick", &passed), ("slow", &failed)] {
            let mut test = test.clone();
            test["name"] = format!("{name}_{number}").into();
            test["reasons"] = vec!["so ".repeat(4000); 40].into();
            run.add(test);
        }
    }
    let page = text(|out| markdown::write(&run, out));
    assert!(page.len() < 65_536, "{} bytes", page.len());
    assert!(page.contains("more tests have no room here") && page.contains("tests are cut"), "{page}");
    assert!(
        page.contains("| `perf::slow_0` |") && page.contains("<code>slow_0</code>"),
        "the gravest come first"
    );
    assert!(page.ends_with("</sub>\n"));
}

#[test]
fn a_report_that_was_changed_by_hand_is_an_error_that_names_the_test() {
    let mut run = run();
    run.tests[1]["response_ns"] = "fast".into();
    let error = markdown::write(&run, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("test shop::buy_a_book: invalid type") && error.contains("by hand"), "{error}");
}
