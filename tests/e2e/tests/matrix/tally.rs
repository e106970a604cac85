//! What the runs of a cell found, metric by metric.

use serde_json::{Value, json};
use std::time::Duration;

/// What is kept of a test in a report.
pub(crate) fn found(test: &Value, took: Duration) -> Value {
    let comparison = if test["metrics"].is_array() { test } else { &test["comparison"] };
    json!({
        "verdict": test["verdict"],
        "sessions": comparison["measured_sessions"],
        "took": took.as_secs_f64(),
        "metrics": comparison["metrics"],
    })
}

/// Whether the gate said that it did.
pub(crate) fn has_failed(found: &Value) -> bool {
    found["verdict"] == "failed"
}

/// The counts of a cell.
#[derive(Default)]
pub(crate) struct Tally {
    runs: usize,
    failed: usize,
    inconclusive: usize,
    by_metric: Vec<Metric>,
    took: Vec<f64>,
}

#[derive(Default)]
struct Metric {
    name: String,
    regressed: usize,
    improved: usize,
    unchanged: usize,
    changes: Vec<f64>,
    smallest: Vec<f64>,
}

impl Tally {
    /// Of everything that was found.
    pub(crate) fn of<'a>(found: impl Iterator<Item = &'a Value>) -> Self {
        let mut tally = Tally::default();
        found.for_each(|found| tally.add(found));
        tally
    }

    fn add(&mut self, test: &Value) {
        self.runs += 1;
        self.failed += usize::from(has_failed(test));
        self.inconclusive += usize::from(test["verdict"] == "inconclusive");
        self.took.extend(test["took"].as_f64());
        for found in test["metrics"].as_array().into_iter().flatten() {
            let metric = self.metric(found["metric"].as_str().unwrap());
            metric.regressed += usize::from(found["verdict"] == "regressed");
            metric.improved += usize::from(found["verdict"] == "improved");
            metric.unchanged += usize::from(found["verdict"] == "unchanged");
            metric.changes.extend(found["change"].as_f64());
            metric.smallest.extend(found["smallest_detectable_change"].as_f64());
        }
    }

    fn metric(&mut self, name: &str) -> &mut Metric {
        let known = self.by_metric.iter().position(|metric| metric.name == name);
        let place = known.unwrap_or_else(|| {
            self.by_metric.push(Metric { name: name.to_owned(), ..Metric::default() });
            self.by_metric.len() - 1
        });
        &mut self.by_metric[place]
    }

    /// What the gate promises, of 20 runs: no false alarm, 10 % found in 19, and hardly ever called unchanged. Tails are as
    /// they are.
    pub(crate) fn check(&self, percent: usize) {
        if percent == 0 {
            assert_eq!(self.failed, 0, "unchanged code failed");
        } else if percent == 10 {
            assert!(self.failed >= 19 * self.runs / 20, "found in {} of {}", self.failed, self.runs);
            for metric in self.by_metric.iter().filter(|metric| !metric.name.contains("p95")) {
                let Metric { name, unchanged, .. } = metric;
                assert!(
                    *unchanged <= self.runs.div_ceil(20),
                    "{name} was called unchanged {unchanged} times"
                );
            }
        }
    }

    /// A row of a table, after its first cells.
    pub(crate) fn row(&self) -> String {
        let metrics: Vec<String> = self.by_metric.iter().map(Metric::cell).collect();
        format!(
            "{} | {} | {} | {} | {:.0} s",
            self.runs,
            self.failed,
            self.inconclusive,
            metrics.join("; "),
            median(&self.took)
        )
    }
}

/// The head of these rows.
pub(crate) const ROW: &str = "runs | failed | inconclusive | regressed, improved, unchanged; median change, smallest detectable | took |";

impl Metric {
    fn cell(&self) -> String {
        let percent = |values: &[f64]| 100.0 * median(values);
        let (change, smallest) = (percent(&self.changes), percent(&self.smallest));
        let Metric { name, regressed, improved, unchanged, .. } = self;
        format!("{name} {regressed}, {improved}, {unchanged}; {change:+.1} %, {smallest:.1} %")
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
