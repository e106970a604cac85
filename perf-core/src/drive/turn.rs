//! Whose turn it is: the user whose functions this thread polls right now.
//!
//! For what the users of a worker share and that has to tell them apart all the same. A task that a test function
//! spawned is polled in nobody's turn.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;

const NOBODY: u64 = u64::MAX;

thread_local! {
    static TURN: Cell<u64> = const { Cell::new(NOBODY) };
}

/// The number of the user whose turn it is.
pub fn user() -> Option<u64> {
    Some(TURN.get()).filter(|user| *user != NOBODY)
}

/// Polls something of a user's in its turn. A panic is to be caught inside `poll`: a guard that ends the turn in any case
/// costs 3 ns an iteration.
#[inline]
pub fn take<T>(user: u64, poll: impl FnOnce() -> T) -> T {
    TURN.set(user);
    let polled = poll();
    TURN.set(NOBODY);
    polled
}

/// Runs a future to its end, every poll of it in the user's turn.
pub async fn during<F: Future>(user: u64, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| take(user, || future.as_mut().poll(cx))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn between_polls_it_is_nobodys_turn() {
        let mut twice = pin!(during(7, async {
            let first = user();
            let mut waited = false;
            poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending })
                .await;
            (first, user())
        }));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(twice.as_mut().poll(&mut cx).is_pending());
        assert_eq!(user(), None);
        assert_eq!(twice.as_mut().poll(&mut cx), Poll::Ready((Some(7), Some(7))));
        assert_eq!(user(), None);
    }
}
