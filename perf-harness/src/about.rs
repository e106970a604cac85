//! What whoever watches a run is told of it once.

use perf_core::measure::environment::Environment;
use perf_core::plan::Plan;

/// What does not change while a process runs its tests.
#[cfg_attr(not(feature = "listen"), allow(dead_code))] // nobody watches
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) run_id: String,
    pub(crate) started: String,
    pub(crate) environment: Environment,
    /// Those that are to run, in order.
    pub(crate) plans: Vec<Plan>,
}
