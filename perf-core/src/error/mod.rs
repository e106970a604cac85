//! The errors that a test function may end with, and how they are shown.
//!
//! What each is counted under is [`Category`]'s matter.

mod category;

pub use category::Category;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An error with all its sources on one line; a source whose text its parent already says is left out.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let part = source.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        next = source.source();
    }
    text
}

/// The catch-all of test functions: `?` turns any error into it.
///
/// Like `anyhow::Error`, and for the same reason not an `Error` itself.
pub struct Error(Box<dyn StdError + Send + Sync>);

impl Error {
    /// An error that is only a text.
    pub fn msg(message: impl fmt::Display) -> Self {
        Error(message.to_string().into())
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Error(Box::new(error))
    }
}

impl AsRef<dyn StdError + Send + Sync> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.0))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The status of a response was not the expected one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("status {actual} instead of {expected} from {url}")]
pub struct StatusError {
    /// What came.
    pub actual: u16,
    /// What should have come.
    pub expected: u16,
    /// From where.
    pub url: String,
    /// How long the target wants to be left alone, where it said so.
    pub retry_after: Option<Duration>,
}

impl From<StatusError> for String {
    fn from(error: StatusError) -> String {
        error.to_string()
    }
}

/// The attribute's `client` makes a client that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client cannot be built (attribute key `client`): {0}")]
pub struct ClientError(pub String);

impl From<ClientError> for String {
    fn from(error: ClientError) -> String {
        error.to_string()
    }
}

/// The body of a response was not what the test function asked for.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not JSON, or JSON of another shape.
    #[error("the body from {url} is not the expected JSON: {reason}")]
    Json {
        /// From where.
        url: String,
        /// What the parser said, with line and column.
        reason: String,
    },
    /// Not UTF-8.
    #[error("the body from {url} is not UTF-8 text")]
    Text {
        /// From where.
        url: String,
    },
}

impl From<BodyError> for String {
    fn from(error: BodyError) -> String {
        error.to_string()
    }
}

/// Why there is no row to hand out. Every later draw fails likewise, so that a test had better end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// A unique feeder has handed out all rows that were this process's.
    #[error(
        "the unique feeder {feeder} ran out of its {}; add rows, lower the rate or duration, or use `.circular()`",
        share(*rows, *shard, *shards)
    )]
    RanOut {
        /// Its file, or what its rows are.
        feeder: Arc<str>,
        /// How many it has, those of other shards included.
        rows: u64,
        /// Which shard this process is, from 0.
        shard: u64,
        /// Of how many.
        shards: u64,
    },
    /// It was made from an iterator that yielded none.
    #[error("the feeder {feeder} has no rows; make it from at least one")]
    NoRows {
        /// What its rows would have been.
        feeder: Arc<str>,
    },
}

/// What one shard may hand out: `1,000 rows`, or `500 of 1,000 rows as shard 1 of 2`.
fn share(rows: u64, shard: u64, shards: u64) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    match shards {
        0 | 1 => format!("{} {noun}", grouped(rows)),
        _ => {
            let own = rows.saturating_sub(shard).div_ceil(shards);
            format!("{} of {} {noun} as shard {} of {shards}", grouped(own), grouped(rows), shard + 1)
        }
    }
}

/// With a comma before every three digits.
fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("ordering failed")]
    struct Order(#[source] StatusError);

    fn status(actual: u16) -> StatusError {
        StatusError { actual, expected: 200, url: "/orders".into(), retry_after: None }
    }

    #[test]
    fn an_error_shows_its_sources_once() {
        assert_eq!(chain(&Order(status(404))), "ordering failed: status 404 instead of 200 from /orders");
        assert_eq!(Error::from(Order(status(404))).to_string(), chain(&Order(status(404))));
        assert_eq!(Error::msg("plain").to_string(), "plain");
    }
}
