//! Turns runs into one HTML file that needs nothing else: text, style, script and data.
//!
//! The data is `report.json` made small: what is told as it is, timelines and histograms as far as a chart shows them.
//! Each test is a `<script>` element of its own, which is read once the test is opened. What the page does with it is in
//! the files beside this one: `page.html` is its frame, `style.css` its look, the scripts fill it.

mod columns;
mod compact;
mod detail;
mod distribution;
mod index;
mod rounds;

use super::json::Run;
use columns::{Columns, MOST_POINTS};
use compact::Escaped;
use std::io::{self, Write};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// In the order they need each other.
const SCRIPTS: &[&str] = &[
    include_str!("script/elements.js"),
    include_str!("script/units.js"),
    include_str!("script/scales.js"),
    include_str!("script/view.js"),
    include_str!("script/shapes.js"),
    include_str!("script/domains.js"),
    include_str!("script/marks.js"),
    include_str!("script/pointer.js"),
    include_str!("script/charts.js"),
    include_str!("script/timeline.js"),
    include_str!("script/distributions.js"),
    include_str!("script/tables.js"),
    include_str!("script/named.js"),
    include_str!("script/findings.js"),
    include_str!("script/test.js"),
    include_str!("script/compare.js"),
    include_str!("script/overview.js"),
    include_str!("script/page.js"),
];
const LIVE: &[&str] = &[include_str!("script/points.js"), include_str!("script/live.js"), "showLive();"];
/// So many numbers of timelines keep a page of a hundred tests below 10 MB.
const MOST_NUMBERS: usize = 2_400_000;
const LEAST_POINTS: usize = 60;

/// Writes the page of a run, or of several, one drawn over the other.
pub fn write(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let entries = index::entries(runs);
    let tests = || entries.iter().flat_map(|entry| &entry.of_runs).map(|(_, test)| *test);
    let columns: usize = tests().filter_map(Columns::of).map(|columns| columns.count()).sum();
    let most_points = (MOST_NUMBERS / columns.max(1)).clamp(LEAST_POINTS, MOST_POINTS);
    frame(out, "'none'", |out| {
        element(out, "index", |out| Ok(serde_json::to_writer(out, &index::of(runs, &entries))?))?;
        for (number, entry) in entries.iter().enumerate() {
            for (run, test) in &entry.of_runs {
                element(out, &format!("test-{number}-{run}"), |out| detail::write(test, most_points, out))?;
            }
        }
        scripts(SCRIPTS.iter().chain([&"showReport();"]), out)
    })
}

/// Writes the page that shows a run while it goes on: it reads `/events` of the server that it came from.
pub fn write_live(out: &mut dyn Write) -> io::Result<()> {
    frame(out, "'self'", |out| scripts(SCRIPTS.iter().chain(LIVE), out))
}

/// The page around what its body ends in. Nothing but `connect` may be asked for anything.
fn frame(
    out: &mut dyn Write,
    connect: &str,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (head, rest) = PAGE.split_once("{{style}}").unwrap_or((PAGE, ""));
    let (middle, foot) = rest.split_once("{{script}}").unwrap_or((rest, ""));
    write!(out, "{}{STYLE}{middle}", head.replace("{{connect}}", connect))?;
    body(out)?;
    write!(out, "{foot}")
}

fn element(
    out: &mut dyn Write,
    id: &str,
    data: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, "<script type=\"application/json\" id=\"{id}\">")?;
    data(&mut Escaped(out))?;
    writeln!(out, "</script>")
}

fn scripts<'a>(all: impl Iterator<Item = &'a &'a str>, out: &mut dyn Write) -> io::Result<()> {
    all.into_iter().try_for_each(|script| writeln!(out, "<script>\n{script}\n</script>"))
}
