//! Watches over a load that runs: adds up what the workers send, tells how it stands, and knows when to give one up.

use super::alarm::Alarm;
use super::clock::Clock;
use super::control::Control;
use super::crew::{Crew, Message};
use super::herald::{Herald, Now, Samples};
use super::known::{Known, Patience};
use super::offer;
use super::open::{Dealt, Late};
use super::standstill::Standstill;
use crate::error::Category;
use crate::measure::edges::Edges;
use crate::measure::recorder::Slice;
use crate::measure::sample::{Counts, Phase};
use crate::measure::{
    Altered, Attendance, Backed, Blocked, Collection, Curbed, Ended, Preparation, Recording, Scaled,
    WorkerCpu,
};
use crate::outcome::Failure;
use crate::plan::arrivals::Scaling;
use crate::plan::{Plan, nanos};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

/// After so many deaths a worker is not replaced again.
const MOST_DEATHS: usize = 3;
const LOOK_AROUND: Duration = Duration::from_millis(50);

/// A load that runs.
pub(super) struct Watch<'a> {
    plan: &'a Plan,
    live: &'a Control,
    pub(super) crew: Crew,
    edges: Edges,
    collection: Collection,
    clock: Clock,
    start: Instant,
    began: SystemTime,
    blocked: Vec<Blocked>,
    left: Attendance,
    backed: Vec<Backed>,
    curbed: Vec<Curbed>,
    drained: Duration,
    worker_cpu: Vec<WorkerCpu>,
    workers: Vec<Known>,
    lost: Vec<(u32, u64)>,
    alarm: Alarm<'a>,
    herald: Herald<'a>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        crew: Crew,
        edges: Edges,
        live: &'a Control,
        start: Instant,
        samples: Samples,
    ) -> Self {
        let mut watch = Watch {
            plan,
            live,
            edges,
            collection: Collection::new(edges, plan.rounds),
            clock: Clock::starting(start),
            start,
            began: SystemTime::now(),
            blocked: Vec::new(),
            left: Attendance::default(),
            backed: Vec::new(),
            curbed: Vec::new(),
            drained: Duration::ZERO,
            worker_cpu: Vec::new(),
            workers: vec![Known::since(start, None); plan.workers as usize],
            crew,
            lost: Vec::new(),
            alarm: Alarm::of(plan, edges, live),
            herald: Herald::of(plan, edges, live, samples),
        };
        watch.tell();
        watch
    }

    pub(super) fn collect(&mut self, messages: &Receiver<Message>) {
        while self.workers.iter().any(|worker| !worker.ended) {
            self.tell();
            match messages.recv_timeout(LOOK_AROUND) {
                Ok(Message::Slice(slice)) => self.add(slice),
                Ok(Message::Ended(worker, farewell)) => {
                    self.workers[worker as usize].ended = true;
                    self.blocked.extend(farewell.blocked);
                    self.left.merge(farewell.left);
                    self.backed.extend(farewell.backed);
                    self.curbed.extend(farewell.curbed);
                    self.drained = self.drained.max(farewell.drained);
                    self.worker_cpu.extend(farewell.cpu);
                }
                Ok(Message::Recorded(worker, leaving)) => {
                    let known = &mut self.workers[worker as usize];
                    (known.heard, known.leaving) = (Instant::now(), Some(leaving));
                }
                Ok(Message::Ready(..)) | Err(RecvTimeoutError::Timeout) => self.give_up_the_overdue(),
                Ok(Message::CannotStart(worker, _)) => self.give_up(worker),
                Ok(Message::Died(worker)) => self.replace(worker),
                Err(RecvTimeoutError::Disconnected) => {
                    (0..self.plan.workers).for_each(|worker| self.give_up(worker));
                }
            }
        }
        (0..self.plan.workers).for_each(|worker| self.drop_the_unserved(worker));
    }

    fn add(&mut self, mut slice: Box<Slice>) {
        let known = &mut self.workers[slice.worker as usize];
        if known.ended {
            return; // given up; its counts were taken from the live ones
        }
        known.heard = Instant::now();
        for (told, tally) in known.told.iter_mut().zip([&slice.warmup, &slice.measured]) {
            told.merge(&tally.counts);
        }
        self.collection.add(&slice);
        self.alarm.look(&slice, &self.collection.measured);
        self.herald.hear(&slice);
        slice.clear();
        // A worker that has ended takes nothing back.
        self.crew.backs[slice.worker as usize].send(slice).unwrap_or_default();
    }

    fn tell(&mut self) {
        let now = self.moment();
        self.herald.tell(&self.collection, now);
    }

    fn moment(&self) -> Now {
        let standstill = self.standstill();
        Now {
            at: standstill.schedule(self.clock.now()),
            is_frozen: standstill.is_frozen(),
            is_stopped: self.live.is_stopped(),
        }
    }

    fn give_up_the_overdue(&mut self) {
        let (now, standstill) = (Instant::now(), self.standstill());
        let Watch { plan, start, live, .. } = self;
        let patience =
            Patience { plan, start: *start, now, standstill: &standstill, stopped: live.stopped() };
        let overdue: Vec<u32> = (0..self.plan.workers)
            .zip(&self.workers)
            .filter(|(_, worker)| !worker.ended && now > patience.with(worker))
            .map(|(number, _)| number)
            .collect();
        overdue.into_iter().for_each(|worker| self.give_up(worker));
    }

    /// A worker that died is a bug of this crate; the load goes on all the same, and the loss is told.
    fn replace(&mut self, worker: u32) {
        let was_recorded = self.workers[worker as usize].leaving.is_some();
        self.give_up(worker);
        let deaths = self.lost.iter().filter(|(number, _)| *number == worker).count();
        let is_over = self.schedule() >= self.end();
        if was_recorded || is_over || deaths > MOST_DEATHS || self.live.is_stopped() {
            return;
        }
        let dealt = self.workers[worker as usize].dealt;
        if self.crew.replace(worker, dealt.unwrap_or_default(), &self.scalings(), self.start).is_ok() {
            self.workers[worker as usize] = Known::since(Instant::now(), dealt);
        }
    }

    /// Whatever falls due is planned, also where nobody was left to start it.
    fn drop_the_unserved(&mut self, worker: u32) {
        let known = self.workers[worker as usize];
        let Some(dealt) = known.dealt.filter(|_| known.leaving.is_none()) else { return };
        let until = self.live.stopped().map_or(u64::MAX, |(_, at)| self.standstill().past(self.clock.at(at)));
        let until = until.min(self.end());
        let Late { warmup, measured } = self.crew.unserved(worker, dealt, &self.scalings(), until);
        for (phase, dropped_late) in Phase::ALL.into_iter().zip([warmup, measured]) {
            let counts = Counts { planned: dropped_late, dropped_late, ..Counts::default() };
            self.add_lost(worker, phase, &counts);
        }
    }

    /// Of the load, by the schedule, where the clock ends it.
    fn end(&self) -> u64 {
        self.plan.measured_for().map_or(u64::MAX, |length| self.edges.origin + nanos(length))
    }

    /// Now, by the schedule.
    fn schedule(&self) -> u64 {
        self.standstill().schedule(self.clock.now())
    }

    fn scalings(&self) -> Vec<Scaling> {
        let orders = self.live.orders();
        offer::scalings(self.plan, self.crew.makes_users_first(), &orders, &self.clock)
    }

    fn standstill(&self) -> Standstill {
        Standstill::of(&self.live.orders().pauses, &self.clock)
    }

    /// Takes what the worker published of itself in the place of what it never sent.
    fn give_up(&mut self, worker: u32) {
        let known = &mut self.workers[worker as usize];
        if std::mem::replace(&mut known.ended, true) {
            return;
        }
        if let Some(leaving) = known.leaving {
            let lost = format!("worker {worker} never came back from its users' tear-down");
            let first = (leaving > 0).then(|| Failure::new(Category::Timeout, lost));
            self.left.merge(Attendance { users: leaving, failed: leaving, first });
            return;
        }
        let (told, before) = (known.told, known.dealt.map_or(0, |dealt| dealt.arrivals));
        let published = Phase::ALL.map(|phase| self.crew.live_counts[worker as usize].load(phase));
        let arrivals = before + published.iter().map(|counts| counts.planned).sum::<u64>();
        let spared = self.plan.backoff.then(|| self.schedule());
        self.workers[worker as usize].dealt = Some(Dealt { arrivals, spared });
        let mut iterations = 0;
        for (phase, (published, told)) in Phase::ALL.into_iter().zip(published.iter().zip(told)) {
            let mut lost = published.without(&told);
            lost.interrupted += published.in_flight();
            iterations += lost.completed() + lost.interrupted;
            self.add_lost(worker, phase, &lost);
        }
        self.lost.push((worker, iterations));
    }

    /// Adds what a worker that is gone would have told.
    fn add_lost(&mut self, worker: u32, phase: Phase, lost: &Counts) {
        let at = self.schedule();
        let tally = match phase {
            Phase::Warmup => &mut self.collection.warmup,
            Phase::Measured => &mut self.collection.measured,
        };
        tally.counts.merge(lost);
        let gone = format!("worker {worker} never came back to its loop, or died");
        for (category, count) in [
            (Category::Interrupted, lost.interrupted),
            (Category::Dropped, lost.dropped()),
            (Category::Timeout, lost.timed_out),
            (Category::Other, lost.failed),
        ] {
            if count > 0 {
                tally.errors.add(category, count, at, &gone);
            }
        }
    }

    /// How long was measured: as planned, unless somebody ended it before.
    fn measured_for(&self) -> Duration {
        let planned = match self.plan.is_counted() {
            true => Duration::from_nanos(self.collection.last_finish()),
            false => self.plan.measured_for().unwrap_or_default(),
        };
        let Some((_, at)) = self.live.stopped() else { return planned };
        let stopped = self.standstill().past(self.clock.at(at)).saturating_sub(self.edges.origin);
        planned.min(Duration::from_nanos(stopped))
    }

    /// By somebody, or by the target's complaints.
    fn altered(&self) -> Option<Altered> {
        let scaled =
            self.scalings().last().map(|last| Altered::Scaled { at: last.from, factor: last.factor });
        scaled.or_else(|| backed_off(&self.backed))
    }

    pub(super) fn into_recording(mut self, preparation: Preparation) -> Recording {
        self.backed.sort_by_key(|backed| backed.at);
        let (measured_for, altered, now) = (self.measured_for(), self.altered(), self.moment());
        self.herald.finish(&self.collection, now);
        let gaps = self.standstill().gaps().to_vec();
        let scaled = self.scalings().iter().map(|one| Scaled { at: one.from, factor: one.factor }).collect();
        Recording {
            began: self.began,
            warmup_length: self.plan.warmup,
            preparation,
            gaps,
            altered,
            backed: self.backed,
            scaled,
            curbed: self.curbed,
            ended: Ended { drain: self.drained, ..Ended::default() },
            blocked: self.blocked,
            lost: self.lost,
            left: self.left,
            worker_cpu: self.worker_cpu,
            alerts: self.alarm.into_raised(),
            stopped_by: self.live.stopped().map(|(why, _)| why),
            ..self.collection.into_recording(nanos(measured_for))
        }
    }
}

/// Of changes in order.
fn backed_off(backed: &[Backed]) -> Option<Altered> {
    let least = backed.iter().map(|backed| backed.factor).reduce(f64::min)?;
    Some(Altered::BackedOff { at: backed.first()?.at, least })
}
