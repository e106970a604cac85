//! Perf tests of every way to say a load, for the end-to-end tests to run.

#![allow(clippy::unused_async)] // a perf test is async, also one that waits for nothing

use perf_harness::prelude::*;
use project::{Behaviour, Target};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

async fn service(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::After(Duration::ZERO)).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

/// Says what reached the target, for the driver to compare.
async fn count(target: &Target) -> Result<(), Error> {
    println!("{}", target.counts);
    Ok(())
}

#[perf_test(load = Load::rate(0).ramp_to(200, "2s").hold("1s"), setup = service, teardown = count)]
async fn ramp(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(load = Load::rate(50).hold("1s").pause("500ms").ramp_to(100, "0s").hold("1s"), setup = service)]
async fn pausing(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 200, duration = "2s", arrivals = "poisson")]
async fn strangers() {}

#[perf_test(load = Load::users(0).ramp_to(4, "1s").hold("500ms").ramp_to(0, "1s"), think = "20ms", setup = service)]
async fn coming_and_going(cx: &Cx) -> Result<(), Error> {
    cx.check("never more than four", cx.user_id() < 4);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 2, duration = "2s", warmup = "0s", think = "100ms", setup = service)]
async fn thinking(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 1, duration = "2s", warmup = "0s", pace = "100ms", setup = service)]
async fn paced(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 1, duration = "2s", warmup = "0s", setup = service)]
async fn journey(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    cx.step("with a pause in it", async {
        cx.think("200ms").await;
        cx.get("/").await
    })
    .await?;
    Ok(())
}

#[perf_test(users = 3, iterations = "2 per user")]
async fn twice_each() {}

static LEFT: AtomicU64 = AtomicU64::new(0);

async fn log_in(cx: &Cx, _: &Target) -> Result<String, Error> {
    cx.get("/login").await?.expect_status(200)?;
    Ok(format!("user {}", cx.user_id()))
}

async fn log_out(_: &Cx, _: &String) -> Result<(), Error> {
    LEFT.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn tell(_: &Target) -> Result<(), Error> {
    println!("left {}", LEFT.load(Ordering::Relaxed));
    Ok(())
}

#[perf_test(users = 5, iterations = 50, setup = service, teardown = tell, user_setup = log_in, user_teardown = log_out)]
async fn with_users(cx: &Cx, _: &Target) {
    assert_eq!(*cx.user_state::<String>(), format!("user {}", cx.user_id()));
    tokio::task::yield_now().await;
}

#[perf_test(rate = 100, duration = "500ms", max_in_flight = 7, setup = service, teardown = tell, user_setup = log_in, user_teardown = log_out)]
async fn with_slots(cx: &Cx, _: &Target) {
    assert!(cx.user_state::<String>().starts_with("user "));
}

async fn turned_away(cx: &Cx, (): &()) -> Result<(), String> {
    match cx.user_id() {
        1 => Ok(()),
        user => Err(format!("no account for {user}")),
    }
}

#[perf_test(users = 3, iterations = 6, user_setup = turned_away)]
async fn one_gets_in(cx: &Cx) {
    assert_eq!(cx.user_id(), 1);
}

async fn closed_to_all(_: &Cx, (): &()) -> Result<(), String> {
    Err("no account".to_owned())
}

#[perf_test(users = 3, iterations = 6, user_setup = closed_to_all)]
async fn nobody_gets_in() {}

async fn ten_rows() -> Result<Feeder<u32>, Error> {
    Ok(Feeder::of(0..10).unique())
}

#[perf_test(rate = 100, duration = "5s", warmup = "0s", setup = ten_rows)]
async fn out_of_data(cx: &Cx, rows: &Feeder<u32>) -> Result<(), Error> {
    let row = rows.next(cx)?;
    assert!(*row < 10);
    Ok(())
}

#[perf_test(iterations = 1, ready = "http://127.0.0.1:9/health", ready_timeout = "300ms")]
async fn never_ready() {}

async fn slow_to_start(cx: &Setup) -> Result<(), Error> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    drop(listener);
    cx.set_base_url(format!("http://{address}"));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let target = Target::at(address, Behaviour::After(Duration::ZERO)).await.expect("a free port");
        std::future::pending::<()>().await;
        drop(target);
    });
    Ok(())
}

