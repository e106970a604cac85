//! The gate on recorded rounds (`tests/rounds/README.md`): identical code, and 6, 12 and 24 % more work per request.

use crate::rate::Rate;
use crate::simulator::{CALM, Machine};
use perf_core::judge::block::{Block, Reading, Side};
use perf_core::judge::compare::Basis;
use perf_core::judge::comparison::Comparison;
use perf_core::judge::interleaved::decide_read;
use perf_core::judge::level::{Level, Rounds, SessionRecord};
use perf_core::judge::looks::Looks;
use perf_core::judge::signed_rank::{PairMeans, SignedRank};
use perf_core::judge::spread::Spreads;
use perf_core::plan::gate::{Gated, gated};

const METRICS: [&str; 3] = ["service.p50", "service.p95", "cpu_per_iteration"];
/// Of a suite.
const TESTS: u32 = 10;
/// Rounds of a minute of load are 20 blocks of three pairs.
const BLOCKS: u32 = 20;
const PAIRS: usize = 3;
/// Work: twice the same, then more.
const MORE: [(usize, &str); 3] = [(2, "6 %"), (3, "12 %"), (4, "24 %")];
/// At 1 % a suite: ten of a thousand, and nine for three standard errors.
const ALARM: f64 = 0.01;

#[derive(Clone, Copy)]
struct Round {
    n: u64,
    /// As `METRICS`, in nanoseconds.
    values: [f64; 3],
}

/// By variant, by session.
struct Recorded(Vec<Vec<Vec<Round>>>);

fn quiet() -> Recorded {
    Recorded::parse(include_str!("../rounds/quiet.csv"))
}

fn busy() -> Recorded {
    Recorded::parse(include_str!("../rounds/busy.csv"))
}

impl Recorded {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
        let names = ["service_p50_us", "service_p95_us", "cpu_per_iteration_us"].map(column);
        let (variant, session, n) = (column("variant"), column("session"), column("n"));
        let mut all: Vec<Vec<Vec<Round>>> = vec![Vec::new(); 5];
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let sessions = &mut all[fields[variant].parse::<usize>().unwrap()];
            let session: usize = fields[session].parse().unwrap();
            sessions.resize(sessions.len().max(session + 1), Vec::new());
            let values = names.map(|column| fields[column].parse::<f64>().unwrap() * 1e3);
            sessions[session].push(Round { n: fields[n].parse().unwrap(), values });
        }
        Recorded(all)
    }

    /// A session of one of these variants, its rounds drawn anew, five in a row at a time, as they were.
    fn session(&self, machine: &mut Machine, variants: &[usize]) -> SessionRecord {
        const RUN: usize = 5;
        let variant = variants[machine.below(variants.len())];
        let session = &self.0[variant][machine.below(self.0[variant].len())];
        let drawn: Vec<Round> = (0..session.len() / RUN)
            .flat_map(|_| {
                let first = machine.below(session.len() - RUN + 1);
                session[first..first + RUN].to_vec()
            })
            .collect();
        SessionRecord { rounds: rounds(&drawn), ..SessionRecord::default() }
    }

    fn level(&self, machine: &mut Machine) -> Level {
        Level { sessions: (0..5).map(|_| self.session(machine, &[0, 1])).collect(), ..Level::default() }
    }

    /// All the baselines of a suite.
    fn levels(&self, machine: &mut Machine) -> Vec<Level> {
        (0..TESTS).map(|_| self.level(machine)).collect()
    }

    /// Which metrics fail by both stages.
    fn failing(
        &self,
        machine: &mut Machine,
        gates: &[Gated],
        basis: &Basis<'_>,
        of: &[usize],
    ) -> Vec<String> {
        let mut compared = |count: usize, is_confirmed: bool| {
            let sessions: Vec<SessionRecord> = (0..count).map(|_| self.session(machine, of)).collect();
            Comparison::of(gates, &sessions, basis, 1, is_confirmed)
        };
        if !compared(1, false).is_suspicious() {
            return Vec::new();
        }
        compared(2, true).regressed().map(|metric| metric.metric.to_string()).collect()
    }
}

/// What every block that could be cut from the rounds says of every metric: rounds that ran beside each other.
struct Blocks {
    /// By base (either of the two that are the same), session, first round, and whether the block's number is odd.
    readings: Vec<[Vec<Reading>; 2]>,
}

