//! `report.json`: the run as other programs read it, schema `perf-report/1`.
//!
//! Numbers carry their unit in the key; what is not known is `null`.

use super::Report;
use super::alert;
use super::numbers::numbers;
use crate::analyze::Session;
use crate::judge::compare::MetricComparison;
use crate::judge::comparison::{Comparison, Missing};
use crate::judge::level::{Level, SessionRecord};
use crate::judge::thresholds::Limit;
use crate::judge::verdict::Verdict;
use crate::measure::Aborted;
use crate::measure::alert::Alert;
use crate::measure::environment::Environment;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// What this version writes.
pub const SCHEMA: &str = "perf-report/1";

/// What it says in the words of JSON Schema 2020-12: every key with its type and unit.
pub const JSON_SCHEMA: &str = include_str!("../../report.schema.json");

/// A run: the tests of one `cargo test`, or of one `NEXTEST_RUN_ID`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    schema: String,
    /// Names its folder.
    pub run_id: String,
    /// RFC 3339, in UTC.
    pub started: String,
    /// From the start of the first test to the end of the last one.
    pub duration_s: f64,
    /// Whether a test ended early.
    pub partial: bool,
    /// Where.
    pub environment: Environment,
    /// In the order they ran.
    pub tests: Vec<Value>,
}

impl Run {
    /// Without tests.
    pub fn new(run_id: &str, started: &str, environment: &Environment) -> Self {
        Run {
            schema: SCHEMA.to_owned(),
            run_id: run_id.to_owned(),
            started: started.to_owned(),
            duration_s: 0.0,
            partial: false,
            environment: environment.clone(),
            tests: Vec::new(),
        }
    }

    /// Of the text of a `report.json`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let run: Run = serde_json::from_str(text).map_err(|e| e.to_string())?;
        match run.schema == SCHEMA {
            true => Ok(run),
            false => Err(format!("schema {}, not {SCHEMA}; update perf-harness", run.schema)),
        }
    }

    /// Adds a test; one of the same target and name is replaced (nextest's retries).
    pub fn add(&mut self, test: Value) {
        let key = |test: &Value| (test["test_target"].clone(), test["name"].clone());
        self.partial |= test["partial"] == true;
        self.tests.retain(|other| key(other) != key(&test));
        self.tests.push(test);
    }
}

/// Writes a run, indented, with a newline at the end.
pub fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, run)?;
    writeln!(out)
}

/// A test that ran.
pub fn of_report(report: &Report) -> Value {
    let Some(session) = report.sessions.first() else {
        return Value::Null;
    };
    let (plan, summary) = (&report.plan, &session.summary);
    let mut test = head(plan, report.judgement.verdict, &report.judgement.reasons);
    test.insert("partial".into(), json!(report.sessions.iter().any(Session::is_partial)));
    test.insert(
        "load".into(),
        json!({
            "model": plan.load.model(),
            "duration_s": plan.measured_for().map(|length| length.as_secs_f64()),
            "measured_s": summary.measured_for.as_secs_f64(),
            "description": plan.description(),
            "workers": plan.workers as usize + session.recording.preparation.calibration.len(),
            "seed": plan.seed,
        }),
    );
    if let Some(scenario) = &plan.scenario {
        test.insert("scenario".into(), json!(scenario));
        test.insert("members".into(), json!(plan.members));
    }
    test.extend(numbers(session));
    test.insert("thresholds".into(), report.limits.iter().map(of_limit).collect());
    test.insert(
        "comparison".into(),
        report.comparison.as_ref().map_or(Value::Null, |comparison| of_comparison(comparison, report)),
    );
    test.insert("record".into(), super::record::of_report(report));
    test.insert("findings".into(), of_findings(&report.sessions));
    test.insert("notes".into(), json!(report.notes));
    test.insert("alerts".into(), report.alerts.iter().map(alert::of_alert).collect());
    test.insert("resources".into(), super::resources::of_session(session));
    Value::Object(test)
}

/// A test that has no numbers: its set-up failed, or it did not run.
pub fn of_failure(plan: &Plan, verdict: Verdict, reason: &str, alert: Option<&Alert>) -> Value {
    let mut test = head(plan, verdict, &[reason.to_owned()]);
    test.insert("alerts".into(), alert.into_iter().map(alert::of_alert).collect());
    // One that did not fail was interrupted.
    test.insert("partial".into(), json!(verdict != Verdict::Failed));
    Value::Object(test)
}

