//! Made-up runs, the same each time: what `report.json` holds of targets that stall, climb, fail, or never started.

use perf_core::report::json::Run;
use serde_json::{Map, Value, json};

/// Numbers that look random and are not.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn from(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(2_654_435_761).wrapping_add(12_345))
    }

    /// From 0 to 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

/// What a second of a test is like.
#[derive(Clone, Copy)]
pub(crate) struct Second {
    pub(crate) rate: f64,
    pub(crate) p50_ns: f64,
    pub(crate) tail: f64,
    pub(crate) failed: f64,
    pub(crate) dropped: f64,
    pub(crate) in_flight: f64,
    pub(crate) users: f64,
}

pub(crate) const QUIET: Second =
    Second { rate: 500.0, p50_ns: 1.3e6, tail: 4.0, failed: 0.0, dropped: 0.0, in_flight: 1.0, users: 0.0 };

fn whole(value: f64) -> Value {
    json!(value.max(0.0).round() as u64)
}

fn point(at: usize, second: Second, dice: &mut Numbers) -> Value {
    let p50 = second.p50_ns * (0.95 + 0.1 * dice.next());
    let tail = second.tail * (0.8 + 0.5 * dice.next());
    let (p90, p99) = (p50 * tail.powf(0.4), p50 * tail);
    let failed = second.failed.round();
    let errors = if failed > 0.0 {
        json!({ "http_5xx": failed as u64, "timeout": (failed / 4.0) as u64 })
    } else {
        json!({})
    };
    json!({
        "at_s": at, "started": whole(second.rate), "completed": whole(second.rate - second.dropped), "failed": whole(failed),
        "dropped": whole(second.dropped), "errors": errors, "in_flight": whole(second.in_flight + dice.next()),
        "users": whole(second.users), "throughput_per_s": second.rate - failed - second.dropped,
        "p50_ns": whole(p50), "p90_ns": whole(p90), "p99_ns": whole(p99), "max_ns": whole(p99 * (1.2 + dice.next())),
        "lag_p99_ns": whole(60e3 + 40e3 * dice.next()),
        "steps": {
            "log in": { "completed": whole(second.rate), "p50_ns": whole(p50 * 0.3), "p90_ns": whole(p90 * 0.3), "p99_ns": whole(p99 * 0.4), "max_ns": whole(p99) },
            "search": { "completed": whole(second.rate), "p50_ns": whole(p50 * 0.6), "p90_ns": whole(p90 * 0.6), "p99_ns": whole(p99 * 0.7), "max_ns": whole(p99) },
        },
        "cpu": 0.4 + 0.1 * dice.next(), "machine_cpu": 1.1 + 0.2 * dice.next(), "target_cpu": 0.3 + 0.05 * dice.next(),
        "worker_cpu": [0.2, 0.25], "worker_cpu_max": 0.2 + 0.1 * dice.next(), "memory_bytes": whole(30e6 + 4e3 * at as f64),
        "steal": 0.01 * dice.next(), "pressure_cpu": 0.02 * dice.next(), "pressure_io": 0.0, "open_files": 41,
        "received_bytes_per_s": 2e5 * (1.0 + 0.1 * dice.next()), "sent_bytes_per_s": 9e4, "tcp_opened_per_s": dice.next(), "tcp_established": 12,
    })
}

/// A distribution around a median, with values up to so many times of it.
fn times(p50: f64, tail: f64, count: f64) -> Value {
    let shares = (0..120).map(|place| {
        let z = f64::from(place - 60) / 20.0;
        (p50 * (z * (tail.ln() / 2.33)).exp(), (-z * z / 2.0).exp())
    });
    let all: Vec<(f64, f64)> = shares.collect();
    let total: f64 = all.iter().map(|(_, share)| share).sum();
    let histogram: Vec<Value> = all
        .iter()
        .map(|(value, share)| json!([value.round() as u64, (share / total * count).round() as u64]))
        .collect();
    let at = |z: f64| whole(p50 * (z * tail.ln() / 2.33).exp());
    json!({
        "min": at(-2.9), "mean": p50 * 1.1, "median": at(0.0), "max": at(2.95), "stddev": p50 * 0.4, "variance": p50 * p50, "p50": at(0.0), "p75": at(0.67),
        "p90": at(1.28), "p95": at(1.64), "p99": at(2.33), "p99.9": at(2.8), "p99.99": at(2.95), "histogram": histogram,
    })
}

