//! The terminal's block for one test: the verdict and its reason first, then what was measured, how it was judged, and what
//! was noticed.
//!
//! Writes colours as ANSI codes; whoever owns the terminal strips them where they are not wanted.

mod comparison;
mod distribution;
mod errors;
mod explain;
mod findings;
mod head;
mod latency;
mod limits;
mod load;
mod marks;
mod short;
#[cfg(test)]
mod shown;
mod timeline;

use super::Report;
use crate::analyze::Session;
pub(super) use comparison::change_in_short;
pub use explain::explain;
pub(super) use head::{mark, style};
use std::io::{self, Write};

/// How much to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Two lines, and what is wrong.
    Short,
    /// Everything that fits a screen.
    #[default]
    Full,
}

/// Writes the block in lines of so many columns, with an empty line before it.
pub fn write(report: &Report, detail: Detail, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(session) = report.sessions.first() else {
        return Ok(());
    };
    writeln!(out)?;
    head::write(report, detail, width, out)?;
    match detail {
        Detail::Short => short::write(session, width, out)?,
        Detail::Full => full(report, session, width, out)?,
    }
    findings::write(report, detail, width, out)?;
    comparison::write_missing(report, detail, width, out)?;
    // A note may hold a command, which must stay in one piece to be copied.
    report.notes.iter().try_for_each(|note| writeln!(out, "  {note}"))
}

fn full(report: &Report, session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    load::write(report, session, width, out)?;
    match &session.summary.capacity {
        Some(capacity) => {
            writeln!(out)?;
            super::capacity::write(capacity, width, out)?;
        }
        None => {
            latency::write(&session.summary, width, out)?;
            timeline::write(session, width, out)?;
        }
    }
    limits::write(&report.limits, width, out)?;
    comparison::write(report, width, out)?;
    if session.summary.capacity.is_none() {
        marks::write(&session.summary, width, out)?;
    }
    errors::write(session, width, out)
}
