//! Tells: turns what was decided into bytes. Measures nothing, decides nothing.

pub mod alert;
mod bars;
mod brief;
pub mod capacity;
pub mod change;
pub mod csv;
#[cfg(test)]
pub(crate) mod example;
pub mod format;
mod generator;
mod histogram;
pub mod history;
pub mod html;
pub mod json;
pub mod junit;
pub mod live;
pub mod markdown;
pub mod mix;
mod named;
mod numbers;
pub mod reading;
pub mod record;
mod resources;
pub mod series;
pub mod suite;
pub mod terminal;
pub mod text;
mod timeline;
pub mod trend;

use crate::analyze::Session;
use crate::judge::comparison::Comparison;
use crate::judge::reference::Reference;
use crate::judge::thresholds::Limit;
use crate::judge::verdict::Judgement;
use crate::measure::alert::Alert;
use crate::plan::Plan;

/// Everything there is to tell of one test.
#[derive(Debug)]
pub struct Report {
    /// What was to happen.
    pub plan: Plan,
    /// What happened: one session, or three when the first raised a suspicion.
    pub sessions: Vec<Session>,
    /// Every limit with its value.
    pub limits: Vec<Limit>,
    /// What it was compared with.
    pub reference: Reference,
    /// What came of that.
    pub comparison: Option<Comparison>,
    /// The outcome.
    pub judgement: Judgement,
    /// What else to say: what was written to a baseline, for example.
    pub notes: Vec<String>,
    /// What somebody was told of it while it ran, and at its end.
    pub alerts: Vec<Alert>,
}
