//! What somebody who does not look at the test is to know of it.

use crate::metric::Unit;
use std::fmt;
use std::time::{Duration, SystemTime};

/// Raised of one test.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Why.
    pub kind: AlertKind,
    /// As libtest names the test.
    pub test: String,
    /// The test target it is part of.
    pub target: String,
    /// When it was raised.
    pub at: SystemTime,
    /// The same from the start of measuring; `None` of an ending.
    pub after: Option<Duration>,
    /// The condition or the limit, as it was written; `None` of an ending.
    pub expression: Option<String>,
    /// Over which a condition held.
    pub window: Option<Duration>,
    /// Of the metric, in the window or so far, where it is known.
    pub actual: Option<f64>,
    /// What that is counted in; `None` of an ending.
    pub unit: Option<Unit>,
    /// For people, in one line, without the test's name.
    pub message: String,
}

impl Alert {
    /// Raised now, with nothing but a message.
    pub fn now(kind: AlertKind, test: &str, target: &str, message: String) -> Self {
        Alert {
            kind,
            test: test.to_owned(),
            target: target.to_owned(),
            at: SystemTime::now(),
            after: None,
            expression: None,
            window: None,
            actual: None,
            unit: None,
            message,
        }
    }
}

/// Why an alert was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// A condition of perf.toml held over its window.
    Condition,
    /// A limit cannot be kept any more.
    Lost,
    /// The test failed.
    Failed,
    /// It failed since a metric got worse.
    Regressed,
    /// It says nothing.
    Inconclusive,
}

impl AlertKind {
    /// As messages for programs name it.
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Condition => "condition",
            AlertKind::Lost => "lost",
            AlertKind::Failed => "failed",
            AlertKind::Regressed => "regressed",
            AlertKind::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Alert {
    /// `list_books: p99 > 200ms holds, 312 ms in the last 5 s (after 12 s)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.test, self.message)?;
        match self.after {
            Some(after) => write!(f, " (after {} s)", after.as_secs_f64()),
            None => Ok(()),
        }
    }
}
