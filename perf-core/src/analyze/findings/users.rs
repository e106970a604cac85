//! Users whose own set-up or tear-down failed.

use super::{Finding, Severity};
use crate::measure::{Attendance, Recording};

pub(super) fn look(recording: &Recording) -> Vec<Finding> {
    let set_up = finding(
        "user_setup_failed",
        "user_setup",
        &recording.preparation.users,
        "the load ran without them; give every user what its set-up needs",
    );
    let torn_down = finding(
        "user_teardown_failed",
        "user_teardown",
        &recording.left,
        "what they left behind may stand in the next session's way",
    );
    [set_up, torn_down].into_iter().flatten().collect()
}

fn finding(kind: &'static str, function: &str, users: &Attendance, advice: &'static str) -> Option<Finding> {
    let first = users.first.as_ref()?;
    let Attendance { users, failed, .. } = users;
    Some(Finding {
        kind,
        severity: Severity::Warning,
        message: format!(
            "{failed} of {users} users failed in `{function}`, the first with: {} ({})",
            first.message, first.category
        ),
        advice,
        evidence: vec![("users", *users as f64), ("failed", *failed as f64)],
    })
}
