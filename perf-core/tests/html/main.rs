//! The HTML report: what the file holds, and what a browser makes of it.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made-up numbers, all small and above zero

mod browser;
mod page;
mod reports;
