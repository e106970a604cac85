//! The gate, tested like a medical device: false alarms, detection and coverage, by simulation and on recorded rounds.
//!
//! `cargo test -p perf-core --test gate -- --nocapture` prints every figure. All draws are seeded.

mod baseline;
mod failures;
mod interleaved;
mod rate;
mod recorded;
mod simulator;
mod trend;
