//! One test, base against head: block after block, until it is decided.

use super::block::{self, Played};
use super::outcome::{Ended, Outcome, PlayedBlock};
use super::progress::Progress;
use super::trouble::Trouble;
use crate::build::Built;
use perf_core::drive::control::Control;
use perf_core::interleave::coins::{Coins, Who};
use perf_core::interleave::wire::{Numbers, Tempo};
use perf_core::judge::block::Block;
use perf_core::judge::interleaved::decide;
use perf_core::judge::looks::Looks;
use perf_core::plan::gate::Gated;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// One in so many planned blocks may be spoiled, and is measured again.
const SPOILED_PART: u32 = 4;

/// What holds for all tests.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) tempo: Tempo,
    pub(crate) looks: Looks,
    pub(crate) seed: u64,
    pub(crate) started: SystemTime,
    /// Of the run.
    pub(crate) folder: PathBuf,
}

/// A test that can be compared.
#[derive(Clone, Debug)]
pub(crate) struct Contest {
    pub(crate) name: String,
    pub(crate) load: String,
    pub(crate) base: Built,
    pub(crate) head: Built,
    pub(crate) gates: Vec<Gated>,
    /// A ratio.
    pub(crate) most_errors: Option<f64>,
}

impl Contest {
    pub(crate) fn built(&self, who: Who) -> &Built {
        match who {
            Who::Base => &self.base,
            Who::Head => &self.head,
        }
    }

    /// Until every metric is decided, the budget is used, or something is in the way.
    pub(crate) fn run(&self, terms: &Terms, live: &Control) -> Outcome {
        let began = Instant::now();
        let mut progress = Progress::show(&self.name, &terms.looks);
        let mut so_far = SoFar { tempo: terms.tempo, ..SoFar::default() };
        let ended = loop {
            progress.tell(&self.gates, &so_far.blocks);
            match so_far.go_on(self, terms, live) {
                Ok(None) => {}
                Ok(Some(ended)) => break ended,
                Err(trouble) => break Ended::Trouble(trouble),
            }
        };
        drop(progress);
        let decided = decide(&self.gates, &so_far.blocks, &terms.looks);
        Outcome {
            name: self.name.clone(),
            target: self.head.target.name.clone(),
            package: self.head.target.package.clone(),
            load: self.load.clone(),
            gates: self.gates.clone(),
            most_errors: self.most_errors,
            decided,
            ended,
            spoiled: so_far.spoiled,
            workers: so_far.tempo.workers,
            load_time: so_far.load_time,
            elapsed: began.elapsed(),
            played: so_far.played,
        }
    }
}

/// What was measured of a test.
#[derive(Default)]
struct SoFar {
    /// With the workers that turned out to be needed.
    tempo: Tempo,
    blocks: Vec<Block>,
    played: Vec<PlayedBlock>,
    /// How the generator was the bottleneck, block by block.
    spoiled: Vec<String>,
    load_time: Duration,
}

impl SoFar {
    /// One more block; says how the test ended, when it did.
    fn go_on(&mut self, contest: &Contest, terms: &Terms, live: &Control) -> Result<Option<Ended>, Trouble> {
        if let Some(signal) = live.signal() {
            return Err(Trouble::Interrupted(signal));
        }
        let mut coins = Coins::of(terms.seed, &contest.name, self.tempo.block);
        let played = block::play(contest, &self.tempo, &mut coins, &terms.folder, live)?;
        self.tempo.block += 1;
        match played {
            Played::MoreWorkers(workers) => self.tempo.workers = Some(workers),
            Played::Whole(numbers, first) => {
                self.load_time += self.tempo.length() * 2;
                match spoiled(&numbers) {
                    Some(how) => self.spoiled.push(how),
                    None => self.keep(*numbers, first),
                }
            }
        }
        if self.spoiled.len() > (terms.looks.last().blocks / SPOILED_PART).max(1) as usize {
            return Ok(Some(Ended::Spoiled));
        }
        Ok(self.is_decided(contest, terms).then_some(Ended::Decided))
    }

    fn keep(&mut self, numbers: [Numbers; 2], first: Vec<Who>) {
        self.blocks.push(block::judged(&numbers));
        self.played.push(PlayedBlock { numbers, first });
    }

    fn is_decided(&self, contest: &Contest, terms: &Terms) -> bool {
        let planned = terms.looks.last().blocks as usize;
        let is_a_look = terms.looks.all().iter().any(|look| look.blocks as usize == self.blocks.len());
        self.blocks.len() >= planned
            || is_a_look && decide(&contest.gates, &self.blocks, &terms.looks).next.is_none()
    }
}

/// A block is thrown away with both its sides, so that nothing leans to one of them.
fn spoiled(numbers: &[Numbers; 2]) -> Option<String> {
    let sides = [Who::Base, Who::Head].into_iter().zip(numbers);
    let mut faults =
        sides.flat_map(|(who, side)| side.spoiled.iter().map(move |how| format!("{}: {how}", who.name())));
    faults.next()
}
