//! A run as tables for pandas, R, `DuckDB` and spreadsheets: tidy long form, one value a row.
//!
//! All files begin with the columns `run_id,test_target,test`, so that those of several runs can be put together. What is
//! not known has no row.

pub mod histogram;
pub mod rounds;
mod rows;
pub mod summary;
pub mod timeline;
