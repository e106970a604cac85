//! The perf targets of a workspace, as cargo and the manifests tell of them.
//!
//! `cargo metadata` says which packages and test targets there are, but not which have a harness of their own; that is
//! read from each Cargo.toml.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Which perf targets a command is about.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Selection {
    /// Only the perf targets of this package
    #[arg(short, long, value_name = "NAME")]
    pub(crate) package: Option<String>,

    /// Only the perf target of this name
    #[arg(long, value_name = "TARGET")]
    pub(crate) test: Option<String>,

    /// Another Cargo.toml than that of the folder
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
}

/// A workspace.
#[derive(Debug)]
pub(crate) struct Project {
    /// Cargo's target folder.
    pub(crate) target_dir: PathBuf,
    /// Its selected members that depend on perf-harness.
    pub(crate) packages: Vec<Package>,
    /// The perf targets of its selected members.
    pub(crate) targets: Vec<PerfTarget>,
}

/// A package that depends on perf-harness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The folder of its Cargo.toml.
    pub(crate) dir: PathBuf,
}

/// A test target with `harness = false` that uses perf-harness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PerfTarget {
    /// As `--test` takes it.
    pub(crate) name: String,
    /// Its package's name.
    pub(crate) package: String,
    /// The folder of its package's Cargo.toml.
    pub(crate) package_dir: PathBuf,
    /// Its own file.
    pub(crate) source: PathBuf,
    /// The features it does not build without.
    pub(crate) required_features: Vec<String>,
}

/// Why there is nothing to work on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error("cargo could not be started")]
    Cargo(#[source] std::io::Error),
    /// In cargo's own words.
    #[error("cargo metadata: {0}")]
    Metadata(String),
    #[error("cargo metadata printed something that is not its JSON")]
    Json(#[from] serde_json::Error),
    #[error("{}", path.display())]
    Manifest {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error>,
    },
    #[error(
        "no perf target {0}: a test target with `harness = false` in a package that depends on perf-harness, whose file ends \
         with `perf_harness::main!();`"
    )]
    NoTarget(String),
}

impl Project {
    /// Asks cargo; an empty selection is an error.
    pub(crate) fn find(selection: &Selection) -> Result<Self, ProjectError> {
        let project = Project::look(selection)?;
        match project.targets.is_empty() {
            true => Err(ProjectError::NoTarget(selection.in_words())),
            false => Ok(project),
        }
    }

    /// Asks cargo; there may be nothing.
    pub(crate) fn look(selection: &Selection) -> Result<Self, ProjectError> {
        let metadata = metadata(selection.manifest_path.as_deref(), &["--no-deps"])?;
        let folder = |key: &str| PathBuf::from(metadata[key].as_str().unwrap_or_default());
        let (mut packages, mut targets) = (Vec::new(), Vec::new());
        for package in list(&metadata["packages"]).filter(|package| name_of_harness(package).is_some()) {
            packages.push(Package { name: text(&package["name"]), dir: dir_of(package) });
            targets.extend(perf_targets(package)?);
        }
        let is_wanted =
            |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        targets.retain(|target| {
            is_wanted(&selection.package, &target.package) && is_wanted(&selection.test, &target.name)
        });
        packages.retain(|package| is_wanted(&selection.package, &package.name));
        Ok(Project { target_dir: folder("target_directory"), packages, targets })
    }
}

impl Selection {
    fn in_words(&self) -> String {
        let test = self.test.as_ref().map(|test| format!("named `{test}` "));
        let package = self
            .package
            .as_ref()
            .map_or("in this workspace".to_owned(), |name| format!("in package `{name}`"));
        format!("{}{package}", test.unwrap_or_default())
    }
}

