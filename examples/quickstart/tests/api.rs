//! What the routes answer, without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use quickstart::{Book, Catalogue, Page, router, seed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

async fn service() -> (TempDir, Router) {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::open(&folder.path().join("books.db")).unwrap();
    catalogue.add_all(seed::books().take(45)).await.unwrap();
    (folder, router(catalogue))
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(router: &Router, url: &str) -> (StatusCode, Value) {
    ask(router, Request::get(url).body(Body::empty()).unwrap()).await
}

async fn post(router: &Router, body: &Value) -> (StatusCode, Value) {
    let request = Request::post("/books").header("content-type", "application/json");
    ask(router, request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let (_folder, router) = service().await;
    for (page, books, next) in [(1, 20, Some(2)), (3, 5, None), (4, 0, None)] {
        let (status, body) = get(&router, &format!("/books?page={page}")).await;
        let found: Page = serde_json::from_value(body).unwrap();
        assert_eq!((status, found.books.len(), found.next), (StatusCode::OK, books, next));
    }
    assert_eq!(get(&router, "/books?page=0").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_new_book_can_be_read_and_found() {
    let (_folder, router) = service().await;
    let draft = json!({ "isbn": "9790000000001", "title": "Load", "author": "A. Tester", "year": 2026, "price_cents": 1 });
    let (status, body) = post(&router, &draft).await;
    let book: Book = serde_json::from_value(body.clone()).unwrap();
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(get(&router, &format!("/books/{}", book.id)).await, (StatusCode::OK, body.clone()));
    assert_eq!(get(&router, "/books/search?q=load%20tester").await, (StatusCode::OK, json!([body])));
    assert_eq!(post(&router, &draft).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let (_folder, router) = service().await;
    let (status, body) =
        post(&router, &json!({ "isbn": "1", "title": "", "author": "A", "year": 1, "price_cents": 1 })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body["error"].as_str().unwrap().contains("isbn must be thirteen digits; title must"), "{body}");
    assert_eq!(get(&router, "/books/999").await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/books/search?q=%20").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(get(&router, "/books/search?q=%22AND").await.0, StatusCode::OK);
}
