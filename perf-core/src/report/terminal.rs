//! What the terminal's blocks have in common: colours as ANSI codes, widths in columns, lines that end in time.
//!
//! Of the 16 colours of a terminal only those that can be read on a light and on a dark background alike. Nothing is
//! dimmed: in some themes that leaves too little of a contrast.

use anstyle::{AnsiColor, Color, Style};
use std::borrow::Cow;
use std::io::{self, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is not.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What nobody can be sure of. Yellow letters are lost on white, so the yellow lies behind them.
pub const DOUBT: Style =
    Style::new().fg_color(Some(Color::Ansi(AnsiColor::Black))).bg_color(Some(Color::Ansi(AnsiColor::Yellow)));
/// What a line, or what follows it, is about.
pub const BOLD: Style = Style::new().bold();
/// Everything else.
pub const PLAIN: Style = Style::new();

/// How many columns a text takes; its ANSI codes take none.
pub fn columns(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    let after_code = |part: &str| part.split_once('m').map_or(0, |(_, text)| text.width());
    first + parts.map(after_code).sum::<usize>()
}

/// At most so many columns, the last of them an ellipsis where something is missing.
pub fn shortened(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut width = 0;
    let fits = |sign: &char| {
        width += sign.width().unwrap_or(0);
        width < most
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// With spaces behind it, to so many columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// What a target or a test function said, without signs that would move the cursor or change colours.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_control = |sign: char| sign.is_control() && sign != '\n';
    match text.contains(is_control) {
        true => Cow::Owned(text.replace(is_control, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// What stays with the number before it.
const UNITS: [&str; 8] = ["%", "ns", "µs", "ms", "s", "MB", "times", "cores"];

/// Breaks a long line at spaces, the rest indented as far as the first line's text. A word stays whole, so that an address
/// or a command can be copied, and so does a number with its unit.
pub fn wrapped(most: usize, indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let rest = " ".repeat(columns(indent));
    for (number, line) in text.lines().enumerate() {
        let mut indent = if number == 0 { indent } else { &rest };
        let mut width = 0;
        for word in words(line) {
            let length = columns(&word);
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

fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let is_unit = UNITS.contains(&word.trim_end_matches([')', ',', ';', ':', '.', ']']));
        match words.last_mut().filter(|last| is_unit && last.ends_with(|sign: char| sign.is_ascii_digit())) {
            Some(number) => number.extend([" ", word]),
            None => words.push(word.to_owned()),
        }
    }
    words
}

/// A section's name on a line of its own, with an empty one before it.
pub fn heading(name: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n  {BOLD}{name}{BOLD:#}")
}

/// Signs of our own, each with one of ASCII that takes as many columns.
const IN_ASCII: [(char, char); 35] = [
    ('▁', '_'),
    ('▂', '.'),
    ('▃', ','),
    ('▄', '-'),
    ('▅', '~'),
    ('▆', '='),
    ('▇', '*'),
    ('█', '#'),
    ('▉', '#'),
    ('▊', '#'),
    ('▋', '#'),
    ('▌', '='),
    ('▍', '='),
    ('▎', '-'),
    ('▏', '-'),
    ('│', '|'),
    ('✓', '+'),
    ('✗', 'x'),
    ('↑', '^'),
    ('↓', 'v'),
    ('→', '>'),
    ('↗', '^'),
    ('↘', 'v'),
    ('≤', '<'),
    ('×', 'x'),
    ('·', '.'),
    ('…', '~'),
    ('–', '-'),
    ('−', '-'),
    ('µ', 'u'),
    ('²', '2'),
    ('‘', '\''),
    ('’', '\''),
    ('“', '"'),
    ('”', '"'),
];

/// For whoever shows no other signs: ours are written in ASCII, in as many columns; those of others stay.
pub fn in_ascii(text: &str) -> String {
    let plain = |sign: char| IN_ASCII.iter().find(|(from, _)| *from == sign).map_or(sign, |(_, to)| *to);
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_counted_in_columns_of_the_terminal() {
        assert_eq!(columns(&format!("{BAD}✗{BAD:#} {BOLD}a{BOLD:#}")), 3);
        assert_eq!((columns("検索"), columns("e\u{301}"), columns("µs")), (4, 1, 2));
        assert_eq!((shortened("検索する", 5).as_str(), shortened("short", 5).as_str()), ("検索…", "short"));
        assert_eq!(columns(&padded("検索", 6)), 6);
    }

    #[test]
    fn lines_break_at_spaces_and_the_rest_is_indented_like_the_first() {
        let mut out = Vec::new();
        wrapped(12, "  ! ", "one two 検索 https://example.com/long\nnext", &mut out).unwrap();
        let text = String::from_utf8(out.clone()).unwrap();
        assert_eq!(text, "  ! one two\n    検索\n    https://example.com/long\n    next\n");
        out.clear();
        wrapped(12, "", "it took 12.5 ms, 3 %; all", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "it took\n12.5 ms,\n3 %; all\n");
    }

    #[test]
    fn what_a_target_says_moves_no_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a\u{fffd}[2Jb\u{fffd}\nc");
        assert_eq!(printable("检"), "检");
    }

    #[test]
    fn each_of_our_signs_has_one_of_ascii_that_is_as_wide() {
        for (from, to) in IN_ASCII {
            assert!(to.is_ascii() && from.width() == to.width(), "{from}");
        }
        assert_eq!(in_ascii("✓ 12 µs ▁█ 検"), "+ 12 us _# 検");
    }
}
