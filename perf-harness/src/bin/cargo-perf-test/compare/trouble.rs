//! Why a test could not be compared to the end.

use perf_core::interleave::coins::Who;
use perf_core::measure::Signal;
use perf_core::units::Latency;
use std::io;
use std::time::Duration;

/// What went wrong, and where.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("interrupted by {}", .0.name())]
    Interrupted(Signal),
    #[error("{}: {reason}", .who.name())]
    Failed { who: Who, reason: String },
    #[error(
        "{}: {reason}. Both sides are up at the same time, and the other one has this address: let `setup` bind port 0 and say \
         with `cx.set_base_url` which one it got",
        .who.name()
    )]
    AddressTaken { who: Who, reason: String },
    #[error(
        "both sides are at {0}, which is one target for both: let `setup` start it, on port 0, and say with `cx.set_base_url` \
         where it is"
    )]
    SameAddress(String),
    #[error("{} ended before its block was over ({status}){}", .who.name(), after(said))]
    Ended { who: Who, status: String, said: String },
    #[error("{} has not answered for {}{}", .who.name(), Latency(.waited.as_secs_f64() * 1e9), after(said))]
    Silent { who: Who, waited: Duration, said: String },
    #[error("{} could not be started: {error}", .who.name())]
    Start { who: Who, error: io::Error },
}

/// The last words of a process, where it had any.
fn after(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; its last words:\n{said}") }
}

impl Trouble {
    /// Whether another way to set up is needed, rather than another try.
    pub(crate) fn is_of_configuration(&self) -> bool {
        matches!(self, Trouble::AddressTaken { .. } | Trouble::SameAddress(_))
    }

    /// Whose it is; `None` where it is nobody's alone.
    pub(crate) fn who(&self) -> Option<Who> {
        match self {
            Trouble::Interrupted(_) | Trouble::SameAddress(_) => None,
            Trouble::Failed { who, .. }
            | Trouble::AddressTaken { who, .. }
            | Trouble::Ended { who, .. }
            | Trouble::Silent { who, .. }
            | Trouble::Start { who, .. } => Some(*who),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_told_where_there_are_any() {
        let ended = |said: &str| {
            let said = said.to_owned();
            Trouble::Ended { who: Who::Head, status: "exit status: 1".into(), said }.to_string()
        };
        assert_eq!(ended(""), "head ended before its block was over (exit status: 1)");
        assert!(ended("out of memory").ends_with("; its last words:\nout of memory"));
    }
}
