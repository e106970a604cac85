//! Where a run took place: what a baseline must agree on before it is compared.
//!
//! The only file that names sysinfo.

use crate::units::fingerprint;
use std::process::Command;
use sysinfo::{CpuRefreshKind, RefreshKind, System};

/// The machine's class, the build, and what is told along with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Of the class, or of the label when there is one.
    pub id: String,
    /// The name the user gave it.
    pub label: Option<String>,
    /// The model.
    pub cpu: String,
    /// As many as this process may use.
    pub cores: usize,
    /// And architecture: `linux x86_64`.
    pub os: String,
    /// The cargo profile: `release`, `debug` or another one's name.
    pub build_profile: String,
    /// As `rustc --version` says; not part of the fingerprint.
    pub rustc: Option<String>,
    /// Of the working directory; not part of the fingerprint.
    pub git_commit: Option<String>,
    /// Whether anything differs from the commit.
    pub git_dirty: Option<bool>,
    /// A salted hash of the machine's id, which cannot be told from it.
    pub machine: Option<String>,
}

impl Environment {
    /// Of this process.
    pub fn detect(label: Option<&str>, build_profile: &str) -> Self {
        let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
        let cpu =
            system.ok().and_then(|system| system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()));
        let cpu = cpu.filter(|brand| !brand.is_empty()).unwrap_or_else(|| "unknown".to_owned());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let os = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        let id = match label {
            Some(label) => fingerprint(["label", label, build_profile]),
            None => fingerprint([cpu.as_str(), &cores.to_string(), &os, build_profile]),
        };
        Environment {
            id,
            label: label.map(str::to_owned),
            cpu,
            cores,
            os,
            build_profile: build_profile.to_owned(),
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
        Environment {
            id: id.to_owned(),
            label: label.map(str::to_owned),
            cpu: "A CPU".to_owned(),
            cores,
            os: "linux x86_64".to_owned(),
            build_profile: "release".to_owned(),
            rustc: None,
            git_commit: None,
            git_dirty: None,
            machine: None,
        }
    }

    /// What differs from the class that another environment was recorded in, in words.
    pub fn differences(&self, cpu: &str, cores: usize, os: &str, build_profile: &str) -> Vec<String> {
        let pairs = [
            ("CPU", cpu.to_owned(), self.cpu.clone()),
            ("cores", cores.to_string(), self.cores.to_string()),
            ("OS", os.to_owned(), self.os.clone()),
            ("build profile", build_profile.to_owned(), self.build_profile.clone()),
        ];
        let differing = pairs.into_iter().filter(|(_, theirs, ours)| theirs != ours);
        differing.map(|(what, theirs, ours)| format!("{what} {theirs} there, {ours} here")).collect()
    }
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
