//! The catalogue under load. `cargo test --release --test perf` runs this; nothing needs to be installed or started.

use perf_harness::prelude::*;
use quickstart::{Book, Catalogue, Page, seed, serve};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// What the tests borrow; the folder goes with it.
struct Shop {
    _folder: TempDir,
    /// The next ISBN that nobody has used yet.
    next: AtomicU64,
}

/// A freshly seeded catalogue, served on a free port for as long as one session lasts.
async fn shop(cx: &Setup) -> Result<Shop, Error> {
    let folder = tempfile::tempdir()?;
    let catalogue = Catalogue::open(&folder.path().join("books.db"))?;
    catalogue.add_all(seed::books()).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    cx.set_base_url(format!("http://{}", listener.local_addr()?));
    tokio::spawn(serve(listener, catalogue));
    Ok(Shop { _folder: folder, next: AtomicU64::new(seed::COUNT) })
}

/// Arrivals at a rate, whatever the service does: what a page of the list costs its readers.
///
/// This runs on shared machines, whose own states differ by a third from day to day; a machine of one's own needs no
/// tolerances, and finds much smaller changes.
#[perf_test(
    rate = 200,
    duration = "15s",
    thresholds("p99 < 250ms", "errors < 0.1%"),
    baseline("p50" = "50%", "p95" = "60%"),
    setup = shop,
    tags("read")
)]
async fn list_books(cx: &Cx) -> Result<(), Error> {
    let page = 1 + cx.iteration() % 50;
    let list: Page = cx.get("/books").query(&[("page", page)]).await?.expect_status(200)?.json()?;
    cx.check("a full page", list.books.len() == 20);
    Ok(())
}

/// Eight users who search as fast as they are answered: what the service can do at most.
#[perf_test(
    users = 8,
    duration = "15s",
    thresholds("throughput > 50/s", "errors < 0.1%"),
    baseline("throughput" = "50%", "p95" = "60%"),
    setup = shop,
    tags("read")
)]
async fn search_books(cx: &Cx) -> Result<(), Error> {
    const WORDS: [&str; 4] = ["silent river", "winter", "ada", "harbour ghent"];
    let words = WORDS[usize::try_from(cx.iteration() % 4)?];
    let found: Vec<Book> =
        cx.get("/books/search").query(&[("q", words)]).await?.expect_status(200)?.json()?;
    cx.check("something was found", !found.is_empty());
    Ok(())
}

/// A transaction of three steps, each timed on its own.
#[perf_test(
    rate = 30,
    duration = "12s",
    thresholds("p95 < 500ms", "p95{step=create} < 250ms", "checks >= 99%"),
    baseline("p50" = "50%", "p95" = "60%"),
    setup = shop,
    tags("write")
)]
async fn add_a_book(cx: &Cx, shop: &Shop) -> Result<(), Error> {
    let number = shop.next.fetch_add(1, Ordering::Relaxed);
    let mut draft = seed::book(number);
    draft.isbn = format!("979{number:010}");
    let created: Book = cx
        .step("create", async {
            Ok::<_, Error>(cx.post("/books").json(&draft).await?.expect_status(201)?.json()?)
        })
        .await?;
    let url = format!("/books/{}", created.id);
    let read: Book =
        cx.step("read", async { Ok::<_, Error>(cx.get(&url).await?.expect_status(200)?.json()?) }).await?;
    cx.check("the same book", read == created);
    let search = cx.get("/books/search").query(&[("q", &draft.title)]);
    cx.step("find", async { Ok::<_, Error>(search.await?.expect_status(200)?) }).await?;
    Ok(())
}

/// Fifty rounds through every route, the refusals too: does it work at all?
#[perf_test(iterations = 50, thresholds("error_count == 0"), baseline(off), setup = shop, tags("smoke"))]
async fn every_route_answers(cx: &Cx) -> Result<(), Error> {
    cx.get("/books").await?.expect_status(200)?;
    cx.get("/books/1").await?.expect_status(200)?;
    cx.get("/books/0").await?.expect_status(404)?;
    cx.get("/books/search?q=").await?.expect_status(400)?;
    cx.post("/books").body("{}").await?.expect_status(415)?;
    Ok(())
}

perf_harness::main!();
