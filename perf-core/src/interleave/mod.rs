//! One side of an interleaved comparison: sets up, offers load round by round as a conductor says, and tells its numbers.
//!
//! ```text
//!   conductor   begin      warm   round            round         finish
//!   this side   ─set up─ ▒▒▒████▒▒▒█████▒▒▒▒▒▒▒▒▒▒▒█████▒▒▒▒▒▒▒▒▒─tear down─ numbers
//!   other side  ─set up─ ▒▒▒▒▒▒▒████▒▒▒▒▒█████▒▒▒▒▒▒▒▒▒▒█████▒▒▒▒─tear down─ numbers      ▒ stands still
//! ```
//!
//! Between two rounds the schedule stands still: connections and users stay, nothing begins, and no statistic counts it.

pub mod coins;
pub mod wire;

use crate::analyze::Session;
use crate::analyze::summary::Summary;
use crate::drive::control::Control;
use crate::drive::cpu;
use crate::drive::engine::{Assembled, EngineError, HEAD_START, Rest};
use crate::drive::prepare::{PrepareError, Prepared, Test};
use crate::drive::ready;
use crate::measure::{Recording, Signal, Stopped};
use crate::plan::conditions::Conditions;
use crate::plan::spec::{Overrides, PerfSpec};
use crate::plan::{Plan, PlanError};
use crate::session::SessionError;
use std::thread;
use std::time::{Duration, Instant};
use wire::{Answer, Numbers, Order, Tempo};

/// A round stops so much before its end, so that what is in flight by then still finishes in it.
const SHORT: Duration = Duration::from_micros(1);
/// What a worker needs to notice, beyond the time limit of its iterations.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AROUND: Duration = Duration::from_millis(5);
const LOOK_CLOSELY: Duration = Duration::from_micros(200);

/// Who says what comes next.
pub trait Conduct {
    /// Waits for the next order; `None` when nobody gives any more.
    fn next(&mut self) -> Option<Order>;

    /// Tells what came of the last one.
    fn tell(&mut self, answer: &Answer);
}

/// The test's own load, as long as a block of one side: stretched or compressed in time, never ended by its iterations.
pub fn plan(
    name: &str,
    target: &str,
    spec: &PerfSpec,
    flags: &Overrides,
    tempo: &Tempo,
) -> Result<Plan, Vec<PlanError>> {
    let own = Plan::resolve(name, target, spec, flags)?;
    let flags = Overrides {
        load: Some(own.load.by_time(tempo.length())),
        // What the flags say of the load is in it already.
        rate: None,
        users: None,
        duration: None,
        warmup: Some(tempo.warmup()),
        rounds: Some(tempo.rounds),
        workers: tempo.workers.or(flags.workers),
        seed: Some(own.seed.wrapping_add(tempo.block.into())),
        // Of a block nobody wants to be told.
        conditions: Conditions::default(),
        ..flags.clone()
    };
    let mut plan = Plan::resolve(name, target, spec, &flags)?;
    // Both sides are offered the same, whatever they ask for: what they refuse are errors.
    plan.backoff = false;
    // A block is too short for a window of a whole test.
    plan.thresholds.iter_mut().for_each(|threshold| threshold.abort = None);
    Ok(plan)
}

/// One block: fresh set-up, rounds as they are ordered, tear-down. The answer is the last one, not told yet.
pub fn play(
    plan: &Plan,
    test: &Test,
    live: &Control,
    conductor: &mut dyn Conduct,
) -> Result<Answer, SessionError> {
    cpu::this_thread_is_ours();
    live.pause();
    live.begin();
    let prepared = Prepared::set_up(plan, test, live)?;
    let driven = drive(plan, test, &prepared, live, conductor);
    let torn_down = prepared.tear_down(test, live);
    let recording = driven?;
    torn_down?;
    Ok(answer(plan, recording))
}

fn drive(
    plan: &Plan,
    test: &Test,
    prepared: &Prepared,
    live: &Control,
    conductor: &mut dyn Conduct,
) -> Result<Recording, SessionError> {
    ready::wait(plan, test, prepared, live)?;
    let assembled = Assembled::of(plan, test, prepared, live)?;
    let rest = assembled.rest();
    conductor.tell(&Answer::Ready { base_url: prepared.base_url.clone() });
    let recorded = thread::scope(|scope| {
        let running = scope.spawn(|| assembled.run(Instant::now() + HEAD_START, live));
        follow(plan, live, &rest, conductor);
        live.resume();
        running.join()
    });
    Ok(recorded.map_err(|_| EngineError::Collector)?)
}

