//! One worker: a thread, a runtime of its own, and the loop that starts what is due and records what has ended.

use super::clock::Clock;
use super::control::Live;
use super::cx::{Common, Cx};
use super::offer::{Arrivals, Loop, Offer};
use super::pacer::Pacer;
use super::panics;
use super::prepare::Test;
use super::users::{Ended, Users};
use crate::measure::Blocked;
use crate::measure::recorder::Recorder;
use crate::measure::sample::{Drop, Ending, Phase, Sample};
use crate::outcome::{Failure, Outcome};
use crate::plan::load::Load;
use crate::plan::{Plan, nanos};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Arrivals started in one turn before the runtime has its turn.
const BATCH: usize = 64;
/// How long users whose iterations never wait keep the runtime from its turn.
const LONGEST_TURN: u64 = 100_000;
/// A worker that does not get back to its loop for so long was blocked.
const BLOCKED: u64 = 100_000_000;
const MOST_BLOCKED: usize = 1000;
/// What sent a signal waits no longer.
const DRAIN_AFTER_SIGNAL: u64 = 3_000_000_000;
/// Tokio's timers are cheap only while one is due soon: with none, each new one costs a system call.
const TIMER_TICK: Duration = Duration::from_millis(10);

/// What a worker is given before it starts.
pub struct Job {
    /// What to do.
    pub plan: Arc<Plan>,
    /// The user's functions.
    pub test: Test,
    /// What all its users share.
    pub common: Rc<Common>,
    /// Which one it is.
    pub number: u32,
    /// Its part of the load.
    pub offer: Offer,
    /// Takes what happens.
    pub recorder: Recorder,
    /// The wish to stop.
    pub live: Live,
}

#[derive(Clone, Copy)]
struct Running {
    phase: Phase,
    intended: u64,
    started: u64,
}

/// The loop's state. `offer` says what may start, `desk` starts and ends it.
pub struct Worker {
    offer: Offer,
    desk: Desk,
    pacer: Pacer,
    stopping: Pin<Box<dyn Future<Output = ()>>>,
    blocked: Vec<Blocked>,
    /// When the loop was to be back at the latest.
    expected: u64,
}

struct Desk {
    plan: Arc<Plan>,
    test: Test,
    common: Rc<Common>,
    number: u32,
    clock: Clock,
    users: Users<Running>,
    recorder: Recorder,
    live: Live,
    timeout: u64,
    now: u64,
}

impl Worker {
    /// Inside the worker's runtime. Users of a closed load are made now, those of an open one when they are needed.
    pub fn new(job: Job, clock: Clock) -> std::io::Result<Self> {
        let Job { plan, test, common, number, offer, recorder, live } = job;
        let stopping = Box::pin(live.stopping());
        let timeout = nanos(plan.timeout);
        let mut desk =
            Desk { plan, test, common, number, clock, users: Users::none(), recorder, live, timeout, now: 0 };
        if let Load::Closed { users, .. } = desk.plan.load {
            let own = (users + desk.plan.workers - 1 - number) / desk.plan.workers;
            (0..own).for_each(|_| desk.add_user());
        }
        Ok(Worker { offer, desk, pacer: Pacer::new()?, stopping, blocked: Vec::new(), expected: u64::MAX })
    }

    /// Until the load is over and everything that was started is recorded.
    pub async fn run(mut self) -> Vec<Blocked> {
        tokio::task::spawn_local(async {
            loop {
                tokio::time::sleep(TIMER_TICK).await;
            }
        });
        let start = self.desk.clock.instant(0);
        poll_fn(|cx| self.pacer.poll_until(start, cx)).await;
        while !self.desk.live.is_stopped() && !self.offer.is_over(self.desk.now) {
            self.turn();
            self.wait().await;
        }
        self.drain().await;
        self.desk.recorder.finish();
        self.blocked
    }

    fn turn(&mut self) {
        self.desk.tick();
        self.notice_a_block(self.expected);
        let began = self.desk.now;
        match &mut self.offer {
            Offer::Open(arrivals) => self.desk.start_arrivals(arrivals),
            Offer::Closed(users) => self.desk.start_users(users),
        }
        self.desk.end_woken();
        self.desk.expire();
        self.desk.now = self.desk.clock.now();
        self.notice_a_block(began);
    }

    fn notice_a_block(&mut self, since: u64) {
        let length = self.desk.now.saturating_sub(since);
        if length >= BLOCKED && self.blocked.len() < MOST_BLOCKED {
            self.blocked.push(Blocked { at: since, length: Duration::from_nanos(length) });
        }
    }

    /// Until something is due, something was woken, or somebody wants to stop.
    async fn wait(&mut self) {
        let has_idle = matches!(self.offer, Offer::Closed(_)) && self.desk.users.has_idle();
        let next = if has_idle { self.desk.now } else { self.offer.next_at() };
        self.sleep(next).await;
    }

    async fn sleep(&mut self, until: u64) {
        let Worker { desk, pacer, stopping, .. } = self;
        let until = until.min(desk.recorder.next_edge()).min(desk.next_timeout());
        self.expected = until.max(desk.now);
        if until <= desk.now {
            // The runtime's own tasks (connections, for example) must have their turn.
            tokio::task::yield_now().await;
            return;
        }
        let instant = desk.clock.instant(until);
        poll_fn(|cx| {
            if desk.users.poll_any_woken(cx).is_ready()
                || (!desk.live.is_stopped() && stopping.as_mut().poll(cx).is_ready())
            {
                return Poll::Ready(());
            }
            pacer.poll_until(instant, cx)
        })
        .await;
    }

