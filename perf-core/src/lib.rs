#![doc = include_str!("../README.md")]

#[cfg(feature = "engine")]
pub mod analyze;
#[cfg(feature = "engine")]
pub mod drive;
#[cfg(feature = "engine")]
pub mod error;
#[cfg(feature = "engine")]
pub mod files;
#[cfg(feature = "engine")]
pub mod interleave;
#[cfg(feature = "engine")]
pub mod judge;
#[cfg(feature = "engine")]
pub mod measure;
pub mod metric;
#[cfg(feature = "engine")]
pub mod outcome;
pub mod plan;
#[cfg(feature = "engine")]
pub mod report;
#[cfg(feature = "engine")]
pub mod returned;
#[cfg(feature = "engine")]
pub mod robust;
#[cfg(feature = "engine")]
pub mod run;
#[cfg(feature = "engine")]
mod search;
#[cfg(feature = "engine")]
pub mod session;
pub mod units;

#[cfg(feature = "engine")]
pub use rand;
#[cfg(feature = "http")]
pub use reqwest;
