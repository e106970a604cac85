//! Users' own functions and connections, and what the target must be ready for.

use perf_harness::prelude::*;

async fn log_out(_: &Cx, _: &()) -> Result<(), Error> {
    Ok(())
}

#[perf_test(users = 5, duration = "10s", user_teardown = log_out)]
async fn user_teardown_without_user_setup() {}

#[perf_test(users = 5, duration = "10s", user_setup = "log_in", user_teardown = |_| Ok(()))]
async fn no_paths() {}

#[perf_test(users = 5, duration = "10s", connections = "pool")]
async fn unknown_connections() {}

#[perf_test(users = 5, duration = "10s", connections = user)]
async fn connections_without_quotes() {}

#[perf_test(users = 5, duration = "10s", ready_timeout = "1m")]
async fn ready_timeout_without_ready() {}

#[perf_test(users = 5, duration = "10s", ready = "localhost:8080/health", ready_timeout = "soon")]
async fn no_address_and_no_duration() {}

#[perf_test(users = 5, duration = "10s", ready = "https://")]
async fn no_host() {}

#[perf_test(users = 5, duration = "10s", ready = 8080)]
async fn a_number() {}

async fn log_in(_: &Cx, _: &()) -> Result<(), Error> {
    Ok(())
}

#[perf_test(load = Load::capacity("p99 < 50ms").from(100).up_to(20_000), user_setup = log_in)]
async fn user_setup_of_a_search() {}

fn main() {}
