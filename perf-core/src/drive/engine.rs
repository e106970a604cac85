//! Runs one load: starts the workers, adds up what they send, and ends with a recording, whatever they do.

use super::clock::Clock;
use super::control::{Live, Snapshot};
use super::cx::Common;
use super::http;
use super::offer::{Claims, Offer};
use super::panics;
use super::prepare::{Prepared, Test};
use super::worker::{Job, Worker};
use crate::error::Category;
use crate::measure::edges::{Edges, TimedRounds};
use crate::measure::recorder::{CountedRounds, LiveCounts, Recorder, Rules, Slice};
use crate::measure::sample::{Counts, Phase};
use crate::measure::{Blocked, Collection, Preparation, Recording};
use crate::metric::{Quantile, Statistic};
use crate::plan::load::Load;
use crate::plan::{Plan, nanos};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const TICK: Duration = Duration::from_secs(1);
/// The workers' first look at their pacers.
const HEAD_START: Duration = Duration::from_millis(2);
/// How long a worker that should be done may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK_AROUND: Duration = Duration::from_millis(50);
const LONGEST_DRAIN_AFTER_SIGNAL: Duration = Duration::from_secs(3);

/// Why no load was offered at all.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No thread, no descriptor for the reactor or the timer.
    #[error("worker {0} cannot start: {1}")]
    Worker(u32, std::io::Error),
    /// The user's client.
    #[error("{0}")]
    Client(String),
}

enum Message {
    Ready,
    CannotStart(EngineError),
    Slice(Box<Slice>),
    Ended(u32, Vec<Blocked>),
}

/// Offers the plan's load and records what happens.
pub fn drive(plan: &Plan, test: &Test, prepared: &Prepared, live: &Live) -> Result<Recording, EngineError> {
    let began = Instant::now();
    let edges = edges(plan);
    let (send, messages) = channel();
    let crew = Crew::hire(plan, test, prepared, live, edges, &send)?;
    crew.wait_until_ready(&messages)?;
    let workers_took = began.elapsed();
    let start = Instant::now() + HEAD_START;
    crew.start_at(start);
    let mut watch = Watch::new(plan, crew, edges, live, start);
    watch.collect(&messages);
    live.publish(None);
    Ok(watch.into_recording(Preparation { setup: Duration::ZERO, workers: workers_took }))
}

fn edges(plan: &Plan) -> Edges {
    let timed = plan.measured_for().filter(|_| !counts_iterations(plan));
    let rounds = timed.map(|length| TimedRounds { count: plan.rounds, length: nanos(length).max(1) });
    Edges { origin: nanos(plan.warmup), tick: nanos(TICK), rounds }
}

/// Whether rounds go by the number of finished iterations.
fn counts_iterations(plan: &Plan) -> bool {
    matches!(plan.load, Load::Closed { iterations: Some(_), .. })
}

/// The workers' threads, seen from outside.
struct Crew {
    starts: Vec<Sender<Instant>>,
    backs: Vec<Sender<Box<Slice>>>,
    live_counts: Vec<Arc<LiveCounts>>,
}

impl Crew {
    fn hire(
        plan: &Plan,
        test: &Test,
        prepared: &Prepared,
        live: &Live,
        edges: Edges,
        send: &Sender<Message>,
    ) -> Result<Self, EngineError> {
        let plan = Arc::new(plan.clone());
        let claims = plan.load.iterations().filter(|_| counts_iterations(&plan)).map(Claims::of);
        let counted =
            claims.as_ref().and(plan.load.iterations()).map(|n| Arc::new(CountedRounds::new(n, plan.rounds)));
        let mut crew = Crew { starts: Vec::new(), backs: Vec::new(), live_counts: Vec::new() };
        for number in 0..plan.workers {
            let rules = Rules {
                worker: number,
                edges,
                counted: counted.clone(),
                timeout: plan.timeout,
                max_in_flight: plan.max_in_flight,
            };
            let live_counts = Arc::<LiveCounts>::default();
            let full = send.clone();
            // Nobody listens any more once a worker was given up.
            let full = Box::new(move |slice| full.send(Message::Slice(slice)).unwrap_or_default());
            let (recorder, back) = Recorder::new(rules, live_counts.clone(), full);
            let (start, starts) = channel();
            let offer = Offer::of(&plan, number, claims.clone());
            let (plan, test, live, send) = (plan.clone(), *test, live.clone(), send.clone());
            let (base_url, state) = (prepared.base_url.clone(), prepared.state.clone());
            let body = move || {
                let common = Common::new(base_url, state);
                work(Job { plan, test, common, number, offer, recorder, live }, &starts, &send);
            };
            let thread = thread::Builder::new().name(format!("perf-worker-{number}")).spawn(body);
            thread.map_err(|e| EngineError::Worker(number, e))?;
            crew.starts.push(start);
            crew.backs.push(back);
            crew.live_counts.push(live_counts);
        }
        Ok(crew)
    }

