//! `cargo perf-test run`: builds in release, and runs the perf targets one after the other.

use crate::Done;
use crate::build::{BuildOptions, Built, build};
use crate::process;
use crate::project::{Project, Selection};
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// Of the command line.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "cargo perf-test run [FILTER] [OPTIONS]",
    after_help = "Every other option is the perf targets' own (--profile, --rate, --update-baselines, …); \
                  `cargo perf-test run -- --help` lists them."
)]
pub(crate) struct Run {
    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    build: BuildOptions,

    /// Part of a test's name, and options of the perf targets
    #[arg(value_name = "FILTER", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Exit status: that of the first target which did not end with 0. After a signal none is started any more.
pub(crate) fn run(run: &Run) -> Done {
    let project = Project::find(&run.selection)?;
    let built = build(&project.targets, &run.build, None)?;
    let mut worst = 0;
    for target in &built {
        if built.len() > 1 {
            eprintln!("     Running {} of {}", target.target.name, target.target.package);
        }
        let code = one(target, &run.arguments)?;
        worst = if worst == 0 { code } else { worst };
        if ENDED_BY_SIGNAL.contains(&code) {
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::from(worst))
}

/// What a perf target ends with after SIGINT and SIGTERM.
const ENDED_BY_SIGNAL: [u8; 2] = [130, 143];

fn one(built: &Built, arguments: &[impl AsRef<OsStr>]) -> Result<u8, Box<dyn std::error::Error>> {
    let ended = process::run(process::command(built, arguments));
    Ok(process::code(ended.map_err(|e| format!("{} could not be run: {e}", built.executable.display()))?))
}