fn rounds(p50: f64, rate: f64, seed: u64) -> Value {
    let mut dice = Numbers::from(seed);
    let mut near =
        |value: f64| Value::from((0..10).map(|_| value * (0.97 + 0.06 * dice.next())).collect::<Vec<_>>());
    json!({ "n": [500, 500], "service_p50_ns": near(p50), "service_p95_ns": near(p50 * 2.1), "service_p99_ns": near(p50 * 3.0), "throughput_per_s": near(rate) })
}

/// A test that passed, of so many seconds, each as `at` says.
pub(crate) fn test(name: &str, seconds: usize, at: impl Fn(usize) -> Second) -> Value {
    let mut dice = Numbers::from(seconds as u64 + name.len() as u64);
    let points: Vec<Value> = (0..seconds).map(|second| point(second, at(second), &mut dice)).collect();
    let all: Vec<Second> = (0..seconds).map(at).collect();
    let middle = all[seconds / 2];
    let head = json!({
        "name": name, "test_target": "perf", "verdict": "passed", "reasons": [], "partial": false, "notes": [], "file": "tests/perf.rs", "line": 17,
        "load": {
            "model": "open", "duration_s": seconds, "measured_s": seconds, "workers": 1, "seed": 7,
            "description": format!("open load, {}/s for {seconds}s after 5s of warm-up", middle.rate),
        },
        "capacity": null, "errors": [], "slowest": slowest(seconds, middle), "drawn": [], "rounds": [],
        "timeline": { "interval_s": 1.0, "points": points }, "gaps": [], "backed_off": [], "findings": [], "alerts": [],
    });
    let parts = [counted(&all), timed(middle, &all), named(&all), judged(middle)];
    parts.iter().fold(head, with)
}

fn sum(all: &[Second], of: fn(&Second) -> f64) -> f64 {
    all.iter().map(of).sum()
}

fn counted(all: &[Second]) -> Value {
    let [planned, failed, dropped] =
        [|s: &Second| s.rate, |s: &Second| s.failed, |s: &Second| s.dropped].map(|of| sum(all, of));
    let errors = failed + dropped;
    let ratio = errors / planned.max(1.0);
    json!({
        "counts": {
            "scheduled": whole(planned), "planned": whole(planned), "started": whole(planned - dropped), "completed": whole(planned - dropped),
            "succeeded": whole(planned - errors), "failed": whole(failed), "timed_out": 0, "dropped": whole(dropped), "interrupted": 0,
        },
        "throughput_per_s": (planned - errors) / all.len() as f64, "error_ratio": ratio, "error_count": whole(errors),
        "thresholds": [
            { "expression": "p99 < 50ms", "limit": 50e6, "unit": "ns", "actual": 5.2e6, "held": true, "implicit": false },
            { "expression": "errors < 1%", "limit": 0.01, "unit": "ratio", "actual": ratio, "held": ratio < 0.01, "implicit": true },
        ],
    })
}

fn timed(middle: Second, all: &[Second]) -> Value {
    let planned = sum(all, |second| second.rate);
    let Second { p50_ns, tail, .. } = middle;
    let counts = json!({
        "planned": 2500, "started": 2500, "completed": 2500, "succeeded": 2500, "failed": 0, "timed_out": 0, "dropped": 0, "interrupted": 0,
    });
    json!({
        "response_ns": times(p50_ns, tail, planned), "service_ns": times(p50_ns * 0.95, tail * 0.9, planned),
        "lag_ns": times(20e3, 4.0, planned), "succeeded_ns": times(p50_ns, tail, planned), "failed_ns": times(0.0, 1.0, 0.0),
        "warmup": { "counts": counts, "response_ns": times(1.5e6, 4.0, 2500.0) },
        "generator": {
            "planned_per_s": middle.rate, "offered_per_s": middle.rate, "late_starts": 3, "lag_p99_ns": 91e3, "lag_bound_ns": 2e6,
            "worker_cpu": [0.21],
        },
        "preparation": {
            "setup_s": 0.21, "ready_s": 0.0, "calibration": [], "users": 0, "users_failed": 0, "workers_s": 0.01,
            "addresses": { "localhost": ["127.0.0.1:8080"] },
        },
    })
}

