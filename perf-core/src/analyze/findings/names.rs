//! Names of the test function's own that could not be kept.

use super::{Finding, Severity};
use crate::measure::Recording;
use crate::measure::marks::{MOST_NAMES, Marks};

pub(super) fn look(recording: &Recording) -> Vec<Finding> {
    let marks = &recording.measured.marks;
    [too_many(marks), other_kind(marks)].into_iter().flatten().collect()
}

fn too_many(marks: &Marks) -> Option<Finding> {
    let first = marks.refused.first.as_ref()?;
    let culprit = marks.culprit().map_or(String::new(), |(pattern, count)| {
        format!("; {count} of those that were kept are of the form `{pattern}`")
    });
    Some(Finding {
        kind: "too_many_names",
        severity: Severity::Warning,
        message: format!(
            "the test function uses more than {MOST_NAMES} names for steps, checks, metrics and tags: `{first}` and others \
             were not kept, {} times in all{culprit}",
            marks.refused.names
        ),
        advice: "use names that are the same in every iteration, and leave ids out of them",
        evidence: vec![("refused", marks.refused.names as f64), ("most", MOST_NAMES as f64)],
    })
}

fn other_kind(marks: &Marks) -> Option<Finding> {
    let name = marks.refused.first_kind.as_ref()?;
    let kind = marks.metrics.get(name.as_str()).map_or("quantity", |custom| custom.kind.name());
    Some(Finding {
        kind: "metric_of_two_kinds",
        severity: Severity::Warning,
        message: format!(
            "`{name}` is a {kind}, and was recorded as something else {} times, which were not kept",
            marks.refused.kinds
        ),
        advice: "use one name for one kind of metric, and durations or numbers for one trend",
        evidence: vec![("refused", marks.refused.kinds as f64)],
    })
}
