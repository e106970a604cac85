//! `cargo perf-test`: what there is to do around perf tests besides running them in a test suite.
//!
//! One file a subcommand. Exit status: 0, 101 when something failed, 2 for usage and configuration, and what the perf
//! tests themselves end with.

mod baseline;
mod build;
mod cargo_env;
mod catalogue;
mod compare;
mod folders;
mod process;
mod project;
mod report;
mod run;
mod runs;
mod terminal;
mod trend;

use clap::{CommandFactory, Parser, Subcommand};
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

/// Usage or configuration.
const CONFIGURATION: u8 = 2;

/// What a subcommand comes to. An error is one of usage or configuration, and says the way out.
type Done = Result<ExitCode, Box<dyn Error>>;

/// Runs perf tests, and looks after what they left.
#[derive(Debug, Parser)]
#[command(name = "cargo perf-test", bin_name = "cargo perf-test", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build in release and run the perf tests
    Run(run::Run),
    /// Look after baseline files
    Baseline(baseline::Baseline),
    /// How each metric moved over past runs and through the baselines' levels
    Trend(trend::Trend),
    /// Make other reports of runs that are over
    Report(report::Report),
    /// Compare the working tree with a git revision, side by side
    Compare(compare::Compare),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(run::own_first(own_line(std::env::args_os()), &Cli::command())) {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to standard output and mistakes to standard error.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(CONFIGURATION));
        }
    };
    let done = match cli.command {
        Command::Run(run) => run::run(&run),
        Command::Baseline(baseline) => baseline::run(&baseline),
        Command::Trend(trend) => trend::run(&trend),
        Command::Report(report) => report::run(&report),
        Command::Compare(compare) => compare::run(&compare),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", chain(&*error));
        ExitCode::from(CONFIGURATION)
    })
}

/// `cargo perf-test X` starts `cargo-perf-test perf-test X`.
fn own_line(line: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut line: Vec<OsString> = line.collect();
    if line.get(1).is_some_and(|word| word == "perf-test") {
        line.remove(1);
    }
    line
}

/// An error and its sources; those that it already shows are not said twice.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        if !text.contains(&inner.to_string()) {
            text = format!("{text}: {inner}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargo_and_a_shell_may_both_start_it() {
        let line = |words: &[&str]| {
            own_line(words.iter().map(OsString::from))
                .into_iter()
                .map(|word| word.into_string().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(line(&["cargo-perf-test", "perf-test", "run"]), ["cargo-perf-test", "run"]);
        assert_eq!(line(&["cargo-perf-test", "run"]), ["cargo-perf-test", "run"]);
        assert_eq!(line(&["cargo-perf-test", "run", "perf-test"]), ["cargo-perf-test", "run", "perf-test"]);
    }
}
