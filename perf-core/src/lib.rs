#![doc = include_str!("../README.md")]

pub mod metric;
pub mod plan;
pub mod units;

#[cfg(feature = "engine")]
pub mod error;
#[cfg(feature = "engine")]
pub mod measure;
#[cfg(feature = "engine")]
pub mod outcome;
#[cfg(feature = "engine")]
pub mod returned;
