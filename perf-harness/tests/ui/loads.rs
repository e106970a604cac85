//! Loads that cannot be offered, and keys that say another one.

use perf_harness::prelude::*;

#[perf_test(load = "0..500 ovr 30s, hold 1m")]
async fn a_word_of_its_own() {}

#[perf_test(load = "users 0..50 over 30s, hodl 1m")]
async fn an_unknown_stage() {}

#[perf_test(load = "")]
async fn no_stages() {}

#[perf_test(load = "200")]
async fn no_length() {}

#[perf_test(load = "100 for 10s, stairs -60 every 5s x2")]
async fn below_zero() {}

#[perf_test(load = "0..20000000 over 10s")]
async fn too_high() {}

#[perf_test(load = "200 for 400days")]
async fn too_long() {}

#[perf_test(load = 200, timeout = "5s")]
async fn a_number() {}

#[perf_test(load = 0..500 over 30s)]
async fn no_quotes() {}

#[perf_test(load = "200 for 10s", rate = 200, users = 50, duration = "10s")]
async fn load_and_other_loads() {}

#[perf_test(load = Load::users(5).hold("10s").iterations_per_user(10), iterations = 50)]
async fn iterations_twice() {}

#[perf_test(rate = 200, duration = "10s", iterations = "20 per user")]
async fn iterations_of_users_without_users() {}

#[perf_test(load = Load::rate(0).ramp_to(5, "10s"), iterations = "20 per user")]
async fn the_same_of_a_load() {}

#[perf_test(users = 5, iterations = 20 per user)]
async fn several_words_without_quotes() {}

#[perf_test(users = 2, iterations = "3 per user", rounds = 7)]
async fn more_rounds_than_iterations() {}

#[perf_test(iterations = "three per user", timeout = "-1s")]
async fn no_iterations() {}

fn main() {}
