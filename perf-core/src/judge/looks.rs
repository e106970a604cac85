//! When an interleaved comparison is decided: looks that are planned before it starts, each with its share of the level.
//!
//! Whoever tests again and again at the same level finds something in the end. So the level α is spent: α·(J/N)² of it up
//! to J of N blocks (an error-spending function of the ρ-family with ρ = 2, Jennison and Turnbull 2000, Group Sequential
//! Methods, 7.2), and a look rejects at what it adds to that. The sum of what all looks may spend is α, so at most α of
//! unchanged code alarms, however the looks depend on each other (Bonferroni).

use super::signed_rank;
use std::time::Duration;

/// How often unchanged code may alarm, per family.
pub const ALARM: f64 = 0.01;
/// Of the planned blocks, when it is looked: at 14, 17 and 20 of 20.
const PARTS: [f64; 3] = [0.70, 0.85, 1.0];
/// No plan is longer.
const MOST_BLOCKS: u32 = 10_000;

/// One moment of decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// After so many blocks.
    pub blocks: u32,
    /// A p up to this rejects here, per hypothesis.
    pub level: f64,
}

/// What a look saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Looked {
    /// When, and at which level.
    pub look: Look,
    /// Of a change for the worse.
    pub p_worse: f64,
    /// Of a change for the better.
    pub p_better: f64,
}

/// The plan of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    all: Vec<Look>,
    hypotheses: u32,
}

/// The exact test could not reach its level, whatever were measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{} too few: an exact test of so many cannot get below p = {}, and of {} (tests × metrics) each has to get to {}; it \
     takes {needed} blocks, which is --budget {} (a block is {} of load), or compare fewer tests at a time",
    if *blocks == 1 { "1 block a test is".to_owned() } else { format!("{blocks} blocks a test are") },
    scientific(signed_rank::floor(*blocks)),
    self::hypotheses(*hypotheses),
    scientific(*level),
    humantime::format_duration(whole_seconds(*block * *needed)),
    humantime::format_duration(*block)
)]
pub struct TooFewBlocks {
    /// That the budget pays.
    pub blocks: u32,
    /// The fewest that are enough.
    pub needed: u32,
    /// Tests times metrics.
    pub hypotheses: u32,
    /// Per hypothesis.
    pub level: f64,
    /// The load of one block.
    pub block: Duration,
}

/// So many of them, in words.
pub(super) fn hypotheses(count: u32) -> String {
    match count {
        1 => "1 hypothesis".to_owned(),
        _ => format!("{count} hypotheses"),
    }
}

