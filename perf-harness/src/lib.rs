#![doc = include_str!("../README.md")]

mod about;
mod address;
mod alerts;
mod args;
mod explained;
mod github;
mod history;
mod interleaved;
#[cfg(feature = "listen")]
mod listen;
#[cfg(not(feature = "listen"))]
#[path = "no_listen.rs"]
mod listen;
mod lock;
mod place;
mod progress;
mod registry;
mod runner;
mod settings;
mod signals;
mod store;
mod suite;
mod summaries;
mod terminal;
mod trial;

pub use perf_core::drive::cx::Cx;
#[cfg(feature = "http")]
pub use perf_core::drive::http::{Request, Response};
pub use perf_core::drive::prepare::Setup;
pub use perf_core::error::{BodyError, Category, ClientError, Error, Exhausted, StatusError};
pub use perf_core::outcome::{Failure, IntoOutcome, Outcome};
pub use perf_core::plan::feeder::{Feeder, FeederError, Row};
pub use perf_core::plan::load::Load;
pub use perf_core::rand;
#[cfg(feature = "http")]
pub use perf_core::reqwest;
pub use perf_macros::perf_test;

/// What a file of perf tests needs.
pub mod prelude {
    pub use crate::{Cx, Error, Feeder, IntoOutcome, Load, Outcome, Setup, perf_test};
}

/// The `main` of a test target with `harness = false`: runs every perf test that is linked into it.
///
/// ```no_run
/// use perf_harness::prelude::*;
///
/// #[perf_test(iterations = 10)]
/// async fn nothing() {}
///
/// perf_harness::main!();
/// ```
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            $crate::__private::main(
                ::core::env!("CARGO_CRATE_NAME"),
                ::core::cfg!(debug_assertions),
                $crate::__private::features!(),
            )
        }
    };
}

/// The examples of the pages beside the README are compiled like its own.
#[cfg(doctest)]
#[doc = include_str!("../../docs/compare.md")]
mod pages {}

/// What the command line has in common with test targets; no part of the interface.
#[doc(hidden)]
pub mod __cli {
    pub use crate::explained::Explained;
    pub use crate::lock::{MachineLock, acquire};
    pub use crate::signals::listen;
    pub use crate::terminal::Terminal;
}

/// What rendered code refers to; no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::registry::Registration;
    pub use crate::suite::main;
    pub use inventory;
    pub use perf_core::drive::cx::Cx;
    pub use perf_core::drive::prepare::{Made, Test, id_of, setup, teardown, user_setup, user_teardown};
    pub use perf_core::drive::users::user;
    pub use perf_core::plan::load::{Iterations, Load};
    pub use perf_core::plan::spec::{GateSpec, PerfSpec};
    pub use perf_core::returned;
    pub use perf_macros::features;
}
