//! A bookshop's catalogue over HTTP: axum in front, SQLite behind.
//!
//! | route | answers |
//! | --- | --- |
//! | `GET /books?page=N` | a page of books, 1 being the first |
//! | `GET /books/{id}` | one book, or 404 |
//! | `GET /books/search?q=WORDS` | the best matches by title and author |
//! | `POST /books` | 201 and the new book; 422 when it is invalid, 409 when its ISBN is taken |
//!
//! The service is an example: what is worth reading is how `tests/perf.rs` puts load on it.

mod book;
mod catalogue;
mod pool;
mod routes;
pub mod seed;

pub use book::{Book, Draft};
pub use catalogue::{Catalogue, Error};
pub use routes::{Page, router};

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Answers requests for `catalogue` until the future is dropped.
pub async fn serve(listener: TcpListener, catalogue: Catalogue) -> std::io::Result<()> {
    // Small answers must not wait for the acknowledgement of the one before. A socket that refuses is only slower.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router(catalogue)).await
}
