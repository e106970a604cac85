//! What git knows: the revision that is compared with, and a tree of it beside the working tree.
//!
//! ```text
//!   target/perf-harness/compare/<commit>/tree      a git worktree
//!                                       /target    cargo's target folder for it, kept for the next comparison
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

/// So many trees are kept besides the one in use; each has a target folder of its own.
const KEPT: usize = 2;
/// As git abbreviates them.
const SHORT: usize = 9;

/// Why there is no revision to compare with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevisionError {
    #[error("git could not be started")]
    Git(#[source] io::Error),
    #[error("{} is in no git repository, so there is no revision to compare with; give two binaries with --bin BASE HEAD", .0.display())]
    NoRepository(PathBuf),
    #[error(
        "git knows no revision `{0}` here: `git log --oneline` and `git branch --all` list what it knows, and a CI job may have \
         to fetch more of the history (actions/checkout: `fetch-depth: 0`)"
    )]
    Unknown(String),
    /// In git's own words.
    #[error("git {0}: {1}")]
    Failed(String, String),
    #[error("{}: {error}", path.display())]
    Folder { path: PathBuf, error: io::Error },
}

/// What a side is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// As the user said it.
    pub(crate) name: String,
    /// In full; `None` where nobody knows.
    pub(crate) id: Option<String>,
    /// Whether files differ from it; `None` where nobody knows.
    pub(crate) is_dirty: Option<bool>,
}

impl Commit {
    pub(crate) fn of_binary(path: &Path) -> Self {
        Commit { name: path.display().to_string(), id: None, is_dirty: None }
    }

    fn short(&self) -> Option<&str> {
        self.id.as_deref().map(|id| id.get(..SHORT).unwrap_or(id))
    }
}

impl std::fmt::Display for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let changes = if self.is_dirty == Some(true) { " with changes" } else { "" };
        match self.short() {
            Some(id) if self.name.starts_with(id) || id.starts_with(&self.name) => write!(f, "{id}{changes}"),
            Some(id) => write!(f, "{} ({id}{changes})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The repository that the working tree is of.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Of the working tree.
    pub(crate) root: PathBuf,
}

/// A tree of another revision.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) target_dir: PathBuf,
    /// Held, so that no other comparison changes it meanwhile.
    _used: File,
}

impl Repository {
    pub(crate) fn around(folder: &Path) -> Result<Self, RevisionError> {
        let output = git(folder, &["rev-parse", "--show-toplevel"])?;
        match output.status.success() {
            true => Ok(Repository { root: canonical(Path::new(&said(&output.stdout)))? }),
            false => Err(RevisionError::NoRepository(folder.to_owned())),
        }
    }

    pub(crate) fn resolve(&self, revision: &str) -> Result<Commit, RevisionError> {
        let output =
            git(&self.root, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])?;
        match output.status.success() {
            true => Ok(Commit {
                name: revision.to_owned(),
                id: Some(said(&output.stdout)),
                is_dirty: Some(false),
            }),
            false => Err(RevisionError::Unknown(revision.to_owned())),
        }
    }

    /// The working tree.
    pub(crate) fn head(&self) -> Commit {
        let ask = |arguments: &[&str]| {
            git(&self.root, arguments)
                .ok()
                .filter(|output| output.status.success())
                .map(|output| said(&output.stdout))
        };
        Commit {
            name: "the working tree".to_owned(),
            id: ask(&["rev-parse", "HEAD"]),
            is_dirty: ask(&["status", "--porcelain", "--untracked-files=no"])
                .map(|changes| !changes.is_empty()),
        }
    }

    /// Makes a tree of it, or takes the one that an earlier comparison left.
    pub(crate) fn check_out(&self, commit: &Commit, folder: &Path) -> Result<Tree, RevisionError> {
        let id = commit.id.clone().unwrap_or_default();
        let own = folder.join(commit.short().unwrap_or_default());
        let used = use_now(&own, &id).map_err(|error| RevisionError::Folder { path: own.clone(), error })?;
        let tree = Tree { root: own.join("tree"), target_dir: own.join("target"), _used: used };
        if !tree.is_of(self, &id) {
            fs::remove_dir_all(&tree.root).ok();
            succeed(git(&self.root, &["worktree", "prune"])?, "worktree prune")?;
            let path = tree.root.to_string_lossy();
            succeed(
                git(&self.root, &["worktree", "add", "--quiet", "--detach", "--force", &path, &id])?,
                "worktree add",
            )?;
        }
        if tree.root.join(".gitmodules").is_file() {
            let update = ["submodule", "update", "--quiet", "--init", "--recursive"];
            succeed(git(&tree.root, &update)?, "submodule update")?;
        }
        self.forget_old(folder, &own);
        Ok(Tree { root: canonical(&tree.root)?, ..tree })
    }

    /// What cannot be removed now will be the next time.
    fn forget_old(&self, folder: &Path, own: &Path) {
        for old in superfluous(used(folder), own) {
            let is_free = |used: File| used.try_lock().is_ok();
            if !File::open(old.join("used")).is_ok_and(is_free) {
                continue;
            }
            git(&self.root, &["worktree", "remove", "--force", &old.join("tree").to_string_lossy()]).ok();
            fs::remove_dir_all(&old).ok();
        }
    }
}

