//! From an error of any type to the category it is counted under.
//!
//! Walks source chains; knows this crate's errors, `std::io` and, with the feature `http`, reqwest.

#[cfg(feature = "http")]
use super::chain;
use super::{BodyError, Exhausted, StatusError};
use std::error::Error as StdError;
use std::fmt;
use std::io;

/// What errors are grouped by in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// The iteration's own time limit, or one of the client's.
    Timeout,
    /// No connection could be opened.
    Connect,
    /// The connection was closed or reset before the answer was complete.
    Reset,
    /// A host's name has no address.
    Dns,
    /// TLS could not be agreed on.
    Tls,
    /// A status from 400 to 499.
    Http4xx,
    /// A status from 500 to 599.
    Http5xx,
    /// An answer came, but not the expected one.
    Check,
    /// The test function panicked.
    Panic,
    /// The arrival could not start.
    Dropped,
    /// The iteration was still running when the run ended.
    Interrupted,
    /// The test function returned something that may hide a failure.
    Unseen,
    /// A feeder had no row left.
    Exhausted,
    /// This process may open no more files: the generator's own fault.
    Descriptors,
    /// No local port was free for a new connection: the generator's own fault.
    Ports,
    /// Everything else.
    Other,
}

impl Category {
    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Category::Timeout => "timeout",
            Category::Connect => "connect",
            Category::Reset => "reset",
            Category::Dns => "dns",
            Category::Tls => "tls",
            Category::Http4xx => "http_4xx",
            Category::Http5xx => "http_5xx",
            Category::Check => "check",
            Category::Panic => "panic",
            Category::Dropped => "dropped",
            Category::Interrupted => "interrupted",
            Category::Unseen => "unseen",
            Category::Exhausted => "exhausted",
            Category::Descriptors => "descriptors",
            Category::Ports => "ports",
            Category::Other => "other",
        }
    }

    /// Of an HTTP status that is a failure; `Check` for one that merely was not expected.
    pub fn of_status(status: u16) -> Self {
        match status {
            400..500 => Category::Http4xx,
            500..600 => Category::Http5xx,
            _ => Category::Check,
        }
    }

    /// Of an error and all its sources: the first that is known decides.
    pub fn of_error(error: &(dyn StdError + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(category) = known(error) {
                return category;
            }
            next = error.source();
        }
        Category::Other
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn known(error: &(dyn StdError + 'static)) -> Option<Category> {
    if let Some(status) = error.downcast_ref::<StatusError>() {
        return Some(Category::of_status(status.actual));
    }
    if error.is::<Exhausted>() {
        return Some(Category::Exhausted);
    }
    if error.is::<BodyError>() {
        return Some(Category::Check);
    }
    #[cfg(feature = "http")]
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return Some(of_reqwest(error));
    }
    error.downcast_ref::<io::Error>().map(of_io)
}

/// `EMFILE` and `ENFILE`, which have no `ErrorKind`.
const NO_MORE_FILES: [i32; 2] = [24, 23];

fn of_io(error: &io::Error) -> Category {
    use io::ErrorKind as Kind;
    // An io error can wrap another error, a TLS one for example.
    if let Some(inner) =
        error.get_ref().map(|inner| Category::of_error(inner)).filter(|c| *c != Category::Other)
    {
        return inner;
    }
    match error.kind() {
        _ if error.raw_os_error().is_some_and(|code| NO_MORE_FILES.contains(&code)) => Category::Descriptors,
        Kind::AddrNotAvailable => Category::Ports,
        Kind::TimedOut => Category::Timeout,
        Kind::ConnectionRefused | Kind::NetworkUnreachable | Kind::HostUnreachable => Category::Connect,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
            Category::Reset
        }
        _ => Category::Other,
    }
}

#[cfg(feature = "http")]
fn of_reqwest(error: &reqwest::Error) -> Category {
    if let Some(status) = error.status() {
        return Category::of_status(status.as_u16());
    }
    // A name server that did not answer in time is one that did not resolve the name.
    if error.is_timeout() && !error.is_dns() {
        return Category::Timeout;
    }
    // The types below reqwest's are private or not in our tree; their texts are what can be read.
    let text = chain(error);
    let mentions = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if mentions(&["Too many open files"]) => Category::Descriptors,
        () if mentions(&["Cannot assign requested address", "Can't assign requested address"]) => {
            Category::Ports
        }
        () if mentions(&["invalid HTTP", "invalid HTTP header", "invalid content-length"]) => Category::Check,
        () if error.is_dns() => Category::Dns,
        () if mentions(&[
            "certificate",
            "tls handshake",
            "TLS handshake",
            "HandshakeFailure",
            "InvalidContentType",
        ]) =>
        {
            Category::Tls
        }
        () if error.is_connect() => Category::Connect,
        () if mentions(&[
            "connection closed before message completed",
            "connection error",
            "end of file before message",
        ]) =>
        {
            Category::Reset
        }
        () => error.source().map_or(Category::Other, Category::of_error),
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
    fn the_category_is_found_behind_wrappers_of_the_users_own() {
        assert_eq!(Category::of_error(&Order(status(503))), Category::Http5xx);
        assert_eq!(Category::of_error(&Order(status(404))), Category::Http4xx);
        assert_eq!(Category::of_error(&status(204)), Category::Check);
        assert_eq!(Category::of_error(&fmt::Error), Category::Other);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Category::of_error(&refused), Category::Connect);
        assert_eq!(Category::of_error(&io::Error::other(refused)), Category::Connect);
    }
}
