//! What one peer made of one load: its rounds, and the medians of them.

use crate::count::Count;
use crate::load::Load;
use crate::peers::{Peer, Said};
use std::time::Duration;

/// One run.
#[derive(Debug)]
pub(crate) struct Round {
    /// Of the server.
    pub(crate) count: Count,
    /// Of the peer.
    pub(crate) cpu: Duration,
    /// Of the peer.
    pub(crate) peak_bytes: Option<u64>,
    /// By the peer.
    pub(crate) said: Said,
}

impl Round {
    /// Requests that a second of the generator's CPU time was good for.
    pub(crate) fn per_cpu_second(&self) -> Option<f64> {
        (!self.cpu.is_zero()).then(|| self.count.requests as f64 / self.cpu.as_secs_f64())
    }
}

/// All runs of one peer under one load, in order.
pub(crate) struct Entry<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) load: Load,
    pub(crate) rounds: Vec<Result<Round, String>>,
}

impl<'a> Entry<'a> {
    /// Without any run.
    pub(crate) fn of(peer: &'a Peer, load: Load) -> Self {
        Entry { peer, load, rounds: Vec::new() }
    }

    /// The median over the rounds that have the value.
    pub(crate) fn median(&self, value: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        median(self.rounds.iter().flatten().filter_map(value).collect())
    }

    /// Half the distance from the least to the greatest, as a part of the median.
    pub(crate) fn spread(&self, value: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        let values: Vec<_> = self.rounds.iter().flatten().filter_map(value).collect();
        let least = values.iter().copied().reduce(f64::min)?;
        let greatest = values.iter().copied().reduce(f64::max)?;
        Some((greatest - least) / 2.0 / median(values)?)
    }

    /// The median ratio to another's value in the same round.
    pub(crate) fn ratio(&self, to: &Entry<'_>, value: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        let value = |round: &Result<Round, String>| round.as_ref().ok().and_then(&value);
        let pairs = self.rounds.iter().zip(&to.rounds);
        median(pairs.filter_map(|(own, other)| Some(value(own)? / value(other)?)).collect())
    }

    /// What went wrong first, and how often anything did.
    pub(crate) fn failure(&self) -> Option<(&str, usize)> {
        let mut failures = self.rounds.iter().filter_map(|round| round.as_ref().err());
        failures.next().map(|first| (first.as_str(), 1 + failures.count()))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (lower, upper) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    fn round(cpu_ms: u64) -> Round {
        let count = Count { requests: 100, span_ns: 1, server_cpu_ns: 0 };
        Round { count, cpu: Duration::from_millis(cpu_ms), peak_bytes: None, said: Said::default() }
    }

    #[test]
    fn ratios_are_of_rounds_in_which_both_ran() {
        let entry = |rounds| Entry { peer: &crate::peers::ALL[0], load: Load::Closed, rounds };
        let own = entry(vec![Ok(round(10)), Err("late".to_owned()), Ok(round(40))]);
        let other = entry(vec![Ok(round(20)), Ok(round(1)), Ok(round(20))]);
        assert_eq!(own.ratio(&other, Round::per_cpu_second), Some(1.25));
        assert_eq!(own.failure(), Some(("late", 1)));
    }
}
