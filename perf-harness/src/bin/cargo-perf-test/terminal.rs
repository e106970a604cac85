//! Who reads the output, and how wide the terminal is.

use clap::ValueEnum;

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// For a program that reads the output, and where nobody knows.
const USUAL: usize = 80;
/// Longer lines are hard to read.
const MOST: usize = 120;

/// In columns, from 60 to 120.
pub(crate) fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.or_else(seen).unwrap_or(USUAL).clamp(60, MOST)
}
