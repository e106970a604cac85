//! Whether a session has another share of errors than its baseline: a finding, since thresholds are what errors fail by.
//!
//! The exact test of two binomial shares: given how many errors there are in all, each lies in the session with the chance that
//! the session has of all iterations (Przyborowski, Wilenski 1940, doi:10.1093/biomet/31.3-4.313). Errors come in clusters,
//! which that does not know of; so the share must also lie outside those of all recorded sessions.

use super::level::{Level, Rounds};
use crate::analyze::stats::binomial_at_least;

/// How often errors that come one by one may look changed.
const LEVEL: f64 = 0.001;

/// Of a test against its baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorChange {
    /// A ratio, of all sessions of the baseline.
    pub before: f64,
    /// A ratio.
    pub now: f64,
    /// One-sided, of a change in this direction.
    pub p_value: f64,
}

impl ErrorChange {
    /// `None` where nothing is known to have changed.
    pub fn of(rounds: &Rounds, level: &Level) -> Option<Self> {
        let (errors, all) = counts(rounds);
        let recorded: Vec<(u64, u64)> =
            level.sessions.iter().map(|session| counts(&session.rounds)).collect();
        let (errors_before, all_before) =
            recorded.iter().fold((0, 0), |(errors, all), one| (errors + one.0, all + one.1));
        let ratio = |errors: u64, all: u64| (all > 0).then(|| errors as f64 / all as f64);
        let (now, before) = (ratio(errors, all)?, ratio(errors_before, all_before)?);
        let ratios = || recorded.iter().filter_map(|(errors, all)| ratio(*errors, *all));
        let (here, there) = ((errors, all), (errors_before, all_before));
        let p_value = if now > before { p_of_more(here, there) } else { p_of_more(there, here) };
        let is_outside = ratios().all(|one| now > one) || ratios().all(|one| now < one);
        (is_outside && p_value <= LEVEL).then_some(ErrorChange { before, now, p_value })
    }
}

/// Whether these are more than the others, each of so many iterations, by more than errors that come one by one may.
pub fn are_more(these: (u64, u64), others: (u64, u64)) -> bool {
    p_of_more(these, others) <= LEVEL
}

fn p_of_more((errors, all): (u64, u64), (other_errors, other_all): (u64, u64)) -> f64 {
    binomial_at_least(errors, errors + other_errors, all as f64 / (all + other_all) as f64)
}

/// Errors, and all iterations.
fn counts(rounds: &Rounds) -> (u64, u64) {
    let errors: u64 = rounds.errors.iter().sum();
    (errors, errors + rounds.iterations())
}

#[cfg(test)]
mod tests {
    use super::super::level::SessionRecord;
    use super::*;

    fn rounds(errors: u64, succeeded: u64) -> Rounds {
        Rounds { errors: vec![errors], n: vec![succeeded], ..Rounds::default() }
    }

    fn change(now: (u64, u64), before: &[(u64, u64)]) -> Option<ErrorChange> {
        let session = |(errors, succeeded): &(u64, u64)| SessionRecord {
            rounds: rounds(*errors, *succeeded),
            ..SessionRecord::default()
        };
        let level = Level { sessions: before.iter().map(session).collect(), ..Level::default() };
        ErrorChange::of(&rounds(now.0, now.1), &level)
    }

    #[test]
    fn errors_beyond_chance_and_beyond_every_session_have_changed() {
        let found = change((20, 980), &[(0, 1000)]).unwrap();
        // All 20 in this half: 0.5²⁰.
        assert!((found.p_value - 0.5_f64.powi(20)).abs() < 1e-12 && found.now > found.before, "{found:?}");
        assert_eq!(change((3, 997), &[(0, 1000)]), None, "0.5³ is chance");
        assert_eq!(change((20, 980), &[(0, 1000), (25, 975), (0, 1000)]), None, "it happened before");
        let fewer = change((0, 1000), &[(30, 970), (40, 960)]).unwrap();
        assert!(fewer.now < fewer.before && fewer.p_value < 1e-6, "{fewer:?}");
        assert_eq!(change((0, 0), &[(30, 970)]), None, "nothing ran");
        assert_eq!(change((30, 970), &[]), None, "nothing was recorded");
    }
}
