//! A distribution of times, as report.json has it.

use crate::measure::histogram::Histogram;
use crate::metric::{Quantile, STATISTICS, Statistic};
use serde_json::{Map, Value, json};

/// Statistics and the whole, in nanoseconds.
pub(super) fn of_histogram(histogram: &Histogram) -> Value {
    let percents = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99].into_iter().filter_map(Quantile::percent);
    let percentiles = percents.map(|quantile| (quantile.to_string(), Statistic::Percentile(quantile)));
    let named = STATISTICS.map(|(name, statistic)| (name.to_owned(), statistic));
    let all = named.into_iter().chain(percentiles);
    let mut values: Map<String, Value> =
        all.map(|(name, statistic)| (name, json!(histogram.statistic(statistic)))).collect();
    values.insert(
        "histogram".into(),
        histogram.buckets().map(|(value, count)| json!([value, count])).collect(),
    );
    Value::Object(values)
}
