//! This project's engine, driven as a `#[perf_test]` is, without warm-up, report and gate.

use super::Said;
use crate::load::{LENGTH, Load, RATE, USERS};
use perf_core::analyze::summary::Summary;
use perf_core::drive::control::Control;
use perf_core::drive::cx::Cx;
use perf_core::drive::engine;
use perf_core::drive::prepare::{Prepared, Test};
use perf_core::drive::users::user;
use perf_core::metric::{Metric, Timed};
use perf_core::outcome::IntoOutcome;
use perf_core::plan::Plan;
use perf_core::plan::spec::{Overrides, PerfSpec};
use std::time::Duration;

/// By the engine's own request.
pub(super) fn by_get(load: Load, url: &str) -> anyhow::Result<Said> {
    drive(load, url, &Test::of(|cx| user(cx, async |cx: &Cx| cx.get("/").await.settle().await)))
}

/// By the worker's client, as the bare loop does it.
pub(super) fn by_client(load: Load, url: &str) -> anyhow::Result<Said> {
    drive(load, url, &Test::of(|cx| user(cx, async |cx: &Cx| request(cx).await.into_outcome())))
}

async fn request(cx: &Cx) -> reqwest::Result<()> {
    let response = cx.http().get(cx.base_url().unwrap_or_default()).send().await?;
    response.bytes().await.map(drop)
}

fn drive(load: Load, url: &str, test: &Test) -> anyhow::Result<Said> {
    let plan = Plan::resolve("request", "peers", &spec(load, url), &Overrides::default());
    let plan = plan.map_err(|errors| anyhow::anyhow!("no plan: {errors:?}"))?;
    let prepared = Prepared::set_up(&plan, test, &Control::default())?;
    let recording = engine::drive(&plan, test, &prepared, &Control::default())?;
    let summary = Summary::of(&plan, &recording);
    let errors = summary.counts.errors();
    anyhow::ensure!(errors == 0, "{errors} errors: {:?}", summary.errors);
    let percentile = |percent| summary.value(&Metric::percentile(Timed::Response, percent)?);
    Ok(Said { p50_ns: percentile(50.0), p99_ns: percentile(99.0) })
}

/// One worker, as the bare loops have one thread.
fn spec(load: Load, url: &str) -> PerfSpec {
    let common = PerfSpec {
        base_url: Some(url.to_owned().into()),
        duration: Some(LENGTH),
        warmup: Some(Duration::ZERO),
        workers: Some(1),
        ..PerfSpec::default()
    };
    match load {
        Load::Closed => PerfSpec { users: Some(USERS), ..common },
        Load::Open => PerfSpec { rate: Some(RATE.into()), ..common },
    }
}
