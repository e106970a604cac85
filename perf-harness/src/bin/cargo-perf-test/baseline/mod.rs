//! `cargo perf-test baseline`: looks after the committed files.

mod accept;
mod age;
mod list;
mod prune;
mod show;

use crate::Done;

/// Of the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Baseline {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Every file with its environments, levels and sessions
    List(list::List),
    /// All sessions of one test
    Show(show::Show),
    /// Take the sessions of a run's report into the baselines
    Accept(accept::Accept),
    /// Remove files of tests that no longer exist, and what else is said
    Prune(prune::Prune),
}

/// Does what was asked for.
pub(crate) fn run(baseline: &Baseline) -> Done {
    match &baseline.action {
        Action::List(list) => list::run(list),
        Action::Show(show) => show::run(show),
        Action::Accept(accept) => accept::run(accept),
        Action::Prune(prune) => prune::run(prune),
    }
}
