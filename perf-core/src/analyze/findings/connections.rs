//! Connections that are opened again and again.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::stats::median;

/// New connections to an iteration; with connections kept alive it is next to none.
const CHURN: f64 = 0.2;
const LEAST: f64 = 50.0;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    let opened = seconds.resource("tcp_opened_per_s")?;
    // The account is the machine's: what others open all the time is no part of it, and what they open now and then is in
    // few of the seconds.
    let others = course.before.tcp_opened_per_s.unwrap_or(0.0);
    let own = |per_second: f64| (per_second - others).max(0.0) * seconds.length;
    let points = opened.iter().zip(&seconds.completed);
    let points: Vec<(f64, f64)> = points
        .filter(|(opened, completed)| opened.is_finite() && **completed > 0.0)
        .map(|(opened, completed)| (own(*opened), *completed))
        .collect();
    let each = median(points.iter().map(|(opened, completed)| opened / completed))?;
    let opened: f64 = points.iter().map(|(opened, _)| opened).sum();
    (opened >= LEAST && each >= CHURN).then(|| Finding {
        kind: "connection_churn",
        severity: Severity::Warning,
        message: format!("{each:.1} connections are opened for each iteration, {opened:.0} in all"),
        advice: "keep connections alive: read bodies to their end, use one client, and let the target not close them",
        evidence: vec![("per_iteration", each), ("opened", opened), ("others_per_s", others)],
    })
}

#[cfg(test)]
mod tests {
    use super::super::quiet::{steady, with};
    use super::*;
    use crate::measure::resources::Before;

    #[test]
    fn what_others_open_is_no_churn() {
        let burst = |place: usize| if place < 4 { 500.0 } else { 1.0 };
        assert_eq!(look(&with(steady(10), "tcp_opened_per_s", burst)), None, "now and then");
        let busy = |opened: f64| {
            let before = Before { tcp_opened_per_s: Some(80.0), ..Before::default() };
            look(&Course { before, ..with(steady(10), "tcp_opened_per_s", move |_| opened) })
        };
        assert_eq!(busy(90.0), None, "all the time");
        assert!(busy(180.0).is_some_and(|found| found.message.starts_with("1.0 connections")));
    }

    #[test]
    fn a_connection_for_every_iteration_is_churn() {
        let churn = |each: f64| look(&with(steady(10), "tcp_opened_per_s", move |_| each));
        assert!(churn(100.0).is_some_and(|found| found.message.starts_with("1.0 connections")));
        assert_eq!(churn(2.0), None);
        assert_eq!(look(&steady(10)), None);
    }
}
