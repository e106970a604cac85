//! What the client had too little of before the load began.

use super::{Finding, Severity};
use crate::measure::{Recording, Shortage};
use crate::plan::Plan;

pub(super) fn look(plan: &Plan, recording: &Recording) -> Vec<Finding> {
    recording.shortages.iter().map(|shortage| finding(plan, *shortage)).collect()
}

fn finding(plan: &Plan, shortage: Shortage) -> Finding {
    match shortage {
        Shortage::OpenFiles { needed, allowed } => {
            let consequence = match plan.load.is_closed() {
                true => "connections may fail".to_owned(),
                false => {
                    format!("fewer than max_in_flight = {} iterations may be in flight", plan.max_in_flight)
                }
            };
            Finding {
                kind: "open_files_short",
                severity: Severity::Warning,
                message: format!(
                    "the load may need {needed} open files and the system allows {allowed}, so {consequence}"
                ),
                advice: "run `ulimit -n 65536` in the shell that runs cargo, or lower `max_in_flight` or `users`",
                evidence: vec![("needed", needed as f64), ("allowed", allowed as f64)],
            }
        }
        Shortage::Ports { needed, allowed } => Finding {
            kind: "ports_short",
            severity: Severity::Warning,
            message: format!(
                "the load may need {needed} connections, and {allowed} local ports are free for one target"
            ),
            advice: "run `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`, or spread the load over several addresses",
            evidence: vec![("needed", needed as f64), ("allowed", allowed as f64)],
        },
        Shortage::Memory { needed, free } => Finding {
            kind: "memory_short",
            severity: Severity::Warning,
            message: format!("the load needs at least {} MB and {} MB are free", needed >> 20, free >> 20),
            advice: "lower `users` or `max_in_flight`, or use a machine with more memory",
            evidence: vec![("needed_bytes", needed as f64), ("free_bytes", free as f64)],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::Load;
    use crate::plan::spec::{Overrides, PerfSpec};

    #[test]
    fn each_shortage_is_told_with_what_is_needed_and_how_to_get_it() {
        let shortages = vec![
            Shortage::OpenFiles { needed: 1064, allowed: 96 },
            Shortage::Ports { needed: 70_000, allowed: 28_232 },
            Shortage::Memory { needed: 8 << 20, free: 4 << 20 },
        ];
        let recording = Recording { shortages, ..Recording::default() };
        let found = |load: Load| {
            let spec = PerfSpec { load: Some(load), ..PerfSpec::default() };
            look(&Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap(), &recording)
        };
        let open = found(Load::rate(10).hold("1s"));
        assert!(open[0].message.contains("fewer than max_in_flight = 1000 iterations may be in flight"));
        let closed = found(Load::users(10).hold("1s"));
        assert!(closed[0].message.contains("connections may fail"));
        for (finding, (kind, figures, way_out)) in closed.iter().zip([
            ("open_files_short", ["1064", "96"], "ulimit -n"),
            ("ports_short", ["70000", "28232"], "sysctl"),
            ("memory_short", ["8 MB", "4 MB"], "more memory"),
        ]) {
            assert_eq!((finding.kind, finding.severity), (kind, Severity::Warning));
            assert!(figures.iter().all(|figure| finding.message.contains(figure)), "{}", finding.message);
            assert!(finding.advice.contains(way_out), "{}", finding.advice);
        }
    }
}
