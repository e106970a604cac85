//! `report.json`: the run as other programs read it, schema `perf-report/1`.
//!
//! Numbers carry their unit in the key; what is not known is `null`.

use super::Report;
use crate::analyze::Session;
use crate::analyze::health::Health;
use crate::analyze::summary::RoundSummary;
use crate::error::Category;
use crate::judge::compare::{Comparison, MetricComparison};
use crate::judge::thresholds::Limit;
use crate::judge::verdict::Verdict;
use crate::measure::environment::Environment;
use crate::measure::errors::ErrorGroup;
use crate::measure::histogram::Histogram;
use crate::measure::sample::Counts;
use crate::measure::timeline::{Point, Timeline};
use crate::measure::{Backed, Calibration, Gap, Recording};
use crate::metric::{Metric, Quantile, Statistic, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// What this version writes.
pub const SCHEMA: &str = "perf-report/1";

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
    environment: Value,
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
            environment: of_environment(environment),
            tests: Vec::new(),
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

fn of_environment(environment: &Environment) -> Value {
    let Environment { id, label, cpu, cores, os, build_profile, rustc, git_commit, git_dirty, .. } =
        environment;
    json!({
        "id": id, "label": label, "cpu": cpu, "cores": cores, "os": os, "build_profile": build_profile,
        "rustc": rustc, "git_commit": git_commit, "git_dirty": git_dirty,
    })
}

/// A test that ran.
pub fn of_report(report: &Report) -> Value {
    let Some(session) = report.sessions.first() else {
        return Value::Null;
    };
    let (plan, summary) = (&report.plan, &session.summary);
    let mut test = head(&plan.name, &plan.target, report.judgement.verdict.name(), &report.judgement.reasons);
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
        report.comparison.as_ref().map_or(Value::Null, |c| of_comparison(c, report.sessions.len())),
    );
    test.insert("findings".into(), of_findings(&report.sessions));
    test.insert("notes".into(), json!(report.notes));
    let target = session.summary.cpu_per_iteration.map(|cpu| json!({ "cpu_per_iteration_ns": cpu }));
    test.insert("resources".into(), json!({ "client": null, "target": target }));
    Value::Object(test)
}

/// A test that has no numbers: its set-up failed, or it did not run.
pub fn of_failure(name: &str, target: &str, verdict: Verdict, reason: &str) -> Value {
    let mut test = head(name, target, verdict.name(), &[reason.to_owned()]);
    // One that did not fail was interrupted.
    test.insert("partial".into(), json!(verdict != Verdict::Failed));
    Value::Object(test)
}

