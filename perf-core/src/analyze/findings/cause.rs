//! One cause, one finding: what follows from another finding is not told beside it.

use super::{Finding, Severity};

/// Each kind, and the kinds that it explains. In order: what is explained explains nothing itself.
const EXPLAINS: &[(&str, &[&str])] = &[
    (
        "errors_began",
        &[
            "saturated",
            "errors_with_latency",
            "latency_step",
            "latency_burst",
            "latency_trend",
            "still_warming",
        ],
    ),
    ("errors_began", &["unusual_seconds", "tail_in_window", "bimodal_latency", "latency_follows_resource"]),
    ("saturated", &["latency_step", "latency_burst", "latency_trend", "still_warming", "periodic_stalls"]),
    ("saturated", &["errors_with_load", "errors_with_latency", "tail_of_step", "tail_of_user"]),
    ("saturated", &["unusual_seconds", "tail_in_window", "bimodal_latency", "latency_follows_resource"]),
    (
        "periodic_stalls",
        &["latency_step", "latency_burst", "latency_trend", "tail_of_step", "errors_with_latency"],
    ),
    ("periodic_stalls", &["unusual_seconds", "tail_in_window", "bimodal_latency"]),
    ("latency_trend", &["unusual_seconds", "tail_in_window", "bimodal_latency"]),
    ("latency_step", &["unusual_seconds", "tail_in_window", "bimodal_latency", "errors_with_latency"]),
    ("latency_burst", &["unusual_seconds", "tail_in_window", "bimodal_latency", "errors_with_latency"]),
    ("still_warming", &["unusual_seconds", "tail_in_window", "bimodal_latency"]),
    ("unusual_seconds", &["tail_in_window"]),
    ("tail_of_step", &["bimodal_latency"]),
];

/// Numbers that the generator spoiled say little of the target: these warnings stay, since they are not about latency.
const REGARDLESS: [&str; 3] = ["memory_growth", "connection_churn", "errors_began"];

/// Whether a finding holds where the generator was too slow.
pub(super) fn holds_regardless(one: &Finding) -> bool {
    one.severity == Severity::Info || REGARDLESS.contains(&one.kind)
}

/// Without those that others explain.
pub(super) fn only_causes(mut found: Vec<Finding>) -> Vec<Finding> {
    for (cause, explained) in EXPLAINS {
        if found.iter().any(|one| one.kind == *cause) {
            found.retain(|one| !explained.contains(&one.kind));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &'static str) -> Finding {
        let (severity, advice) = (Severity::Warning, "");
        Finding { kind, severity, message: String::new(), advice, evidence: Vec::new() }
    }

    fn causes(kinds: &[&'static str]) -> Vec<&'static str> {
        let found = only_causes(kinds.iter().map(|kind| of(kind)).collect());
        found.into_iter().map(|one| one.kind).collect()
    }

    #[test]
    fn what_follows_from_a_cause_is_not_told_beside_it() {
        assert_eq!(causes(&["latency_trend", "saturated", "unusual_seconds"]), ["saturated"]);
        assert_eq!(causes(&["latency_step", "connection_churn"]), ["latency_step", "connection_churn"]);
        assert_eq!(causes(&["saturated", "errors_began", "latency_step"]), ["errors_began"]);
        assert_eq!(causes(&["saturated", "memory_growth"]), ["saturated", "memory_growth"]);
    }

    #[test]
    fn a_spoiled_run_says_nothing_of_the_targets_latency() {
        assert!(!holds_regardless(&of("latency_step")) && holds_regardless(&of("memory_growth")));
    }
}
