//! A load that was not the plan's own.

use super::{Finding, Severity};
use crate::measure::{Altered, Recording};

/// The kinds of finding that say so.
pub const KINDS: [&str; 2] = ["load_scaled", "backed_off"];

pub(super) fn look(recording: &Recording) -> Option<Finding> {
    let warmup = recording.warmup_length.as_secs_f64();
    let seconds = |at: u64| at as f64 / 1e9 - warmup;
    Some(match recording.altered.as_ref()? {
        Altered::Scaled { at, factor } => Finding {
            kind: KINDS[0],
            severity: Severity::Info,
            message: format!("the load was scaled to {factor} times the plan's after {:.1} s", seconds(*at)),
            advice: "such a run is compared with nothing, and no baseline is made of it",
            evidence: vec![("at_s", seconds(*at)), ("factor", *factor)],
        },
        Altered::BackedOff { at, least } => Finding {
            kind: KINDS[1],
            severity: Severity::Warning,
            message: format!(
                "the target said that it has too much after {:.1} s; the load was lowered to {:.0} % of the plan's",
                seconds(*at),
                least * 100.0
            ),
            advice: "lower the load to what the target bears; such a run is compared with nothing",
            evidence: vec![("at_s", seconds(*at)), ("least", *least)],
        },
    })
}
