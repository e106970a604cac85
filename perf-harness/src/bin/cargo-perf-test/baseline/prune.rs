//! `cargo perf-test baseline prune`: removes what nothing will be compared with any more.
//!
//! Which tests exist, the built perf targets say themselves; where they don't build, nothing is removed.

use super::age;
use crate::Done;
use crate::build::{BuildOptions, build};
use crate::catalogue::{CatalogueError, ask};
use crate::folders::{BaselineFile, BaselineFolder, FolderError, shown};
use crate::project::{Project, Selection};
use perf_core::interleave::wire::Listed;
use perf_core::judge::baseline::{Baseline, Recorded};
use perf_core::units::parse_duration;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

/// Of the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Prune {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,

    /// Also this environment, by its label or id
    #[arg(long, value_name = "LABEL")]
    environment: Option<String>,

    /// Also environments without a session that is younger, such as 90d
    #[arg(long, value_name = "AGE", value_parser = parse_duration)]
    older_than: Option<Duration>,

    /// Also levels that nothing is compared with any more: all but the newest of each environment
    #[arg(long)]
    levels: bool,

    #[command(flatten)]
    baselines: BaselineFolder,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    build: BuildOptions,
}

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
enum PruneError {
    #[error("nothing is removed, because nobody knows which tests there are: {0}")]
    Names(#[from] CatalogueError),
    #[error("{0} could not be removed: {1}")]
    Remove(String, std::io::Error),
}

/// Package, target and name.
type Test = (String, String, String);

/// Says what it removes, a line each.
pub(super) fn run(prune: &Prune) -> Done {
    let project = Project::look(&prune.selection)?;
    let existing = existing(prune, &project)?;
    let mut count = 0;
    for file in prune.files(&project)? {
        let test = (file.package.clone(), file.target.clone(), file.baseline.test.clone());
        let pruned = match existing.contains(&test) {
            true => prune.pruned(&file.baseline),
            false => Pruned {
                rest: None,
                removed: vec!["the file, whose test does not exist any more".to_owned()],
            },
        };
        if !prune.dry_run {
            pruned.write(&file)?;
        }
        let verb = if prune.dry_run { "would remove" } else { "removed" };
        pruned.removed.iter().for_each(|what| println!("{}: {verb} {what}", shown(&file.path)));
        count += pruned.removed.len();
    }
    if count == 0 {
        println!("nothing to remove");
    }
    Ok(ExitCode::SUCCESS)
}

/// What the perf targets are made of now.
fn existing(prune: &Prune, project: &Project) -> Result<BTreeSet<Test>, Box<dyn std::error::Error>> {
    let mut tests = BTreeSet::new();
    for built in build(&project.targets, &prune.build, None)? {
        let names = ask(&built, "").map_err(PruneError::from)?.tests.into_iter().flat_map(Listed::names);
        let target = &built.target;
        tests.extend(names.map(|name| (target.package.clone(), target.name.clone(), name)));
    }
    Ok(tests)
}

/// A file less what nobody needs.
struct Pruned {
    /// `None`: the file itself goes.
    rest: Option<Baseline>,
    removed: Vec<String>,
}

impl Pruned {
    fn write(&self, file: &BaselineFile) -> Result<(), Box<dyn std::error::Error>> {
        match &self.rest {
            Some(rest) if *rest != file.baseline => rest.write(&file.path)?,
            Some(_) => {}
            None => std::fs::remove_file(&file.path).map_err(|e| PruneError::Remove(shown(&file.path), e))?,
        }
        Ok(())
    }
}

impl Prune {
    fn files(&self, project: &Project) -> Result<Vec<BaselineFile>, FolderError> {
        let mut files = self.baselines.files(project)?;
        files.retain(|file| self.selection.test.as_ref().is_none_or(|target| *target == file.target));
        Ok(files)
    }

