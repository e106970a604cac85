//! What a baseline would hold of a test, as part of `report.json`; written by the run, read again when somebody accepts it.
//!
//! `"record": { "config": {…}, "gates": [{ "metric", "tolerance" }], "sessions": [ as in a baseline ] }`. Commit and machine
//! stand once, in the report's environment.

use super::Report;
use super::json::Run;
use crate::analyze::findings::altered;
use crate::judge::accept::Terms;
use crate::judge::level::SessionRecord;
use crate::plan::gate::{Gated, gated};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A test of a report with what a baseline would hold of it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The test target.
    pub target: String,
    /// Its name.
    pub test: String,
    /// What its sessions were measured under.
    pub terms: Terms,
    /// Those that count: the first, or the two that were measured again where they showed a change.
    pub sessions: Vec<SessionRecord>,
}

/// A test by its name, with what it offers, or why nothing.
pub type Offered = (String, Result<Offer, Refusal>);

/// Why nothing of a test becomes part of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `inconclusive`, `skipped`, or failed for anything but a comparison.
    #[error("it is {verdict}{}", because(reasons))]
    Verdict {
        /// The test's.
        verdict: String,
        /// In the words of the run.
        reasons: Vec<String>,
    },
    /// It ended early.
    #[error("it ended early")]
    Partial,
    /// The generator was the bottleneck.
    #[error("the generator spoiled it: {0}")]
    Spoiled(String),
    /// The load was not the plan's own.
    #[error("its load was not the plan's own: {0}")]
    Altered(String),
    /// `baseline(off)`, or the smoke profile.
    #[error("none of its metrics is compared with baselines")]
    NotGated,
    /// Written before reports held it, or changed by hand.
    #[error("the report does not hold what a baseline needs ({0}); run the test again with this version")]
    Incomplete(String),
}

fn because(reasons: &[String]) -> String {
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}

/// What `report.json` says.
pub(super) fn of_report(report: &Report) -> Value {
    let gates = report
        .plan
        .gates
        .iter()
        .map(|gate| json!({ "metric": gate.metric.to_string(), "tolerance": gate.tolerance.get() }));
    let sessions = report.sessions.iter().map(|session| SessionRecord::of(session, None, None));
    json!({
        "config": report.plan.config(),
        "gates": gates.collect::<Vec<_>>(),
        "sessions": sessions.collect::<Vec<_>>(),
    })
}

/// The tests of a run, each with what a baseline would hold of it, or why it would not.
pub fn offers(run: &Run) -> Vec<Offered> {
    run.tests.iter().map(|test| (text(&test["name"]), offer(run, test))).collect()
}

#[derive(Deserialize)]
struct Record {
    config: BTreeMap<String, String>,
    gates: Vec<Value>,
    sessions: Vec<SessionRecord>,
}

fn offer(run: &Run, test: &Value) -> Result<Offer, Refusal> {
    check(test)?;
    let incomplete = |e: &dyn std::fmt::Display| Refusal::Incomplete(e.to_string());
    let record: Record = serde_json::from_value(test["record"].clone()).map_err(|e| incomplete(&e))?;
    let gate = |gate: &Value| -> Result<Gated, Refusal> {
        let metric = gate["metric"].as_str().unwrap_or_default();
        gated(metric, &gate["tolerance"].to_string()).map_err(|e| incomplete(&e))
    };
    let gates = record.gates.iter().map(gate).collect::<Result<Vec<_>, _>>()?;
    if gates.is_empty() {
        return Err(Refusal::NotGated);
    }
    // Chosen by its own deviation, the first session would make the new level worse than the code is.
    let skipped = if has_regressed(test) { 1.min(record.sessions.len().saturating_sub(1)) } else { 0 };
    let counting = if has_regressed(test) { record.sessions.len() } else { 1 };
    let sessions = record.sessions.into_iter().take(counting).skip(skipped).map(|session| SessionRecord {
        commit: run.environment.git_commit.clone(),
        machine: run.environment.machine.clone(),
        ..session
    });
    let sessions: Vec<SessionRecord> = sessions.collect();
    if sessions.is_empty() {
        return Err(Refusal::Incomplete("no session".to_owned()));
    }
    Ok(Offer {
        target: text(&test["test_target"]),
        test: text(&test["name"]),
        terms: Terms { config: record.config, gates },
        sessions,
    })
}

