//! `histogram.csv`: every distribution of a run, one bucket a row.

use super::super::json::Run;
use super::super::reading::{Test, Times, tests};
use super::rows::{Of, Rows};
use std::io::{self, Write};

/// Writes the table. A value stands for its bucket: three digits of it are exact.
pub fn write(runs: &[Run], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows::new(&["scope", "name", "value", "unit", "count"], out)?;
    for run in runs {
        for test in &tests(run)? {
            for (scope, name, times, unit) in distributions(test) {
                buckets((run, test), Of { scope, name: &name }, times, unit, &mut rows)?;
            }
        }
    }
    rows.finish()
}

fn distributions(test: &Test) -> Vec<(&'static str, String, &Times, &'static str)> {
    let of_iterations = [
        ("response", &test.response_ns),
        ("service", &test.service_ns),
        ("lag", &test.lag_ns),
        ("succeeded", &test.succeeded_ns),
        ("failed", &test.failed_ns),
    ];
    let of_iterations = of_iterations.into_iter().map(|(scope, times)| (scope, String::new(), times, "ns"));
    let steps = test.steps.iter().map(|(name, step)| ("step", name.clone(), &step.duration_ns, "ns"));
    let tags = test.tags.iter().flat_map(|(name, values)| {
        let one = move |(value, tagged)| ("tag", format!("{name}={value}"), tagged, "ns");
        values.iter().map(|(value, tagged)| (value, &tagged.response_ns)).map(one)
    });
    let trends = test.metrics.iter().flat_map(|(name, custom)| {
        let of = |times, unit| ("trend", name.clone(), times, unit);
        let times = custom.value_ns.as_ref().map(|times| of(times, "ns"));
        times.into_iter().chain(custom.value.as_ref().map(|times| of(times, "number")))
    });
    of_iterations.chain(steps).chain(tags).chain(trends).collect()
}

fn buckets(
    (run, test): (&Run, &Test),
    of: Of<'_>,
    times: &Times,
    unit: &str,
    rows: &mut Rows<'_>,
) -> io::Result<()> {
    times.histogram.iter().try_for_each(|(value, count)| {
        rows.write(run, test, &[of.scope, of.name, &value.to_string(), unit, &count.to_string()])
    })
}
