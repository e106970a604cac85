//! Load generators that are programs: how they are asked, and what they print.

use super::Said;
use crate::load::{LENGTH, Load, RATE, USERS};
use serde_json::Value;

/// wrk has no rate, so the load is always closed.
pub(super) fn wrk(_: Load) -> Vec<String> {
    words(&format!("-t1 -c{USERS} -d{}s --latency", LENGTH.as_secs()))
}

pub(super) fn oha(load: Load) -> Vec<String> {
    let closed = format!("-c {USERS} -z {}s --no-tui --output-format json", LENGTH.as_secs());
    match load {
        Load::Closed => words(&closed),
        Load::Open => words(&format!("{closed} -q {RATE}")),
    }
}

/// hey's rate is that of one of its workers.
pub(super) fn hey(load: Load) -> Vec<String> {
    let closed = format!("-c {USERS} -z {}s", LENGTH.as_secs());
    match load {
        Load::Closed => words(&closed),
        Load::Open => words(&format!("{closed} -q {}", f64::from(RATE) / f64::from(USERS))),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// `     50%  589.00us`
pub(super) fn read_wrk(output: &str) -> Said {
    let nanos = |start| {
        let text = after(output, start)?;
        let units = [("us", 1e3), ("ms", 1e6), ("s", 1e9)];
        let (number, unit) = units.iter().find_map(|(unit, ns)| Some((text.strip_suffix(unit)?, ns)))?;
        Some(number.parse::<f64>().ok()? * unit)
    };
    Said { p50_ns: nanos("50%"), p99_ns: nanos("99%") }
}

/// `"latencyPercentiles": { "p50": 0.00058, … }`
pub(super) fn read_oha(output: &str) -> Said {
    let report: Value = serde_json::from_str(output).unwrap_or_default();
    let nanos = |name| report["latencyPercentiles"][name].as_f64().map(|seconds| seconds * 1e9);
    Said { p50_ns: nanos("p50"), p99_ns: nanos("p99") }
}

/// `  50% in 0.0006 secs`
pub(super) fn read_hey(output: &str) -> Said {
    let seconds = |start| after(output, start)?.strip_prefix("in ")?.strip_suffix(" secs")?.parse().ok();
    let nanos = |start| seconds(start).map(|seconds: f64| seconds * 1e9);
    Said { p50_ns: nanos("50%"), p99_ns: nanos("99%") }
}

/// What follows on the line that starts so.
fn after<'a>(output: &'a str, start: &str) -> Option<&'a str> {
    output.lines().find_map(|line| line.trim().strip_prefix(start)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_from_what_programs_print() {
        let said = Said { p50_ns: Some(600_000.0), p99_ns: Some(1_250_000.0) };
        let wrk = "  Latency Distribution\n     50%  600.00us\n     75%  650.00us\n     99%    1.25ms\n";
        assert_eq!(read_wrk(wrk), said);
        let oha = r#"{"latencyPercentiles": {"p50": 0.0006, "p99": 0.00125}}"#;
        assert_eq!(read_oha(oha), said);
        let hey = "Latency distribution:\n  50% in 0.0006 secs\n  99% in 0.00125 secs\n";
        assert_eq!(read_hey(hey), said);
        assert_eq!(read_oha("nothing"), Said::default());
    }
}
