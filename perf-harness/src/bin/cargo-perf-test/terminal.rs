//! Who reads the output.

use clap::ValueEnum;

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}
