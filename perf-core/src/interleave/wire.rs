//! What a conductor and the test binaries of both sides say to each other: one JSON value a line.
//!
//! The base side may be older than the head side, so what a line may hold is pinned by [`PROTOCOL`].

use crate::analyze::Session;
use crate::analyze::findings::Severity;
use crate::judge::block::Side;
use crate::judge::level::Rounds;
use crate::measure::sparse::SparseHistogram;
use crate::metric::Metric;
use crate::plan::Plan;
use crate::plan::gate::Gated;
use crate::plan::threshold::Operator;
use crate::units::Ratio;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Changes with the meaning of anything below.
pub const PROTOCOL: u32 = 1;

/// The perf tests of one test target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Of the binary that printed it.
    pub protocol: u32,
    /// Of perf-harness in that binary.
    pub version: String,
    /// In the order they would run.
    pub tests: Vec<Listed>,
}

/// What there is to know of a perf test before it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// As libtest names it.
    pub name: String,
    /// Of a scenario, the tests that run at the same time; else empty.
    pub members: Vec<String>,
    /// Whether it runs only when it is asked for.
    pub is_ignored: bool,
    /// Whether its `setup` may start a target.
    pub has_setup: bool,
    /// Whether it searches for a capacity.
    pub is_search: bool,
    /// In words.
    pub load: String,
    /// What must be equal for two sides to be comparable.
    pub config: BTreeMap<String, String>,
    /// Each compared metric with its tolerance, a ratio.
    pub gates: Vec<(String, f64)>,
    /// The most errors that its limits allow, a ratio; `None` where they say nothing of it.
    pub most_errors: Option<f64>,
}

/// How a block goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tempo {
    /// Which block of the test; its arrivals are drawn by it.
    pub block: u32,
    /// How many rounds.
    pub rounds: u32,
    /// The load of one round, in nanoseconds.
    pub round_ns: u64,
    /// Load before the first one, in nanoseconds.
    pub warmup_ns: u64,
    /// Engine threads; `None`: as the test has it.
    pub workers: Option<u32>,
}

/// To a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// To set everything up, and wait.
    Begin(Tempo),
    /// To offer the warm-up, and come to rest.
    Warm,
    /// To offer one round, and come to rest.
    Round,
    /// To tear everything down, and give the numbers.
    Finish,
}

/// From a side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// First of all.
    Hello {
        /// Of the process, so that nobody else is taken for it.
        pid: u32,
    },
    /// Set up, and at rest.
    Ready {
        /// Where the target is, where relative addresses have a base.
        base_url: Option<String>,
    },
    /// What was ordered is over, and nothing is in flight.
    Rested,
    /// The warm-up showed that so many workers are needed; the block is of no use.
    MoreWorkers(u32),
    /// Of the whole block.
    Numbers(Box<Numbers>),
    /// There are none.
    Failed {
        /// For people.
        reason: String,
        /// Whether `setup` wanted an address that was in use.
        is_address_taken: bool,
    },
}

/// What one side did in a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// In the order they ran.
    pub rounds: Rounds,
    /// Service times of succeeded iterations, round by round.
    pub service: Vec<SparseHistogram>,
    /// Iterations that fell due.
    pub planned: u64,
    /// By category, the most frequent first.
    pub errors: Vec<Errors>,
    /// How the generator was the bottleneck, where it was.
    pub spoiled: Vec<String>,
}

/// The errors of one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// As reports write it.
    pub category: String,
    /// How many.
    pub count: u64,
    /// What the earliest said.
    pub first_message: String,
}

impl Listed {
    /// Of a test that is a trial of its own, or of several that run as one.
    pub fn of(name: &str, plans: &[Plan], is_ignored: bool, has_setup: bool) -> Self {
        let first = plans.first();
        // No test has the name of its scenario.
        let of_scenario = plans.iter().map(|plan| plan.name.clone()).filter(|member| member != name);
        Listed {
            name: name.to_owned(),
            members: of_scenario.collect(),
            is_ignored,
            has_setup,
            is_search: first.is_some_and(|plan| plan.load.search().is_some()),
            load: first.map(Plan::description).unwrap_or_default(),
            config: first.map(Plan::config).unwrap_or_default(),
            gates: first.map(|plan| plan.gates.iter().map(told).collect()).unwrap_or_default(),
            most_errors: first.and_then(most_errors),
        }
    }

