//! Perf tests whose other functions fail, panic or hang, for the end-to-end tests to run. `[test] …` on standard error says
//! where one has come to.

#![allow(clippy::unused_async)] // a perf test is async, also one that waits for nothing

use perf_harness::prelude::*;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn at(place: &str) {
    eprintln!("[test] {place}");
}

async fn hanging(place: &str) {
    at(place);
    pending::<()>().await;
}

async fn thing() -> Result<u32, Error> {
    Ok(7)
}

async fn take_down(_: &u32) -> Result<(), Error> {
    at("torn down");
    Ok(())
}

async fn log_in(cx: &Cx, _: &u32) -> Result<u64, Error> {
    Ok(cx.user_id())
}

async fn log_out(_: &Cx, user: &u64) -> Result<(), Error> {
    at(&format!("user {user} left"));
    Ok(())
}

// Failures.

async fn no_thing() -> Result<u8, String> {
    Err("no thing to be had".to_owned())
}

async fn no_thing_but_a_blocked_thread() -> Result<u8, String> {
    drop(tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_mins(10))));
    no_thing().await
}

#[perf_test(scenario = "half", rate = 10, duration = "1s", setup = thing, teardown = take_down)]
async fn first_half() {}

#[perf_test(scenario = "half", rate = 10, duration = "1s", setup = no_thing)]
async fn second_half() {}

#[perf_test(iterations = 1, setup = no_thing_but_a_blocked_thread)]
async fn without_a_thing() {}

// Panics.

async fn setup_panics() -> Result<u32, Error> {
    panic!("a bug in `setup`")
}

#[perf_test(iterations = 3, setup = setup_panics)]
async fn panics_in_setup() {}

async fn ready_panics() -> Result<(), Error> {
    panic!("a bug in `ready`")
}

#[perf_test(iterations = 3, setup = thing, teardown = take_down, ready = ready_panics, ready_timeout = "300ms")]
async fn panics_in_ready() {}

async fn one_panics(cx: &Cx, _: &u32) -> Result<u64, Error> {
    assert_ne!(cx.user_id(), 1, "a bug in `user_setup`");
    Ok(cx.user_id())
}

#[perf_test(users = 3, iterations = 30, setup = thing, user_setup = one_panics, user_teardown = log_out)]
async fn panics_in_user_setup(cx: &Cx) {
    assert_ne!(cx.user_id(), 1);
}

async fn two_panic(cx: &Cx, _: &u64) -> Result<(), Error> {
    assert_eq!(cx.user_id(), 1, "a bug in `user_teardown`");
    Ok(())
}

#[perf_test(
    users = 3,
    iterations = 30,
    setup = thing,
    teardown = take_down,
    user_setup = log_in,
    user_teardown = two_panic
)]
async fn panics_in_user_teardown() {}

async fn teardown_panics(_: &u32) -> Result<(), Error> {
    panic!("a bug in `teardown`")
}

#[perf_test(iterations = 30, setup = thing, teardown = teardown_panics)]
async fn panics_in_teardown() {}

// Functions that never return.

async fn setup_hangs() -> Result<u32, Error> {
    hanging("in setup").await;
    Ok(7)
}

#[perf_test(iterations = 3, setup = setup_hangs)]
async fn hangs_in_setup() {}

async fn ready_hangs() -> Result<(), Error> {
    hanging("in ready").await;
    Ok(())
}

#[perf_test(iterations = 3, setup = thing, teardown = take_down, ready = ready_hangs)]
async fn hangs_in_ready() {}

async fn one_hangs(cx: &Cx, _: &u32) -> Result<u64, Error> {
    if cx.user_id() == 1 {
        hanging("in user_setup").await;
    }
    Ok(cx.user_id())
}

#[perf_test(
    users = 70,
    iterations = 300,
    workers = 1,
    timeout = "10min",
    setup = thing,
    teardown = take_down,
    user_setup = one_hangs,
    user_teardown = log_out
)]
async fn hangs_in_user_setup() {}

/// Until the first user has come.
static IS_ALONE: AtomicBool = AtomicBool::new(true);

async fn one_blocks(cx: &Cx, _: &u32) -> Result<u64, Error> {
    if cx.user_id() == 1 {
        while IS_ALONE.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        at("in user_setup");
        std::thread::sleep(Duration::from_mins(10));
    }
    IS_ALONE.store(false, Ordering::Relaxed);
    Ok(cx.user_id())
}

#[perf_test(
    users = 2,
    iterations = 300,
    workers = 2,
    setup = thing,
    teardown = take_down,
    user_setup = one_blocks,
    user_teardown = log_out
)]
async fn blocks_in_user_setup() {}

async fn log_out_hangs(cx: &Cx, _: &u64) -> Result<(), Error> {
    if cx.user_id() == 1 {
        hanging("in user_teardown").await;
    }
    Ok(())
}

#[perf_test(
    users = 3,
    iterations = 30,
    timeout = "10min",
    setup = thing,
    teardown = take_down,
    user_setup = log_in,
    user_teardown = log_out_hangs
)]
async fn hangs_in_user_teardown() {}

async fn teardown_hangs(_: &u32) -> Result<(), Error> {
    hanging("in teardown").await;
    Ok(())
}

#[perf_test(iterations = 30, setup = thing, teardown = teardown_hangs)]
async fn hangs_in_teardown() {}

#[perf_test(
    rate = 50,
    duration = "60s",
    warmup = "30s",
    setup = thing,
    teardown = take_down,
    user_setup = log_in,
    user_teardown = log_out,
    max_in_flight = 2
)]
async fn takes_long_to_warm_up(cx: &Cx) {
    if cx.iteration() == 10 {
        at("in warm-up");
    }
}

#[perf_test(rate = 50, duration = "60s", warmup = "100ms", setup = thing, teardown = take_down)]
async fn takes_long(cx: &Cx) {
    if cx.iteration() == 30 {
        at("in load");
    }
}

#[perf_test(rate = 50, duration = "200ms", warmup = "0s", timeout = "10min", setup = thing, teardown = take_down)]
async fn drains(cx: &Cx) {
    if cx.iteration() == 9 {
        // The drain begins 20 ms from here.
        tokio::time::sleep(Duration::from_millis(500)).await;
        hanging("in drain").await;
    }
}

perf_harness::main!();
