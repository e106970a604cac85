//! How long ago something was recorded, in words.

use perf_core::judge::baseline::Recorded;
use perf_core::judge::level::{Level, SessionRecord};
use std::time::{Duration, SystemTime};

/// The sessions of all levels.
pub(super) fn sessions(recorded: &Recorded) -> impl Iterator<Item = &SessionRecord> {
    recorded.levels.iter().flat_map(|level: &Level| &level.sessions)
}

/// When the newest of some sessions was recorded.
pub(super) fn newest<'a>(sessions: impl Iterator<Item = &'a SessionRecord>) -> Option<&'a str> {
    sessions.map(|session| session.recorded.as_str()).filter(|recorded| !recorded.is_empty()).max()
}

/// Of a time as baselines write it; `None` where it is none, or to come.
pub(super) fn of(recorded: &str) -> Option<Duration> {
    let then = humantime::parse_rfc3339_weak(recorded).ok()?;
    SystemTime::now().duration_since(then).ok()
}

/// `3 days ago`.
pub(super) fn in_words(recorded: Option<&str>) -> String {
    let Some(age) = recorded.and_then(of) else {
        return "at an unknown time".to_owned();
    };
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60)];
    let whole = units.into_iter().map(|(unit, seconds)| (unit, age.as_secs() / seconds));
    match whole.into_iter().find(|(_, count)| *count > 0) {
        Some((unit, 1)) => format!("1 {unit} ago"),
        Some((unit, count)) => format!("{count} {unit}s ago"),
        None => "just now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let ago = |seconds| {
            let then = SystemTime::now() - Duration::from_secs(seconds);
            in_words(Some(&humantime::format_rfc3339_seconds(then).to_string()))
        };
        assert_eq!(
            [5, 70, 3 * 3600 + 5, 86_400 * 40].map(ago),
            ["just now", "1 minute ago", "3 hours ago", "40 days ago"]
        );
        assert_eq!(in_words(Some("yesterday")), "at an unknown time");
    }
}
