//! `cargo perf-test run`: builds in release, and runs the perf targets one after the other.

use crate::Done;
use crate::build::{BuildOptions, Built, build};
use crate::process;
use crate::project::{Project, Selection};
use clap::Command;
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
    #[arg(value_name = "FILTER", last = true)]
    arguments: Vec<OsString>,
}

/// Puts this command's options before those of the perf targets, which clap does not know, with `--` between them: in
/// which order people write them is of no matter, and what stands after their own `--` is never ours.
pub(crate) fn own_first(line: Vec<OsString>, cli: &Command) -> Vec<OsString> {
    let Some(run) = cli.find_subcommand("run").filter(|_| line.get(1).is_some_and(|word| word == "run"))
    else {
        return line;
    };
    let mut words = line.into_iter();
    let mut own: Vec<OsString> = words.by_ref().take(2).collect();
    let mut theirs = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            theirs.extend(words.by_ref());
        } else if let Some(option) = Own::of(&word.to_string_lossy(), run) {
            own.push(word);
            own.extend(if option.wants_next { words.next() } else { None });
        } else {
            theirs.push(word);
        }
    }
    own.push("--".into());
    own.into_iter().chain(theirs).collect()
}

/// A word that is an option of this command.
struct Own {
    /// Whether the next word is its value.
    wants_next: bool,
}

impl Own {
    fn of(word: &str, run: &Command) -> Option<Self> {
        if ["-h", "--help"].contains(&word) {
            return Some(Own { wants_next: false });
        }
        let (name, has_value) = match word.strip_prefix("--") {
            Some(long) => long.split_once('=').map_or((long, false), |(name, _)| (name, true)),
            None => (word.strip_prefix('-')?, false),
        };
        let is_long = word.starts_with("--");
        let fits = |arg: &&clap::Arg| match is_long {
            true => arg.get_long() == Some(name),
            false => arg.get_short().is_some_and(|short| name.starts_with(short)),
        };
        let arg = run.get_arguments().find(fits)?;
        let is_whole = has_value || (!is_long && name.chars().count() > 1);
        Some(Own { wants_next: arg.get_action().takes_values() && !is_whole })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cli;
    use clap::CommandFactory;

    fn ordered(words: &str) -> String {
        let line = ["cargo-perf-test"].into_iter().chain(words.split(' ')).map(OsString::from).collect();
        let line = own_first(line, &Cli::command());
        line[1..].iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_of_both_may_stand_in_any_order() {
        assert_eq!(ordered("run login -p shop --rate 5"), "run -p shop -- login --rate 5");
        assert_eq!(
            ordered("run --rate 5 --test=perf --all-features x"),
            "run --test=perf --all-features -- --rate 5 x"
        );
        assert_eq!(ordered("run -Ftls --features a,b -pshop"), "run -Ftls --features a,b -pshop --");
        assert_eq!(ordered("run --help"), "run --help --");
        assert_eq!(ordered("run x -- --help -p y"), "run -- x --help -p y");
        assert_eq!(ordered("run"), "run --");
        assert_eq!(ordered("trend -p shop x"), "trend -p shop x");
    }
}
