//! Head's perf tests over base's library, so that both sides run the same test.
//!
//! What is laid over a tree: the folder that the test target's file is in, and perf.toml. Files that are the same are not
//! touched, so that nothing is built again for nothing.

use super::revision::{Repository, RevisionError, Tree};
use crate::project::PerfTarget;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Pairs of places: in the working tree, and in the other one.
#[derive(Debug)]
pub(crate) struct Overlay {
    /// `None` where the target's file lies among the library's.
    tests: Option<(PathBuf, PathBuf)>,
    settings: Vec<(PathBuf, PathBuf)>,
    /// The lock file, for a tree that has none.
    locks: Vec<(PathBuf, PathBuf)>,
    /// Every Cargo.toml from the package to the tree's root.
    manifests: Vec<PathBuf>,
}

impl Overlay {
    pub(crate) fn of(
        target: &PerfTarget,
        repository: &Repository,
        tree: &Tree,
    ) -> Result<Self, RevisionError> {
        let package = tree.counterpart(repository, &target.package_dir)?;
        let tests = part_of(&target.package_dir, &target.source);
        let levels = || package.ancestors().take_while(|folder| folder.starts_with(&tree.root));
        let in_both = |file: &str| -> Vec<(PathBuf, PathBuf)> {
            let ours = target.package_dir.ancestors().map(|folder| folder.join(file));
            ours.zip(levels().map(|folder| folder.join(file))).collect()
        };
        Ok(Overlay {
            tests: tests.map(|part| (target.package_dir.join(&part), package.join(&part))),
            settings: in_both("perf.toml"),
            locks: in_both("Cargo.lock"),
            manifests: levels().map(|folder| folder.join("Cargo.toml")).collect(),
        })
    }

    /// Whether both sides will have the same tests.
    pub(crate) fn is_of_tests(&self) -> bool {
        self.tests.is_some()
    }

    /// Lays everything over the tree.
    pub(crate) fn lay(&self) -> io::Result<()> {
        if let Some((ours, theirs)) = &self.tests {
            same(ours, theirs)?;
        }
        self.settings.iter().try_for_each(|(ours, theirs)| same(ours, theirs))?;
        self.prepare()
    }

    /// What the tree needs in any case: a lock file where none is committed, and to be no part of the workspace around it.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        for (ours, theirs) in self.locks.iter().filter(|(ours, theirs)| ours.is_file() && !theirs.exists()) {
            fs::copy(ours, theirs)?;
        }
        let texts: Vec<String> =
            self.manifests.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
        let is_workspace =
            texts.iter().any(|text| text.lines().any(|line| line.trim_start().starts_with("[workspace")));
        match (self.manifests.first(), texts.first()) {
            (Some(path), Some(text)) if !is_workspace => fs::write(path, format!("{text}\n[workspace]\n")),
            _ => Ok(()),
        }
    }
}

/// The part of a package that holds its perf tests and nothing of its library: `tests` for `tests/perf.rs`.
fn part_of(package: &Path, source: &Path) -> Option<PathBuf> {
    let first = source.strip_prefix(package).ok()?.components().next()?;
    let part = PathBuf::from(first.as_os_str());
    (part != Path::new("src")).then_some(part)
}

/// Makes the second place like the first.
fn same(ours: &Path, theirs: &Path) -> io::Result<()> {
    if ours.is_dir() {
        if theirs.is_file() {
            fs::remove_file(theirs)?;
        }
        return same_folder(ours, theirs);
    }
    if theirs.is_dir() {
        fs::remove_dir_all(theirs)?;
    }
    match fs::read(ours) {
        Ok(bytes) if fs::read(theirs).is_ok_and(|theirs| theirs == bytes) => Ok(()),
        Ok(_) => {
            fs::copy(ours, theirs)?;
            // Some systems copy the time, too, by which cargo would think that it has built this already.
            File::options().write(true).open(theirs)?.set_modified(SystemTime::now())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && theirs.exists() => fs::remove_file(theirs),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn same_folder(ours: &Path, theirs: &Path) -> io::Result<()> {
    fs::create_dir_all(theirs)?;
    let mut names = entries(ours)?;
    // A test may have a workspace of its own in there.
    names.remove(&OsString::from("target"));
    for name in entries(theirs)?.difference(&names).filter(|name| *name != "target") {
        let surplus = theirs.join(name);
        if surplus.is_dir() { fs::remove_dir_all(surplus)? } else { fs::remove_file(surplus)? }
    }
    names.iter().try_for_each(|name| same(&ours.join(name), &theirs.join(name)))
}

fn entries(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(files: &[(&str, &str)]) -> Self {
            let folder = Folder(tempfile::tempdir().unwrap());
            for (file, text) in files {
                let path = folder.path(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            folder
        }

        fn path(&self, file: &str) -> PathBuf {
            self.0.path().join(file)
        }

        fn read(&self, file: &str) -> Option<String> {
            fs::read_to_string(self.path(file)).ok()
        }
    }

    #[test]
    fn a_folder_becomes_the_other_and_what_is_the_same_keeps_its_time() {
        let folder = Folder::with(&[
            ("a/perf.rs", "new"),
            ("a/common/mod.rs", "kept"),
            ("a/data/users.csv", "1"),
            ("b/perf.rs", "old"),
            ("b/common/mod.rs", "kept"),
            ("b/gone.rs", ""),
            ("b/data", ""),
        ]);
        let time = || fs::metadata(folder.path("b/common/mod.rs")).unwrap().modified().unwrap();
        let before = time();
        same(&folder.path("a"), &folder.path("b")).unwrap();
        assert_eq!(folder.read("b/perf.rs").as_deref(), Some("new"));
        assert_eq!((folder.read("b/gone.rs"), folder.read("b/data/users.csv")), (None, Some("1".into())));
        assert_eq!(time(), before);
        same(&folder.path("nothing"), &folder.path("b/perf.rs")).unwrap();
        assert_eq!(folder.read("b/perf.rs"), None, "head has no such file");
    }

    #[test]
    fn a_tree_is_no_part_of_the_workspace_around_it() {
        let folder = Folder::with(&[("Cargo.lock", "locked"), ("tree/Cargo.toml", "[package]\n")]);
        let overlay = Overlay {
            tests: None,
            settings: Vec::new(),
            locks: vec![(folder.path("Cargo.lock"), folder.path("tree/Cargo.lock"))],
            manifests: vec![folder.path("tree/Cargo.toml")],
        };
        overlay.lay().unwrap();
        overlay.lay().unwrap();
        assert_eq!(folder.read("tree/Cargo.toml").as_deref(), Some("[package]\n\n[workspace]\n"));
        assert_eq!(folder.read("tree/Cargo.lock").as_deref(), Some("locked"));
    }

    #[test]
    fn only_tests_outside_the_library_are_laid_over() {
        let part = |source: &str| part_of(Path::new("/shop"), Path::new(source));
        assert_eq!(part("/shop/tests/perf/main.rs"), Some("tests".into()));
        assert_eq!(part("/shop/perf.rs"), Some("perf.rs".into()));
        assert_eq!(part("/shop/src/perf.rs"), None);
        assert_eq!(part("/elsewhere/perf.rs"), None);
    }
}
