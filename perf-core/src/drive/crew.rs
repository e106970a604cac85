//! The workers' threads: started, told when to begin, and what they send back.

use super::attendance::LONGEST_LEAVE;
use super::claims::Claims;
use super::clock::Clock;
use super::closed::Shared;
use super::control::Control;
use super::cpu;
use super::cx::{Common, State};
use super::grace;
use super::http::{self, Resolver};
use super::offer::Offer;
use super::open::{Dealt, Late};
use super::panics;
use super::prepare::{Prepared, Test};
use super::threads::Threads;
use super::worker::{Job, Worker};
use crate::error::ClientError;
use crate::measure::counted::CountedRounds;
use crate::measure::edges::Edges;
use crate::measure::live_counts::LiveCounts;
use crate::measure::recorder::{Recorder, Rules, Slice};
use crate::measure::tally::Words;
use crate::measure::{Attendance, Farewell};
use crate::outcome::Failure;
use crate::plan::Plan;
use crate::plan::arrivals::Scaling;
use crate::plan::load::Iterations;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

const LOOK_AROUND: Duration = Duration::from_millis(50);
/// How long a worker may take to say that it was cut off.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why no load was offered at all.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No thread, no descriptor for the reactor or the timer.
    #[error("worker {0} cannot start: {1}")]
    Worker(u32, std::io::Error),
    /// Before the load, outside of the user's own functions: a bug of this crate.
    #[error("worker {0} died before the load began; that is a bug of this crate, please report it")]
    Died(u32),
    /// Before the load, and a signal's grace is over.
    #[error("ended by a signal while worker {0} was blocked: `user_setup` must not block its thread")]
    Blocked(u32),
    /// The thread that adds up: a bug of this crate.
    #[error("the collector of a load panicked; please report it")]
    Collector,
    /// The user's client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Every `user_setup` failed.
    #[error("no user is left: all {} failed in `user_setup`, the first with: {} ({})", .failed, .first.message, .first.category)]
    NoUsers {
        /// How many there were.
        failed: u64,
        /// What the first one said.
        first: Failure,
    },
}

/// What a worker sends.
pub(super) enum Message {
    Ready(u32, Attendance),
    CannotStart(u32, EngineError),
    Slice(Box<Slice>),
    /// All its slices are sent; so many users are still to be torn down.
    Recorded(u32, u64),
    Ended(u32, Farewell),
    Died(u32),
}

/// The workers' threads, seen from outside.
pub(super) struct Crew {
    terms: Terms,
    starts: Vec<Sender<Instant>>,
    /// Where emptied slices go.
    pub(super) backs: Vec<Sender<Box<Slice>>>,
    /// What is left of a worker that never comes back.
    pub(super) live_counts: Vec<Arc<LiveCounts>>,
}

/// What every worker of a session is hired with.
struct Terms {
    plan: Arc<Plan>,
    test: Test,
    base_url: Option<String>,
    state: State,
    live: Control,
    edges: Edges,
    counted: Option<Arc<CountedRounds>>,
    /// Of a closed load.
    shared: Shared,
    /// What the workers' clients resolve names by.
    resolver: Resolver,
    threads: Threads,
    send: Sender<Message>,
}

impl Crew {
    pub(super) fn hire(
        plan: &Plan,
        test: &Test,
        prepared: &Prepared,
        live: &Control,
        edges: Edges,
        send: Sender<Message>,
    ) -> Result<Self, EngineError> {
        let claims = match plan.load.stops_after() {
            Some(Iterations::Shared(iterations)) if plan.is_counted() => Some(Claims::of(iterations)),
            _ => None,
        };
        let all = match plan.load.stops_after().filter(|_| plan.is_counted()) {
            Some(Iterations::Shared(iterations)) => Some(iterations),
            Some(Iterations::PerUser(each)) => Some(each.saturating_mul(plan.users().into())),
            None => None,
        };
        let terms = Terms {
            test: *test,
            base_url: prepared.base_url.clone(),
            state: prepared.state.clone(),
            live: live.clone(),
            edges,
            counted: all.map(|all| Arc::new(CountedRounds::new(all, plan.rounds))),
            shared: Shared {
                claims,
                cap: prepared.cap.clone().filter(|_| plan.load.is_closed()),
                ..Shared::default()
            },
            resolver: prepared.resolver.clone(),
            threads: Threads::of(plan.workers),
            send,
            plan: Arc::new(plan.clone()),
        };
        let mut crew = Crew { terms, starts: Vec::new(), backs: Vec::new(), live_counts: Vec::new() };
        for number in 0..plan.workers {
            let Hired { start, back, live_counts } =
                crew.terms.hire(number, crew.terms.part_of(number), 0)?;
            crew.starts.push(start);
            crew.backs.push(back);
            crew.live_counts.push(live_counts);
        }
        Ok(crew)
    }

