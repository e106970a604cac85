//! Spacings and pauses that cannot be read, or say nothing of such a load.

use perf_harness::prelude::*;

#[perf_test(rate = 200, duration = "10s", arrivals = "random")]
async fn unknown_spacing() {}

#[perf_test(rate = 200, duration = "10s", arrivals = "jitter(150%)")]
async fn arrivals_that_overtake_each_other() {}

#[perf_test(rate = 200, duration = "10s", arrivals = poisson, precise = "yes")]
async fn values_of_another_kind() {}

#[perf_test(users = 5, duration = "10s", think = "fast", pace = "50ms..150ms")]
async fn no_pauses() {}

#[perf_test(users = 5, duration = "10s", think = "150ms..50ms")]
async fn the_longer_one_first() {}

#[perf_test(users = 5, duration = "10s", think = "exp(3years)", pace = "3years")]
async fn too_long() {}

#[perf_test(rate = 200, duration = "10s", think = "1s", pace = "1s")]
async fn pauses_of_an_open_load() {}

#[perf_test(load = "0..500 over 30s", think = "1s")]
async fn a_pause_of_an_open_load_in_words() {}

#[perf_test(users = 5, duration = "10s", arrivals = "poisson", max_in_flight = 5, precise = true)]
async fn keys_of_an_open_load() {}

#[perf_test(load = Load::users(0).ramp_to(50, "10s"), arrivals = "poisson")]
async fn arrivals_of_users() {}

fn main() {}
