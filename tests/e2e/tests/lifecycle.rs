//! What becomes of a session whose set-ups and tear-downs fail, panic or hang, and of one that a signal ends.

use e2e::{Project, Run};

fn run(test: &str) -> Run {
    Project::of("faults").run(test, &[])
}

fn has(run: &Run, words: &str) {
    assert!(run.stdout.contains(words), "`{words}` is not in {run:#?}");
}

/// What a function of the project said of where it had come to.
fn was(run: &Run, place: &str) -> bool {
    run.stderr.contains(&format!("[test] {place}\n"))
}

fn finding<'a>(run: &'a Run, kind: &str) -> &'a str {
    let findings = run.test()["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["kind"] == kind);
    found.and_then(|finding| finding["message"].as_str()).unwrap_or_else(|| panic!("{kind}: {run:#?}"))
}

#[test]
fn of_a_scenario_in_which_a_setup_fails_nothing_runs_and_what_was_set_up_is_torn_down() {
    let run = run("half");
    assert_eq!(run.code, Some(101), "{run:#?}");
    has(&run, "setup failed: no thing to be had (other)");
    assert!(was(&run, "torn down"), "{run:#?}");
    let tests = run.report["tests"].as_array().unwrap();
    let told: Vec<_> = tests.iter().map(|test| (&test["name"], &test["verdict"], &test["counts"])).collect();
    let failed = |name: &str| (name.into(), "failed".into(), serde_json::Value::Null);
    let expected = [failed("first_half"), failed("second_half")];
    assert!(told.into_iter().eq(expected.iter().map(|(a, b, c)| (a, b, c))), "{run:#?}");
}

#[test]
fn a_setup_that_fails_ends_the_test_though_a_thread_that_it_blocked_does_not_end() {
    let began = std::time::Instant::now();
    let run = run("without_a_thing");
    assert_eq!(run.code, Some(101), "{run:#?}");
    has(&run, "setup failed: no thing to be had (other)");
    assert!(began.elapsed().as_secs() < 300, "{:?}", began.elapsed());
}

#[test]
fn a_panic_in_setup_or_ready_is_told_and_what_was_set_up_is_torn_down() {
    let setup = run("panics_in_setup");
    assert_eq!(setup.code, Some(101), "{setup:#?}");
    has(&setup, "setup failed: panicked: a bug in `setup` (panic)");
    let ready = run("panics_in_ready");
    assert_eq!(ready.code, Some(101), "{ready:#?}");
    has(&ready, "the target was not ready after");
    has(&ready, "panicked: a bug in `ready` (panic)");
    assert!(was(&ready, "torn down"), "{ready:#?}");
}

#[test]
fn a_user_whose_set_up_panics_is_missing_and_the_others_run() {
    let run = run("panics_in_user_setup");
    run.assert_counts_agree();
    assert_eq!((run.code, run.count("succeeded")), (Some(0), 30), "{run:#?}");
    let message = finding(&run, "user_setup_failed");
    assert!(message.starts_with("1 of 3 users failed in `user_setup`"), "{message}");
    assert!(message.contains("a bug in `user_setup`"), "{message}");
    assert!(was(&run, "user 0 left") && was(&run, "user 2 left") && !was(&run, "user 1 left"), "{run:#?}");
}

#[test]
fn a_panic_in_a_users_tear_down_is_told_and_the_numbers_stay() {
    let run = run("panics_in_user_teardown");
    run.assert_counts_agree();
    assert_eq!((run.code, run.count("succeeded")), (Some(0), 30), "{run:#?}");
    let message = finding(&run, "user_teardown_failed");
    assert!(message.starts_with("2 of 3 users failed in `user_teardown`"), "{message}");
    assert!(message.contains("a bug in `user_teardown`") && was(&run, "torn down"), "{run:#?}");
}

#[test]
fn a_panic_in_teardown_fails_the_test_and_the_numbers_stay() {
    let run = run("panics_in_teardown");
    run.assert_counts_agree();
    assert_eq!((run.code, run.count("succeeded")), (Some(101), 30), "{run:#?}");
    assert_eq!(run.test()["verdict"], "failed");
    has(&run, "teardown failed: panicked: a bug in `teardown` (panic)");
}

#[cfg(unix)]
mod signals {
    use super::{finding, has, was};
    use e2e::{Project, Run, Running};
    use rustix::process::Signal;
    use std::time::{Duration, Instant};

    fn start(test: &str) -> Running {
        Running::start(Project::of("faults"), &["--exact", test, "without_a_thing"])
    }

