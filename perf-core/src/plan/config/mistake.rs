//! Turns a place in perf.toml and a message into a mistake, and keeps all of a file.
//!
//! Knows nothing of what the file means.

use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue, Error};

/// What is wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigMistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// With the advice.
    pub message: String,
}

impl fmt::Display for ConfigMistake {
    /// `LINE:COLUMN: message`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A text of perf.toml that is looked at later, with its place, so that a mistake in it can still be pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedText {
    /// As written, without its quotes.
    pub text: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl PlacedText {
    /// The mistake that this text is.
    pub fn mistake(&self, message: impl fmt::Display) -> ConfigMistake {
        ConfigMistake { line: self.line, column: self.column, message: message.to_string() }
    }
}

/// All mistakes of one file.
pub(super) struct Mistakes<'t> {
    file: &'t str,
    /// Where the syntax is broken, and what was read is a guess.
    guesses: Vec<Range<usize>>,
    found: Vec<ConfigMistake>,
}

impl<'t> Mistakes<'t> {
    /// Those of the syntax; of each value, or line outside of one, the first: the others follow from it.
    pub(super) fn of_syntax(file: &'t str, root: &DeTable<'_>, mut errors: Vec<Error>) -> Self {
        let mut values = Vec::new();
        collect_values(root, &mut values);
        let mut mistakes = Mistakes { file, guesses: Vec::new(), found: Vec::new() };
        errors.sort_by_key(|error| start(error, file));
        for error in errors {
            let offset = start(&error, file);
            mistakes.at(offset, advised(&error, file));
            let value = values.iter().find(|value| holds(value, offset)).cloned();
            mistakes.guesses.push(value.unwrap_or_else(|| line_around(file, offset)));
        }
        mistakes
    }

    /// Adds one at a byte of the file, unless what stands there is a guess.
    pub(super) fn at(&mut self, offset: usize, message: impl fmt::Display) {
        if !self.guesses.iter().any(|guess| holds(guess, offset)) {
            self.found.push(self.text(offset, "").mistake(message));
        }
    }

    /// Adds one that has its place.
    pub(super) fn add(&mut self, mistake: ConfigMistake) {
        self.found.push(mistake);
    }

    /// The text with its place.
    pub(super) fn text(&self, offset: usize, text: &str) -> PlacedText {
        let before = self.file.get(..offset).unwrap_or(self.file);
        let (lines, line) = before
            .rsplit_once('\n')
            .map_or((0, before), |(above, line)| (above.matches('\n').count() + 1, line));
        PlacedText { text: text.to_owned(), line: lines + 1, column: line.chars().count() + 1 }
    }

    /// All of them in the order of the file.
    pub(super) fn finish(mut self) -> Vec<ConfigMistake> {
        self.found.sort();
        self.found
    }
}

/// The outermost first.
fn collect_values(table: &DeTable<'_>, values: &mut Vec<Range<usize>>) {
    for value in table.values() {
        values.push(value.span());
        if let DeValue::Table(inner) = value.get_ref() {
            collect_values(inner, values);
        }
    }
}

/// The end counts: what is missing is missing there.
fn holds(range: &Range<usize>, offset: usize) -> bool {
    (range.start..=range.end).contains(&offset)
}

fn start(error: &Error, file: &str) -> usize {
    error.span().map_or(file.len(), |span| span.start)
}

fn line_around(file: &str, offset: usize) -> Range<usize> {
    let (before, after) = file.split_at_checked(offset).unwrap_or((file, ""));
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    start..before.len() + after.find('\n').unwrap_or(after.len())
}

/// The parser's own words, and the way out where they lack it.
fn advised(error: &Error, file: &str) -> String {
    let there = error.span().and_then(|span| file.get(span)).unwrap_or("");
    match error.message() {
        "duplicate key" => format!("`{there}` is given twice; keep one"),
        message if message.starts_with("invalid unquoted key") => {
            format!("{message}; a name with others goes in quotes, such as [test.\"shop::login\"]")
        }
        message if message.starts_with("missing comma between array") => {
            format!("{message}; write one, or `]` where the list ends")
        }
        message if message.starts_with("string values must be quoted") && there.is_empty() => {
            "a value is missing; write it behind the `=`".to_owned()
        }
        message => message.to_owned(),
    }
}