/// Until the last order, or until there is no sense in another one.
fn follow(plan: &Plan, live: &Control, rest: &Rest, conductor: &mut dyn Conduct) {
    let round = plan.measured_for().unwrap_or_default() / plan.rounds.max(1);
    let mut shortfall = SHORT;
    loop {
        let length = match conductor.next() {
            Some(Order::Warm) => plan.warmup,
            Some(Order::Round) => round.saturating_sub(std::mem::take(&mut shortfall)),
            Some(Order::Finish) => return,
            Some(Order::Begin(_)) | None => return live.stop(Signal::Terminate),
        };
        if !offer(length, plan.timeout, live, rest) {
            return live.stop(Signal::Terminate);
        }
        conductor.tell(&Answer::Rested);
    }
}

/// Lets the schedule go on for so long, and waits until nothing is in flight; says whether it came to that.
fn offer(length: Duration, timeout: Duration, live: &Control, rest: &Rest) -> bool {
    live.resume_for(length);
    let (version, began) = (live.version(), Instant::now());
    while !rest.is_reached(version) {
        let elapsed = began.elapsed();
        if live.is_stopped() || elapsed > length + timeout + PATIENCE {
            return false;
        }
        thread::sleep(length.saturating_sub(elapsed).clamp(LOOK_CLOSELY, LOOK_AROUND));
    }
    true
}

fn answer(plan: &Plan, recording: Recording) -> Answer {
    let failed = |reason: String| Answer::Failed { reason, is_address_taken: false };
    match &recording.stopped_by {
        None => {}
        Some(Stopped::TooFewWorkers) => return Answer::MoreWorkers(plan.workers + 1),
        Some(Stopped::Aborted(aborted)) => return failed(aborted.to_string()),
        Some(Stopped::OutOfData(message)) => return failed(message.clone()),
        Some(Stopped::Signal(_)) if !recording.lost.is_empty() => {
            return failed(
                "a worker did not come to rest after a round: the test function blocks its thread; move blocking work \
                 into `tokio::task::spawn_blocking`"
                    .to_owned(),
            );
        }
        Some(Stopped::Signal(_)) => return failed("it was told to end".to_owned()),
    }
    let summary = Summary::of(plan, &recording);
    Answer::Numbers(Box::new(Numbers::of(plan, Session::of(plan, recording, summary))))
}

/// What to tell of a block that came to nothing.
pub fn failure(error: &SessionError) -> Answer {
    let reason = error.to_string();
    let is_address_taken =
        matches!(error, SessionError::Prepare(PrepareError::Setup(_))) && names_a_taken_address(&reason);
    Answer::Failed { reason, is_address_taken }
}

