//! When a condition that holds is news: once, until it has not held for as long as its window.

use crate::measure::window::Interval;
use crate::plan::threshold::{Threshold, show_value};
use std::time::Duration;

/// One that is looked at every second.
pub(super) struct Condition {
    threshold: Threshold,
    window: Duration,
    episode: Option<Episode>,
}

/// From the first window in which a condition holds to the last.
struct Episode {
    /// How many looks ago it held.
    quiet: u64,
}

/// A condition that began to hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) condition: Threshold,
    /// Where the window ended, from the start of measuring.
    pub(super) at: Duration,
    pub(super) window: Duration,
    pub(super) value: f64,
}

impl Held {
    /// `p99 > 200ms holds, 312 ms in the last 5 s`
    pub(super) fn message(&self) -> String {
        let Threshold { expression, metric, .. } = &self.condition;
        let value = show_value(self.value, metric.unit());
        format!("{expression} holds, {value} in the last {} s", self.window.as_secs_f64())
    }
}

impl Condition {
    pub(super) fn of(threshold: Threshold, window: Duration) -> Self {
        Condition { threshold, window, episode: None }
    }

    /// At a whole window, every second; says when an episode begins.
    pub(super) fn look(&mut self, interval: &Interval, at: Duration) -> Option<Held> {
        let value = interval.value(&self.threshold.metric, self.window);
        let value = value.filter(|value| self.threshold.holds(*value));
        let is_news = self.step(value.is_some());
        let (condition, window) = (&self.threshold, self.window);
        value.filter(|_| is_news).map(|value| Held { condition: condition.clone(), at, window, value })
    }

    /// Without data it does not hold.
    fn step(&mut self, holds: bool) -> bool {
        let is_news = holds && self.episode.is_none();
        let quiet = match &self.episode {
            _ if holds => Some(0),
            Some(episode) => Some(episode.quiet + 1),
            None => None,
        };
        self.episode = quiet.filter(|quiet| *quiet < self.window.as_secs()).map(|quiet| Episode { quiet });
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which looks it is told, of such as hold (`#`) and such as do not (`.`).
    fn told(window: u64, looks: &str) -> Vec<usize> {
        let mut condition = Condition::of("errors > 1%".parse().unwrap(), Duration::from_secs(window));
        let news = looks.chars().enumerate().filter(|(_, look)| condition.step(*look == '#'));
        news.map(|(number, _)| number).collect()
    }

    #[test]
    fn a_condition_is_told_once_until_it_has_not_held_for_a_window() {
        assert_eq!(told(3, "..####"), [2]);
        assert_eq!(told(3, "#.#..#...#"), [0, 9]);
        assert_eq!(told(3, "#..#..#..#"), [0], "it never rested for three");
        assert_eq!(told(1, "#.#.##"), [0, 2, 4]);
        assert_eq!(told(2, "....."), [0; 0]);
    }
}
