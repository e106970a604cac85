//! `cargo perf-test compare`: the working tree against a git revision, side by side.
//!
//! Builds both, lets their test binaries take turns in short rounds, and decides as `perf_core::judge::interleaved` says.

mod block;
mod choose;
mod contest;
mod outcome;
mod overlay;
mod player;
mod progress;
mod report;
mod revision;
mod seed;
mod sides;
mod trouble;

use crate::Done;
use crate::build::BuildOptions;
use crate::project::Selection;
use choose::Chosen;
use contest::Terms;
use outcome::{Comparison, Outcome};
use perf_core::drive::control::Control;
use perf_core::interleave::wire::Tempo;
use perf_core::judge::looks::Looks;
use perf_core::units::parse_duration;
use perf_harness::__cli::{Explained, MachineLock, acquire, listen};
use sides::Sides;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

/// Pairs of rounds in a block.
const ROUNDS: u32 = 3;

/// Of the command line.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "cargo perf-test compare REVISION [FILTER]... [OPTIONS]\n       \
                      cargo perf-test compare --bin BASE HEAD [FILTER]... [OPTIONS]",
    after_help = "Both sides are up at the same time and take turns, so a test's `setup` must start its target: on port 0, \
                  with `cx.set_base_url`. The variables of perf targets (PERF_RATE, PERF_PROFILE, …) hold for both sides.\n\n\
                  Exit status: 0; 101 when something regressed; 2 when nothing could be compared; 130 or 143 after a signal."
)]
pub(crate) struct Compare {
    /// A commit, branch or tag to compare with; then parts of the names of tests
    #[arg(value_name = "REVISION [FILTER]", required_unless_present = "bin")]
    words: Vec<String>,

    /// Two test binaries that are there already, in the place of a revision
    #[arg(long, num_args = 2, value_names = ["BASE", "HEAD"])]
    bin: Vec<PathBuf>,

    /// Load of each test, of both sides together; most tests are decided earlier
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    budget: Duration,

    /// Load of one round; a block has three of each side
    #[arg(long, value_name = "TIME", value_parser = round, default_value = "500ms")]
    round: Duration,

    /// Load before the first round of a block
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "500ms")]
    warmup: Duration,

    /// A filter is the whole name of a test
    #[arg(long)]
    exact: bool,

    /// Inconclusive fails, too
    #[arg(long)]
    strict: bool,

    /// Show how a metric was decided, block by block, such as --explain=p50; without one, every metric
    #[arg(long, value_name = "METRIC", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = Explained::from_str)]
    explain: Option<Explained>,

    /// Of the order in which the sides take turns
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Where the report goes; default target/perf-harness of the workspace
    #[arg(long, value_name = "DIR")]
    report_dir: Option<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    build: BuildOptions,
}

fn round(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(length) if length >= SHORTEST_ROUND => Ok(length),
        Ok(_) => Err("a round takes 20ms at least, or it is all beginning and end".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

const SHORTEST_ROUND: Duration = Duration::from_millis(20);

/// From the revision to the exit status.
pub(crate) fn run(options: &Compare) -> Done {
    let live = Control::default();
    listen(live.clone())?;
    let began = Instant::now();
    let sides = match Sides::find(options) {
        // Ctrl-C in a terminal is for the compiler, too, which ends with an error.
        _ if live.signal().is_some() => return Ok(signalled(&live)),
        sides => sides?,
    };
    let Chosen { contests, left_out } = choose::choose(&sides.pairs, &options.filter(), options.exact)?;
    let terms = options.terms(&sides.report_root, choose::hypotheses(&contests))?;
    let Some(_lock) = lock(&live)? else {
        return Ok(signalled(&live));
    };
    report::text::opening(&sides, &contests, &terms);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for contest in &contests {
        let outcome = contest.run(&terms, &live);
        report::text::tell(&outcome, options.explain.as_ref());
        outcomes.push(outcome);
    }
    let comparison = Comparison {
        sides,
        outcomes,
        left_out,
        elapsed: began.elapsed(),
        started: terms.started,
        seed: terms.seed,
        looks: terms.looks.clone(),
        tempo: terms.tempo,
        signal: live.signal(),
    };
    report::write(&comparison, &terms.folder)?;
    Ok(comparison
        .signal
        .map_or_else(|| comparison.exit_code(options.strict), |s| ExitCode::from(s.exit_code())))
}

/// `None` after a signal.
fn lock(live: &Control) -> Result<Option<MachineLock>, Box<dyn Error>> {
    acquire(live).map_err(|e| format!("the lock that keeps perf tests from overlapping: {e}").into())
}

fn signalled(live: &Control) -> ExitCode {
    live.signal().map_or(ExitCode::SUCCESS, |signal| ExitCode::from(signal.exit_code()))
}

impl Compare {
    /// What stands in the place of a revision is a filter when there are binaries.
    fn revision(&self) -> Option<&str> {
        self.words.first().map(String::as_str).filter(|_| self.bin.is_empty())
    }

    fn filter(&self) -> Vec<String> {
        self.words.iter().skip(usize::from(self.bin.is_empty())).cloned().collect()
    }

    fn terms(&self, report_root: &Path, hypotheses: u32) -> Result<Terms, Box<dyn Error>> {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let tempo = Tempo {
            block: 0,
            rounds: ROUNDS,
            round_ns: nanos(self.round),
            warmup_ns: nanos(self.warmup),
            workers: None,
        };
        let looks = Looks::plan(self.budget, tempo.length() * 2, hypotheses)?;
        let started = SystemTime::now();
        Ok(Terms {
            tempo,
            looks,
            started,
            seed: self.seed.unwrap_or_else(|| seed_of(started)),
            folder: report_root.join(run_id(started)),
        })
    }
}

/// Short enough to be typed again.
fn seed_of(now: SystemTime) -> u64 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_micros())
}

fn run_id(now: SystemTime) -> String {
    let started = humantime::format_rfc3339_seconds(now).to_string();
    format!("compare-{}-{}", started.replace([':', '-'], ""), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        compare: Compare,
    }

    fn parse(words: &[&str]) -> Result<Compare, String> {
        let line = std::iter::once("compare").chain(words.iter().copied());
        Line::try_parse_from(line).map(|line| line.compare).map_err(|e| e.to_string())
    }

    #[test]
    fn the_first_word_is_the_revision_unless_there_are_binaries() {
        let compare = parse(&["main", "login", "search"]).unwrap();
        assert_eq!(
            (compare.revision(), compare.filter()),
            (Some("main"), vec!["login".into(), "search".into()])
        );
        let compare = parse(&["--bin", "a", "b", "login"]).unwrap();
        assert_eq!((compare.revision(), compare.filter()), (None, vec!["login".into()]));
        assert!(parse(&[]).is_err());
    }

    #[test]
    fn a_minute_pays_for_twenty_blocks_of_three_seconds() {
        let terms = parse(&["main"]).unwrap().terms(Path::new("/t"), 6).unwrap();
        let blocks: Vec<u32> = terms.looks.all().iter().map(|look| look.blocks).collect();
        assert_eq!((blocks, terms.tempo.length()), (vec![14, 17, 20], Duration::from_millis(1500)));
    }

    #[test]
    fn a_budget_that_is_too_small_says_what_it_takes() {
        let error = parse(&["main", "--budget", "9s"]).unwrap().terms(Path::new("/t"), 1).unwrap_err();
        assert!(error.to_string().contains("--budget 21s"), "{error}");
        assert!(parse(&["main", "--round", "1ms"]).unwrap_err().contains("20ms at least"));
    }
}
