//! Turns `[alerts]` into who is told of what.
//!
//! Tells nobody itself.

use super::entry::{Entry, entries};
use super::mistake::{Mistakes, PlacedText};
use crate::plan::abort::Abort;
use crate::plan::conditions::Conditions;
use crate::plan::threshold::Threshold;
use std::cell::Cell;
use std::time::Duration;

/// Who is told, besides the terminal, and of what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// Where a message is posted to; starts with `http://` or `https://`.
    pub webhook: Option<PlacedText>,
    /// A program and its arguments; the program is not empty.
    pub command: Option<Vec<String>>,
    /// What is told of while it holds; each at most once.
    pub when: Vec<Threshold>,
    /// Over which it must hold: whole seconds, from one to an hour.
    pub window: Option<Duration>,
    /// Of which endings; `None` where the file does not say, each at most once.
    pub on: Option<Vec<Occasion>>,
}

/// What is worth a message of its own, besides a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A limit was broken, or a metric got worse, or the test could not run.
    Failed,
    /// The run says nothing.
    Inconclusive,
    /// A metric got worse.
    Regressed,
    /// A limit cannot be kept any more, however the test goes on.
    Lost,
}

const OCCASIONS: [(&str, Occasion); 4] = [
    ("failed", Occasion::Failed),
    ("inconclusive", Occasion::Inconclusive),
    ("regressed", Occasion::Regressed),
    ("lost", Occasion::Lost),
];
/// Where the file does not say.
const DEFAULT: [Occasion; 3] = [Occasion::Failed, Occasion::Regressed, Occasion::Lost];
const KEYS: [&str; 5] = ["webhook", "command", "when", "window", "on"];

/// What the values look like.
const COMMAND: &str = "a list of a program and its arguments such as [\"notify\", \"--urgent\"]";
const WHEN: &str = "a list of texts such as [\"p99 > 200ms\", \"errors > 1%\"]";
const ON: &str = "a list of texts such as [\"failed\", \"regressed\"]";

impl Alerts {
    pub(super) fn read(section: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        let (mut alerts, mut window_at, mut has_conditions) = (Alerts::default(), None, false);
        for entry in entries(section.table("alerts", mistakes)?) {
            match entry.key {
                "webhook" => alerts.webhook = webhook(&entry, mistakes),
                "command" => alerts.command = command(&entry, mistakes),
                "when" => (alerts.when, has_conditions) = (conditions(&entry, mistakes), true),
                "window" => (alerts.window, window_at) = (window(&entry, mistakes), Some(entry.key_at)),
                "on" => alerts.on = entry.list(ON, mistakes, occasion, Occasion::clone),
                _ => entry.unknown(&KEYS, mistakes),
            }
        }
        if let Some(at) = window_at.filter(|_| !has_conditions) {
            mistakes.at(at, "`window` is how long a condition holds; write `when` as well, or leave it out");
        }
        Some(alerts)
    }

    /// Of what is told at the end of a test, or before.
    pub fn on(&self) -> &[Occasion] {
        self.on.as_deref().unwrap_or(&DEFAULT)
    }

    /// What is looked at while a test runs.
    pub fn conditions(&self) -> Conditions {
        let default = Conditions::default();
        Conditions {
            when: self.when.clone(),
            window: self.window.unwrap_or(default.window),
            is_lost_told: self.on().contains(&Occasion::Lost),
        }
    }
}

