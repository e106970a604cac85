//! Whose sessions a session is compared with: its own machine's, or those of several others.
//!
//! Two machines of one class differ by more than two sessions of one machine do. So a machine is compared with itself;
//! one that was never recorded only where at least three others were, since that many are needed to know how much
//! machines differ.

use super::level::{Level, SessionRecord};
use std::collections::BTreeMap;

/// So many machines must have been recorded before another one is compared with them.
pub const LEAST_MACHINES: usize = 3;

/// The sessions that count for a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Footing<'a> {
    /// This machine's own. A session whose machine is not known counts as one of them.
    Own(Vec<&'a SessionRecord>),
    /// This machine was never recorded; those of the others, machine by machine.
    Others(Vec<Vec<&'a SessionRecord>>),
    /// This machine was never recorded, and too few others were.
    TooFew {
        /// How many.
        machines: usize,
    },
}

impl<'a> Footing<'a> {
    /// Of a machine, by the salted hash of its id.
    pub fn of(level: &'a Level, machine: Option<&str>) -> Self {
        let is_own = |session: &&SessionRecord| {
            machine.is_none() || session.machine.is_none() || session.machine.as_deref() == machine
        };
        let own: Vec<&SessionRecord> = level.sessions.iter().filter(is_own).collect();
        if !own.is_empty() {
            return Footing::Own(own);
        }
        let others = by_machine(level);
        match others.len() {
            LEAST_MACHINES.. => Footing::Others(others),
            machines => Footing::TooFew { machines },
        }
    }

    /// All that count; none where too few machines were recorded.
    pub fn sessions(self) -> Vec<&'a SessionRecord> {
        match self {
            Footing::Own(sessions) => sessions,
            Footing::Others(machines) => machines.into_iter().flatten().collect(),
            Footing::TooFew { .. } => Vec::new(),
        }
    }
}

/// A level's sessions, machine by machine; those of unknown machines are together.
pub fn by_machine(level: &Level) -> Vec<Vec<&SessionRecord>> {
    let mut machines: BTreeMap<Option<&str>, Vec<&SessionRecord>> = BTreeMap::new();
    for session in &level.sessions {
        machines.entry(session.machine.as_deref()).or_default().push(session);
    }
    machines.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(machines: &[Option<&str>]) -> Level {
        let session = |machine: Option<&str>| SessionRecord {
            machine: machine.map(str::to_owned),
            ..SessionRecord::default()
        };
        Level { sessions: machines.iter().copied().map(session).collect(), ..Level::default() }
    }

    #[test]
    fn a_machine_is_compared_with_itself() {
        let own = |machines: &[Option<&str>], machine| match Footing::of(&level(machines), machine) {
            Footing::Own(sessions) => sessions.len(),
            _ => 0,
        };
        assert_eq!(own(&[Some("a"), Some("b"), Some("a")], Some("a")), 2);
        assert_eq!(own(&[Some("a"), None, Some("b")], Some("c")), 1, "it may be of this machine");
        assert_eq!(own(&[Some("a"), Some("b")], None), 2);
    }

    #[test]
    fn an_unseen_machine_needs_three_others() {
        let two = level(&[Some("a"), Some("b"), Some("a")]);
        assert_eq!(Footing::of(&two, Some("c")), Footing::TooFew { machines: 2 });
        assert_eq!(Footing::of(&Level::default(), Some("c")), Footing::TooFew { machines: 0 });
        let three = level(&[Some("a"), Some("b"), Some("a"), Some("d")]);
        let Footing::Others(machines) = Footing::of(&three, Some("c")) else { panic!("three are enough") };
        assert_eq!(machines.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    }
}
