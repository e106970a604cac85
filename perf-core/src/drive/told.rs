//! Up to where all workers have told everything.

/// A worker that is so many intervals behind the others is not waited for.
const PATIENCE: u64 = 2;

/// By worker: how many intervals it has told everything of.
pub(super) struct Told(Vec<u64>);

impl Told {
    /// Of workers that told nothing yet.
    pub(super) fn nothing(workers: u32) -> Self {
        Told(vec![0; workers as usize])
    }

    /// How many intervals may be older than the newest for a slice of them to come still.
    pub(super) const BEHIND: u64 = PATIENCE;

    /// A worker has told everything of so many intervals; says how many are whole by now.
    pub(super) fn tell(&mut self, worker: u32, intervals: u64) -> u64 {
        if let Some(ours) = self.0.get_mut(worker as usize) {
            *ours = intervals.max(*ours);
        }
        let newest = self.0.iter().copied().max().unwrap_or(0);
        self.0.iter().copied().min().unwrap_or(0).max(newest.saturating_sub(PATIENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_whole_when_all_told_it_and_who_is_stuck_is_not_waited_for() {
        let mut told = Told::nothing(2);
        let whole: Vec<u64> =
            [(0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (0, 2)].map(|(worker, to)| told.tell(worker, to)).into();
        assert_eq!(whole, [0, 1, 1, 1, 2, 2]);
    }
}
