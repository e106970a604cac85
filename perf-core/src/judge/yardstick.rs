//! What a session's centre is held against: where unchanged sessions lie, and how far apart two of them may be.
//!
//! On the machine that was recorded, B is the mean of J sessions' centres, and the mean of k further ones is off it by
//! SE = s·√(1/k + 1/J), s moderated (`spread`).
//!
//! On a machine that was never recorded, B is the mean of the M other machines' means, and how far a machine is off it is
//! known from those means alone: SE² = v²·(1 + 1/M) + s²·(1/k − 1/n)⁺ with v their standard deviation, M − 1 degrees of
//! freedom, and n the harmonic mean of the numbers of their sessions. The second term is what k sessions vary more than
//! the n that v holds already. There is no prior for machines: with three of them only a large change can be found, and
//! the smallest detectable change says so.

use super::centre;
use super::level::{Level, SessionRecord};
use super::machines::Footing;
use super::spread::{Pool, RESOLUTION, Spread, Spreads, centres};
use crate::analyze::stats::{mean, squared_deviations};
use crate::metric::Metric;

/// Of one metric of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Yardstick {
    /// What is averaged: the centres of this machine's sessions, or the means of other machines. On the log scale.
    pub centres: Vec<f64>,
    /// Between sessions of one machine.
    pub spread: Spread,
    /// Where the centres are those of other machines.
    pub machines: Option<Machines>,
}

/// How other machines differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machines {
    /// The standard deviation of their means.
    pub spread: f64,
    /// The harmonic mean of the numbers of their sessions.
    pub sessions: f64,
}

impl Yardstick {
    /// For a machine; `None` where the level has nothing to compare it with.
    pub fn of(metric: &Metric, level: &Level, machine: Option<&str>, spreads: &Spreads) -> Option<Self> {
        let spread = Spread { prior: spreads.prior(metric), own: Pool::of(metric, level) };
        match Footing::of(level, machine) {
            Footing::Own(sessions) => {
                let centres = centres(metric, &sessions);
                (!centres.is_empty()).then_some(Yardstick { centres, spread, machines: None })
            }
            Footing::Others(machines) => across(metric, &machines, spread),
            Footing::TooFew { .. } => None,
        }
    }

    /// The mean of the centres.
    pub fn centre(&self) -> f64 {
        mean(&self.centres).unwrap_or(f64::NAN)
    }

    /// Of the standard errors.
    pub fn freedom(&self) -> f64 {
        match self.machines {
            None => self.spread.freedom(),
            Some(_) => self.centres.len() as f64 - 1.0,
        }
    }

    /// The standard error of the difference to the mean of `k` further sessions, on the log scale.
    pub fn error(&self, k: f64) -> f64 {
        let (within, count) = (self.spread.variance(), self.centres.len() as f64);
        let variance = match self.machines {
            None => within * (1.0 / k + 1.0 / count),
            Some(Machines { spread, sessions }) => {
                spread.powi(2) * (1.0 + 1.0 / count) + within * (1.0 / k - 1.0 / sessions).max(0.0)
            }
        };
        variance.sqrt()
    }
}

fn across(metric: &Metric, machines: &[Vec<&SessionRecord>], spread: Spread) -> Option<Yardstick> {
    let of_machine = |sessions: &Vec<&SessionRecord>| {
        let centres = centres(metric, sessions);
        mean(&centres).map(|mean| (mean, centres.len() as f64))
    };
    let (centres, counts): (Vec<f64>, Vec<f64>) = machines.iter().filter_map(of_machine).unzip();
    if centres.len() < super::machines::LEAST_MACHINES {
        return None;
    }
    let inverse: Vec<f64> = counts.iter().map(|count| 1.0 / count).collect();
    let deviation = (squared_deviations(&centres) / (centres.len() as f64 - 1.0)).sqrt();
    let machines = Machines { spread: deviation.max(RESOLUTION), sessions: 1.0 / mean(&inverse)? };
    Some(Yardstick { centres, spread, machines: Some(machines) })
}

/// The mean of the centres of sessions, and how many have one.
pub fn mean_centre(metric: &Metric, sessions: &[SessionRecord]) -> Option<(f64, f64)> {
    let centres: Vec<f64> =
        sessions.iter().filter_map(|session| centre::of(metric, &session.rounds)).collect();
    mean(&centres).map(|mean| (mean, centres.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::super::level::Rounds;
    use super::*;
    use crate::plan::gate::gated;

    fn level(sessions: &[(&str, f64)]) -> Level {
        let session = |(machine, log): &(&str, f64)| SessionRecord {
            machine: Some((*machine).to_owned()),
            rounds: Rounds {
                n: vec![100; 3],
                service_p50_ns: vec![Some(1e6 * log.exp()); 3],
                ..Rounds::default()
            },
            ..SessionRecord::default()
        };
        Level { sessions: sessions.iter().map(session).collect(), ..Level::default() }
    }

    fn yardstick(sessions: &[(&str, f64)], machine: &str) -> Option<Yardstick> {
        let metric = gated("p50", "5%").unwrap().metric;
        Yardstick::of(&metric, &level(sessions), Some(machine), &Spreads::default())
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_recorded_machine_is_held_against_itself() {
        let found = yardstick(&[("a", 0.0), ("a", 0.1), ("b", 5.0), ("b", 5.2)], "a").unwrap();
        assert!(near(found.centre(), 1e6_f64.ln() + 0.05), "{found:?}");
        // What the other machine's sessions vary counts all the same.
        let variance = (10.0 * 0.0009 + 0.005 + 0.02) / 12.0_f64;
        assert!(near(found.error(2.0), (variance * (0.5 + 0.5)).sqrt()) && near(found.freedom(), 12.0));
    }

    #[test]
    fn an_unseen_machine_is_held_against_what_machines_differ() {
        let sessions = [("a", 0.0), ("a", 0.0), ("b", 0.1), ("b", 0.1), ("c", 0.2), ("c", 0.2)];
        let found = yardstick(&sessions, "new").unwrap();
        assert!(near(found.centre(), 1e6_f64.ln() + 0.1) && near(found.freedom(), 2.0), "{found:?}");
        let between = 0.01 * (1.0 + 1.0 / 3.0_f64);
        assert!(near(found.error(2.0), between.sqrt()), "two sessions, as the others have");
        let within = 10.0 * 0.0009 / 13.0;
        assert!(near(found.error(1.0), (between + within * 0.5_f64).sqrt()), "one session varies more");
        assert_eq!(yardstick(&sessions[..4], "new"), None);
    }

    #[test]
    fn machines_that_agree_are_not_without_spread() {
        let found = yardstick(&[("a", 0.0), ("b", 0.0), ("c", 0.0)], "new").unwrap();
        assert!(found.error(2.0) >= RESOLUTION);
    }
}