impl Blocks {
    /// Of a variant against what is the same as the first.
    fn of(recorded: &Recorded, head: usize) -> Self {
        let gates = gates("5%");
        let bases = if head == 1 { 0..1 } else { 0..2 };
        let cut = |base: usize, session: usize, first: usize| {
            let of = |variant: usize| Side {
                rounds: rounds(&recorded.0[variant][session][first..first + PAIRS]),
                service: Vec::new(),
            };
            let block = Block { base: of(base), head: of(head) };
            [0, 1].map(|number| gates.iter().map(|gate| block.read(&gate.metric, number)).collect())
        };
        let mut readings = Vec::new();
        for base in bases {
            for (session, rounds) in recorded.0[head].iter().enumerate() {
                readings.extend((0..=rounds.len() - PAIRS).map(|first| cut(base, session, first)));
            }
        }
        Blocks { readings }
    }

    /// A minute of them, by metric.
    fn minute(&self, machine: &mut Machine) -> Vec<Vec<Reading>> {
        let drawn: Vec<usize> = (0..BLOCKS).map(|_| machine.below(self.readings.len())).collect();
        let of = |metric: usize| {
            let numbered = drawn.iter().enumerate();
            numbered.map(|(number, which)| self.readings[*which][number % 2][metric]).collect()
        };
        (0..METRICS.len()).map(of).collect()
    }
}

fn rounds(all: &[Round]) -> Rounds {
    let column = |metric: usize| all.iter().map(|round| Some(round.values[metric])).collect();
    Rounds {
        n: all.iter().map(|round| round.n).collect(),
        service_p50_ns: column(0),
        service_p95_ns: column(1),
        cpu_per_iteration_ns: column(2),
        ..Rounds::default()
    }
}

fn gates(tolerance: &str) -> Vec<Gated> {
    METRICS.iter().map(|metric| gated(metric, tolerance).unwrap()).collect()
}

fn family() -> u32 {
    TESTS * u32::try_from(METRICS.len()).unwrap()
}

/// Which metrics of a minute regressed.
fn regressed(gates: &[Gated], minute: &[Vec<Reading>], looks: &Looks) -> Vec<String> {
    let found = decide_read(gates, minute, looks);
    found.regressed().map(|metric| metric.metric.to_string()).collect()
}

/// By a single look after all blocks, which needs no level to be spent and saves no time.
fn is_found_at_once(readings: &[Reading], gate: &Gated) -> bool {
    let values: Vec<f64> = readings.iter().filter_map(Reading::value).collect();
    let change = PairMeans::of(&values).unwrap().estimate().exp_m1();
    SignedRank::of(&values).p_above() <= 0.01 / f64::from(family()) && change > gate.tolerance.get()
}

fn shares(found: &[Rate]) -> String {
    let share = |(metric, rate): (&&str, &Rate)| format!("  {metric} {:.3}", rate.share());
    METRICS.iter().zip(found).map(share).collect::<Vec<_>>().concat()
}

fn count(found: &mut [Rate], hits: &[String]) {
    METRICS.iter().zip(found).for_each(|(metric, rate)| rate.count(hits.iter().any(|hit| hit == metric)));
}

#[test]
fn interleaved_suites_of_identical_code_hardly_ever_alarm() {
    let looks = Looks::of(BLOCKS, family()).unwrap();
    let gates = gates("3%");
    for (name, recorded) in [("quiet", quiet()), ("busy", busy())] {
        let (blocks, mut machine) = (Blocks::of(&recorded, 1), Machine::new(CALM, 1));
        let mut inconclusive = 0;
        let alarms = Rate::of(1000, || {
            let mut is_alarm = false;
            for _ in 0..TESTS {
                let found = decide_read(&gates, &blocks.minute(&mut machine), &looks);
                is_alarm |= found.regressed().next().is_some();
                inconclusive += u32::from(found.is_inconclusive());
            }
            is_alarm
        });
        println!(
            "interleaved, {name}: {} of 1000 suites alarm, the control does in {inconclusive} of 10000 tests",
            alarms.hits
        );
        alarms.is_at_most(ALARM, name);
    }
}

