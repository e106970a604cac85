//! Turns `[alerts]` into who is told of which ending.
//!
//! Tells nobody itself.

use super::entry::{Entry, entries};
use super::mistake::Mistakes;

/// Who is told of which ending of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// Where a message is posted to; starts with `http://` or `https://`.
    pub webhook: Option<String>,
    /// On which endings; `None` where the file does not say, each at most once.
    pub on: Option<Vec<Occasion>>,
}

/// An ending that is worth a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A limit was broken, or a metric got worse.
    Failed,
    /// The run says nothing.
    Inconclusive,
    /// A metric got worse.
    Regressed,
}

const OCCASIONS: [(&str, Occasion); 3] = [
    ("failed", Occasion::Failed),
    ("inconclusive", Occasion::Inconclusive),
    ("regressed", Occasion::Regressed),
];

impl Alerts {
    pub(super) fn read(section: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        let mut alerts = Alerts::default();
        for entry in entries(section.table("alerts", mistakes)?) {
            match entry.key {
                "webhook" => alerts.webhook = entry.address(mistakes),
                "on" => alerts.on = occasions(&entry, mistakes),
                _ => entry.unknown(&["webhook", "on"], mistakes),
            }
        }
        Some(alerts)
    }
}

fn occasions(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Vec<Occasion>> {
    let form = "a list of texts such as [\"failed\", \"regressed\"]";
    entry.list(form, mistakes, occasion, Occasion::clone)
}

fn occasion(text: &str) -> Result<Occasion, String> {
    let known = OCCASIONS.iter().find(|(name, _)| *name == text);
    let names = OCCASIONS.map(|(name, _)| format!("\"{name}\"")).join(", ");
    known.map(|(_, occasion)| *occasion).ok_or_else(|| format!("{text:?} is no ending; they are {names}"))
}
