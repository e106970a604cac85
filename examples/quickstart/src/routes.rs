//! Turns HTTP requests into calls of the catalogue, and its answers into JSON.

use std::num::NonZeroU32;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::book::{Book, Draft};
use crate::catalogue::{Catalogue, Error};

/// Books of a page, and of a search's result at most.
const PAGE_SIZE: u32 = 20;

/// The service's routes.
pub fn router(catalogue: Catalogue) -> Router {
    Router::new()
        .route("/books", get(list).post(create))
        .route("/books/search", get(search))
        .route("/books/{id}", get(find))
        .with_state(catalogue)
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// At most twenty.
    pub books: Vec<Book>,
    /// The page after this one, if there is one.
    pub next: Option<u32>,
}

#[derive(Deserialize)]
struct ListQuery {
    page: Option<NonZeroU32>,
}

async fn list(
    State(catalogue): State<Catalogue>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page>, Refusal> {
    let page = query?.page.map_or(1, NonZeroU32::get);
    // One more than the page holds tells whether there is a next one.
    let mut books = catalogue.list((page - 1).saturating_mul(PAGE_SIZE), PAGE_SIZE + 1).await?;
    let next = (books.len() > PAGE_SIZE as usize).then(|| page + 1);
    books.truncate(PAGE_SIZE as usize);
    Ok(Json(Page { books, next }))
}

async fn find(
    State(catalogue): State<Catalogue>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Book>, Refusal> {
    let Path(id) = id?;
    let book = catalogue.find(id).await?;
    book.map(Json).ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("there is no book {id}")))
}

#[derive(Deserialize)]
struct SearchQuery {
    q: String,
}

async fn search(
    State(catalogue): State<Catalogue>,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Json<Vec<Book>>, Refusal> {
    let words = &query?.q;
    if words.trim().is_empty() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "q must have at least one word"));
    }
    Ok(Json(catalogue.search(words, PAGE_SIZE).await?))
}

async fn create(
    State(catalogue): State<Catalogue>,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let Json(draft) = draft?;
    let problems = draft.problems();
    if !problems.is_empty() {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, problems.join("; ")));
    }
    let book = catalogue.add(draft).await?;
    let location = format!("/books/{}", book.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(book)))
}

/// An answer other than the one asked for: `{"error": "…"}`.
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: String,
        }
        (self.status, Json(Body { error: self.message })).into_response()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::DuplicateIsbn(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            Error::Sqlite(_) | Error::CutShort(_) => {
                // The details are for who runs the service, not for who calls it.
                eprintln!("catalogue: {error}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the catalogue is out of order")
            }
        }
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}
