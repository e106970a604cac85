//! Durations that cannot be meant.

use perf_harness::prelude::*;

#[perf_test(rate = 5, duration = "2 parsecs", timeout = "5", warmup = "-1s", graceful_stop = "")]
async fn malformed() {}

#[perf_test(rate = 5, duration = "0s", timeout = "0ms", warmup = "0s", graceful_stop = "0s")]
async fn zero() {}

#[perf_test(rate = 5, duration = 10, timeout = 2.5)]
async fn numbers() {}

#[perf_test(rate = 5, duration = "900y")]
async fn too_long() {}

fn main() {}
