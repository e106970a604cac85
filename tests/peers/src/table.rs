//! The entries as one table, for the terminal or as Markdown.

use crate::count::Count;
use crate::entry::{Entry, Round};
use crate::load::Load;
use crate::peers::Kind;
use crate::{machine, versions};
use perf_core::units::Latency;
use std::io::{self, Write};

/// The peer that the others are measured against.
const YARDSTICK: &str = "bare reqwest";

const HEAD: [&str; 9] =
    ["peer", "req/s", "req/CPU s", "±", "of bare", "offered", "p50 / p99", "peak MB", "server"];
const WIDTHS: [usize; 9] = [20, 8, 9, 4, 7, 18, 17, 7, 6];

/// Of a line: all columns, with a space between them.
const WIDTH: usize = 104;

const LEGEND: &str = "req/s: requests that the server counted, from the first to the last. req/CPU s: requests per \
    second of the generator's user and system time; ±: half the distance between the lowest and the highest round; of \
    bare: the ratio to bare reqwest in the same round. offered: what the server counted, to what was planned, and in \
    which time. p50 / p99: as the peer itself says. server: the part of its core that the server needed.";

/// Lines of text: medians over the rounds.
pub(crate) struct Table {
    sections: Vec<(Load, Vec<Row>)>,
    notes: Vec<String>,
    about: String,
}

enum Row {
    Figures([String; 9]),
    Words(&'static str, String),
}

impl Table {
    /// Of all entries and the names of peers that could not enter.
    pub(crate) fn of(entries: &[Entry<'_>], missing: &[&str]) -> Self {
        let section = |load| (load, entries.iter().filter(|entry| entry.load == load).collect::<Vec<_>>());
        let sections = [Load::Closed, Load::Open].map(section);
        let repeats = entries.iter().map(|entry| entry.rounds.len()).max().unwrap_or(0);
        Table {
            sections: sections.into_iter().map(|(load, entries)| (load, rows(&entries))).collect(),
            notes: notes(entries, missing),
            about: format!("{}; medians of {repeats} rounds; {}", machine::description(), versions(entries)),
        }
    }

    /// Of [`WIDTH`] columns.
    pub(crate) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        line(out, &HEAD)?;
        for (load, rows) in &self.sections {
            writeln!(out, "\n{load}")?;
            for row in rows {
                match row {
                    Row::Figures(cells) => line(out, &cells.each_ref().map(String::as_str))?,
                    Row::Words(peer, words) => writeln!(out, "{peer:<20}  {words}")?,
                }
            }
        }
        writeln!(out)?;
        self.remarks().try_for_each(|remark| paragraph(out, remark))
    }

    /// For a README.
    pub(crate) fn write_markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        for (load, rows) in &self.sections {
            writeln!(out, "{load}:\n\n| {} |", HEAD.join(" | "))?;
            writeln!(out, "| --- |{}", " ---: |".repeat(HEAD.len() - 1))?;
            for row in rows {
                match row {
                    Row::Figures(cells) => writeln!(out, "| {} |", cells.join(" | "))?,
                    Row::Words(peer, words) => {
                        writeln!(out, "| {peer} | {words} |{}", " |".repeat(HEAD.len() - 2))?;
                    }
                }
            }
            writeln!(out)?;
        }
        self.remarks().try_for_each(|remark| writeln!(out, "- {remark}"))
    }

    fn remarks(&self) -> impl Iterator<Item = &str> {
        let notes = self.notes.iter().map(String::as_str);
        [self.about.as_str(), LEGEND].into_iter().chain(notes)
    }
}

fn line(out: &mut dyn Write, cells: &[&str; 9]) -> io::Result<()> {
    write!(out, "{:<1$}", cells[0], WIDTHS[0])?;
    for (cell, width) in cells.iter().zip(WIDTHS).skip(1) {
        write!(out, " {cell:>width$}")?;
    }
    writeln!(out)
}

/// Breaks the text before it gets wider than the table.
fn paragraph(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        match column {
            0 => write!(out, "{word}")?,
            before if before + 1 + width > WIDTH => {
                write!(out, "\n  {word}")?;
                column = 1;
            }
            _ => write!(out, " {word}")?,
        }
        column += width + usize::from(column > 0);
    }
    writeln!(out)
}

