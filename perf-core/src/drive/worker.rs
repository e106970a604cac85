//! One worker: a thread, a runtime of its own, and the loop that starts what is due and records what has ended.

use super::attendance;
use super::backoff::Backoff;
use super::clock::Clock;
use super::control::Control;
use super::cpu;
use super::cx::Common;
use super::desk::Desk;
use super::http::Resolver;
use super::offer::{self, Offer};
use super::pacer::Pacer;
use super::prepare::Test;
use super::standstill::Standstill;
use super::users::Users;
use crate::error::ClientError;
use crate::measure::recorder::Recorder;
use crate::measure::{Attendance, Blocked, Farewell, Stopped, WorkerCpu};
use crate::plan::arrivals::Scaling;
use crate::plan::{Plan, nanos};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A worker that does not get back to its loop for so long was blocked.
const BLOCKED: u64 = 100_000_000;
const MOST_BLOCKED: usize = 1000;
/// Tokio's timers are cheap only while one is due soon: with none, each new one costs a system call.
const TIMER_TICK: Duration = Duration::from_millis(10);
/// A worker that needs more of its core in the warm-up gets help.
const RESERVED: f64 = 0.7;
/// A shorter warm-up shows nothing.
const LEAST_LOOK: u64 = 200_000_000;
/// An arrival that waits no longer than this is not late.
const PROMPT: u64 = 1_000_000;
/// Longer than a timer is late, as a rule.
const SPIN: u64 = 200_000;

/// What a worker is given before it starts.
pub struct Job {
    /// What to do.
    pub plan: Arc<Plan>,
    /// The user's functions.
    pub test: Test,
    /// What all its users share.
    pub common: Rc<Common>,
    /// What their clients resolve names by.
    pub resolver: Resolver,
    /// Which one it is.
    pub number: u32,
    /// Its part of the load.
    pub offer: Offer,
    /// How many changes of the load that part has followed already.
    pub scaled: usize,
    /// Takes what happens.
    pub recorder: Recorder,
    /// The wish to stop.
    pub live: Control,
}

/// The loop's state. `offer` says what may start, `desk` starts and ends it.
pub struct Worker {
    offer: Offer,
    desk: Desk,
    resolver: Resolver,
    pacer: Pacer,
    /// The next order from outside.
    order: Pin<Box<dyn Future<Output = ()>>>,
    /// Of the orders that were seen.
    version: u64,
    /// How many changes of the load were made.
    scaled: usize,
    blocked: Vec<Blocked>,
    /// When the loop was to be back at the latest.
    expected: u64,
    /// When measuring began in this worker, and what its thread and the process had needed by then.
    measuring: Option<(u64, u64, u64)>,
    /// What it had needed when the load began.
    began_with: Option<u64>,
    cpu: Option<WorkerCpu>,
    drained: Duration,
}

impl Worker {
    /// Inside the worker's runtime. Users of a closed load are made now, those of an open one when they are needed, unless
    /// they have a set-up of their own.
    pub fn new(job: Job) -> std::io::Result<Self> {
        let Job { plan, test, common, resolver, number, offer, scaled, recorder, live } = job;
        let backoff = plan.backoff.then(Backoff::default);
        let (order, version) = (Box::pin(live.changed()), live.version());
        let (timeout, clock) = (nanos(plan.timeout), Clock::starting(Instant::now()));
        let desk = Desk {
            plan,
            test,
            common,
            number,
            clock,
            users: Users::none(),
            recorder,
            live,
            timeout,
            now: 0,
            standstill: Standstill::default(),
            backoff,
            curbed: None,
            is_draining: false,
        };
        Ok(Worker {
            offer,
            desk,
            resolver,
            pacer: Pacer::new()?,
            order,
            version,
            scaled,
            blocked: Vec::new(),
            expected: u64::MAX,
            measuring: None,
            began_with: None,
            cpu: None,
            drained: Duration::ZERO,
        })
    }