    fn wait_until_ready(&self, messages: &Receiver<Message>) -> Result<(), EngineError> {
        for _ in &self.starts {
            match messages.recv() {
                Ok(Message::CannotStart(error)) => return Err(error),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn start_at(&self, start: Instant) {
        // One that is gone already will be missed by the watch.
        self.starts.iter().for_each(|worker| worker.send(start).unwrap_or_default());
    }
}

/// The body of a worker's thread.
fn work(job: Job, starts: &Receiver<Instant>, send: &Sender<Message>) {
    panics::keep_quiet_here();
    let number = job.number;
    let ended = try_to_work(job, starts, send);
    // The engine may have given this worker up; then nobody wants to know.
    let last_words = match ended {
        Ok(blocked) => Message::Ended(number, blocked),
        Err(error) => Message::CannotStart(error),
    };
    send.send(last_words).unwrap_or_default();
}

fn try_to_work(
    job: Job,
    starts: &Receiver<Instant>,
    send: &Sender<Message>,
) -> Result<Vec<Blocked>, EngineError> {
    let number = job.number;
    let cannot = |error| EngineError::Worker(number, error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())
        .map_err(cannot)?;
    let transport = http::transport(job.test.client).map_err(EngineError::Client)?;
    job.common.transport.set(transport).unwrap_or_default();
    send.send(Message::Ready).unwrap_or_default();
    let Ok(start) = starts.recv() else {
        return Ok(Vec::new());
    };
    let ended = runtime.block_on(async {
        let worker = Worker::new(job, Clock::starting(start)).map_err(cannot)?;
        // The loop yields by itself; tokio's budget would make it yield in the middle of a turn.
        Ok(tokio::task::unconstrained(worker.run()).await)
    });
    runtime.shutdown_background();
    ended
}

/// Adds up what the workers send, tells how it stands, and knows when to give one up.
struct Watch<'a> {
    plan: &'a Plan,
    live: &'a Live,
    crew: Crew,
    edges: Edges,
    collection: Collection,
    clock: Clock,
    start: Instant,
    began: SystemTime,
    blocked: Vec<Blocked>,
    workers: Vec<Known>,
    lost: Vec<(u32, u64)>,
}

/// What is known of one worker.
#[derive(Clone, Copy)]
struct Known {
    counts: Counts,
    heard: Instant,
    ended: bool,
}

impl<'a> Watch<'a> {
    fn new(plan: &'a Plan, crew: Crew, edges: Edges, live: &'a Live, start: Instant) -> Self {
        let known = Known { counts: Counts::default(), heard: start, ended: false };
        let watch = Watch {
            plan,
            live,
            edges,
            collection: Collection::new(edges, plan.rounds),
            clock: Clock::starting(start),
            start,
            began: SystemTime::now(),
            blocked: Vec::new(),
            workers: vec![known; crew.starts.len()],
            crew,
            lost: Vec::new(),
        };
        watch.publish(Phase::Warmup, Counts::default());
        watch
    }

    fn collect(&mut self, messages: &Receiver<Message>) {
        while self.workers.iter().any(|worker| !worker.ended) {
            match messages.recv_timeout(LOOK_AROUND) {
                Ok(Message::Slice(slice)) => self.add(slice),
                Ok(Message::Ended(worker, blocked)) => {
                    self.workers[worker as usize].ended = true;
                    self.blocked.extend(blocked);
                }
                Ok(Message::Ready) | Err(RecvTimeoutError::Timeout) => self.give_up_the_overdue(),
                Ok(Message::CannotStart(EngineError::Worker(worker, _))) => self.give_up(worker),
                Ok(Message::CannotStart(EngineError::Client(_))) | Err(RecvTimeoutError::Disconnected) => {
                    (0..self.plan.workers).for_each(|worker| self.give_up(worker));
                }
            }
        }
    }

    fn add(&mut self, mut slice: Box<Slice>) {
        let known = &mut self.workers[slice.worker as usize];
        if known.ended {
            return; // given up; its counts were taken from the live ones
        }
        known.heard = Instant::now();
        known.counts.merge(&slice.measured.counts);
        self.collection.add(&slice);
        let (phase, counts) = match slice.from < self.edges.origin {
            true => (Phase::Warmup, slice.warmup.counts),
            false => (Phase::Measured, slice.measured.counts),
        };
        self.publish(phase, counts);
        slice.clear();
        // A worker that has ended takes nothing back.
        self.crew.backs[slice.worker as usize].send(slice).unwrap_or_default();
    }

    fn publish(&self, phase: Phase, last: Counts) {
        let tally = match phase {
            Phase::Warmup => &self.collection.warmup,
            Phase::Measured => &self.collection.measured,
        };
        let p99 = Quantile::percent(99.0).map(Statistic::Percentile);
        self.live.publish(Some(Snapshot {
            began: self.start,
            warmup: self.plan.warmup,
            measured_for: self.plan.measured_for(),
            scheduled: self.plan.scheduled(),
            phase,
            counts: tally.counts,
            rate_per_s: last.completed() as f64 / TICK.as_secs_f64(),
            p99_ns: p99.and_then(|p99| tally.succeeded.response()?.statistic(p99)),
        }));
    }

    fn give_up_the_overdue(&mut self) {
        let now = Instant::now();
        let overdue: Vec<u32> = (0..self.plan.workers)
            .filter(|worker| !self.workers[*worker as usize].ended && now > self.patience_with(*worker))
            .collect();
        overdue.into_iter().for_each(|worker| self.give_up(worker));
    }

    /// Until when a worker may be silent.
    fn patience_with(&self, worker: u32) -> Instant {
        let drain = self.plan.graceful_stop + PATIENCE;
        let end = self.plan.measured_for().map(|length| self.start + self.plan.warmup + length + drain);
        // Where nobody knows the end, a worker still tells of every tick.
        let silent = || self.workers[worker as usize].heard + TICK + self.plan.timeout + drain;
        let planned = end.unwrap_or_else(silent);
        match self.live.stopped_at() {
            Some(at) => {
                planned.min(at + LONGEST_DRAIN_AFTER_SIGNAL.min(self.plan.graceful_stop) + PATIENCE / 2)
            }
            None => planned,
        }
    }

    /// Takes what the worker published of itself in the place of what it never sent.
    fn give_up(&mut self, worker: u32) {
        let known = &mut self.workers[worker as usize];
        if std::mem::replace(&mut known.ended, true) {
            return;
        }
        let (seen, live) = (known.counts, self.crew.live_counts[worker as usize].load());
        let unsent = |live: u64, seen: u64| live.saturating_sub(seen);
        let measured = &mut self.collection.measured;
        let lost = Counts {
            planned: unsent(live.planned, seen.planned),
            started: unsent(live.started, seen.started),
            succeeded: unsent(live.succeeded, seen.succeeded),
            failed: unsent(live.failed, seen.failed),
            timed_out: unsent(live.timed_out, seen.timed_out),
            dropped_max_in_flight: unsent(live.dropped_max_in_flight, seen.dropped_max_in_flight),
            dropped_late: unsent(live.dropped_late, seen.dropped_late),
            interrupted: unsent(live.interrupted, seen.interrupted) + live.in_flight(),
        };
        measured.counts.merge(&lost);
        let at = self.clock.now();
        let gone = || format!("worker {worker} never came back to its loop");
        for (category, count) in [
            (Category::Interrupted, lost.interrupted),
            (Category::Dropped, lost.dropped()),
            (Category::Timeout, lost.timed_out),
            (Category::Other, lost.failed),
        ] {
            if count > 0 {
                measured.errors.add(category, count, at, gone);
            }
        }
        self.lost.push((worker, lost.completed() + lost.interrupted));
    }

    fn into_recording(self, preparation: Preparation) -> Recording {
        let Watch { plan, live, collection, blocked, lost, began, start, edges, .. } = self;
        let origin = start + Duration::from_nanos(edges.origin);
        let planned = match counts_iterations(plan) {
            true => Duration::from_nanos(collection.last_finish()),
            false => plan.measured_for().unwrap_or_default(),
        };
        let measured_for = match live.stopped_at() {
            Some(at) => planned.min(at.saturating_duration_since(origin)),
            None => planned,
        };
        let (warmup, measured, rounds, timeline) = collection.rounds(nanos(measured_for));
        let stopped_by = live.signal().map(super::control::Signal::name);
        let warmup_length = plan.warmup;
        Recording {
            began,
            warmup_length,
            measured_for,
            preparation,
            warmup,
            measured,
            rounds,
            timeline,
            blocked,
            lost,
            stopped_by,
        }
    }
}
