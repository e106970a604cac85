//! The kinds of reports: what they are called, which files they are, and who writes them.
//!
//! All but the terminal's are made of `report.json`, by the test target itself or later.

use super::json::Run;
use super::{csv, html, junit, markdown};
use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

/// A kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The summaries on the terminal.
    Text,
    /// `report.json`, which all others are made of.
    Json,
    /// `report.html`: everything on one page.
    Html,
    /// `summary.csv`, `timeline.csv`, `histogram.csv` and `rounds.csv`.
    Csv,
    /// `junit.xml`.
    Junit,
    /// `summary.md`: a comment on a pull request.
    Markdown,
}

/// What can be chosen about reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// Points of `timeline.csv` are merged until they are as long; the report's own without it.
    pub csv_interval: Option<Duration>,
}

/// A name and all bytes of a file.
pub type Written = (&'static str, Vec<u8>);

impl Format {
    /// In the order they are listed.
    pub const ALL: [Format; 6] =
        [Format::Text, Format::Json, Format::Html, Format::Csv, Format::Junit, Format::Markdown];

    /// As the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Html => "html",
            Format::Csv => "csv",
            Format::Junit => "junit",
            Format::Markdown => "markdown",
        }
    }

    /// Whether it is a file that is made of `report.json`.
    pub fn is_derived(self) -> bool {
        !matches!(self, Format::Text | Format::Json)
    }

    /// Whether several runs can be shown in one.
    pub fn takes_several(self) -> bool {
        matches!(self, Format::Html | Format::Csv)
    }

    /// The files of these runs, none where it is not derived. Of several, only what takes several shows all.
    pub fn write(self, runs: &[Run], choices: Choices) -> io::Result<Vec<Written>> {
        let mut files = Files::default();
        match self {
            Format::Text | Format::Json => {}
            Format::Html => files.add("report.html", |out| html::write(runs, out))?,
            Format::Csv => {
                files.add("summary.csv", |out| csv::summary::write(runs, out))?;
                files.add("timeline.csv", |out| csv::timeline::write(runs, choices.csv_interval, out))?;
                files.add("histogram.csv", |out| csv::histogram::write(runs, out))?;
                files.add("rounds.csv", |out| csv::rounds::write(runs, out))?;
            }
            Format::Junit => {
                runs.first().map_or(Ok(()), |run| files.add("junit.xml", |out| junit::write(run, out)))?;
            }
            Format::Markdown => {
                runs.first()
                    .map_or(Ok(()), |run| files.add("summary.md", |out| markdown::write(run, out)))?;
            }
        }
        Ok(files.written)
    }
}

#[derive(Default)]
struct Files {
    written: Vec<Written>,
}

impl Files {
    fn add(
        &mut self,
        name: &'static str,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        self.written.push((name, bytes));
        Ok(())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        let found = Format::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| FormatError(name.to_owned()))
    }
}

/// A name that is none of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no report is called `{0}`; there are text, json, html, csv, junit and markdown")]
pub struct FormatError(String);
