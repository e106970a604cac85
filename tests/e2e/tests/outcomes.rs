//! What a run says and counts when the target behaves, and when it does not.

use e2e::{Project, Run};

fn run(test: &str) -> Run {
    let run = Project::new().run(test, &[]);
    run.assert_counts_agree();
    run
}

#[test]
fn a_threshold_that_holds_passes_and_the_targets_own_count_agrees() {
    let run = e2e::conclusive(|| run("holds"));
    assert_eq!((run.code, &run.test()["verdict"]), (Some(0), &"passed".into()), "{run:#?}");
    assert_eq!(run.count("planned"), 200);
    assert_eq!(run.assert_server_agrees_exactly().received, 200);
    assert!(run.stdout.contains("test holds"), "{run:#?}");
    assert!(run.stderr.contains("this build is unoptimised"), "{run:#?}");
}

#[test]
fn a_threshold_that_breaks_fails_with_101_and_the_actual_value() {
    let run = run("breaks");
    assert_eq!((run.code, &run.test()["verdict"]), (Some(101), &"failed".into()), "{run:#?}");
    assert!(run.stdout.contains("p50 < 1us does not hold: "), "{run:#?}");
    assert_eq!(run.test()["thresholds"][0]["held"], false);
}

#[test]
fn at_2000_a_second_for_10_seconds_20000_are_planned() {
    let run = run("exact_rate");
    assert_eq!((run.count("scheduled"), run.count("planned")), (20_000, 20_000));
    assert_eq!(run.test()["warmup"]["counts"]["planned"], 1000);
}

#[test]
fn faults_of_the_target_are_told_apart() {
    for (test, category) in [
        ("server_error", "http_5xx"),
        ("refused", "connect"),
        ("reset", "reset"),
        ("reset_hard", "reset"),
        ("timed_out", "timeout"),
        ("not_tls", "tls"),
    ] {
        let run = run(test);
        assert_eq!(run.code, Some(101), "{run:#?}");
        assert_eq!((run.count("planned"), run.errors(category)), (100, 100), "{run:#?}");
        assert!(run.stdout.contains("errors < 1% does not hold: 100 %"), "{run:#?}");
        if test == "not_tls" {
            continue; // what reached it was no request
        }
        let (server, warmup) = (run.assert_server_agrees(), &run.test()["warmup"]["counts"]["started"]);
        let all = 100 + warmup.as_u64().unwrap();
        let expected = match test {
            "server_error" => [all, all],
            "refused" => [0, 0],
            _ => [all, 0],
        };
        assert_eq!([server.received, server.answered], expected, "{run:#?}");
    }
}

#[test]
fn a_host_without_an_address_is_told_apart_too() {
    let run = run("no_such_host");
    assert_eq!((run.code, run.count("planned"), run.errors("dns")), (Some(101), 4, 4), "{run:#?}");
}

#[test]
fn a_threshold_without_data_fails_and_says_so() {
    let run = run("no_data");
    assert_eq!((run.code, run.count("succeeded")), (Some(101), 40), "{run:#?}");
    for words in ["p95{step=never} < 1s does not hold: there was no data", "checks > 99% does not hold"] {
        assert!(run.stdout.contains(words), "{words}: {run:#?}");
    }
    let limits = run.test()["thresholds"].as_array().unwrap();
    let of_no_data = limits.iter().filter(|limit| limit["actual"].is_null() && limit["held"] == false);
    assert_eq!(of_no_data.count(), 2, "{run:#?}");
}

#[test]
fn what_cannot_start_is_dropped_and_what_does_not_end_is_interrupted() {
    let run = run("dropped");
    assert_eq!(run.code, Some(101));
    let counts = ["planned", "started", "dropped", "interrupted"].map(|name| run.count(name));
    assert_eq!(counts, [100, 20, 80, 20], "{run:#?}");
    assert_eq!((run.errors("dropped"), run.errors("interrupted")), (80, 20));
    let server = run.assert_server_agrees();
    assert_eq!((server.received, server.answered), (20, 0), "{run:#?}");
}

#[test]
fn a_target_that_dies_in_the_middle_fails_the_test_with_every_arrival_accounted_for() {
    for test in ["killed", "killed_process"] {
        let run = run(test);
        assert_eq!((run.code, run.count("planned")), (Some(101), 300), "{run:#?}");
        assert!(run.count("succeeded") > 0 && run.count("failed") > 0, "{run:#?}");
        assert!(run.assert_server_agrees().answered > 0, "{run:#?}");
    }
}

#[test]
fn a_target_in_another_process_that_becomes_ten_times_slower_fails_the_test() {
    let with_handler = |ms| {
        let run = Project::new().run_conclusive("drowning_process", &[], &[("HANDLER_MS", ms)]);
        run.assert_counts_agree();
        run.assert_server_agrees();
        run
    };
    let well = with_handler("60");
    assert_eq!((well.code, &well.test()["verdict"]), (Some(0), &"passed".into()), "{well:#?}");
    // 120 would be in flight, of which 50 may be: errors of a valid run, not the generator's fault.
    let drowned = with_handler("600");
    assert_eq!((drowned.code, &drowned.test()["verdict"]), (Some(101), &"failed".into()), "{drowned:#?}");
    assert!(drowned.errors("dropped") > 0, "{drowned:#?}");
}

