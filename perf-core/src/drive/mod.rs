//! Makes it happen: offers a plan's load on worker threads and records every iteration.
//!
//! Turns a [`Plan`](crate::plan::Plan) into a [`Recording`](crate::measure::Recording). Judges nothing.

mod abort;
mod alarm;
pub mod anomaly;
mod attendance;
pub mod backoff;
pub mod cap;
pub mod claims;
pub mod clock;
pub mod closed;
mod condition;
pub mod control;
#[cfg(feature = "http")]
mod cookies;
pub mod cpu;
mod crew;
pub mod cx;
mod desk;
#[cfg(feature = "http")]
mod dns;
pub mod engine;
mod gauges;
mod grace;
mod headroom;
mod herald;
#[cfg(feature = "http")]
pub mod http;
#[cfg(not(feature = "http"))]
#[path = "no_http.rs"]
pub mod http;
mod known;
mod lost;
mod machine;
mod meter;
pub mod offer;
pub mod open;
pub mod pacer;
mod panics;
pub mod prepare;
pub mod quantity;
pub mod quota;
mod reading;
pub mod ready;
pub mod roster;
mod sampler;
pub mod snapshot;
mod standing;
pub mod standstill;
pub mod start;
mod support;
mod threads;
mod ticker;
mod told;
pub mod turn;
pub mod users;
mod watch;
pub mod worker;
