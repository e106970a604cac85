//! What ended a session early.

use crate::metric::Unit;
use crate::plan::threshold::show_value;
use std::fmt;
use std::time::Duration;

/// Why a session ended before its plan did.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// Somebody asked for it.
    Signal(Signal),
    /// A limit was broken for a whole window.
    Aborted(Aborted),
    /// A feeder had no row left; it says which, and what to do.
    OutOfData(String),
    /// The warm-up showed that there are too few workers; the load is started again with one more.
    TooFewWorkers,
}

/// A limit that ended a test, and the window that broke it.
#[derive(Clone, Debug, PartialEq)]
pub struct Aborted {
    /// As it was written.
    pub expression: String,
    /// Where the window ended, from the start of measuring.
    pub at: Duration,
    /// How long it was.
    pub window: Duration,
    /// Of the metric in it.
    pub value: f64,
    /// What that is counted in.
    pub unit: Unit,
}

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Aborted { expression, at, window, value, unit } = self;
        let (at, window) = (at.as_secs_f64(), window.as_secs_f64());
        let value = show_value(*value, *unit);
        write!(f, "ended after {at} s: {expression} was broken, {value} in the last {window} s")
    }
}

/// A wish from outside to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What CI systems and nextest send.
    Terminate,
}

impl Signal {
    /// As the system calls it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    /// What a shell expects of a process that ended by it.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}
