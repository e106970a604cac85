//! Reports made up for tests: a load of seconds in no time, the same to the nanosecond each time.
//!
//! Iterations are laid out by arithmetic and go the way of real ones, through a recorder, a collection, a summary, the
//! limits, a comparison and the verdict.

use super::Report;
use crate::analyze::Session;
use crate::analyze::capacity::{Bound, Capacity, Held, Level as Probe};
use crate::analyze::findings::{Finding, Severity};
use crate::analyze::summary::Summary;
use crate::error::Category;
use crate::judge::compare::Basis;
use crate::judge::comparison::Comparison;
use crate::judge::level::{Level, SessionRecord};
use crate::judge::reference::Reference;
use crate::judge::spread::Spreads;
use crate::judge::thresholds;
use crate::judge::verdict::Judgement;
use crate::measure::custom::Reading;
use crate::measure::edges::{Edges, TimedRounds};
use crate::measure::live_counts::LiveCounts;
use crate::measure::marks::Mark;
use crate::measure::recorder::{Recorder, Rules};
use crate::measure::resources::{Figure, ResourcePoint, Resources};
use crate::measure::sample::{Drop, Ending, Phase, Sample};
use crate::measure::tally::Words;
use crate::measure::{Collection, Recording, Signal, Stopped, TargetCpu};
use crate::outcome::Failure;
use crate::plan::Plan;
use crate::plan::load::Load;
use crate::plan::spec::{Overrides, PerfSpec};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

/// Makes a report.
type Make = fn() -> Report;

/// The reports that every way of telling should be able to tell, by name.
pub(crate) const ALL: &[(&str, Make)] = &[
    ("passed", passed),
    ("regressed", regressed),
    ("inconclusive", inconclusive),
    ("closed", closed),
    ("capacity", capacity),
    ("interrupted", interrupted),
    ("no_iterations", no_iterations),
    ("all_errors", all_errors),
];

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

/// A test with its load; what is not said is as in a quiet run.
pub(crate) struct Example {
    plan: Plan,
    /// Of an open load's iterations; of a closed one what its users make of it.
    rate: u64,
    /// How long the n-th iteration takes once it has started.
    pub(crate) service: fn(u64) -> u64,
    /// How late it starts.
    pub(crate) lag: fn(u64) -> u64,
    /// How it ends.
    pub(crate) ending: fn(u64) -> Ending,
    /// What its function says by name, of one that takes so long.
    pub(crate) marks: fn(u64, u64) -> Vec<Mark>,
    /// Whether there is no room for it.
    pub(crate) is_dropped: fn(u64) -> bool,
    /// After how much of the measured time a signal ends it.
    pub(crate) stopped_after: Option<Duration>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) capacity: Option<Capacity>,
    /// The sessions of the baseline, each by how its latencies stand to today's.
    pub(crate) baseline: Vec<f64>,
}

impl Example {
    /// Of so many arrivals or users a second, as the attribute would say it.
    pub(crate) fn of(name: &str, spec: &PerfSpec) -> Self {
        let plan = Plan::resolve(name, "perf", spec, &Overrides::default()).unwrap();
        Example {
            rate: 400,
            plan,
            service: |n| spread(n, 300_000),
            lag: |n| spread(n + 1_000_000, 60_000),
            ending: |_| Ending::Succeeded,
            marks: |_, _| Vec::new(),
            is_dropped: |_| false,
            stopped_after: None,
            findings: Vec::new(),
            capacity: None,
            baseline: Vec::new(),
        }
    }

