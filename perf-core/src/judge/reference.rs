//! What a baseline says of the test at hand: a level to compare with, or why there is none.

use super::baseline::{Baseline, Recorded};
use super::centre;
use super::level::Level;
use super::machines::Footing;
use crate::measure::environment::Environment;
use crate::plan::Plan;
use std::collections::BTreeMap;

/// What a session is compared with.
#[derive(Clone, Debug)]
pub enum Reference {
    /// The newest level of this environment, of the same load.
    Level {
        /// The sessions.
        level: Level,
        /// Which one of the environment's levels, from 1.
        number: usize,
    },
    /// Nothing: this machine was never recorded, and fewer than three others were, so that nobody knows how much
    /// machines differ.
    OtherMachine {
        /// The sessions of the others.
        level: Level,
        /// How many others.
        machines: usize,
    },
    /// Nothing, for this reason, which differs from "none yet".
    NotComparable(String),
    /// Nothing was ever recorded.
    None,
    /// Nothing is to be compared: `baseline(off)`, or a profile that says so.
    Off,
}

impl Reference {
    /// Of a plan, in an environment.
    pub fn of(plan: &Plan, baseline: Option<&Baseline>, environment: &Environment) -> Self {
        match plan.gates.is_empty() {
            true => Reference::Off,
            false => Reference::of_config(&plan.config(), baseline, environment),
        }
    }

    /// Of a session that ran under this load, in an environment.
    pub fn of_config(
        config: &BTreeMap<String, String>,
        baseline: Option<&Baseline>,
        environment: &Environment,
    ) -> Self {
        let Some(baseline) = baseline.filter(|baseline| !baseline.environments.is_empty()) else {
            return Reference::None;
        };
        match baseline.environments.get(&environment.id) {
            Some(recorded) => of_levels(config.clone(), &recorded.levels, environment.machine.as_deref()),
            None => Reference::NotComparable(elsewhere(baseline, environment)),
        }
    }

    /// The level, where there is one.
    pub fn level(&self) -> Option<&Level> {
        match self {
            Reference::Level { level, .. } => Some(level),
            _ => None,
        }
    }

    /// How many hypotheses a test adds to its family.
    pub fn hypotheses(&self, plan: &Plan) -> usize {
        let comparable = |level: &Level| {
            plan.gates.iter().filter(|gate| centre::is_comparable(&gate.metric, level)).count()
        };
        self.level().map_or(0, comparable)
    }
}

fn of_levels(mut config: BTreeMap<String, String>, levels: &[Level], machine: Option<&str>) -> Reference {
    let Some(level) = levels.last() else {
        return Reference::None;
    };
    if let Some(hash) = level.config.get("hash") {
        config.insert("hash".to_owned(), hash.clone());
    }
    match level.differences(&config) {
        same if same.is_empty() => match Footing::of(level, machine) {
            Footing::TooFew { machines } => Reference::OtherMachine { level: level.clone(), machines },
            _ => Reference::Level { level: level.clone(), number: levels.len() },
        },
        differences => Reference::NotComparable(format!("the load differs: {}", differences.join("; "))),
    }
}

/// The recorded environment that is nearest to this one, and what differs.
fn elsewhere(baseline: &Baseline, environment: &Environment) -> String {
    let differences = |recorded: &Recorded| environment.class.differences(&recorded.class);
    let nearest = baseline.environments.values().map(differences).min_by_key(Vec::len).unwrap_or_default();
    format!("the environment differs: {}", nearest.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::level::{Rounds, SessionRecord};
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    fn plan(rate: f64) -> Plan {
        let spec =
            PerfSpec { rate: Some(rate), duration: Some(Duration::from_secs(10)), ..PerfSpec::default() };
        Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap()
    }

    fn environment(cores: usize, label: Option<&str>) -> Environment {
        Environment::example(&format!("{cores}{label:?}"), cores, label)
    }

    fn recorded() -> Baseline {
        let rounds = Rounds { n: vec![100], service_p50_ns: vec![Some(1e6)], ..Rounds::default() };
        let mut baseline = Baseline::empty("login");
        let session = SessionRecord { rounds, ..SessionRecord::default() };
        baseline.append(&environment(2, None), &plan(200.0).config(), session, false);
        baseline
    }

    fn why(plan: &Plan, environment: &Environment) -> String {
        match Reference::of(plan, Some(&recorded()), environment) {
            Reference::NotComparable(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_load_in_the_same_environment_is_comparable() {
        let plan = plan(200.0);
        let reference = Reference::of(&plan, Some(&recorded()), &environment(2, None));
        assert!(matches!(reference, Reference::Level { number: 1, .. }));
        // Of the two gated metrics, the one that 100 iterations say enough of.
        assert_eq!(reference.hypotheses(&plan), 1);
    }

    #[test]
    fn a_machine_that_was_never_recorded_needs_three_others() {
        let (plan, mut environment) = (plan(200.0), environment(2, None));
        let mut baseline = recorded();
        let levels = &mut baseline.environments.get_mut(&environment.id).unwrap().levels;
        levels[0].sessions[0].machine = Some("a".to_owned());
        let record = |machine: &str| SessionRecord {
            machine: Some(machine.to_owned()),
            ..levels[0].sessions[0].clone()
        };
        let others = ["b", "c"].map(record);
        let reference = |baseline: &Baseline, machine: &str| {
            let environment = Environment { machine: Some(machine.to_owned()), ..environment.clone() };
            Reference::of(&plan, Some(baseline), &environment)
        };
        assert!(matches!(reference(&baseline, "a"), Reference::Level { .. }));
        let unseen = reference(&baseline, "d");
        assert!(matches!(unseen, Reference::OtherMachine { machines: 1, .. }), "{unseen:?}");
        assert_eq!((unseen.hypotheses(&plan), unseen.level().is_none()), (0, true));
        baseline.environments.get_mut(&environment.id).unwrap().levels[0].sessions.extend(others);
        assert!(matches!(reference(&baseline, "d"), Reference::Level { .. }));
        environment.machine = None;
        assert!(matches!(Reference::of(&plan, Some(&baseline), &environment), Reference::Level { .. }));
    }

    #[test]
    fn another_load_or_environment_says_what_differs() {
        assert_eq!(
            why(&plan(300.0), &environment(2, None)),
            "the load differs: load open 200/s there, open 300/s here"
        );
        assert_eq!(
            why(&plan(200.0), &environment(8, None)),
            "the environment differs: cores 2 there, 8 here"
        );
        assert_eq!(
            why(&plan(200.0), &environment(2, Some("ci"))),
            "the environment differs: label none there, `ci` here"
        );
    }
}