fn webhook(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<PlacedText> {
    entry.address(mistakes).map(|address| mistakes.text(entry.at, &address))
}

fn command(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Vec<String>> {
    let is_empty = entry.value.as_array().is_some_and(|list| list.is_empty());
    entry.wanted((!is_empty).then_some(()), COMMAND, mistakes)?;
    // An argument may well be there twice.
    let number = Cell::new(0);
    let numbered = |text: &str| {
        let program = number.replace(number.get() + 1) == 0;
        match program && text.trim().is_empty() {
            true => Err("an empty text is no program; write its name or its path"),
            false => Ok((number.get(), text.to_owned())),
        }
    };
    let words = entry.list(COMMAND, mistakes, numbered, |(number, _)| *number)?;
    Some(words.into_iter().map(|(_, word)| word).collect())
}

fn conditions(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Vec<Threshold> {
    let unspaced = |condition: &Threshold| condition.expression.replace(' ', "");
    entry.list(WHEN, mistakes, condition, unspaced).unwrap_or_default()
}

fn condition(text: &str) -> Result<Threshold, String> {
    let condition: Threshold = text.parse().map_err(|error| format!("{error}"))?;
    match condition.abort {
        Some(_) => Err(format!("`{text}`: what ends a test is one of its thresholds; write METRIC OP VALUE")),
        None => Abort::check(&condition.metric).map(|()| condition).map_err(|error| error.to_string()),
    }
}

fn window(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Duration> {
    let window = entry.duration(mistakes)?;
    let checked = Abort::check_window(window).map(|()| window).map_err(|error| format!("`window`: {error}"));
    checked.map_err(|message| mistakes.at(entry.at, message)).ok()
}

fn occasion(text: &str) -> Result<Occasion, String> {
    let known = OCCASIONS.iter().find(|(name, _)| *name == text);
    let names = OCCASIONS.map(|(name, _)| format!("\"{name}\"")).join(", ");
    known.map(|(_, occasion)| *occasion).ok_or_else(|| format!("{text:?} is no occasion; they are {names}"))
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(lines: &str) -> Alerts {
        Config::parse(&format!("[alerts]\n{lines}")).unwrap().alerts.unwrap()
    }

    #[test]
    fn an_empty_table_is_told_of_what_went_wrong_and_of_what_will() {
        let alerts = read("");
        assert_eq!(alerts.on(), [Occasion::Failed, Occasion::Regressed, Occasion::Lost]);
        assert_eq!(alerts.conditions(), Conditions { is_lost_told: true, ..Conditions::default() });
        assert!(!read("on = []").conditions().is_lost_told);
        assert_eq!(Config::parse("").unwrap().alerts, None);
    }

    #[test]
    fn conditions_hold_over_a_window_and_a_command_may_repeat_an_argument() {
        let alerts = read(
            "command = [\"notify\", \"-v\", \"-v\", \"\"]\nwhen = [\"p99 > 200ms\", \"errors > 1%\"]\nwindow = \"10s\"",
        );
        assert_eq!(alerts.command.as_deref().unwrap(), ["notify", "-v", "-v", ""]);
        let conditions = alerts.conditions();
        let expressions: Vec<&str> = conditions.when.iter().map(|when| when.expression.as_str()).collect();
        assert_eq!((expressions, conditions.window.as_secs()), (vec!["p99 > 200ms", "errors > 1%"], 10));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_advice() {
        for (lines, place, advice) in [
            ("webhook = \"hooks.example.com\"", "2:11: ", "a whole address"),
            ("command = \"notify\"", "2:11: ", "a list of a program and its arguments"),
            ("command = []", "2:11: ", "not an empty list"),
            ("command = [\" \"]", "2:12: ", "an empty text is no program"),
            ("command = [\"notify\", 5]", "2:22: ", "not 5"),
            ("when = \"p99 > 1s\"", "2:8: ", "a list of texts such as [\"p99 > 200ms\""),
            ("when = [\"p99\"]", "2:9: ", "METRIC OP VALUE"),
            ("when = [\"abort(errors > 1%)\"]", "2:9: ", "write METRIC OP VALUE"),
            ("when = [\"capacity < 100/s\"]", "2:9: ", "is not known while a test runs"),
            ("when = [\"orders > 100\"]", "2:9: ", "is not known while a test runs"),
            ("when = [\"p99 > 1s\", \"p99>1s\"]", "2:21: ", "given twice"),
            ("when = []\nwindow = \"500ms\"", "3:10: ", "whole seconds"),
            ("when = []\nwindow = \"0s\"", "3:10: ", "whole seconds"),
            ("when = []\nwindow = 5", "3:10: ", "a duration in quotes"),
            ("window = \"5s\"", "2:1: ", "write `when` as well"),
            ("on = [\"fail\"]", "2:7: ", "they are \"failed\", \"inconclusive\", \"regressed\", \"lost\""),
            ("wen = []", "2:1: ", "did you mean `when`?"),
        ] {
            let found = Config::parse(&format!("[alerts]\n{lines}")).unwrap_err();
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert!(found.len() == 1 && found[0].starts_with(place), "{lines}: {found:#?}");
            assert!(found[0].contains(advice), "{lines}: {found:#?}");
        }
    }

    #[test]
    fn the_examples_of_the_documentation_say_what_they_seem_to() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (file, conditions) in [("docs/alerts.md", 2), ("README.md", 1)] {
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            let examples = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
            let example = examples.into_iter().find(|example| example.contains("[alerts]")).unwrap();
            let alerts =
                Config::parse(example).unwrap_or_else(|wrong| panic!("{file}: {wrong:#?}")).alerts.unwrap();
            assert!(alerts.webhook.is_some(), "{file}");
            assert_eq!(alerts.conditions().when.len(), conditions, "{file}");
            assert_eq!(alerts.conditions().window, Duration::from_secs(5), "{file}");
            assert_eq!(alerts.on(), DEFAULT, "{file}");
        }
    }
}
