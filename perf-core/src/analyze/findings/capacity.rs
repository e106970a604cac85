//! What a capacity search came to, where that is not simply a number.

use super::{Finding, Severity};
use crate::analyze::capacity::Bound;
use crate::analyze::summary::Summary;

pub(super) fn look(summary: &Summary) -> Option<Finding> {
    let capacity = summary.capacity.as_ref()?;
    let (kind, severity, advice) = match capacity.bound_by {
        Bound::Target => return None,
        Bound::Range => {
            ("capacity_above_range", Severity::Info, "raise `.up_to(…)` to find the capacity itself")
        }
        Bound::Generator => (
            "capacity_bound_by_generator",
            Severity::Invalid,
            "set `workers` higher, keep other load off the machine, or drive the target from another one",
        ),
        Bound::NothingKept => {
            ("capacity_below_range", Severity::Warning, "lower `.from(…)`, or the limit is out of reach")
        }
        Bound::Unsettled => {
            ("capacity_unsettled", Severity::Warning, "use a longer `.probe(…)` or a quieter machine")
        }
    };
    let evidence = capacity.rate.map(|rate| ("rate_per_s", rate)).into_iter().collect();
    Some(Finding { kind, severity, message: capacity.to_string(), advice, evidence })
}
