//! All tests of a run as one table: a line each, for the eye that looks for what went wrong.
//!
//! Columns are as wide as what is in them. Where that is too much for the terminal, it says less, column by column.

use super::Report;
use super::terminal::{BAD, BOLD, GOOD, PLAIN, columns, printable, shortened};
use super::text::{change_in_short, mark, style};
use crate::judge::compare::Change;
use crate::judge::reference::Reference;
use crate::judge::verdict::Verdict;
use crate::metric::Unit;
use crate::metric::{Quantile, Statistic};
use crate::plan::threshold::show_value;
use crate::units::{Latency, Significant};
use anstyle::Style;
use std::io::{self, Write};

const HEADINGS: [&str; COLUMNS] = ["test", "verdict", "load", "rate", "p50", "p99", "errors", "baseline"];
const COLUMNS: usize = 8;
const NAME: usize = 0;
const LOAD: usize = 2;
const RATE: usize = 3;
const ERRORS: usize = 6;
const CHANGE: usize = 7;
const NUMBERS: std::ops::RangeInclusive<usize> = RATE..=ERRORS;
const GAP: &str = "  ";
const LONGEST_LOAD: usize = 24;
const SHORTEST_NAME: usize = 12;

/// A test in the table.
#[derive(Clone, Debug)]
pub struct Row {
    verdict: Verdict,
    cells: [String; COLUMNS],
    /// The last cell without the metric's name.
    change_alone: String,
    has_errors: bool,
    change: Option<Change>,
}

impl Row {
    /// Of a test that ran, or of a whole scenario.
    pub fn of(report: &Report) -> Self {
        let plain = Row::without_numbers(&report.plan.name, report.judgement.verdict);
        let Some(session) = report.sessions.first() else { return plain };
        let summary = &session.summary;
        let unknown = || "-".to_owned();
        let percentile = |percent| {
            let statistic =
                Quantile::percent(percent).map(Statistic::Percentile).filter(|_| summary.capacity.is_none());
            let value = statistic.and_then(|statistic| summary.response.statistic(statistic));
            value.map_or_else(unknown, |ns| Latency(ns).to_string())
        };
        let rate = match &summary.capacity {
            Some(capacity) => capacity.rate,
            None => summary.throughput_per_s,
        };
        let errors =
            summary.error_ratio().map_or_else(unknown, |ratio| format!("{} %", Significant(ratio * 100.0)));
        let compared = report.comparison.as_ref().and_then(change_in_short);
        let (change_alone, told, change) = match (compared, &report.reference) {
            (Some(short), _) => (short.alone, short.of_metric, Some(short.verdict)),
            (None, Reference::Off) => (unknown(), unknown(), None),
            (None, Reference::None) => ("none yet".to_owned(), "none yet".to_owned(), None),
            (None, _) => ("not compared".to_owned(), "not compared".to_owned(), None),
        };
        let [name, verdict, ..] = plain.cells;
        let cells = [
            if report.plan.scenario.is_some() && report.plan.members.is_empty() {
                format!("  {name}")
            } else {
                name
            },
            verdict,
            shortened(&load(report), LONGEST_LOAD),
            rate.map_or_else(unknown, |rate| show_value(rate, Unit::PerSecond)),
            percentile(50.0),
            percentile(99.0),
            errors,
            told,
        ];
        Row { cells, change_alone, has_errors: summary.counts.errors() > 0, change, ..plain }
    }

    /// Of one that has nothing but a verdict.
    pub fn without_numbers(name: &str, verdict: Verdict) -> Self {
        let unknown = || "-".to_owned();
        let mut cells = [(); COLUMNS].map(|()| unknown());
        cells[NAME] = printable(name).into_owned();
        verdict.name().clone_into(&mut cells[1]);
        Row { verdict, cells, change_alone: unknown(), has_errors: false, change: None }
    }

    /// As one of those that the line above is the whole of.
    #[must_use]
    pub fn part(mut self) -> Self {
        self.cells[NAME].insert_str(0, "· ");
        self
    }

    fn style(&self, column: usize) -> Style {
        match column {
            1 => style(self.verdict),
            ERRORS if self.has_errors => BAD,
            CHANGE => match self.change {
                Some(Change::Regressed) => BAD,
                Some(Change::Improved) => GOOD,
                _ => PLAIN,
            },
            _ => PLAIN,
        }
    }
}

fn load(report: &Report) -> String {
    match (report.plan.members.is_empty(), report.plan.load.search()) {
        (false, _) => "scenario".to_owned(),
        (true, Some(_)) => "capacity search".to_owned(),
        (true, None) => report.plan.load.to_string(),
    }
}

