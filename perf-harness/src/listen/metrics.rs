//! How every test stands, as Prometheus reads it. The only file that names prometheus-client.
//!
//! Labels have few values: tests are those of the registry, categories, outcomes, phases and verdicts those of this crate.

use perf_core::drive::snapshot::{Rates, Stage};
use perf_core::judge::verdict::Verdict;
use perf_core::measure::ladder::Ladder;
use perf_core::measure::timeline::Level;
use perf_core::measure::totals::Totals;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt::Error;

/// Of all tests of this process.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) run_id: String,
    pub(super) environment: String,
    pub(super) tests: Vec<Row>,
}

/// Of one test.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) test: String,
    pub(super) target: String,
    pub(super) totals: Totals,
    /// While it runs.
    pub(super) stage: Option<Stage>,
    pub(super) level: Level,
    pub(super) last: Rates,
    /// Once it ended.
    pub(super) verdict: Option<Verdict>,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    OpenMetrics,
    /// Version 0.0.4 of Prometheus' own text.
    Prometheus,
}

impl Format {
    /// The one that a client asks for; Prometheus names both, and prefers the first.
    pub(super) fn asked_for(accept: &str) -> Self {
        let names_it = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next() == Some("application/openmetrics-text");
            is_it && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
        };
        match accept.split(',').map(str::trim).any(names_it) {
            true => Format::OpenMetrics,
            false => Format::Prometheus,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Prometheus => prometheus_text::CONTENT_TYPE,
        }
    }
}

/// The text of a scrape.
pub(super) fn write(rows: Rows, format: Format) -> Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(rows));
    let mut written = String::new();
    match format {
        Format::OpenMetrics => text::encode(&mut written, &registry)?,
        Format::Prometheus => prometheus_text::encode(&mut written, &registry)?,
    }
    Ok(written)
}

const VERDICTS: [Verdict; 4] = [Verdict::Passed, Verdict::Failed, Verdict::Inconclusive, Verdict::Skipped];

impl Collector for Rows {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let info = [("run_id", self.run_id.as_str()), ("environment", self.environment.as_str())];
        encoder
            .encode_descriptor("perf_run", "The run that is being watched", None, MetricType::Info)?
            .encode_info(&info)?;
        self.counters(&mut encoder)?;
        self.times(&mut encoder)?;
        self.gauges(&mut encoder)
    }
}

impl Rows {
    fn counters(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let counts = |row: &Row| row.totals.counts;
        self.each(
            encoder,
            MetricType::Counter,
            "perf_iterations_planned",
            "Iterations that were to begin",
            |row| vec![(None, counts(row).planned as f64)],
        )?;
        self.each(encoder, MetricType::Counter, "perf_iterations_started", "Iterations that began", |row| {
            vec![(None, counts(row).started as f64)]
        })?;
        let help = "Iterations that are over, by how they ended; dropped ones never began";
        self.each(encoder, MetricType::Counter, "perf_iterations", help, |row| {
            let counts = counts(row);
            [
                ("succeeded", counts.succeeded),
                ("failed", counts.failed),
                ("timed_out", counts.timed_out),
                ("dropped", counts.dropped()),
                ("interrupted", counts.interrupted),
            ]
            .map(|(outcome, count)| (Some(("outcome", outcome)), count as f64))
            .into()
        })?;
        let help = "Iterations that were to begin and did not succeed, by category";
        self.each(encoder, MetricType::Counter, "perf_errors", help, |row| {
            let errors = row.totals.errors.iter();
            errors.map(|(category, count)| (Some(("category", category.name())), *count as f64)).collect()
        })
    }

    fn times(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        self.histogram(encoder, "perf_response", "Finish less intended start", |totals| &totals.response)?;
        self.histogram(encoder, "perf_service", "Finish less actual start", |totals| &totals.service)?;
        self.histogram(encoder, "perf_lag", "Actual start less intended start", |totals| &totals.lag)
    }

    fn gauges(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let gauge = MetricType::Gauge;
        let one = |value: f64| vec![(None, value)];
        self.each(encoder, gauge, "perf_in_flight_iterations", "Iterations that are running", |row| {
            one(row.level.in_flight as f64)
        })?;
        self.each(encoder, gauge, "perf_users", "Users of a closed load", |row| one(row.level.users as f64))?;
        self.each(encoder, gauge, "perf_planned_per_second", "What fell due in the last second", |row| {
            one(row.last.planned_per_s)
        })?;
        self.each(
            encoder,
            gauge,
            "perf_achieved_per_second",
            "What came to an end in the last second",
            |row| one(row.last.achieved_per_s),
        )?;
        self.each(
            encoder,
            gauge,
            "perf_phase",
            "1 for the phase that the test is in, 0 for the others",
            |row| {
                let is_it = |stage: Stage| f64::from(u8::from(row.stage == Some(stage)));
                Stage::ALL.map(|stage| (Some(("phase", stage.name())), is_it(stage))).into()
            },
        )?;
        self.each(
            encoder,
            gauge,
            "perf_verdict",
            "1 for the verdict of a test that ended, 0 for the others",
            |row| {
                let is_it = |verdict: Verdict| f64::from(u8::from(row.verdict == Some(verdict)));
                let all = VERDICTS.map(|verdict| (Some(("verdict", verdict.name())), is_it(verdict)));
                all.into_iter().filter(|_| row.verdict.is_some()).collect()
            },
        )
    }

