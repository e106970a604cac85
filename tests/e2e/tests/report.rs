//! `report.json` has every key that the contract names, and nulls where nothing is known.

use e2e::Project;
use serde_json::Value;

const RUN: &str = "schema run_id started duration_s partial environment tests";
const ENVIRONMENT: &str = "id label cpu cores os build_profile rustc git_commit git_dirty";
const TEST: &str = "name test_target verdict reasons partial load counts throughput_per_s error_ratio error_count \
    response_ns service_ns lag_ns succeeded_ns failed_ns preparation warmup steps checks metrics errors slowest \
    rounds timeline thresholds comparison findings resources";
const LOAD: &str = "model duration_s description";
const COUNTS: &str = "scheduled planned started completed succeeded failed timed_out dropped interrupted";
const TIMES: &str = "min mean median max stddev variance p50 p75 p90 p95 p99 p99.9 p99.99 histogram";
const ERROR: &str = "category count first_message first_at_s last_at_s";
const ROUND: &str = "start_s duration_s n errors service_p50_ns service_p95_ns service_p99_ns response_p50_ns \
    throughput_per_s cpu_per_iteration_ns";
const POINT: &str = "at_s started completed failed dropped in_flight p50_ns p90_ns p99_ns max_ns lag_p99_ns cpu \
    memory_bytes";
const LIMIT: &str = "expression limit unit actual held implicit aborted_at_s";
const COMPARED: &str = "metric baseline current change interval smallest_detectable_change p_value verdict";

fn has(value: &Value, keys: &str) {
    for key in keys.split_whitespace() {
        assert!(value.get(key).is_some(), "`{key}` is missing: {value:#}");
    }
}

#[test]
fn what_a_target_suffers_from_is_in_the_report_and_on_the_terminal() {
    let run = Project::new().run_conclusive("stalls", &[], &[]);
    let found = run.test()["findings"].as_array().unwrap();
    let warnings: Vec<&Value> = found.iter().filter(|one| one["severity"] != "info").collect();
    assert_eq!(warnings.len(), 1, "{run:#?}");
    assert_eq!(
        (&warnings[0]["kind"], &warnings[0]["severity"]),
        (&"periodic_stalls".into(), &"warning".into())
    );
    let figure = |name: &str| warnings[0]["evidence"][name].as_f64().unwrap();
    assert!(
        (1.8..2.2).contains(&figure("period_s")) && (1.6e8..2.6e8).contains(&figure("length_ns")),
        "{run:#?}"
    );
    let message = warnings[0]["message"].as_str().unwrap();
    // Lines are broken between words.
    let told: String = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("! {message} → look for what")), "{run:#?}");
    let bound = &run.test()["resources"]["bound_by"];
    assert_eq!(bound["kind"], "load", "{run:#?}");
    assert!(told.contains(bound["message"].as_str().unwrap()), "{run:#?}");
    let meanwhile = &run.test()["slowest"][0]["meanwhile"];
    if cfg!(target_os = "linux") {
        assert!(meanwhile["cpu"].as_f64() > Some(0.0), "{meanwhile}");
    }
}

#[test]
fn every_key_of_the_contract_is_there() {
    let project = Project::new();
    project.run_conclusive("gated_open", &["--update-baselines"], &[]);
    let run = project.run_conclusive("gated_open", &[], &[]);
    has(&run.report, RUN);
    has(&run.report["environment"], ENVIRONMENT);
    assert_eq!(run.report["schema"], "perf-report/1");
    let test = run.test();
    has(test, TEST);
    has(&test["load"], LOAD);
    has(&test["counts"], COUNTS);
    for times in ["response_ns", "service_ns", "lag_ns", "succeeded_ns", "failed_ns"] {
        has(&test[times], TIMES);
    }
    assert!(test["failed_ns"]["p50"].is_null(), "nothing failed, so nothing is known");
    has(&test["warmup"], "counts response_ns");
    has(&test["steps"]["first"], "counts duration_ns");
    has(&test["checks"]["answered"], "held broken");
    assert_eq!(test["rounds"].as_array().unwrap().len(), 10);
    has(&test["rounds"][0], ROUND);
    has(&test["timeline"], "interval_s points");
    has(&test["timeline"]["points"][0], POINT);
    has(&test["thresholds"][0], LIMIT);
    has(&test["comparison"], "verdict sessions level metrics");
    has(&test["comparison"]["metrics"][0], COMPARED);
    has(&test["resources"], "client target bound_by");
    has(&test["resources"]["client"], "cpu memory_bytes open_files steal pressure_cpu throttled");
    if cfg!(target_os = "linux") {
        let cpu = &test["resources"]["client"]["cpu"];
        assert!(cpu["mean"].as_f64() > Some(0.0) && cpu["max"].as_f64() >= cpu["mean"].as_f64(), "{cpu}");
        assert!(test["timeline"]["points"][0]["memory_bytes"].is_u64(), "{}", test["timeline"]["points"][0]);
    }
    let failing = Project::new().run("server_error", &[]);
    has(&failing.test()["errors"][0], ERROR);
}
