//! What is no perf test.

use perf_harness::prelude::*;

#[perf_test(iterations = 5)]
fn not_async() {}

#[perf_test(iterations = 5)]
pub struct NotAFunction;

#[perf_test(iterations = 5)]
async fn by_value(_: Cx) {}

#[perf_test(iterations = 5)]
async fn mutable(_: &mut Cx) {}

#[perf_test(iterations = 5)]
async fn too_many(_: &Cx, _: &u8, _: &u8, _: &u8) {}

#[perf_test(iterations = 5)]
async fn generic<'a, T, const N: usize>(_: &'a Cx) {}

#[perf_test(iterations = 5)]
async fn generic_in_disguise(_: &impl Sized) {}

#[perf_test(iterations = 5)]
async unsafe fn dangerous() {}

#[perf_test(iterations = 5)]
async extern "C" fn foreign() {}

struct Shop;

impl Shop {
    #[perf_test(iterations = 5)]
    async fn method(&self) {}
}

fn main() {}
