//! balter, which looks for a rate and adds tasks until it gets there. On one thread its own work lags behind its tasks, and
//! fewer requests come of it; so it has its threads.

use super::{Said, bare_reqwest};
use crate::load::{LENGTH, Load, RATE, USERS};
use anyhow::Context;
use balter::Hint;
use balter::prelude::*;
use reqwest::Client;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How it comes to a closed load.
pub(super) const REMARK: &str = "balter has no closed load: it is asked for 100,000/s, and tasks beyond 64 wait for ever; \
    its percentiles are of its last sample, and none where that was not done in time";

/// Its last sample may end a little later than the load; it may also begin again, for another second and another.
const LATEST_END: Duration = LENGTH.saturating_add(Duration::from_millis(200));
/// More than one core can offer; not much more, since it adds tasks in proportion.
const OUT_OF_REACH: u32 = 100_000;

/// Scenarios take no arguments.
static TARGET: OnceLock<(Client, String)> = OnceLock::new();
static TASKS: AtomicU32 = AtomicU32::new(0);

pub(super) fn run(load: Load, url: &str) -> anyhow::Result<Said> {
    let target = (bare_reqwest::client()?, url.to_owned());
    TARGET.get_or_init(|| target);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let concurrency = Hint::Concurrency(USERS as usize);
    let ran = runtime.block_on(async {
        match load {
            Load::Closed => {
                timeout(LATEST_END, users().tps(OUT_OF_REACH).hint(concurrency).duration(LENGTH)).await
            }
            Load::Open => timeout(LATEST_END, arrivals().tps(RATE).hint(concurrency).duration(LENGTH)).await,
        }
    });
    let Ok(ran) = ran else {
        return Ok(Said::default());
    };
    anyhow::ensure!(ran.error_rate == 0.0, "{} of the requests failed", ran.error_rate);
    let nanos = |duration: Duration| Some(duration.as_nanos() as f64);
    Ok(Said { p50_ns: nanos(ran.latency_p50), p99_ns: nanos(ran.latency_p99) })
}

#[scenario]
async fn users() {
    if TASKS.fetch_add(1, Ordering::Relaxed) >= USERS {
        std::future::pending::<()>().await;
    }
    loop {
        request().await.ok(); // counted by the transaction
    }
}

#[scenario]
async fn arrivals() {
    request().await.ok(); // counted by the transaction
}

#[transaction]
async fn request() -> anyhow::Result<usize> {
    let (client, url) = TARGET.get().context("no target")?;
    Ok(bare_reqwest::request(client, url).await?)
}
