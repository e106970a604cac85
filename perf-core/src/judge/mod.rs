//! Decides: limits, comparison with a baseline or with another revision, and the one verdict of a test.

pub mod accept;
pub mod allowance;
pub mod baseline;
pub mod block;
pub mod centre;
pub mod compare;
pub mod comparison;
pub mod derivation;
pub mod detectable;
pub mod doubt;
pub mod errors;
pub mod gate;
pub mod interleaved;
pub mod level;
pub mod looks;
pub mod machines;
pub mod reference;
pub mod signed_rank;
pub mod spread;
pub mod thresholds;
pub mod verdict;
pub mod yardstick;
