//! What a comparison came to: per test a verdict with its reasons, and the exit status of all.

use super::choose::LeftOut;
use super::sides::Sides;
use super::trouble::Trouble;
use crate::CONFIGURATION;
use perf_core::interleave::coins::Who;
use perf_core::interleave::wire::{Numbers, Tempo};
use perf_core::judge::block::is_read;
use perf_core::judge::centre::least_iterations;
use perf_core::judge::compare::Change;
use perf_core::judge::errors::are_more;
use perf_core::judge::interleaved::Interleaved;
use perf_core::judge::looks::Looks;
use perf_core::judge::verdict::Verdict;
use perf_core::measure::Signal;
use perf_core::metric::Metric;
use perf_core::plan::gate::Gated;
use perf_core::units::Significant;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Of the whole command.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) sides: Sides,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) started: SystemTime,
    /// Since the command began, builds included.
    pub(crate) elapsed: Duration,
    pub(crate) seed: u64,
    pub(crate) looks: Looks,
    pub(crate) tempo: Tempo,
    /// That ended it early.
    pub(crate) signal: Option<Signal>,
}

/// Of one test.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) package: String,
    pub(crate) load: String,
    pub(crate) gates: Vec<Gated>,
    /// A ratio.
    pub(crate) most_errors: Option<f64>,
    pub(crate) decided: Interleaved,
    pub(crate) ended: Ended,
    /// Of each block that was thrown away.
    pub(crate) spoiled: Vec<String>,
    /// Of each side, where it was found to be more than the test says.
    pub(crate) workers: Option<u32>,
    pub(crate) load_time: Duration,
    pub(crate) elapsed: Duration,
    /// The blocks that it was decided by.
    pub(crate) played: Vec<PlayedBlock>,
}

/// How a test's comparison ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// At a look, or with the budget.
    Decided,
    /// The generator was the bottleneck too often.
    Spoiled,
    Trouble(Trouble),
}

/// A block as it was measured.
#[derive(Debug)]
pub(crate) struct PlayedBlock {
    /// Of base and head.
    pub(crate) numbers: [Numbers; 2],
    /// Who began each pair of rounds.
    pub(crate) first: Vec<Who>,
}

/// How many iterations of a side did not succeed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Failures {
    pub(crate) planned: u64,
    pub(crate) count: u64,
    /// By category; with what the first one said.
    pub(crate) categories: BTreeMap<String, (u64, String)>,
}

impl Failures {
    /// `None` when nothing was planned.
    pub(crate) fn ratio(&self) -> Option<f64> {
        (self.planned > 0).then(|| self.count as f64 / self.planned as f64)
    }

    fn is_above(&self, most: Option<f64>) -> bool {
        most.zip(self.ratio()).is_some_and(|(most, ratio)| ratio > most)
    }
}

impl Outcome {
    /// The one answer, and what it rests on.
    pub(crate) fn judge(&self) -> (Verdict, Vec<String>) {
        let regressed: Vec<String> =
            self.decided.regressed().map(|metric| metric.metric.to_string()).collect();
        match self.spoilt() {
            // What a look has found stays found, whatever came after it.
            Some((Verdict::Inconclusive, mut reasons)) if !regressed.is_empty() && self.is_cut_short() => {
                reasons.insert(0, format!("{} regressed", regressed.join(", ")));
                return (Verdict::Failed, reasons);
            }
            Some(judged) => return judged,
            None => {}
        }
        let is_open = |change: Change| change == Change::Unresolved;
        match () {
            () if !regressed.is_empty() => {
                (Verdict::Failed, vec![format!("{} regressed", regressed.join(", "))])
            }
            () if self.decided.metrics.is_empty() => {
                (Verdict::Inconclusive, vec!["no metric has iterations enough to be compared".to_owned()])
            }
            () if self.decided.metrics.iter().all(|metric| is_open(metric.verdict)) => {
                (Verdict::Inconclusive, vec!["no metric could be decided".to_owned()])
            }
            () => (Verdict::Passed, Vec::new()),
        }
    }

    /// Whether something came between two looks. A signal is no such thing: who sends it wants no verdict.
    fn is_cut_short(&self) -> bool {
        match &self.ended {
            Ended::Decided | Ended::Trouble(Trouble::Interrupted(_)) => false,
            Ended::Spoiled | Ended::Trouble(_) => true,
        }
    }