/// What the test function said by name.
fn named(all: &[Second]) -> Value {
    let planned = sum(all, |second| second.rate);
    let step = |p50: f64| json!({ "counts": { "started": 1, "completed": whole(planned), "interrupted": 0 }, "duration_ns": times(p50, 3.0, planned) });
    let tagged = |p50: f64, failed: u64| json!({ "counts": { "succeeded": 700, "failed": failed }, "response_ns": times(p50, 3.0, 700.0) });
    json!({
        "steps": { "log in": step(0.4e6), "search": step(0.8e6) },
        "checks": { "has a title": { "held": whole(planned), "broken": 0 } },
        "metrics": {
            "orders": { "kind": "counter", "count": 100, "sum": 230 },
            "render": { "kind": "trend", "count": 100, "value_ns": times(2e6, 3.0, 100.0) },
            "cache": { "kind": "rate", "count": 10, "hits": 7, "ratio": 0.7 },
        },
        "tags": { "cache": { "hit": tagged(1e6, 0), "miss": tagged(3e6, 2) } },
    })
}

fn judged(middle: Second) -> Value {
    json!({
        "comparison": null,
        "record": {
            "config": {}, "gates": [{ "metric": "service.p50", "tolerance": 0.05 }, { "metric": "service.p95", "tolerance": 0.05 }],
            "sessions": [{ "rounds": rounds(middle.p50_ns * 0.95, middle.rate, 3), "recorded": "2026-01-31T12:00:00Z", "quantiles_ns": [] }],
        },
        "resources": {
            "client": { "cpu": { "mean": 0.45, "max": 0.5 }, "memory_bytes": { "mean": 31e6, "max": 32e6 }, "steal": null },
            "target": { "cpu_per_iteration_ns": 3.1e5, "cpu": { "mean": 0.3, "max": 0.35 } },
        },
    })
}

fn slowest(seconds: usize, second: Second) -> Value {
    let mut dice = Numbers::from(11);
    let one = |place: usize| {
        json!({
            "at_s": dice.next() * seconds as f64, "response_ns": whole(second.p50_ns * second.tail * (2.0 - 0.04 * place as f64)), "lag_ns": 31_000, "outcome": if place == 3 { "http_5xx" } else { "succeeded" },
            "message": if place == 3 { json!("status 503") } else { Value::Null }, "user": place, "iteration": 1000 + place, "steps": [{ "name": "log in", "duration_ns": 1_200_000 }, { "name": "search", "duration_ns": 3_400_000 }],
            "meanwhile": { "in_flight": 3, "errors": 0, "p50_ns": 1_300_000 },
        })
    };
    (0..20).map(one).collect()
}

/// With other values for some of its keys.
pub(crate) fn with(mut test: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().into_iter().flatten() {
        test[key] = value.clone();
    }
    test
}

fn compared(test: Value, change: f64, verdict: &str) -> Value {
    let session = |n: u64| {
        let quantiles: Vec<u64> =
            (0..64).map(|q| (0.9e6 + 0.02e6 * f64::from(q) + 1e3 * n as f64) as u64).collect();
        json!({ "recorded": format!("2026-01-{:02}T09:30:00Z", 10 + n), "commit": "0c782d2b1c", "quantiles_ns": quantiles,
            "rounds": { "service.p50": rounds(1.2e6, 500.0, n)["service_p50_ns"], "service.p95": rounds(1.2e6, 500.0, n)["service_p95_ns"] } })
    };
    let metric = |name: &str, base: f64, change: f64, verdict: &str| json!({ "metric": name, "baseline": base, "current": base * (1.0 + change), "change": change, "interval": [change - 0.03, change + 0.03], "smallest_detectable_change": 0.081, "p_value": 0.001, "tolerance": 0.05, "unit": "ns", "verdict": verdict, "doubts": if verdict == "unchanged" { json!([]) } else { json!(["others took more of the CPU than before"]) } });
    with(
        test,
        &json!({ "comparison": {
        "not_compared": [{ "metric": "service.p99", "reason": "this run is too short" }],
        "verdict": verdict, "sessions": 8, "measured_sessions": 1, "level": 2, "baseline_sessions": (0..8).map(session).collect::<Vec<_>>(),
        "metrics": [metric("service.p50", 1.2e6, change, verdict), metric("service.p95", 2.5e6, 0.012, "unchanged")],
    } }),
    )
}

