//! Base and head, built and asked what they can run.

use super::Compare;
use super::overlay::Overlay;
use super::revision::{Commit, Repository, Tree};
use super::seed;
use crate::build::{BuildError, BuildOptions, Built, build};
use crate::catalogue::{CatalogueError, ask};
use crate::folders::reports_below;
use crate::project::{PerfTarget, Project, ProjectError, Selection, packages_within};
use perf_core::interleave::coins::Who;
use perf_core::interleave::wire::Listed;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// Everything that is compared.
#[derive(Debug)]
pub(crate) struct Sides {
    pub(crate) base: Commit,
    pub(crate) head: Commit,
    /// One for each perf target of head.
    pub(crate) pairs: Vec<Pair>,
    /// Where the folders of runs are.
    pub(crate) report_root: PathBuf,
}

/// One perf target on both sides.
#[derive(Debug)]
pub(crate) struct Pair {
    /// Or why there is none.
    pub(crate) base: Result<Described, String>,
    pub(crate) head: Described,
}

/// A built perf target and its tests.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) built: Built,
    pub(crate) tests: Vec<Listed>,
    /// Whose tests these are, where that is not obvious.
    pub(crate) note: Option<&'static str>,
}

impl Described {
    fn of(built: Built, who: Who, note: Option<&'static str>) -> Result<Self, Box<dyn Error>> {
        match ask(&built, &format!("{}'s ", who.name())) {
            Ok(catalogue) => Ok(Described { built, tests: catalogue.tests, note }),
            // Nobody changes the past.
            Err(error @ CatalogueError::TooOld(_)) if who == Who::Base => {
                Err(format!("{error}, or compare with a later revision").into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Sides {
    /// Builds what there is to build.
    pub(crate) fn find(options: &Compare) -> Result<Self, Box<dyn Error>> {
        match (options.revision(), options.bin.as_slice()) {
            (Some(revision), _) => of_revision(revision, options),
            (None, [base, head]) => of_binaries(base, head, options),
            (None, _) => Err("say what to compare with: a revision, or --bin BASE HEAD".into()),
        }
    }
}

fn of_binaries(base: &Path, head: &Path, options: &Compare) -> Result<Sides, Box<dyn Error>> {
    let side = |path: &Path, who: Who| {
        let executable = path
            .canonicalize()
            .map_err(|error| format!("{}'s binary {}: {error}", who.name(), path.display()))?;
        Described::of(Built { target: target_of(&executable)?, executable }, who, None)
    };
    let (base_side, head_side) = (side(base, Who::Base)?, side(head, Who::Head)?);
    let target_dir =
        head_side.built.executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let target_dir = target_dir.map_or_else(|| PathBuf::from("target"), Path::to_owned);
    Ok(Sides {
        base: Commit::of_binary(base),
        head: Commit::of_binary(head),
        pairs: vec![Pair { base: Ok(base_side), head: head_side }],
        report_root: options.report_root(&target_dir),
    })
}

/// A binary runs in this folder's package, as cargo would run it.
fn target_of(executable: &Path) -> Result<PerfTarget, Box<dyn Error>> {
    let here = std::env::current_dir()?;
    let stem = executable.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = stem.rsplit_once('-').map_or(stem.as_str(), |(name, _)| name).to_owned();
    let package_dir =
        here.ancestors().find(|folder| folder.join("Cargo.toml").is_file()).unwrap_or(&here).to_owned();
    let source = PathBuf::new();
    Ok(PerfTarget { name, package: String::new(), package_dir, source, required_features: Vec::new() })
}

fn of_revision(revision: &str, options: &Compare) -> Result<Sides, Box<dyn Error>> {
    let project = Project::find(&options.selection)?;
    let folder = project.targets.first().map(|target| target.package_dir.clone()).unwrap_or_default();
    let repository = Repository::around(&folder)?;
    let base = repository.resolve(revision)?;
    let tree = repository.check_out(&base, &project.target_dir.join("perf-harness/compare"))?;
    let head = repository.head();
    eprintln!("    Building head, {head}");
    let heads = build(&project.targets, &options.build, None)?;
    eprintln!("    Building base, {base}");
    let own = packages_within(&repository.root, &options.selection)?;
    let mut pairs = Vec::new();
    for built in heads {
        // Only a head start: what cannot be copied is built again.
        seed::sow(&built.executable, &own, &project.target_dir, &tree.target_dir).ok();
        let base =
            base_of(&built.target, &repository, &tree, &options.build).map_err(|error| error.to_string());
        pairs.push(Pair { base, head: Described::of(built, Who::Head, None)? });
    }
    Ok(Sides { base, head, pairs, report_root: options.report_root(&project.target_dir) })
}

/// With head's tests over base's library where that compiles, else base as it is.
fn base_of(
    head: &PerfTarget,
    repository: &Repository,
    tree: &Tree,
    options: &BuildOptions,
) -> Result<Described, Box<dyn Error>> {
    let package = tree.counterpart(repository, &head.package_dir)?;
    if !package.join("Cargo.toml").is_file() {
        return Err(BaseError::NoPackage(head.package.clone()).into());
    }
    let overlay = Overlay::of(head, repository, tree)?;
    overlay.lay().map_err(BaseError::Overlay)?;
    let (built, note) = match base_built(head, &package, tree, options) {
        Ok(built) => (built, (!overlay.is_of_tests()).then_some("base's own tests")),
        Err(error @ BaseError::NoTarget(..)) => return Err(error.into()),
        Err(_) => {
            eprintln!("       Note: with head's perf tests base does not build; its own are tried");
            tree.restore()?;
            overlay.prepare().map_err(BaseError::Overlay)?;
            let built = base_built(head, &package, tree, options)?;
            (built, Some("base's own tests, as head's do not compile there"))
        }
    };
    Described::of(built, Who::Base, note)
}

fn base_built(
    head: &PerfTarget,
    package: &Path,
    tree: &Tree,
    options: &BuildOptions,
) -> Result<Built, BaseError> {
    let selection = Selection {
        package: Some(head.package.clone()),
        test: Some(head.name.clone()),
        manifest_path: Some(package.join("Cargo.toml")),
    };
    let no_target = || BaseError::NoTarget(head.name.clone(), head.package.clone());
    let project = match Project::find(&selection) {
        Err(ProjectError::NoTarget(_)) => return Err(no_target()),
        found => found?,
    };
    let built = build(&project.targets, options, Some(&tree.target_dir))?;
    built.into_iter().next().ok_or_else(no_target)
}

/// Why there is no base to compare with.
#[derive(Debug, thiserror::Error)]
enum BaseError {
    #[error("base has no package `{0}` in the same folder")]
    NoPackage(String),
    #[error("base has no perf target `{0}` in package `{1}`")]
    NoTarget(String, String),
    #[error("base: {0}")]
    Project(#[from] ProjectError),
    #[error("base: {0}")]
    Build(#[from] BuildError),
    #[error("head's perf tests could not be laid over base: {0}")]
    Overlay(#[source] io::Error),
}

impl Compare {
    fn report_root(&self, target_dir: &Path) -> PathBuf {
        self.report_dir.clone().unwrap_or_else(|| reports_below(target_dir))
    }
}
