//! Builds perf targets through cargo, and says where they came to lie.

use crate::project::{PerfTarget, cargo};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// How to build.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Build")]
pub(crate) struct BuildOptions {
    /// Features of the packages, separated by commas
    #[arg(short = 'F', long, value_name = "LIST")]
    pub(crate) features: Vec<String>,

    /// Build with every feature
    #[arg(long)]
    pub(crate) all_features: bool,

    /// Build without the default features
    #[arg(long)]
    pub(crate) no_default_features: bool,

    /// Build with another cargo profile than release
    #[arg(long, value_name = "NAME", default_value = "release")]
    pub(crate) cargo_profile: String,
}

/// A perf target that is ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) target: PerfTarget,
    pub(crate) executable: PathBuf,
}

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error("cargo could not be started")]
    Cargo(#[source] std::io::Error),
    /// The compiler has said why.
    #[error("{0} does not build")]
    Failed(String),
    #[error("cargo built {0} and named no executable of it")]
    NoExecutable(String),
}

/// Builds each target; the compiler's messages go to standard error. `target_dir` is another one than cargo's own.
pub(crate) fn build(
    targets: &[PerfTarget],
    options: &BuildOptions,
    target_dir: Option<&Path>,
) -> Result<Vec<Built>, BuildError> {
    targets.iter().map(|target| build_one(target, options, target_dir)).collect()
}

fn build_one(
    target: &PerfTarget,
    options: &BuildOptions,
    target_dir: Option<&Path>,
) -> Result<Built, BuildError> {
    let mut command = cargo();
    command.args(["test", "--no-run", "--quiet", "--message-format", "json-render-diagnostics"]);
    command.arg("--manifest-path").arg(target.package_dir.join("Cargo.toml"));
    command.args(["--package", &target.package, "--test", &target.name, "--profile", &options.cargo_profile]);
    command.args(features(target, options));
    if let Some(folder) = target_dir {
        command.arg("--target-dir").arg(folder);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(BuildError::Cargo)?;
    let shown = format!("perf target {} of package {}", target.name, target.package);
    if !output.status.success() {
        return Err(BuildError::Failed(shown));
    }
    let executable =
        executable(&String::from_utf8_lossy(&output.stdout)).ok_or(BuildError::NoExecutable(shown))?;
    Ok(Built { target: target.clone(), executable })
}

fn features(target: &PerfTarget, options: &BuildOptions) -> Vec<String> {
    let wanted: Vec<&str> =
        options.features.iter().chain(&target.required_features).map(String::as_str).collect();
    let mut arguments = Vec::new();
    if !wanted.is_empty() {
        arguments.push(format!("--features={}", wanted.join(",")));
    }
    arguments.extend(options.all_features.then(|| "--all-features".to_owned()));
    arguments.extend(options.no_default_features.then(|| "--no-default-features".to_owned()));
    arguments
}

/// Of cargo's messages, the one of the test target, which is the last with an executable.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut tests = messages.filter(|message| message["profile"]["test"] == true);
    tests.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_that_of_the_test_and_not_of_a_program_it_needs() {
        let messages = "\
            {\"reason\":\"compiler-artifact\",\"profile\":{\"test\":true},\"executable\":\"/t/perf-0a\"}\n\
            {\"reason\":\"compiler-artifact\",\"profile\":{\"test\":false},\"executable\":\"/t/shop\"}\n\
            {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some("/t/perf-0a".into()));
        assert_eq!(executable("not JSON\n"), None);
    }

    #[test]
    fn a_target_gets_the_features_it_requires() {
        let target = PerfTarget {
            name: "perf".into(),
            package: "shop".into(),
            package_dir: "/shop".into(),
            source: "/shop/tests/perf.rs".into(),
            required_features: vec!["load".into()],
        };
        let options = BuildOptions { features: vec!["fast".into()], ..BuildOptions::default() };
        assert_eq!(features(&target, &options), ["--features=fast,load"]);
    }
}
