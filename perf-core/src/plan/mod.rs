//! Intent: what will happen, validated before anything runs.
//!
//! Turns a [`PerfSpec`](spec::PerfSpec) and the command line's [`Overrides`](spec::Overrides) into a
//! [`Plan`]. Runs nothing.

pub mod abort;
#[cfg(feature = "engine")]
pub mod arrivals;
pub mod bounds;
mod builder;
#[cfg(feature = "engine")]
mod check;
pub mod conditions;
#[cfg(feature = "engine")]
pub mod config;
#[cfg(feature = "engine")]
mod connections;
mod curve;
#[cfg(feature = "engine")]
mod data_file;
#[cfg(feature = "engine")]
pub mod feeder;
#[cfg(feature = "engine")]
mod flags;
pub mod gate;
#[cfg(feature = "engine")]
pub mod lay;
pub mod level;
pub mod limits;
pub mod load;
pub mod misfit;
pub mod pause;
#[cfg(feature = "engine")]
#[allow(clippy::module_inception)] // the noun names its file
mod plan;
#[cfg(feature = "engine")]
mod poisson;
#[cfg(feature = "engine")]
mod position;
#[cfg(feature = "engine")]
mod random;
#[cfg(feature = "engine")]
mod resolve;
#[cfg(feature = "engine")]
pub mod scenario;
pub mod search;
pub mod shape;
#[cfg(feature = "engine")]
pub mod share;
pub mod spacing;
pub mod spec;
pub mod stage;
pub mod threshold;

#[cfg(feature = "engine")]
pub use check::PlanError;
#[cfg(feature = "engine")]
pub use connections::{Connections, ConnectionsError};
#[cfg(feature = "engine")]
pub(crate) use plan::nanos;
#[cfg(feature = "engine")]
pub use plan::{Plan, Source};
