//! Where runs leave reports, history and baselines, as the perf targets themselves would say.

use crate::project::Project;
use perf_core::judge::baseline::{Baseline, BaselineError};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Which baselines a command is about.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct BaselineFolder {
    /// Where baselines are; default `PERF_BASELINE_DIR`, or perf-baselines beside the package's Cargo.toml
    #[arg(long, value_name = "DIR")]
    pub(crate) baseline_dir: Option<PathBuf>,
}

/// A baseline file.
#[derive(Clone, Debug)]
pub(crate) struct BaselineFile {
    /// The package whose test it is, as far as that can be told.
    pub(crate) package: String,
    /// Named by its folder.
    pub(crate) target: String,
    pub(crate) path: PathBuf,
    pub(crate) baseline: Baseline,
}

/// Why baselines cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The folder of all runs.
pub(crate) fn reports(project: &Project) -> PathBuf {
    reports_below(&project.target_dir)
}

/// The same, where cargo's target folder is all that is known.
pub(crate) fn reports_below(target_dir: &Path) -> PathBuf {
    variable("PERF_REPORT_DIR").unwrap_or_else(|| target_dir.join("perf-harness"))
}

/// The history file; `None` where it is turned off.
pub(crate) fn history(wanted: Option<&Path>, project: &Project) -> Option<PathBuf> {
    let path = wanted.map(Path::to_owned).or_else(|| variable("PERF_HISTORY"));
    path.map_or_else(
        || Some(reports(project).join("history.jsonl")),
        |path| Some(path).filter(|path| path != "off"),
    )
}

impl BaselineFolder {
    /// Of a package.
    pub(crate) fn of(&self, package_dir: &Path) -> PathBuf {
        self.common().unwrap_or_else(|| package_dir.join("perf-baselines"))
    }

    /// One for all packages, where it was said.
    fn common(&self) -> Option<PathBuf> {
        self.baseline_dir.clone().or_else(|| variable("PERF_BASELINE_DIR"))
    }

    /// Every file of the selected packages, by package, target and test. One that cannot be read is an error.
    pub(crate) fn files(&self, project: &Project) -> Result<Vec<BaselineFile>, FolderError> {
        let mut files = Vec::new();
        match self.common() {
            Some(folder) => {
                for (target, path) in paths(&folder)? {
                    let owner = project.targets.iter().find(|known| known.name == target);
                    let only = project.packages.first().filter(|_| project.packages.len() == 1);
                    let package = owner.map(|owner| &owner.package).or(only.map(|only| &only.name));
                    files.extend(file(package.cloned().unwrap_or_default(), target, path)?);
                }
            }
            None => {
                for package in &project.packages {
                    for (target, path) in paths(&package.dir.join("perf-baselines"))? {
                        files.extend(file(package.name.clone(), target, path)?);
                    }
                }
            }
        }
        Ok(files)
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn file(package: String, target: String, path: PathBuf) -> Result<Option<BaselineFile>, FolderError> {
    let baseline = Baseline::read(&path)?;
    Ok(baseline.map(|baseline| BaselineFile { package, target, path, baseline }))
}

/// `<folder>/<target>/<test>.json`.
fn paths(folder: &Path) -> Result<BTreeSet<(String, PathBuf)>, FolderError> {
    let mut found = BTreeSet::new();
    for target in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = entries(&target)?.into_iter();
        let is_json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
        found.extend(files.filter(is_json).map(|path| (name.clone(), path)));
    }
    Ok(found)
}

/// None, where there is no such folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let wrong = |source| FolderError::Io { path: folder.to_owned(), source };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(wrong)?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(wrong(error)),
    }
}

/// A path as people type it, from where they are.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