    /// An open load at a rate.
    pub(crate) fn open(name: &str, rate: u32, seconds: u64, thresholds: &[&'static str]) -> Self {
        let thresholds = thresholds.iter().map(|text| (*text).into()).collect();
        let duration = Some(Duration::from_secs(seconds));
        let spec = PerfSpec { rate: Some(f64::from(rate)), duration, thresholds, ..PerfSpec::default() };
        Example { rate: rate.into(), ..Example::of(name, &spec) }
    }

    /// Everything that follows from it.
    pub(crate) fn report(self) -> Report {
        let recording = self.recording();
        let summary = Summary { capacity: self.capacity, ..Summary::of(&self.plan, &recording) };
        let session = Session { recording, summary, findings: self.findings, bound: None };
        let record = SessionRecord::of(&session, None, None);
        let level = Level {
            sessions: self.baseline.iter().map(|factor| scaled(&record, *factor)).collect(),
            ..Level::default()
        };
        let comparison = (!level.sessions.is_empty()).then(|| {
            let basis = Basis { level: &level, spreads: &Spreads::default(), family: 4 };
            let again = [record.clone(), record.clone()];
            let first = Comparison::of(&self.plan.gates, &again[..1], &basis, 1, false);
            match first.is_suspicious() {
                true => Comparison::of(&self.plan.gates, &again, &basis, 1, true),
                false => first,
            }
        });
        let reference = match self.baseline.is_empty() {
            true => Reference::None,
            false => Reference::Level { level, number: 1 },
        };
        let sessions = vec![session];
        let limits = thresholds::check(&self.plan.thresholds, &sessions[0]);
        let judgement = Judgement::of(&sessions, &limits, comparison.as_ref(), None);
        Report {
            plan: self.plan,
            sessions,
            limits,
            reference,
            comparison,
            judgement,
            notes: Vec::new(),
            alerts: Vec::new(),
        }
    }

    fn recording(&self) -> Recording {
        let warmup = nanos(self.plan.warmup);
        let length = nanos(self.plan.duration.unwrap_or(Duration::from_secs(10)));
        let measured_for = self.stopped_after.map_or(length, nanos);
        let timed = TimedRounds { count: self.plan.rounds, length };
        let edges = Edges { origin: warmup, tick: SECOND, rounds: Some(timed) };
        let mut collection = Collection::new(edges, self.plan.rounds);
        let (send, slices) = channel();
        let words = Words::of(self.plan.timeout, self.plan.max_in_flight);
        let rules = Rules { worker: 0, edges, counted: None, words, seed: 0 };
        let full = Box::new(move |slice| send.send(slice).unwrap());
        let (mut recorder, _) = Recorder::new(rules, Arc::<LiveCounts>::default(), full);
        self.events(warmup, warmup + measured_for).into_iter().for_each(|event| event.tell(&mut recorder));
        recorder.begin_drain(warmup + measured_for);
        recorder.send_the_rest();
        drop(recorder);
        slices.iter().for_each(|slice| collection.add(&slice));
        let cpu_until = |at: u64| Some(180_000 * (self.rate * at / SECOND));
        let count = u64::from(self.plan.rounds);
        Recording {
            began: SystemTime::UNIX_EPOCH,
            warmup_length: self.plan.warmup,
            target_cpu: Some(TargetCpu {
                edges: (0..=count).map(|round| cpu_until(length * round / count)).collect(),
                end: cpu_until(length),
            }),
            resources: resources(length / SECOND),
            stopped_by: self.stopped_after.map(|_| Stopped::Signal(Signal::Interrupt)),
            ..collection.into_recording(measured_for)
        }
    }

    /// In the order of time. What is running at the end is interrupted, where the end came early.
    fn events(&self, warmup: u64, end: u64) -> Vec<Event> {
        let mut events = Vec::new();
        for n in 0..(self.rate * end).div_ceil(SECOND) {
            let intended = n * SECOND / self.rate;
            let phase = if intended < warmup { Phase::Warmup } else { Phase::Measured };
            if (self.is_dropped)(n) {
                events.push(Event { at: intended, phase, what: What::Dropped });
                continue;
            }
            let (started, service) = (intended + (self.lag)(n), (self.service)(n));
            let finished = started + service;
            let is_cut = self.stopped_after.is_some() && finished > end;
            let (finished, ending) = match is_cut {
                true => (end.max(started), Ending::Interrupted),
                false => (finished, (self.ending)(n)),
            };
            let sample =
                Sample { user: 0, iteration: n, phase, intended, started, finished, thought: 0, ending };
            events.push(Event { at: started, phase, what: What::Started });
            let marks = (self.marks)(n, service);
            events.push(Event { at: finished, phase, what: What::Finished(Box::new(sample), marks) });
        }
        events.sort_by_key(|event| event.at);
        events
    }
}

/// One thing that a worker would tell its recorder.
struct Event {
    at: u64,
    phase: Phase,
    what: What,
}

enum What {
    Started,
    Finished(Box<Sample>, Vec<Mark>),
    Dropped,
}

impl Event {
    fn tell(self, recorder: &mut Recorder) {
        recorder.advance(self.at);
        match self.what {
            What::Started => recorder.start(self.phase),
            What::Dropped => recorder.drop_arrivals(self.phase, Drop::MaxInFlight, 1, self.at),
            What::Finished(sample, marks) => {
                marks.into_iter().for_each(|mark| recorder.mark(mark, &sample, self.at));
                recorder.record(&sample, self.at, Vec::new);
            }
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap()
}

/// A time around `typical`, with a tail of one in many.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // above zero, and seconds at most
pub(crate) fn spread(n: u64, typical: u64) -> u64 {
    let mut mixed = n.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let uniform = ((mixed ^ (mixed >> 31)) >> 40) as f64 / f64::from(1 << 24);
    let tail = if n.is_multiple_of(211) { 4.0 } else { 1.0 };
    (typical as f64 * (0.85 - 0.15 * (1.0 - uniform).ln()) * tail) as u64
}

fn resources(seconds: u64) -> Resources {
    let mut resources = Resources::default();
    for second in 0..seconds {
        let mut point = ResourcePoint::default();
        for (figure, value) in [(Figure::Cpu, 0.066), (Figure::TargetCpu, 0.036), (Figure::Memory, 28.8e6)] {
            point.set(figure, Some(value));
        }
        resources.add(second, &point);
    }
    resources
}

/// A session that was so much slower, or faster.
fn scaled(record: &SessionRecord, factor: f64) -> SessionRecord {
    let mut record = record.clone();
    let rounds = &mut record.rounds;
    for column in [&mut rounds.service_p50_ns, &mut rounds.service_p95_ns, &mut rounds.cpu_per_iteration_ns] {
        column.iter_mut().flatten().for_each(|value| *value *= factor);
    }
    for column in [&mut rounds.throughput_per_s, &mut rounds.capacity_per_s] {
        column.iter_mut().flatten().for_each(|value| *value /= factor);
    }
    record
}

/// A quiet test that is as fast as ever.
pub(crate) fn passed() -> Report {
    let mut example = Example::open("list_books", 200, 15, &["p99 < 250ms", "errors < 0.1%"]);
    example.baseline = vec![1.01, 0.99, 1.005, 0.995, 1.0];
    example.marks = |_, _| vec![Mark::Check("a full page".into(), true)];
    example.report()
}

/// One that breaks a limit and is slower than its baseline, with errors in the middle of it.
pub(crate) fn regressed() -> Report {
    let limits =
        ["p99 < 2ms", "errors < 1%", "p95{step=find the books of an author} < 20ms", "throughput > 190/s"];
    let mut example = Example::open("shop::search_by_author", 200, 60, &limits);
    example.service = |n| if (7000..8000).contains(&n) { spread(n, 9 * MS) } else { spread(n, 1_100_000) };
    example.ending = |n| match n {
        7000..8000 if n.is_multiple_of(4) => {
            let message = format!("status 503: the pool of connections is exhausted, order {n} waits");
            Ending::Failed(Failure::new(Category::Http5xx, message))
        }
        9000..9003 => Ending::TimedOut,
        _ => Ending::Succeeded,
    };
    example.is_dropped = |n| (7400..7440).contains(&n);
    example.marks =
        |_, service| vec![Mark::Step("find the books of an author".into(), Some(service * 3 / 4))];
    example.baseline = vec![0.8, 0.79, 0.81];
    example.findings = vec![Finding {
        kind: "latency_burst",
        severity: Severity::Warning,
        message: "from 28.5 s to 33.5 s response times were 8.2 times those before and after".to_owned(),
        advice: "look at what else the target did then: a backup, a deployment, a garbage collection",
        evidence: Vec::new(),
    }];
    example.report()
}

/// One whose generator was too slow.
pub(crate) fn inconclusive() -> Report {
    let mut example = Example::open("upload", 500, 10, &["p99 < 50ms"]);
    example.lag = |n| if n.is_multiple_of(3) { spread(n, 4 * MS) } else { spread(n, MS) };
    example.findings = vec![Finding {
        kind: "lag",
        severity: Severity::Invalid,
        message: "the generator was late: lag p99 18.2 ms, response time's median 1.4 ms".to_owned(),
        advice: "give it more cores, more `workers`, or less load",
        evidence: Vec::new(),
    }];
    example.report()
}

/// Users in a loop, with steps, checks, tags and quantities of its own.
pub(crate) fn closed() -> Report {
    let duration = Some(Duration::from_secs(8));
    let limits = vec!["throughput > 100/s".into(), "checks > 99%".into(), "hits > 60%".into()];
    let spec = PerfSpec { users: Some(8), duration, thresholds: limits, ..PerfSpec::default() };
    let mut example = Example::of("browse_and_buy", &spec);
    example.lag = |_| 0;
    example.service = |n| spread(n, 18 * MS);
    example.marks = |n, service| {
        let is_hit = !n.is_multiple_of(3);
        vec![
            Mark::Step("login".into(), Some(service / 10)),
            Mark::Step("検索 (search)".into(), Some(service / 2)),
            Mark::Step(
                "put the first book that was found into the basket".into(),
                (n % 100 != 0).then_some(service / 4),
            ),
            Mark::Check("a full page".into(), true),
            Mark::Check("the basket holds the book".into(), n % 100 != 0),
            Mark::Tag("cache".into(), if is_hit { "hit" } else { "miss" }.into()),
            Mark::Metric("orders".into(), Reading::Count(1)),
            Mark::Metric("hits".into(), Reading::Hit(is_hit)),
            Mark::Metric("queue".into(), Reading::Level((n % 7) as f64)),
            Mark::Metric("render".into(), Reading::Time(service / 5)),
        ]
    };
    example.report()
}

/// A search for the highest rate.
pub(crate) fn capacity() -> Report {
    let load = Load::capacity("p99 < 50ms").from(100).up_to(20_000);
    let thresholds = vec!["capacity > 1000/s".into()];
    let mut example =
        Example::of("how_much", &PerfSpec { load: Some(load), thresholds, ..PerfSpec::default() });
    let probe = |rate: f64, held: Held, p99_ms: f64| Probe {
        rate,
        offered_per_s: Some(rate * 0.999),
        p50_ns: Some(1.25e6),
        p99_ns: Some(p99_ms * 1e6),
        error_ratio: Some(0.0),
        held,
        broken_limits: (held == Held::Broken)
            .then(|| format!("p99 < 50ms ({p99_ms} ms)"))
            .into_iter()
            .collect(),
        target_cpu: None,
    };
    let levels = vec![
        probe(100.0, Held::Kept, 1.9),
        probe(1000.0, Held::Kept, 2.2),
        probe(2000.0, Held::Broken, 220.0),
        probe(1400.0, Held::Kept, 9.1),
        probe(1700.0, Held::Broken, 81.0),
        probe(1400.0, Held::Kept, 8.7),
    ];
    let limits = vec!["p99 < 50ms".to_owned()];
    example.capacity = Some(Capacity { limits, rate: Some(1400.0), bound_by: Bound::Target, levels });
    example.baseline = vec![0.99, 1.0, 1.01];
    example.report()
}

/// One that Ctrl-C ended.
pub(crate) fn interrupted() -> Report {
    let mut example = Example::open("import", 50, 300, &["p99 < 1s"]);
    example.service = |n| spread(n, 120 * MS);
    example.stopped_after = Some(Duration::from_millis(7_300));
    example.report()
}

/// One that could start nothing.
pub(crate) fn no_iterations() -> Report {
    let mut example = Example::open("nobody_home", 100, 5, &["p99 < 50ms"]);
    example.is_dropped = |_| true;
    example.report()
}

/// One whose target refuses everything.
pub(crate) fn all_errors() -> Report {
    let mut example = Example::open("refused", 100, 5, &[]);
    example.ending = |_| {
        let message =
            "error sending request for url (http://127.0.0.1:1/): tcp connect error: \u{1b}[31mrefused";
        Ending::Failed(Failure::new(Category::Connect, message))
    };
    example.report()
}

/// A block without its ANSI codes.
pub(crate) fn without_codes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.filter_map(|part| part.split_once('m')).map(|(_, rest)| rest).collect::<String>()
}
