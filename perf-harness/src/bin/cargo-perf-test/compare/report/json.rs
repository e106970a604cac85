//! `report.json` of a comparison: schema `perf-compare/1`.
//!
//! Numbers carry their unit in the key; a change is a ratio minus one; what is not known is null.

use super::super::outcome::{Comparison, Ended, Failures, Outcome, PlayedBlock};
use super::super::revision::Commit;
use perf_core::interleave::coins::Who;
use perf_core::interleave::wire::Numbers;
use perf_core::judge::interleaved::Paired;
use perf_core::judge::looks::Look;
use serde_json::{Value, json};

const SCHEMA: &str = "perf-compare/1";

pub(super) fn of(comparison: &Comparison) -> String {
    let Comparison { sides, outcomes, left_out, tempo, looks, .. } = comparison;
    let left_out = left_out.iter().map(|test| json!({ "name": test.name, "reason": test.reason }));
    let report = json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "started": humantime::format_rfc3339_seconds(comparison.started).to_string(),
        "duration_s": comparison.elapsed.as_secs_f64(),
        "load_s": comparison.load_time().as_secs_f64(),
        "partial": comparison.signal.is_some(),
        "base": commit(&sides.base),
        "head": commit(&sides.head),
        "seed": comparison.seed,
        "round_s": tempo.round().as_secs_f64(),
        "rounds_per_block": tempo.rounds,
        "warmup_s": tempo.warmup().as_secs_f64(),
        "hypotheses": looks.hypotheses(),
        "looks": looks.all().iter().map(look).collect::<Vec<_>>(),
        "tests": outcomes.iter().map(test).collect::<Vec<_>>(),
        "not_compared": left_out.collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

fn commit(commit: &Commit) -> Value {
    json!({ "name": commit.name, "git_commit": commit.id, "git_dirty": commit.is_dirty })
}

fn look(look: &Look) -> Value {
    json!({ "blocks": look.blocks, "level": look.level })
}

fn test(outcome: &Outcome) -> Value {
    let (verdict, reasons) = outcome.judge();
    let missing = outcome.missing();
    let missing = missing.iter().map(|(metric, why)| json!({ "metric": metric.to_string(), "reason": why }));
    json!({
        "name": outcome.name,
        "test_target": outcome.target,
        "package": outcome.package,
        "load": outcome.load,
        "verdict": verdict.name(),
        "reasons": reasons,
        "partial": matches!(outcome.ended, Ended::Trouble(_)),
        "load_s": outcome.load_time.as_secs_f64(),
        "starts_s": outcome.starts().as_secs_f64(),
        "workers": outcome.workers,
        "errors": { "base": failures(&outcome.failures(Who::Base)), "head": failures(&outcome.failures(Who::Head)) },
        "metrics": outcome.decided.metrics.iter().map(metric).collect::<Vec<_>>(),
        "not_compared": missing.collect::<Vec<_>>(),
        "spoiled_blocks": outcome.spoiled,
        "blocks": outcome.played.iter().map(block).collect::<Vec<_>>(),
    })
}

fn failures(failures: &Failures) -> Value {
    let categories = failures.categories.iter().map(
        |(category, (count, first))| json!({ "category": category, "count": count, "first_message": first }),
    );
    json!({
        "planned": failures.planned,
        "count": failures.count,
        "ratio": failures.ratio(),
        "categories": categories.collect::<Vec<_>>(),
    })
}

fn metric(paired: &Paired) -> Value {
    let looks = paired.looks.iter().map(|seen| {
        json!({
            "blocks": seen.look.blocks,
            "level": seen.look.level,
            "p_worse": seen.p_worse,
            "p_better": seen.p_better,
        })
    });
    json!({
        "metric": paired.metric.to_string(),
        "unit": paired.metric.unit().name(),
        "tolerance": paired.tolerance,
        "base": paired.base,
        "head": paired.head,
        "change": paired.change,
        "interval": [finite(paired.interval.0), finite(paired.interval.1)],
        "smallest_detectable_change": paired.smallest_detectable_change(),
        "p_value": paired.p_value,
        "verdict": paired.verdict.name(),
        "doubts": paired.doubt.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "looks": looks.collect::<Vec<_>>(),
        "block_log_ratios": paired.values,
    })
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn block(block: &PlayedBlock) -> Value {
    let [base, head] = &block.numbers;
    json!({
        "first": block.first.iter().map(|who| who.name()).collect::<Vec<_>>(),
        "base": side(base),
        "head": side(head),
    })
}

/// Round by round, by column; histograms would be most of the file and are left out.
fn side(numbers: &Numbers) -> Value {
    json!({ "planned": numbers.planned, "errors": numbers.error_count(), "rounds": numbers.rounds })
}

#[cfg(test)]
mod tests {
    use super::super::super::outcome::tests::outcome;
    use super::*;

    #[test]
    fn a_test_holds_what_others_read() {
        let value = test(&outcome(13.0, 3));
        assert_eq!((&value["name"], &value["verdict"]), (&json!("login"), &json!("failed")));
        let metric = &value["metrics"][0];
        assert_eq!((&metric["metric"], &metric["verdict"]), (&json!("service.p50"), &json!("regressed")));
        assert_eq!((metric["base"].as_f64().unwrap().round(), &metric["unit"]), (10e6, &json!("ns")));
        assert!(metric["p_value"].as_f64().unwrap() < 1e-4 && metric["doubts"] == json!([]));
        assert_eq!(metric["block_log_ratios"].as_array().unwrap().len(), 14, "decided at the first look");
        assert_eq!(value["blocks"].as_array().unwrap().len(), 20);
        assert_eq!(value["blocks"][0]["base"]["rounds"]["n"], json!([100, 100, 100]));
        assert_eq!(value["errors"]["head"]["categories"][0]["category"], json!("http_5xx"));
        assert_eq!(value["not_compared"][1]["metric"], json!("cpu_per_iteration"));
    }
}