    /// Of a test that exists.
    fn pruned(&self, baseline: &Baseline) -> Pruned {
        let (mut rest, mut removed) = (baseline.clone(), Vec::new());
        rest.environments.retain(|id, recorded| {
            let is_unwanted = self.is_unwanted(id, recorded);
            if is_unwanted {
                let last = age::in_words(age::newest(age::sessions(recorded)));
                removed.push(format!("environment {}, last recorded {last}", recorded.class.description()));
            }
            !is_unwanted
        });
        if self.levels {
            for recorded in rest.environments.values_mut() {
                let surplus = recorded.levels.len().saturating_sub(1);
                recorded.levels.drain(..surplus);
                if surplus > 0 {
                    let levels = if surplus == 1 { "level" } else { "levels" };
                    removed.push(format!("{surplus} older {levels} of {}", recorded.class.description()));
                }
            }
        }
        if rest.environments.is_empty() && removed.is_empty() {
            removed.push("the file, which holds no session".to_owned());
        }
        let rest = Some(rest).filter(|rest| !rest.environments.is_empty());
        Pruned { rest, removed }
    }

    fn is_unwanted(&self, id: &str, recorded: &Recorded) -> bool {
        let is_named = |name: &String| id == name || recorded.class.label.as_ref() == Some(name);
        let newest = age::newest(age::sessions(recorded)).and_then(age::of);
        let is_old = |limit: Duration| newest.is_some_and(|age| age > limit);
        recorded.levels.is_empty()
            || self.environment.as_ref().is_some_and(is_named)
            || self.older_than.is_some_and(is_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_core::judge::level::{Level, SessionRecord};
    use perf_core::measure::class::Class;
    use std::time::SystemTime;

    fn baseline() -> Baseline {
        let mut baseline = Baseline::empty("login");
        for (label, days) in [("ci", 1), ("laptop", 100)] {
            let then = SystemTime::now() - Duration::from_hours(days * 24);
            let recorded = humantime::format_rfc3339_seconds(then).to_string();
            let session = SessionRecord { recorded, ..SessionRecord::default() };
            let level = Level { sessions: vec![session], ..Level::default() };
            let class = Class { label: Some(label.to_owned()), ..Class::default() };
            baseline.environments.insert(class.id(), Recorded { class, levels: vec![level.clone(), level] });
        }
        baseline
    }

    fn prune(change: impl Fn(&mut Prune)) -> (Vec<String>, Vec<usize>, Vec<String>) {
        let mut prune = Prune {
            dry_run: false,
            environment: None,
            older_than: None,
            levels: false,
            baselines: BaselineFolder::default(),
            selection: Selection::default(),
            build: BuildOptions::default(),
        };
        change(&mut prune);
        let pruned = prune.pruned(&baseline());
        let kept =
            pruned.rest.map(|rest| rest.environments.into_values().collect::<Vec<_>>()).unwrap_or_default();
        let mut labels: Vec<String> =
            kept.iter().filter_map(|recorded| recorded.class.label.clone()).collect();
        labels.sort();
        (labels, kept.iter().map(|recorded| recorded.levels.len()).collect(), pruned.removed)
    }

    #[test]
    fn of_a_test_that_exists_only_what_was_asked_for_goes() {
        assert_eq!(prune(|_| ()), (vec!["ci".into(), "laptop".into()], vec![2, 2], Vec::new()));
        let old = prune(|prune| prune.older_than = Some(Duration::from_hours(90 * 24)));
        assert_eq!(old.0, ["ci"]);
        assert_eq!(old.2.len(), 1);
        assert!(
            old.2[0].starts_with("environment `laptop`") && old.2[0].ends_with("100 days ago"),
            "{old:?}"
        );
        assert_eq!(prune(|prune| prune.environment = Some("ci".into())).0, ["laptop"]);
        let newest = prune(|prune| prune.levels = true);
        assert_eq!((newest.1, newest.2.len()), (vec![1, 1], 2));
    }

    #[test]
    fn a_file_without_an_environment_goes() {
        let none = prune(|prune| prune.older_than = Some(Duration::from_mins(1)));
        assert_eq!((none.0.len(), none.2.len()), (0, 2));
    }
}
