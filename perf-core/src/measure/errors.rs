//! Errors by category and by what they said: how many, when, and one example of each.

use super::message::normalised;
use crate::error::Category;
use std::collections::BTreeMap;

/// Of one category; what is said beyond them is counted together.
const MOST_MESSAGES: usize = 20;
const OTHER_MESSAGES: &str = "(other messages)";

/// The errors of one category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorGroup {
    /// How many.
    pub count: u64,
    /// What the earliest said.
    pub first_message: String,
    /// When the earliest happened, in nanoseconds since the start of the load.
    pub first_at: u64,
    /// When the latest did.
    pub last_at: u64,
    /// By message, without the numbers in it that differ from error to error.
    pub messages: BTreeMap<String, Said>,
}

/// Errors that said the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How many.
    pub count: u64,
    /// When the earliest happened, in nanoseconds since the start of the load.
    pub first_at: u64,
    /// When the latest did.
    pub last_at: u64,
    /// The whole message of the earliest.
    pub example: String,
}

/// All errors of a run or a part of it.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    groups: BTreeMap<Category, ErrorGroup>,
    /// The last message as it was and as it is grouped: most errors say what the one before said.
    last: Option<(String, String)>,
}

impl Errors {
    /// Counts `count` errors that said the same.
    pub fn add(&mut self, category: Category, count: u64, at: u64, message: &str) {
        let group = match &self.last {
            Some((raw, group)) if raw == message => group,
            _ => &self.last.insert((message.to_owned(), normalised(message))).1,
        };
        let said = Said { count, first_at: at, last_at: at, example: message.to_owned() };
        self.groups.entry(category).or_default().merge(group, &said);
    }

    /// Counts the errors of another that began so many nanoseconds later as well.
    pub fn merge_later(&mut self, other: &Errors, later: u64) {
        for (category, theirs) in &other.groups {
            let ours = self.groups.entry(*category).or_default();
            for (message, said) in &theirs.messages {
                let (first_at, last_at) = (said.first_at + later, said.last_at + later);
                ours.merge(message, &Said { first_at, last_at, ..said.clone() });
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.groups.clear();
    }

    /// How many there are of each category.
    pub fn counts(&self) -> impl Iterator<Item = (Category, u64)> + '_ {
        self.groups.iter().map(|(category, group)| (*category, group.count))
    }

    /// Each category with its errors, those of the greatest count first.
    pub fn by_count(&self) -> Vec<(Category, &ErrorGroup)> {
        let mut groups: Vec<_> = self.groups.iter().map(|(category, group)| (*category, group)).collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        groups
    }
}

impl ErrorGroup {
    /// What was said, the most frequent first.
    pub fn by_count(&self) -> Vec<(&str, &Said)> {
        let mut messages: Vec<_> = self.messages.iter().map(|(text, said)| (text.as_str(), said)).collect();
        messages.sort_by_key(|(_, said)| std::cmp::Reverse(said.count));
        messages
    }

    fn merge(&mut self, message: &str, said: &Said) {
        if self.count == 0 || said.first_at < self.first_at {
            self.first_at = said.first_at;
            self.first_message.clone_from(&said.example);
        }
        self.count += said.count;
        self.last_at = self.last_at.max(said.last_at);
        let named = self.messages.len() - usize::from(self.messages.contains_key(OTHER_MESSAGES));
        let is_known = self.messages.contains_key(message);
        let message = if is_known || named < MOST_MESSAGES { message } else { OTHER_MESSAGES };
        match self.messages.get_mut(message) {
            Some(ours) => ours.merge(said),
            None => drop(self.messages.insert(message.to_owned(), said.clone())),
        }
    }
}

impl Said {
    fn merge(&mut self, other: &Said) {
        self.count += other.count;
        self.last_at = self.last_at.max(other.last_at);
        if other.first_at < self.first_at {
            self.first_at = other.first_at;
            self.example.clone_from(&other.example);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_message_is_kept_whoever_is_merged_first() {
        let mut late = Errors::default();
        late.add(Category::Connect, 2, 500, "late");
        let mut early = Errors::default();
        early.add(Category::Connect, 1, 100, "early");
        early.add(Category::Panic, 9, 300, "oh");
        for (mut a, b) in [(late.clone(), early.clone()), (early, late)] {
            a.merge_later(&b, 0);
            let groups = a.by_count();
            assert_eq!(groups[0].0, Category::Panic);
            let (category, connect) = groups[1];
            assert_eq!((category, connect.count), (Category::Connect, 3));
            assert_eq!(
                (connect.first_message.as_str(), connect.first_at, connect.last_at),
                ("early", 100, 500)
            );
        }
    }

    #[test]
    fn what_differs_in_numbers_only_is_one_message_with_the_earliest_as_its_example() {
        let mut errors = Errors::default();
        errors.add(Category::Http5xx, 1, 30, "status 503: order 7312 is locked");
        errors.add(Category::Http5xx, 1, 20, "status 503: order 9 is locked");
        errors.add(Category::Http5xx, 1, 40, "status 500");
        let groups = errors.by_count();
        let [(text, locked), (other, _)] = groups[0].1.by_count()[..] else { panic!("{groups:?}") };
        assert_eq!((text, other), ("status 503: order <n> is locked", "status 500"));
        assert_eq!(
            (locked.count, locked.example.as_str(), locked.last_at),
            (2, "status 503: order 9 is locked", 30)
        );
    }

    #[test]
    fn however_many_messages_there_are_they_stay_few_and_none_is_lost() {
        let mut errors = Errors::default();
        let letters =
            |i: u8| format!("no {}", char::from(b'a' + i % 26).to_string().repeat(1 + usize::from(i) / 26));
        (0..100).for_each(|i| errors.add(Category::Other, 1, i.into(), &letters(i)));
        let mut whole = Errors::default();
        (0..2).for_each(|_| whole.merge_later(&errors, 0));
        let (_, group) = whole.by_count()[0];
        assert_eq!((group.count, group.messages.len()), (200, MOST_MESSAGES + 1));
        assert_eq!(group.messages.values().map(|said| said.count).sum::<u64>(), 200);
        assert_eq!(group.messages[OTHER_MESSAGES].count, 160);
    }
}
