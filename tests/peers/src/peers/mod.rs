//! The load generators, each in its own file, asked for the same two loads.

mod balter;
mod bare_hyper;
mod bare_reqwest;
mod goose;
mod perf_harness;
mod programs;
mod rlt;

use crate::load::Load;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::process::{Command, Stdio};

/// A load generator.
pub(crate) struct Peer {
    /// Of the row; of a program also its own.
    pub(crate) name: &'static str,
    /// How it is run.
    pub(crate) kind: Kind,
    /// How its load differs from what it was asked for, in a sentence.
    pub(crate) remark: Option<&'static str>,
    /// Why it offers no open load.
    no_open: Option<&'static str>,
}

/// How a peer is run.
pub(crate) enum Kind {
    /// In this program, as a process of its own.
    Library(fn(Load, &str) -> anyhow::Result<Said>),
    /// As a program that may be installed.
    Program {
        /// Before the address.
        arguments: fn(Load) -> Vec<String>,
        /// Of what it printed.
        read: fn(&str) -> Said,
    },
}

/// What a peer says of its own run, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Half of its requests were faster.
    pub(crate) p50_ns: Option<f64>,
    /// All but one in a hundred were.
    pub(crate) p99_ns: Option<f64>,
}

impl Said {
    /// What this program printed last; peers may print more.
    pub(crate) fn last_of(output: &str) -> Self {
        output.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_default()
    }
}

/// In the order of the table.
pub(crate) static ALL: [Peer; 10] = [
    library("perf-harness cx.get", perf_harness::by_get),
    library("perf-harness reqwest", perf_harness::by_client),
    library("bare reqwest", bare_reqwest::run),
    Peer { no_open: Some("a loop has no rate"), ..library("bare hyper", bare_hyper::run) },
    library("rlt", rlt::run),
    library("goose", goose::run),
    Peer { remark: Some(balter::REMARK), ..library("balter", balter::run) },
    Peer { no_open: Some("it knows no rate"), ..program("wrk", programs::wrk, programs::read_wrk) },
    program("oha", programs::oha, programs::read_oha),
    program("hey", programs::hey, programs::read_hey),
];

const fn library(name: &'static str, run: fn(Load, &str) -> anyhow::Result<Said>) -> Peer {
    Peer { name, kind: Kind::Library(run), remark: None, no_open: None }
}

const fn program(name: &'static str, arguments: fn(Load) -> Vec<String>, read: fn(&str) -> Said) -> Peer {
    Peer { name, kind: Kind::Program { arguments, read }, remark: None, no_open: None }
}

impl Peer {
    /// Why it does not offer such a load.
    pub(crate) fn refusal(&self, load: Load) -> Option<&'static str> {
        self.no_open.filter(|_| load == Load::Open)
    }

    fn is_installed(&self) -> bool {
        match self.kind {
            Kind::Library(_) => true,
            Kind::Program { .. } => {
                let found = Command::new("which").arg(self.name).stdout(Stdio::null()).status();
                found.is_ok_and(|status| status.success())
            }
        }
    }
}

/// The peers whose name contains one of these, or all; apart from them the names of those that are not installed.
pub(crate) fn installed(only: &[String]) -> (Vec<&'static Peer>, Vec<&'static str>) {
    let is_asked_for = |peer: &&Peer| only.is_empty() || only.iter().any(|part| peer.name.contains(part));
    let (present, missing): (Vec<_>, Vec<_>) =
        ALL.iter().filter(is_asked_for).partition(|peer| peer.is_installed());
    (present, missing.into_iter().map(|peer| peer.name).collect())
}

/// Runs a library to its end.
pub(crate) fn run(name: &str, load: Load, url: &str) -> anyhow::Result<Said> {
    let peer = ALL.iter().find(|peer| peer.name == name).with_context(|| format!("no peer `{name}`"))?;
    match peer.kind {
        Kind::Library(run) => run(load, url),
        Kind::Program { .. } => anyhow::bail!("{name} is a program of its own"),
    }
}