    /// What keeps the metrics from being asked at all.
    fn spoilt(&self) -> Option<(Verdict, Vec<String>)> {
        let told = |verdict, reason: String| Some((verdict, vec![reason]));
        match &self.ended {
            Ended::Trouble(trouble) if trouble.is_of_configuration() => {
                return told(Verdict::Skipped, trouble.to_string());
            }
            Ended::Trouble(trouble) => {
                let is_heads = trouble.who() == Some(Who::Head);
                return told(
                    if is_heads { Verdict::Failed } else { Verdict::Inconclusive },
                    trouble.to_string(),
                );
            }
            Ended::Spoiled => {
                let how = self.spoiled.first().map_or("", String::as_str);
                let (bad, all) = (self.spoiled.len(), self.spoiled.len() + self.played.len());
                return told(
                    Verdict::Inconclusive,
                    format!("the generator was the bottleneck in {bad} of {all} blocks: {how}"),
                );
            }
            Ended::Decided => {}
        }
        let (base, head) = (self.failures(Who::Base), self.failures(Who::Head));
        match (base.is_above(self.most_errors), head.is_above(self.most_errors)) {
            (false, true) if are_more((head.count, head.planned), (base.count, base.planned)) => {
                told(Verdict::Failed, format!("errors broke their limit in head: {}", self.errors()))
            }
            (false, true) => told(
                Verdict::Inconclusive,
                format!("errors broke their limit in head, by no more than chance: {}", self.errors()),
            ),
            (true, _) => told(
                Verdict::Inconclusive,
                format!(
                    "errors broke their limit in base already, so that times say little: {}",
                    self.errors()
                ),
            ),
            (false, false) if self.decided.is_inconclusive() => {
                told(Verdict::Inconclusive, "base differs from itself, so nothing is said of head".to_owned())
            }
            (false, false) => None,
        }
    }

    fn errors(&self) -> String {
        let shown = |who: Who| {
            let failures = self.failures(who);
            let ratio = failures.ratio().unwrap_or_default();
            let most = failures.categories.iter().max_by_key(|(_, (count, _))| *count);
            let first =
                most.map_or(String::new(), |(category, (_, message))| format!(" ({category}: {message})"));
            format!("{} % in {}{first}", Significant(ratio * 100.0), who.name())
        };
        let limit = self
            .most_errors
            .map_or(String::new(), |most| format!("; {} % allowed", Significant(most * 100.0)));
        format!("{}, {}{limit}", shown(Who::Base), shown(Who::Head))
    }

    /// Of all blocks.
    pub(crate) fn failures(&self, who: Who) -> Failures {
        let mut all = Failures::default();
        for PlayedBlock { numbers, .. } in &self.played {
            let side = &numbers[who as usize];
            all.planned += side.planned;
            all.count += side.error_count();
            for errors in &side.errors {
                let entry = || (0, errors.first_message.clone());
                all.categories.entry(errors.category.clone()).or_insert_with(entry).0 += errors.count;
            }
        }
        all
    }

    /// Compared metrics of which there is no number, each with the reason.
    pub(crate) fn missing(&self) -> Vec<(Metric, String)> {
        let has = |metric: &Metric| self.decided.metrics.iter().any(|found| found.metric == *metric);
        let gone = self.gates.iter().map(|gate| &gate.metric).filter(|metric| !has(metric));
        gone.filter(|_| !self.played.is_empty())
            .map(|metric| (metric.clone(), self.why_missing(metric)))
            .collect()
    }

    fn why_missing(&self, metric: &Metric) -> String {
        if *metric == Metric::CpuPerIteration {
            return "the target's CPU time is not known".to_owned();
        }
        if !is_read(metric) {
            return "a p99 of a step, a tag or a trend is compared with baselines only; compare its p50 or p95".to_owned();
        }
        let sides = self.played.iter().flat_map(|block| &block.numbers);
        let fewest = sides.map(|side| side.rounds.readings(metric).iter().sum::<u64>()).min().unwrap_or(0);
        let needed = least_iterations(metric);
        match fewest < needed {
            true => format!(
                "{fewest} iterations in a block of one side, and it takes {needed}; raise the rate, or --round with --budget"
            ),
            false => "no number in any block".to_owned(),
        }
    }

