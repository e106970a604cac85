//! What the terminal's blocks have in common: colours as ANSI codes, and lines of 80 columns.

use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

/// What is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is not.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What nobody can be sure of.
pub const DOUBT: Style = AnsiColor::Yellow.on_default();
/// What need not be read.
pub const QUIET: Style = Style::new().dimmed();
/// What a line is about.
pub const BOLD: Style = Style::new().bold();
/// Everything else.
pub const PLAIN: Style = Style::new();
/// Of a line.
pub const WIDTH: usize = 80;

/// At most so many characters, the last of them an ellipsis where some are missing.
pub fn shortened(name: &str, most: usize) -> String {
    match name.chars().count() {
        n if n <= most => name.to_owned(),
        _ => name.chars().take(most - 1).chain(['…']).collect(),
    }
}

/// Breaks a long line at spaces, the rest indented as far as the first line's text.
pub fn wrapped(indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    wrapped_to(WIDTH, indent, text, out)
}

/// The same, for another width.
pub fn wrapped_to(most: usize, indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let rest = " ".repeat(indent.chars().count());
    for (number, line) in text.lines().enumerate() {
        let mut indent = if number == 0 { indent } else { &rest };
        let mut width = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if width > 0 && rest.len() + width + 1 + length > most {
                writeln!(out)?;
                (indent, width) = (&rest, 0);
            }
            let space = if width == 0 { indent } else { " " };
            write!(out, "{space}{word}")?;
            width += length + usize::from(width > 0);
        }
        writeln!(out)?;
    }
    Ok(())
}
