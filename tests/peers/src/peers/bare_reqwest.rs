//! What reqwest alone can do: tasks on one thread that send and read, and measure nothing.

use super::Said;
use crate::load::{LENGTH, Load, PLANNED, RATE, USERS};
use reqwest::Client;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::interval;

/// A client with the settings of the engine's own.
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().pool_max_idle_per_host(usize::MAX).user_agent("peers").build()
}

/// Sends a request and reads the answer to its end.
pub(super) async fn request(client: &Client, url: &str) -> reqwest::Result<usize> {
    Ok(client.get(url).send().await?.bytes().await?.len())
}

pub(super) fn run(load: Load, url: &str) -> anyhow::Result<Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match load {
        Load::Closed => runtime.block_on(closed(url))?,
        Load::Open => runtime.block_on(open(url))?,
    }
    Ok(Said::default())
}

async fn closed(url: &str) -> anyhow::Result<()> {
    let (client, mut users) = (client()?, JoinSet::new());
    let began = Instant::now();
    for _ in 0..USERS {
        let (client, url) = (client.clone(), url.to_owned());
        users.spawn(async move {
            while began.elapsed() < LENGTH {
                request(&client, &url).await?;
            }
            reqwest::Result::Ok(())
        });
    }
    while let Some(user) = users.join_next().await {
        user??;
    }
    Ok(())
}

/// As one writes it by hand: a task for each tick of an interval, which catches up when it was late.
async fn open(url: &str) -> anyhow::Result<()> {
    let (client, mut requests) = (client()?, JoinSet::new());
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    for _ in 0..PLANNED {
        ticks.tick().await;
        let (client, url) = (client.clone(), url.to_owned());
        requests.spawn(async move { request(&client, &url).await });
        while let Some(request) = requests.try_join_next() {
            request??;
        }
    }
    while let Some(request) = requests.join_next().await {
        request??;
    }
    Ok(())
}
