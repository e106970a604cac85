//! Keys that change nothing on a test's kind of load.
//!
//! Decides nothing: whoever was given such a key by name refuses it, whoever lays it over many tests leaves it out.

use super::load::{Iterations, Load};
use super::search::SearchError;
use super::spec::PerfSpec;

/// A key that changes nothing on this kind of load, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Of arrivals.
    #[error("`think` is a pause of users; an open load's arrivals wait for nobody, so leave it out")]
    Think,
    /// Of arrivals.
    #[error("`pace` is a pause of users; an open load's arrivals wait for nobody, so leave it out")]
    Pace,
    /// Of users.
    #[error(
        "`arrivals` says how those of an open load stand to each other; users start when they are ready, so leave it out"
    )]
    Arrivals,
    /// Of users.
    #[error(
        "`max_in_flight` caps an open load; a closed one has as many in flight as `users`, so leave it out"
    )]
    MaxInFlight,
    /// Of users who never wait.
    #[error(
        "`precise` is for starts at an instant that is waited for; users without `think` or `pace` start at once, so leave \
         it out"
    )]
    Precise,
    /// Of users.
    #[error("`weight` splits the rate of a scenario; users have none, so leave it out")]
    Weight,
    /// Per user, of arrivals.
    #[error(
        "`iterations` per user need users, which an open load has none of; write a number for all of them"
    )]
    IterationsPerUser,
    /// Of a capacity search.
    #[error("{}", SearchError::Iterations)]
    IterationsOfSearch,
    /// Of a capacity search.
    #[error(
        "`rounds` slice a measured time; a capacity search measures levels instead, as long as its `.probe(…)` says, so leave \
         it out"
    )]
    RoundsOfSearch,
}

const ALL: [Misfit; 9] = [
    Misfit::Think,
    Misfit::Pace,
    Misfit::Arrivals,
    Misfit::MaxInFlight,
    Misfit::Precise,
    Misfit::Weight,
    Misfit::IterationsPerUser,
    Misfit::IterationsOfSearch,
    Misfit::RoundsOfSearch,
];

impl PerfSpec {
    /// Whether its load is one of users, who start again when they are done. Any other has arrivals.
    pub fn is_closed(&self) -> bool {
        self.load.as_ref().map_or(self.rate.is_none(), Load::is_closed)
    }

    /// Whether it searches for a capacity.
    pub fn is_search(&self) -> bool {
        self.load.as_ref().is_some_and(|load| load.search().is_some())
    }

    /// Which of the keys that it gives change nothing on its kind of load.
    pub fn misfits(&self) -> Vec<Misfit> {
        let (is_closed, is_search) = (self.is_closed(), self.is_search());
        let never_waits = self.think.is_none() && self.pace.is_none();
        let changes_nothing = |misfit: &Misfit| match misfit {
            Misfit::Think | Misfit::Pace => !is_closed,
            Misfit::Arrivals | Misfit::MaxInFlight | Misfit::Weight => is_closed,
            Misfit::Precise => is_closed && never_waits,
            Misfit::IterationsPerUser => !is_closed && !is_search,
            Misfit::IterationsOfSearch | Misfit::RoundsOfSearch => is_search,
        };
        ALL.into_iter().filter(|misfit| self.gives(*misfit)).filter(changes_nothing).collect()
    }

    /// Whether it says what would be the misfit.
    pub fn gives(&self, misfit: Misfit) -> bool {
        match misfit {
            Misfit::Think => self.think.is_some(),
            Misfit::Pace => self.pace.is_some(),
            Misfit::Arrivals => self.arrivals.is_some(),
            Misfit::MaxInFlight => self.max_in_flight.is_some(),
            Misfit::Precise => self.precise == Some(true),
            Misfit::Weight => self.weight.is_some(),
            Misfit::IterationsPerUser => matches!(self.iterations, Some(Iterations::PerUser(_))),
            Misfit::IterationsOfSearch => self.iterations.is_some(),
            Misfit::RoundsOfSearch => self.rounds.is_some(),
        }
    }

    /// The same without these.
    #[must_use]
    pub fn without(mut self, misfits: &[Misfit]) -> Self {
        for misfit in misfits {
            match misfit {
                Misfit::Think => self.think = None,
                Misfit::Pace => self.pace = None,
                Misfit::Arrivals => self.arrivals = None,
                Misfit::MaxInFlight => self.max_in_flight = None,
                Misfit::Precise => self.precise = None,
                Misfit::Weight => self.weight = None,
                Misfit::IterationsPerUser | Misfit::IterationsOfSearch => self.iterations = None,
                Misfit::RoundsOfSearch => self.rounds = None,
            }
        }
        self
    }

    /// The same for another load than it was written for: without what changes nothing on that.
    #[must_use]
    pub fn fitted(self) -> Self {
        let misfits = self.misfits();
        self.without(&misfits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Gives everything that some kind of load has no use for.
    fn everything(load: Load) -> PerfSpec {
        PerfSpec {
            load: Some(load),
            think: Some("1s".into()),
            pace: Some(Duration::from_secs(1)),
            arrivals: Some("poisson".into()),
            max_in_flight: Some(5),
            precise: Some(true),
            weight: Some(2.0),
            iterations: Some(Iterations::PerUser(3)),
            rounds: Some(4),
            ..PerfSpec::default()
        }
    }

    #[test]
    fn every_key_fits_one_kind_of_load_and_is_left_out_of_the_others() {
        use Misfit::{
            Arrivals, IterationsOfSearch, IterationsPerUser, MaxInFlight, Pace, Precise, RoundsOfSearch,
            Think, Weight,
        };
        let search = Load::capacity("p99 < 1s").from(1).up_to(2);
        for (load, misfits) in [
            (Load::rate(5).hold("1s"), vec![Think, Pace, IterationsPerUser]),
            (Load::users(5), vec![Arrivals, MaxInFlight, Weight]),
            (search, vec![Think, Pace, IterationsOfSearch, RoundsOfSearch]),
        ] {
            let spec = everything(load);
            assert_eq!(spec.misfits(), misfits);
            assert_eq!(spec.fitted().misfits(), []);
        }
        let restless = PerfSpec { think: None, pace: None, ..everything(Load::users(5)) };
        assert_eq!(restless.misfits(), [Arrivals, MaxInFlight, Precise, Weight]);
    }

    #[test]
    fn iterations_alone_are_of_users_and_a_rate_is_not() {
        let counted = PerfSpec { iterations: Some(Iterations::Shared(5)), ..PerfSpec::default() };
        assert!(counted.is_closed());
        assert!(!PerfSpec { rate: Some(5.0), ..counted }.is_closed());
    }
}
