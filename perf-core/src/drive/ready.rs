//! Sees that the target may be loaded, and waits until it is ready, or says what it was waiting for.

use super::control::Control;
use super::http;
use super::prepare::{PrepareError, Prepared, Setup, Test};
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

/// Tries until the probe succeeds; returns how long it took. Without a probe everything is ready.
pub fn wait(plan: &Plan, test: &Test, prepared: &Prepared, live: &Control) -> Result<Duration, PrepareError> {
    let host = prepared.base_url.as_deref().and_then(host_of);
    if let Some(host) = host.filter(|host| !plan.limits.allows(host)) {
        return Err(NotListed(host.to_owned()).into());
    }
    prepared.support.block_on(tried(plan, test, &prepared.cx, live))
}

async fn tried(plan: &Plan, test: &Test, cx: &Setup, live: &Control) -> Result<Duration, PrepareError> {
    let began = Instant::now();
    loop {
        let left = plan.ready_timeout.saturating_sub(began.elapsed()).max(PAUSE);
        let mut probing = Box::pin(probe(plan, test, cx));
        // A panic of the user's function is a try that failed.
        let guarded = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| probing.as_mut().poll(cx)));
            polled.unwrap_or_else(|panic| Poll::Ready(Err(Failure::of_panic(&*panic, None))))
        });
        let tried = tokio::time::timeout(left, guarded).await;
        let hangs = |_| Err(Failure::new(Category::Timeout, "the probe was still running"));
        let Err(last) = tried.unwrap_or_else(hangs) else {
            return Ok(began.elapsed());
        };
        let after = began.elapsed();
        if after >= plan.ready_timeout || live.signal().is_some() {
            return Err(PrepareError::NotReady { after, last });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn probe(plan: &Plan, test: &Test, cx: &Setup) -> Result<(), Failure> {
    if let Some(ready) = test.ready {
        ready(cx).await?;
    }
    match &plan.ready {
        Some(url) => http::probe(test.client, cx.base_url().as_deref(), url, TRY).await,
        None => Ok(()),
    }
}
