//! What `thresholds(…)` and `baseline(…)` must be.

use crate::Mistakes;
use crate::options::{GateOption, LimitText, Options};
use perf_core::plan::gate;
use perf_core::plan::threshold::Threshold;
use std::collections::BTreeSet;
use syn::LitStr;

pub(crate) fn check(options: &Options, all_keys_were_read: bool, mistakes: &mut Mistakes) {
    check_thresholds(options, mistakes);
    check_gates(options, all_keys_were_read, mistakes);
}

fn check_thresholds(options: &Options, mistakes: &mut Mistakes) {
    let mut seen = BTreeSet::new();
    for LimitText(text) in options.thresholds.iter().flat_map(|(_, texts)| texts) {
        match text.value().parse::<Threshold>() {
            Ok(threshold) if !seen.insert(threshold.expression.replace(' ', "")) => {
                mistakes.at(text, format!("`{threshold}` is given twice; keep one"));
            }
            Ok(_) => {}
            Err(error) => mistakes.at(text, error),
        }
    }
}

fn check_gates(options: &Options, all_keys_were_read: bool, mistakes: &mut Mistakes) {
    let Some((key, gates)) = &options.baseline else {
        return;
    };
    if gates.is_empty() && all_keys_were_read {
        mistakes.at(key, "`baseline()` names nothing; write `baseline(\"p50\" = \"5%\")` or `baseline(off)`");
    }
    let mut seen = BTreeSet::new();
    for option in gates {
        match option {
            GateOption::Off(off) if gates.len() > 1 => {
                mistakes.at(off, "`off` stands alone in `baseline(off)`");
            }
            GateOption::Off(_) => {}
            GateOption::Metric(metric, tolerance) => {
                check_gate(metric, tolerance.as_ref(), &mut seen, mistakes);
            }
        }
    }
}

fn check_gate(
    metric: &LitStr,
    tolerance: Option<&LitStr>,
    seen: &mut BTreeSet<String>,
    mistakes: &mut Mistakes,
) {
    let text = tolerance.map_or_else(|| "5%".to_owned(), LitStr::value);
    match gate::gated(&metric.value(), &text) {
        Ok(gated) if !seen.insert(gated.metric.to_string()) => {
            mistakes.at(metric, format!("`{}` is given twice; keep one", gated.metric));
        }
        Ok(_) => {}
        Err(error @ (gate::GateError::Tolerance(_) | gate::GateError::NoTolerance(_))) => {
            mistakes.at(tolerance, error);
        }
        Err(error) => mistakes.at(metric, error),
    }
}
