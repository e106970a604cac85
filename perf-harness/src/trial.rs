//! What libtest runs as one: a perf test, or all tests of one scenario.

use crate::registry::Registration;
use perf_core::plan::scenario::{self, ScenarioError};
use perf_core::plan::spec::{Overrides, PerfSpec};
use perf_core::plan::{Plan, PlanError};
use std::collections::BTreeMap;

/// A perf test with everything that was asked of it.
pub(crate) struct Entry {
    pub(crate) registration: &'static Registration,
    pub(crate) name: String,
    pub(crate) spec: PerfSpec,
}

/// One line of libtest.
pub(crate) struct PerfTrial {
    /// The test's, or the scenario's.
    pub(crate) name: String,
    pub(crate) members: Vec<Entry>,
}

impl PerfTrial {
    /// Whether none of it is to run unless asked for.
    pub(crate) fn is_ignored(&self) -> bool {
        self.members.iter().all(|member| member.spec.ignore.is_some())
    }

    pub(crate) fn has_any_tag(&self, tags: &[String]) -> bool {
        self.members.iter().any(|member| member.spec.has_any_tag(tags))
    }

    /// The names that select it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let of_members = self.members.iter().map(|member| member.name.as_str());
        std::iter::once(self.name.as_str()).chain(of_members.filter(|name| *name != self.name))
    }

    /// One plan for each member; every mistake at once.
    pub(crate) fn plans(&self, target: &str, flags: &Overrides) -> Result<Vec<Plan>, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut plans = Vec::new();
        for Entry { registration, name, spec } in &self.members {
            let told =
                |error: &PlanError| format!("{}:{}: {name}: {error}", registration.file, registration.line);
            match Plan::resolve(name, target, spec, flags) {
                Ok(plan) => plans.push(plan),
                Err(wrong) => mistakes.extend(wrong.iter().map(told)),
            }
        }
        if mistakes.is_empty() { Ok(plans) } else { Err(mistakes) }
    }
}

/// Puts the tests of each scenario together, and splits the rates that they share. Sorted by name.
pub(crate) fn grouped(entries: Vec<Entry>) -> Result<Vec<PerfTrial>, Vec<String>> {
    let (mut trials, mut scenarios) = (Vec::new(), BTreeMap::<String, Vec<Entry>>::new());
    for entry in entries {
        match &entry.spec.scenario {
            Some(scenario) => scenarios.entry(scenario.to_string()).or_default().push(entry),
            None => trials.push(PerfTrial { name: entry.name.clone(), members: vec![entry] }),
        }
    }
    let mut mistakes = Vec::new();
    for (name, mut members) in scenarios {
        let mut specs: Vec<&mut PerfSpec> = members.iter_mut().map(|member| &mut member.spec).collect();
        mistakes.extend(scenario::split(&name, &mut specs).err());
        if trials.iter().any(|trial| trial.name == name) {
            mistakes.push(ScenarioError::NameTaken(name.clone()));
        }
        trials.push(PerfTrial { name, members });
    }
    trials.sort_by(|a, b| a.name.cmp(&b.name));
    if mistakes.is_empty() { Ok(trials) } else { Err(mistakes.iter().map(ToString::to_string).collect()) }
}
