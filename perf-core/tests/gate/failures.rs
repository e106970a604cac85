//! Where the gate itself could fail: too little to decide by, too much to decide, or nonsense.

use crate::simulator::{CALM, Machine, rounds};
use perf_core::judge::block::{Block, Side};
use perf_core::judge::compare::{self, Basis, Change, MetricComparison};
use perf_core::judge::doubt::Doubt;
use perf_core::judge::interleaved::{Interleaved, decide};
use perf_core::judge::level::{Level, Rounds, SessionRecord};
use perf_core::judge::looks::Looks;
use perf_core::judge::signed_rank::SignedRank;
use perf_core::judge::spread::{Source, Spreads};
use perf_core::plan::gate::{Gated, gated};
use proptest::prelude::*;
use std::time::Duration;

fn p50() -> Gated {
    gated("p50", "5%").unwrap()
}

/// A session whose rounds have these p50s, in nanoseconds.
fn session(p50s: &[Option<f64>]) -> SessionRecord {
    let rounds = Rounds { n: vec![100; p50s.len()], service_p50_ns: p50s.to_vec(), ..Rounds::default() };
    SessionRecord { rounds, ..SessionRecord::default() }
}

/// Ten rounds that are all the same.
fn tied(ms: f64) -> SessionRecord {
    session(&[Some(ms * 1e6); 10])
}

/// Every iteration of every round failed.
fn failed() -> SessionRecord {
    let rounds =
        Rounds { errors: vec![100; 10], n: vec![0; 10], service_p50_ns: vec![None; 10], ..Rounds::default() };
    SessionRecord { rounds, ..SessionRecord::default() }
}

fn level(sessions: &[SessionRecord]) -> Level {
    Level { sessions: sessions.to_vec(), ..Level::default() }
}

fn compared(now: &[SessionRecord], before: &[SessionRecord], family: u32) -> Vec<MetricComparison> {
    let (level, spreads) = (level(before), Spreads::default());
    compare::compare(&[p50()], now, &Basis { level: &level, spreads: &spreads, family })
}

fn side(session: &SessionRecord) -> Side {
    Side { rounds: session.rounds.clone(), service: Vec::new() }
}

fn interleaved(blocks: &[Block]) -> Interleaved {
    decide(&[p50()], blocks, &Looks::of(20, 30).unwrap())
}

/// The same block again and again.
fn all_blocks(base: &SessionRecord, head: &SessionRecord) -> Interleaved {
    interleaved(&vec![Block { base: side(base), head: side(head) }; 20])
}

#[test]
fn a_baseline_of_one_session_sees_less_than_one_of_five_and_says_so() {
    let smallest =
        |count: usize| compared(&[tied(10.0)], &vec![tied(10.0); count], 20)[0].smallest_detectable_change;
    println!("smallest detectable change: {:.3} of one session, {:.3} of five", smallest(1), smallest(5));
    assert!(smallest(1) > 1.2 * smallest(5) && smallest(5) > 0.05);
    let verdict = |ms| compared(&[tied(ms), tied(ms)], &[tied(10.0)], 20)[0].verdict;
    let (half, all) = (10.0 * (1.0 + 0.5 * smallest(1)), 10.0 * (1.0 + smallest(1)));
    assert_eq!([half, all].map(verdict), [Change::Unresolved, Change::Regressed]);
}

#[test]
fn tied_values_are_no_certainty() {
    let unchanged = &compared(&[tied(10.0)], &[tied(10.0), tied(10.0)], 20)[0];
    assert!(!unchanged.is_suspicious && (unchanged.p_value - 0.5).abs() < 1e-9, "{unchanged}");
    // Sessions that are all the same leave a spread above zero, also where the environment's own are all that is known.
    let tests = vec![level(&vec![tied(10.0); 20]); 2];
    let spreads = Spreads::of(&tests, [&p50().metric]);
    assert!(matches!(spreads.prior(&p50().metric).source, Source::Environment { .. }));
    let basis = Basis { level: &tests[0], spreads: &spreads, family: 20 };
    let found = |ms| compare::compare(&[p50()], &[tied(ms), tied(ms)], &basis).remove(0);
    assert!(!found(10.001).is_suspicious, "a tenth of what a histogram tells apart");
    assert_eq!(
        [10.0, 10.4, 10.6, 9.4].map(|ms| found(ms).verdict),
        [Change::Unchanged, Change::Unchanged, Change::Regressed, Change::Improved]
    );
    // Blocks that are all tied at zero are no evidence at all; those that are tied elsewhere are.
    let same = all_blocks(&tied(10.0), &tied(10.0));
    assert_eq!((same.metrics[0].verdict, same.metrics[0].p_value), (Change::Unchanged, 1.0));
    assert_eq!(all_blocks(&tied(10.0), &tied(11.0)).verdict(), Change::Regressed);
}

#[test]
fn without_rounds_or_with_nothing_but_errors_nothing_is_said_to_be_unchanged() {
    for nothing in [SessionRecord::default(), session(&[]), failed(), session(&[None; 10])] {
        assert!(compared(std::slice::from_ref(&nothing), &[tied(10.0)], 20).is_empty(), "{nothing:?}");
        assert!(compared(&[tied(10.0)], std::slice::from_ref(&nothing), 20).is_empty(), "{nothing:?}");
        for found in [all_blocks(&nothing, &tied(10.0)), all_blocks(&tied(10.0), &nothing)] {
            assert!(found.metrics.is_empty() && found.verdict() == Change::Unresolved, "{found:?}");
        }
    }
    assert!(interleaved(&[]).metrics.is_empty());
    // One session without data among others changes nothing.
    let (with, without) =
        (compared(&[tied(11.0), failed()], &[tied(10.0)], 20), compared(&[tied(11.0)], &[tied(10.0)], 20));
    assert!((with[0].p_value - without[0].p_value).abs() < 1e-12);
}

