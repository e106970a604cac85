//! `cargo perf-test baseline accept`: a run's sessions, also one's of another machine, become part of the baselines.
//!
//! The environment is the report's. What `--update-baselines` would not have recorded is not accepted.

use crate::Done;
use crate::folders::{self, BaselineFolder, shown};
use crate::project::{Project, Selection};
use crate::runs;
use perf_core::judge::accept::accept_records;
use perf_core::judge::baseline::{Baseline, BaselineError, path_of};
use perf_core::judge::spread::Spreads;
use perf_core::measure::environment::Environment;
use perf_core::report::json::Run;
use perf_core::report::record::{Offer, Offered, Refusal, offers};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Of the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    /// A run's id, `latest`, its folder, or a report.json
    #[arg(value_name = "RUN")]
    run: String,

    /// Only these tests; default every one of the run
    #[arg(value_name = "TEST")]
    tests: Vec<String>,

    /// Say what would be recorded, and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    baselines: BaselineFolder,

    #[command(flatten)]
    selection: Selection,
}

/// Why nothing at all was accepted.
#[derive(Debug, thiserror::Error)]
enum AcceptError {
    #[error("the run holds no test `{0}`; it holds {1}")]
    NoTest(String, String),
    #[error(
        "no perf target `{0}` in this workspace, of which `{1}` is a test; accept it where it is one, or with --baseline-dir"
    )]
    NoTarget(String, String),
    #[error(transparent)]
    Baseline(#[from] BaselineError),
}

/// Exit status: 101 when a test that was asked for was refused.
pub(super) fn run(accept: &Accept) -> Done {
    let project = Project::look(&accept.selection)?;
    let run = runs::read(&runs::find(&accept.run, &folders::reports(&project))?)?;
    let (mut ledger, mut refused) = (Ledger::default(), 0);
    for (test, offer) in accept.wanted(&run)? {
        match offer {
            Ok(offer) => accept.take(&offer, &run.environment, &project, &mut ledger)?,
            // Nobody meant to record it.
            Err(refusal @ Refusal::NotGated) => println!("{test}: left out, {refusal}"),
            Err(refusal) => {
                refused += 1;
                println!("{test}: not accepted, {refusal}");
            }
        }
    }
    if !accept.dry_run {
        ledger.write()?;
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) })
}

impl Accept {
    fn wanted(&self, run: &Run) -> Result<Vec<Offered>, AcceptError> {
        let offered = offers(run);
        let names: Vec<String> = offered.iter().map(|(name, _)| name.clone()).collect();
        if let Some(unknown) = self.tests.iter().find(|test| !names.contains(test)) {
            return Err(AcceptError::NoTest(unknown.clone(), names.join(", ")));
        }
        let is_wanted = |name: &String| self.tests.is_empty() || self.tests.contains(name);
        Ok(offered.into_iter().filter(|(name, _)| is_wanted(name)).collect())
    }

    fn take(
        &self,
        offer: &Offer,
        environment: &Environment,
        project: &Project,
        ledger: &mut Ledger,
    ) -> Result<(), AcceptError> {
        let folder = self.folder(offer, project)?;
        let environment = Environment { id: environment.class.id(), ..environment.clone() };
        let spreads = spreads(&folder.join(&offer.target), &environment, offer)?;
        let path = path_of(&folder, &offer.target, &offer.test);
        let baseline = ledger.open(&path, &offer.test)?;
        for accepted in accept_records(baseline, &offer.terms, &environment, &spreads, &offer.sessions) {
            println!("{}: {} ({})", offer.test, accepted.message(), shown(&path));
        }
        Ok(())
    }

    fn folder(&self, offer: &Offer, project: &Project) -> Result<PathBuf, AcceptError> {
        let owner = project.targets.iter().find(|target| target.name == offer.target);
        match (owner, &self.baselines.baseline_dir) {
            (Some(owner), _) => Ok(self.baselines.of(&owner.package_dir)),
            (None, Some(folder)) => Ok(folder.clone()),
            (None, None) => Err(AcceptError::NoTarget(offer.target.clone(), offer.test.clone())),
        }
    }
}

/// Baselines that change; written when all of them are known to be readable.
#[derive(Default)]
struct Ledger(BTreeMap<PathBuf, (Baseline, Baseline)>);

impl Ledger {
    fn open(&mut self, path: &Path, test: &str) -> Result<&mut Baseline, AcceptError> {
        if !self.0.contains_key(path) {
            let before = Baseline::read(path)?.unwrap_or_else(|| Baseline::empty(test));
            self.0.insert(path.to_owned(), (before.clone(), before));
        }
        Ok(&mut self
            .0
            .entry(path.to_owned())
            .or_insert_with(|| (Baseline::empty(test), Baseline::empty(test)))
            .1)
    }

    fn write(&self) -> Result<(), AcceptError> {
        let changed = self.0.iter().filter(|(_, (before, after))| before != after);
        for (path, (_, after)) in changed {
            after.write(path)?;
        }
        Ok(())
    }
}

/// As all baselines of the target know it.
fn spreads(folder: &Path, environment: &Environment, offer: &Offer) -> Result<Spreads, AcceptError> {
    let mut levels = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_json = entry.path().extension().is_some_and(|extension| extension == "json");
        let baseline = if is_json { Baseline::read(&entry.path())? } else { None };
        let recorded = baseline.and_then(|mut baseline| baseline.environments.remove(&environment.id));
        levels.extend(recorded.into_iter().flat_map(|recorded| recorded.levels));
    }
    Ok(Spreads::of(&levels, offer.terms.gates.iter().map(|gate| &gate.metric)))
}
