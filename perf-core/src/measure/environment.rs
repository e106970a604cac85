//! Where a run took place: its class, and what is told along with it.

use super::class::Class;
use super::system::Machine;
use super::virtualisation;
use crate::units::fingerprint;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// The machine's class, the build, and what is told along with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Of the class.
    pub id: String,
    /// What a baseline must agree on.
    #[serde(flatten)]
    pub class: Class,
    /// As `rustc --version` says; not part of the fingerprint.
    #[serde(default)]
    pub rustc: Option<String>,
    /// Of the working directory; not part of the fingerprint.
    #[serde(default)]
    pub git_commit: Option<String>,
    /// Whether anything differs from the commit.
    #[serde(default)]
    pub git_dirty: Option<bool>,
    /// A salted hash of the machine's id, which cannot be told from it.
    #[serde(default)]
    pub machine: Option<String>,
}

impl Environment {
    /// Of this process. `features` are the enabled ones of the package of the perf tests.
    pub fn detect(label: Option<&str>, build_profile: &str, features: Vec<String>) -> Self {
        let class = class(label, build_profile, features);
        Environment {
            id: class.id(),
            class,
            rustc: said_by("rustc", &["--version"]),
            git_commit: said_by("git", &["rev-parse", "HEAD"]),
            git_dirty: said_by("git", &["status", "--porcelain", "--untracked-files=no"])
                .map(|said| !said.is_empty()),
            machine: machine_id().map(|id| fingerprint(["perf-harness machine", &id])),
        }
    }

    /// For tests.
    #[cfg(test)]
    pub(crate) fn example(id: &str, cores: usize, label: Option<&str>) -> Self {
        let class = Class {
            label: label.map(str::to_owned),
            cpu: "A CPU".to_owned(),
            cores,
            os: "linux x86_64".to_owned(),
            build_profile: "release".to_owned(),
            ..Class::default()
        };
        Environment {
            id: id.to_owned(),
            class,
            rustc: None,
            git_commit: None,
            git_dirty: None,
            machine: None,
        }
    }
}

fn class(label: Option<&str>, build_profile: &str, mut features: Vec<String>) -> Class {
    let machine = Machine::detect();
    features.sort();
    Class {
        build_profile: build_profile.to_owned(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        cpu: machine.cpu.unwrap_or_else(|| "unknown".to_owned()),
        features: Some(features),
        label: label.map(str::to_owned),
        memory_gib: machine.memory.and_then(in_gib),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        virtualisation: virtualisation::detect(),
    }
}

/// The power of two that is nearest by ratio, at least 1: what a kernel keeps for itself differs from boot to boot.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small exponent, at least zero
fn in_gib(bytes: u64) -> Option<u64> {
    let exponent = (bytes as f64 / f64::from(1 << 30)).log2().round().max(0.0);
    1_u64.checked_shl(exponent as u32)
}

fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

fn machine_id() -> Option<String> {
    let paths = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
    let id = paths.iter().find_map(|path| std::fs::read_to_string(path).ok())?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_rounded_to_a_power_of_two() {
        let gib = |mib: u64| in_gib(mib << 20).unwrap();
        assert_eq!([300, 1000, 7_900, 15_600, 16_384, 24_100].map(gib), [1, 1, 8, 16, 16, 32]);
    }

    #[test]
    fn an_environment_says_its_class_and_its_id_follows_from_it() {
        let features = || vec!["tls".to_owned(), "default".to_owned()];
        let environment = Environment::detect(None, "release", features());
        assert_eq!(environment.id, environment.class.id());
        assert_eq!(environment.class.features, Some(vec!["default".to_owned(), "tls".to_owned()]));
        assert!(environment.class.memory_gib.is_some_and(u64::is_power_of_two));
        assert_eq!(environment.class.virtualisation.is_some(), cfg!(target_os = "linux"));
        let json = serde_json::to_value(&environment).unwrap();
        assert_eq!(serde_json::from_value::<Environment>(json.clone()).unwrap(), environment);
        assert!(json["cpu"].is_string() && json["mhz"].is_null(), "{json}");
    }
}
