//! Latencies of two kinds: what came from a cache, and what did not.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::modes::Modes;
use crate::units::Latency;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let Modes { fast, slow, slow_share, .. } = Modes::of(&course.service)?;
    Some(Finding {
        kind: "bimodal_latency",
        severity: Severity::Info,
        message: format!(
            "service times are of two kinds: {:.0} % around {}, {:.0} % around {}",
            (1.0 - slow_share) * 100.0,
            Latency(fast),
            slow_share * 100.0,
            Latency(slow)
        ),
        advice: "name the two with `cx.step`, or test them apart: one median says nothing of either",
        evidence: vec![("fast_ns", fast), ("slow_ns", slow), ("slow_share", slow_share)],
    })
}
