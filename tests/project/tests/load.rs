//! Perf tests for the end-to-end tests to run, one at a time.

#![allow(clippy::unused_async)] // a perf test is async, also one that waits for nothing

use perf_harness::prelude::*;
use project::elsewhere::Elsewhere;
use project::{Behaviour, Counts, Target};
use std::sync::Arc;
use std::time::Duration;

/// As many milliseconds as `HANDLER_MS` says, so that a test can make the code slower.
async fn handler(cx: &Setup) -> Result<Target, Error> {
    let ms = std::env::var("HANDLER_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    start(cx, Behaviour::After(Duration::from_millis(ms))).await
}

/// As much work as `HANDLER_WORK` says.
async fn worker(cx: &Setup) -> Result<Target, Error> {
    let amount = std::env::var("HANDLER_WORK").ok().and_then(|amount| amount.parse().ok()).unwrap_or(0);
    start(cx, Behaviour::Work(amount)).await
}

async fn start(cx: &Setup, behaviour: Behaviour) -> Result<Target, Error> {
    let target = Target::start(behaviour).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

async fn answers_500(cx: &Setup) -> Result<Target, Error> {
    start(cx, Behaviour::Status(500)).await
}

async fn silent(cx: &Setup) -> Result<Target, Error> {
    start(cx, Behaviour::Never).await
}

async fn resetting(cx: &Setup) -> Result<Target, Error> {
    start(cx, Behaviour::Reset).await
}

async fn hard_resetting(cx: &Setup) -> Result<Target, Error> {
    start(cx, Behaviour::HardReset).await
}

async fn freezing(cx: &Setup) -> Result<Target, Error> {
    start(cx, Behaviour::Frozen { from: Duration::from_secs(2), length: Duration::from_millis(500) }).await
}

async fn stalling(cx: &Setup) -> Result<Target, Error> {
    let (every, length) = (Duration::from_secs(2), Duration::from_millis(200));
    start(cx, Behaviour::Stalling { every, length }).await
}

async fn gone(cx: &Setup) -> Result<Arc<Counts>, Error> {
    Ok(start(cx, Behaviour::Never).await?.counts.clone())
}

async fn dying(cx: &Setup) -> Result<Arc<Counts>, Error> {
    let target = start(cx, Behaviour::After(Duration::ZERO)).await?;
    let counts = target.counts.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        target.kill();
    });
    Ok(counts)
}

/// A process of its own, which answers after as many milliseconds as `HANDLER_MS` says.
async fn process(cx: &Setup) -> Result<Arc<Elsewhere>, Error> {
    let ms = std::env::var("HANDLER_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    let target = Elsewhere::start(env!("CARGO_BIN_EXE_server"), Duration::from_millis(ms))?;
    cx.set_base_url(&target.url);
    cx.set_target_pid(target.pid);
    Ok(Arc::new(target))
}

async fn dying_process(cx: &Setup) -> Result<Arc<Elsewhere>, Error> {
    let target = process(cx).await?;
    let victim = target.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        victim.kill();
    });
    Ok(target)
}

/// Says what reached the target, for the driver to compare.
async fn count(target: &Target) -> Result<(), Error> {
    println!("{}", target.counts);
    Ok(())
}

async fn count_of_the_dead(counts: &Arc<Counts>) -> Result<(), Error> {
    println!("{counts}");
    Ok(())
}

async fn count_of_process(target: &Arc<Elsewhere>) -> Result<(), Error> {
    target.kill();
    println!("{}", target.counts()?);
    Ok(())
}

#[perf_test(rate = 200, duration = "1s", warmup = "0s", thresholds("p99 < 5s"), setup = handler, teardown = count)]
async fn holds(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(rate = 200, duration = "1s", thresholds("p50 < 1us"), setup = handler)]
async fn breaks(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(rate = 100, duration = "2s", baseline("p50"), setup = handler)]
async fn gated_open(cx: &Cx) -> Result<(), Error> {
    let response = cx.step("first", cx.get("/")).await?;
    cx.check("answered", response.status == 200);
    Ok(())
}

#[perf_test(
    rate = 100,
    duration = "2s",
    warmup = "0s",
    baseline("p50{step=first}", "wait.p50", "p50{way=only}"),
    setup = handler
)]
async fn gated_by_name(cx: &Cx) -> Result<(), Error> {
    let began = std::time::Instant::now();
    cx.step("first", cx.get("/")).await?;
    cx.trend("wait").record(began.elapsed());
    cx.tag("way", "only");
    Ok(())
}

#[perf_test(users = 4, duration = "2s", baseline("throughput"), setup = handler, tags("closed"))]
async fn gated_closed(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(rate = 100, duration = "3s", baseline("cpu_per_iteration"), setup = worker)]
async fn gated_cpu(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(rate = 2000, duration = "10s", warmup = "500ms")]
async fn exact_rate() {}

