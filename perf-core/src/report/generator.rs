//! How well the load was offered, for the terminal: a line where it was not offered exactly as planned.

use super::terminal::wrapped;
use crate::analyze::summary::Summary;
use crate::units::{Latency, Significant};
use std::io::{self, Write};

/// Writes nothing where every iteration started in time, or before there was any.
pub(super) fn write(summary: &Summary, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let health = &summary.health;
    let late = (health.late_starts > 0).then(|| {
        let bound = Latency(health.lag_bound_ns);
        format!("{} of {} started more than {bound} late", health.late_starts, summary.counts.started)
    });
    let rates = health.planned_per_s.zip(health.offered_per_s);
    let short =
        rates.filter(|_| summary.counts.started != summary.counts.planned).map(|(planned, offered)| {
            format!("{}/s offered of {}/s planned", Significant(offered), Significant(planned))
        });
    match late.into_iter().chain(short).collect::<Vec<_>>() {
        said if said.is_empty() => Ok(()),
        said => wrapped(width, "  generator: ", &said.join(", "), out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Recording;
    use crate::plan::Plan;
    use crate::plan::spec::{Overrides, PerfSpec};

    fn said(change: impl FnOnce(&mut Summary)) -> String {
        let spec = PerfSpec {
            rate: Some(500.0),
            duration: Some(std::time::Duration::from_secs(10)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        let mut summary = Summary::of(&plan, &Recording::default());
        summary.counts.planned = 5000;
        summary.counts.started = 5000;
        change(&mut summary);
        let mut out = Vec::new();
        write(&summary, 80, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_load_that_was_offered_as_planned_needs_no_line() {
        assert_eq!(said(|_| {}), "");
    }

    #[test]
    fn late_starts_and_what_was_not_offered_are_told() {
        let late = |summary: &mut Summary| summary.health.late_starts = 12;
        assert_eq!(said(late), "  generator: 12 of 5000 started more than 1 ms late\n");
        let short = said(|summary| {
            summary.health.planned_per_s = Some(500.0);
            summary.health.offered_per_s = Some(480.0);
            summary.counts.started = 4800;
        });
        assert_eq!(short, "  generator: 480/s offered of 500/s planned\n");
    }
}
