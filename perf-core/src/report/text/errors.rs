//! What went wrong, by category, with what was said.

use super::super::terminal::{heading, printable, wrapped};
use crate::analyze::Session;
use crate::error::Category;
use crate::measure::errors::ErrorGroup;
use std::io::{self, Write};

/// Of one category.
const MOST_MESSAGES: usize = 3;
const MOST_ERRORS: usize = 6;

/// Writes them with their messages.
pub(super) fn write(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let errors = &session.summary.errors;
    if errors.is_empty() {
        return Ok(());
    }
    heading("errors", out)?;
    for (category, group) in errors.iter().take(MOST_ERRORS) {
        wrapped(width, "    ", &told(session, *category, group), out)?;
        let messages = group.by_count();
        for (message, said) in messages.iter().take(MOST_MESSAGES).filter(|_| messages.len() > 1) {
            wrapped(width, "      ", &format!("×{} {}", said.count, printable(message)), out)?;
        }
    }
    match errors.len().saturating_sub(MOST_ERRORS) {
        0 => Ok(()),
        more => writeln!(out, "    and {more} more kinds in report.json"),
    }
}

/// Writes a line for each category.
pub(super) fn write_briefly(session: &Session, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let errors = session.summary.errors.iter().take(MOST_ERRORS);
    errors
        .into_iter()
        .try_for_each(|(category, group)| wrapped(width, "  ! ", &told(session, *category, group), out))
}

fn told(session: &Session, category: Category, group: &ErrorGroup) -> String {
    let first = group.first_at as f64 / 1e9 - session.recording.warmup_length.as_secs_f64();
    format!("{category} ×{}, first after {first:.1} s: {}", group.count, printable(&group.first_message))
}