/// Writes the table in lines of so many columns.
pub fn write(rows: &[Row], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let table = Table::fitting(rows, width);
    let headings = HEADINGS.map(str::to_owned);
    writeln!(out, "{BOLD}  {}{BOLD:#}", table.line(&headings, |_| PLAIN))?;
    for row in &table.rows {
        let style = style(row.verdict);
        let line = table.line(&row.cells, |column| row.style(column));
        writeln!(out, "{style}{}{style:#} {line}", mark(row.verdict))?;
    }
    Ok(())
}

/// What is shown of the rows, and how wide.
struct Table {
    rows: Vec<Row>,
    widths: [usize; COLUMNS],
    shown: [bool; COLUMNS],
}

impl Table {
    fn fitting(rows: &[Row], width: usize) -> Self {
        let mut table = Table { rows: rows.to_vec(), widths: [0; COLUMNS], shown: [true; COLUMNS] };
        table.measure();
        if table.width() > width {
            table.rows.iter_mut().for_each(|row| row.cells[CHANGE].clone_from(&row.change_alone));
            table.measure();
        }
        for column in [LOAD, RATE] {
            table.shown[column] = table.width() <= width || table.is_narrow_but_for_names(width);
        }
        let surplus = table.width().saturating_sub(width);
        table.widths[NAME] =
            table.widths[NAME].saturating_sub(surplus).max(SHORTEST_NAME.min(table.widths[NAME]));
        table
    }

    /// Whether shorter names alone would do.
    fn is_narrow_but_for_names(&self, width: usize) -> bool {
        let spare = self.widths[NAME].saturating_sub(SHORTEST_NAME + 4);
        self.width() <= width + spare
    }

    fn measure(&mut self) {
        for (column, width) in self.widths.iter_mut().enumerate() {
            let cells = self.rows.iter().map(|row| columns(&row.cells[column]));
            *width = cells.max().unwrap_or(0).max(HEADINGS[column].len());
        }
    }

    fn width(&self) -> usize {
        let shown = self.widths.iter().zip(self.shown).filter(|(_, is_shown)| *is_shown);
        shown.map(|(width, _)| width + GAP.len()).sum()
    }

    /// Without the mark.
    fn line(&self, cells: &[String; COLUMNS], style: impl Fn(usize) -> Style) -> String {
        let cell = |column: usize| {
            let (width, style) = (self.widths[column], style(column));
            let cell = shortened(&cells[column], width);
            let gap = " ".repeat(width - columns(&cell));
            match NUMBERS.contains(&column) {
                true => format!("{gap}{style}{cell}{style:#}"),
                false if column == CHANGE => format!("{style}{cell}{style:#}"),
                false => format!("{style}{cell}{style:#}{gap}"),
            }
        };
        let shown: Vec<String> = (0..COLUMNS).filter(|column| self.shown[*column]).map(cell).collect();
        shown.join(GAP)
    }
}

/// How many of each verdict: `4 tests: 3 passed, 1 failed`.
pub fn counted(rows: &[Row]) -> String {
    let all = [Verdict::Passed, Verdict::Failed, Verdict::Inconclusive, Verdict::Skipped];
    let count = |verdict: Verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let parts: Vec<String> = all
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{} {}", count(verdict), verdict.name()))
        .collect();
    format!("{} tests: {}", rows.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    fn rows() -> Vec<Row> {
        let mut rows: Vec<Row> = example::ALL.iter().map(|(_, make)| Row::of(&make())).collect();
        rows.push(Row::without_numbers(
            "checkout::a_test_with_quite_a_long_name_that_could_not_run",
            Verdict::Failed,
        ));
        rows.push(Row::without_numbers("not_run", Verdict::Skipped).part());
        rows
    }

    fn plain(rows: &[Row], width: usize) -> String {
        let mut out = Vec::new();
        write(rows, width, &mut out).unwrap();
        example::without_codes(&String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_test_is_a_line_and_no_line_is_wider_than_the_terminal() {
        let rows = rows();
        let told = [72, 80, 120].map(|width| {
            let table = plain(&rows, width);
            assert!(table.lines().all(|line| columns(line) <= width), "{width}:\n{table}");
            assert_eq!(table.lines().count(), rows.len() + 1);
            format!("{width} columns\n{table}")
        });
        insta::assert_snapshot!("suite", told.join("\n"));
        assert_eq!(counted(&rows), "10 tests: 3 passed, 4 failed, 2 inconclusive, 1 skipped");
    }
}
