//! The rows of a table: what they have in common, and what a key of `report.json` says of its value.

use super::super::json::Run;
use super::super::reading::Test;
use csv::Writer;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A table that is being written.
pub(super) struct Rows<'a> {
    out: Writer<&'a mut dyn Write>,
}

/// What a value is of: `response`, or the `step` named `login`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    pub(super) scope: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Of<'a> {
    /// Without a name.
    pub(super) fn all(scope: &'a str) -> Self {
        Of { scope, name: "" }
    }
}

impl<'a> Rows<'a> {
    /// With its header.
    pub(super) fn new(columns: &[&str], out: &'a mut dyn Write) -> io::Result<Self> {
        let mut out = Writer::from_writer(out);
        out.write_record(["run_id", "test_target", "test"].iter().chain(columns))?;
        Ok(Rows { out })
    }

    /// One row.
    pub(super) fn write(&mut self, run: &Run, test: &Test, cells: &[&str]) -> io::Result<()> {
        let test = [run.run_id.as_str(), test.test_target.as_str(), test.name.as_str()];
        Ok(self.out.write_record(test.iter().chain(cells))?)
    }

    /// A row for each known value of a map, behind the cells that they have in common.
    pub(super) fn values(
        &mut self,
        (run, test): (&Run, &Test),
        before: &[&str],
        of: Of<'_>,
        values: impl IntoIterator<Item = (String, f64)>,
    ) -> io::Result<()> {
        for (key, value) in values {
            let (metric, unit) = unit_of(&key);
            let value = value.to_string();
            let cells = [of.scope, of.name, metric, unit, &value];
            self.write(run, test, &before.iter().copied().chain(cells).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// To the last byte.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A key is a metric and the unit it ends in: `p99_ns` is `p99` in `ns`.
pub(super) fn unit_of(key: &str) -> (&str, &str) {
    const ENDINGS: [(&str, &str); 5] = [
        ("_bytes_per_s", "bytes_per_s"),
        ("_per_s", "per_s"),
        ("_bytes", "bytes"),
        ("_ns", "ns"),
        ("_s", "s"),
    ];
    let ending = ENDINGS.iter().find_map(|(ending, unit)| Some((key.strip_suffix(ending)?, *unit)));
    let unit = match key {
        "cpu" | "machine_cpu" | "target_cpu" => "cores",
        "worker_cpu" | "worker_cpu_max" | "steal" | "throttled" => "ratio",
        _ if key.starts_with("pressure_") || key.ends_with("ratio") => "ratio",
        _ => "count",
    };
    ending.unwrap_or((key, unit))
}

/// The numbers of a map, by their keys.
pub(super) fn numbers(map: &Map<String, Value>) -> Vec<(String, f64)> {
    map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_f64()?))).collect()
}

/// Counts as numbers.
pub(super) fn counts(counts: &BTreeMap<String, Option<u64>>) -> Vec<(String, f64)> {
    counts.iter().filter_map(|(key, count)| Some((key.clone(), (*count)? as f64))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_unit() {
        for (key, metric, unit) in [
            ("p99_ns", "p99", "ns"),
            ("throughput_per_s", "throughput", "per_s"),
            ("received_bytes_per_s", "received", "bytes_per_s"),
            ("memory_bytes", "memory", "bytes"),
            ("cpu", "cpu", "cores"),
            ("pressure_io", "pressure_io", "ratio"),
            ("error_ratio", "error_ratio", "ratio"),
            ("users", "users", "count"),
        ] {
            assert_eq!(unit_of(key), (metric, unit));
        }
    }
}
