//! perf.toml: what it says to the tests, and what it allows.

use e2e::{Project, Run};

/// Runs a test in a package folder that holds this perf.toml.
fn run(file: &str, test: &str, arguments: &[&str]) -> Run {
    run_beside("", file, test, arguments)
}

/// The same where the package has further targets.
fn run_beside(targets: &str, file: &str, test: &str, arguments: &[&str]) -> Run {
    let package = tempfile::tempdir().unwrap();
    std::fs::write(package.path().join("perf.toml"), file).unwrap();
    let manifest = format!("[package]\nname = \"p\"\n[[test]]\nharness = false\n{targets}");
    std::fs::write(package.path().join("Cargo.toml"), manifest).unwrap();
    let project = Project::of("shapes");
    let mut command = project.executable(&["--exact", test]);
    command.args(arguments).env("CARGO_MANIFEST_DIR", package.path());
    project.finished(&command.output().unwrap())
}

#[test]
fn a_tests_table_a_profile_and_a_flag_lie_over_each_other() {
    let file = "[test.strangers]\narrivals = \"constant\"\nduration = \"1s\"\n[profile.ci]\nrate = 50\n";
    let planned = |arguments: &[&str]| run(file, "strangers", arguments).count("planned");
    assert_eq!(planned(&[]), 200);
    assert_eq!(planned(&["--profile", "ci"]), 50);
    assert_eq!(planned(&["--profile", "ci", "--duration", "2s"]), 100);
}

#[test]
fn every_mistake_is_told_with_its_line_before_anything_runs() {
    let file = "[defaults]\ntimeuot = \"3s\"\n\n[test.rmap]\nrate = 0\n[limits]\nhosts = \"x\"\n";
    let run = run(file, "ramp", &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    for words in ["perf.toml:2:1: ", "did you mean `timeout`?", "perf.toml:5:8: ", "perf.toml:7:9: "] {
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }
    let unknown = self::run("[test.rmap]\nrate = 5\n", "ramp", &[]);
    assert!(unknown.stderr.contains("did you mean [test.\"ramp\"]?"), "{unknown:#?}");
    let in_vain = self::run("[test.ramp]\nthink = \"1s\"\n", "ramp", &[]);
    assert!(
        in_vain.code == Some(2) && in_vain.stderr.contains("perf.toml:2:9: `think` is a pause"),
        "{in_vain:#?}"
    );
    let profile = self::run("", "ramp", &["--profile", "quik"]);
    assert!(profile.code == Some(2) && profile.stderr.contains("did you mean `quick`?"), "{profile:#?}");
}

#[test]
fn a_name_that_another_target_may_have_is_a_note_and_no_mistake() {
    let file = "[test.looks]\nrounds = 2\n[test.basket]\nrounds = 2\n";
    let alone = run(file, "look", &[]);
    assert!(alone.code == Some(2) && alone.stderr.contains("named `basket`; the tests are"), "{alone:#?}");
    let beside = run_beside("[[test]]\nname = \"other\"\nharness = false\n", file, "visits", &[]);
    assert_eq!(beside.code, Some(0), "{beside:#?}");
    assert!(
        beside.stderr.contains("perf.toml:1:7: no perf test of this target is named `looks`"),
        "{beside:#?}"
    );
    assert!(!beside.stderr.contains("basket"), "{beside:#?}");
}

#[test]
fn a_plan_above_the_limit_is_refused_and_closed_users_wait_for_it() {
    let file = "[limits]\nrate = 100\n";
    let above = run(file, "ramp", &[]);
    assert_eq!(above.code, Some(2), "{above:#?}");
    assert!(above.stderr.contains("a rate of 200/s is above the limit of 100/s"), "{above:#?}");
    // Others of the target are above it as well, so the closed one needs a file of its own.
    let file = "[limits]\nrate = 250\n";
    let closed = run(file, "unbridled", &[]);
    assert_eq!(closed.code, Some(0), "{closed:#?}");
    assert!((400..=501).contains(&closed.count("planned")), "{closed:#?}");
    assert!(closed.ms("response_ns", "p50") < 1.0, "waiting for the cap is no latency: {closed:#?}");
}

#[test]
fn the_tests_of_a_scenario_share_the_limit_of_their_target() {
    let above = run("[limits]\nrate = 90\n", "shop", &[]);
    assert_eq!(above.code, Some(2), "{above:#?}");
    assert!(above.stderr.contains("`browse` and `buy` together offer up to 100/s"), "{above:#?}");
    let shared = run("[limits]\nrate = 100\n", "tourists", &[]);
    assert_eq!(shared.code, Some(0), "{shared:#?}");
    let tests = shared.report["tests"].as_array().unwrap();
    let planned = |name: &str| {
        let test = tests.iter().find(|test| test["name"] == name);
        test.and_then(|test| test["counts"]["planned"].as_u64()).unwrap()
    };
    assert!((150..=201).contains(&planned("tourists")), "{shared:#?}");
    assert!(planned("gaze") > 0 && planned("stroll") > 0, "{shared:#?}");
}

#[test]
fn a_host_that_is_not_listed_gets_no_load() {
    let refused = run("", "ramp", &["--base-url", "http://example.com"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("hosts = [\"example.com\"]"), "{refused:#?}");
    let elsewhere = run("", "elsewhere", &[]);
    assert_eq!(elsewhere.code, Some(101), "{elsewhere:#?}");
    let said = elsewhere.test()["errors"][0]["first_message"].as_str().unwrap();
    assert!(said.contains("hosts = [\"example.com\"]"), "{elsewhere:#?}");
}
