//! The limits that the user wrote, each with its value and how far that is from it.

use super::super::terminal::{BAD, GOOD, columns, heading, padded, wrapped};
use crate::judge::thresholds::Limit;
use crate::metric::Unit;
use crate::plan::threshold::{Operator, Threshold, show_value};
use crate::units::Significant;
use std::io::{self, Write};

/// Before an expression.
const BEFORE: usize = 6;
/// Of the value, and of what is said of it.
const BEHIND: usize = 34;

/// Writes all of them.
pub(super) fn write(limits: &[Limit], width: usize, out: &mut dyn Write) -> io::Result<()> {
    if limits.is_empty() {
        return Ok(());
    }
    heading("thresholds", out)?;
    let most = width.saturating_sub(BEFORE + BEHIND);
    let lengths = limits.iter().map(|limit| columns(&limit.threshold.expression));
    let widest = lengths.filter(|length| *length <= most).max().unwrap_or(0);
    for limit in limits {
        let (mark, style) = if limit.held { ("✓", GOOD) } else { ("✗", BAD) };
        let indent = format!("    {style}{mark}{style:#} ");
        let expression = &limit.threshold.expression;
        if columns(expression) > widest {
            wrapped(width, &indent, expression, out)?;
            write!(out, "{:BEFORE$}{:widest$}", "", "")?;
        } else {
            write!(out, "{indent}{}", padded(expression, widest))?;
        }
        writeln!(out, "{}", said(limit))?;
    }
    Ok(())
}

fn said(limit: &Limit) -> String {
    let unit = limit.threshold.metric.unit();
    let actual = limit.actual.map_or("no data".to_owned(), |value| show_value(value, unit));
    let implicit = limit.threshold.implicit.then(|| "implicit".to_owned());
    let aborted = limit.aborted.as_ref().map(|aborted| {
        format!("ended the test: {} in {} s", show_value(aborted.value, unit), aborted.window.as_secs_f64())
    });
    let more: Vec<String> = [aborted.or_else(|| distance(limit)), implicit].into_iter().flatten().collect();
    let line = format!("  {actual:>10}  {}", more.join(", "));
    line.trim_end().to_owned()
}

/// From the limit, as a part of it, of ratios in points; `None` where that says nothing.
fn distance(limit: &Limit) -> Option<String> {
    let Threshold { operator, limit: bound, metric, .. } = &limit.threshold;
    let actual = limit.actual.filter(|actual| *actual != 0.0 && *bound != 0.0)?;
    let words = match (operator, limit.held) {
        (Operator::Equal, _) => return None,
        (_, true) => "to spare",
        (Operator::Less | Operator::AtMost, false) => "over",
        (Operator::Greater | Operator::AtLeast, false) => "short",
    };
    let away = (actual - bound).abs();
    Some(match metric.unit() {
        Unit::Ratio => format!("{} points {words}", Significant(away * 100.0)),
        _ if actual > 2.0 * bound => format!("{} times the limit", Significant(actual / bound)),
        _ => format!("{} % {words}", Significant(away / bound.abs() * 100.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, actual: Option<f64>) -> String {
        let threshold: Threshold = text.parse().unwrap();
        let held = actual.is_some_and(|value| threshold.holds(value));
        let limit =
            Limit { threshold, actual, instead: String::new(), held, aborted: None, stays_broken: false };
        let mut out = Vec::new();
        write(&[limit], 80, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines()
            .skip(2)
            .map(|line| line.split_once("m ").unwrap_or(("", line)).1.trim_end())
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn a_limit_says_how_far_away_the_value_is() {
        assert_eq!(line("p99 < 50ms", Some(40e6)), "p99 < 50ms       40 ms  20 % to spare");
        assert_eq!(line("p99 < 50ms", Some(75e6)), "p99 < 50ms       75 ms  50 % over");
        assert_eq!(line("throughput > 100/s", Some(80.0)), "throughput > 100/s        80/s  20 % short");
        assert_eq!(line("p99 < 50ms", Some(500e6)), "p99 < 50ms      500 ms  10 times the limit");
        assert_eq!(line("checks > 99%", Some(0.985)), "checks > 99%      98.5 %  0.500 points short");
        assert_eq!(line("errors < 1%", Some(0.0)), "errors < 1%         0 %");
        assert_eq!(line("errors <= 0%", Some(0.5)), "errors <= 0%        50 %");
        assert_eq!(line("checks > 99%", None), "checks > 99%     no data");
    }

    #[test]
    fn a_long_limit_stands_on_lines_of_its_own() {
        let long = "abort(\"p99{step=a step with quite a long name} < 20ms\", window = \"5s\")";
        assert_eq!(line(&long.replace('"', ""), Some(10e6)).matches('|').count(), 1);
    }
}
