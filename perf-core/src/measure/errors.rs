//! Errors by category: how many, the first message, when.

use crate::error::Category;
use std::collections::BTreeMap;

/// The errors of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    /// How many.
    pub count: u64,
    /// What the earliest said.
    pub first_message: String,
    /// When the earliest happened, in nanoseconds since the start of the load.
    pub first_at: u64,
    /// When the latest did.
    pub last_at: u64,
}

/// All errors of a run or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(BTreeMap<Category, ErrorGroup>);

impl Errors {
    /// Counts `count` errors of one kind; the message is made only for the first.
    pub fn add(&mut self, category: Category, count: u64, at: u64, message: impl FnOnce() -> String) {
        let group = self.0.entry(category).or_insert_with(|| ErrorGroup {
            count: 0,
            first_message: message(),
            first_at: at,
            last_at: at,
        });
        group.count += count;
        group.last_at = group.last_at.max(at);
    }

    /// Counts the errors of another that began so many nanoseconds later as well.
    pub fn merge_later(&mut self, other: &Errors, later: u64) {
        for (category, theirs) in &other.0 {
            let (first_at, last_at) = (theirs.first_at + later, theirs.last_at + later);
            match self.0.get_mut(category) {
                None => {
                    self.0.insert(*category, ErrorGroup { first_at, last_at, ..theirs.clone() });
                }
                Some(ours) => ours.merge(theirs, first_at, last_at),
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Each category with its errors, those of the greatest count first.
    pub fn by_count(&self) -> Vec<(Category, &ErrorGroup)> {
        let mut groups: Vec<_> = self.0.iter().map(|(category, group)| (*category, group)).collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        groups
    }
}

impl ErrorGroup {
    fn merge(&mut self, other: &ErrorGroup, first_at: u64, last_at: u64) {
        self.count += other.count;
        self.last_at = self.last_at.max(last_at);
        if first_at < self.first_at {
            self.first_at = first_at;
            self.first_message.clone_from(&other.first_message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_message_is_kept_whoever_is_merged_first() {
        let mut late = Errors::default();
        late.add(Category::Connect, 2, 500, || "late".into());
        let mut early = Errors::default();
        early.add(Category::Connect, 1, 100, || "early".into());
        early.add(Category::Panic, 9, 300, || "oh".into());
        for (mut a, b) in [(late.clone(), early.clone()), (early, late)] {
            a.merge_later(&b, 0);
            let groups = a.by_count();
            assert_eq!(groups[0].0, Category::Panic);
            let connect = ErrorGroup { count: 3, first_message: "early".into(), first_at: 100, last_at: 500 };
            assert_eq!(groups[1], (Category::Connect, &connect));
        }
    }
}