    /// One family: of every test some values, each with a label of its own or none.
    fn each(
        &self,
        encoder: &mut DescriptorEncoder,
        kind: MetricType,
        name: &str,
        help: &str,
        values: impl Fn(&Row) -> Vec<(Option<(&'static str, &'static str)>, f64)>,
    ) -> Result<(), Error> {
        let is_counter = matches!(kind, MetricType::Counter);
        let mut family = encoder.encode_descriptor(name, help, None, kind)?;
        for row in &self.tests {
            for (label, value) in values(row) {
                let labels = row.labels(label);
                let mut metric = family.encode_family(&labels)?;
                match is_counter {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made of a count
                    true => metric.encode_counter::<NoLabelSet, u64, f64>(&(value as u64), None)?,
                    false => metric.encode_gauge(&value)?,
                }
            }
        }
        Ok(())
    }

    fn histogram(
        &self,
        encoder: &mut DescriptorEncoder,
        name: &str,
        help: &str,
        of: fn(&Totals) -> &Ladder,
    ) -> Result<(), Error> {
        let unit = Unit::Seconds;
        let mut family = encoder.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        for row in &self.tests {
            let (ladder, labels) = (of(&row.totals), row.labels(None));
            let seconds = |bound: Option<u64>| bound.map_or(f64::INFINITY, |ns| ns as f64 / 1e9);
            let buckets: Vec<(f64, u64)> =
                ladder.buckets().map(|(bound, count)| (seconds(bound), count)).collect();
            let mut metric = family.encode_family(&labels)?;
            metric.encode_histogram::<NoLabelSet>(ladder.sum() / 1e9, ladder.count(), &buckets, None)?;
        }
        Ok(())
    }
}

impl Row {
    fn labels(&self, own: Option<(&'static str, &'static str)>) -> Vec<(String, String)> {
        let both = [("test", self.test.as_str()), ("test_target", self.target.as_str())];
        both.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use perf_core::error::Category;
    use perf_core::measure::histogram::Histogram;
    use perf_core::measure::sample::Counts;
    use std::process::{Command, Stdio};

    pub(in super::super) fn rows() -> Rows {
        let mut times = Histogram::default();
        [900_000, 3_000_000, 40_000_000_000].into_iter().for_each(|ns| times.record(ns));
        let ladder = Ladder::of([&times]);
        let totals = Totals {
            counts: Counts {
                planned: 5,
                started: 4,
                succeeded: 2,
                failed: 1,
                dropped_late: 1,
                ..Counts::default()
            },
            errors: [(Category::Connect, 1), (Category::Dropped, 1)].into(),
            response: ladder.clone(),
            service: ladder.clone(),
            lag: ladder,
        };
        let row = Row {
            test: "log\"in\\".to_owned(),
            target: "perf".to_owned(),
            totals,
            stage: Some(Stage::Measuring),
            level: Level { in_flight: 1, users: 0 },
            last: Rates { planned_per_s: 200.0, achieved_per_s: 199.5, ..Rates::default() },
            verdict: None,
        };
        let over =
            Row { test: "over".to_owned(), stage: None, verdict: Some(Verdict::Failed), ..row.clone() };
        Rows { run_id: "1".to_owned(), environment: "abc".to_owned(), tests: vec![row, over] }
    }

    #[test]
    fn numbers_carry_their_units_and_every_outcome_is_there() {
        let text = write(rows(), Format::OpenMetrics).unwrap();
        let mine = "{test=\"log\\\"in\\\\\",test_target=\"perf\"";
        for line in [
            "# TYPE perf_run info".to_owned(),
            "perf_run_info{run_id=\"1\",environment=\"abc\"} 1".to_owned(),
            format!("perf_iterations_planned_total{mine}}} 5"),
            format!("perf_iterations_total{mine},outcome=\"succeeded\"}} 2"),
            format!("perf_iterations_total{mine},outcome=\"dropped\"}} 1"),
            format!("perf_errors_total{mine},category=\"connect\"}} 1"),
            "# UNIT perf_response_seconds seconds".to_owned(),
            format!("perf_response_seconds_count{mine}}} 3"),
            format!("perf_response_seconds_bucket{{le=\"0.001\",{}}} 1", &mine[1..]),
            format!("perf_response_seconds_bucket{{le=\"+Inf\",{}}} 3", &mine[1..]),
            format!("perf_phase{mine},phase=\"measuring\"}} 1.0"),
            "perf_verdict{test=\"over\",test_target=\"perf\",verdict=\"failed\"} 1.0".to_owned(),
        ] {
            assert!(text.lines().any(|written| written == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
        assert!(!text.contains("perf_verdict{test=\"log"), "it has none yet: {text}");
    }

    #[test]
    fn openmetrics_is_for_those_who_name_it() {
        let of_prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, format) in [
            (of_prometheus, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text;q=0, text/plain", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("", Format::Prometheus),
            ("text/html,application/xhtml+xml", Format::Prometheus),
        ] {
            assert_eq!(Format::asked_for(accept), format, "{accept}");
        }
    }

    /// Prometheus' own check of names, types and syntax.
    #[test]
    fn promtool_has_nothing_to_say_of_them() {
        let checking = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut checking = match checking {
            Ok(checking) => checking,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "promtool: {error}; install Debian's prometheus");
                return eprintln!("skipped: promtool: {error}");
            }
        };
        let text = write(rows(), Format::Prometheus).unwrap();
        std::io::Write::write_all(&mut checking.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let said = checking.wait_with_output().unwrap();
        let words = [said.stdout, said.stderr].concat();
        assert!(said.status.success() && words.is_empty(), "{}\n{text}", String::from_utf8_lossy(&words));
    }
}