#[test]
fn a_block_that_failed_counts_for_neither_side() {
    let block = |ms| Block { base: side(&tied(10.0)), head: side(&tied(ms)) };
    let mut blocks = vec![block(11.0); 20];
    blocks[3].head = side(&failed());
    blocks[7].base = side(&session(&[Some(f64::NAN); 3]));
    let found = interleaved(&blocks);
    assert_eq!((found.verdict(), found.metrics[0].values.len()), (Change::Regressed, 15), "of the first 17");
    blocks[4..].iter_mut().for_each(|block| block.head = side(&failed()));
    let found = interleaved(&blocks);
    assert!(matches!(found.metrics[0].doubt, Some(Doubt::TooFewBlocks { usable: 3, .. })), "{found:?}");
}

#[test]
fn a_suite_too_large_for_the_exact_test_is_refused_before_anything_is_measured() {
    let (minute, block) = (Duration::from_mins(1), Duration::from_secs(3));
    let best = |blocks: u32| SignedRank::of(&vec![1.0; blocks as usize]).p_above();
    for tests in [1, 10, 100, 1_000, 10_000, 1_000_000] {
        let hypotheses = 3 * tests;
        let level = 0.01 / f64::from(hypotheses);
        match Looks::plan(minute, block, hypotheses) {
            Ok(looks) => assert!(looks.all().iter().all(|look| best(look.blocks) <= look.level)),
            Err(refused) => {
                println!("{refused}");
                assert!(best(refused.blocks) > level, "all blocks on one side would not do");
                assert!(best(refused.needed) <= level && best(refused.needed - 1) > level);
                assert!(
                    Looks::plan(block * refused.needed, block, hypotheses).is_ok(),
                    "what it says is enough"
                );
            }
        }
    }
    assert!(Looks::plan(minute, block, 10_000).is_ok() && Looks::plan(minute, block, 11_000).is_err());
}

/// Against a baseline the level is met by a larger change, however small it is: nothing is refused, and what can be seen
/// is told.
#[test]
fn a_suite_too_large_for_its_baseline_says_what_it_can_still_see() {
    let mut last = 0.0;
    for family in [1, 30, 1_000, 100_000, u32::MAX] {
        let found = &compared(&[tied(10.0)], &vec![tied(10.0); 5], family)[0];
        let smallest = found.smallest_detectable_change;
        println!("{family} hypotheses: smallest detectable change {smallest:.3}");
        assert!(smallest.is_finite() && smallest > last, "{found}");
        last = smallest;
        let now = tied(10.0 * (1.0 + smallest));
        assert_eq!(compared(&[now.clone(), now], &vec![tied(10.0); 5], family)[0].verdict, Change::Regressed);
    }
}

#[test]
fn a_change_of_noise_alone_is_never_certain() {
    let mut machine = Machine::new(CALM, 1000);
    for _ in 0..200 {
        let mut session = || {
            let logs: Vec<f64> = (0..10).map(|_| machine.round()).collect();
            SessionRecord { rounds: rounds(&logs), ..SessionRecord::default() }
        };
        let found = compared(&[session(), session()], &[session()], 1).remove(0);
        assert!(found.p_value > 0.0 && found.interval.0 < found.change && found.change < found.interval.1);
    }
}

fn any_value() -> impl Strategy<Value = Option<f64>> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -1.0, f64::MIN_POSITIVE, f64::MAX];
    prop_oneof![
        4 => (1.0..3.6e12_f64).prop_map(Some),
        2 => Just(Some(5e6)),
        1 => Just(None),
        1 => prop::sample::select(odd.to_vec()).prop_map(Some),
    ]
}

fn any_session() -> impl Strategy<Value = SessionRecord> {
    let rounds = prop::collection::vec(any_value(), 0..12);
    (rounds, prop::sample::select(vec![0, 1, 100])).prop_map(|(values, n)| {
        let mut session = session(&values);
        session.rounds.n.fill(n);
        session
    })
}

fn are_numbers(values: &[f64]) -> bool {
    values.iter().all(|value| !value.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_the_rounds_hold_no_number_that_is_told_is_none(
        now in prop::collection::vec(any_session(), 0..4),
        before in prop::collection::vec(any_session(), 0..7),
    ) {
        for found in compared(&now, &before, 20) {
            let MetricComparison { change, interval: (low, high), smallest_detectable_change, p_value, .. } = found;
            prop_assert!(are_numbers(&[change, low, high, smallest_detectable_change, p_value]), "{}", found);
            prop_assert!((0.0..=1.0).contains(&p_value) && low <= high, "{}", found);
        }
    }

    #[test]
    fn whatever_the_blocks_hold_no_number_that_is_told_is_none(
        sides in prop::collection::vec((any_session(), any_session()), 0..24),
    ) {
        let blocks: Vec<Block> =
            sides.iter().map(|(base, head)| Block { base: side(base), head: side(head) }).collect();
        for found in interleaved(&blocks).metrics {
            prop_assert!(are_numbers(&[found.change, found.interval.0, found.interval.1, found.p_value]), "{found:?}");
            prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
            prop_assert!(found.smallest_detectable_change().is_none_or(|change| change >= 0.0), "{found:?}");
        }
    }
}