#[perf_test(iterations = 5, setup = slow_to_start, ready = "/health")]
async fn ready_in_time(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

async fn silent(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::Never).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(rate = 100, duration = "1s", warmup = "0s", timeout = "5s", graceful_stop = "0s", setup = silent, teardown = count)]
async fn crowded(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 200, iterations = 400, timeout = "500ms", setup = silent, teardown = count)]
async fn crowd(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

/// For as many milliseconds as `OVERLOAD_MS` says.
async fn overloaded(cx: &Setup) -> Result<Target, Error> {
    let ms = std::env::var("OVERLOAD_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(1500);
    let target = Target::start(Behaviour::Overloaded(Duration::from_millis(ms))).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(
    rate = 100,
    duration = "4s",
    warmup = "0s",
    backoff = true,
    thresholds("errors < 99%"),
    setup = overloaded,
    teardown = count
)]
async fn sparing(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

async fn one_counter(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::OneAtATime(Duration::from_millis(4))).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(
    load = Load::capacity("p99 < 60ms").from(25).up_to(800).probe("600ms"),
    timeout = "1s",
    max_in_flight = 100,
    thresholds("capacity > 60/s"),
    setup = one_counter,
    teardown = count
)]
async fn as_fast_as_it_goes(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

/// Of 500 a second one worker does no more.
#[perf_test(load = Load::capacity("p99 < 10s").from(50).up_to(5000).probe("600ms"), workers = 1, baseline(off))]
async fn as_fast_as_we_go() {
    let until = std::time::Instant::now() + Duration::from_millis(2);
    while std::time::Instant::now() < until {}
}

async fn slow_body(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::SlowBody(Duration::from_millis(700))).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(rate = 50, duration = "1s", warmup = "0s", timeout = "300ms", setup = slow_body, teardown = count)]
async fn dripping(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

async fn garbage(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::Garbage).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(rate = 50, duration = "1s", warmup = "0s", setup = garbage, teardown = count)]
async fn garbled(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

async fn few_connections(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::Connections(3)).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(users = 8, iterations = 400, connections = "user", setup = few_connections, teardown = count)]
async fn limited(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

/// One after the other: together they need one connection.
#[perf_test(users = 8, iterations = 400, workers = 1, pace = "20ms", setup = service, teardown = count)]
async fn sharing(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(
    users = 8,
    iterations = 400,
    workers = 1,
    pace = "20ms",
    connections = "user",
    setup = service,
    teardown = count
)]
async fn not_sharing(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(users = 8, duration = "1s", warmup = "500ms")]
async fn hungry() {
    let until = std::time::Instant::now() + Duration::from_micros(200);
    while std::time::Instant::now() < until {}
    tokio::task::yield_now().await;
}

/// Says on standard error where the load has come to.
fn tell_at(cx: &Cx, iteration: u64) {
    if cx.iteration() == iteration {
        eprintln!("[test] iteration {iteration}");
    }
}

#[perf_test(rate = 50, duration = "5s", warmup = "5s", setup = service, teardown = count)]
async fn long_warmup(cx: &Cx) -> Result<(), Error> {
    tell_at(cx, 20);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 20, duration = "500ms", warmup = "0s", timeout = "20s", setup = silent, teardown = count)]
async fn long_drain(cx: &Cx) -> Result<(), Error> {
    tell_at(cx, 9);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 50, duration = "30s", warmup = "100ms", setup = service, teardown = count)]
async fn long_load(cx: &Cx) -> Result<(), Error> {
    tell_at(cx, 40);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 4, duration = "30s", warmup = "0s", setup = one_counter, teardown = count)]
async fn long_users(cx: &Cx) -> Result<(), Error> {
    tell_at(cx, 40);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(load = Load::capacity("p99 < 60ms").from(25).up_to(800).probe("5s"), setup = service, teardown = count)]
async fn long_search(cx: &Cx) -> Result<(), Error> {
    tell_at(cx, 200);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(scenario = "bazaar", rate = 50, duration = "30s", warmup = "0s", setup = service, teardown = count)]
async fn haggle(cx: &Cx) -> Result<(), Error> {
    tell_at(cx, 40);
    cx.get("/").await?;
    Ok(())
}

#[perf_test(scenario = "bazaar", users = 2, duration = "30s", warmup = "0s", think = "10ms", setup = service)]
async fn drift(cx: &Cx) -> Result<(), Error> {
    cx.get("/drift").await?;
    Ok(())
}

async fn told(cx: &Setup) -> Result<Target, Error> {
    eprintln!("[test] set up");
    service(cx).await
}

#[perf_test(iterations = 1, ready = "http://127.0.0.1:9/health", setup = told, teardown = count)]
async fn long_wait() {}

/// As many milliseconds as `HANDLER_MS` says, so that a test can make the code slower.
async fn handler(cx: &Setup) -> Result<Target, Error> {
    let ms = std::env::var("HANDLER_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    let target = Target::start(Behaviour::After(Duration::from_millis(ms))).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

#[perf_test(rate = 200, duration = "1s", max_in_flight = 50, setup = handler)]
async fn drowning(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 3, duration = "2s", warmup = "0s")]
async fn unbridled() {
    tokio::task::yield_now().await;
}

#[perf_test(scenario = "shop", rate = 100, duration = "2s", warmup = "0s", weight = 3, setup = service, teardown = count)]
async fn browse(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(scenario = "shop", rate = 100, duration = "2s", warmup = "0s", weight = 1, start_after = "500ms", setup = service)]
async fn buy(cx: &Cx) -> Result<(), Error> {
    cx.get("/buy").await?;
    Ok(())
}

#[perf_test(scenario = "tourists", users = 2, duration = "2s", warmup = "0s", setup = service, teardown = count)]
async fn gaze(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(scenario = "tourists", users = 2, duration = "2s", warmup = "0s", setup = service)]
async fn stroll(cx: &Cx) -> Result<(), Error> {
    cx.get("/stroll").await?;
    Ok(())
}

#[perf_test(scenario = "visits", iterations = 3)]
async fn look() {}

#[perf_test(scenario = "visits", iterations = 5, ignore = "stays too long")]
async fn linger() {}

#[perf_test(iterations = 2, base_url = "http://127.0.0.1:9")]
async fn elsewhere(cx: &Cx) -> Result<(), Error> {
    cx.get("http://example.com/").await?;
    Ok(())
}

perf_harness::main!();