    /// Ended by a signal as soon as it has come to a place.
    fn ended(test: &str, place: &str, signal: Signal) -> Run {
        let mut running = start(test);
        running.wait_for(place);
        let began = Instant::now();
        running.signal(signal);
        let run = running.end();
        // 3 s, and what a busy machine makes of them; nothing here would end by itself.
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}: {run:#?}", began.elapsed());
        let code = if signal == Signal::INT { 130 } else { 143 };
        assert_eq!(
            (run.code, &run.test()["name"], &run.test()["verdict"]),
            (Some(code), &test.into(), &"inconclusive".into()),
            "{run:#?}"
        );
        has(&run, "not run: interrupted");
        run
    }

    fn reason(run: &Run, words: &str) {
        let reasons = run.test()["reasons"].as_array().unwrap();
        let found = reasons.iter().filter_map(|reason| reason.as_str()).any(|reason| reason.contains(words));
        assert!(found, "`{words}` is no reason in {run:#?}");
    }

    #[test]
    fn a_setup_that_hangs_is_cut_off() {
        let run = ended("hangs_in_setup", "in setup", Signal::INT);
        reason(&run, "ended by SIGINT in `setup`");
        has(&run, "ended by SIGINT before its load began");
    }

    #[test]
    fn a_probe_that_hangs_is_not_waited_for() {
        let run = ended("hangs_in_ready", "in ready", Signal::TERM);
        reason(&run, "ended by SIGTERM while its target was not ready: the first probe was still running");
        assert!(was(&run, "torn down"), "{run:#?}");
    }

    #[test]
    fn users_whose_set_up_hangs_are_cut_off_and_the_others_torn_down() {
        let run = ended("hangs_in_user_setup", "in user_setup", Signal::INT);
        run.assert_counts_agree();
        assert_eq!((run.count("planned"), &run.test()["partial"]), (0, &true.into()), "{run:#?}");
        let message = finding(&run, "user_setup_failed");
        // One hangs, and the last six of the seventy do not begin.
        let words = "7 of 70 users failed in `user_setup`, the first with: user_setup was cut off by SIGINT";
        assert!(message.starts_with(words), "{message}");
        assert_eq!(run.stderr.matches(" left\n").count(), 63, "{run:#?}");
        assert!(was(&run, "torn down"), "{run:#?}");
    }

    #[test]
    fn a_worker_that_a_set_up_blocks_is_left_behind_and_the_others_users_torn_down() {
        let run = ended("blocks_in_user_setup", "in user_setup", Signal::INT);
        reason(&run, "worker 1 was blocked: `user_setup` must not block its thread");
        assert!(was(&run, "user 0 left") && was(&run, "torn down"), "{run:#?}");
    }

    #[test]
    fn a_warm_up_and_a_load_end_with_their_numbers_and_everything_torn_down() {
        let run = ended("takes_long_to_warm_up", "in warm-up", Signal::INT);
        run.assert_counts_agree();
        assert_eq!((run.count("planned"), &run.test()["partial"]), (0, &true.into()), "{run:#?}");
        assert!(run.test()["warmup"]["counts"]["succeeded"].as_u64() >= Some(10), "{run:#?}");
        assert!(was(&run, "user 0 left") && was(&run, "user 1 left") && was(&run, "torn down"), "{run:#?}");
        let run = ended("takes_long", "in load", Signal::TERM);
        run.assert_counts_agree();
        assert!(run.count("succeeded") >= 20 && run.test()["partial"] == true, "{run:#?}");
        assert!(was(&run, "torn down"), "{run:#?}");
    }

    #[test]
    fn a_drain_is_cut_off_and_what_ran_is_interrupted() {
        let run = ended("drains", "in drain", Signal::INT);
        run.assert_counts_agree();
        let counts = ["planned", "succeeded", "interrupted"].map(|name| run.count(name));
        assert_eq!(counts, [10, 9, 1], "{run:#?}");
        assert!(was(&run, "torn down"), "{run:#?}");
    }

    #[test]
    fn tear_downs_that_hang_are_cut_off_and_the_numbers_stay() {
        let run = ended("hangs_in_user_teardown", "in user_teardown", Signal::INT);
        run.assert_counts_agree();
        assert_eq!(run.count("succeeded"), 30, "{run:#?}");
        let message = finding(&run, "user_teardown_failed");
        assert!(message.contains("1 of 3") && message.contains("cut off by SIGINT"), "{message}");
        assert!(was(&run, "torn down"), "{run:#?}");
        let run = ended("hangs_in_teardown", "in teardown", Signal::TERM);
        run.assert_counts_agree();
        assert_eq!(run.count("succeeded"), 30, "{run:#?}");
        reason(&run, "ended by SIGTERM in `teardown`");
    }

    #[test]
    fn a_second_signal_leaves_at_once() {
        let mut running = start("hangs_in_setup");
        running.wait_for("in setup");
        running.signal(Signal::INT);
        running.wait_for("once more to leave at once");
        running.signal(Signal::TERM);
        let run = running.end();
        assert_eq!((run.code, &run.report), (Some(143), &serde_json::Value::Null), "{run:#?}");
    }
}