    /// Time that was spent on anything but load.
    pub(crate) fn starts(&self) -> Duration {
        self.elapsed.saturating_sub(self.load_time)
    }
}

impl Comparison {
    /// 101 when something failed, 2 when something was set up so that it cannot be compared.
    pub(crate) fn exit_code(&self, is_strict: bool) -> ExitCode {
        ExitCode::from(exit_code(self.outcomes.iter(), is_strict))
    }

    pub(crate) fn load_time(&self) -> Duration {
        self.outcomes.iter().map(|outcome| outcome.load_time).sum()
    }
}

fn exit_code<'a>(outcomes: impl Iterator<Item = &'a Outcome>, is_strict: bool) -> u8 {
    let verdicts: Vec<Verdict> = outcomes.map(|outcome| outcome.judge().0).collect();
    let has = |verdict| verdicts.contains(&verdict);
    match () {
        () if has(Verdict::Failed) || is_strict && has(Verdict::Inconclusive) => FAILED,
        () if has(Verdict::Skipped) => CONFIGURATION,
        () => 0,
    }
}

/// As cargo's own tests end.
const FAILED: u8 = 101;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use perf_core::interleave::wire::Errors;
    use perf_core::judge::block::Block;
    use perf_core::judge::interleaved::decide;
    use perf_core::judge::level::Rounds;
    use perf_core::plan::gate::gated;

    /// One side of a block: three rounds of 100 iterations.
    fn side(ms: f64, failed: u64) -> Numbers {
        let errors =
            Errors { category: "http_5xx".into(), count: failed, first_message: "status 500".into() };
        Numbers {
            rounds: Rounds { n: vec![100; 3], service_p50_ns: vec![Some(ms * 1e6); 3], ..Rounds::default() },
            planned: 300 + failed,
            errors: if failed > 0 { vec![errors] } else { Vec::new() },
            ..Numbers::default()
        }
    }

    /// Twenty blocks of a test whose base takes 10 ms.
    pub(in super::super) fn outcome(head_ms: f64, failed: u64) -> Outcome {
        let wobble = |block: u32| 1.0 + 0.001 * f64::from((block * 7) % 11);
        let played: Vec<PlayedBlock> = (0..20)
            .map(|block| PlayedBlock {
                numbers: [side(10.0, 0), side(head_ms * wobble(block), failed)],
                first: vec![Who::Base, Who::Head, Who::Base],
            })
            .collect();
        let gates = vec![
            gated("p50", "5%").unwrap(),
            gated("p95", "5%").unwrap(),
            gated("cpu_per_iteration", "5%").unwrap(),
        ];
        let blocks: Vec<Block> =
            played.iter().map(|block| super::super::block::judged(&block.numbers)).collect();
        Outcome {
            name: "login".into(),
            target: "perf".into(),
            package: "shop".into(),
            load: "open load, 200/s for 10s after 1s of warm-up".into(),
            decided: decide(&gates, &blocks, &Looks::of(20, 3).unwrap()),
            gates,
            most_errors: Some(0.01),
            ended: Ended::Decided,
            spoiled: Vec::new(),
            workers: None,
            load_time: Duration::from_mins(1),
            elapsed: Duration::from_secs(80),
            played,
        }
    }

    fn told(outcome: &Outcome) -> (Verdict, String) {
        let (verdict, reasons) = outcome.judge();
        (verdict, reasons.join("; "))
    }

    #[test]
    fn a_regression_fails_and_the_same_passes() {
        assert_eq!(told(&outcome(13.0, 0)), (Verdict::Failed, "service.p50 regressed".into()));
        assert_eq!(told(&outcome(10.0, 0)), (Verdict::Passed, String::new()));
        assert_eq!(exit_code([outcome(10.0, 0), outcome(13.0, 0)].iter(), false), 101);
        assert_eq!(exit_code([outcome(10.0, 0)].iter(), true), 0);
    }

    #[test]
    fn errors_that_only_head_has_fail_it_however_quick_it_got() {
        let (verdict, reason) = told(&outcome(5.0, 30));
        assert_eq!(verdict, Verdict::Failed);
        assert_eq!(
            reason,
            "errors broke their limit in head: 0 % in base, 9.09 % in head (http_5xx: status 500); 1 % allowed"
        );
        let unlimited = Outcome { most_errors: None, ..outcome(10.0, 30) };
        assert_eq!(unlimited.judge().0, Verdict::Passed);
        let mut both = outcome(10.0, 30);
        both.played.iter_mut().for_each(|block| block.numbers[0] = side(10.0, 30));
        assert_eq!(both.judge().0, Verdict::Inconclusive);
    }

    #[test]
    fn a_few_errors_more_than_base_has_are_chance() {
        let mut one = outcome(10.0, 0);
        let per_block = |block: usize, of: &[usize]| u64::from(of.contains(&block)) * 4;
        for (number, block) in one.played.iter_mut().enumerate() {
            // 15 and 16 times four of about 6,060, where 1 % are allowed.
            let all: Vec<usize> = (0..16).collect();
            block.numbers = [side(10.0, per_block(number, &all[..15])), side(10.0, per_block(number, &all))];
        }
        let (verdict, reason) = told(&one);
        assert_eq!(verdict, Verdict::Inconclusive, "{reason}");
        assert!(reason.starts_with("errors broke their limit in head, by no more than chance"), "{reason}");
    }

    #[test]
    fn what_a_look_found_stays_found_when_something_comes_after_it() {
        let with = |ended| Outcome { ended, ..outcome(13.0, 0) };
        let base = with(Ended::Trouble(Trouble::Failed { who: Who::Base, reason: "no database".into() }));
        assert_eq!(told(&base), (Verdict::Failed, "service.p50 regressed; base: no database".into()));
        assert_eq!(with(Ended::Spoiled).judge().0, Verdict::Failed);
        let interrupted = with(Ended::Trouble(Trouble::Interrupted(Signal::Interrupt)));
        assert_eq!(interrupted.judge().0, Verdict::Inconclusive);
    }

    #[test]
    fn trouble_is_held_against_whose_it_is() {
        let with = |trouble| Outcome { ended: Ended::Trouble(trouble), ..outcome(10.0, 0) };
        let failed = |who| with(Trouble::Failed { who, reason: "setup failed: no database".into() });
        assert_eq!(told(&failed(Who::Head)), (Verdict::Failed, "head: setup failed: no database".into()));
        assert_eq!(failed(Who::Base).judge().0, Verdict::Inconclusive);
        assert_eq!(with(Trouble::Interrupted(Signal::Interrupt)).judge().0, Verdict::Inconclusive);
        let same = with(Trouble::SameAddress("http://127.0.0.1:80".into()));
        assert_eq!((same.judge().0, exit_code([same].iter(), false)), (Verdict::Skipped, 2));
        assert_eq!(exit_code([failed(Who::Base)].iter(), false), 0);
        assert_eq!(exit_code([failed(Who::Base)].iter(), true), 101);
    }

    #[test]
    fn a_spoiled_comparison_says_how() {
        let spoiled = Outcome {
            ended: Ended::Spoiled,
            spoiled: vec!["head: a worker's thread needed 97 % of its core; set `workers` higher".into(); 6],
            ..outcome(10.0, 0)
        };
        let (verdict, reason) = told(&spoiled);
        assert_eq!(verdict, Verdict::Inconclusive);
        assert!(
            reason.starts_with("the generator was the bottleneck in 6 of 26 blocks: head: a worker"),
            "{reason}"
        );
    }

    #[test]
    fn a_metric_without_numbers_says_why() {
        let missing = outcome(10.0, 0).missing();
        let told: Vec<String> = missing.iter().map(|(metric, why)| format!("{metric}: {why}")).collect();
        assert_eq!(told[1], "cpu_per_iteration: the target's CPU time is not known");
        assert_eq!(told[0], "service.p95: no number in any block");
        let mut few = outcome(10.0, 0);
        few.played
            .iter_mut()
            .flat_map(|block| &mut block.numbers)
            .for_each(|side| side.rounds.n = vec![30; 3]);
        assert!(few.missing()[0].1.starts_with("90 iterations in a block of one side, and it takes 200"));
    }
}
