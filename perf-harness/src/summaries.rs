//! What a run says on the terminal: a block for each test, and at its end all tests in a table.

use crate::args::Args;
use crate::explained::Explained;
use crate::terminal::Terminal;
use perf_core::judge::verdict::Verdict;
use perf_core::report::Report;
use perf_core::report::suite::{self, Row};
use perf_core::report::text::{self, Detail};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The files of a run's folder that people open, the best first.
const FOR_PEOPLE: [&str; 2] = ["report.html", "report.json"];

/// Said as the tests end.
pub(crate) struct Summaries {
    terminal: Terminal,
    detail: Detail,
    explained: Option<Explained>,
    rows: Mutex<Vec<Row>>,
}

impl Summaries {
    pub(crate) fn of(args: &Args) -> Self {
        Summaries {
            terminal: Terminal::of(&args.libtest),
            detail: args.detail(),
            explained: args.explain.clone(),
            rows: Mutex::default(),
        }
    }

    /// The block of a test, or of a whole scenario.
    pub(crate) fn tell(&self, report: &Report) {
        let mut block = Vec::new();
        if self.write(report, &mut block).is_ok() {
            self.terminal.print(&block);
        }
    }

    /// A line of ours that is no summary.
    pub(crate) fn print(&self, line: &[u8]) {
        self.terminal.print(line);
    }

    /// Whether what is drawn on standard error is.
    pub(crate) fn are_errors_coloured(&self) -> bool {
        self.terminal.are_errors_coloured()
    }

    fn write(&self, report: &Report, block: &mut Vec<u8>) -> io::Result<()> {
        let width = self.terminal.width();
        text::write(report, self.detail, width, block)?;
        match &self.explained {
            Some(explained) => text::explain(report, |metric| explained.is_meant(metric), width, block),
            None => Ok(()),
        }
    }

    /// Keeps the lines of the table: of a test, or of a whole scenario and then of its tests.
    pub(crate) fn keep(&self, whole: Option<&Report>, members: &[Report]) {
        let of_member = |report| if whole.is_some() { Row::of(report).part() } else { Row::of(report) };
        self.add(whole.map(Row::of).into_iter().chain(members.iter().map(of_member)));
    }

    /// Keeps the line of one that did not run.
    pub(crate) fn keep_without_numbers(&self, name: &str, verdict: Verdict) {
        self.add([Row::without_numbers(name, verdict)]);
    }

    fn add(&self, rows: impl IntoIterator<Item = Row>) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
    }

    /// After the last test: the table, where there is more than one, and where the report is. Nothing under nextest, where
    /// each test is a process.
    pub(crate) fn close(&self, folder: &Path, shown_from: Option<&Path>) {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.is_empty() || std::env::var_os("NEXTEST").is_some() {
            return;
        }
        let mut block = Vec::new();
        if write_closing(&rows, folder, shown_from, self.terminal.width(), &mut block).is_ok() {
            self.terminal.print(&block);
        }
    }
}

fn write_closing(
    rows: &[Row],
    folder: &Path,
    shown_from: Option<&Path>,
    width: usize,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    if rows.len() > 1 {
        suite::write(rows, width, out)?;
        writeln!(out, "\n  {}", suite::counted(rows))?;
    }
    let files = FOR_PEOPLE.map(|name| folder.join(name));
    if let Some(file) = files.iter().find(|file| file.exists()) {
        let shown = shown_from.and_then(|from| file.strip_prefix(from).ok()).unwrap_or(file);
        writeln!(out, "  report: {}", shown.display())?;
    }
    writeln!(out)
}
