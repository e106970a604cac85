//! What the test function said by name, as report.json has it: steps, checks, tags, quantities of its own.

use super::histogram::of_histogram;
use crate::analyze::summary::Summary;
use crate::measure::custom::{Custom, Kind};
use crate::metric::{Quantile, STATISTICS, Statistic, Unit};
use serde_json::{Map, Value, json};

/// Keys of a test and their values.
pub(super) fn named(summary: &Summary) -> [(&'static str, Value); 4] {
    let steps = summary.steps.iter().map(|(name, step)| {
        let completed = step.duration.count();
        let counts =
            json!({ "started": step.started, "completed": completed, "interrupted": step.interrupted });
        (name.to_string(), json!({ "counts": counts, "duration_ns": of_histogram(&step.duration) }))
    });
    let checks = summary.checks.iter();
    let checks = checks.map(|(name, c)| (name.to_string(), json!({ "held": c.held, "broken": c.broken })));
    let metrics = summary.metrics.iter().map(|(name, custom)| (name.to_string(), of_custom(custom)));
    [
        ("steps", steps.collect::<Map<_, _>>().into()),
        ("checks", checks.collect::<Map<_, _>>().into()),
        ("metrics", metrics.collect::<Map<_, _>>().into()),
        ("tags", tags(summary)),
    ]
}

/// By name, then by value.
fn tags(summary: &Summary) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for ((name, value), tagged) in &summary.tags {
        let counts = json!({ "succeeded": tagged.succeeded, "failed": tagged.failed });
        let one = json!({ "counts": counts, "response_ns": of_histogram(&tagged.response) });
        let values = all.entry(name.to_string()).or_insert_with(|| json!({}));
        values[value.as_ref()] = one;
    }
    all.into()
}

fn of_custom(custom: &Custom) -> Value {
    let kind = custom.kind.name();
    match custom.kind {
        Kind::Counter => json!({ "kind": kind, "count": custom.count, "sum": custom.value(None) }),
        Kind::Rate => {
            json!({ "kind": kind, "count": custom.count, "hits": custom.sum, "ratio": custom.value(None) })
        }
        Kind::Gauge => json!({
            "kind": kind,
            "count": custom.count,
            "last": custom.value(None),
            "min": custom.value(Some(Statistic::Min)),
            "mean": custom.value(Some(Statistic::Mean)),
            "max": custom.value(Some(Statistic::Max)),
        }),
        Kind::Trend => {
            let values = if custom.unit == Unit::Time { "value_ns" } else { "value" };
            json!({ "kind": kind, "count": custom.count, values: of_trend(custom) })
        }
    }
}

fn of_trend(custom: &Custom) -> Value {
    let named = STATISTICS.map(|(name, statistic)| (name.to_owned(), statistic));
    let percents = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9].into_iter().filter_map(Quantile::percent);
    let percentiles = percents.map(|quantile| (quantile.to_string(), Statistic::Percentile(quantile)));
    let all = named.into_iter().chain(percentiles);
    let mut values: Map<String, Value> =
        all.map(|(name, statistic)| (name, json!(custom.value(Some(statistic))))).collect();
    values.insert("histogram".into(), json!(custom.buckets()));
    values.into()
}