fn head(plan: &Plan, verdict: Verdict, reasons: &[String]) -> Map<String, Value> {
    let fields = [
        ("name", json!(plan.name)),
        ("test_target", json!(plan.target)),
        ("file", json!(plan.source.map(|source| source.file))),
        ("line", json!(plan.source.map(|source| source.line))),
        ("verdict", json!(verdict.name())),
        ("reasons", json!(reasons)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn of_limit(limit: &Limit) -> Value {
    json!({
        "expression": limit.threshold.expression,
        "limit": limit.threshold.limit,
        "unit": limit.threshold.metric.unit().name(),
        "actual": limit.actual,
        "held": limit.held,
        "implicit": limit.threshold.implicit,
        "aborted_at_s": limit.aborted.as_ref().map(|aborted| aborted.at.as_secs_f64()),
        "abort": limit.aborted.as_ref().map(of_aborted),
    })
}

/// The window that ended the test.
fn of_aborted(aborted: &Aborted) -> Value {
    json!({
        "at_s": aborted.at.as_secs_f64(),
        "window_s": aborted.window.as_secs_f64(),
        "actual": aborted.value,
    })
}

fn of_comparison(comparison: &Comparison, report: &Report) -> Value {
    json!({
        "verdict": comparison.verdict().name(),
        "sessions": comparison.baseline_sessions,
        "measured_sessions": report.sessions.len(),
        "level": comparison.level,
        "metrics": comparison.metrics.iter().map(of_metric).collect::<Vec<_>>(),
        "not_compared": comparison.missing.iter().map(of_missing).collect::<Vec<_>>(),
        "baseline_sessions": report.reference.level().map_or(Value::Null, |level| of_baseline(comparison, level)),
    })
}

/// What was compared with: of each session the rounds of the compared metrics, and its quantiles.
fn of_baseline(comparison: &Comparison, level: &Level) -> Value {
    let of_session = |session: &SessionRecord| {
        let rounds = comparison.metrics.iter().map(|MetricComparison { metric, .. }| {
            (metric.to_string(), session.rounds.values(metric).collect::<Vec<f64>>().into())
        });
        json!({
            "recorded": session.recorded,
            "commit": session.commit,
            "rounds": rounds.collect::<Map<_, Value>>(),
            "quantiles_ns": session.quantiles_ns,
        })
    };
    level.sessions.iter().map(of_session).collect()
}

fn of_missing(missing: &Missing) -> Value {
    json!({ "metric": missing.metric.to_string(), "reason": missing.lack.to_string() })
}

fn of_metric(metric: &MetricComparison) -> Value {
    json!({
        "metric": metric.metric.to_string(),
        "unit": metric.metric.unit().name(),
        "baseline": metric.baseline,
        "current": metric.current,
        "change": metric.change,
        "interval": [metric.interval.0, metric.interval.1],
        "smallest_detectable_change": metric.smallest_detectable_change,
        "p_value": metric.p_value,
        "tolerance": metric.tolerance,
        "verdict": metric.verdict.name(),
        "doubts": metric.doubts.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn of_findings(sessions: &[Session]) -> Value {
    let all = sessions.iter().flat_map(|session| &session.findings);
    all.map(|finding| {
        let evidence: Map<String, Value> =
            finding.evidence.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "kind": finding.kind,
            "severity": finding.severity.name(),
            "message": finding.message,
            "advice": finding.advice,
            "evidence": evidence,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::compare::Basis;
    use crate::judge::level::Rounds;
    use crate::judge::spread::Spreads;
    use crate::plan::gate::gated;

    #[test]
    fn a_comparison_names_the_sessions_it_was_made_with() {
        let session = |p50: f64| SessionRecord {
            commit: Some("abc".to_owned()),
            quantiles_ns: vec![1, 2],
            recorded: "2026-01-31T12:00:00Z".to_owned(),
            rounds: Rounds { n: vec![100; 2], service_p50_ns: vec![Some(p50), None], ..Rounds::default() },
            ..SessionRecord::default()
        };
        let level = Level { sessions: vec![session(1e6), session(2e6)], ..Level::default() };
        let basis = Basis { level: &level, spreads: &Spreads::default(), family: 1 };
        let comparison = Comparison::of(&[gated("p50", "5%").unwrap()], &[session(1e6)], &basis, 1, false);
        let told = of_baseline(&comparison, &level);
        let second = json!({
            "recorded": "2026-01-31T12:00:00Z", "commit": "abc", "quantiles_ns": [1, 2], "rounds": { "service.p50": [2e6] },
        });
        assert_eq!((told.as_array().map(Vec::len), &told[1]), (Some(2), &second));
    }
}
