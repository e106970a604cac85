//! Every form of a test function, and every key.
#![forbid(unsafe_code, unused, missing_docs)]
#![deny(unused_imports, unused_variables, unused_qualifications, unreachable_pub)]

use perf_harness::prelude::*;
use perf_harness::reqwest::ClientBuilder;
use std::cell::Cell;
use std::rc::Rc;

struct Shop;

async fn shop() -> std::io::Result<Shop> {
    Ok(Shop)
}

async fn shop_with_cx(cx: &Setup) -> Result<Shop, String> {
    cx.set_base_url("http://127.0.0.1:1");
    Ok(Shop)
}

async fn close(_: &Shop) -> Result<(), Error> {
    Ok(())
}

async fn make<A: Default, B: Default>() -> Result<(A, B), Error> {
    Ok(Default::default())
}

fn tune(client: ClientBuilder) -> ClientBuilder {
    client
}

#[perf_test(iterations = 1)]
async fn nothing() {}

#[perf_test(rate = 0.5, duration = "1s")]
async fn context(cx: &Cx) {
    let _ = cx.user_id();
}

#[perf_test(users = 5, duration = "1s", setup = shop, teardown = close)]
async fn state(_: &Cx, _: &Shop) {}

#[perf_test(users = 5, iterations = 10, setup = shop_with_cx, teardown = close)]
async fn state_that_nobody_borrows(_: &Cx) {}

#[perf_test(iterations = 1, setup = make::<u8, Vec<u16>>)]
async fn generic_setup(_: &Cx, _: &(u8, Vec<u16>)) {}

#[perf_test(iterations = 1)]
async fn lifetimes<'a>(cx: &'a Cx) -> Result<Option<&'a str>, Error> {
    Ok(cx.base_url())
}

#[perf_test(iterations = 1)]
async fn not_send(cx: &Cx) {
    let counter = Rc::new(Cell::new(cx.iteration()));
    std::future::ready(()).await;
    counter.set(1);
}

#[perf_test(
    rate = "12000/min",
    iterations = 1_000,
    duration = "10s",
    warmup = "0s",
    rounds = 5,
    timeout = "5s",
    max_in_flight = 10,
    graceful_stop = "1m 30s",
    workers = 2,
    thresholds("p99 < 50ms", "errors < 0.1%",),
    baseline("p50" = "5%", "service.p95", "throughput" = "0.1"),
    setup = shop,
    teardown = close,
    base_url = "http://127.0.0.1:8080",
    client = tune,
    tags("read", "checkout"),
    ignore = "slow",
)]
async fn every_key(cx: &Cx, shop: &Shop) -> Result<(), Error> {
    state(cx, shop).await;
    Ok(())
}

/// A user that stays on its thread.
struct Visitor(Rc<Cell<u64>>);

async fn log_in(cx: &Cx, _: &Shop) -> Result<Visitor, String> {
    Ok(Visitor(Rc::new(Cell::new(cx.user_id()))))
}

async fn log_out(_: &Cx, visitor: &Visitor) -> Result<(), Error> {
    visitor.0.set(0);
    Ok(())
}

async fn is_up() -> Result<(), std::io::Error> {
    Ok(())
}

async fn is_up_there(cx: &Setup) -> Result<(), String> {
    cx.base_url().map(drop).ok_or("nowhere".to_owned())
}

fn day(peak: u32) -> Load {
    Load::rate(0).ramp_to(peak, "10s").sine(50, "20s", "1m").ramp_to(0, "10s")
}

#[perf_test(
    load = "users 0..50 over 10s, hold 1m",
    iterations = "20 per user",
    think = "50ms..150ms",
    pace = "1s",
    precise = true,
    connections = "user",
    setup = shop,
    user_setup = log_in,
    user_teardown = log_out,
    ready = "/health",
    ready_timeout = "1m",
)]
async fn every_key_of_users(cx: &Cx) {
    cx.user_state::<Visitor>().0.set(cx.iteration());
}

#[perf_test(load = day(500), arrivals = "poisson", setup = shop, user_setup = log_in, ready = is_up)]
async fn users_of_an_open_load(_: &Cx, _: &Shop) {}

#[perf_test(load = Load::users(5).hold("10s"), setup = shop_with_cx, teardown = close, user_setup = log_in)]
async fn state_that_only_users_borrow(_: &Cx) {}

#[perf_test(load = "200 for 10s", setup = make::<u8, Vec<u16>>, user_setup = user_of::<u8, Vec<u16>>, ready = is_up_there)]
async fn generic_user_setup(_: &Cx) {}

async fn user_of<A, B>(_: &Cx, _: &(A, B)) -> Result<u8, Error> {
    Ok(1)
}

async fn alone(_: &Cx, (): &()) -> Result<u8, Error> {
    Ok(1)
}

#[perf_test(iterations = 1, user_setup = alone)]
async fn a_user_without_setup() {}

#[perf_test(iterations = 1, baseline(off), ignore)]
async fn no_baseline() {}

#[perf_test(iterations = 1)]
#[cfg(any())]
async fn configured_away() {
    does_not_exist()
}

#[cfg(any())]
#[perf_test(iterations = 1, nonsense)]
async fn configured_away_first() {}

fn main() {}
