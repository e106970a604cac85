//! A capacity search as people and programs read it: its answer in a sentence, then every level it looked at.

use super::terminal::{BAD, BOLD, DOUBT, GOOD, shortened, wrapped};
use crate::analyze::capacity::{Capacity, Held, Level};
use crate::units::{Latency, Significant};
use serde_json::{Value, json};
use std::io::{self, Write};

/// What stands before the verdict of a level.
const BEFORE_VERDICT: usize = 53;

/// Writes the sentence and the table, sorted by rate; looks at the same rate in the order they were taken.
pub fn write(capacity: &Capacity, width: usize, out: &mut dyn Write) -> io::Result<()> {
    wrapped(width, "  ", &capacity.to_string(), out)?;
    write!(
        out,
        "\n  {BOLD}{:<9}{BOLD:#} {:>9} {:>9} {:>9} {:>9}",
        "levels", "offered", "p50", "p99", "errors"
    )?;
    writeln!(out)?;
    let mut levels: Vec<&Level> = capacity.levels.iter().collect();
    levels.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    levels.into_iter().try_for_each(|level| row(level, width, out))
}

fn row(level: &Level, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let per_second = |rate: f64| format!("{}/s", Significant(rate));
    let latency = |ns: Option<f64>| ns.map_or("-".to_owned(), |ns| Latency(ns).to_string());
    let errors =
        level.error_ratio.map_or("-".to_owned(), |ratio| format!("{} %", Significant(ratio * 100.0)));
    let (rate, offered) = (per_second(level.rate), level.offered_per_s.map_or("-".to_owned(), per_second));
    let (p50, p99) = (latency(level.p50_ns), latency(level.p99_ns));
    let style = match level.held {
        Held::Kept => GOOD,
        Held::Broken => BAD,
        Held::Spoiled => DOUBT,
    };
    let verdict = shortened(&level.verdict(), width.saturating_sub(BEFORE_VERDICT));
    writeln!(out, "  {rate:>9} {offered:>9} {p50:>9} {p99:>9} {errors:>9}  {style}{verdict}{style:#}")
}

/// As it stands in `report.json`, the levels in the order they were measured.
pub fn of_capacity(capacity: &Capacity) -> Value {
    json!({
        "limits": capacity.limits,
        "rate_per_s": capacity.rate,
        "bound_by": capacity.bound_by.name(),
        "knee_per_s": capacity.knee().map(|knee| knee.rate),
        "levels": capacity.levels.iter().map(of_level).collect::<Vec<_>>(),
    })
}

fn of_level(level: &Level) -> Value {
    json!({
        "rate_per_s": level.rate,
        "offered_per_s": level.offered_per_s,
        "p50_ns": level.p50_ns,
        "p99_ns": level.p99_ns,
        "error_ratio": level.error_ratio,
        "held": level.held.name(),
        "broken": level.broken_limits,
        "target_cpu": level.target_cpu,
    })
}

#[cfg(test)]
mod tests {
    use super::super::example::without_codes;
    use super::*;
    use crate::analyze::capacity::Bound;

    fn level(rate: f64, held: Held, broken_limits: &[&str]) -> Level {
        Level {
            rate,
            offered_per_s: Some(rate * 0.999),
            p50_ns: Some(1.25e6),
            p99_ns: (held != Held::Spoiled).then_some(41e6),
            error_ratio: Some(0.0012),
            held,
            broken_limits: broken_limits.iter().map(ToString::to_string).collect(),
            target_cpu: None,
        }
    }

    fn capacity() -> Capacity {
        let levels = vec![
            level(1200.0, Held::Kept, &[]),
            level(2400.0, Held::Broken, &["p99 < 50ms (62.1 ms)", "errors < 1% (12.3 %)"]),
            level(1220.0, Held::Spoiled, &[]),
            level(1220.0, Held::Broken, &["p99 < 50ms (62.1 ms)"]),
            level(1200.0, Held::Kept, &[]),
        ];
        Capacity {
            limits: vec!["p99 < 50ms".to_owned()],
            rate: Some(1200.0),
            bound_by: Bound::Target,
            levels,
        }
    }

    #[test]
    fn the_table_is_sorted_by_rate_and_fits_the_terminal() {
        let mut out = Vec::new();
        write(&capacity(), 80, &mut out).unwrap();
        let text = without_codes(&String::from_utf8(out).unwrap());
        assert_eq!(
            text,
            "  capacity 1200/s (p99 < 50ms): kept twice; 1220/s broke p99 < 50ms (62.1 ms)

  levels      offered       p50       p99    errors
     1200/s    1199/s   1.25 ms     41 ms   0.120 %  kept
     1200/s    1199/s   1.25 ms     41 ms   0.120 %  kept
     1220/s    1219/s   1.25 ms         -   0.120 %  was the generator's limit
     1220/s    1219/s   1.25 ms     41 ms   0.120 %  broke p99 < 50ms (62.1 ms)
     2400/s    2398/s   1.25 ms     41 ms   0.120 %  broke p99 < 50ms (62.1 ms)…
"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn what_is_not_known_is_null() {
        let value = of_capacity(&capacity());
        assert_eq!((&value["rate_per_s"], &value["bound_by"]), (&json!(1200.0), &json!("target")));
        assert_eq!(value["knee_per_s"], Value::Null);
        let spoiled = &value["levels"][2];
        assert_eq!((&spoiled["held"], &spoiled["p99_ns"]), (&json!("spoiled"), &Value::Null));
        assert_eq!(value["levels"][3]["broken"], json!(["p99 < 50ms (62.1 ms)"]));
        assert_eq!(value["levels"].as_array().map(Vec::len), Some(5));
    }
}
