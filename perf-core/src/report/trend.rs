//! The terminal's and a program's view of what each metric did over runs: a table with a line of bars for each, its steps
//! and its creep below it.

use super::bars::column;
use super::series::{Key, Point, Series, probability};
use super::terminal::{BAD, BOLD, GOOD, padded, shortened, wrapped};
use crate::analyze::change_point::ChangePoint;
use crate::analyze::creep::Creep;
use crate::plan::threshold::show_value;
use anstyle::Style;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What the JSON's schema is.
pub const SCHEMA: &str = "perf-trend/1";

/// Of the metric's name, of a count, of a value, and of a change.
const NAME: usize = 18;
const COUNT: usize = 5;
const VALUE: usize = 10;
const CHANGE: usize = 9;
/// Indents and gaps of a line.
const GAPS: usize = 9;
/// Values that differ by less in all are drawn within the middle of the bars, so that noise is no mountain.
const LEAST_RANGE: f64 = 0.10;

/// Writes all series, those of one test together, in lines of this many columns.
pub fn write(series: &[Series], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let bars = width.saturating_sub(NAME + COUNT + 2 * VALUE + CHANGE + GAPS).clamp(8, 80);
    let mut before: Option<&Key> = None;
    for one in series {
        if before != Some(&one.key) {
            heading(one, before.is_some(), width, out)?;
            columns(bars, out)?;
        }
        row(one, bars, out)?;
        one.trend.steps.iter().try_for_each(|step| told_step(one, step, width, out))?;
        one.trend.creep.iter().try_for_each(|creep| told_creep(one, creep, width, out))?;
        before = Some(&one.key);
    }
    Ok(())
}

fn heading(series: &Series, is_next: bool, width: usize, out: &mut dyn Write) -> io::Result<()> {
    if is_next {
        writeln!(out)?;
    }
    let key = &series.key;
    let target = [key.package.as_str(), key.target.as_str()].join(" ");
    writeln!(out, "{BOLD}{}{BOLD:#}  {}", key.test, target.trim())?;
    wrapped(width, "  ", &format!("{}; {}", series.load, series.place), out)?;
    match series.left_out {
        0 => Ok(()),
        1 => writeln!(out, "  1 run is left out: it was partial, spoiled, or of another load"),
        n => writeln!(out, "  {n} runs are left out: they were partial, spoiled, or of another load"),
    }
}

fn columns(bars: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "  {:<NAME$} {:>COUNT$}  {:<bars$} {:>VALUE$} {:>VALUE$} {:>CHANGE$}",
        "metric", "runs", "oldest to newest", "first", "now", "change"
    )
}

fn row(series: &Series, bars: usize, out: &mut dyn Write) -> io::Result<()> {
    let shown = |point: Option<&Point>| {
        point.map_or("-".to_owned(), |point| show_value(point.value, series.metric.unit()))
    };
    let (first, last) = (series.points.first(), series.points.last());
    let (first, now) = match (series.trend.steps.first(), series.trend.steps.last()) {
        (Some(step), Some(newest)) => {
            let level = |centre: f64| show_value(centre.exp(), series.metric.unit());
            (level(step.before), level(newest.after))
        }
        _ => (shown(first), shown(last)),
    };
    let change = change(series);
    let style = change.map_or(Style::new(), |change| style(series, change));
    let change = change.map_or("-".to_owned(), |change| format!("{:+.1} %", change * 100.0));
    writeln!(
        out,
        "  {} {:>COUNT$}  {} {first:>VALUE$} {now:>VALUE$} {style}{change:>CHANGE$}{style:#}",
        padded(&shortened(&series.metric.to_string(), NAME), NAME),
        series.points.len(),
        drawn(&series.points, bars),
    )
}

/// From the first level to the newest, or all along the creep; `None` where nothing is known to have changed.
fn change(series: &Series) -> Option<f64> {
    let steps = &series.trend.steps;
    let (first, last) = (steps.first(), steps.last());
    let stepped = first.zip(last).map(|(first, last)| (last.after - first.before).exp_m1());
    stepped.or(series.trend.creep.map(|creep| creep.change))
}

fn style(series: &Series, change: f64) -> Style {
    if series.is_worse(change) { BAD } else { GOOD }
}

