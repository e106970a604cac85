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
