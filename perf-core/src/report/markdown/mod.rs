//! `summary.md`: a run as a comment on a pull request: one table, and what there is to say of each test folded below it.
//!
//! The gravest comes first. GitHub refuses comments of more than 65,536 characters: what has no room is left out, and said.

mod details;
pub mod text;

use super::brief::{shown, tally};
use super::change::percent;
use super::json::Run;
use super::reading::{Comparison, Test, tests};
use crate::judge::verdict::Verdict;
use std::fmt::Write as _;
use std::io::{self, Write};
use text::{code, plain};

/// In bytes, of which there are never fewer than characters; some are left for the last lines.
const MOST: usize = 64_000;
/// Of these the table takes no more, so that there is room for what the gravest are about.
const MOST_TABLE: usize = 40_000;

/// Writes the page. Writing into a text never fails.
pub fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut tests = tests(run)?;
    // Stable: tests of one verdict stay in the order they ran.
    tests.sort_by_key(|test| gravity(test.verdict));
    let mut page = format!("### {}\n\n", heading(run, &tests));
    let is_one_target = tests.windows(2).all(|pair| pair[0].test_target == pair[1].test_target);
    let rows = tests.iter().map(|test| row(test, is_one_target));
    page.push_str("| test | verdict | load | p50 | p99 | errors | vs. baseline |\n");
    page.push_str("| --- | --- | --- | ---: | ---: | ---: | --- |\n");
    let cut = append(rows, MOST_TABLE, &mut page);
    if cut > 0 {
        writeln!(page, "\n{cut} more tests have no room here.").ok();
    }
    page.push('\n');
    let cut = append(tests.iter().filter_map(details::of), MOST, &mut page);
    if cut > 0 {
        writeln!(page, "The details of {cut} tests are cut: a comment holds 65,536 characters.\n").ok();
    }
    page.push_str(&footer(run));
    out.write_all(page.as_bytes())
}

/// The pieces from the first to the last that fits; how many are left out.
fn append(pieces: impl Iterator<Item = String>, most: usize, page: &mut String) -> usize {
    let mut cut = 0;
    for piece in pieces {
        match cut == 0 && page.len() + piece.len() <= most {
            true => page.push_str(&piece),
            false => cut += 1,
        }
    }
    cut
}

fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Failed => 0,
        Verdict::Inconclusive => 1,
        Verdict::Skipped => 2,
        Verdict::Passed => 3,
    }
}

fn heading(run: &Run, tests: &[Test]) -> String {
    let early = if run.partial { ", ended early" } else { "" };
    format!("Perf tests: {}{early}", tally(tests).split_once(": ").map_or("none ran", |(_, counts)| counts))
}

/// With a sign that is seen from afar.
fn verdict(verdict: Verdict) -> String {
    let sign = match verdict {
        Verdict::Passed => "✅",
        Verdict::Failed => "❌",
        Verdict::Inconclusive => "❔",
        Verdict::Skipped => "⏭️",
    };
    format!("{sign} {}", verdict.name())
}

fn row(test: &Test, is_one_target: bool) -> String {
    let name = if is_one_target { test.name.clone() } else { format!("{}::{}", test.test_target, test.name) };
    let cells = [
        code(&name),
        verdict(test.verdict),
        load(test),
        shown(test.response_ns.get("p50"), "ns", "–"),
        shown(test.response_ns.get("p99"), "ns", "–"),
        shown(test.error_ratio, "ratio", "–"),
        test.comparison.as_ref().map_or("–".to_owned(), against),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// What was offered, and what a search found by that.
fn load(test: &Test) -> String {
    let found = test.capacity.as_ref().and_then(|capacity| capacity.rate_per_s);
    let found = found.map_or(String::new(), |rate| format!(": **{}**", shown(Some(rate), "per_s", "")));
    test.load.as_ref().map_or("–".to_owned(), |load| plain(&load.description) + &found)
}

/// What changed, or that nothing did.
fn against(comparison: &Comparison) -> String {
    let of = |verdict: &str| {
        let metrics = comparison.metrics.iter().filter(|metric| metric.verdict == verdict);
        let all = metrics.map(|m| format!("{} {}", code(&m.metric), m.change.map_or(String::new(), percent)));
        all.collect::<Vec<_>>().join(", ")
    };
    match comparison.verdict.as_str() {
        "regressed" => format!("**regressed**: {}", of("regressed")),
        "improved" => format!("improved: {}", of("improved")),
        verdict => plain(verdict),
    }
}

/// What it was measured on.
fn footer(run: &Run) -> String {
    let (environment, class) = (&run.environment, &run.environment.class);
    let place = class.label.clone().unwrap_or_else(|| format!("{} × {}", class.cores, class.cpu));
    let dirty = if environment.git_dirty == Some(true) { " with changes" } else { "" };
    let commit = environment.git_commit.as_ref();
    let commit = commit
        .map_or(String::new(), |id| format!(", commit {}{dirty}", &id.chars().take(9).collect::<String>()));
    let (place, profile) = (plain(&place), plain(&class.build_profile));
    format!("<sub>run {}: {place}, {}, {profile}{commit}</sub>\n", code(&run.run_id), plain(&class.os))
}
