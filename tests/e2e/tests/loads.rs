//! Every way to say a load, under load.

use e2e::{Project, Run};

fn run(test: &str) -> Run {
    let run = Project::of("shapes").run(test, &[]);
    run.assert_counts_agree();
    run
}

#[test]
fn a_ramp_offers_its_area_and_the_targets_own_count_agrees() {
    let run = run("ramp");
    assert_eq!((run.code, run.count("scheduled"), run.count("planned")), (Some(0), 400, 400), "{run:#?}");
    assert!(run.stdout.contains("received 400"), "{run:#?}");
    assert!(run.stdout.contains("open load, 0..200 over 2s, hold 1s"), "{run:#?}");
}

#[test]
fn a_pause_offers_nothing_and_a_jump_takes_no_time() {
    let run = run("pausing");
    assert_eq!((run.code, run.count("planned")), (Some(0), 150), "{run:#?}");
}

#[test]
fn poisson_arrivals_repeat_with_their_seed() {
    let planned = |seed| {
        let run = Project::of("shapes").run("strangers", &["--seed", seed]);
        run.assert_counts_agree();
        run.count("planned")
    };
    let counts = ["1", "1", "2", "3", "4"].map(planned);
    assert_eq!(counts[0], counts[1]);
    assert!(counts.iter().any(|count| *count != counts[0]), "{counts:?}");
    assert!(counts.iter().all(|count| (300..500).contains(count)), "{counts:?}");
}

#[test]
fn users_come_go_think_and_keep_their_pace() {
    let coming = run("coming_and_going");
    assert_eq!(coming.test()["checks"]["never more than four"]["broken"], 0, "{coming:#?}");
    assert_eq!((coming.count("interrupted"), coming.count("failed")), (0, 0), "{coming:#?}");
    // Two users, each 100 ms or a little more from start to start.
    let thinking = run("thinking").count("planned");
    assert!((20..=40).contains(&thinking), "{thinking}");
    let paced = run("paced").count("planned");
    assert!((15..=20).contains(&paced), "{paced}");
}

#[test]
fn a_pause_inside_a_journey_is_no_part_of_its_times() {
    let run = run("journey");
    assert!((5..=10).contains(&run.count("planned")), "{run:#?}");
    assert!(run.ms("response_ns", "max") < 150.0 && run.ms("service_ns", "p50") < 100.0, "{run:#?}");
    let step = &run.test()["steps"]["with a pause in it"]["duration_ns"]["max"];
    assert!(step.as_f64().unwrap() < 150e6, "{run:#?}");
}

#[test]
fn iterations_per_user_are_each_ones_own() {
    let run = run("twice_each");
    assert_eq!((run.code, run.count("scheduled"), run.count("planned")), (Some(0), 6, 6), "{run:#?}");
}

#[test]
fn every_user_is_set_up_before_the_load_and_torn_down_after_it() {
    let users = run("with_users");
    assert_eq!((users.code, users.count("succeeded")), (Some(0), 50), "{users:#?}");
    assert!(users.stdout.contains("left 5"), "{users:#?}");
    assert_eq!(users.test()["preparation"]["users"], 5);
    let slots = run("with_slots");
    assert_eq!((slots.code, slots.count("succeeded")), (Some(0), 50), "{slots:#?}");
    assert!(slots.stdout.contains("left 7"), "{slots:#?}");
}

#[test]
fn users_that_fail_in_their_set_up_are_told_and_without_any_the_test_ends() {
    let one = run("one_gets_in");
    assert_eq!((one.code, one.count("succeeded")), (Some(0), 6), "{one:#?}");
    assert!(one.stdout.contains("2 of 3 users failed in `user_setup`"), "{one:#?}");
    let nobody = Project::of("shapes").run("nobody_gets_in", &[]);
    assert_eq!(nobody.code, Some(101));
    assert!(nobody.stdout.contains("no user is left: all 3 failed in `user_setup`"), "{nobody:#?}");
    assert!(nobody.stdout.contains("no account"), "{nobody:#?}");
}

#[test]
fn a_unique_feeder_that_runs_out_ends_the_test_with_that_reason() {
    let run = run("out_of_data");
    assert_eq!((run.code, run.count("succeeded")), (Some(101), 10), "{run:#?}");
    assert!(run.count("planned") < 100, "{run:#?}");
    assert!(run.stdout.contains("ran out of its 10 rows"), "{run:#?}");
    assert_eq!((&run.test()["partial"], run.errors("exhausted") > 0), (&true.into(), true), "{run:#?}");
}

