//! What a load needs.

use perf_harness::prelude::*;

async fn clean(_: &()) -> Result<(), Error> {
    Ok(())
}

#[perf_test]
async fn bare() {}

#[perf_test(duration = "10s")]
async fn no_load() {}

#[perf_test(rate = 200)]
async fn rate_without_duration() {}

#[perf_test(users = 50)]
async fn users_without_duration() {}

#[perf_test(iterations = 10, teardown = clean)]
async fn teardown_without_setup() {}

#[perf_test(iterations = 10)]
async fn state_without_setup(_: &Cx, _: &Vec<u8>) {}

fn main() {}
