//! Turns the rounds of a test and those of its baseline's sessions into what is drawn beside each other, per metric.

use super::compact::slim;
use crate::judge::level::{Rounds, SessionRecord};
use crate::metric::Metric;
use serde_json::{Value, json};

/// Where nothing was compared.
const USUAL: [&str; 3] = ["service.p50", "service.p95", "throughput"];

/// Per metric its unit, the rounds of each session of this run, and those of each of the baseline's.
pub(super) fn of_test(test: &Value) -> Value {
    let sessions: Vec<SessionRecord> =
        serde_json::from_value(test["record"]["sessions"].clone()).unwrap_or_default();
    let of_metric = |name: String| {
        let metric: Metric = name.parse().ok()?;
        let mut all = sessions.iter().map(|session| values(&session.rounds, &metric));
        all.clone().any(|rounds| !rounds.is_empty()).then(|| {
            let before = baseline(test).iter().map(|session| session["rounds"][&name].clone());
            json!({
                "metric": name,
                "unit": metric.unit().name(),
                "sessions": all.by_ref().collect::<Vec<_>>(),
                "baseline": before.collect::<Vec<_>>(),
            })
        })
    };
    names(test).into_iter().filter_map(of_metric).collect()
}

fn values(rounds: &Rounds, metric: &Metric) -> Vec<f64> {
    rounds.values(metric).collect()
}

/// What was compared, would be, or usually is.
fn names(test: &Value) -> Vec<String> {
    let of = |list: &Value| -> Vec<String> {
        let named = |entry: &Value| entry["metric"].as_str().map(str::to_owned);
        list.as_array().into_iter().flatten().filter_map(named).collect()
    };
    let compared = of(&test["comparison"]["metrics"]);
    let gated = of(&test["record"]["gates"]);
    let usual = || USUAL.iter().map(|name| (*name).to_owned()).collect();
    [compared, gated].into_iter().find(|names| !names.is_empty()).unwrap_or_else(usual)
}

fn baseline(test: &Value) -> &[Value] {
    test["comparison"]["baseline_sessions"].as_array().map_or(&[], Vec::as_slice)
}

/// When and of which commit each session of the baseline is, and between what its quantiles lie.
pub(super) fn of_baseline(test: &Value) -> Value {
    let sessions = baseline(test);
    let named = |session: &Value| json!({ "recorded": session["recorded"], "commit": session["commit"] });
    let quantiles: Vec<Vec<f64>> = sessions
        .iter()
        .map(|session| serde_json::from_value(session["quantiles_ns"].clone()).unwrap_or_default())
        .collect();
    let count = quantiles.iter().map(Vec::len).max().unwrap_or(0);
    let sorted = |place: usize| {
        let mut values: Vec<f64> = quantiles.iter().filter_map(|all| all.get(place)).copied().collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let all: Vec<Vec<f64>> = (0..count).map(sorted).collect();
    let curve = |of: fn(&Vec<f64>) -> Option<&f64>| all.iter().filter_map(of).collect::<Vec<_>>();
    slim(&json!({
        "sessions": sessions.iter().map(named).collect::<Vec<_>>(),
        "low": curve(|values| values.first()),
        "median": curve(|values| values.get(values.len() / 2)),
        "high": curve(|values| values.last()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Value {
        let session = json!({ "rounds": { "n": [5, 5], "service_p50_ns": [1e6, null], "throughput_per_s": [5.0, 6.0] } });
        let before = |p50: f64| {
            json!({ "recorded": "2026-01-01T00:00:00Z", "commit": "abc", "quantiles_ns": [p50, 2.0 * p50],
                "rounds": { "service.p50": [p50] } })
        };
        json!({
            "record": { "sessions": [session], "gates": [] },
            "comparison": {
                "metrics": [{ "metric": "service.p50" }, { "metric": "service.p99" }],
                "baseline_sessions": [before(3.0), before(1.0), before(2.0)],
            },
        })
    }

    #[test]
    fn rounds_of_this_run_stand_beside_those_of_the_baseline() {
        let rounds = of_test(&test());
        let expected = json!([{
            "metric": "service.p50", "unit": "ns", "sessions": [[1e6]], "baseline": [[3.0], [1.0], [2.0]],
        }]);
        assert_eq!(rounds, expected, "p99 was in no round");
    }

    #[test]
    fn the_quantiles_of_a_baseline_are_a_band() {
        let told = of_baseline(&test());
        assert_eq!((&told["low"], &told["median"]), (&json!([1, 2]), &json!([2, 4])));
        assert_eq!((&told["high"], &told["sessions"][0]["commit"]), (&json!([3, 6]), &json!("abc")));
    }

    #[test]
    fn without_a_comparison_the_usual_metrics_are_shown() {
        let mut test = test();
        test["comparison"] = Value::Null;
        let rounds = of_test(&test);
        let metrics: Vec<&Value> = rounds.as_array().unwrap().iter().map(|one| &one["metric"]).collect();
        assert_eq!(metrics, ["service.p50", "throughput"]);
        assert_eq!(of_test(&json!({})), json!([]));
    }
}