#[perf_test(
    iterations = 100,
    thresholds(
        "orders == 200",
        "queue.max <= 99",
        "render.p95 < 95ms",
        "hits >= 50%",
        "p50{cache=miss} < 1s"
    )
)]
async fn named(cx: &Cx) {
    cx.step("render", async {}).await;
    cx.check("answered", true);
    cx.counter("orders").add(2);
    cx.gauge("queue").set(cx.iteration());
    cx.trend("render").record(Duration::from_millis(cx.iteration()));
    cx.trend("rows").record(cx.iteration());
    cx.rate("hits").record(cx.iteration().is_multiple_of(2));
    cx.tag("cache", if cx.iteration().is_multiple_of(4) { "miss" } else { "hit" });
}

#[perf_test(iterations = 500, thresholds("ordres >= 1", "orders < 5ms"))]
async fn misnamed(cx: &Cx) {
    cx.check(format!("order {}", cx.iteration()), true);
    cx.counter("orders").add(1);
    cx.gauge("orders").set(1);
}

#[perf_test(
    rate = 100,
    duration = "30s",
    warmup = "0s",
    workers = 2,
    thresholds(abort("errors < 50%", window = "2s", after = "1s"), "p99 < 10s")
)]
async fn aborts(cx: &Cx) -> Result<(), String> {
    match cx.iteration() {
        0..200 => Ok(()),
        number => Err(format!("order {number} is lost")),
    }
}

#[perf_test(rate = 100, duration = "1s", setup = answers_500, teardown = count)]
async fn server_error(cx: &Cx) -> Result<perf_harness::Response, Error> {
    Ok(cx.get("/").await?)
}

#[perf_test(rate = 100, duration = "1s", setup = gone, teardown = count_of_the_dead)]
async fn refused(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 100, duration = "1s", setup = resetting, teardown = count)]
async fn reset(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 100, duration = "1s", setup = hard_resetting, teardown = count)]
async fn reset_hard(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

/// A server that knows no TLS is asked for it.
async fn plain_for_https(cx: &Setup) -> Result<Target, Error> {
    let target = Target::start(Behaviour::After(Duration::ZERO)).await?;
    cx.set_base_url(target.url.replace("http://", "https://"));
    Ok(target)
}

#[perf_test(rate = 100, duration = "1s", setup = plain_for_https)]
async fn not_tls(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 1, iterations = 4, base_url = "http://no-such-host.invalid")]
async fn no_such_host(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 2, iterations = 40, thresholds("p95{step=never} < 1s", "checks > 99%"))]
async fn no_data(cx: &Cx) {
    cx.step("once", tokio::task::yield_now()).await;
}

#[perf_test(rate = 100, duration = "1s", timeout = "200ms", setup = silent, teardown = count)]
async fn timed_out(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 100, duration = "1s", warmup = "0s", graceful_stop = "300ms", max_in_flight = 20, setup = silent, teardown = count)]
async fn dropped(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 200, duration = "1500ms", warmup = "0s", timeout = "2s", setup = dying, teardown = count_of_the_dead)]
async fn killed(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(
    rate = 200,
    duration = "1500ms",
    warmup = "100ms",
    timeout = "2s",
    setup = dying_process,
    teardown = count_of_process
)]
async fn killed_process(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 200, duration = "1s", max_in_flight = 50, setup = process, teardown = count_of_process)]
async fn drowning_process(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 3, iterations = 30)]
async fn panics(cx: &Cx) {
    assert!(!cx.iteration().is_multiple_of(3), "every third one");
    tokio::task::yield_now().await;
}

#[perf_test(rate = 200, duration = "5s", warmup = "0s", setup = freezing, teardown = count, thresholds("errors < 1%"))]
async fn frozen_open(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(users = 1, duration = "5s", warmup = "0s", setup = freezing, teardown = count)]
async fn frozen_closed(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 200, duration = "4s", warmup = "0s")]
async fn blocking(cx: &Cx) {
    if cx.iteration() == 400 {
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[perf_test(rate = 200, duration = "6s", warmup = "500ms", setup = handler)]
async fn long(cx: &Cx) -> Result<(), Error> {
    if cx.iteration() == 300 {
        eprintln!("in the middle of it");
    }
    cx.get("/").await?;
    Ok(())
}

#[perf_test(rate = 100, duration = "13s", warmup = "500ms", setup = stalling)]
async fn stalls(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?;
    Ok(())
}

/// A target that somebody else started.
#[perf_test(rate = 300, duration = "2s", warmup = "200ms")]
async fn elsewhere(cx: &Cx) -> Result<(), Error> {
    let text = cx.get("/hello.txt").await?.expect_status(200)?.text()?.to_owned();
    cx.check("the whole file", text == "hello\n");
    Ok(())
}

#[perf_test(iterations = 3, ignore = "not now")]
async fn set_aside() {}

perf_harness::main!();
