//! A suite of four tests of a service that works for each request, as much as `HANDLER_WORK` says.

use perf_harness::prelude::*;
use project::{Behaviour, Target};

async fn service(cx: &Setup) -> Result<Target, Error> {
    let amount = std::env::var("HANDLER_WORK").ok().and_then(|amount| amount.parse().ok()).unwrap_or(0);
    let target = Target::start(Behaviour::Work(amount)).await?;
    cx.set_base_url(&target.url);
    Ok(target)
}

async fn request(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(rate = 500, duration = "10s", baseline("service.p50" = "3%", "service.p95", "cpu_per_iteration" = "3%"),
    setup = service)]
async fn open(cx: &Cx) -> Result<(), Error> {
    request(cx).await
}

#[perf_test(users = 8, duration = "10s", baseline("throughput" = "3%", "service.p95", "cpu_per_iteration" = "3%"),
    setup = service)]
async fn closed(cx: &Cx) -> Result<(), Error> {
    request(cx).await
}

#[perf_test(rate = 200, arrivals = "poisson", duration = "10s",
    baseline("service.p50" = "3%", "service.p95", "cpu_per_iteration" = "3%"), setup = service)]
async fn poisson(cx: &Cx) -> Result<(), Error> {
    request(cx).await
}

#[perf_test(users = 2, think = "2ms", duration = "10s",
    baseline("throughput" = "3%", "service.p95", "cpu_per_iteration" = "3%"), setup = service)]
async fn thoughtful(cx: &Cx) -> Result<(), Error> {
    request(cx).await
}

perf_harness::main!();
