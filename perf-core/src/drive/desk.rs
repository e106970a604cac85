//! Starts and ends a worker's iterations, and hands what happened to the recorder.

use super::backoff::Backoff;
use super::clock::Clock;
use super::closed::Closed;
use super::control::Control;
use super::cx::{Common, Cx};
use super::grace::GRACE;
use super::offer::Offer;
use super::open::{Late, Open};
use super::panics;
use super::prepare::Test;
use super::standstill::Standstill;
use super::start::Start;
use super::users::{Ended, Users};
use crate::error::Category;
use crate::measure::recorder::Recorder;
use crate::measure::sample::{Drop, Ending, Phase, Sample};
use crate::measure::{Curbed, Stopped};
use crate::outcome::{Failure, Outcome};
use crate::plan::{Plan, nanos};
use std::rc::Rc;
use std::sync::Arc;

/// Arrivals started in one turn before the runtime has its turn.
const BATCH: usize = 64;
/// How long users whose iterations never wait keep the runtime from its turn.
const LONGEST_TURN: u64 = 100_000;

/// An iteration that was started.
#[derive(Clone, Copy)]
pub(super) struct Running {
    phase: Phase,
    intended: u64,
    started: u64,
}

pub(super) struct Desk {
    pub(super) plan: Arc<Plan>,
    pub(super) test: Test,
    pub(super) common: Rc<Common>,
    pub(super) number: u32,
    pub(super) clock: Clock,
    pub(super) users: Users<Running>,
    pub(super) recorder: Recorder,
    pub(super) live: Control,
    pub(super) timeout: u64,
    /// By the wall.
    pub(super) now: u64,
    pub(super) standstill: Standstill,
    /// Where the test is to spare its target.
    pub(super) backoff: Option<Backoff>,
    /// Once the system let this process open no more.
    pub(super) curbed: Option<Curbed>,
    /// Nothing new starts any more.
    pub(super) is_draining: bool,
}

impl Desk {
    pub(super) fn tick(&mut self) {
        self.now = self.clock.now();
        self.recorder.advance(self.schedule());
    }

    /// Now, by the schedule's clock.
    #[inline]
    pub(super) fn schedule(&self) -> u64 {
        self.standstill.schedule(self.now)
    }

    /// Whether nothing may begin until somebody says so.
    #[inline]
    pub(super) fn stands_still(&self) -> bool {
        self.standstill.stands_still(self.now)
    }

    /// One more user; returns its slot.
    pub(super) fn add_user(&mut self) -> u32 {
        let id = self.users.count() as u64 * u64::from(self.plan.workers) + u64::from(self.number);
        let cx = Rc::new(Cx::of_user(id, self.common.clone()));
        self.users.add((self.test.user)(cx))
    }

    pub(super) fn start_arrivals(&mut self, arrivals: &mut Open) {
        let now = self.schedule();
        let late = arrivals.fall_due(now, self.backoff.as_mut());
        self.drop_late(late);
        for _ in 0..BATCH {
            let Some(start) = arrivals.take(now, self.backoff.as_mut()) else { return };
            let slot = match self.has_room() {
                true => arrivals.idle.pop().or_else(|| self.grow(arrivals.slots)),
                false => None,
            };
            match slot {
                Some(slot) => {
                    if self.start(slot, start) {
                        arrivals.idle.push(slot);
                    }
                }
                None => self.recorder.drop_arrivals(start.phase, Drop::MaxInFlight, 1, start.intended),
            }
        }
    }

    /// Whether users have something of their own, which takes time to make: then they are made before the load.
    pub(super) fn makes_users_first(&self) -> bool {
        self.test.makes_users_first(&self.plan)
    }

    /// Whether one more may run, for all the system lets this process open.
    #[inline]
    fn has_room(&self) -> bool {
        self.curbed.is_none_or(|curbed| (self.users.in_flight() as u64) < curbed.in_flight)
    }

    /// From now on only as many run at a time as do without the one that could open nothing.
    fn curb(&mut self) {
        let in_flight = (self.users.in_flight() as u64).max(1);
        let at = self.schedule();
        let curbed = self.curbed.get_or_insert(Curbed { at, in_flight });
        curbed.in_flight = curbed.in_flight.min(in_flight);
    }

    fn grow(&mut self, most: usize) -> Option<u32> {
        (self.users.count() < most && !self.makes_users_first()).then(|| self.add_user())
    }

    /// Counts what has waited so long that more arrivals are waiting than may be in flight.
    pub(super) fn drop_late(&mut self, late: Late) {
        for (phase, count) in [(Phase::Warmup, late.warmup), (Phase::Measured, late.measured)] {
            if count > 0 {
                self.recorder.drop_arrivals(phase, Drop::Late, count, self.standstill.schedule(self.now));
            }
        }
    }

    pub(super) fn start_users(&mut self, users: &mut Closed) {
        let now = self.schedule();
        if let Some(backoff) = &self.backoff {
            users.restrain(backoff, now);
        }
        if let Some(curbed) = self.curbed {
            users.curb(curbed.in_flight);
        }
        users.advance(now);
        self.recorder.set_users(users.wanted());
        let (until, curbed) = (self.now + LONGEST_TURN, self.curbed);
        while self.now < until && self.curbed == curbed && self.start_user(users) {}
    }