/// Set-ups return errors of any type, some of them only texts.
fn names_a_taken_address(text: &str) -> bool {
    // Of Linux and macOS, of `ErrorKind`, and of Windows.
    let known =
        ["Address already in use", "AddrInUse", "address in use", "Only one usage of each socket address"];
    known.iter().any(|known| text.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::cx::Cx;
    use crate::drive::users::{User, user};
    use crate::error::Category;
    use crate::outcome::{Failure, Outcome};
    use std::rc::Rc;

    const TEMPO: Tempo =
        Tempo { block: 0, rounds: 3, round_ns: 100_000_000, warmup_ns: 50_000_000, workers: None };

    /// Orders in a row, each with a moment before it; keeps the answers.
    struct Script {
        orders: Vec<Order>,
        answers: Vec<Answer>,
    }

    impl Conduct for Script {
        fn next(&mut self) -> Option<Order> {
            thread::sleep(Duration::from_millis(30));
            (!self.orders.is_empty()).then(|| self.orders.remove(0))
        }

        fn tell(&mut self, answer: &Answer) {
            self.answers.push(answer.clone());
        }
    }

    fn whole() -> Vec<Order> {
        vec![Order::Warm, Order::Round, Order::Round, Order::Round, Order::Finish]
    }

    fn waits(cx: Rc<Cx>) -> Box<dyn User> {
        user(cx, async |_: &Cx| {
            tokio::time::sleep(Duration::from_millis(4)).await;
            Outcome::Succeeded
        })
    }

    fn played(spec: &PerfSpec, orders: Vec<Order>) -> (Result<Answer, SessionError>, Vec<Answer>) {
        let plan = plan("test", "perf", spec, &Overrides::default(), &TEMPO).unwrap();
        let mut script = Script { orders, answers: Vec::new() };
        let last = play(&plan, &Test::of(waits), &Control::default(), &mut script);
        (last, script.answers)
    }

    fn numbers(answer: Result<Answer, SessionError>) -> Numbers {
        match answer {
            Ok(Answer::Numbers(numbers)) => *numbers,
            other => panic!("{other:?}"),
        }
    }

    fn open() -> PerfSpec {
        PerfSpec { rate: Some(200.0), duration: Some(Duration::from_secs(10)), ..PerfSpec::default() }
    }

    #[test]
    fn an_open_load_offers_exactly_its_arrivals_and_each_belongs_to_its_round() {
        let (last, answers) = played(&open(), whole());
        assert_eq!(answers[1..], vec![Answer::Rested; 4]);
        let numbers = numbers(last);
        assert_eq!((numbers.planned, numbers.rounds.n.clone()), (60, vec![20; 3]), "{numbers:?}");
        let by_histogram: Vec<u64> =
            numbers.service.iter().map(crate::measure::sparse::SparseHistogram::count).collect();
        assert_eq!((by_histogram, numbers.error_count()), (vec![20; 3], 0));
    }

    #[test]
    fn users_of_a_closed_load_begin_nothing_while_they_stand_still() {
        let spec = PerfSpec {
            users: Some(2),
            iterations: Some(crate::plan::load::Iterations::Shared(7)),
            ..PerfSpec::default()
        };
        let numbers = numbers(played(&spec, whole()).0);
        for (n, throughput) in numbers.rounds.n.iter().zip(&numbers.rounds.throughput_per_s) {
            // In 100 ms two users can start 50 iterations of 4 ms; they would start more if they went on.
            assert!((20..=52).contains(n), "{numbers:?}");
            // What lay beyond the round's end is not counted: at most one and a bit for each user.
            let counted = throughput.unwrap() * 0.1;
            assert!(counted <= *n as f64 && counted >= *n as f64 - 2.01, "{numbers:?}");
        }
    }

    #[test]
    fn a_conductor_that_goes_away_ends_the_block() {
        let (last, answers) = played(&open(), vec![Order::Warm, Order::Round]);
        assert_eq!(answers.len(), 3);
        assert_eq!(
            last.unwrap(),
            Answer::Failed { reason: "it was told to end".into(), is_address_taken: false }
        );
    }

    #[test]
    fn a_block_is_the_tests_own_load_in_the_time_of_its_rounds() {
        let spec = PerfSpec {
            load: Some("0..500 over 20s, hold 40s".parse().unwrap()),
            warmup: Some(Duration::from_secs(9)),
            rounds: Some(50),
            seed: Some(5),
            backoff: Some(true),
            ..PerfSpec::default()
        };
        let flags = Overrides { rate: Some(100.0), ..Overrides::default() };
        let tempo = Tempo { block: 2, workers: Some(3), ..TEMPO };
        let plan = plan("test", "perf", &spec, &flags, &tempo).unwrap();
        assert_eq!(plan.load.to_string(), "0..100 over 100ms, hold 200ms");
        assert_eq!((plan.warmup, plan.rounds), (Duration::from_millis(50), 3));
        assert_eq!((plan.workers, plan.seed), (3, 7));
        assert!(!plan.backoff, "a side that is refused more is offered no less");
    }

    #[test]
    fn a_taken_address_is_known_by_its_text() {
        let setup = |text: &str| failure(&PrepareError::Setup(Failure::new(Category::Other, text)).into());
        let is_taken = |answer: Answer| matches!(answer, Answer::Failed { is_address_taken: true, .. });
        assert!(is_taken(setup("bind: Address already in use (os error 98)")));
        assert!(!is_taken(setup("no database")));
    }
}
