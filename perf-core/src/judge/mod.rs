//! Decides: limits, comparison with a baseline, and the one verdict of a test.

pub mod accept;
pub mod baseline;
pub mod compare;
pub mod level;
pub mod reference;
pub mod thresholds;
pub mod verdict;