fn head(name: &str, target: &str, verdict: &str, reasons: &[String]) -> Map<String, Value> {
    let fields = [
        ("name", json!(name)),
        ("test_target", json!(target)),
        ("verdict", json!(verdict)),
        ("reasons", json!(reasons)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What was measured in one session.
fn numbers(session: &Session) -> Map<String, Value> {
    let Session { recording, summary, .. } = session;
    let steps = summary.steps.iter().map(|(name, step)| {
        let completed = step.duration.count();
        let counts =
            json!({ "started": step.started, "completed": completed, "interrupted": step.interrupted });
        ((*name).to_owned(), json!({ "counts": counts, "duration_ns": of_histogram(&step.duration) }))
    });
    let checks = summary
        .checks
        .iter()
        .map(|(name, c)| ((*name).to_owned(), json!({ "held": c.held, "broken": c.broken })));
    let fields = [
        ("counts", of_counts(&summary.counts, summary.scheduled)),
        ("generator", of_health(&summary.health)),
        ("throughput_per_s", json!(summary.throughput_per_s)),
        ("error_ratio", json!(summary.error_ratio())),
        ("error_count", json!(summary.counts.errors())),
        ("response_ns", of_histogram(&summary.response)),
        ("service_ns", of_histogram(&summary.service)),
        ("lag_ns", of_histogram(&summary.lag)),
        ("succeeded_ns", of_histogram(&summary.succeeded)),
        ("failed_ns", of_histogram(&summary.failed)),
        (
            "preparation",
            json!({
                "setup_s": recording.preparation.setup.as_secs_f64(),
                "ready_s": recording.preparation.ready.as_secs_f64(),
                "calibration": recording.preparation.calibration.iter().map(of_calibration).collect::<Vec<_>>(),
                "users": recording.preparation.users.users,
                "users_failed": recording.preparation.users.failed,
                "workers_s": recording.preparation.workers.as_secs_f64(),
                "addresses": recording.preparation.addresses,
            }),
        ),
        (
            "warmup",
            json!({
                "counts": of_counts(&summary.warmup_counts, None),
                "response_ns": of_histogram(&summary.warmup_response),
            }),
        ),
        ("capacity", summary.capacity.as_ref().map_or(Value::Null, super::capacity::of_capacity)),
        ("steps", steps.collect::<Map<_, _>>().into()),
        ("checks", checks.collect::<Map<_, _>>().into()),
        ("metrics", json!({})),
        ("errors", of_errors(session)),
        ("slowest", json!([])),
        ("rounds", summary.rounds.iter().map(of_round).collect()),
        ("timeline", of_timeline(&recording.timeline)),
        ("gaps", recording.gaps.iter().map(|gap| of_gap(gap, recording)).collect()),
        ("backed_off", recording.backed.iter().map(|backed| of_backed(backed, recording)).collect()),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// How well the load was offered.
fn of_health(health: &Health) -> Value {
    json!({
        "planned_per_s": health.planned_per_s,
        "offered_per_s": health.offered_per_s,
        "late_starts": health.late_starts,
        "lag_p99_ns": health.lag_p99_ns,
        "lag_bound_ns": health.lag_bound_ns,
        "worker_cpu": health.worker_cpu,
    })
}

fn of_calibration(attempt: &Calibration) -> Value {
    json!({ "workers": attempt.workers, "started": attempt.started })
}

/// A pause, by when in the measured time it began.
fn of_gap(gap: &Gap, recording: &Recording) -> Value {
    json!({ "at_s": seconds_measured(gap.at, recording), "duration_s": gap.length as f64 / 1e9 })
}

fn of_backed(backed: &Backed, recording: &Recording) -> Value {
    json!({ "at_s": seconds_measured(backed.at, recording), "factor": backed.factor })
}

fn seconds_measured(at: u64, recording: &Recording) -> f64 {
    at as f64 / 1e9 - recording.warmup_length.as_secs_f64()
}

fn of_counts(counts: &Counts, scheduled: Option<u64>) -> Value {
    json!({
        "scheduled": scheduled,
        "planned": counts.planned,
        "started": counts.started,
        "completed": counts.completed(),
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timed_out": counts.timed_out,
        "dropped": counts.dropped(),
        "interrupted": counts.interrupted,
    })
}

fn of_histogram(histogram: &Histogram) -> Value {
    let named = [
        ("min", Statistic::Min),
        ("mean", Statistic::Mean),
        ("median", Statistic::Median),
        ("max", Statistic::Max),
        ("stddev", Statistic::Stddev),
        ("variance", Statistic::Variance),
    ];
    let percents = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99].into_iter().filter_map(Quantile::percent);
    let percentiles = percents.map(|quantile| (quantile.to_string(), Statistic::Percentile(quantile)));
    let all = named.into_iter().map(|(name, statistic)| (name.to_owned(), statistic)).chain(percentiles);
    let mut values: Map<String, Value> =
        all.map(|(name, statistic)| (name, json!(histogram.statistic(statistic)))).collect();
    values.insert(
        "histogram".into(),
        histogram.buckets().map(|(value, count)| json!([value, count])).collect(),
    );
    Value::Object(values)
}

fn of_errors(session: &Session) -> Value {
    let origin = session.recording.warmup_length.as_secs_f64();
    let at = |ns: u64| ns as f64 / 1e9 - origin;
    let error = |(category, group): &(Category, ErrorGroup)| {
        json!({
            "category": category.name(),
            "count": group.count,
            "first_message": group.first_message,
            "first_at_s": at(group.first_at),
            "last_at_s": at(group.last_at),
        })
    };
    session.summary.errors.iter().map(error).collect()
}

fn of_round(round: &RoundSummary) -> Value {
    json!({
        "start_s": round.start.as_secs_f64(),
        "duration_s": round.length.as_secs_f64(),
        "n": round.succeeded,
        "errors": round.errors,
        "service_p50_ns": round.service_p50,
        "service_p95_ns": round.service_p95,
        "service_p99_ns": round.service_p99,
        "response_p50_ns": round.response_p50,
        "throughput_per_s": round.throughput_per_s,
        "cpu_per_iteration_ns": round.cpu_per_iteration,
    })
}

fn of_timeline(timeline: &Timeline) -> Value {
    let mut in_flight = Counts::default();
    let points = timeline.points.iter().enumerate().map(|(number, point)| {
        in_flight.merge(&point.counts);
        of_point(number as f64 * timeline.interval as f64 / 1e9, point, in_flight.in_flight())
    });
    json!({ "interval_s": timeline.interval as f64 / 1e9, "points": points.collect::<Vec<_>>() })
}

fn of_point(at_s: f64, point: &Point, in_flight: u64) -> Value {
    let response =
        |percent| Quantile::percent(percent).and_then(|quantile| point.response.quantile(quantile));
    json!({
        "at_s": at_s,
        "started": point.counts.started,
        "completed": point.counts.completed(),
        "failed": point.counts.failed + point.counts.timed_out,
        "dropped": point.counts.dropped(),
        "in_flight": in_flight,
        "p50_ns": response(50.0),
        "p90_ns": response(90.0),
        "p99_ns": response(99.0),
        "max_ns": point.response.max(),
        "lag_p99_ns": Quantile::percent(99.0).and_then(|quantile| point.lag.quantile(quantile)),
        "cpu": null,
        "memory_bytes": null,
    })
}

fn of_limit(limit: &Limit) -> Value {
    json!({
        "expression": limit.threshold.expression,
        "limit": limit.threshold.limit,
        "unit": unit_name(&limit.threshold.metric),
        "actual": limit.actual,
        "held": limit.held,
        "implicit": limit.threshold.implicit,
        "aborted_at_s": null,
    })
}

fn unit_name(metric: &Metric) -> &'static str {
    match metric.unit() {
        Unit::Time => "ns",
        Unit::TimeSquared => "ns²",
        Unit::Count => "count",
        Unit::PerSecond => "per_s",
        Unit::Ratio => "ratio",
    }
}

fn of_comparison(comparison: &Comparison, sessions: usize) -> Value {
    json!({
        "verdict": comparison.verdict().name(),
        "sessions": comparison.baseline_sessions,
        "measured_sessions": sessions,
        "level": comparison.level,
        "metrics": comparison.metrics.iter().map(of_metric).collect::<Vec<_>>(),
    })
}

fn of_metric(metric: &MetricComparison) -> Value {
    json!({
        "metric": metric.metric.to_string(),
        "baseline": metric.baseline,
        "current": metric.current,
        "change": metric.change,
        "interval": [metric.interval.0, metric.interval.1],
        "smallest_detectable_change": metric.smallest_detectable_change,
        "p_value": metric.p_value,
        "tolerance": metric.tolerance,
        "verdict": metric.verdict.name(),
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