fn finding(kind: &str, severity: &str, message: &str, evidence: &Value) -> Value {
    json!({ "kind": kind, "severity": severity, "message": message, "advice": "look for what the target does at that moment: garbage collection, a checkpoint, a timer", "evidence": evidence })
}

/// Quiet, with a baseline it is slower than, and the two more sessions that said so.
pub(crate) fn regressed(seconds: usize) -> Value {
    let slower =
        compared(test("list_books", seconds, |_| Second { p50_ns: 1.42e6, ..QUIET }), 0.183, "regressed");
    with(
        slower,
        &json!({ "verdict": "failed", "reasons": ["service.p50 regressed: 1.20 ms → 1.42 ms, +18.3 % (95 % interval +15.3 % to +21.3 %)"] }),
    )
}

/// Stands still for a while.
pub(crate) fn stalled(seconds: usize) -> Value {
    let at = move |second: usize| match second * 60 / seconds.max(1) {
        30..=32 => Second { p50_ns: 350e6, tail: 3.0, in_flight: 180.0, ..QUIET },
        _ => QUIET,
    };
    let middle = seconds as f64 / 2.0;
    with(
        test("search_books", seconds, at),
        &json!({
            "findings": [finding("latency_burst", "warning", "response p50 was 350 ms instead of 1.3 ms for a while", &json!({ "from_s": middle, "to_s": middle + 3.0, "before_ns": 1.3e6, "during_ns": 350e6 })), finding("bimodal_latency", "info", "service times are of two kinds", &json!({ "fast_ns": 1e6, "slow_ns": 9e6, "slow_share": 0.1 })), finding("unusual_seconds", "info", "one second is unlike all others", &json!({ "count": 1, "worst_at_s": middle + 1.0 }))],
            "gaps": [{ "at_s": middle - 10.0, "duration_s": 2.0 }], "alerts": [{ "kind": "condition", "at": "2026-01-31T12:00:12.000Z", "after_s": 12.0, "expression": "p99 > 200ms", "message": "p99 > 200ms holds" }],
            "verdict": "inconclusive", "reasons": ["the generator could not keep up"],
        }),
    )
}

/// Climbs until it is too much.
pub(crate) fn ramped(seconds: usize) -> Value {
    let at = move |second: usize| {
        let part = second as f64 / seconds as f64;
        let over = (part - 0.7).max(0.0);
        Second {
            rate: 2000.0 * part,
            p50_ns: 1.3e6 * (1.0 + 0.3 * part + 3e2 * over * over),
            in_flight: 2.0 + 3e3 * over,
            dropped: if over > 0.2 { 60.0 } else { 0.0 },
            ..QUIET
        }
    };
    let ramp = test("ramp", seconds, at);
    with(
        ramp,
        &json!({ "verdict": "failed", "reasons": ["errors < 1% does not hold: 1.2 %"], "errors": [{ "category": "dropped", "count": 500, "first_message": "max_in_flight", "first_at_s": 0.9 * seconds as f64, "last_at_s": seconds, "messages": [] }],
        "findings": [finding("saturated", "warning", "the target does no more than 1,400/s", &json!({ "limit_per_s": 1400.0, "from_s": 0.7 * seconds as f64 }))] }),
    )
}

/// Fails from its middle on, with messages that a page must not take for markup.
pub(crate) fn failing(seconds: usize) -> Value {
    let at = move |second: usize| if second * 2 > seconds { Second { failed: 40.0, ..QUIET } } else { QUIET };
    let middle = seconds as f64 / 2.0;
    let message = |text: &str, count: u64| json!({ "message": text, "count": count, "example": format!("{text} of order 17"), "first_at_s": middle, "last_at_s": seconds as f64 - 0.5 });
    with(
        test("order_</script><b>books</b>", seconds, at),
        &json!({
            "verdict": "failed", "reasons": ["errors < 1% does not hold: 4.0 %"],
            "errors": [{ "category": "http_5xx", "count": 1200, "first_message": "status <n>", "first_at_s": middle, "last_at_s": seconds as f64 - 0.5, "messages": [message("<img src=x onerror=alert(1)> status <n>", 1000), message("no answer", 200)] }, { "category": "timeout", "count": 300, "first_message": "none within 30 s", "first_at_s": middle, "last_at_s": middle, "messages": [] }],
            "checks": { "has a title": { "held": 900, "broken": 12 } },
        }),
    )
}