#[test]
fn a_target_is_waited_for_until_it_is_ready() {
    let ready = run("ready_in_time");
    assert_eq!((ready.code, ready.count("succeeded")), (Some(0), 5), "{ready:#?}");
    assert!(ready.test()["preparation"]["ready_s"].as_f64().unwrap() > 0.2, "{ready:#?}");
    let never = Project::of("shapes").run("never_ready", &[]);
    assert_eq!(never.code, Some(101));
    assert!(
        never.stdout.contains("the target was not ready after") && never.stdout.contains("connect"),
        "{never:#?}"
    );
}

#[test]
fn a_load_on_the_command_line_takes_the_place_of_the_tests_own() {
    let run = Project::of("shapes").run("ramp", &["--load", "100 for 500ms, ..0 over 1s"]);
    assert_eq!((run.code, run.count("planned")), (Some(0), 100), "{run:#?}");
    let wrong = Project::of("shapes").run("ramp", &["--load", "100 fro 500ms"]);
    assert!(wrong.stderr.contains("character 5: `fro` where `for` is expected"), "{wrong:#?}");
}

#[test]
fn the_tests_of_a_scenario_run_as_one_mixed_load_with_numbers_of_their_own() {
    let project = Project::of("shapes");
    let mut run = project.run("shop", &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    // One server for both: its own count is that of the mix.
    assert!(run.stdout.contains("received 200") && run.stdout.contains("test shop"), "{run:#?}");
    let tests = run.report["tests"].as_array().unwrap().clone();
    let planned: Vec<(&str, u64)> = tests
        .iter()
        .map(|test| (test["name"].as_str().unwrap(), test["counts"]["planned"].as_u64().unwrap()))
        .collect();
    assert_eq!(planned, [("browse", 150), ("buy", 50), ("shop", 200)], "{run:#?}");
    assert!((tests[2]["load"]["measured_s"].as_f64().unwrap() - 2.5).abs() < 0.01, "{run:#?}");
    for test in tests {
        run.report["tests"] = vec![test].into();
        run.assert_counts_agree();
    }
    let listed = project.finished(&project.command(&["--list", "--format", "terse"]).output().unwrap());
    assert!(listed.stdout.contains("shop: test") && !listed.stdout.contains("buy"), "{listed:#?}");
}

#[test]
fn of_a_scenario_what_is_ignored_runs_only_when_asked_for() {
    let names = |arguments: &[&str]| {
        let run = Project::of("shapes").run("visits", arguments);
        assert_eq!(run.code, Some(0), "{run:#?}");
        let tests = run.report["tests"].as_array().unwrap_or_else(|| panic!("no report: {run:#?}")).clone();
        tests.iter().map(|test| test["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["look"]);
    assert_eq!(names(&["--include-ignored"]), ["linger", "look", "visits"]);
    assert_eq!(names(&["--ignored"]), ["linger", "look", "visits"]);
}

#[test]
fn a_test_that_is_to_spare_its_target_backs_off_and_climbs_back() {
    let run = run("sparing");
    let planned = run.count("planned");
    // Half of it for a second, a quarter for a while, then up again by quarters: about 140 of 400.
    assert!((100..250).contains(&planned), "{run:#?}");
    let server = run.assert_server_agrees();
    assert_eq!([server.received, server.answered], [planned; 2], "{run:#?}");
    let factors: Vec<f64> =
        run.test()["backed_off"].as_array().unwrap().iter().filter_map(|b| b["factor"].as_f64()).collect();
    assert!(factors[0] < 0.6 && factors.last() > factors.iter().min_by(|a, b| a.total_cmp(b)), "{factors:?}");
    assert!(run.stdout.contains("the target said that it has too much"), "{run:#?}");
}

#[test]
fn a_load_that_spared_its_target_is_compared_with_nothing_and_no_baseline_is_made_of_it() {
    let project = Project::of("shapes");
    let spared =
        |ms: &str, arguments: &[&str]| project.run_with("sparing", arguments, &[("OVERLOAD_MS", ms)]);
    let told = "baseline not recorded: the load was not the plan's own";
    let unrecorded = spared("1500", &["--update-baselines"]);
    assert!(unrecorded.stdout.contains(told) && !project.baseline("sparing").exists(), "{unrecorded:#?}");
    let well = project.run_conclusive("sparing", &["--update-baselines"], &[("OVERLOAD_MS", "0")]);
    assert!(project.baseline("sparing").exists(), "{well:#?}");
    let before = std::fs::read(project.baseline("sparing")).unwrap();
    let not_compared = spared("1500", &["--update-baselines"]);
    assert!(not_compared.test()["comparison"].is_null(), "{not_compared:#?}");
    assert_eq!(std::fs::read(project.baseline("sparing")).unwrap(), before, "{not_compared:#?}");
    let compared = spared("0", &[]);
    assert!(!compared.test()["comparison"].is_null(), "{compared:#?}");
}

#[test]
fn a_capacity_search_finds_the_targets_knee_and_reports_every_level() {
    let run = run("as_fast_as_it_goes");
    assert_eq!((run.code, &run.test()["load"]["model"]), (Some(0), &"capacity".into()), "{run:#?}");
    let capacity = &run.test()["capacity"];
    assert_eq!(capacity["bound_by"], "target", "{run:#?}");
    // 4 ms of work each, and a timer that is up to 2 ms late.
    let rate = capacity["rate_per_s"].as_f64().unwrap();
    assert!((100.0..=255.0).contains(&rate), "{rate}: {run:#?}");
    let levels = capacity["levels"].as_array().unwrap();
    assert!(levels.len() >= 6 && levels.iter().any(|level| level["held"] == "broken"), "{run:#?}");
    let cpu = |level: &serde_json::Value| level["target_cpu"].as_f64().unwrap();
    assert!(levels.iter().all(|level| cpu(level) > 0.0), "the target is in this process: {run:#?}");
    assert!(run.stdout.contains("capacity") && run.stdout.contains("kept"), "{run:#?}");
    let all = run.count("planned") + run.test()["warmup"]["counts"]["started"].as_u64().unwrap();
    let dropped = run.count("dropped");
    assert!(run.stdout.contains(&format!("received {}", all - dropped)), "{run:#?}");
}

#[test]
fn a_capacity_search_that_the_generator_ends_says_so() {
    let run = run("as_fast_as_we_go");
    let capacity = &run.test()["capacity"];
    assert_eq!(capacity["bound_by"], "generator", "{run:#?}");
    let levels = capacity["levels"].as_array().unwrap();
    assert!(levels.iter().any(|level| level["held"] == "spoiled"), "{run:#?}");
    assert!(levels.iter().all(|level| level["held"] != "broken"), "{run:#?}");
}

#[test]
fn the_capacity_of_a_target_is_compared_with_its_baseline() {
    let project = Project::of("shapes");
    let recorded = project.run_conclusive("as_fast_as_it_goes", &["--update-baselines"], &[]);
    assert!(project.baseline("as_fast_as_it_goes").exists(), "{recorded:#?}");
    let run = project.run_conclusive("as_fast_as_it_goes", &[], &[]);
    let metrics = run.test()["comparison"]["metrics"].as_array().unwrap_or_else(|| panic!("{run:#?}"));
    let compared: Vec<_> = metrics.iter().map(|metric| metric["metric"].as_str().unwrap()).collect();
    assert_eq!(compared, ["capacity"], "{run:#?}");
    assert!(metrics[0]["baseline"].as_f64() > Some(60.0), "{run:#?}");
}

#[test]
fn faults_in_the_middle_of_an_answer_are_told_apart() {
    for (test, category) in [("dripping", "timeout"), ("garbled", "check")] {
        let run = run(test);
        assert_eq!((run.code, run.count("planned"), run.errors(category)), (Some(101), 50, 50), "{run:#?}");
        assert!(run.stdout.contains("received 50"), "{run:#?}");
    }
    let limited = run("limited");
    assert_eq!((limited.code, limited.count("completed")), (Some(101), 400), "{limited:#?}");
    assert!(
        limited.count("succeeded") > 0 && limited.errors("reset") + limited.errors("connect") > 0,
        "{limited:#?}"
    );
    // Three keep theirs; each try of the other five is a connection of its own.
    let connections = limited.assert_server_agrees().connections;
    assert_eq!(connections, 3 + limited.errors("reset") + limited.errors("connect"), "{limited:#?}");
}

#[test]
fn users_have_connections_of_their_own_where_they_are_asked_for() {
    let of_each = run("not_sharing").assert_server_agrees_exactly();
    assert_eq!(of_each.connections, 8, "{of_each:?}");
    // At most as many as were ever under way at the same time, and kept from then on.
    let shared = run("sharing").assert_server_agrees_exactly();
    assert!(shared.connections <= 8, "{shared:?}");
}

#[test]
fn a_warm_up_that_needs_too_much_of_a_core_gets_one_more_worker() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let run = run("hungry");
    let attempts = run.test()["preparation"]["calibration"].as_array().unwrap().len();
    assert_eq!(run.test()["load"]["workers"], 1 + attempts, "{run:#?}");
    assert_eq!(attempts, (cores - 1).min(7), "every worker is busy, so all cores get one: {run:#?}");
}

/// Sent a signal as soon as it has come to a place.
#[cfg(unix)]
fn ended(test: &str, place: &str, signal: rustix::process::Signal) -> Run {
    let mut running = e2e::Running::start(Project::of("shapes"), &["--exact", test]);
    running.wait_for(place);
    let began = std::time::Instant::now();
    running.signal(signal);
    let run = running.end();
    // 3 s, and what a busy machine makes of them; nothing here would end by itself before that.
    assert!(began.elapsed().as_secs() < 15, "{test}: {:?}", began.elapsed());
    let code = if signal == rustix::process::Signal::INT { 130 } else { 143 };
    assert_eq!((run.code, &run.report["partial"]), (Some(code), &true.into()), "{run:#?}");
    run
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_every_phase_in_order() {
    for (test, place) in [
        ("long_wait", "set up"),
        ("long_warmup", "iteration 20"),
        ("long_load", "iteration 40"),
        ("long_users", "iteration 40"),
        ("long_drain", "iteration 9"),
    ] {
        let run = ended(test, &format!("[test] {place}"), rustix::process::Signal::INT);
        if test != "long_wait" {
            run.assert_counts_agree();
            run.assert_server_agrees();
        }
        match test {
            "long_warmup" => {
                assert_eq!(run.count("planned"), 0, "{run:#?}");
                assert!(run.test()["warmup"]["counts"]["succeeded"].as_u64() > Some(0), "{run:#?}");
            }
            "long_drain" => {
                assert_eq!((run.count("planned"), run.count("interrupted")), (10, 10), "{run:#?}");
            }
            "long_load" | "long_users" => {
                assert!(run.count("succeeded") > 0 && run.test()["partial"] == true, "{run:#?}");
            }
            _ => {
                assert!(run.stdout.contains("ended by SIGINT before its load began"), "{run:#?}");
                assert_eq!(run.server().received, 0);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn sigterm_ends_a_load_a_search_and_a_scenario_with_what_they_had() {
    use rustix::process::Signal;
    // The first level of the search has about 140 iterations.
    for (test, place) in [("long_load", "iteration 40"), ("long_search", "iteration 200")] {
        let run = ended(test, &format!("[test] {place}"), Signal::TERM);
        run.assert_counts_agree();
        assert!(run.assert_server_agrees().answered > 0, "{run:#?}");
        assert_eq!(run.test()["verdict"], "inconclusive", "{run:#?}");
    }
    let mut run = ended("bazaar", "[test] iteration 40", Signal::TERM);
    let tests = run.report["tests"].as_array().unwrap_or_else(|| panic!("no report: {run:#?}")).clone();
    assert_eq!(tests.len(), 3, "{run:#?}");
    for test in tests {
        assert!(test["partial"] == true && test["verdict"] == "inconclusive", "{test:#}");
        run.report["tests"] = vec![test].into();
        run.assert_counts_agree();
        assert!(run.count("succeeded") > 0, "{run:#?}");
    }
    // The last one is the whole, of one server for both.
    run.assert_server_agrees();
}

/// The test target under a limit of open files.
#[cfg(unix)]
fn with_few_files(test: &str, files: u32) -> Run {
    let project = Project::of("shapes");
    let inner = project.executable(&["--exact", test]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]).arg(inner.get_program());
    command.args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let run = project.finished(&command.output().unwrap());
    run.assert_counts_agree();
    run
}

#[cfg(unix)]
fn finding<'a>(run: &'a Run, kind: &str) -> &'a serde_json::Value {
    let findings = run.test()["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {run:#?}"))
}

#[cfg(unix)]
#[test]
fn an_open_load_keeps_fewer_in_flight_where_few_files_may_be_open() {
    let run = with_few_files("crowded", 96);
    assert_eq!((run.code, run.count("planned")), (Some(101), 100), "{run:#?}");
    // Both ends of each connection are here: half of what 64 leaves of 96.
    assert_eq!((run.count("started"), run.count("dropped")), (16, 84), "{run:#?}");
    assert_eq!(run.assert_server_agrees().answered, 0);
    assert!(finding(&run, "open_files_short")["advice"].as_str().unwrap().contains("ulimit -n"), "{run:#?}");
}

#[cfg(unix)]
#[test]
fn a_client_without_descriptors_spoils_the_run_and_says_so() {
    let run = with_few_files("crowd", 96);
    assert!(run.errors("descriptors") > 0, "{run:#?}");
    let curbed = run.test()["curbed"][0]["in_flight"].as_u64().unwrap();
    assert!(curbed < 100 && run.test()["curbed"].as_array().unwrap().len() <= 2, "{run:#?}");
    assert_eq!(run.assert_server_agrees().answered, 0);
    assert_eq!(finding(&run, "descriptors_exhausted")["severity"], "invalid", "{run:#?}");
    assert!(run.stdout.contains("ulimit -n"), "{run:#?}");
}