    /// No new starts; waits for what is running, then gives it up.
    async fn drain(&mut self) {
        self.desk.tick();
        let began = self.desk.now;
        if self.desk.live.is_stopped() || self.offer.is_over_by_clock(began) {
            self.desk.recorder.begin_drain(began);
        }
        if let Offer::Open(arrivals) = &mut self.offer {
            // Only after a signal is anything left: what was due and could not start.
            self.desk.drop_late(arrivals, 0);
        }
        let graceful = began.saturating_add(nanos(self.desk.plan.graceful_stop));
        while self.desk.users.in_flight() > 0 && self.desk.now < self.desk.give_up_at(graceful) {
            self.sleep(self.desk.give_up_at(graceful)).await;
            self.desk.tick();
            self.notice_a_block(self.expected);
            let turn = self.desk.now;
            self.desk.end_woken();
            self.desk.expire();
            self.desk.now = self.desk.clock.now();
            self.notice_a_block(turn);
        }
        self.desk.give_up();
    }
}

impl Desk {
    fn tick(&mut self) {
        self.now = self.clock.now();
        self.recorder.advance(self.now);
    }

    fn add_user(&mut self) {
        let id = self.users.count() as u64 * u64::from(self.plan.workers) + u64::from(self.number);
        let cx = Rc::new(Cx::of_user(id, self.common.clone()));
        self.users.add((self.test.user)(cx));
    }

    fn start_arrivals(&mut self, arrivals: &mut Arrivals) {
        self.drop_late(arrivals, arrivals.share);
        let due = self.now;
        for _ in 0..BATCH {
            let Some(arrival) = arrivals.take(due) else { return };
            if !self.users.has_idle() && (self.users.count() as u64) < arrivals.share {
                self.add_user();
            }
            match self.users.take_newest_idle() {
                Some(slot) => self.start(slot, arrival.number, arrival.phase, arrival.intended),
                None => self.recorder.drop_arrivals(arrival.phase, Drop::MaxInFlight, 1, arrival.intended),
            }
        }
    }

    /// Drops what has waited so long that more arrivals are waiting than may be in flight.
    fn drop_late(&mut self, arrivals: &mut Arrivals, keep: u64) {
        let (warm, measured) = arrivals.skip_due(self.now, keep);
        for (phase, count) in [(Phase::Warmup, warm), (Phase::Measured, measured)] {
            if count > 0 {
                self.recorder.drop_arrivals(phase, Drop::Late, count, self.now);
            }
        }
    }

    fn start_users(&mut self, users: &mut Loop) {
        let until = self.now + LONGEST_TURN;
        while self.users.has_idle() && self.now < until {
            let Some((number, phase)) = users.take(self.now) else {
                return;
            };
            let Some(slot) = self.users.take_oldest_idle() else {
                return;
            };
            self.start(slot, number, phase, self.now);
        }
    }

    #[inline]
    fn start(&mut self, slot: u32, number: u64, phase: Phase, intended: u64) {
        let running = Running { phase, intended, started: self.now };
        self.recorder.start(phase);
        self.users.cx(slot).begin(number);
        if let Some(ended) = self.users.start(slot, running) {
            self.end(slot, running, ended);
        }
    }

    fn end(&mut self, slot: u32, running: Running, ended: Ended) {
        let ending = match ended {
            Ok(Outcome::Succeeded) => Ending::Succeeded,
            Ok(Outcome::Failed(failure)) => Ending::Failed(failure),
            Err(panic) => Ending::Failed(Failure::of_panic(&*panic, panics::take_location())),
        };
        self.now = self.clock.now();
        self.record(slot, running, ending);
    }

    fn record(&mut self, slot: u32, running: Running, ending: Ending) {
        let Running { phase, intended, started } = running;
        self.recorder.record(&Sample { phase, intended, started, finished: self.now, ending });
        let Desk { users, recorder, .. } = self;
        users.cx(slot).drain_marks(|mark| recorder.mark(phase, mark));
    }

    fn end_woken(&mut self) {
        while let Some((slot, running, ended)) = self.users.next_ended() {
            self.end(slot, running, ended);
        }
    }

    /// All iterations have one time limit, so the one that began first reaches it first.
    fn expire(&mut self) {
        while let Some((slot, running)) = self.users.oldest() {
            if self.now.saturating_sub(running.started) < self.timeout {
                return;
            }
            self.users.cancel(slot);
            self.record(slot, running, Ending::TimedOut);
        }
    }

    fn next_timeout(&self) -> u64 {
        self.users.oldest().map_or(u64::MAX, |(_, running)| running.started.saturating_add(self.timeout))
    }

    fn give_up_at(&self, graceful: u64) -> u64 {
        match self.live.stopped_at() {
            Some(at) => {
                let since_start = at.saturating_duration_since(self.clock.instant(0));
                graceful.min(nanos(since_start) + DRAIN_AFTER_SIGNAL)
            }
            None => graceful,
        }
    }

    fn give_up(&mut self) {
        while let Some((slot, running)) = self.users.oldest() {
            self.users.cancel(slot);
            self.record(slot, running, Ending::Interrupted);
        }
    }
}
