//! Whose derivations `--explain` shows.

use perf_core::metric::Metric;
use perf_core::plan::gate::{DEFAULT_TOLERANCE, gated};
use std::str::FromStr;

/// Of those that were compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Explained {
    /// Every metric.
    All,
    /// One of them.
    One(Metric),
}

impl Explained {
    /// Whether a metric's derivation is to be shown.
    pub fn is_meant(&self, metric: &Metric) -> bool {
        match self {
            Explained::All => true,
            Explained::One(one) => one == metric,
        }
    }
}

impl FromStr for Explained {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" | "1" | "true" | "all" => Ok(Explained::All),
            name => gated(name, DEFAULT_TOLERANCE)
                .map(|gated| Explained::One(gated.metric))
                .map_err(|error| error.to_string()),
        }
    }
}
