//! Where this test target stands, found at run time: a test archive may run on another machine than it was built on.

use std::path::{Path, PathBuf};

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

    /// Whether the package has one test target with a harness of its own.
    pub(crate) fn has_one_target(&self) -> bool {
        let manifest = std::fs::read_to_string(self.package_dir.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().filter(|line| line.replace(' ', "").starts_with("harness=false")).count() == 1
    }
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
    fn the_profile_is_the_folder_above_deps() {
        assert_eq!(build_profile(Path::new("/w/target/release/deps/perf-0a")), Some("release".into()));
        assert_eq!(
            build_profile(Path::new("/w/target/x86_64/bench-fast/deps/perf-0a")),
            Some("bench-fast".into())
        );
        assert_eq!(build_profile(Path::new("/usr/bin/perf")), None);
    }
}
