//! Sees that the target may be loaded, and waits until it is ready, or says what it was waiting for.

use super::control::Control;
use super::grace;
use super::http;
use super::prepare::{PrepareError, Prepared, Test};
use crate::error::Category;
use crate::outcome::Failure;
use crate::plan::Plan;
use crate::plan::limits::{NotListed, host_of};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// One try of an address.
const TRY: Duration = Duration::from_secs(5);

/// Tries until the probe succeeds; returns how long it took. Without a probe everything is ready, unless the run is to end.
/// Then the target's name is resolved, so that no iteration waits for that.
pub fn wait(plan: &Plan, test: &Test, prepared: &Prepared, live: &Control) -> Result<Duration, PrepareError> {
    if let Some(signal) = live.signal() {
        return Err(PrepareError::ended(signal, "before its target was ready"));
    }
    let host = prepared.base_url.as_deref().and_then(host_of);
    if let Some(host) = host.filter(|host| !plan.limits.allows(host)) {
        return Err(NotListed(host.to_owned()).into());
    }
    let mut last = Failure::new(Category::Timeout, "the first probe was still running");
    let trying = async {
        let took = tried(plan, test, prepared, &mut last).await?;
        if let Some(url) = &prepared.base_url {
            tokio::time::timeout(TRY, prepared.resolver.prepare(url)).await.ok();
        }
        Ok(took)
    };
    match prepared.support.block_on(grace::until_signalled(live, trying)) {
        Ok(Ok(took)) => Ok(took),
        Ok(Err(after)) => Err(PrepareError::NotReady { after, last }),
        Err(signal) => {
            let during = format!("while its target was not ready: {} ({})", last.message, last.category);
            Err(PrepareError::ended(signal, during))
        }
    }
}

/// How long it took, or how long it was tried in vain.
async fn tried(
    plan: &Plan,
    test: &Test,
    prepared: &Prepared,
    last: &mut Failure,
) -> Result<Duration, Duration> {
    let began = Instant::now();
    loop {
        let left = plan.ready_timeout.saturating_sub(began.elapsed()).max(PAUSE);
        let mut probing = Box::pin(probe(plan, test, prepared));
        // A panic of the user's function is a try that failed.
        let guarded = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| probing.as_mut().poll(cx)));
            polled.unwrap_or_else(|panic| Poll::Ready(Err(Failure::of_panic(&*panic, None))))
        });
        let tried = tokio::time::timeout(left, guarded).await;
        let hangs = |_| Err(Failure::new(Category::Timeout, "the probe was still running"));
        let Err(failure) = tried.unwrap_or_else(hangs) else {
            return Ok(began.elapsed());
        };
        *last = failure;
        let after = began.elapsed();
        if after >= plan.ready_timeout {
            return Err(after);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn probe(plan: &Plan, test: &Test, prepared: &Prepared) -> Result<(), Failure> {
    let Prepared { cx, resolver, .. } = prepared;
    if let Some(ready) = test.ready {
        ready(cx).await?;
    }
    match &plan.ready {
        Some(url) => {
            let address = http::address(cx.base_url().as_deref(), url);
            http::probe(test.client, resolver, &address, TRY).await
        }
        None => Ok(()),
    }
}