/// `cargo`, the very one that started this where it did.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The names of all packages in a folder that take part in the build, members of the workspace or not.
pub(crate) fn packages_within(folder: &Path, selection: &Selection) -> Result<Vec<String>, ProjectError> {
    let metadata = metadata(selection.manifest_path.as_deref(), &["--all-features"])?;
    let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let folder = real(folder.to_owned());
    let inside = list(&metadata["packages"])
        .filter(|package| package["source"].is_null() && real(dir_of(package)).starts_with(&folder));
    Ok(inside.map(|package| text(&package["name"])).collect())
}

fn metadata(manifest: Option<&Path>, options: &[&str]) -> Result<Value, ProjectError> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1"]).args(options).stdin(Stdio::null());
    if let Some(manifest) = manifest {
        command.arg("--manifest-path").arg(manifest);
    }
    let output = command.output().map_err(ProjectError::Cargo)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(ProjectError::Metadata(said.trim().trim_start_matches("error: ").to_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn dir_of(package: &Value) -> PathBuf {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    manifest.parent().unwrap_or(Path::new("")).to_owned()
}

fn perf_targets(package: &Value) -> Result<Vec<PerfTarget>, ProjectError> {
    let Some(harness) = name_of_harness(package) else {
        return Ok(Vec::new());
    };
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let without_harness = without_harness(&manifest)?;
    let is_perf_target = |target: &&Value| {
        list(&target["kind"]).any(|kind| kind == "test")
            && without_harness.contains(&text(&target["name"]))
            && mentions(Path::new(&text(&target["src_path"])), &harness)
    };
    let found = list(&package["targets"]).filter(is_perf_target).map(|target| PerfTarget {
        name: text(&target["name"]),
        package: text(&package["name"]),
        package_dir: dir_of(package),
        source: PathBuf::from(text(&target["src_path"])),
        required_features: list(&target["required-features"]).map(text).collect(),
    });
    Ok(found.collect())
}

/// How the package's code calls perf-harness; `None` when it does not depend on it.
fn name_of_harness(package: &Value) -> Option<String> {
    let dependency =
        list(&package["dependencies"]).find(|dependency| dependency["name"] == "perf-harness")?;
    let name = dependency["rename"].as_str().unwrap_or("perf-harness");
    Some(name.replace('-', "_"))
}

/// The test targets with `harness = false`.
fn without_harness(manifest: &Path) -> Result<Vec<String>, ProjectError> {
    let wrong =
        |source: Box<dyn std::error::Error>| ProjectError::Manifest { path: manifest.to_owned(), source };
    let text = std::fs::read_to_string(manifest).map_err(|e| wrong(e.into()))?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong(e.into()))?;
    let tests = table.get("test").and_then(toml::Value::as_array).into_iter().flatten();
    let bare = tests.filter(|test| test.get("harness").and_then(toml::Value::as_bool) == Some(false));
    Ok(bare.filter_map(|test| Some(test.get("name")?.as_str()?.to_owned())).collect())
}

/// Another custom harness of the same package, trybuild's for example, is none of ours.
fn mentions(source: &Path, harness: &str) -> bool {
    std::fs::read_to_string(source).is_ok_and(|text| text.contains(harness))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_renamed_dependency_is_found_under_its_new_name() {
        let package = |dependency: Value| json!({ "dependencies": [{ "name": "tokio" }, dependency] });
        assert_eq!(
            name_of_harness(&package(json!({ "name": "perf-harness", "rename": null }))),
            Some("perf_harness".into())
        );
        assert_eq!(
            name_of_harness(&package(json!({ "name": "perf-harness", "rename": "load-it" }))),
            Some("load_it".into())
        );
        assert_eq!(name_of_harness(&package(json!({ "name": "rlt" }))), None);
    }

    #[test]
    fn an_empty_selection_says_what_was_asked_for() {
        let selection =
            Selection { test: Some("load".into()), package: Some("shop".into()), manifest_path: None };
        let error = ProjectError::NoTarget(selection.in_words()).to_string();
        assert!(
            error.starts_with("no perf target named `load` in package `shop`: a test target with"),
            "{error}"
        );
        assert_eq!(Selection::default().in_words(), "in this workspace");
    }
}
