//! When a broken limit ends a test early, from text: the `window = 5s, after = 10s` of `abort(errors < 5%, …)`.

use crate::metric::{Metric, Statistic, Timed};
use crate::units::{UnitError, parse_duration};
use std::time::Duration;

/// The windows that a limit is held against while the test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// How much of the test is looked at, in whole seconds; at least one.
    pub window: Duration,
    /// How much of the measured time passes before it is looked at for the first time.
    pub after: Duration,
}

const WINDOW: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_hours(1);

impl Default for Abort {
    fn default() -> Self {
        Abort { window: WINDOW, after: Duration::ZERO }
    }
}

/// What stands between the braces of `abort(…)`: the limit, and the rest. `None` of a limit without them.
pub(super) fn split(text: &str) -> Result<Option<(&str, &str)>, AbortError> {
    let opened = text.trim().strip_prefix("abort").and_then(|rest| rest.trim_start().strip_prefix('('));
    let Some(opened) = opened else { return Ok(None) };
    let inner = opened.strip_suffix(')').ok_or_else(|| AbortError::Key(text.to_owned()))?;
    // A step's name may hold a comma.
    let after_selector = inner.find('}').map_or(0, |at| at + 1);
    match inner[after_selector..].find(',') {
        Some(comma) => Ok(Some((&inner[..after_selector + comma], &inner[after_selector + comma + 1..]))),
        None => Ok(Some((inner, ""))),
    }
}

impl Abort {
    /// Of `window = 5s, after = 10s`, either of which may be missing.
    pub(super) fn parse(text: &str) -> Result<Self, AbortError> {
        let mut abort = Abort::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| AbortError::Key(pair.to_owned()))?;
            let length = parse_duration(value.trim().trim_matches('"'))?;
            match key.trim() {
                "window" => abort.window = length,
                "after" => abort.after = length,
                _ => return Err(AbortError::Key(pair.to_owned())),
            }
        }
        Abort::check_window(abort.window).map(|()| abort)
    }

    /// Whether the last seconds of a test can be looked at in such windows.
    pub(super) fn check_window(window: Duration) -> Result<(), AbortError> {
        let is_whole = window.subsec_nanos() == 0 && !window.is_zero();
        match is_whole && window <= LONGEST {
            true => Ok(()),
            false => Err(AbortError::Window(humantime::format_duration(window).to_string())),
        }
    }

    /// What cannot be known of a part of a test while it runs.
    pub(super) fn check(metric: &Metric) -> Result<(), AbortError> {
        let is_known = match metric {
            Metric::Time(Timed::Tagged(..), _) => false,
            Metric::Time(_, statistic) => !matches!(statistic, Statistic::Stddev | Statistic::Variance),
            Metric::Throughput | Metric::Errors | Metric::ErrorCount | Metric::Dropped | Metric::Checks => {
                true
            }
            _ => false,
        };
        if is_known { Ok(()) } else { Err(AbortError::Metric(metric.to_string())) }
    }
}

/// What is wrong with an `abort(…)`, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbortError {
    /// Neither `window` nor `after`.
    #[error(
        "`{0}`: an abort takes a limit, and `window` and `after`: abort(\"errors < 5%\", window = \"5s\", after = \"10s\")"
    )]
    Key(String),
    /// No duration.
    #[error(transparent)]
    Value(#[from] UnitError),
    /// Less than the test is cut into while it runs.
    #[error("a window of {0} cannot be looked at; write whole seconds, from \"1s\" to \"1h\"")]
    Window(String),
    /// A metric of whole tests.
    #[error(
        "`{0}` is not known while a test runs; what is are times and their percentiles, those of a step, throughput, \
         errors, error_count, dropped and checks"
    )]
    Metric(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::threshold::Threshold;

    #[test]
    fn an_abort_is_a_limit_with_windows() {
        let seconds = |abort: Abort| (abort.window.as_secs(), abort.after.as_secs());
        for (text, expected) in [
            ("abort(errors < 5%)", (5, 0)),
            ("abort(errors < 5%, window = 10s)", (10, 0)),
            ("abort(p99{step=a,b} < 1s, after = 3s, window = 2s)", (2, 3)),
            ("abort( errors<5% , window=\"1m\" )", (60, 0)),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            assert_eq!(threshold.abort.map(seconds), Some(expected), "{text}");
            assert_eq!(threshold.to_string(), text.trim());
        }
        assert_eq!("errors < 5%".parse::<Threshold>().unwrap().abort, None);
    }

    #[test]
    #[cfg(feature = "engine")]
    fn a_search_for_a_capacity_takes_none() {
        use crate::plan::Plan;
        use crate::plan::load::Load;
        use crate::plan::spec::{Overrides, PerfSpec};
        let searched = |limit: &str, threshold: &str| {
            let load = Some(Load::capacity(limit).from(100).up_to(200));
            let spec =
                PerfSpec { load, thresholds: vec![threshold.to_owned().into()], ..PerfSpec::default() };
            Plan::resolve("test", "perf", &spec, &Overrides::default()).map(drop)
        };
        assert_eq!(searched("p99 < 1s", "capacity > 100/s"), Ok(()));
        for (limit, threshold) in
            [("p99 < 1s", "abort(errors < 5%)"), ("abort(p99 < 1s)", "capacity > 100/s")]
        {
            let mistakes = searched(limit, threshold).unwrap_err();
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            assert!(
                told.iter().any(|mistake| mistake.contains("a capacity search ends by itself")),
                "{told:?}"
            );
        }
    }

    #[test]
    fn one_that_cannot_be_meant_is_refused_with_advice() {
        for (text, advice) in [
            ("abort(errors < 5%, windows = 5s)", "an abort takes a limit, and `window` and `after`"),
            ("abort(errors < 5%, 5s)", "an abort takes a limit"),
            ("abort(errors < 5%, window = 5)", "time unit needed"),
            ("abort(errors < 5%, window = 500ms)", "whole seconds"),
            ("abort(errors < 5%, window = 0s)", "whole seconds"),
            ("abort(capacity > 100/s)", "not known while a test runs"),
            ("abort(orders > 100)", "not known while a test runs"),
            ("abort(p99)", "METRIC OP VALUE"),
            ("abort(errors < 5%", "an abort takes a limit"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(advice), "{text}: {error}");
        }
    }
}