/// Users in a loop, part of a scenario.
pub(crate) fn closed(seconds: usize) -> Value {
    let at = |second: usize| Second {
        rate: 380.0,
        users: (second as f64 * 2.0).min(20.0),
        in_flight: (second as f64 * 2.0).min(20.0),
        ..QUIET
    };
    let load = json!({ "model": "closed", "duration_s": seconds, "measured_s": seconds, "description": "closed load, 20 users", "workers": 1, "seed": 7 });
    with(
        compared(test("browse", seconds, at), -0.11, "improved"),
        &json!({ "load": load, "scenario": "shop", "members": [] }),
    )
}

/// A search for what the target bears.
pub(crate) fn searched() -> Value {
    let level = |rate: f64, held: &str, p99: f64| json!({ "rate_per_s": rate, "offered_per_s": rate * 0.999, "p50_ns": 1.2e6, "p99_ns": p99, "error_ratio": 0.0, "held": held, "broken": if held == "broken" { json!(["p99 < 50ms (62.1 ms)"]) } else { json!([]) }, "target_cpu": null });
    let levels = [
        level(100.0, "kept", 3e6),
        level(200.0, "kept", 3.2e6),
        level(400.0, "kept", 4e6),
        level(800.0, "kept", 9e6),
        level(1600.0, "broken", 900e6),
        level(1130.0, "kept", 20e6),
        level(1340.0, "broken", 120e6),
        level(1230.0, "spoiled", 51e6),
        level(1230.0, "broken", 62e6),
        level(1180.0, "kept", 44e6),
    ];
    with(
        test("capacity_of_search", 10, |_| QUIET),
        &json!({ "load": { "model": "capacity", "duration_s": null, "description": "capacity search, from 100/s up to 20000/s", "workers": 1, "seed": 7 }, "rounds": [], "record": { "config": {}, "gates": [{ "metric": "capacity", "tolerance": 0.05 }], "sessions": [{ "rounds": { "n": [5], "capacity_per_s": [1180.0] }, "recorded": "", "quantiles_ns": [] }] },
        "capacity": { "limits": ["p99 < 50ms"], "rate_per_s": 1180.0, "bound_by": "target", "knee_per_s": 800.0, "levels": levels } }),
    )
}

/// A set-up that failed, and one that was not run: neither has numbers.
pub(crate) fn without_numbers() -> [Value; 2] {
    [
        json!({ "name": "no_server", "test_target": "perf", "verdict": "failed", "reasons": ["setup failed: connection refused (127.0.0.1:8080)"], "alerts": [], "partial": false }),
        json!({ "name": "later", "test_target": "perf", "verdict": "skipped", "reasons": ["`no_server` did not pass"], "alerts": [], "partial": true }),
    ]
}

/// Everything is there and nothing is known.
pub(crate) fn null_everywhere() -> Value {
    let mut test = test("nothing_known", 2, |_| QUIET);
    let keys: Vec<String> = test.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    keys.iter()
        .filter(|key| !["name", "test_target", "verdict"].contains(&key.as_str()))
        .for_each(|key| test[key] = Value::Null);
    test
}

pub(crate) fn run(id: &str, tests: &[Value]) -> Run {
    let environment = json!({ "id": "0123456789abcdef", "build_profile": "release", "cores": 8, "cpu": "A CPU of many <GHz>", "os": "linux x86_64", "memory_gib": 16, "features": ["default"], "label": null, "virtualisation": "kvm", "rustc": "rustc 1.95.0", "git_commit": "0c782d2b1c0c782d2b1c", "git_dirty": true, "machine": null });
    serde_json::from_value(json!({ "schema": "perf-report/1", "run_id": id, "started": "2026-01-31T12:00:00Z", "duration_s": 312.5, "partial": false, "environment": environment, "tests": tests })).expect("a run")
}

/// One of each kind, of so many seconds.
pub(crate) fn one_of_each(id: &str, seconds: usize) -> Run {
    let mut tests = vec![
        test("get_book", seconds, |_| QUIET),
        regressed(seconds),
        stalled(seconds),
        ramped(seconds),
        failing(seconds),
        closed(seconds),
        searched(),
        null_everywhere(),
    ];
    tests.extend(without_numbers());
    run(id, &tests)
}
