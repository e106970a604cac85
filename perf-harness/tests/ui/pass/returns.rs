//! Every return type.
#![forbid(unused)]

use perf_harness::prelude::*;
use perf_harness::{Response, reqwest};
use std::error::Error as StdError;
use std::fmt::Display;

struct Page;

impl IntoOutcome for Page {
    fn into_outcome(self) -> Outcome {
        Outcome::Succeeded
    }
}

#[perf_test(iterations = 1)]
async fn unit() {}

#[perf_test(iterations = 1)]
async fn own_type() -> Page {
    Page
}

#[perf_test(iterations = 1)]
async fn own_error(cx: &Cx) -> Result<(), Error> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(iterations = 1)]
async fn response(cx: &Cx) -> Result<Response, Error> {
    Ok(cx.get("/").await?)
}

#[perf_test(iterations = 1)]
async fn bare_foreign_response(cx: &Cx) -> reqwest::Response {
    cx.http().get("http://127.0.0.1:1").send().await.unwrap()
}

#[perf_test(iterations = 1)]
async fn foreign_response(cx: &Cx) -> Result<reqwest::Response, reqwest::Error> {
    cx.http().get("http://127.0.0.1:1").send().await
}

#[perf_test(iterations = 1)]
async fn own_type_in_a_result() -> Result<Page, String> {
    Ok(Page)
}

#[perf_test(iterations = 1)]
async fn any_value() -> Result<Vec<u8>, &'static str> {
    Err("text")
}

#[perf_test(iterations = 1)]
async fn boxed(cx: &Cx) -> Result<(), Box<dyn StdError>> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(iterations = 1)]
async fn boxed_to_be_sent(cx: &Cx) -> Result<(), Box<dyn StdError + Send + Sync>> {
    cx.get("/").await?.expect_status(200)?;
    Ok(())
}

#[perf_test(iterations = 1)]
async fn nested() -> Result<Result<(), String>, std::io::Error> {
    Ok(Err("inside".into()))
}

#[perf_test(iterations = 1)]
async fn opaque() -> Result<impl Iterator<Item = u8>, impl Display> {
    "7".parse::<u8>().map(std::iter::once)
}

fn main() {}