fn scientific(p: f64) -> String {
    if p >= 0.001 { format!("{p:.4}") } else { format!("{p:.1e}") }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

impl Looks {
    /// As many blocks as the budget pays for, of this much load each.
    ///
    /// The hypotheses are all tests of the command times their compared metrics. To be called before anything is
    /// measured: an error means that no outcome could be significant.
    pub fn plan(budget: Duration, block: Duration, hypotheses: u32) -> Result<Self, TooFewBlocks> {
        let paid = budget.as_nanos().checked_div(block.as_nanos()).unwrap_or(0);
        let blocks = u32::try_from(paid).unwrap_or(MOST_BLOCKS).min(MOST_BLOCKS);
        Looks::of(blocks, hypotheses).ok_or_else(|| {
            let needed = (blocks + 1..=MOST_BLOCKS).find(|more| Looks::of(*more, hypotheses).is_some());
            let level = ALARM / f64::from(hypotheses.max(1));
            TooFewBlocks { blocks, needed: needed.unwrap_or(MOST_BLOCKS), hypotheses, level, block }
        })
    }

    /// For so many blocks; `None` where not even all of them could reach the whole level.
    ///
    /// A look that cannot reach its level is left out, and leaves its share to the next; so is one that would leave the last
    /// one too little.
    pub fn of(blocks: u32, hypotheses: u32) -> Option<Self> {
        let level = ALARM / f64::from(hypotheses.max(1));
        let all = (0..PARTS.len()).find_map(|skipped| spend(level, blocks, &PARTS[skipped..]))?;
        Some(Looks { all, hypotheses })
    }

    /// In order.
    pub fn all(&self) -> &[Look] {
        &self.all
    }

    /// The one that uses the whole budget.
    pub fn last(&self) -> Look {
        // `of` makes no plan without one.
        self.all.last().copied().unwrap_or(Look { blocks: 0, level: 0.0 })
    }

    /// Those that so many blocks have reached.
    pub fn reached(&self, blocks: usize) -> &[Look] {
        let count = self.all.iter().take_while(|look| look.blocks as usize <= blocks).count();
        &self.all[..count]
    }

    /// The next one after so many blocks.
    pub fn next(&self, blocks: usize) -> Option<Look> {
        self.all.get(self.reached(blocks).len()).copied()
    }

    /// Tests times metrics that share the level.
    pub fn hypotheses(&self) -> u32 {
        self.hypotheses
    }
}

/// Looks after these parts of the blocks; `None` where the last one could not reach what is left of the level.
fn spend(level: f64, blocks: u32, parts: &[f64]) -> Option<Vec<Look>> {
    let (mut all, mut spent): (Vec<Look>, f64) = (Vec::new(), 0.0);
    for part in parts {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a part of a u32
        let after = (part * f64::from(blocks)).round() as u32;
        let due = level * (f64::from(after) / f64::from(blocks.max(1))).powi(2) - spent;
        if due > 0.0 && signed_rank::floor(after) <= due {
            all.push(Look { blocks: after, level: due });
            spent += due;
        }
    }
    all.last().is_some_and(|last| last.blocks == blocks).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Duration = Duration::from_secs(3);

    #[test]
    fn a_minute_is_looked_at_after_14_17_and_20_blocks() {
        let looks = Looks::plan(Duration::from_mins(1), BLOCK, 30).unwrap();
        let blocks: Vec<u32> = looks.all().iter().map(|look| look.blocks).collect();
        assert_eq!(blocks, [14, 17, 20]);
        let shares: Vec<f64> = looks.all().iter().map(|look| look.level * 30.0 / ALARM).collect();
        for (share, spent) in shares.iter().zip([0.49, 0.2325, 0.2775]) {
            assert!((share - spent).abs() < 1e-12, "{shares:?}");
        }
        assert_eq!(looks.next(0), Some(looks.all()[0]));
        assert_eq!((looks.reached(16).len(), looks.next(16)), (1, Some(looks.all()[1])));
        assert_eq!((looks.reached(20).len(), looks.next(20)), (3, None));
    }

    #[test]
    fn no_plan_spends_more_than_its_level() {
        for blocks in 1..60 {
            for hypotheses in [0, 1, 2, 3, 4, 5, 7, 30, 300, 100_000] {
                let is_enough = signed_rank::floor(blocks) <= ALARM / f64::from(hypotheses.max(1));
                assert_eq!(Looks::of(blocks, hypotheses).is_some(), is_enough, "{blocks} {hypotheses}");
                let Some(looks) = Looks::of(blocks, hypotheses) else { continue };
                let spent: f64 = looks.all().iter().map(|look| look.level).sum();
                assert!((spent - ALARM / f64::from(hypotheses.max(1))).abs() < 1e-15);
                assert!(looks.all().iter().all(|look| signed_rank::floor(look.blocks) <= look.level));
                assert_eq!(looks.last().blocks, blocks);
            }
        }
    }

    #[test]
    fn an_early_look_that_could_find_nothing_leaves_its_share_to_the_next() {
        let looks = Looks::of(20, 900).unwrap();
        let blocks: Vec<u32> = looks.all().iter().map(|look| look.blocks).collect();
        assert_eq!(blocks, [17, 20]);
        assert!((looks.all()[0].level - 0.01 / 900.0 * 0.7225).abs() < 1e-18);
    }

    #[test]
    fn an_early_look_that_would_leave_the_last_one_too_little_is_left_out() {
        // A look after 9 of 10 would leave 6.3e-4, and ten blocks cannot get below 9.8e-4.
        let looks = Looks::of(10, 3).unwrap();
        assert_eq!(looks.all(), [Look { blocks: 10, level: 0.01 / 3.0 }]);
    }

    #[test]
    fn a_suite_that_is_too_large_for_its_budget_is_told_what_it_needs() {
        let error = Looks::plan(Duration::from_secs(26), BLOCK, 36).unwrap_err();
        assert_eq!((error.blocks, error.needed), (8, 12));
        assert_eq!(
            error.to_string(),
            "8 blocks a test are too few: an exact test of so many cannot get below p = 0.0039, and of 36 hypotheses (tests \
             × metrics) each has to get to 2.8e-4; it takes 12 blocks, which is --budget 36s (a block is 3s of load), or \
             compare fewer tests at a time"
        );
        let needed = Looks::plan(Duration::from_secs(36), BLOCK, 36);
        assert!(needed.is_ok() && Looks::of(11, 36).is_none());
        assert!(Looks::plan(Duration::ZERO, BLOCK, 1).is_err());
        let one = Looks::plan(BLOCK, BLOCK, 1).unwrap_err().to_string();
        assert!(one.starts_with("1 block a test is too few") && one.contains("of 1 hypothesis ("), "{one}");
        assert!(Looks::plan(BLOCK, Duration::ZERO, 1).is_err());
    }
}
