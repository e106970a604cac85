//! Rates and counts that cannot be meant.

use perf_harness::prelude::*;

#[perf_test(rate = 0, duration = "1s")]
async fn no_rate() {}

#[perf_test(rate = -5, duration = "1s")]
async fn negative_rate() {}

#[perf_test(rate = 20_000_000, duration = "1s")]
async fn too_high() {}

#[perf_test(rate = "200/week", duration = "1s")]
async fn unknown_unit() {}

#[perf_test(rate = true, duration = "1s")]
async fn no_number() {}

#[perf_test(users = 0, iterations = 0, rounds = 0, workers = 0)]
async fn zeros() {}

#[perf_test(rate = 5, duration = "1s", max_in_flight = 0)]
async fn nothing_in_flight() {}

#[perf_test(users = 5_000_000_000, iterations = 1.5, workers = "2")]
async fn no_counts() {}

#[perf_test(iterations = 5, rounds = 10)]
async fn more_rounds_than_iterations() {}

#[perf_test(rate = 5, duration = "1s", rounds = 1001)]
async fn too_many_rounds() {}

fn main() {}