#[test]
fn interleaved_more_work_is_found_in_a_minute() {
    let looks = Looks::of(BLOCKS, family()).unwrap();
    for (name, recorded) in [("quiet", quiet()), ("busy", busy())] {
        for (head, more) in MORE {
            let blocks = Blocks::of(&recorded, head);
            for tolerance in ["3%", "5%"] {
                let (gates, mut machine) = (gates(tolerance), Machine::new(CALM, 2));
                let (mut found, mut at_once) = ([Rate::default(); 3], [Rate::default(); 3]);
                for _ in 0..500 {
                    let minute = blocks.minute(&mut machine);
                    count(&mut found, &regressed(&gates, &minute, &looks));
                    let is_found = |readings: &Vec<Reading>| is_found_at_once(readings, &gates[0]);
                    at_once.iter_mut().zip(&minute).for_each(|(rate, one)| rate.count(is_found(one)));
                }
                println!("interleaved, {name}, {more} more work, tolerance {tolerance}:{}", shares(&found));
                println!("  by one look at the whole level{}", shares(&at_once));
                let [p50, _, cpu] = found;
                if more != "6 %" {
                    p50.is_at_least(0.95, "12 % more work by service p50");
                    cpu.is_at_least(0.95, "12 % more work by CPU");
                } else if tolerance == "3%" {
                    cpu.is_at_least(0.95, "6 % more work by CPU");
                }
            }
        }
    }
}

#[test]
fn suites_of_identical_code_hardly_ever_fail_against_a_baseline() {
    let gates = gates("5%");
    let metrics = || gates.iter().map(|gate| &gate.metric);
    for (name, recorded) in [("quiet", quiet()), ("busy", busy())] {
        for (source, suites) in [("the design's", 1000), ("the environment's own", 100)] {
            let mut machine = Machine::new(CALM, 3);
            let alarms = Rate::of(suites, || {
                let levels = recorded.levels(&mut machine);
                let spreads = match source {
                    "the design's" => Spreads::default(),
                    _ => Spreads::of(&levels, metrics()),
                };
                let mut alarms = false;
                for level in &levels {
                    let basis = Basis { level, spreads: &spreads, family: family() };
                    alarms |= !recorded.failing(&mut machine, &gates, &basis, &[0, 1]).is_empty();
                }
                alarms
            });
            println!("baseline, {name}, {source} spreads: {} of {suites} suites fail", alarms.hits);
            alarms.is_at_most(ALARM, name);
        }
    }
}

#[test]
fn more_work_fails_against_a_baseline() {
    let gates = gates("5%");
    for (name, recorded) in [("quiet", quiet()), ("busy", busy())] {
        for (source, trials) in [("the design's", 400), ("the environment's own", 80)] {
            for (head, more) in MORE {
                let mut machine = Machine::new(CALM, 4);
                let mut found = [Rate::default(); 3];
                for _ in 0..trials {
                    let levels = match source {
                        "the design's" => vec![recorded.level(&mut machine)],
                        _ => recorded.levels(&mut machine),
                    };
                    // One level alone has no twenty degrees of freedom, and the design's spreads.
                    let spreads = Spreads::of(&levels, gates.iter().map(|gate| &gate.metric));
                    let basis = Basis { level: &levels[0], spreads: &spreads, family: family() };
                    count(&mut found, &recorded.failing(&mut machine, &gates, &basis, &[head]));
                }
                println!("baseline, {name}, {more} more work, {source} spreads:{}", shares(&found));
                let [p50, _, cpu] = found;
                if more != "6 %" {
                    cpu.is_at_least(0.95, "12 % more work by CPU");
                }
                if more == "24 %" {
                    p50.is_at_least(0.95, "24 % more work by service p50");
                }
            }
        }
    }
}

/// The facts of the design were found with twenty hypotheses: 44 of 100 by service p50 quiet, and 68 busy.
#[test]
fn a_smaller_family_finds_more() {
    for (name, recorded) in [("quiet", quiet()), ("busy", busy())] {
        let mut shares = Vec::new();
        for family in [10, 20, 30, 60] {
            let (gates, mut machine) = (gates("5%"), Machine::new(CALM, 5));
            let found = Rate::of(200, || {
                let level = recorded.level(&mut machine);
                let basis = Basis { level: &level, spreads: &Spreads::default(), family };
                let failing = recorded.failing(&mut machine, &gates, &basis, &[3]);
                failing.iter().any(|metric| metric == METRICS[0])
            });
            println!("baseline, {name}, 12 % more work, {family} hypotheses: service.p50 {found}");
            shares.push(found.share());
        }
        assert!(shares.is_sorted_by(|more, fewer| more >= fewer), "{shares:?}");
    }
}
