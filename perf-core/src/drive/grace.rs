//! How long whatever runs may go on after a signal: what sent it will not wait longer.
//!
//! What was begun may come to its end within the grace, since what it began is to be cleaned up behind it. A function that
//! blocks its thread hears nothing of this: only a second signal ends it.

use super::control::Control;
use crate::measure::{Signal, Stopped};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// From the signal on.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// What cleans up has its chance, also where the grace was used up before it began.
const LEAST: Duration = Duration::from_millis(500);

/// Until when something may run that began at an instant.
pub(super) fn end(signalled: Instant, began: Instant) -> Instant {
    (signalled + GRACE).max(began + LEAST)
}

/// The same, once there was a signal.
pub(super) fn end_of(live: &Control, began: Instant) -> Option<Instant> {
    match live.stopped()? {
        (Stopped::Signal(_), at) => Some(end(at, began)),
        _ => None,
    }
}

/// Runs something that began at an instant to its end, or to that of the grace; of what was cut off the signal is left.
pub(super) async fn within<T>(
    live: &Control,
    began: Instant,
    run: impl Future<Output = T>,
) -> Result<T, Signal> {
    let over = async {
        let (signal, at) = live.signalled().await;
        tokio::time::sleep_until(end(at, began).into()).await;
        signal
    };
    unless(over, run).await
}

/// Runs it to its end, or to the first signal: for what needs no cleaning up.
pub(super) async fn until_signalled<T>(live: &Control, run: impl Future<Output = T>) -> Result<T, Signal> {
    unless(async { live.signalled().await.0 }, run).await
}

async fn unless<T, E>(end: impl Future<Output = E>, run: impl Future<Output = T>) -> Result<T, E> {
    let (mut end, mut run) = (pin!(end), pin!(run));
    poll_fn(|cx| match run.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => end.as_mut().poll(cx).map(Err),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_counts_from_the_signal_and_what_begins_after_it_has_a_moment_of_its_own() {
        let signalled = Instant::now();
        let later = |ms| signalled + Duration::from_millis(ms);
        assert_eq!(
            [0, 2400, 2600, 9000].map(|ms| end(signalled, later(ms))),
            [3000, 3000, 3100, 9500].map(later)
        );
    }

    #[test]
    fn what_never_ends_is_cut_off_and_what_ends_in_time_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let live = Control::default();
            live.stop(Signal::Terminate);
            assert_eq!(until_signalled(&live, std::future::pending::<()>()).await, Err(Signal::Terminate));
            let short = tokio::time::sleep(Duration::from_millis(20));
            let began = Instant::now();
            assert_eq!(within(&live, began, short).await, Ok(()));
            assert_eq!(within(&live, began, std::future::pending::<()>()).await, Err(Signal::Terminate));
        });
    }
}