/// The points as bars, neighbours as their median where there are more than fit.
fn drawn(points: &[Point], most: usize) -> String {
    let logs: Vec<f64> = points.iter().map(|point| point.value.ln()).collect();
    let count = logs.len().min(most);
    let part = |n: usize| &logs[n * logs.len() / count..(n + 1) * logs.len() / count];
    let middle = |part: &[f64]| {
        let mut sorted = part.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let values: Vec<f64> = (0..count).map(part).map(middle).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = (high - low).max(LEAST_RANGE);
    let floor = f64::midpoint(low, high) - range / 2.0;
    let bar = |value: &f64| column((value - floor) / range);
    let bars: String = values.iter().map(bar).collect();
    format!("{bars}{}", " ".repeat(most - count))
}

fn told_step(series: &Series, step: &ChangePoint, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let level = |centre: f64| show_value(centre.exp(), series.metric.unit());
    let first = &series.points[step.first];
    let machine =
        if series.is_new_machine(step.first) { ", on a machine that was not there before" } else { "" };
    let text = format!(
        "{:+.1} % from {}: {} → {}{machine} (p {})",
        step.change() * 100.0,
        origin(first),
        level(step.before),
        level(step.after),
        probability(step.p_value),
    );
    let style = style(series, step.change());
    write!(out, "{style}")?;
    wrapped(width, if step.change() > 0.0 { "    ↑ " } else { "    ↓ " }, &text, out)?;
    write!(out, "{style:#}")
}

fn told_creep(series: &Series, creep: &Creep, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let since = match series.trend.steps.is_empty() {
        true => "",
        false => " since then",
    };
    let text = format!(
        "creeps by {:+.2} % a run, {:+.1} % over {} runs{since} (p {})",
        creep.per_step.exp_m1() * 100.0,
        creep.change * 100.0,
        series.creeping().count(),
        probability(creep.p_value),
    );
    let style = style(series, creep.change);
    write!(out, "{style}")?;
    wrapped(width, if creep.change > 0.0 { "    ↗ " } else { "    ↘ " }, &text, out)?;
    write!(out, "{style:#}")
}

/// `run 20261125T090433Z-71 of 2026-11-25 09:04 at 2dece885`.
fn origin(point: &Point) -> String {
    let what = match (&point.run_id, point.level) {
        (Some(run), _) => format!("run {run}"),
        (None, Some(level)) => format!("a session of level {level}"),
        (None, None) => "a session".to_owned(),
    };
    let at = point.at.get(..16).unwrap_or(&point.at).replace('T', " ");
    let commit = match (&point.commit, point.dirty) {
        (Some(commit), Some(true)) => format!(" at {} with changes", short(commit)),
        (Some(commit), _) => format!(" at {}", short(commit)),
        (None, _) => String::new(),
    };
    format!("{what} of {at}{commit}")
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

/// The same for programs.
pub fn to_json(series: &[Series]) -> Value {
    json!({ "schema": SCHEMA, "series": series.iter().map(of_series).collect::<Vec<_>>() })
}

fn of_series(series: &Series) -> Value {
    let unit = series.metric.unit().name();
    let step = |step: &ChangePoint| {
        json!({
            "first": of_point(&series.points[step.first]),
            "before": step.before.exp(),
            "after": step.after.exp(),
            "change": step.change(),
            "is_worse": series.is_worse(step.change()),
            "is_new_machine": series.is_new_machine(step.first),
            "p_value": step.p_value,
        })
    };
    let creep = series.trend.creep.map(|creep| {
        json!({
            "runs": series.creeping().count(),
            "change_per_run": creep.per_step.exp_m1(),
            "change": creep.change,
            "is_worse": series.is_worse(creep.change),
            "p_value": creep.p_value,
        })
    });
    json!({
        "package": series.key.package,
        "test_target": series.key.target,
        "test": series.key.test,
        "environment": series.key.environment,
        "environment_description": series.place,
        "config": series.key.config,
        "load": series.load,
        "metric": series.metric.to_string(),
        "unit": unit,
        "left_out": series.left_out,
        "points": series.points.iter().map(of_point).collect::<Vec<_>>(),
        "steps": series.trend.steps.iter().map(step).collect::<Vec<_>>(),
        "creep": creep,
    })
}

fn of_point(point: &Point) -> Value {
    json!({
        "at": point.at,
        "value": point.value,
        "run_id": point.run_id,
        "level": point.level,
        "git_commit": point.commit,
        "git_dirty": point.dirty,
        "machine": point.machine,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::history::Entry;
    use crate::report::series::all;

    fn noise(run: usize) -> f64 {
        1.0 + 0.01 * ((run * 7 % 11) as f64 - 5.0) / 5.0
    }

    fn of(value: impl Fn(usize) -> f64, count: usize) -> Vec<Series> {
        let entries: Vec<Entry> =
            (0..count).map(|run| Entry::example(run, "service.p50", value(run) * noise(run))).collect();
        all(&entries, &[], usize::MAX)
    }

    fn text(series: &[Series], width: usize) -> String {
        let mut bytes = Vec::new();
        write(series, width, &mut bytes).unwrap();
        let coloured = String::from_utf8(bytes).unwrap();
        let mut parts = coloured.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        first + &parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest)).collect::<String>()
    }

    #[test]
    fn a_step_is_told_with_its_first_run_and_commit_at_80_and_120_columns() {
        let stepped = of(|run| if run < 90 { 1e6 } else { 1.3e6 }, 130);
        for width in [80, 120] {
            let text = text(&stepped, width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert!(text.contains("↑ +30.0 % from run run-90 of 2026-01-04 18:00 at 00000000"), "{text}");
            let bars = text.lines().find(|line| line.contains("service.p50")).unwrap();
            let drawn = bars.chars().filter(|bar| ('▁'..='█').contains(bar)).count();
            assert!(drawn >= if width == 80 { 18 } else { 58 }, "{text}");
            assert!(
                bars.contains("1.00 ms") && bars.contains("1.30 ms") && bars.contains("+30.0 %"),
                "{text}"
            );
        }
    }

    #[test]
    fn noise_is_no_mountain_and_what_did_not_change_has_no_change() {
        let steady = of(|_| 1e6, 12);
        let text = text(&steady, 80);
        assert!(!text.contains('█') && !text.contains('▁') && !text.contains('↑'), "{text}");
        assert!(text.lines().last().unwrap().trim_end().ends_with('-'), "{text}");
        let lone = of(|_| 1e6, 1);
        assert!(self::text(&lone, 80).contains("open load, 100/s for 10s"));
    }

    #[test]
    fn a_creep_is_told_and_programs_read_the_same() {
        let crept = of(|run| 1e6 * 1.006_f64.powi(i32::try_from(run).unwrap()), 40);
        let text = text(&crept, 80);
        assert!(text.contains("↗ creeps by +0.6") && text.contains("over 40 runs"), "{text}");
        let json = to_json(&crept);
        assert_eq!(json["schema"], SCHEMA);
        let series = &json["series"][0];
        assert_eq!((&series["creep"]["runs"], &series["creep"]["is_worse"]), (&json!(40), &json!(true)));
        assert_eq!(series["points"].as_array().unwrap().len(), 40);
        assert_eq!(series["points"][7]["run_id"], "run-7");
    }
}
