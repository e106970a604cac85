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