    /// Makes the users who are there from the start, and runs their set-up.
    pub async fn gather(&mut self) -> Result<Attendance, ClientError> {
        attendance::gather(&mut self.desk, &mut self.offer, &self.resolver).await
    }

    /// Until the load is over and everything that was started is recorded.
    pub async fn run(mut self, clock: Clock) -> Self {
        self.desk.clock = clock;
        tokio::task::spawn_local(async {
            loop {
                tokio::time::sleep(TIMER_TICK).await;
            }
        });
        let start = self.desk.clock.instant(0);
        poll_fn(|cx| match self.desk.live.is_stopped() || self.order.as_mut().poll(cx).is_ready() {
            true => Poll::Ready(()),
            false => self.pacer.poll_until(start, cx),
        })
        .await;
        self.obey();
        if !self.desk.live.is_stopped() {
            poll_fn(|cx| self.pacer.poll_until(start, cx)).await;
        }
        self.began_with = cpu::of_this_thread();
        while !self.desk.live.is_stopped() && !self.offer.is_over(self.desk.schedule()) {
            self.turn();
            if !self.offer.is_over(self.desk.schedule()) {
                self.wait().await;
            }
        }
        self.drain().await;
        self.desk.recorder.send_the_rest();
        self
    }

    /// How many users are to be torn down.
    pub fn leaving(&self) -> u64 {
        attendance::leaving(&self.desk).len() as u64
    }

    /// The users' tear-down, and what there is to say at the end.
    pub async fn leave(self) -> Farewell {
        let left = attendance::dismiss(&self.desk).await;
        let backed = self.desk.backoff.map(Backoff::into_history).unwrap_or_default();
        let curbed = self.desk.curbed;
        Farewell { blocked: self.blocked, left, backed, curbed, drained: self.drained, cpu: self.cpu }
    }

    /// Looks what was asked from outside since the last time.
    fn obey(&mut self) {
        self.version = self.desk.live.version();
        self.order = Box::pin(self.desk.live.changed());
        let orders = self.desk.live.orders();
        self.desk.standstill = Standstill::of(&orders.pauses, &self.desk.clock);
        let Desk { plan, clock, .. } = &self.desk;
        let scalings = offer::scalings(plan, self.desk.makes_users_first(), &orders, clock);
        for scaling in scalings.into_iter().skip(self.scaled) {
            self.scaled += 1;
            self.scale(scaling);
        }
    }

    /// Changes the load from an instant of the schedule on; users who are missing come in.
    fn scale(&mut self, scaling: Scaling) {
        self.offer.scale(&self.desk.plan, scaling);
        if let Offer::Closed(users) = &mut self.offer {
            while users.wants_more() {
                self.desk.add_user();
                users.add(true);
            }
        }
    }

    /// Takes the thread's CPU time where measuring begins, and looks whether the warm-up left it a reserve.
    fn note_the_start(&mut self) {
        if self.measuring.is_some() || self.desk.schedule() < nanos(self.desk.plan.warmup) {
            return;
        }
        let accounts = cpu::of_this_thread().zip(cpu::of_this_process());
        self.measuring = accounts.map(|(ran, process)| (self.desk.schedule(), ran, process));
        let (Some((now, ran, _)), Some(before)) = (self.measuring, self.began_with) else { return };
        let plan = &self.desk.plan;
        let share = ran.saturating_sub(before) as f64 / now.max(1) as f64;
        if share > RESERVED && now >= LEAST_LOOK && plan.workers < plan.most_workers && !plan.precise {
            self.desk.live.end(Stopped::TooFewWorkers);
        }
    }

    fn note_the_end(&mut self) {
        let accounts = cpu::of_this_thread().zip(cpu::of_this_process());
        let (Some((since, before, all_before)), Some((ran, process))) = (self.measuring, accounts) else {
            return;
        };
        let between = |before: u64, after: u64| Duration::from_nanos(after.saturating_sub(before));
        self.cpu = Some(WorkerCpu {
            ran: between(before, ran),
            process: between(all_before, process),
            wall: between(since, self.desk.schedule()),
        });
    }

