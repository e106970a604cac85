//! Runs the iterations of many users inside the worker's own task.
//!
//! A slot keeps its memory and its waker for ever; starting an iteration in it allocates nothing. The first poll happens
//! at once, inline: what is ready needs no task at all. Says nothing of time but the order in which iterations began, and
//! nothing of who is to begin next.

use super::cx::Cx;
use super::turn;
use crate::outcome::Outcome;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// One user's iterations, whatever the type of their future: begun in place, polled, cleared.
pub trait User {
    /// Makes the future of the next iteration and polls it.
    fn start(&mut self, cx: &mut Context<'_>) -> Poll<Outcome>;
    /// Polls it; drops it when it is ready.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome>;
    /// Drops it as it is.
    fn clear(&mut self);
    /// What the test function is handed.
    fn cx(&self) -> Rc<Cx>;
}

struct Iterations<F, M> {
    cx: Rc<Cx>,
    future: Pin<Box<Option<F>>>,
    make: M,
}

/// A user of a test function. One box for as long as the user lives: the engine need not know the function's type.
pub fn user<T>(cx: Rc<Cx>, test: T) -> Box<dyn User>
where
    T: AsyncFn(&Cx) -> Outcome + Copy + 'static,
{
    let of_iteration = cx.clone();
    let make = move || {
        let cx = of_iteration.clone();
        async move { test(&cx).await }
    };
    Box::new(Iterations { cx, future: Box::pin(None), make })
}

impl<F: Future<Output = Outcome>, M: Fn() -> F> User for Iterations<F, M> {
    #[inline]
    fn start(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.future.set(Some((self.make)()));
        self.poll(cx)
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let polled = self.future.as_mut().as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx));
        if polled.is_ready() {
            self.future.set(None);
        }
        polled
    }

    fn clear(&mut self) {
        self.future.set(None);
    }

    fn cx(&self) -> Rc<Cx> {
        self.cx.clone()
    }
}

/// What a future came to: its outcome, or what its panic carried.
pub type Ended = Result<Outcome, Box<dyn Any + Send>>;

/// The users of one worker. `T` is kept with each running iteration.
pub struct Users<T> {
    slots: Vec<Slot<T>>,
    running: usize,
    woken: Arc<Woken>,
    batch: Vec<u32>,
    oldest: u32,
    newest: u32,
}

struct Slot<T> {
    user: Box<dyn User>,
    cx: Rc<Cx>,
    running: Option<T>,
    alarm: Arc<Alarm>,
    waker: Waker,
    // Neighbours among the running ones, in the order of their start.
    older: u32,
    newer: u32,
}

const NONE: u32 = u32::MAX;

/// Which slots want to be polled; filled from any thread.
#[derive(Default)]
struct Woken(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    slots: Vec<u32>,
    worker: Option<Waker>,
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Alarm {
    slot: u32,
    queued: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut queue = self.woken.lock();
        queue.slots.push(self.slot);
        let worker = queue.worker.take();
        drop(queue);
        if let Some(worker) = worker {
            worker.wake();
        }
    }
}

impl<T: Copy> Users<T> {
    /// Nobody yet.
    pub fn none() -> Self {
        Users {
            slots: Vec::new(),
            running: 0,
            woken: Arc::default(),
            batch: Vec::new(),
            oldest: NONE,
            newest: NONE,
        }
    }