    /// Another worker in the place of one that died: it goes on where that one ended.
    pub(super) fn replace(
        &mut self,
        number: u32,
        dealt: Dealt,
        scalings: &[Scaling],
        start: Instant,
    ) -> Result<(), EngineError> {
        let (offer, scaled) = self.terms.rest_of(number, dealt, scalings);
        let hired = self.terms.hire(number, offer, scaled)?;
        hired.start.send(start).unwrap_or_default();
        let place = number as usize;
        (self.starts[place], self.backs[place], self.live_counts[place]) =
            (hired.start, hired.back, hired.live_counts);
        Ok(())
    }

    /// What fell due for a worker that is gone, and nobody dealt with.
    pub(super) fn unserved(&self, number: u32, dealt: Dealt, scalings: &[Scaling], until: u64) -> Late {
        self.terms.rest_of(number, dealt, scalings).0.give_up(until)
    }

    /// Whether users have something of their own, which takes time to make.
    pub(super) fn makes_users_first(&self) -> bool {
        self.terms.test.makes_users_first(&self.terms.plan)
    }

    /// The addresses that names were resolved to.
    pub(super) fn addresses(&self) -> BTreeMap<String, Vec<IpAddr>> {
        self.terms.resolver.addresses()
    }

    /// Whose CPU time may be asked for.
    pub(super) fn threads(&self) -> Threads {
        self.terms.threads.clone()
    }

    pub(super) fn wait_until_ready(&self, messages: &Receiver<Message>) -> Result<Attendance, EngineError> {
        attendance(self.terms.plan.workers, messages, &self.terms.live)
    }

    /// Lets everybody go before the load: the users who are there are torn down all the same.
    pub(super) fn dismiss(self, messages: &Receiver<Message>) {
        let began = Instant::now();
        let Crew { terms: Terms { live, send, .. }, starts, .. } = self;
        // Who waits for the start sees that there is none; who has gone speaks no more.
        drop((send, starts));
        let until = || grace::end_of(&live, began).unwrap_or(began + LONGEST_LEAVE);
        let is_left = |heard| !matches!(heard, Err(RecvTimeoutError::Disconnected));
        while is_left(messages.recv_timeout(LOOK_AROUND)) && Instant::now() < until() {}
    }

    pub(super) fn start_at(&self, start: Instant) {
        // One that is gone already will be missed by the watch.
        self.starts.iter().for_each(|worker| worker.send(start).unwrap_or_default());
    }
}

/// Who is there when every worker has said that it is ready.
fn attendance(workers: u32, messages: &Receiver<Message>, live: &Control) -> Result<Attendance, EngineError> {
    let (mut all, mut awaited) = (Attendance::default(), (0..workers).collect::<BTreeSet<u32>>());
    let began = Instant::now();
    while let Some(first) = awaited.first() {
        match messages.recv_timeout(LOOK_AROUND) {
            Ok(Message::Ready(worker, attendance)) => {
                all.merge(attendance);
                awaited.remove(&worker);
            }
            Ok(Message::CannotStart(_, error)) => return Err(error),
            // Also one that was ready already.
            Ok(Message::Died(worker)) => return Err(EngineError::Died(worker)),
            Err(_) if grace::end_of(live, began).is_some_and(|end| Instant::now() > end + PATIENCE) => {
                return Err(EngineError::Blocked(*first));
            }
            Ok(Message::Slice(_) | Message::Recorded(..) | Message::Ended(..)) | Err(_) => {}
        }
    }
    match all.first.clone().filter(|_| all.failed == all.users) {
        Some(first) => Err(EngineError::NoUsers { failed: all.failed, first }),
        None => Ok(all),
    }
}

/// The ends of what leads to a worker.
struct Hired {
    start: Sender<Instant>,
    back: Sender<Box<Slice>>,
    live_counts: Arc<LiveCounts>,
}

impl Terms {
    /// The load that a worker offers.
    fn part_of(&self, number: u32) -> Offer {
        Offer::of(&self.plan, number, self.shared.clone())
    }

    /// What is left of it, and how many changes of the load it has followed.
    fn rest_of(&self, number: u32, dealt: Dealt, scalings: &[Scaling]) -> (Offer, usize) {
        let mut offer = self.part_of(number);
        let scaled = offer.resume(&self.plan, dealt, scalings);
        (offer, scaled)
    }

