//! Who is there: makes a worker's users before the load, runs their own set-up, and their tear-down after it.

use super::cx::Cx;
use super::desk::Desk;
use super::grace;
use super::http::{self, Resolver};
use super::offer::Offer;
use super::panics;
use super::roster::Roster;
use super::turn;
use crate::error::{Category, ClientError};
use crate::measure::{Attendance, Signal};
use crate::outcome::Failure;
use crate::plan::Connections;
use crate::plan::arrivals::Part;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::{Duration, Instant};

/// How many users are set up, or torn down, at the same time.
const AT_ONCE: usize = 64;
/// How long the tear-down of all of a worker's users may take.
pub(super) const LONGEST_LEAVE: Duration = Duration::from_mins(5);

/// Makes the users who are there from the start, and runs their set-up.
pub(super) async fn gather(
    desk: &mut Desk,
    offer: &mut Offer,
    resolver: &Resolver,
) -> Result<Attendance, ClientError> {
    let count = match offer {
        Offer::Closed(_) => {
            Roster::size(Part::ALL.split(desk.number, desk.plan.workers), &desk.plan) as usize
        }
        Offer::Open(arrivals) if desk.makes_users_first() => arrivals.slots,
        Offer::Open(_) => 0,
    };
    let slots: Vec<u32> = (0..count).map(|_| desk.add_user()).collect();
    if desk.plan.connections == Connections::User {
        for slot in &slots {
            let cx = desk.users.cx(*slot);
            let transport = http::transport(desk.test.client, resolver, Some(cx.user_id()))?;
            cx.transport.set(transport).unwrap_or_default();
        }
    }
    let failures = set_up(desk, &slots).await;
    for (slot, failure) in slots.iter().zip(&failures) {
        match offer {
            Offer::Open(arrivals) if failure.is_none() => arrivals.idle.push(*slot),
            Offer::Open(_) => {}
            Offer::Closed(users) => users.add(failure.is_none()),
        }
    }
    Ok(attendance(failures))
}

async fn set_up(desk: &Desk, slots: &[u32]) -> Vec<Option<Failure>> {
    let Some(setup) = desk.test.user_setup else {
        return slots.iter().map(|_| None).collect();
    };
    let each = async |cx: &Cx| {
        let state = setup(cx).await?;
        cx.set_user_state(state);
        Ok(())
    };
    // After a signal nobody begins any more.
    let is_over = || desk.live.signal().is_some();
    for_each_user(desk, slots, "user_setup", is_over, each).await
}

/// Runs the users' tear-down.
pub(super) async fn dismiss(desk: &Desk) -> Attendance {
    let Some(teardown) = desk.test.user_teardown else { return Attendance::default() };
    let began = Instant::now();
    let is_over = || {
        let until = began + LONGEST_LEAVE;
        Instant::now() > grace::end_of(&desk.live, began).map_or(until, |end| until.min(end))
    };
    let each = async |cx: &Cx| teardown(cx).await;
    attendance(for_each_user(desk, &leaving(desk), "user_teardown", is_over, each).await)
}

/// Those who are to be torn down.
pub(super) fn leaving(desk: &Desk) -> Vec<u32> {
    let slots = (0u32..).take(desk.users.count()).filter(|_| desk.test.user_teardown.is_some());
    slots.filter(|slot| desk.users.cx(*slot).has_user_state()).collect()
}

/// A few at a time while it is not over, each within the iteration's time limit and within a signal's grace.
async fn for_each_user(
    desk: &Desk,
    slots: &[u32],
    what: &str,
    is_over: impl Fn() -> bool,
    run: impl AsyncFn(&Cx) -> Result<(), Failure>,
) -> Vec<Option<Failure>> {
    let (began, limit) = (Instant::now(), desk.plan.timeout);
    let one = async |slot: &u32| {
        let cx = desk.users.cx(*slot);
        let mut running = Box::pin(turn::during(cx.user_id(), run(cx)));
        // A panic is this user's failure, not the worker's end.
        let guarded = poll_fn(|task| {
            let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(task)));
            polled
                .unwrap_or_else(|panic| Poll::Ready(Err(Failure::of_panic(&*panic, panics::take_location()))))
        });
        let late = |_| Err(Failure::new(Category::Timeout, format!("{what} took longer than {limit:?}")));
        match grace::within(&desk.live, began, tokio::time::timeout(limit, guarded)).await {
            Ok(ended) => ended.unwrap_or_else(late).err(),
            Err(signal) => Some(cut_off(what, signal)),
        }
    };
    let mut failures = Vec::with_capacity(slots.len());
    for few in slots.chunks(AT_ONCE) {
        if is_over() {
            failures.extend(few.iter().map(|_| Some(not_begun(what, desk.live.signal()))));
            continue;
        }
        failures.extend(together(few.iter().map(&one).collect()).await);
    }
    failures
}

fn cut_off(what: &str, signal: Signal) -> Failure {
    Failure::new(Category::Interrupted, format!("{what} was cut off by {}", signal.name()))
}

fn not_begun(what: &str, signal: Option<Signal>) -> Failure {
    match signal {
        Some(signal) => {
            Failure::new(Category::Interrupted, format!("{what} was not begun after {}", signal.name()))
        }
        None => Failure::new(
            Category::Timeout,
            format!("{what} was not begun: that of the others took longer than {LONGEST_LEAVE:?}"),
        ),
    }
}

fn attendance(failures: Vec<Option<Failure>>) -> Attendance {
    let users = failures.len() as u64;
    let failed = failures.iter().flatten().count() as u64;
    Attendance { users, failed, first: failures.into_iter().flatten().next() }
}

/// All of them at the same time, in this task.
async fn together<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|cx| {
        let mut is_done = true;
        for (future, output) in running.iter_mut().filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => *output = Some(value),
                Poll::Pending => is_done = false,
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
