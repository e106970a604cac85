//! Turns one `key = value` into a value of the wanted type, or into a mistake that says what the key takes.
//!
//! Knows no key by its name.

use super::mistake::{Mistakes, PlacedText};
use crate::metric::nearest;
use crate::plan::bounds;
use crate::units::{Rate, parse_duration};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A key with its value, or an element of a list under the key of the list.
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    /// The byte where the key starts.
    pub(super) key_at: usize,
    pub(super) value: &'a DeValue<'a>,
    /// The byte where the value starts.
    pub(super) at: usize,
}

/// Those of a table, by key.
pub(super) fn entries<'a>(table: &'a DeTable<'a>) -> impl Iterator<Item = Entry<'a>> {
    table.iter().map(|(key, value)| Entry::of(key, value))
}

/// The one of a key.
pub(super) fn entry<'a>(table: &'a DeTable<'a>, key: &str) -> Option<Entry<'a>> {
    table.get_key_value(key).map(|(key, value)| Entry::of(key, value))
}

impl<'a> Entry<'a> {
    fn of(key: &'a Spanned<DeString<'_>>, value: &'a Spanned<DeValue<'a>>) -> Self {
        Entry { key: key.get_ref(), key_at: key.span().start, value: value.get_ref(), at: value.span().start }
    }

    /// A text that can be parsed, kept with its place.
    pub(super) fn parsable<T>(&self, form: &str, mistakes: &mut Mistakes<'_>) -> Option<PlacedText>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(form, mistakes)?;
        if let Err(error) = text.text.parse::<T>() {
            mistakes.at(self.at, format!("`{}`: {error}", self.key));
        }
        Some(text)
    }

    /// A text, kept with its place.
    pub(super) fn text(&self, form: &str, mistakes: &mut Mistakes<'_>) -> Option<PlacedText> {
        self.str(form, mistakes).map(|text| mistakes.text(self.at, text))
    }

    /// A text.
    pub(super) fn str(&self, form: &str, mistakes: &mut Mistakes<'_>) -> Option<&'a str> {
        self.wanted(self.value.as_str(), form, mistakes)
    }

    /// `true` or `false`.
    pub(super) fn bool(&self, mistakes: &mut Mistakes<'_>) -> Option<bool> {
        self.wanted(self.value.as_bool(), "true or false", mistakes)
    }

    /// The table of this name; `header` is how one is written.
    pub(super) fn table(&self, header: &str, mistakes: &mut Mistakes<'_>) -> Option<&'a DeTable<'a>> {
        let table = self.value.as_table();
        if table.is_none() {
            let message = format!("`{}` is no table; keys stand below a header such as [{header}]", self.key);
            mistakes.at(self.key_at, message);
        }
        table
    }

    /// A number of what the key counts, within its bounds.
    pub(super) fn count(&self, mistakes: &mut Mistakes<'_>) -> Option<u32> {
        self.whole(bounds::counts(self.key), mistakes)
    }

    /// A whole number within the range.
    pub(super) fn whole<T>(&self, range: RangeInclusive<T>, mistakes: &mut Mistakes<'_>) -> Option<T>
    where
        T: TryFrom<u64> + PartialOrd + Display,
    {
        let number = match self.value {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.and_then(|number| T::try_from(number).ok()).filter(|n| range.contains(n));
        let form = format!("a whole number from {} to {}", range.start(), range.end());
        self.wanted(number, &form, mistakes)
    }

    /// A rate that one machine can offer: a number per second, or a text such as `"200/s"`.
    pub(super) fn rate(&self, mistakes: &mut Mistakes<'_>) -> Option<Rate> {
        let text = match self.value {
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Float(number) => Some(number.to_string()),
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        let form = "a rate such as 200, \"200/s\" or \"12000/min\"";
        let rate = self.wanted(text, form, mistakes)?.parse::<Rate>().map_err(|error| error.to_string());
        let checked = rate.and_then(|rate| {
            bounds::check_rate(rate.as_per_second()).map(|()| rate).map_err(|error| error.to_string())
        });
        checked.map_err(|message| mistakes.at(self.at, format!("`{}`: {message}", self.key))).ok()
    }

    /// A duration within the bounds of its key.
    pub(super) fn duration(&self, mistakes: &mut Mistakes<'_>) -> Option<Duration> {
        let text = self.str("a duration in quotes such as \"10s\"", mistakes)?;
        let length = parse_duration(text).map_err(|error| format!("`{}`: {error}", self.key));
        let checked = length.and_then(|length| {
            bounds::check_length(self.key, length).map(|()| length).map_err(|error| error.to_string())
        });
        checked.map_err(|message| mistakes.at(self.at, message)).ok()
    }

    /// The whole address of a server, or of something on it.
    pub(super) fn address(&self, mistakes: &mut Mistakes<'_>) -> Option<String> {
        let is_whole = |text: &&str| {
            ["http://", "https://"]
                .iter()
                .any(|scheme| text.strip_prefix(scheme).is_some_and(|host| !host.is_empty()))
        };
        let form = "a whole address such as \"http://127.0.0.1:8080\"";
        self.wanted(self.value.as_str().filter(is_whole), form, mistakes).map(str::to_owned)
    }

    /// A list of texts; `read` makes something of each, and `name` tells one from another.
    pub(super) fn list<T, E: Display, N: PartialEq>(
        &self,
        form: &str,
        mistakes: &mut Mistakes<'_>,
        read: impl Fn(&str) -> Result<T, E>,
        name: impl Fn(&T) -> N,
    ) -> Option<Vec<T>> {
        let mut list: Vec<T> = Vec::new();
        for element in self.wanted(self.value.as_array(), form, mistakes)? {
            let element = Entry { value: element.get_ref(), at: element.span().start, ..*self };
            let Some(text) = element.str(form, mistakes) else { continue };
            match read(text) {
                Ok(value) if list.iter().any(|other| name(other) == name(&value)) => {
                    mistakes.at(element.at, format!("`{text}` is given twice; keep one"));
                }
                Ok(value) => list.push(value),
                Err(error) => mistakes.at(element.at, format!("`{}`: {error}", self.key)),
            }
        }
        Some(list)
    }

    /// The mistake that the key is none of these.
    pub(super) fn unknown(&self, keys: &[&str], mistakes: &mut Mistakes<'_>) {
        let hint = match nearest(self.key, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are {}", keys.join(", ")),
        };
        mistakes.at(self.key_at, format!("unknown key `{}`; {hint}", self.key));
    }

    /// What was found, or the mistake that the value is nothing of the form.
    pub(super) fn wanted<T>(&self, found: Option<T>, form: &str, mistakes: &mut Mistakes<'_>) -> Option<T> {
        if found.is_none() {
            mistakes.at(self.at, format!("`{}` takes {form}, not {}", self.key, shown(self.value)));
        }
        found
    }
}

/// A value as it is written, or what it is where that would be long.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(list) if list.is_empty() => "an empty list".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(table) if table.is_empty() => "an empty table".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