    /// Starts the iteration of the user who has waited longest; says whether there was one.
    #[inline]
    fn start_user(&mut self, users: &mut Closed) -> bool {
        if self.stands_still() {
            return false;
        }
        let Some((slot, start)) = users.take(self.schedule()) else { return false };
        if self.start(slot, start) {
            users.release(slot, start.intended, self.schedule());
        }
        true
    }

    /// Returns whether it has ended already.
    #[inline]
    fn start(&mut self, slot: u32, start: Start) -> bool {
        let Start { number, intended, phase } = start;
        // On the schedule's clock it stood still meanwhile; times are by the wall.
        let intended = intended + self.standstill.shift();
        let running = Running { phase, intended, started: self.now };
        self.recorder.start(phase);
        self.users.cx(slot).begin(number);
        match self.users.start(slot, running) {
            Some(ended) => {
                self.end(slot, running, ended);
                true
            }
            None => {
                // What the test function did before it waited took its time: the next one starts after it.
                self.now = self.clock.now();
                false
            }
        }
    }

    #[inline]
    fn end(&mut self, slot: u32, running: Running, ended: Ended) {
        let ending = match ended {
            Ok(Outcome::Succeeded) => Ending::Succeeded,
            Ok(Outcome::Failed(failure)) => self.failed(failure),
            Err(panic) => Ending::Failed(Failure::of_panic(&*panic, panics::take_location())),
        };
        self.now = self.clock.now();
        self.record(slot, running, ending);
    }

    /// Some failures say something to the load.
    fn failed(&mut self, failure: Failure) -> Ending {
        if failure.category == Category::Exhausted {
            self.live.end(Stopped::OutOfData(failure.message.clone()));
        }
        if let (Some(backoff), Some(wait)) = (&mut self.backoff, failure.overload) {
            backoff.complaint(self.standstill.schedule(self.now), wait);
        }
        if matches!(failure.category, Category::Descriptors | Category::Ports) {
            self.curb();
        }
        Ending::Failed(failure)
    }

    #[inline]
    fn record(&mut self, slot: u32, running: Running, ending: Ending) {
        let Running { phase, intended, started } = running;
        let at = self.schedule();
        let beyond = self.standstill.still_for(self.now);
        let Desk { users, recorder, .. } = self;
        let cx = users.cx(slot);
        let thought = cx.thought();
        if beyond > 0 && phase == Phase::Measured && matches!(ending, Ending::Succeeded) {
            recorder.overhang(beyond, self.now.saturating_sub(started));
        }
        let (user, iteration) = (cx.user_id(), cx.iteration());
        let sample =
            Sample { user, iteration, phase, intended, started, finished: self.now, thought, ending };
        recorder.record(&sample, at, || cx.steps());
        cx.drain_marks(|mark| recorder.mark(mark, &sample, at));
    }

    fn release(&self, offer: &mut Offer, slot: u32, running: Running) {
        match offer {
            Offer::Open(arrivals) => arrivals.idle.push(slot),
            Offer::Closed(users) => {
                let intended = running.intended.saturating_sub(self.standstill.shift());
                users.release(slot, intended, self.schedule());
            }
        }
    }

    pub(super) fn end_woken(&mut self, offer: &mut Offer) {
        self.users.gather_woken();
        while let Some((slot, running, ended)) = self.users.next_ended() {
            self.end(slot, running, ended);
            self.release(offer, slot, running);
            self.go_on(offer);
        }
    }

    /// A user without a pause goes on at once, while what it uses is still warm: not only when all others had their turn.
    fn go_on(&mut self, offer: &mut Offer) {
        if let Offer::Closed(users) = offer
            && !self.is_draining
            && !self.live.is_stopped()
        {
            self.start_user(users);
        }
    }

    /// All iterations have one time limit, so the one that began first reaches it first.
    pub(super) fn expire(&mut self, offer: &mut Offer) {
        while let Some((slot, running)) = self.users.oldest() {
            if self.now.saturating_sub(running.started) < self.timeout {
                return;
            }
            self.users.cancel(slot);
            self.record(slot, running, Ending::TimedOut);
            self.release(offer, slot, running);
        }
    }

    pub(super) fn next_timeout(&self) -> u64 {
        self.users.oldest().map_or(u64::MAX, |(_, running)| running.started.saturating_add(self.timeout))
    }

    pub(super) fn give_up_at(&self, graceful: u64) -> u64 {
        match self.live.stopped() {
            Some((Stopped::Signal(_), at)) => {
                let since_start = at.saturating_duration_since(self.clock.instant(0));
                graceful.min(nanos(since_start + GRACE))
            }
            _ => graceful,
        }
    }

    pub(super) fn give_up(&mut self) {
        while let Some((slot, running)) = self.users.oldest() {
            self.users.cancel(slot);
            self.record(slot, running, Ending::Interrupted);
        }
    }
}
