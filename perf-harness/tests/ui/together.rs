//! All mistakes of one attribute are told at once; what may only be missing because a key could not be read is not.
//! The function itself is still there.

use perf_harness::prelude::*;

#[perf_test(raet = 200, timeout = 5, thresholds("p99 50", "p95 < 1s"), users = 0, tags(""), setup = nowhere)]
fn several(_: Cx) {}

fn main() {
    several(Cx::standalone(""));
}
