//! What a capacity search found: the highest rate that keeps its limits, and what stood in the way of a higher one.
//!
//! Holds and tells; `hunt` does the searching, and whoever drives it measures and judges each level.

use super::knee::Knee;
use crate::units::{Latency, Significant};
use std::fmt;

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// What had to hold at a level, as it was written.
    pub limits: Vec<String>,
    /// The highest rate that kept the limits at least twice more often than it broke them, per second; `None` where
    /// there was none. The capacity itself where `bound_by` is the target, else a lower bound of it.
    pub rate: Option<f64>,
    /// Why it is not higher.
    pub bound_by: Bound,
    /// Every level that was measured, in the order of measuring.
    pub levels: Vec<Level>,
}

/// What ended a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The target broke a limit just above; the only one that makes the rate comparable with that of another run.
    Target,
    /// The end of the range was kept.
    Range,
    /// Above, the generator would have been measured instead of the target.
    Generator,
    /// The target broke a limit at the lowest rate of the range already.
    NothingKept,
    /// The search was stopped, or its looks disagreed until it ran out of probes.
    Unsettled,
}

/// One look at one rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What was asked for, per second.
    pub rate: f64,
    /// What was started, per second of measured time.
    pub offered_per_s: Option<f64>,
    /// Median response time in nanoseconds; `None` where nothing was completed.
    pub p50_ns: Option<f64>,
    /// The same of p99.
    pub p99_ns: Option<f64>,
    /// Failed, timed out, dropped and interrupted to planned iterations, from 0 to 1.
    pub error_ratio: Option<f64>,
    /// Whether the limits were kept.
    pub held: Held,
    /// The limits that were not, each with its value: `p99 < 50ms (62.1 ms)`.
    pub broken_limits: Vec<String>,
    /// CPU time of the target per second of time: 1.5 is one core and a half. `None` where it is not known.
    pub target_cpu: Option<f64>,
}

/// Whether a level kept its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It did.
    Kept,
    /// The target broke one; also in a spoiled run, where service time alone breaks it.
    Broken,
    /// The generator was the bottleneck, which says nothing of the target: lag, a blocked worker, its core full.
    Spoiled,
}

impl Held {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Held::Kept => "kept",
            Held::Broken => "broken",
            Held::Spoiled => "spoiled",
        }
    }
}

impl Bound {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Target => "target",
            Bound::Range => "range",
            Bound::Generator => "generator",
            Bound::NothingKept => "nothing_kept",
            Bound::Unsettled => "unsettled",
        }
    }
}

impl Level {
    /// What came of it, in a few words: `broke p99 < 50ms (62.1 ms)`.
    pub fn verdict(&self) -> String {
        match self.held {
            Held::Kept => "kept".to_owned(),
            Held::Broken if self.broken_limits.is_empty() => "broke a limit".to_owned(),
            Held::Broken => format!("broke {}", self.broken_limits.join(", ")),
            Held::Spoiled => "was the generator's limit".to_owned(),
        }
    }
}

/// How often one rate kept its limits, and how often it broke them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looks {
    pub(super) kept: usize,
    pub(super) broken: usize,
}

impl Looks {
    pub(super) fn at(rate: f64, levels: &[Level]) -> Self {
        let count = |held| at(rate, levels).filter(|level| level.held == held).count();
        Looks { kept: count(Held::Kept), broken: count(Held::Broken) }
    }

    pub(super) fn count(self) -> usize {
        self.kept + self.broken
    }
}

/// Every look at one rate.
pub(super) fn at(rate: f64, levels: &[Level]) -> impl DoubleEndedIterator<Item = &Level> {
    levels.iter().filter(move |level| level.rate.total_cmp(&rate).is_eq())
}

impl Capacity {
    /// Where p99 starts to climb, over all levels at which the generator kept up.
    pub fn knee(&self) -> Option<Knee> {
        let valid = self.levels.iter().filter(|level| level.held != Held::Spoiled);
        Knee::of(valid.filter_map(|level| Some((level.rate, level.p99_ns?))))
    }

    /// The lowest level above the capacity that was so; the latest of several looks.
    fn next(&self, held: Held) -> Option<&Level> {
        let is_above = |level: &&Level| self.rate.is_none_or(|rate| level.rate > rate);
        let above = self.levels.iter().rev().filter(|level| level.held == held).filter(is_above);
        above.min_by(|a, b| a.rate.total_cmp(&b.rate))
    }

    fn how_often_kept(&self, rate: f64) -> String {
        match Looks::at(rate, &self.levels) {
            Looks { kept: 2, broken: 0 } => "kept twice".to_owned(),
            looks => format!("kept {} of {} times", looks.kept, looks.count()),
        }
    }

    fn why_not_more(&self) -> String {
        let (broken, spoiled) = (self.next(Held::Broken), self.next(Held::Spoiled));
        match self.bound_by {
            Bound::Target => said(broken),
            Bound::Range => "it is the end of the range, raise `up_to` to look further".to_owned(),
            Bound::Generator => format!(
                "{}, not the target's: give it more cores or `workers`, or shard the load",
                said(spoiled)
            ),
            Bound::NothingKept => {
                format!("{}, and nothing lower was to be tried; lower `from`", said(broken))
            }
            Bound::Unsettled => {
                let looked = match self.levels.len() {
                    1 => "one look".to_owned(),
                    looks => format!("{looks} looks"),
                };
                format!("{looked} left open what lies above; measure each level for longer with `probe`")
            }
        }
    }
}

