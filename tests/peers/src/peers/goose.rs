//! goose, without its cookies, printing and reports, and on one thread: whatever is cheapest for it on one core.

use super::Said;
use crate::load::{LENGTH, Load, RATE, USERS};
use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::prelude::*;

pub(super) fn run(load: Load, url: &str) -> anyhow::Result<Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What `Display` leaves out is which option, or which request.
    let metrics = runtime.block_on(attack(load, url)).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    said(&metrics)
}

/// All users at once, on one shared client.
async fn attack(load: Load, url: &str) -> Result<GooseMetrics, GooseError> {
    let client = GooseClientBuilder::new().without_cookies().gzip(false);
    let scenario = scenario!("Peers").register_transaction(transaction!(request));
    let attack = GooseAttack::initialize_with_config(configuration(load, url)?)?
        .set_client_builder_without_cookies(client)?
        .register_scenario(scenario);
    Box::pin(attack.execute()).await
}

async fn request(user: &mut GooseUser) -> TransactionResult {
    user.get("/").await?.response?.bytes().await?;
    Ok(())
}

fn configuration(load: Load, url: &str) -> Result<GooseConfiguration, GooseError> {
    let plan = format!("{USERS},0s;{USERS},{}s;0,0s", LENGTH.as_secs());
    let rate = RATE.to_string();
    let mut options = vec!["--host", url, "--test-plan", &plan];
    options.extend(["--quiet", "--no-print-metrics", "--no-telnet"]);
    if load == Load::Open {
        options.extend(["--throttle-requests", &rate]);
    }
    GooseConfiguration::parse_args_default(&options)
}

fn said(metrics: &GooseMetrics) -> anyhow::Result<Said> {
    let mut requests = metrics.requests.values();
    let Some(request) = requests.next() else {
        return Ok(Said::default());
    };
    anyhow::ensure!(request.fail_count == 0, "{} failed requests", request.fail_count);
    let percentile = |part| Some(request.raw_data.percentile_us(part) as f64 * 1e3);
    Ok(Said { p50_ns: percentile(0.5), p99_ns: percentile(0.99) })
}
