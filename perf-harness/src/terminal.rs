//! Whoever reads the summaries: how wide their terminal is, which signs it shows, whether colours are wanted, and where the
//! lines go.

use anstream::{AutoStream, ColorChoice};
use console::Term;
use libtest_mimic::{Arguments, ColorSetting, FormatSetting};
use perf_core::report::terminal::in_ascii;
use std::env;
use std::io::{self, IsTerminal, Write};

/// Where nobody knows.
const USUAL: usize = 80;
/// Longer lines are hard to read.
const MOST: usize = 120;
const LEAST: usize = 60;

/// Where the summaries go, and how they are written there.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Where libtest's lines must stay whole, the summaries go to standard error.
    is_beside: bool,
    colours: ColorChoice,
    is_ascii: bool,
    width: usize,
}

impl Terminal {
    /// As a test target's command line and the environment say.
    pub(crate) fn of(libtest: &Arguments) -> Self {
        let is_beside =
            libtest.quiet || matches!(libtest.format, Some(FormatSetting::Terse | FormatSetting::Json));
        Terminal::new(is_beside, libtest.color)
    }

    /// Standard output, as the environment says.
    pub fn stdout() -> Self {
        Terminal::new(false, None)
    }

    fn new(is_beside: bool, colour: Option<ColorSetting>) -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let (term, is_terminal) = match is_beside {
            true => (Term::stderr(), io::stderr().is_terminal()),
            false => (Term::stdout(), io::stdout().is_terminal()),
        };
        let said = variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let seen = || term.size_checked().map(|(_, columns)| usize::from(columns));
        Terminal {
            is_beside,
            colours: colours(colour, variable),
            is_ascii: is_ascii(is_terminal, variable),
            width: said.or_else(seen).unwrap_or(USUAL).clamp(LEAST, MOST),
        }
    }

    /// In columns, from 60 to 120.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether colours are wanted on standard error.
    pub(crate) fn are_errors_coloured(&self) -> bool {
        match self.colours {
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// Writes a block with its ANSI codes. A reader that went away (`| head`) is no reason to fail.
    pub fn print(&self, block: &[u8]) {
        let written = match self.is_ascii {
            true => in_ascii(&String::from_utf8_lossy(block)).into_bytes(),
            false => block.to_vec(),
        };
        match self.is_beside {
            true => AutoStream::new(io::stderr(), self.colours).write_all(&written).ok(),
            false => AutoStream::new(io::stdout(), self.colours).write_all(&written).ok(),
        };
    }
}

/// GitHub's log viewer is no terminal, and shows colours.
fn colours(asked: Option<ColorSetting>, variable: impl Fn(&str) -> Option<String>) -> ColorChoice {
    let is_refused = variable("NO_COLOR").is_some() || variable("CLICOLOR").is_some_and(|value| value == "0");
    match asked {
        Some(ColorSetting::Always) => ColorChoice::Always,
        Some(ColorSetting::Never) => ColorChoice::Never,
        _ if variable("GITHUB_ACTIONS").is_some_and(|value| value == "true") && !is_refused => {
            ColorChoice::Always
        }
        _ => ColorChoice::Auto,
    }
}

/// Whether other signs than those of ASCII would be garbage: in a locale that names another encoding than UTF-8, and on
/// Linux's own console, whose font has too few. A locale that names none says nothing of who reads the output: CI systems
/// set none, and show UTF-8.
fn is_ascii(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(&variable).unwrap_or_default();
    let encoding =
        locale.split_once('.').map(|(_, rest)| rest.split('@').next().unwrap_or(rest).to_lowercase());
    let is_other = encoding.is_some_and(|encoding| !matches!(encoding.as_str(), "utf-8" | "utf8"));
    let is_linux_console = is_terminal && variable("TERM").is_some_and(|term| term == "linux");
    is_other || is_linux_console
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(variables: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + Copy + 'a {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn github_shows_colours_unless_somebody_does_not_want_them() {
        let on_github = ("GITHUB_ACTIONS", "true");
        assert_eq!(colours(None, of(&[on_github])), ColorChoice::Always);
        assert_eq!(colours(None, of(&[on_github, ("NO_COLOR", "1")])), ColorChoice::Auto);
        assert_eq!(colours(None, of(&[on_github, ("CLICOLOR", "0")])), ColorChoice::Auto);
        assert_eq!(colours(Some(ColorSetting::Never), of(&[on_github])), ColorChoice::Never);
        assert_eq!(colours(None, of(&[])), ColorChoice::Auto);
    }

    #[test]
    fn only_an_encoding_that_is_named_and_another_is_no_utf_8() {
        let says = |variables: &[(&str, &str)]| is_ascii(true, of(variables));
        for utf8 in ["", "C", "POSIX", "C.UTF-8", "de_DE.utf8", "de_DE.UTF-8@euro"] {
            assert!(!says(&[("LANG", utf8)]), "{utf8}");
        }
        assert!(says(&[("LANG", "de_DE.ISO-8859-1")]) && says(&[("TERM", "linux")]));
        assert!(!says(&[("LC_ALL", "C.UTF-8"), ("LANG", "de_DE.ISO-8859-15@euro")]), "the first one counts");
        assert!(!is_ascii(false, of(&[("TERM", "linux")])), "a file is not read on the console");
    }
}