/// The file whose time says when a tree was used last; waits while somebody else holds it.
fn use_now(own: &Path, id: &str) -> io::Result<File> {
    fs::create_dir_all(own)?;
    let mut used = File::options().create(true).append(true).open(own.join("used"))?;
    if matches!(used.try_lock(), Err(TryLockError::WouldBlock)) {
        eprintln!("     Waiting for another comparison with this revision");
        used.lock()?;
    }
    used.set_len(0)?;
    writeln!(used, "{id}")?;
    Ok(used)
}

/// Each tree's folder, and when it was used last.
fn used(folder: &Path) -> Vec<(SystemTime, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let when = |path: &Path| fs::metadata(path.join("used")).and_then(|used| used.modified()).ok();
    entries.filter_map(|entry| Some((when(&entry.path())?, entry.path()))).collect()
}

/// Those that were not used for longest, and are too many.
fn superfluous(mut all: Vec<(SystemTime, PathBuf)>, own: &Path) -> Vec<PathBuf> {
    all.retain(|(_, path)| path != own);
    all.sort();
    let count = all.len().saturating_sub(KEPT);
    all.into_iter().take(count).map(|(_, path)| path).collect()
}

impl Tree {
    fn is_of(&self, repository: &Repository, id: &str) -> bool {
        let of = |folder: &Path, question: &str| {
            let output = git(folder, &["rev-parse", "--path-format=absolute", question]).ok()?;
            output.status.success().then(|| said(&output.stdout))
        };
        self.root.join(".git").is_file()
            && of(&self.root, "HEAD").as_deref() == Some(id)
            && of(&self.root, "--git-common-dir") == of(&repository.root, "--git-common-dir")
    }

    /// The same place as one of the working tree.
    pub(crate) fn counterpart(&self, repository: &Repository, path: &Path) -> Result<PathBuf, RevisionError> {
        let path = canonical(path)?;
        Ok(self.root.join(path.strip_prefix(&repository.root).unwrap_or(Path::new(""))))
    }

    /// Takes back everything that was laid over it.
    pub(crate) fn restore(&self) -> Result<(), RevisionError> {
        succeed(git(&self.root, &["checkout", "--quiet", "--force", "HEAD", "--", "."])?, "checkout")?;
        succeed(git(&self.root, &["clean", "-fdq"])?, "clean")
    }
}

fn canonical(path: &Path) -> Result<PathBuf, RevisionError> {
    path.canonicalize().map_err(|error| RevisionError::Folder { path: path.to_owned(), error })
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Output, RevisionError> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // Inside a hook these point at the repository that the hook is of.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    command.output().map_err(RevisionError::Git)
}

#[allow(clippy::needless_pass_by_value)] // reads well around a call
fn succeed(output: Output, what: &str) -> Result<(), RevisionError> {
    match output.status.success() {
        true => Ok(()),
        false => Err(RevisionError::Failed(what.to_owned(), said(&output.stderr))),
    }
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_commit_is_shown_by_what_the_user_called_it() {
        let commit = |name: &str, is_dirty| Commit {
            name: name.into(),
            id: Some("0123456789abcdef".into()),
            is_dirty: Some(is_dirty),
        };
        assert_eq!(commit("main", false).to_string(), "main (012345678)");
        assert_eq!(commit("0123456", false).to_string(), "012345678");
        assert_eq!(commit("the working tree", true).to_string(), "the working tree (012345678 with changes)");
        assert_eq!(Commit::of_binary(Path::new("a/perf")).to_string(), "a/perf");
    }

    #[test]
    fn the_trees_that_were_not_used_for_longest_go_first() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let all =
            [(3, "c"), (1, "a"), (9, "own"), (2, "b")].map(|(used, path)| (at(used), PathBuf::from(path)));
        assert_eq!(superfluous(all.to_vec(), Path::new("own")), [PathBuf::from("a")]);
        assert!(superfluous(all[..2].to_vec(), Path::new("own")).is_empty());
    }
}
