//! What hyper alone can do: a task for each connection, on one thread, that measures nothing.

use super::Said;
use crate::load::{LENGTH, Load, USERS};
use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

pub(super) fn run(_: Load, url: &str) -> anyhow::Result<Said> {
    let address = url.strip_prefix("http://").context("no http address")?.trim_end_matches('/');
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(closed(address))?;
    Ok(Said::default())
}

async fn closed(address: &str) -> anyhow::Result<()> {
    let mut users = JoinSet::new();
    let began = Instant::now();
    for _ in 0..USERS {
        users.spawn(user(address.to_owned(), began));
    }
    while let Some(user) = users.join_next().await {
        user??;
    }
    Ok(())
}

async fn user(address: String, began: Instant) -> anyhow::Result<()> {
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    while began.elapsed() < LENGTH {
        sender.ready().await?;
        let request = Request::get("/").header(HOST, &address).body(Empty::<Bytes>::new())?;
        sender.send_request(request).await?.into_body().collect().await?;
    }
    connection.abort();
    Ok(())
}
