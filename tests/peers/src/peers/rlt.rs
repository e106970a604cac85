//! rlt, by its command line, as its examples run it; but on one thread, which is cheaper for it on one core.

use super::{Said, bare_reqwest};
use crate::load::{LENGTH, Load, RATE, USERS};
use anyhow::Context;
use async_trait::async_trait;
use clap::Parser;
use reqwest::Client;
use rlt::cli::BenchCli;
use rlt::{BenchSuite, IterInfo, IterReport, Status};
use serde_json::Value;
use std::path::Path;
use std::time::Instant;

/// Its workers share one client, as the tasks of the bare loop do.
#[derive(Clone)]
struct Suite {
    client: Client,
    url: String,
}

#[async_trait]
impl BenchSuite for Suite {
    type WorkerState = ();

    async fn state(&self, _: u32) -> anyhow::Result<()> {
        Ok(())
    }

    async fn bench(&mut self, (): &mut (), _: &IterInfo) -> anyhow::Result<IterReport> {
        let began = Instant::now();
        let bytes = bare_reqwest::request(&self.client, &self.url).await? as u64;
        Ok(IterReport { duration: began.elapsed(), status: Status::success(200), bytes, items: 1 })
    }
}

pub(super) fn run(load: Load, url: &str) -> anyhow::Result<Said> {
    let report = std::env::temp_dir().join(format!("peers-rlt-{}.json", std::process::id()));
    let suite = Suite { client: bare_reqwest::client()?, url: url.to_owned() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(rlt::cli::run(options(load, &report)?, suite));
    let said = ended.and_then(|()| said(&report));
    std::fs::remove_file(report).unwrap_or_default(); // it may never have been written
    said
}

fn options(load: Load, report: &Path) -> anyhow::Result<BenchCli> {
    let (users, length) = (USERS.to_string(), format!("{}s", LENGTH.as_secs()));
    let rate = RATE.to_string();
    let report = report.to_str().context("the temporary directory is no text")?;
    let common = ["rlt", "-c", &users, "-d", &length, "-q", "-o", "json", "-O", report];
    let rated: &[&str] = match load {
        Load::Closed => &[],
        Load::Open => &["-r", &rate],
    };
    Ok(BenchCli::try_parse_from(common.iter().chain(rated))?)
}

fn said(report: &Path) -> anyhow::Result<Said> {
    let report: Value = serde_json::from_slice(&std::fs::read(report)?)?;
    let errors = &report["errors"];
    anyhow::ensure!(errors.as_object().is_none_or(serde_json::Map::is_empty), "errors: {errors}");
    let percentile = |name| report["latency"]["percentiles"][name].as_f64().map(|seconds| seconds * 1e9);
    Ok(Said { p50_ns: percentile("p50"), p99_ns: percentile("p99") })
}