fn rows(entries: &[&Entry<'_>]) -> Vec<Row> {
    let bare = entries.iter().find(|entry| entry.peer.name == YARDSTICK);
    entries.iter().map(|entry| row(entry, bare.copied())).collect()
}

fn row(entry: &Entry<'_>, bare: Option<&Entry<'_>>) -> Row {
    if let Some(why) = entry.peer.refusal(entry.load) {
        return Row::Words(entry.peer.name, format!("no {} load: {why}", entry.load.name()));
    }
    match entry.failure() {
        Some((why, times)) if times == entry.rounds.len() => Row::Words(entry.peer.name, why.to_owned()),
        _ => Row::Figures(figures(entry, bare)),
    }
}

fn figures(entry: &Entry<'_>, bare: Option<&Entry<'_>>) -> [String; 9] {
    let shown = |value: Option<f64>, show: &dyn Fn(f64) -> String| value.map_or_else(|| "-".to_owned(), show);
    let percent = |part: f64| format!("{:.0} %", part * 100.0);
    let time = |value: fn(&Round) -> Option<f64>| shown(entry.median(value), &|ns| Latency(ns).to_string());
    [
        entry.peer.name.to_owned(),
        shown(entry.median(|round| round.count.per_second()), &grouped),
        shown(entry.median(Round::per_cpu_second), &grouped),
        shown(entry.spread(Round::per_cpu_second), &percent),
        shown(bare.and_then(|bare| entry.ratio(bare, Round::per_cpu_second)), &|ratio| {
            format!("{:.1} %", ratio * 100.0)
        }),
        match entry.load {
            Load::Closed => "-".to_owned(),
            Load::Open => offered(entry),
        },
        match entry.median(|round| round.said.p50_ns) {
            Some(_) => format!("{} / {}", time(|round| round.said.p50_ns), time(|round| round.said.p99_ns)),
            None => "-".to_owned(),
        },
        shown(entry.median(|round| Some(round.peak_bytes? as f64 / 1e6)), &|mb| format!("{mb:.1}")),
        shown(entry.median(|round| round.count.server_share()), &percent),
    ]
}

/// The round whose count is the median: `10,000 in 5.00 s`.
fn offered(entry: &Entry<'_>) -> String {
    let mut counts: Vec<Count> = entry.rounds.iter().flatten().map(|round| round.count).collect();
    counts.sort_by_key(|count| count.requests);
    let median = counts.get(counts.len() / 2).copied().unwrap_or_default();
    format!("{} in {:.2} s", grouped(median.requests as f64), median.span().as_secs_f64())
}

/// `10,000`; a load generator counts nothing below zero.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn versions(entries: &[Entry<'_>]) -> String {
    let programs = entries.iter().filter(|entry| entry.load == Load::Closed);
    let programs = programs.filter(|entry| matches!(entry.peer.kind, Kind::Program { .. }));
    let of_programs = programs.map(|entry| versions::of_program(entry.peer.name));
    std::iter::once(versions::of_crates()).chain(of_programs).collect::<Vec<_>>().join(", ")
}

fn notes(entries: &[Entry<'_>], missing: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    for entry in entries {
        if let Some(remark) = entry.peer.remark.filter(|_| entry.load == Load::Closed) {
            notes.push(remark.to_owned());
        }
        if let Some((why, times)) = entry.failure() {
            let (peer, load, of) = (entry.peer.name, entry.load.name(), entry.rounds.len());
            notes.push(format!("{peer}, {load}: {times} of {of} rounds failed: {why}"));
        }
    }
    if !missing.is_empty() {
        notes.push(format!("not installed: {}", missing.join(", ")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{ALL, Said};
    use std::time::Duration;

    fn entry(load: Load) -> Entry<'static> {
        let count = Count { requests: 10_000, span_ns: 4_999_500_000, server_cpu_ns: 500_000_000 };
        let said = Said { p50_ns: Some(120_000.0), p99_ns: Some(1_250_000.0) };
        let round = Round { count, cpu: Duration::from_millis(500), peak_bytes: Some(12_345_678), said };
        Entry { rounds: vec![Ok(round), Err("late".to_owned())], ..Entry::of(&ALL[2], load) }
    }

    #[test]
    fn the_numbers_of_the_rounds_that_went_well_are_shown_and_the_others_told() {
        let table = Table::of(&[entry(Load::Open)], &["hey"]);
        let mut text = Vec::new();
        table.write_markdown(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let row = "| bare reqwest | 2,000 | 20,000 | 0 % | 100.0 % | 10,000 in 5.00 s | 120 µs / 1.25 ms | 12.3 | 10 % |";
        assert!(text.lines().any(|line| line == row), "{text}");
        assert!(
            text.contains("- bare reqwest, open: 1 of 2 rounds failed: late\n- not installed: hey\n"),
            "{text}"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_table() {
        let mut text = Vec::new();
        Table::of(&[entry(Load::Closed), entry(Load::Open)], &[]).write_text(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().map(|line| line.chars().count()).max(), Some(WIDTH), "{text}");
    }
}
