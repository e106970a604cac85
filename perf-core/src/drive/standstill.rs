//! Turns pauses into a schedule that stands still meanwhile.
//!
//! ```text
//!   wall time      0────────p▒▒▒▒▒▒▒r──────────►
//!   schedule time  0────────p       p──────────►     schedule = wall − shift, or p while it lasts
//! ```
//!
//! Pure arithmetic on nanoseconds since the start of the load.

use super::clock::Clock;
use super::control::Pause;
use crate::measure::Gap;

/// Where the schedule stands.
#[derive(Clone, Debug)]
pub struct Standstill {
    shift: u64,
    /// Where the schedule stops for nobody knows how long; never, while that is not asked for.
    stop: u64,
    gaps: Vec<Gap>,
}

const NEVER: u64 = u64::MAX;

impl Default for Standstill {
    fn default() -> Self {
        Standstill { shift: 0, stop: NEVER, gaps: Vec::new() }
    }
}

impl Standstill {
    /// Of a session's pauses, in order. One that was over before the start never was.
    pub fn of(pauses: &[Pause], clock: &Clock) -> Self {
        let mut standstill = Standstill::default();
        for pause in pauses {
            let from = clock.at(pause.from);
            match pause.until.map(|until| clock.at(until)) {
                Some(until) if until > from => standstill.end(from, until),
                Some(_) => {}
                None => standstill.stop = from.saturating_sub(standstill.shift),
            }
        }
        standstill
    }

    fn end(&mut self, from: u64, until: u64) {
        self.gaps.push(Gap { at: from - self.shift, length: until - from });
        self.shift += until - from;
    }

    /// What the schedule's clock shows.
    #[inline]
    pub fn schedule(&self, wall: u64) -> u64 {
        wall.saturating_sub(self.shift).min(self.stop)
    }

    /// What it showed at an instant that has passed, whatever pauses came after it.
    pub fn past(&self, wall: u64) -> u64 {
        let mut shift = 0;
        for gap in self.gaps.iter().take_while(|gap| gap.at < wall) {
            if wall < gap.at + shift {
                break;
            }
            if wall < gap.at + shift + gap.length {
                return gap.at;
            }
            shift += gap.length;
        }
        wall.saturating_sub(shift).min(self.stop)
    }

    /// When the schedule, looked at now, shows a time that lies ahead, or stops before it; never, while it stands still.
    #[inline]
    pub fn wall(&self, schedule: u64, now: u64) -> u64 {
        match self.stands_still(now) {
            true => NEVER,
            false => schedule.min(self.stop).saturating_add(self.shift),
        }
    }

    /// How far the schedule lies behind.
    #[inline]
    pub fn shift(&self) -> u64 {
        self.shift
    }

    /// Whether it stands still, or is about to, for nobody knows how long.
    #[inline]
    pub fn is_frozen(&self) -> bool {
        self.stop != NEVER
    }

    /// Whether it stands still by now: a pause may be asked for before it begins.
    #[inline]
    pub fn stands_still(&self, wall: u64) -> bool {
        wall.saturating_sub(self.shift) >= self.stop
    }

    /// How long it has stood still by now.
    #[inline]
    pub fn still_for(&self, wall: u64) -> u64 {
        wall.saturating_sub(self.shift).saturating_sub(self.stop)
    }

    /// The pauses that are over.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn the_schedule_stands_still_during_a_pause_and_goes_on_where_it_stood() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let pause = |from, until: Option<u64>| Pause { from: at(from), until: until.map(at) };
        let clock = Clock::starting(start);
        let ms = |standstill: &Standstill, wall: u64| standstill.schedule(wall * 1_000_000) / 1_000_000;
        let over = Standstill::of(&[pause(100, Some(150)), pause(300, Some(400))], &clock);
        assert_eq!([90, 500].map(|wall| ms(&over, wall)), [0, 350]);
        assert_eq!((over.wall(0, 0), over.gaps().len()), (150_000_000, 2));
        assert_eq!(over.gaps()[1], Gap { at: 250_000_000, length: 100_000_000 });
        let lasting = Standstill::of(&[pause(100, Some(150)), pause(300, None)], &clock);
        assert_eq!([250, 310, 900].map(|wall| ms(&lasting, wall)), [200, 250, 250]);
        assert!(lasting.stands_still(900_000_000) && lasting.wall(0, 900_000_000) == u64::MAX);
    }

    #[test]
    fn a_pause_that_is_asked_for_beforehand_begins_when_it_was_asked_for() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let pauses = [Pause { from: at(0), until: Some(at(100)) }, Pause { from: at(150), until: None }];
        let standstill = Standstill::of(&pauses, &Clock::starting(start));
        let ms = 1_000_000;
        assert_eq!([100, 149, 150, 190].map(|wall| standstill.schedule(wall * ms) / ms), [0, 49, 50, 50]);
        assert_eq!([100, 149, 150].map(|wall| standstill.stands_still(wall * ms)), [false, false, true]);
        assert_eq!([149, 190].map(|wall| standstill.still_for(wall * ms) / ms), [0, 40]);
        // What is due at 20 comes at its time; what is due at 70 is waited for until the schedule stops.
        assert_eq!([20, 70].map(|due| standstill.wall(due * ms, 100 * ms) / ms), [120, 150]);
        assert_eq!(standstill.wall(20 * ms, 150 * ms), u64::MAX);
    }

    #[test]
    fn what_has_passed_is_not_moved_by_later_pauses() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let pauses = [(100, Some(150)), (300, Some(400)), (600, None)]
            .map(|(from, until)| Pause { from: at(from), until: until.map(at) });
        let standstill = Standstill::of(&pauses, &Clock::starting(start));
        let past = |wall: u64| standstill.past(wall * 1_000_000) / 1_000_000;
        assert_eq!([90, 120, 200, 300, 399, 500, 700].map(past), [90, 100, 150, 250, 250, 350, 450]);
    }
}
