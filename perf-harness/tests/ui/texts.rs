//! Tags and addresses.

use perf_harness::prelude::*;

#[perf_test(iterations = 5, tags("a", "", "a", b))]
async fn tags() {}

#[perf_test(iterations = 5, base_url = "127.0.0.1:8080")]
async fn no_scheme() {}

#[perf_test(iterations = 5, base_url = "http://")]
async fn no_host() {}

fn main() {}