    /// One more; returns its slot.
    pub fn add(&mut self, user: Box<dyn User>) -> u32 {
        let slot = u32::try_from(self.slots.len()).unwrap_or(NONE);
        let alarm = Arc::new(Alarm { slot, queued: AtomicBool::new(false), woken: self.woken.clone() });
        let waker = Waker::from(alarm.clone());
        let cx = user.cx();
        self.slots.push(Slot { user, cx, running: None, alarm, waker, older: NONE, newer: NONE });
        slot
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// How many have an iteration running.
    pub fn in_flight(&self) -> usize {
        self.running
    }

    /// What the user's test function is handed.
    pub fn cx(&self, slot: u32) -> &Cx {
        &self.slots[slot as usize].cx
    }

    /// Starts an iteration of a user that runs none, and polls it once; says how it ended when it did.
    #[inline]
    pub fn start(&mut self, slot: u32, running: T) -> Option<Ended> {
        let Slot { user, cx, waker, .. } = &mut self.slots[slot as usize];
        let start = || catch_unwind(AssertUnwindSafe(|| user.start(&mut Context::from_waker(waker))));
        let polled = turn::take(cx.user_id(), start);
        if let Some(ended) = self.ended(slot, polled) {
            return Some(ended);
        }
        self.running += 1;
        self.slots[slot as usize].running = Some(running);
        self.link(slot);
        None
    }

    #[inline]
    fn poll(&mut self, slot: u32) -> Option<Ended> {
        let Slot { user, cx, waker, .. } = &mut self.slots[slot as usize];
        let poll = || catch_unwind(AssertUnwindSafe(|| user.poll(&mut Context::from_waker(waker))));
        let polled = turn::take(cx.user_id(), poll);
        self.ended(slot, polled)
    }

    #[inline]
    fn ended(&mut self, slot: u32, polled: Result<Poll<Outcome>, Box<dyn Any + Send>>) -> Option<Ended> {
        match polled {
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(outcome)) => Some(Ok(outcome)),
            Err(panic) => {
                self.clear(slot);
                Some(Err(panic))
            }
        }
    }

    /// Drops the future. A destructor of the test function's own may panic, too; it has ended all the same.
    fn clear(&mut self, slot: u32) {
        let user = &mut self.slots[slot as usize].user;
        catch_unwind(AssertUnwindSafe(|| user.clear())).ok();
    }

    fn link(&mut self, slot: u32) {
        let previous = std::mem::replace(&mut self.newest, slot);
        (self.slots[slot as usize].older, self.slots[slot as usize].newer) = (previous, NONE);
        match previous {
            NONE => self.oldest = slot,
            previous => self.slots[previous as usize].newer = slot,
        }
    }

    fn unlink(&mut self, slot: u32) -> Option<T> {
        let Slot { older, newer, running, .. } = &mut self.slots[slot as usize];
        let (older, newer, running) = (*older, *newer, running.take()?);
        match older {
            NONE => self.oldest = newer,
            older => self.slots[older as usize].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.slots[newer as usize].older = older,
        }
        self.running -= 1;
        Some(running)
    }

    /// The running iteration that began first.
    pub fn oldest(&self) -> Option<(u32, T)> {
        let slot = self.slots.get(self.oldest as usize)?;
        slot.running.map(|running| (self.oldest, running))
    }

    /// Gives up what runs in the slot.
    pub fn cancel(&mut self, slot: u32) {
        if self.unlink(slot).is_some() {
            self.clear(slot);
        }
    }

    /// Takes the slots that were woken so far: those that are woken from now on have their turn after them.
    pub fn gather_woken(&mut self) {
        if self.batch.is_empty() {
            std::mem::swap(&mut self.batch, &mut self.woken.lock().slots);
            // Popped from the end below; the first woken is to be the first polled.
            self.batch.reverse();
        }
    }

    /// Polls the gathered slots until one's iteration ends; `None` when all have been polled.
    pub fn next_ended(&mut self) -> Option<(u32, T, Ended)> {
        while let Some(slot) = self.batch.pop() {
            self.slots[slot as usize].alarm.queued.store(false, Ordering::Release);
            if self.slots[slot as usize].running.is_none() {
                continue;
            }
            if let Some(ended) = self.poll(slot) {
                let running = self.unlink(slot)?;
                return Some((slot, running, ended));
            }
        }
        None
    }

    /// Whether some slot wants to be polled.
    pub fn has_woken(&self) -> bool {
        !self.woken.lock().slots.is_empty()
    }

    /// Ready as soon as some slot wants to be polled.
    pub fn poll_any_woken(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.woken.lock();
        if !queue.slots.is_empty() {
            return Poll::Ready(());
        }
        if queue.worker.as_ref().is_none_or(|worker| !worker.will_wake(cx.waker())) {
            queue.worker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}
