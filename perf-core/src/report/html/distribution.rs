//! Turns a histogram of `report.json`, pairs of value and count, into the two curves that are drawn of it: bars of equal
//! width on a logarithmic axis, and values by percentile up to five nines.

use super::compact::slim;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many bars a decade of values has.
const PER_DECADE: u32 = 20;
/// The percentiles at equal steps of the number of nines: −log₁₀(1 − q), from 0 to 5.
const NINES: u32 = 5;
const STEPS_PER_NINE: u32 = 20;

/// `{ "n", "first", "per_decade", "bars", "per_nine", "spectrum" }`; `null` without values.
///
/// `bars` begins with the one from 10^(`first`/`per_decade`) on. `spectrum` ends where a percentile would lie above the
/// highest but one of all values.
pub(super) fn of_histogram(histogram: &Value) -> Value {
    let pairs = pairs(histogram);
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    for (value, count) in &pairs {
        *counts.entry(bar(*value)).or_default() += count;
    }
    let (Some(first), Some(last)) = (counts.keys().next(), counts.keys().next_back()) else {
        return Value::Null;
    };
    let total: u64 = pairs.iter().map(|(_, count)| count).sum();
    json!({
        "n": total,
        "first": first,
        "per_decade": PER_DECADE,
        "bars": (*first..=*last).map(|bar| counts.get(&bar).copied().unwrap_or(0)).collect::<Vec<_>>(),
        "per_nine": STEPS_PER_NINE,
        "spectrum": spectrum(&pairs, total),
    })
}

/// In order of the values, which are at least 1: a logarithm needs that.
fn pairs(histogram: &Value) -> Vec<(f64, u64)> {
    let pair = |pair: &Value| {
        let (value, count) = (pair.get(0)?.as_f64()?, pair.get(1)?.as_u64()?);
        (count > 0).then_some((value.max(1.0), count))
    };
    let mut pairs: Vec<(f64, u64)> = histogram.as_array().into_iter().flatten().filter_map(pair).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs
}

#[allow(clippy::cast_possible_truncation)] // a logarithm
fn bar(value: f64) -> i64 {
    (value.log10() * f64::from(PER_DECADE)).floor() as i64
}

fn spectrum(pairs: &[(f64, u64)], total: u64) -> Vec<Value> {
    let (mut place, mut below, total) = (0, 0.0, total as f64);
    let steps = (0..=NINES * STEPS_PER_NINE).map(|step| f64::from(step) / f64::from(STEPS_PER_NINE));
    let quantiles = steps.map(|nines| 1.0 - 10_f64.powf(-nines));
    // The highest of n values says nothing of what lies above 1 − 1/n.
    let known = quantiles.take_while(|quantile| total * (1.0 - quantile) >= 0.999);
    let value = |quantile: f64| {
        while place + 1 < pairs.len() && below + (pairs[place].1 as f64) < quantile * total {
            below += pairs[place].1 as f64;
            place += 1;
        }
        slim(&json!(pairs[place].0.round()))
    };
    known.map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_hold_every_value_once() {
        let drawn = of_histogram(&json!([[1_000_000, 5], [1_010_000, 5], [10_000_000, 1], [0, 2], [7, 0]]));
        let bars: Vec<u64> = serde_json::from_value(drawn["bars"].clone()).unwrap();
        assert_eq!((drawn["n"].as_u64(), drawn["first"].as_i64()), (Some(13), Some(0)));
        assert_eq!((bars.len(), bars[0], bars[120], bars[140]), (141, 2, 10, 1));
    }

    #[test]
    fn the_spectrum_goes_as_far_as_the_values_do() {
        let all: Vec<Value> = (1..=1000).map(|value| json!([value * 1000, 1])).collect();
        let drawn = of_histogram(&all.into());
        let spectrum: Vec<f64> = serde_json::from_value(drawn["spectrum"].clone()).unwrap();
        assert_eq!(spectrum.len(), 61, "three nines of a thousand");
        assert_eq!((spectrum[20], spectrum[40], spectrum[60]), (900e3, 990e3, 999e3));
        let p50 = spectrum[6];
        assert!((490e3..510e3).contains(&p50), "{p50}");
    }

    #[test]
    fn without_values_there_is_nothing_to_draw() {
        for none in [json!([]), Value::Null, json!("x"), json!([[1], ["a", 2]])] {
            assert_eq!(of_histogram(&none), Value::Null);
        }
    }
}
