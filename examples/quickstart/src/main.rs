//! Serves a seeded catalogue: `quickstart [PORT]`, by default on 127.0.0.1:3000.

use anyhow::Context;
use quickstart::{Catalogue, seed, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = port()?;
    // Deleted when the service ends: the books are the same every time.
    let folder = tempfile::tempdir()?;
    let catalogue = Catalogue::open(&folder.path().join("books.db"))?;
    catalogue.add_all(seed::books()).await?;

    let listener =
        TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("cannot use port {port}"))?;
    println!("{} books on http://{}/books", seed::COUNT, listener.local_addr()?);
    tokio::select! {
        ended = serve(listener, catalogue) => ended?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

fn port() -> anyhow::Result<u16> {
    match std::env::args().nth(1) {
        Some(text) => {
            text.parse().with_context(|| format!("`{text}` is not a port; usage: quickstart [PORT]"))
        }
        None => Ok(3000),
    }
}
