//! The fine series: how many iterations finished in each twentieth of a second, and the worst response among them.
//!
//! What a point a second cannot show: a stall of 200 ms, and how regularly it comes back.

/// Nanoseconds of a beat as it is recorded.
pub const BEAT: u64 = 50_000_000;
/// Two hours; 2.3 MB.
const MOST_BEATS: usize = 144_000;

/// What finished in one short stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// How many iterations, whatever their ending.
    pub completed: u32,
    /// The longest response time among them, in nanoseconds.
    pub worst_ns: u64,
}

impl Beat {
    fn merge(&mut self, other: Beat) {
        self.completed = self.completed.saturating_add(other.completed);
        self.worst_ns = self.worst_ns.max(other.worst_ns);
    }
}

/// Beats of equal length from the start of measuring. Past 144,000 of them neighbours are merged pairwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Nanoseconds from one beat to the next.
    pub interval: u64,
    /// The first is the first stretch of measured time.
    pub beats: Vec<Beat>,
}

impl Default for Pulse {
    fn default() -> Self {
        Pulse { interval: BEAT, beats: Vec::new() }
    }
}

impl Pulse {
    /// Adds one that was recorded, by its number.
    pub fn add(&mut self, number: u64, beat: Beat) {
        let at = number.saturating_mul(BEAT);
        while at / self.interval >= MOST_BEATS as u64 {
            self.halve();
        }
        let index = usize::try_from(at / self.interval).unwrap_or(usize::MAX);
        if self.beats.len() <= index {
            self.beats.resize(index + 1, Beat::default());
        }
        self.beats[index].merge(beat);
    }

    /// Of memory, less what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.beats.len() * size_of::<Beat>()
    }

    fn halve(&mut self) {
        self.interval *= 2;
        let merged = self.beats.chunks(2).map(|pair| {
            let mut beat = pair[0];
            pair[1..].iter().for_each(|next| beat.merge(*next));
            beat
        });
        self.beats = merged.collect();
    }
}

/// One worker's beats between two edges, in order.
#[derive(Debug, Default)]
pub struct Beats {
    of_slice: Vec<(u64, Beat)>,
    /// When the last one is over, from the start of measuring; zero without any.
    ends: u64,
}

impl Beats {
    /// Counts an iteration that finished so many nanoseconds after the start of measuring.
    #[inline]
    pub fn record(&mut self, since_origin: u64, response_ns: u64) {
        if since_origin >= self.ends {
            let number = since_origin / BEAT;
            self.of_slice.push((number, Beat::default()));
            self.ends = (number + 1) * BEAT;
        }
        if let Some((_, last)) = self.of_slice.last_mut() {
            last.merge(Beat { completed: 1, worst_ns: response_ns });
        }
    }

    /// Each with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Beat)> + '_ {
        self.of_slice.iter().copied()
    }

    /// Forgets everything, keeps its memory.
    pub fn clear(&mut self) {
        self.of_slice.clear();
        self.ends = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn iterations_fall_into_the_beat_they_finish_in_whichever_worker_ran_them() {
        let (mut a, mut b) = (Beats::default(), Beats::default());
        for (at, response) in [(1, 5), (49, 7), (120, 200)] {
            a.record(at * MS, response * MS);
        }
        b.record(30 * MS, 9 * MS);
        let mut pulse = Pulse::default();
        a.iter().chain(b.iter()).for_each(|(number, beat)| pulse.add(number, beat));
        let told: Vec<_> = pulse.beats.iter().map(|beat| (beat.completed, beat.worst_ns / MS)).collect();
        assert_eq!(told, [(3, 9), (0, 0), (1, 200)]);
    }

    #[test]
    fn an_hour_is_kept_as_finely_as_a_minute_and_a_day_finely_enough_for_what_comes_every_few_seconds() {
        let last = |seconds: u64| {
            let mut pulse = Pulse::default();
            pulse.add(seconds * 20 - 1, Beat { completed: 1, worst_ns: 1 });
            pulse.interval / MS
        };
        assert_eq!([last(60), last(3600), last(24 * 3600)], [50, 50, 800]);
    }

    #[test]
    fn a_day_takes_no_more_memory_than_hours_and_nothing_is_lost() {
        let mut pulse = Pulse::default();
        let beats = 24 * 3600 * 20;
        for number in 0..beats {
            pulse.add(number, Beat { completed: 1, worst_ns: number });
        }
        assert!(pulse.beats.len() <= MOST_BEATS, "{}", pulse.beats.len());
        assert_eq!(pulse.beats.iter().map(|beat| u64::from(beat.completed)).sum::<u64>(), beats);
        assert_eq!(pulse.beats.iter().map(|beat| beat.worst_ns).max(), Some(beats - 1));
    }
}
