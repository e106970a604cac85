//! Where this test target stands, found at run time: a test archive may run on another machine than it was built on.

use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Folders and names of the running test target.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The folder of the package's Cargo.toml.
    pub(crate) package_dir: PathBuf,
    /// The package's name, where cargo or nextest says it.
    pub(crate) package: Option<String>,
    /// Cargo's target folder.
    pub(crate) target_dir: PathBuf,
    /// The cargo profile this was built with: `release`, `debug` or another one's name.
    pub(crate) build_profile: String,
}

impl Place {
    /// Of this process.
    pub(crate) fn find(is_debug: bool) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let package_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| upwards(&here, "Cargo.toml"), PathBuf::from);
        let executable = std::env::current_exe().unwrap_or_default();
        let target_dir = target_dir(&executable).unwrap_or_else(|| package_dir.join("target"));
        let default_profile = if is_debug { "debug" } else { "release" };
        Place {
            package: std::env::var("CARGO_PKG_NAME").ok(),
            build_profile: build_profile(&executable).unwrap_or_else(|| default_profile.to_owned()),
            package_dir,
            target_dir,
        }
    }
}

impl Place {
    /// The folder of the workspace that the package belongs to.
    pub(crate) fn workspace_dir(&self) -> Option<PathBuf> {
        let is_root = |folder: &&Path| {
            std::fs::read_to_string(folder.join("Cargo.toml"))
                .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
        };
        self.package_dir.ancestors().find(is_root).map(Path::to_owned)
    }

    /// Whether no other target of the package can be one of perf tests.
    pub(crate) fn has_one_target(&self) -> bool {
        let manifest = std::fs::read_to_string(self.package_dir.join("Cargo.toml")).unwrap_or_default();
        targets_without_harness(&manifest) == Some(1)
    }
}

/// How many targets have a `main` of their own: some of tests may be of perf tests, and one of benches, too. `None` where
/// the manifest cannot be read.
fn targets_without_harness(manifest: &str) -> Option<usize> {
    let manifest = DeTable::parse(manifest).ok()?;
    let of_kind = |kind| manifest.get_ref().get(kind).and_then(|targets| targets.get_ref().as_array());
    let targets = ["test", "bench"].into_iter().filter_map(of_kind).flatten();
    let has_none = |target: &&Spanned<DeValue<'_>>| {
        let harness = target.get_ref().get("harness");
        harness.and_then(|harness| harness.get_ref().as_bool()) == Some(false)
    };
    Some(targets.filter(has_none).count())
}

fn upwards(from: &Path, file: &str) -> PathBuf {
    from.ancestors().find(|folder| folder.join(file).is_file()).unwrap_or(from).to_owned()
}

/// Cargo marks its target folder for backup tools.
fn target_dir(executable: &Path) -> Option<PathBuf> {
    executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// `target/<profile>/deps/<name>-<hash>`.
fn build_profile(executable: &Path) -> Option<String> {
    let deps = executable.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "deps"))?;
    Some(deps.parent()?.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_counted_however_the_manifest_writes_them() {
        let perf = "[[test]]\nname = \"perf\"\nharness=false # our own\n";
        let count = |rest: &str| targets_without_harness(&format!("{perf}{rest}"));
        assert_eq!(count("[package]\nname = \"shop\"\n[[test]]\nname = \"unit\"\n"), Some(1));
        assert_eq!(count("[[test]]\nname = \"load\"\nharness  =  false\n"), Some(2));
        assert_eq!(count("[[bench]]\nname = \"speed\"\nharness = false\n"), Some(2));
        assert_eq!(targets_without_harness("test = [{ name = \"perf\", harness = false }]"), Some(1));
        assert_eq!(count("[package]\ndescription = \"\"\"\nharness = false\n\"\"\"\n"), Some(1));
        assert_eq!((targets_without_harness(""), targets_without_harness("[")), (Some(0), None));
    }

    #[test]
    fn the_profile_is_the_folder_above_deps() {
        assert_eq!(build_profile(Path::new("/w/target/release/deps/perf-0a")), Some("release".into()));
        assert_eq!(
            build_profile(Path::new("/w/target/x86_64/bench-fast/deps/perf-0a")),
            Some("bench-fast".into())
        );
        assert_eq!(build_profile(Path::new("/usr/bin/perf")), None);
    }
}
