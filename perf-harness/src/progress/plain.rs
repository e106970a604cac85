//! One line of a test that runs, for a log. Pure text.

use super::bar::{later, time};
use perf_core::drive::snapshot::{Snapshot, Stage};
use perf_core::plan::threshold::show_value;
use perf_core::units::{Latency, Significant};
use std::time::Instant;

/// `list_books: measuring, 40 %, 1 min left, 198/s of 200/s, p50 353 µs, p99 8.42 ms, 3 errors, …`
pub(super) fn line(snapshot: &Snapshot, now: Instant) -> String {
    let mut parts = vec![format!("{}: {}", snapshot.test, snapshot.stage.name())];
    if snapshot.stage >= Stage::WarmUp {
        let (later, last) = (later(snapshot, now), &snapshot.last);
        parts.extend(snapshot.done(later).map(|done| format!("{:.0} %", (done * 100.0).floor())));
        parts.extend(snapshot.left(later).map(|left| format!("{} left", time(left))));
        let [achieved, planned] = [last.achieved_per_s, last.planned_per_s].map(Significant);
        parts.push(format!("{achieved}/s of {planned}/s"));
        let times = [("p50", last.response.p50), ("p99", last.response.p99)];
        parts.extend(times.iter().filter_map(|(name, ns)| Some(format!("{name} {}", Latency((*ns)?)))));
        parts.push(format!("{} errors", snapshot.counts.errors()));
        parts.push(format!("{} in flight", snapshot.level.in_flight));
    }
    parts.extend(snapshot.nearest().and_then(|limit| {
        let held = if limit.held? { "" } else { " (broken)" };
        Some(format!("{}: {}{held}", limit.expression, show_value(limit.actual?, limit.unit)))
    }));
    parts.extend(snapshot.notes.iter().map(ToString::to_string));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::bar::tests::snapshot;
    use super::*;

    #[test]
    fn a_line_says_everything_in_the_order_of_the_bars() {
        let mut snapshot = snapshot("list_books", Stage::Measuring);
        snapshot.notes[0].message = "p50 41 ms, usually 9.8 ms".to_owned();
        assert_eq!(
            line(&snapshot, snapshot.at),
            "list_books: measuring, 40 %, 1 min left, 198/s of 200/s, p50 353 µs, p99 8.42 ms, 3 errors, 12 in flight, \
             p50 < 1ms: 361 µs, unusual: p50 41 ms, usually 9.8 ms"
        );
    }
}
