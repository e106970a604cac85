//! Turns the value of `baseline` into metrics with their tolerances.

use super::entry::{Entry, entries};
use super::mistake::Mistakes;
use crate::plan::gate::{self, GateError};
use toml::de::{DeTable, DeValue};

const BASELINE: &str = "\"off\", or metrics such as { p50 = \"5%\" } or [\"p50\"]";
const TOLERANCE: &str = "a tolerance in quotes such as \"5%\"";

/// Which metrics are compared with a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineSetting {
    /// None.
    Off,
    /// These, each with its tolerance or the default one; [`gate::gated`] reads them all.
    Metrics(Vec<(String, Option<String>)>),
}

/// `"off"`, a table of metrics with their tolerances, or a list of metrics.
pub(super) fn baseline(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<BaselineSetting> {
    let metrics = match entry.value {
        DeValue::String(off) if off == "off" => return Some(BaselineSetting::Off),
        DeValue::Array(list) if !list.is_empty() => untoleranced(entry, mistakes)?,
        DeValue::Table(table) if !table.is_empty() => toleranced(table, mistakes),
        _ => return entry.wanted(None, BASELINE, mistakes),
    };
    Some(BaselineSetting::Metrics(metrics))
}

/// Metrics with the default tolerance.
fn untoleranced(entry: &Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Vec<(String, Option<String>)>> {
    let read =
        |text: &str| gate::gated(text, gate::DEFAULT_TOLERANCE).map(|gated| (text.to_owned(), gated.metric));
    let metrics = entry.list(BASELINE, mistakes, read, |(_, metric)| metric.to_string())?;
    Some(metrics.into_iter().map(|(text, _)| (text, None)).collect())
}

/// Metrics, each with its tolerance.
fn toleranced(table: &DeTable<'_>, mistakes: &mut Mistakes<'_>) -> Vec<(String, Option<String>)> {
    let (mut metrics, mut seen) = (Vec::new(), Vec::new());
    for entry in entries(table) {
        if let DeValue::Table(_) = entry.value {
            let message =
                format!("`{}`: a metric with a dot goes in quotes, such as \"service.p50\"", entry.key);
            mistakes.at(entry.key_at, message);
            continue;
        }
        let Some(tolerance) = entry.str(TOLERANCE, mistakes) else { continue };
        match gate::gated(entry.key, tolerance) {
            Ok(gated) if seen.contains(&gated.metric) => {
                mistakes.at(entry.key_at, format!("`{}` is given twice; keep one", gated.metric));
            }
            Ok(gated) => {
                seen.push(gated.metric);
                metrics.push((entry.key.to_owned(), Some(tolerance.to_owned())));
            }
            Err(error @ (GateError::Tolerance(_) | GateError::NoTolerance(_))) => {
                mistakes.at(entry.at, error);
            }
            Err(error) => mistakes.at(entry.key_at, error),
        }
    }
    metrics
}
