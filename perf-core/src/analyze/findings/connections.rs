//! Connections that are opened again and again.

use super::{Finding, Severity};
use crate::analyze::course::Course;

/// New connections to an iteration; with connections kept alive it is next to none.
const CHURN: f64 = 0.2;
const LEAST: f64 = 50.0;

pub(super) fn look(course: &Course) -> Option<Finding> {
    let seconds = &course.seconds;
    let opened = seconds.resource("tcp_opened_per_s")?;
    let pairs = opened.iter().zip(&seconds.completed).filter(|(opened, _)| opened.is_finite());
    let (opened, completed) =
        pairs.fold((0.0, 0.0), |(a, b), (opened, done)| (a + opened * seconds.length, b + done));
    let each = opened / completed;
    (opened >= LEAST && each >= CHURN).then(|| Finding {
        kind: "connection_churn",
        severity: Severity::Warning,
        message: format!("{each:.1} connections are opened for each iteration, {opened:.0} in all"),
        advice: "keep connections alive: read bodies to their end, use one client, and let the target not close them",
        evidence: vec![("per_iteration", each), ("opened", opened)],
    })
}

#[cfg(test)]
mod tests {
    use super::super::quiet::{steady, with};
    use super::*;

    #[test]
    fn a_connection_for_every_iteration_is_churn() {
        let churn = |each: f64| look(&with(steady(10), "tcp_opened_per_s", move |_| each));
        assert!(churn(100.0).is_some_and(|found| found.message.starts_with("1.0 connections")));
        assert_eq!(churn(2.0), None);
        assert_eq!(look(&steady(10)), None);
    }
}
