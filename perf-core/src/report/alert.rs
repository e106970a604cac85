//! An alert as programs read it, schema `perf-alert/1`; and the one that the end of a test is.
//!
//! What is not known is `null`. Sends nothing.

use super::Report;
use crate::judge::comparison::Comparison;
use crate::judge::verdict::Verdict;
use crate::measure::alert::{Alert, AlertKind};
use crate::plan::Plan;
use crate::plan::config::Occasion;
use serde_json::{Value, json};

/// What this version writes.
pub const SCHEMA: &str = "perf-alert/1";

/// As `report.json` lists it below its test.
pub fn of_alert(alert: &Alert) -> Value {
    json!({
        "kind": alert.kind.name(),
        "at": humantime::format_rfc3339_millis(alert.at).to_string(),
        "after_s": alert.after.map(|after| after.as_secs_f64()),
        "expression": alert.expression,
        "window_s": alert.window.map(|window| window.as_secs_f64()),
        "actual": alert.actual,
        "unit": alert.unit.map(crate::metric::Unit::name),
        "message": alert.message,
    })
}

/// As it is sent.
pub fn message(alert: &Alert, run_id: &str) -> Value {
    let mut message = of_alert(alert);
    for (key, value) in
        [("schema", SCHEMA), ("test", &alert.test), ("test_target", &alert.target), ("run_id", run_id)]
    {
        message[key] = json!(value);
    }
    message
}

/// Of the end of a test, where it is worth one.
pub fn of_ending(report: &Report, on: &[Occasion]) -> Option<Alert> {
    let is_regressed = report.comparison.iter().flat_map(Comparison::regressed).next().is_some();
    let kind = kind(report.judgement.verdict, is_regressed, on)?;
    Some(ended(&report.plan, kind, &report.judgement.reasons))
}

/// Of a test that has no numbers.
pub fn of_failure(plan: &Plan, verdict: Verdict, reason: &str, on: &[Occasion]) -> Option<Alert> {
    kind(verdict, false, on).map(|kind| ended(plan, kind, &[reason.to_owned()]))
}

/// The first that somebody wants to hear of.
fn kind(verdict: Verdict, is_regressed: bool, on: &[Occasion]) -> Option<AlertKind> {
    let is_failed = verdict == Verdict::Failed;
    [
        (is_failed && is_regressed, Occasion::Regressed, AlertKind::Regressed),
        (is_failed, Occasion::Failed, AlertKind::Failed),
        (verdict == Verdict::Inconclusive, Occasion::Inconclusive, AlertKind::Inconclusive),
    ]
    .into_iter()
    .find_map(|(is_so, occasion, kind)| (is_so && on.contains(&occasion)).then_some(kind))
}

fn ended(plan: &Plan, kind: AlertKind, reasons: &[String]) -> Alert {
    let reasons = reasons.join("; ").replace('\n', " ");
    let message = format!("{}: {reasons}", kind.name());
    Alert::now(kind, &plan.name, &plan.target, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Unit;
    use std::time::Duration;

    #[test]
    fn an_ending_is_told_once_as_the_gravest_that_is_asked_for() {
        use Occasion::{Failed, Inconclusive, Regressed};
        for (verdict, is_regressed, on, expected) in [
            (Verdict::Failed, true, vec![Failed, Regressed], Some(AlertKind::Regressed)),
            (Verdict::Failed, true, vec![Failed], Some(AlertKind::Failed)),
            (Verdict::Failed, false, vec![Failed, Regressed], Some(AlertKind::Failed)),
            (Verdict::Failed, false, vec![Regressed, Inconclusive], None),
            (Verdict::Inconclusive, true, vec![Failed, Regressed], None),
            (Verdict::Inconclusive, false, vec![Inconclusive], Some(AlertKind::Inconclusive)),
            (Verdict::Passed, false, vec![Failed, Inconclusive, Regressed], None),
        ] {
            assert_eq!(kind(verdict, is_regressed, &on), expected, "{verdict:?} {is_regressed} {on:?}");
        }
    }

    #[test]
    fn a_message_names_its_test_and_says_null_for_what_nobody_knows() {
        let alert = Alert {
            kind: AlertKind::Condition,
            test: "list_books".to_owned(),
            target: "perf".to_owned(),
            at: std::time::SystemTime::UNIX_EPOCH,
            after: Some(Duration::from_secs(12)),
            expression: Some("p99 > 200ms".to_owned()),
            window: None,
            actual: Some(312e6),
            unit: Some(Unit::Time),
            message: "p99 > 200ms holds".to_owned(),
        };
        let expected = json!({
            "schema": "perf-alert/1", "kind": "condition", "test": "list_books", "test_target": "perf", "run_id": "1",
            "at": "1970-01-01T00:00:00.000Z", "after_s": 12.0, "expression": "p99 > 200ms", "window_s": null,
            "actual": 312e6, "unit": "ns", "message": "p99 > 200ms holds",
        });
        assert_eq!(message(&alert, "1"), expected);
        assert_eq!(alert.to_string(), "list_books: p99 > 200ms holds (after 12 s)");
    }
}
