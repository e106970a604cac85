//! `summary.csv`: what each test came to, one value a row.
//!
//! `scope` says what a value is of, and `name` which step, check, threshold and so on.

use super::super::json::Run;
use super::super::reading::{Compared, Custom, Test, Threshold, Times, tests};
use super::rows::{Of, Rows, counts, numbers};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Writes the table.
pub fn write(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(&["verdict", "scope", "name", "metric", "unit", "value"], out)?;
    for run in runs {
        for test in &tests(run)? {
            Table { run, test, rows: &mut rows }.write()?;
        }
    }
    rows.finish()
}

struct Table<'a, 'b> {
    run: &'a Run,
    test: &'a Test,
    rows: &'a mut Rows<'b>,
}

impl Table<'_, '_> {
    fn write(mut self) -> io::Result<()> {
        let test = self.test;
        self.whole()?;
        self.values(Of::all("generator"), numbers(&test.generator))?;
        for (scope, times) in [
            ("response", &test.response_ns),
            ("service", &test.service_ns),
            ("lag", &test.lag_ns),
            ("succeeded", &test.succeeded_ns),
            ("failed", &test.failed_ns),
        ] {
            self.times(Of::all(scope), times)?;
        }
        self.named()?;
        for threshold in &test.thresholds {
            self.threshold(threshold)?;
        }
        for compared in test.comparison.iter().flat_map(|comparison| &comparison.metrics) {
            self.compared(compared)?;
        }
        self.resources("client", test.resources.client.as_ref())?;
        self.resources("target", test.resources.target.as_ref())
    }

    /// A test that did not run has this row: whether it is partial.
    fn whole(&mut self) -> io::Result<()> {
        let test = self.test;
        let of = Of::all("iterations");
        self.one(of, "partial", "bool", f64::from(u8::from(test.partial)))?;
        self.values(of, counts(&test.counts))?;
        let known = |key: &str, value: Option<f64>| value.map(|value| (key.to_owned(), value));
        let others = [
            known("throughput_per_s", test.throughput_per_s),
            known("error_ratio", test.error_ratio),
            known("error_count", test.error_count.map(|count| count as f64)),
            known("measured_s", test.load.as_ref().and_then(|load| load.measured_s)),
            known("capacity_per_s", test.capacity.as_ref().and_then(|capacity| capacity.rate_per_s)),
        ];
        self.values(of, others.into_iter().flatten())
    }

    /// What the test function said by name.
    fn named(&mut self) -> io::Result<()> {
        let test = self.test;
        for (name, step) in &test.steps {
            let of = Of { scope: "step", name };
            self.values(of, counts(&step.counts))?;
            self.times(of, &step.duration_ns)?;
        }
        for (name, value, tagged) in test
            .tags
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |(value, tagged)| (name, value, tagged)))
        {
            let name = format!("{name}={value}");
            let of = Of { scope: "tag", name: &name };
            self.values(of, counts(&tagged.counts))?;
            self.times(of, &tagged.response_ns)?;
        }
        for (name, check) in &test.checks {
            let of = Of { scope: "check", name };
            self.values(
                of,
                [("held".to_owned(), check.held as f64), ("broken".to_owned(), check.broken as f64)],
            )?;
        }
        for (name, custom) in &test.metrics {
            self.custom(Of { scope: &custom.kind, name }, custom)?;
        }
        for error in &test.errors {
            self.one(Of { scope: "error", name: &error.category }, "count", "count", error.count as f64)?;
        }
        Ok(())
    }

    fn custom(&mut self, of: Of<'_>, custom: &Custom) -> io::Result<()> {
        for (key, value) in &custom.figures {
            let unit = match key.as_str() {
                "ratio" => "ratio",
                "count" | "hits" => "count",
                _ => "number",
            };
            if let Some(value) = value {
                self.one(of, key, unit, *value)?;
            }
        }
        if let Some(times) = &custom.value_ns {
            self.times(of, times)?;
        }
        let numbers = custom.value.iter().flat_map(|values| &values.statistics);
        for (statistic, value) in numbers.filter_map(|(key, value)| Some((key, (*value)?))) {
            self.one(of, statistic, "number", value)?;
        }
        Ok(())
    }

    fn threshold(&mut self, threshold: &Threshold) -> io::Result<()> {
        let of = Of { scope: "threshold", name: &threshold.expression };
        for (metric, value) in [("actual", threshold.actual), ("limit", threshold.limit)] {
            if let Some(value) = value {
                self.one(of, metric, &threshold.unit, value)?;
            }
        }
        self.one(of, "held", "bool", f64::from(u8::from(threshold.held)))
    }

    fn compared(&mut self, compared: &Compared) -> io::Result<()> {
        let of = Of { scope: "comparison", name: &compared.metric };
        let unit = compared.unit.as_str();
        for (metric, unit, value) in [
            ("baseline", unit, compared.baseline),
            ("current", unit, compared.current),
            ("change", "ratio", compared.change),
            ("change_low", "ratio", compared.interval.0),
            ("change_high", "ratio", compared.interval.1),
            ("smallest_detectable_change", "ratio", compared.smallest_detectable_change),
            ("tolerance", "ratio", compared.tolerance),
            ("p_value", "ratio", compared.p_value),
        ] {
            if let Some(value) = value {
                self.one(of, metric, unit, value)?;
            }
        }
        Ok(())
    }

    /// Means and highest values by figure.
    fn resources(&mut self, scope: &str, figures: Option<&Map<String, Value>>) -> io::Result<()> {
        for (figure, value) in figures.into_iter().flatten() {
            let (name, unit) = super::rows::unit_of(figure);
            let of = Of { scope, name };
            match value {
                Value::Object(both) => {
                    for (metric, value) in numbers(both) {
                        self.one(of, &metric, unit, value)?;
                    }
                }
                value => {
                    if let Some(value) = value.as_f64() {
                        self.one(of, "mean", unit, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn times(&mut self, of: Of<'_>, times: &Times) -> io::Result<()> {
        for (statistic, value) in &times.statistics {
            let unit = if statistic == "variance" { "ns²" } else { "ns" };
            if let Some(value) = value {
                self.one(of, statistic, unit, *value)?;
            }
        }
        Ok(())
    }

    fn values(&mut self, of: Of<'_>, values: impl IntoIterator<Item = (String, f64)>) -> io::Result<()> {
        self.rows.values((self.run, self.test), &[self.test.verdict.name()], of, values)
    }

    fn one(&mut self, of: Of<'_>, metric: &str, unit: &str, value: f64) -> io::Result<()> {
        let value = value.to_string();
        let cells = [self.test.verdict.name(), of.scope, of.name, metric, unit, &value];
        self.rows.write(self.run, self.test, &cells)
    }
}