    fn turn(&mut self) {
        if self.desk.live.version() != self.version {
            self.obey();
        }
        self.desk.tick();
        self.note_the_start();
        self.notice_a_block(self.expected);
        let began = self.desk.now;
        match &mut self.offer {
            _ if self.desk.stands_still() => {}
            Offer::Open(arrivals) => self.desk.start_arrivals(arrivals),
            Offer::Closed(users) => self.desk.start_users(users),
        }
        self.desk.end_woken(&mut self.offer);
        self.desk.expire(&mut self.offer);
        self.desk.now = self.desk.clock.now();
        if self.desk.stands_still() && self.desk.users.in_flight() == 0 {
            self.desk.recorder.rest(self.version);
        }
        let schedule = self.desk.schedule();
        if let Some(backoff) = &mut self.desk.backoff {
            backoff.climb(schedule);
        }
        self.notice_a_block(began);
    }

    fn notice_a_block(&mut self, since: u64) {
        let length = self.desk.now.saturating_sub(since);
        if length >= BLOCKED && self.blocked.len() < MOST_BLOCKED {
            let at = self.desk.standstill.schedule(since);
            self.blocked.push(Blocked { at, length: Duration::from_nanos(length) });
        }
    }

    /// Until something is due, something was woken, or somebody wants to stop.
    async fn wait(&mut self) {
        let next = self.offer.next_at(self.desk.schedule());
        self.sleep(self.desk.standstill.wall(next, self.desk.now)).await;
    }

    async fn sleep(&mut self, until: u64) {
        let Worker { desk, pacer, order, version, .. } = self;
        let edge = desk.standstill.wall(desk.recorder.next_edge(), desk.now);
        let until = until.min(edge).min(desk.next_timeout());
        self.expected = until.max(desk.now);
        let spin = if desk.plan.precise { SPIN } else { 0 };
        if until <= desk.now + spin || desk.users.has_woken() {
            // The runtime's own tasks (connections, for example) must have their turn.
            tokio::task::yield_now().await;
            return;
        }
        let instant = desk.clock.instant(until - spin);
        poll_fn(|cx| {
            if desk.users.poll_any_woken(cx).is_ready()
                || desk.live.version() != *version
                || order.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(());
            }
            pacer.poll_until(instant, cx)
        })
        .await;
    }

    /// Until when of the schedule arrivals should have started: what fell due when the end was asked for is not planned any more.
    fn due_before_it_was_ended(&self, schedule: u64) -> u64 {
        let Some((_, at)) = self.desk.live.stopped() else { return schedule };
        let ended = self.desk.standstill.past(self.desk.clock.at(at));
        schedule.min(ended.saturating_sub(PROMPT))
    }

    /// No new starts; waits for what is running, then gives it up.
    async fn drain(&mut self) {
        self.desk.tick();
        self.desk.is_draining = true;
        self.note_the_end();
        let (began, schedule) = (self.desk.now, self.desk.schedule());
        if self.desk.live.is_stopped() || self.offer.is_over_by_clock(schedule) {
            self.desk.recorder.begin_drain(schedule);
        }
        // Only where somebody ended it is anything left: what was due and could not start.
        let late = self.offer.give_up(self.due_before_it_was_ended(schedule));
        self.desk.drop_late(late);
        let graceful = began.saturating_add(nanos(self.desk.plan.graceful_stop));
        while self.desk.users.in_flight() > 0 && self.desk.now < self.desk.give_up_at(graceful) {
            self.sleep(self.desk.give_up_at(graceful)).await;
            if self.desk.live.version() != self.version {
                self.obey();
            }
            self.desk.tick();
            self.notice_a_block(self.expected);
            let turn = self.desk.now;
            self.desk.end_woken(&mut self.offer);
            self.desk.expire(&mut self.offer);
            self.desk.now = self.desk.clock.now();
            self.notice_a_block(turn);
        }
        self.desk.give_up();
        self.drained = Duration::from_nanos(self.desk.clock.now().saturating_sub(began));
    }
}