    /// Of the test, or of those of the scenario.
    pub fn names(self) -> Vec<String> {
        if self.members.is_empty() { vec![self.name] } else { self.members }
    }

    /// The compared metrics. What another version would compare, and this one does not know, is left out.
    pub fn gated(&self) -> Vec<Gated> {
        let read = |(metric, tolerance): &(String, f64)| {
            Some(Gated { metric: metric.parse().ok()?, tolerance: Ratio::new(*tolerance)? })
        };
        self.gates.iter().filter_map(read).collect()
    }
}

fn told(gate: &Gated) -> (String, f64) {
    (gate.metric.to_string(), gate.tolerance.get())
}

fn most_errors(plan: &Plan) -> Option<f64> {
    let limits = plan.thresholds.iter().filter(|limit| limit.metric == Metric::Errors);
    let upper = limits.filter(|limit| matches!(limit.operator, Operator::Less | Operator::AtMost));
    upper.map(|limit| limit.limit).reduce(f64::min)
}

impl Tempo {
    /// The load of one round.
    pub fn round(&self) -> Duration {
        Duration::from_nanos(self.round_ns)
    }

    /// The load of one side.
    pub fn length(&self) -> Duration {
        self.round() * self.rounds
    }

    /// Load before the first round.
    pub fn warmup(&self) -> Duration {
        Duration::from_nanos(self.warmup_ns)
    }
}

impl Numbers {
    /// Of a block that was played to its end.
    pub fn of(plan: &Plan, session: Session) -> Self {
        let Session { recording, summary, findings, .. } = session;
        let errors = summary.errors.iter().map(|(category, group)| Errors {
            category: category.name().to_owned(),
            count: group.count,
            first_message: group.first_message.clone(),
        });
        // All users of a closed load begin a round at once, and what they wait for their turn is no service time.
        let is_expected = |kind: &str| plan.load.is_closed() && kind == "generator_lag";
        let invalid = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Invalid && !is_expected(finding.kind));
        Numbers {
            rounds: Rounds::of(&summary),
            errors: errors.collect(),
            planned: summary.counts.planned,
            spoiled: invalid.map(ToString::to_string).collect(),
            service: recording.rounds.into_iter().map(|round| round.service).collect(),
        }
    }

    /// Iterations that did not succeed.
    pub fn error_count(&self) -> u64 {
        self.errors.iter().map(|errors| errors.count).sum()
    }

    /// As it is judged.
    pub fn into_side(self) -> Side {
        Side { rounds: self.rounds, service: self.service }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::Load;
    use crate::plan::spec::{Overrides, PerfSpec};

    fn line<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn lines_are_pinned() {
        let tempo = Tempo { block: 2, rounds: 3, round_ns: 500, warmup_ns: 100, workers: None };
        assert_eq!(
            line(&Order::Begin(tempo)),
            r#"{"begin":{"block":2,"rounds":3,"round_ns":500,"warmup_ns":100,"workers":null}}"#
        );
        assert_eq!(line(&Order::Round), r#""round""#);
        assert_eq!(line(&Answer::Hello { pid: 7 }), r#"{"hello":{"pid":7}}"#);
        let failed = Answer::Failed { reason: "no".into(), is_address_taken: true };
        assert_eq!(line(&failed), r#"{"failed":{"reason":"no","is_address_taken":true}}"#);
        assert_eq!(serde_json::from_str::<Answer>(&line(&failed)).unwrap(), failed);
    }

    #[test]
    fn gates_and_limits_survive_the_way() {
        let spec = PerfSpec {
            load: Some(Load::users(2).hold("1s")),
            thresholds: vec!["errors < 0.5%".into(), "p99 < 1s".into()],
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        let listed = Listed::of("test", std::slice::from_ref(&plan), false, true);
        let back: Listed = serde_json::from_str(&line(&listed)).unwrap();
        assert_eq!((back.gated(), back.most_errors), (plan.gates.clone(), Some(0.005)));
        assert!(!back.is_search && back.has_setup);
        assert_eq!(back.names(), ["test"]);
        let scenario = Listed::of("both", &[plan.clone(), plan], false, true);
        assert_eq!(scenario.names(), ["test", "test"]);
    }
}
