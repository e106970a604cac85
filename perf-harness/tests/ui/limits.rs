//! Thresholds and baselines that cannot be read, never hold or say something twice.

use perf_harness::prelude::*;

#[perf_test(iterations = 5, thresholds("p99 50ms", "p99 = 50ms", "latency < 5ms", "p99 < 5", "p100 < 5ms", "errors < 5ms"))]
async fn malformed_thresholds() {}

#[perf_test(iterations = 5, thresholds("p99 < 0ms", "errors < 500%", "errors <= 100%", "checks > 100%"))]
async fn impossible_thresholds() {}

#[perf_test(iterations = 5, thresholds("p99 < 50ms", "p99<50ms", 5, "p95 < 1s" "p90 < 1s"))]
async fn thresholds_twice_and_no_texts() {}

#[perf_test(iterations = 5, thresholds = "p99 < 50ms", baseline = off)]
async fn no_parentheses() {}

#[perf_test(iterations = 5, baseline("p75", "lag.p50", "errors", "troughput", "p95" = "0%", "p99" = "much", "p50" = 5))]
async fn malformed_gates() {}

#[perf_test(iterations = 5, baseline("p50", "service.p50" = "3%"))]
async fn a_metric_twice() {}

#[perf_test(iterations = 5, baseline(off, "p50"))]
async fn off_and_on() {}

#[perf_test(iterations = 5, baseline(on))]
async fn neither_off_nor_a_metric() {}

#[perf_test(iterations = 5, baseline())]
async fn empty() {}

fn main() {}
