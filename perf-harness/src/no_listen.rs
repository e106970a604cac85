//! In the place of the live endpoint in a build without it.

use crate::about::About;
use perf_core::drive::control::Control;
use perf_core::judge::verdict::Verdict;
use perf_core::plan::Plan;
use perf_core::report::Report;
use std::net::SocketAddr;

/// There is none.
pub(crate) enum Listener {}

impl Listener {
    /// Says what to do about it.
    pub(crate) fn open(_: SocketAddr, _: &About, _: &Control) -> Result<Self, String> {
        Err("--listen: this build cannot; enable perf-harness's feature `listen`, one of the default ones"
            .to_owned())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match *self {}
    }

    pub(crate) fn ended(&self, _: &Report) {
        match *self {}
    }

    pub(crate) fn ended_without_numbers(&self, _: &Plan, _: Verdict, _: &str) {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }
}