#[test]
fn panics_are_counted_and_told_once() {
    let run = run("panics");
    assert_eq!((run.count("completed"), run.errors("panic")), (30, 10), "{run:#?}");
    let told = format!("{}{}", run.stdout, run.stderr).matches("every third one").count();
    assert_eq!(told, 1, "{run:#?}");
}

#[test]
fn an_open_load_sees_a_stall_in_every_arrival_that_it_delayed() {
    let run = run("frozen_open");
    // Of 1,000 arrivals, the 100 of the frozen half-second wait from 500 ms down to nothing, so p95 is half of it.
    assert_eq!(run.count("planned"), 1000);
    let (p95, max) = (run.ms("response_ns", "p95"), run.ms("response_ns", "max"));
    assert!(p95 > 225.0 && max > 475.0, "p95 {p95} ms, max {max} ms");
    assert!(run.ms("response_ns", "p75") < p95, "{run:#?}");
    run.assert_server_agrees_exactly();
}

#[test]
fn a_closed_load_of_one_user_hides_a_stall_from_its_p95() {
    let run = run("frozen_closed");
    run.assert_server_agrees_exactly();
    assert!(run.ms("response_ns", "p95") < 225.0 && run.ms("response_ns", "max") > 475.0, "{run:#?}");
}

#[test]
fn a_blocked_worker_shows_in_response_time_and_lag_and_makes_the_run_inconclusive() {
    let run = run("blocking");
    assert_eq!((run.code, &run.test()["verdict"]), (Some(0), &"inconclusive".into()), "{run:#?}");
    assert!(run.ms("response_ns", "p95") > 200.0 && run.ms("lag_ns", "p95") > 200.0, "{run:#?}");
    assert!(run.ms("service_ns", "p95") < run.ms("response_ns", "p95") / 2.0, "{run:#?}");
    let findings = run.test()["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["kind"] == "worker_blocked"), "{run:#?}");
    assert!(run.stdout.contains("spawn_blocking"), "{run:#?}");
}

#[test]
fn what_a_test_function_records_by_name_is_reported_and_limited() {
    let run = run("named");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let test = run.test();
    let metrics = &test["metrics"];
    assert_eq!((&metrics["orders"]["kind"], &metrics["orders"]["sum"]), (&"counter".into(), &200.0.into()));
    assert_eq!((&metrics["queue"]["last"], &metrics["queue"]["max"]), (&99.0.into(), &99.0.into()));
    assert_eq!((&metrics["hits"]["hits"], &metrics["hits"]["ratio"]), (&50.0.into(), &0.5.into()));
    assert_eq!((&metrics["rows"]["value"]["min"], &metrics["rows"]["count"]), (&0.0.into(), &100.into()));
    let p95 = metrics["render"]["value_ns"]["p95"].as_f64().unwrap();
    assert!((94e6..95e6).contains(&p95), "{p95}");
    let tagged = |value: &str| test["tags"]["cache"][value]["counts"]["succeeded"].clone();
    assert_eq!((tagged("hit"), tagged("miss")), (75.into(), 25.into()));
    assert_eq!(test["timeline"]["points"][0]["steps"]["render"]["completed"], 100);
    assert_eq!(test["slowest"].as_array().unwrap().len(), 20);
    for line in
        ["counter orders: 200", "gauge queue: 99 last, max 99", "rate hits: 50 %", "trend render: p50 "]
    {
        assert!(run.stdout.contains(line), "{line}: {run:#?}");
    }
}

#[test]
fn names_that_are_misspelt_misused_or_too_many_are_told_with_what_to_do() {
    let run = run("misnamed");
    assert_eq!(run.code, Some(101), "{run:#?}");
    for words in [
        "ordres >= 1 does not hold: there was no data for `ordres`, the test function recorded `orders`",
        "orders < 5ms does not hold: there was no data for `orders`, it is a counter and its limit is a number such as 100",
        "more than 100 names",
        "are of the form `order <n>`",
        "`orders` is a counter, and was recorded as something else 500 times",
    ] {
        let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words}: {run:#?}");
    }
}

#[test]
fn a_limit_that_a_whole_window_breaks_ends_the_test_in_order() {
    let run = run("aborts");
    assert_eq!((run.code, &run.test()["verdict"]), (Some(101), &"failed".into()), "{run:#?}");
    let test = run.test();
    assert_eq!(test["partial"], true);
    // The first 200 succeed: half of the window is reached after the third second.
    let limit = &test["thresholds"][0];
    assert_eq!((&limit["held"], &limit["aborted_at_s"]), (&false.into(), &3.0.into()), "{run:#?}");
    assert_eq!(
        (&limit["abort"]["window_s"], &limit["abort"]["actual"]),
        (&2.0.into(), &0.5.into()),
        "{run:#?}"
    );
    assert!(test["thresholds"][1]["aborted_at_s"].is_null());
    assert_eq!(test["counts"]["scheduled"], 3000);
    let planned = run.count("planned");
    assert!((300..1000).contains(&planned), "{run:#?}");
    assert!(
        run.stdout.contains(
            "ended after 3 s: abort(errors < 50%, window = 2s, after = 1s) was broken, 50 % in the last 2 s"
        ),
        "{run:#?}"
    );
    let messages = test["errors"][0]["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["message"]), (1, &"order <n> is lost".into()), "{run:#?}");
}