    fn hire(&self, number: u32, offer: Offer, scaled: usize) -> Result<Hired, EngineError> {
        let rules = Rules {
            worker: number,
            edges: self.edges,
            counted: self.counted.clone(),
            words: Words::of(self.plan.timeout, self.plan.slots),
            seed: self.plan.seed,
        };
        let live_counts = Arc::<LiveCounts>::default();
        let full = self.send.clone();
        // Nobody listens any more once a worker was given up.
        let full = Box::new(move |slice| full.send(Message::Slice(slice)).unwrap_or_default());
        let (recorder, back) = Recorder::new(rules, live_counts.clone(), full);
        let (start, starts) = channel();
        let (plan, test, live, send) = (self.plan.clone(), self.test, self.live.clone(), self.send.clone());
        let (base_url, state, resolver) = (self.base_url.clone(), self.state.clone(), self.resolver.clone());
        let threads = self.threads.clone();
        let body = move || {
            let _present = threads.enter(number);
            let common = Common::new(base_url, state, plan.seed, Some(plan.limits.clone()));
            let job = Job { plan, test, common, resolver, number, offer, scaled, recorder, live };
            work(job, &starts, &send);
        };
        let thread = thread::Builder::new().name(format!("perf-worker-{number}")).spawn(body);
        thread.map_err(|e| EngineError::Worker(number, e))?;
        Ok(Hired { start, back, live_counts })
    }
}

/// The body of a worker's thread.
fn work(job: Job, starts: &Receiver<Instant>, send: &Sender<Message>) {
    panics::keep_quiet_here();
    cpu::this_thread_is_ours();
    let number = job.number;
    let last_words = match runtime() {
        Ok(runtime) => {
            let ended = catch_unwind(AssertUnwindSafe(|| try_to_work(&runtime, job, starts, send)));
            // Nobody waits for the blocking tasks that a test function left behind.
            runtime.shutdown_background();
            match ended {
                Ok(Ok(farewell)) => Message::Ended(number, farewell),
                Ok(Err(error)) => Message::CannotStart(number, error),
                Err(_) => Message::Died(number),
            }
        }
        Err(error) => Message::CannotStart(number, EngineError::Worker(number, error)),
    };
    // The engine may have given this worker up; then nobody wants to know.
    send.send(last_words).unwrap_or_default();
}

fn runtime() -> std::io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_all()
        // Of the pool for what blocks: it works for the test functions, not for the target.
        .on_thread_start(cpu::this_thread_is_ours)
        .build_local(LocalOptions::default())
}

fn try_to_work(
    runtime: &LocalRuntime,
    job: Job,
    starts: &Receiver<Instant>,
    send: &Sender<Message>,
) -> Result<Farewell, EngineError> {
    let number = job.number;
    let cannot = |error| EngineError::Worker(number, error);
    let transport = http::transport(job.test.client, &job.resolver, None).map_err(EngineError::Client)?;
    job.common.transport.set(transport).unwrap_or_default();
    let (worker, attendance) = runtime.block_on(async {
        let mut worker = Worker::new(job).map_err(cannot)?;
        let attendance = worker.gather().await.map_err(EngineError::Client)?;
        Ok::<_, EngineError>((worker, attendance))
    })?;
    send.send(Message::Ready(number, attendance)).unwrap_or_default();
    let Ok(start) = starts.recv() else {
        return Ok(runtime.block_on(worker.leave()));
    };
    // The loop yields by itself; tokio's budget would make it yield in the middle of a turn.
    let run = worker.run(Clock::starting(start));
    let worker = runtime.block_on(tokio::task::unconstrained(run));
    send.send(Message::Recorded(number, worker.leaving())).unwrap_or_default();
    Ok(runtime.block_on(worker.leave()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Signal;

    fn ready(worker: u32) -> Message {
        Message::Ready(worker, Attendance { users: 1, ..Attendance::default() })
    }

    #[test]
    fn a_worker_that_dies_before_the_load_is_noticed_though_it_was_ready() {
        let (send, messages) = channel();
        [ready(0), Message::Died(0), ready(1)].into_iter().for_each(|message| send.send(message).unwrap());
        let error = attendance(2, &messages, &Control::default()).unwrap_err();
        assert!(error.to_string().starts_with("worker 0 died before the load began"), "{error}");
        // The other one's word is still there.
        send.send(ready(0)).unwrap();
        assert_eq!(attendance(2, &messages, &Control::default()).unwrap().users, 2);
    }

    #[test]
    fn a_worker_that_is_blocked_in_a_set_up_is_not_waited_for_after_a_signal() {
        let (send, messages) = channel();
        send.send(ready(0)).unwrap();
        let live = Control::default();
        live.stop(Signal::Interrupt);
        let error = attendance(2, &messages, &live).unwrap_err();
        assert!(error.to_string().contains("while worker 1 was blocked"), "{error}");
    }
}