/// As when a session is recorded by the run itself: judged by its limits alone, whole, valid, and of the plan's own load.
fn check(test: &Value) -> Result<(), Refusal> {
    let list = |key: &str| test[key].as_array().cloned().unwrap_or_default();
    let findings = list("findings");
    let finding = |is: &dyn Fn(&Value) -> bool| {
        findings.iter().find(|finding| is(finding)).map(|finding| text(&finding["message"]))
    };
    let is_altered =
        |finding: &Value| finding["kind"].as_str().is_some_and(|kind| altered::KINDS.contains(&kind));
    if test["partial"] == true {
        return Err(Refusal::Partial);
    }
    if let Some(message) = finding(&|finding| finding["severity"] == "invalid") {
        return Err(Refusal::Spoiled(message));
    }
    if let Some(message) = finding(&is_altered) {
        return Err(Refusal::Altered(message));
    }
    let keeps_limits = list("thresholds").iter().all(|limit| limit["held"] == true)
        && test["counts"]["completed"].as_u64().is_some_and(|completed| completed > 0);
    match test["verdict"].as_str() {
        Some("passed") if keeps_limits => Ok(()),
        Some("failed") if keeps_limits && has_regressed(test) => Ok(()),
        _ => Err(Refusal::Verdict {
            verdict: text(&test["verdict"]),
            reasons: list("reasons").iter().map(text).collect(),
        }),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn has_regressed(test: &Value) -> bool {
    test["comparison"]["verdict"] == "regressed"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::level::Rounds;
    use crate::measure::environment::Environment;

    fn session(n: u64) -> SessionRecord {
        let rounds = Rounds { n: vec![n], service_p50_ns: vec![Some(0.1 + n as f64)], ..Rounds::default() };
        SessionRecord {
            rounds,
            quantiles_ns: vec![1, 2],
            recorded: format!("day {n}"),
            ..SessionRecord::default()
        }
    }

    fn test() -> Value {
        json!({
            "name": "login", "test_target": "perf", "verdict": "passed", "reasons": [], "partial": false,
            "counts": { "completed": 100 }, "findings": [], "thresholds": [{ "held": true }], "comparison": null,
            "record": {
                "config": { "load": "open 5/s" },
                "gates": [{ "metric": "service.p50", "tolerance": 0.05 }],
                "sessions": [session(1), session(2), session(3)],
            },
        })
    }

    fn offered(test: Value) -> Result<Offer, Refusal> {
        let environment = Environment {
            git_commit: Some("abc".into()),
            machine: Some("m".into()),
            ..Environment::example("ci", 2, None)
        };
        let mut run = Run::new("1", "now", &environment);
        run.add(test);
        offers(&run).remove(0).1
    }

    fn with(change: impl Fn(&mut Value)) -> Result<Offer, Refusal> {
        let mut test = test();
        change(&mut test);
        offered(test)
    }

    #[test]
    fn a_test_that_passed_offers_its_first_session_with_commit_and_machine_of_the_report() {
        let offer = offered(test()).unwrap();
        let expected = SessionRecord { commit: Some("abc".into()), machine: Some("m".into()), ..session(1) };
        assert_eq!((offer.sessions, offer.target.as_str()), (vec![expected], "perf"));
        assert_eq!(offer.terms.gates, [gated("p50", "5%").unwrap()]);
    }

    #[test]
    fn a_regression_offers_the_sessions_that_confirmed_it() {
        let regressed = |sessions: usize| {
            with(|test| {
                test["verdict"] = "failed".into();
                test["comparison"] = json!({ "verdict": "regressed" });
                test["record"]["sessions"].as_array_mut().unwrap().truncate(sessions);
            })
            .map(|offer| offer.sessions.iter().map(|session| session.rounds.n[0]).collect::<Vec<_>>())
        };
        assert_eq!((regressed(3), regressed(1)), (Ok(vec![2, 3]), Ok(vec![1])));
    }

    #[test]
    fn what_is_broken_partial_spoiled_or_altered_is_refused_with_the_reason() {
        let refused = |change: &dyn Fn(&mut Value)| with(change).unwrap_err().to_string();
        let finding =
            |kind: &str, severity: &str| json!([{ "kind": kind, "severity": severity, "message": "so" }]);
        assert_eq!(refused(&|test| test["partial"] = true.into()), "it ended early");
        let broken = refused(&|test| {
            test["verdict"] = "failed".into();
            test["reasons"] = json!(["p99 < 1ms does not hold"]);
            test["comparison"] = json!({ "verdict": "regressed" });
            test["thresholds"] = json!([{ "held": false }]);
        });
        assert_eq!(broken, "it is failed: p99 < 1ms does not hold");
        assert!(refused(&|test| test["thresholds"][0]["held"] = false.into()).contains("it is passed"));
        assert!(refused(&|test| test["verdict"] = "inconclusive".into()).contains("inconclusive"));
        assert!(refused(&|test| test["findings"] = finding("late", "invalid")).contains("spoiled it: so"));
        assert!(
            refused(&|test| test["findings"] = finding("backed_off", "warning"))
                .contains("not the plan's own")
        );
        assert!(refused(&|test| test["counts"]["completed"] = 0.into()).contains("it is passed"));
        assert!(refused(&|test| test["record"] = Value::Null).contains("run the test again"));
        assert!(refused(&|test| test["record"]["gates"] = json!([])).contains("none of its metrics"));
        assert!(refused(&|test| test["record"]["sessions"] = json!([])).contains("no session"));
        assert!(
            refused(&|test| test["record"]["gates"][0]["metric"] = "latency".into())
                .contains("unknown metric")
        );
    }
}