fn said(level: Option<&Level>) -> String {
    level.map_or("a level broke a limit".to_owned(), |level| {
        format!("{} {}", shown(level.rate), level.verdict())
    })
}

fn shown(rate: f64) -> String {
    format!("{}/s", Significant(rate))
}

impl fmt::Display for Capacity {
    /// One paragraph: the rate, what makes it certain, why it is not higher, and the knee.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.bound_by == Bound::Target { "" } else { "at least " };
        let limits = self.limits.join(", ");
        match self.rate {
            Some(rate) => {
                let often = self.how_often_kept(rate);
                write!(f, "capacity {at_least}{} ({limits}): {often}; ", shown(rate))?;
            }
            None => write!(f, "capacity unknown ({limits}): ")?,
        }
        f.write_str(&self.why_not_more())?;
        match self.knee() {
            Some(Knee { rate, p99_ns }) => {
                write!(f, ". p99 starts to climb at {} ({})", shown(rate), Latency(p99_ns))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Held::{Broken, Kept, Spoiled};

    fn level(rate: f64, held: Held, p99_ms: f64) -> Level {
        let broken = if held == Held::Broken { vec![format!("p99 < 50ms ({p99_ms} ms)")] } else { vec![] };
        Level {
            rate,
            offered_per_s: Some(rate),
            p50_ns: Some(1e6),
            p99_ns: Some(p99_ms * 1e6),
            error_ratio: Some(0.0),
            held,
            broken_limits: broken,
            target_cpu: None,
        }
    }

    fn told(rate: Option<f64>, bound_by: Bound, levels: &[(f64, Held, f64)]) -> String {
        let levels = levels.iter().map(|(rate, held, p99_ms)| level(*rate, *held, *p99_ms)).collect();
        Capacity { limits: vec!["p99 < 50ms".to_owned()], rate, bound_by, levels }.to_string()
    }

    #[test]
    fn a_capacity_says_what_was_kept_and_what_was_not() {
        let levels =
            [(1240.0, Kept, 41.0), (1260.0, Broken, 58.0), (1260.0, Broken, 62.1), (1240.0, Kept, 44.0)];
        assert_eq!(
            told(Some(1240.0), Bound::Target, &levels),
            "capacity 1240/s (p99 < 50ms): kept twice; 1260/s broke p99 < 50ms (62.1 ms)"
        );
        let levels =
            [(5.0, Kept, 1.0), (5.0, Broken, 60.0), (5.0, Kept, 1.0), (5.0, Kept, 1.0), (6.0, Broken, 70.0)];
        assert_eq!(
            told(Some(5.0), Bound::Target, &levels),
            "capacity 5/s (p99 < 50ms): kept 3 of 4 times; 6/s broke p99 < 50ms (70 ms)"
        );
    }

    #[test]
    fn a_bound_that_is_not_the_target_says_what_to_do() {
        let kept = (6400.0, Kept, 9.0);
        let text = told(Some(6400.0), Bound::Range, &[kept, kept]);
        assert!(
            text.starts_with("capacity at least 6400/s (p99 < 50ms): kept twice; it is the end"),
            "{text}"
        );
        let text = told(Some(6400.0), Bound::Generator, &[kept, kept, (12800.0, Spoiled, 80.0)]);
        assert!(
            text.contains("at least 6400/s") && text.contains("; 12800/s was the generator's limit, not"),
            "{text}"
        );
        let text = told(None, Bound::Generator, &[(100.0, Spoiled, 80.0)]);
        assert!(text.contains("capacity unknown (p99 < 50ms): 100/s was the generator's"), "{text}");
        let text = told(None, Bound::NothingKept, &[(100.0, Broken, 80.0)]);
        assert!(text.contains("unknown (p99 < 50ms): 100/s broke p99 < 50ms (80 ms), and"), "{text}");
        let text = told(None, Bound::Unsettled, &[(100.0, Kept, 8.0)]);
        assert!(text.contains("one look left open") && text.contains("`probe`"), "{text}");
    }

    #[test]
    fn the_knee_is_told_of_levels_at_which_the_generator_kept_up() {
        let climb = [100.0, 200.0, 400.0, 800.0, 1000.0].map(|rate| (rate, Kept, 5.0));
        let levels = [&climb[..], &[(1600.0, Broken, 900.0)]].concat();
        let text = told(Some(1000.0), Bound::Target, &levels);
        assert!(text.ends_with("(900 ms). p99 starts to climb at 1000/s (5.00 ms)"), "{text}");
        let spoiled = [&climb[..], &[(1600.0, Spoiled, 900.0)]].concat();
        assert!(!told(Some(1000.0), Bound::Generator, &spoiled).contains("climb"));
    }
}
