//! Tests that run at the same time as one mixed load.
//!
//! Pure: splits one rate among them by their weights; what a weight is of stays the test's own load.

use super::load::Load;
use super::spec::PerfSpec;

/// Gives each test its part of the rate they all name, flags included. Without weights every test keeps its own load.
pub fn split(scenario: &str, specs: &mut [&mut PerfSpec]) -> Result<(), ScenarioError> {
    let is_search = |spec: &&mut PerfSpec| spec.load.as_ref().is_some_and(|load| load.search().is_some());
    if specs.len() > 1 && specs.iter().any(is_search) {
        return Err(ScenarioError::Search(scenario.to_owned()));
    }
    let weights: Vec<Option<f64>> = specs.iter().map(|spec| spec.weight).collect();
    if weights.iter().all(Option::is_none) {
        return Ok(());
    }
    let named = |what: fn(&str) -> ScenarioError| Err(what(scenario));
    let Some(weights) = weights.into_iter().collect::<Option<Vec<f64>>>() else {
        return named(|scenario| ScenarioError::SomeWeights(scenario.to_owned()));
    };
    if weights.iter().any(|weight| !weight.is_finite() || *weight <= 0.0) {
        return named(|scenario| ScenarioError::Weight(scenario.to_owned()));
    }
    let is_same = |spec: &&mut PerfSpec| spec.rate == specs[0].rate && spec.load == specs[0].load;
    let is_rate = specs[0].rate.is_some() || specs[0].load.as_ref().is_some_and(Load::is_open);
    if !is_rate || !specs.iter().all(is_same) {
        return named(|scenario| ScenarioError::Rates(scenario.to_owned()));
    }
    let sum: f64 = weights.iter().sum();
    for (spec, weight) in specs.iter_mut().zip(weights) {
        let part = weight / sum;
        spec.rate = spec.rate.map(|rate| rate * part);
        let peak = |load: &Load| load.shape().map_or(0.0, |shape| shape.peak());
        spec.load = spec.load.take().map(|load| {
            let peak = peak(&load);
            load.peaking_at(peak * part)
        });
    }
    Ok(())
}

/// Why a rate cannot be split, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Some have one, some have none.
    #[error(
        "scenario `{0}`: some of its tests have a `weight` and some have none, as users never have; give all of them \
         one, or none"
    )]
    SomeWeights(String),
    /// Not above zero.
    #[error("scenario `{0}`: a `weight` is a number above zero")]
    Weight(String),
    /// Nothing in common to split.
    #[error(
        "scenario `{0}`: weights split one rate, so all of its tests must name the same `rate` or open `load`"
    )]
    Rates(String),
    /// It would search the capacity of the others' leavings.
    #[error("scenario `{0}`: a capacity search runs alone; take it out of the scenario")]
    Search(String),
    /// A name for two things.
    #[error("scenario `{0}` has the name of a perf test; rename one")]
    NameTaken(String),
    /// A set-up has one base URL.
    #[error(
        "scenario `{0}`: `{1}` and `{2}` share a `setup`, but not their `base_url`; name the same one, or a `setup` each"
    )]
    BaseUrls(String, String, String),
    /// What was made once is taken down once.
    #[error(
        "scenario `{0}`: `{1}` and `{2}` share a `setup`, but not their `teardown`; name the same one, or a `setup` each"
    )]
    Teardowns(String, String, String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::spec::{Overrides, Profile};

    fn spec(rate: f64, weight: Option<f64>) -> PerfSpec {
        PerfSpec { rate: Some(rate), weight, ..PerfSpec::default() }
    }

    fn rates(mut specs: Vec<PerfSpec>) -> Result<Vec<Option<f64>>, String> {
        split("shop", &mut specs.iter_mut().collect::<Vec<_>>()).map_err(|e| e.to_string())?;
        Ok(specs.iter().map(|spec| spec.rate).collect())
    }

    #[test]
    fn weights_split_one_rate() {
        let split = rates(vec![spec(100.0, Some(3.0)), spec(100.0, Some(1.0))]).unwrap();
        assert_eq!(split, [Some(75.0), Some(25.0)]);
        assert_eq!(rates(vec![spec(10.0, None), spec(20.0, None)]).unwrap(), [Some(10.0), Some(20.0)]);
        let load = Load::rate(0).ramp_to(100, "1s");
        let mut shaped =
            [1.0, 4.0].map(|w| PerfSpec { load: Some(load.clone()), weight: Some(w), ..PerfSpec::default() });
        super::split("shop", &mut shaped.iter_mut().collect::<Vec<_>>()).unwrap();
        assert_eq!(shaped[0].load.as_ref().unwrap().to_string(), "0..20 over 1s");
    }

    #[test]
    fn a_flag_is_split_as_the_tests_own_rate_is() {
        let load = Load::rate(0).ramp_to(100, "1s");
        let shaped = |load: &Load| PerfSpec { load: Some(load.clone()), ..PerfSpec::default() };
        let with = |flags: &Overrides, specs: [PerfSpec; 2]| -> Vec<String> {
            let mut weight = [1.0, 4.0].into_iter();
            let mut laid = specs.map(|spec| PerfSpec { weight: weight.next(), ..spec }.overridden(flags));
            split("shop", &mut laid.iter_mut().collect::<Vec<_>>()).unwrap();
            let shown = |spec: &PerfSpec| match (&spec.load, spec.rate) {
                (Some(load), _) => load.to_string(),
                (None, rate) => format!("{rate:?}"),
            };
            laid.iter().map(shown).collect()
        };
        let rates = || [spec(100.0, None), spec(100.0, None)];
        let rate = Overrides { rate: Some(500.0), ..Overrides::default() };
        assert_eq!(with(&rate, rates()), ["Some(100.0)", "Some(400.0)"]);
        assert_eq!(with(&rate, [shaped(&load), shaped(&load)]), ["0..100 over 1s", "0..400 over 1s"]);
        let whole = Overrides { load: Some(load), ..Overrides::default() };
        assert_eq!(with(&whole, rates()), ["0..20 over 1s", "0..80 over 1s"]);
        let smoke = Overrides { profile: Some(Profile::Smoke), ..Overrides::default() };
        assert_eq!(with(&smoke, rates()), ["1 user, 1 iteration", "1 user, 1 iteration"]);
        let users = Overrides { load: Some("users 3 for 1s".into()), ..Overrides::default() };
        assert_eq!(with(&users, rates()), ["3 users", "3 users"]);
    }

    #[test]
    fn what_cannot_be_split_says_why() {
        let error = |specs| rates(specs).unwrap_err();
        assert!(error(vec![spec(1.0, Some(1.0)), spec(1.0, None)]).contains("some have none"));
        assert!(error(vec![spec(1.0, Some(0.0)), spec(1.0, Some(1.0))]).contains("above zero"));
        assert!(error(vec![spec(1.0, Some(1.0)), spec(2.0, Some(1.0))]).contains("the same `rate`"));
        let users = PerfSpec { users: Some(1), weight: Some(1.0), ..PerfSpec::default() };
        assert!(error(vec![users]).contains("the same `rate`"));
    }
}
