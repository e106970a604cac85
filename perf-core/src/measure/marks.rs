//! What a test function says by name: steps, checks, tags, and quantities of its own.

use super::custom::{Custom, Reading};
use super::histogram::Histogram;
use super::message::normalised;
use super::sample::{Ending, Sample};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Of one test: a name that is made anew in each iteration would fill the memory.
pub const MOST_NAMES: usize = 100;

/// Mostly known at compile time.
pub type Name = Cow<'static, str>;

/// Everything that has a name, up to [`MOST_NAMES`] of it.
#[derive(Debug, Default)]
pub struct Marks {
    /// Times of parts of iterations.
    pub steps: BTreeMap<Name, Step>,
    /// Conditions that held or did not.
    pub checks: BTreeMap<Name, Check>,
    /// Quantities.
    pub metrics: BTreeMap<Name, Custom>,
    /// Iterations by what they were tagged with.
    pub tags: BTreeMap<(Name, Name), Tagged>,
    /// What was said under one name too many.
    pub refused: Refused,
}

/// A named part of an iteration.
#[derive(Debug, Default)]
pub struct Step {
    /// How often it began.
    pub started: u64,
    /// How often it was given up with its iteration.
    pub interrupted: u64,
    /// How long it took, where it came to its end.
    pub duration: Histogram,
}

/// A named condition.
#[derive(Clone, Copy, Debug, Default)]
pub struct Check {
    /// How often it was true.
    pub held: u64,
    /// How often it was false.
    pub broken: u64,
}

/// Iterations with a tag.
#[derive(Clone, Debug, Default)]
pub struct Tagged {
    /// How many succeeded.
    pub succeeded: u64,
    /// How many did not.
    pub failed: u64,
    /// Of all of them.
    pub response: Histogram,
}

/// What counts nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// How often something was said under a name too many.
    pub names: u64,
    /// The first of these names.
    pub first: Option<String>,
    /// How often a quantity was not of the kind that it was the first time.
    pub kinds: u64,
    /// The first such quantity.
    pub first_kind: Option<String>,
}

/// What the test function said during one iteration.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A step that took so many nanoseconds, or was given up.
    Step(Name, Option<u64>),
    /// A check.
    Check(Name, bool),
    /// A reading of a quantity.
    Metric(Name, Reading),
    /// What the iteration is one of.
    Tag(Name, Name),
}

impl Marks {
    /// Counts one of an iteration that ended at this instant.
    pub fn add(&mut self, mark: Mark, sample: &Sample, at: u64) {
        let has_room = self.names() < MOST_NAMES;
        match mark {
            Mark::Step(name, duration) => match entry(&mut self.steps, name, has_room) {
                Ok(step) => step.add(duration),
                Err(name) => self.refused.add_name(1, &name),
            },
            Mark::Check(name, held) => match entry(&mut self.checks, name, has_room) {
                Ok(check) => check.add(held),
                Err(name) => self.refused.add_name(1, &name),
            },
            Mark::Metric(name, reading) => self.read(&name, reading, at, has_room),
            Mark::Tag(name, value) => match entry(&mut self.tags, (name, value), has_room) {
                Ok(tagged) => tagged.add(sample),
                Err((name, value)) => self.refused.add_name(1, &format!("{name}={value}")),
            },
        }
    }

    fn read(&mut self, name: &Name, reading: Reading, at: u64, has_room: bool) {
        if !has_room && !self.metrics.contains_key(name) {
            return self.refused.add_name(1, name);
        }
        let refused = &mut self.refused;
        let custom = self.metrics.entry(name.clone()).or_insert_with(|| Custom::like(reading));
        match custom.takes(reading) {
            true => custom.add(reading, at),
            false => refused.add_kind(1, name),
        }
    }

    fn names(&self) -> usize {
        self.steps.len() + self.checks.len() + self.metrics.len() + self.tags.len()
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: &Marks) {
        for (name, theirs) in &other.steps {
            let has_room = self.names() < MOST_NAMES;
            match entry(&mut self.steps, name.clone(), has_room) {
                Ok(ours) => ours.merge(theirs),
                Err(name) => self.refused.add_name(theirs.started, &name),
            }
        }
        for (name, theirs) in &other.checks {
            let has_room = self.names() < MOST_NAMES;
            match entry(&mut self.checks, name.clone(), has_room) {
                Ok(ours) => ours.merge(*theirs),
                Err(name) => self.refused.add_name(theirs.held + theirs.broken, &name),
            }
        }
        for (name, theirs) in other.metrics.iter().filter(|(_, theirs)| theirs.count > 0) {
            self.merge_metric(name, theirs);
        }
        for (tag, theirs) in &other.tags {
            let has_room = self.names() < MOST_NAMES;
            match entry(&mut self.tags, tag.clone(), has_room) {
                Ok(ours) => ours.merge(theirs),
                Err((name, value)) => {
                    self.refused.add_name(theirs.succeeded + theirs.failed, &format!("{name}={value}"));
                }
            }
        }
        self.refused.merge(&other.refused);
    }

    fn merge_metric(&mut self, name: &Name, theirs: &Custom) {
        let has_room = self.names() < MOST_NAMES;
        match self.metrics.get_mut(name) {
            Some(ours) if (ours.kind, ours.unit) == (theirs.kind, theirs.unit) => ours.merge(theirs),
            Some(_) => self.refused.add_kind(theirs.count, name),
            None if has_room => drop(self.metrics.insert(name.clone(), theirs.clone())),
            None => self.refused.add_name(theirs.count, name),
        }
    }

