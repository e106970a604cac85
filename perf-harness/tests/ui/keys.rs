//! Keys that are unknown, doubled, malformed or contradict each other.

use perf_harness::prelude::*;

#[perf_test(raet = 200, duraton = "10s", colour = "red", users = 5)]
async fn unknown_keys() {}

#[perf_test(rate = 200, duration = "10s", rate = 300, tags("a"), tags("b"))]
async fn doubled_keys() {}

#[perf_test(rate = 200, users = 5, duration = "10s")]
async fn contradictory_loads() {}

#[perf_test(iterations = 10, max_in_flight = 5)]
async fn cap_of_a_closed_load() {}

#[perf_test("10s", iterations, users =, rate < 5,, timeout = "1s" rounds = 3, ignore("slow"))]
async fn malformed_keys() {}

#[perf_test(iterations = RATE, setup = || make(), client = "tune", crate = 5)]
async fn values_of_another_kind() {}

#[perf_test(iterations = 1, think = "1s", think = "2s", user_steup = log_in)]
async fn keys_of_users() {}

fn main() {}