    /// Forgets everything, keeps names and memory.
    pub fn clear(&mut self) {
        for step in self.steps.values_mut() {
            (step.started, step.interrupted) = (0, 0);
            step.duration.clear();
        }
        self.checks.values_mut().for_each(|check| *check = Check::default());
        self.metrics.values_mut().for_each(Custom::clear);
        for tagged in self.tags.values_mut() {
            (tagged.succeeded, tagged.failed) = (0, 0);
            tagged.response.clear();
        }
        self.refused = Refused::default();
    }

    /// The names that there are too many of, without what differs among them: the most frequent pattern, and how many have it.
    pub fn culprit(&self) -> Option<(String, usize)> {
        let tags = self.tags.keys().map(|(name, value)| format!("{name}={value}"));
        let names = self.steps.keys().chain(self.checks.keys()).chain(self.metrics.keys());
        let mut patterns: BTreeMap<String, usize> = BTreeMap::new();
        for name in names.map(ToString::to_string).chain(tags) {
            *patterns.entry(normalised(&name)).or_default() += 1;
        }
        patterns.into_iter().max_by_key(|(_, count)| *count)
    }
}

/// The one of this key, a new one where there is room; else the key again.
fn entry<K: Ord, V: Default>(map: &mut BTreeMap<K, V>, key: K, has_room: bool) -> Result<&mut V, K> {
    match has_room || map.contains_key(&key) {
        true => Ok(map.entry(key).or_default()),
        false => Err(key),
    }
}

impl Step {
    fn add(&mut self, duration: Option<u64>) {
        self.started += 1;
        match duration {
            Some(ns) => self.duration.record(ns),
            None => self.interrupted += 1,
        }
    }

    fn merge(&mut self, other: &Step) {
        self.started += other.started;
        self.interrupted += other.interrupted;
        self.duration.merge(&other.duration);
    }
}

impl Check {
    fn add(&mut self, held: bool) {
        self.held += u64::from(held);
        self.broken += u64::from(!held);
    }

    /// Adds the other's.
    pub fn merge(&mut self, other: Check) {
        self.held += other.held;
        self.broken += other.broken;
    }
}

impl Tagged {
    fn add(&mut self, sample: &Sample) {
        let has_succeeded = matches!(sample.ending, Ending::Succeeded);
        self.succeeded += u64::from(has_succeeded);
        self.failed += u64::from(!has_succeeded);
        self.response.record(sample.response());
    }

    fn merge(&mut self, other: &Tagged) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.response.merge(&other.response);
    }
}

impl Refused {
    fn add_name(&mut self, count: u64, name: &str) {
        self.names += count;
        self.first.get_or_insert_with(|| name.to_owned());
    }

    fn add_kind(&mut self, count: u64, name: &str) {
        self.kinds += count;
        self.first_kind.get_or_insert_with(|| name.to_owned());
    }

    fn merge(&mut self, other: &Refused) {
        self.names += other.names;
        self.kinds += other.kinds;
        self.first = self.first.take().or_else(|| other.first.clone());
        self.first_kind = self.first_kind.take().or_else(|| other.first_kind.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ending: Ending) -> Sample {
        Sample::example(5, ending)
    }

    fn said(marks: &mut Marks, mark: Mark) {
        marks.add(mark, &sample(Ending::Succeeded), 1);
    }

    #[test]
    fn a_name_made_anew_in_each_iteration_is_refused_and_the_culprit_is_named() {
        let mut worker = Marks::default();
        said(&mut worker, Mark::Step("login".into(), Some(5)));
        for order in 0..500 {
            said(&mut worker, Mark::Step(format!("order-{order}").into(), Some(5)));
        }
        said(&mut worker, Mark::Step("login".into(), None));
        assert_eq!((worker.steps.len(), worker.refused.names), (MOST_NAMES, 401));
        let mut whole = Marks::default();
        whole.merge(&worker);
        let mut other = Marks::default();
        said(&mut other, Mark::Check("other".into(), true));
        whole.merge(&other);
        assert_eq!((whole.steps["login"].started, whole.refused.names), (2, 402));
        assert_eq!(whole.refused.first.as_deref(), Some("order-99"));
        assert_eq!(whole.culprit(), Some(("order-<n>".into(), 99)));
    }

    #[test]
    fn a_quantity_is_of_one_kind() {
        let mut marks = Marks::default();
        said(&mut marks, Mark::Metric("cart".into(), Reading::Count(3)));
        said(&mut marks, Mark::Metric("cart".into(), Reading::Level(7.0)));
        assert_eq!((marks.metrics["cart"].value(None), marks.refused.kinds), (Some(3.0), 1));
        assert_eq!(marks.refused.first_kind.as_deref(), Some("cart"));
    }

    #[test]
    fn iterations_are_told_apart_by_their_tags() {
        let mut marks = Marks::default();
        let tag = |value: &'static str| Mark::Tag("cache".into(), value.into());
        said(&mut marks, tag("hit"));
        said(&mut marks, tag("hit"));
        marks.add(tag("miss"), &sample(Ending::TimedOut), 1);
        let counts = |value: &'static str| {
            let tagged = &marks.tags[&("cache".into(), value.into())];
            (tagged.succeeded, tagged.failed, tagged.response.count())
        };
        assert_eq!((counts("hit"), counts("miss")), ((2, 0, 2), (0, 1, 1)));
    }
}
