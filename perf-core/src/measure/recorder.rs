//! One worker's record of what happens, cut into slices that the collector adds up.
//!
//! No locks, no waiting, nothing allocated per sample. A full slice is sent away and an emptied one comes back.

use super::counted::{CountedRounds, Finishes};
use super::edges::Edges;
use super::exemplar::{Choice, Exemplars};
use super::live_counts::LiveCounts;
use super::marks::Mark;
use super::pulse::Beats;
use super::sample::{Drop, Phase, Sample};
use super::tally::{Tally, Words};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What one worker recorded between two edges.
#[derive(Debug, Default)]
pub struct Slice {
    /// Which worker.
    pub worker: u32,
    /// The edge it begins at, or the moment where rounds are counted.
    pub from: u64,
    /// Where it was cut.
    pub to: u64,
    /// The round of everything that finished in it; none in warm-up and drain.
    pub round: Option<u32>,
    /// When the last measured iteration finished in it; zero when none did.
    pub last_finish: u64,
    /// The parts of its measured, succeeded iterations that lay in a pause, added up: 1.5 is one and a half iterations.
    pub beyond: f64,
    /// Iterations meant to start before measuring.
    pub warmup: Tally,
    /// The others.
    pub measured: Tally,
    /// What finished in each twentieth of a second, once measuring has begun.
    pub beats: Beats,
    /// Measured iterations worth keeping.
    pub exemplars: Exemplars,
    /// How many users came in, less those who left.
    pub users_change: i64,
}

impl Slice {
    fn prepared(worker: u32) -> Box<Self> {
        let mut slice = Box::new(Slice { worker, ..Slice::default() });
        slice.warmup.succeeded.prepare();
        slice.measured.succeeded.prepare();
        slice
    }

    /// Makes it ready to be filled again.
    pub fn clear(&mut self) {
        self.warmup.clear();
        self.measured.clear();
        self.last_finish = 0;
        self.beats.clear();
        self.exemplars.clear();
        self.users_change = 0;
        self.beyond = 0.0;
    }
}

/// What a recorder is told about the session it records.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which worker it is of.
    pub worker: u32,
    /// Where to cut.
    pub edges: Edges,
    /// Where rounds go by the number of finished iterations.
    pub counted: Option<Arc<CountedRounds>>,
    /// For errors.
    pub words: Words,
    /// Draws the iterations that are kept.
    pub seed: u64,
}

/// Takes samples and cuts them into slices. Consumed by `finish`, so that nobody reads half a record.
pub struct Recorder {
    rules: Rules,
    next_edge: u64,
    draining: bool,
    /// Where rounds go by the number of finished iterations.
    finishes: Option<Finishes>,
    live: Arc<LiveCounts>,
    choice: Choice,
    users: u32,
    slice: Box<Slice>,
    empty: Receiver<Box<Slice>>,
    full: Box<dyn Fn(Box<Slice>) + Send>,
}

impl Recorder {
    /// Sends full slices to `full`; whoever takes them gives them back, cleared, to the returned sender.
    pub fn new(
        rules: Rules,
        live: Arc<LiveCounts>,
        full: Box<dyn Fn(Box<Slice>) + Send>,
    ) -> (Self, Sender<Box<Slice>>) {
        let (back, empty) = channel();
        // Two in reserve: one is with the collector while the other is being filled.
        for _ in 0..2 {
            back.send(Slice::prepared(rules.worker)).ok();
        }
        let slice = Slice::prepared(rules.worker);
        let mut recorder = Recorder {
            next_edge: rules.edges.after(0),
            choice: Choice::new(rules.seed),
            users: 0,
            finishes: rules.counted.clone().map(Finishes::of),
            rules,
            draining: false,
            live,
            slice,
            empty,
            full,
        };
        recorder.slice.round = recorder.round_at(0);
        (recorder, back)
    }

    /// Cuts when an edge has passed. To be called at every turn of the worker's loop.
    #[inline]
    pub fn advance(&mut self, now: u64) {
        if now >= self.next_edge {
            self.cut(now);
        }
    }

    /// The next instant at which there is something to cut.
    pub fn next_edge(&self) -> u64 {
        self.next_edge
    }

    fn cut(&mut self, now: u64) {
        let round = self.round_at(now);
        self.replace_slice(now, round);
        self.next_edge = self.rules.edges.after(now);
    }

    fn replace_slice(&mut self, from: u64, round: Option<u32>) {
        let mut fresh = self.empty.try_recv().unwrap_or_else(|_| Slice::prepared(self.rules.worker));
        (fresh.from, fresh.round) = (from, round);
        self.choice.settle(&mut self.slice.exemplars);
        self.slice.to = from;
        (self.full)(std::mem::replace(&mut self.slice, fresh));
    }

    fn round_at(&self, now: u64) -> Option<u32> {
        match &self.rules.counted {
            _ if self.draining => None,
            Some(_) => self.slice.round,
            None => self.rules.edges.round(now),
        }
    }

    fn tally(&mut self, phase: Phase) -> &mut Tally {
        match phase {
            Phase::Warmup => &mut self.slice.warmup,
            Phase::Measured => &mut self.slice.measured,
        }
    }

    /// Counts an iteration that begins now.
    #[inline]
    pub fn start(&mut self, phase: Phase) {
        self.tally(phase).counts.start();
        self.live.start(phase);
    }

    /// Counts arrivals that cannot start.
    pub fn drop_arrivals(&mut self, phase: Phase, why: Drop, count: u64, at: u64) {
        let tally = match phase {
            Phase::Warmup => &mut self.slice.warmup,
            Phase::Measured => &mut self.slice.measured,
        };
        tally.drop_arrivals(why, count, at, &self.rules.words);
        self.live.drop_arrivals(phase, why, count);
    }

    /// Counts and times an iteration at its end, which is `at` by the schedule's clock; `steps` says what it did by name.
    #[inline]
    pub fn record(&mut self, sample: &Sample, at: u64, steps: impl Fn() -> Vec<(String, Option<u64>)>) {
        self.advance(at);
        if let Some(measured) = at.checked_sub(self.rules.edges.origin) {
            self.slice.beats.record(measured, sample.response());
        }
        if sample.phase == Phase::Measured {
            self.enter_counted_round(at);
            self.slice.last_finish = at;
            self.choice.consider(&mut self.slice.exemplars, sample, at, steps);
            self.slice.measured.record(sample, at, &self.rules.words);
        } else {
            self.slice.warmup.record(sample, at, &self.rules.words);
        }
        self.live.end(sample.phase, &sample.ending);
    }

    #[inline]
    fn enter_counted_round(&mut self, now: u64) {
        if let Some(round) = self.finishes.as_mut().and_then(|finishes| finishes.count(now)) {
            self.replace_slice(now, Some(round));
        }
    }

    /// How many users this worker is to have from now on.
    #[inline]
    pub fn set_users(&mut self, users: u32) {
        if users != self.users {
            self.slice.users_change += i64::from(users) - i64::from(self.users);
            self.users = users;
        }
    }

    /// Notes that the next iteration took so many nanoseconds, and so many of them after its round had stopped.
    pub fn overhang(&mut self, beyond: u64, taken: u64) {
        self.slice.beyond += if taken > 0 { (beyond as f64 / taken as f64).min(1.0) } else { 0.0 };
    }

    /// Tells whoever waits for it that nothing is in flight, and nothing begins under the orders of this version.
    pub fn rest(&self, version: u64) {
        self.live.rest(version);
    }

    /// Counts what the test function said by name in an iteration that ended at this instant.
    pub fn mark(&mut self, mark: Mark, sample: &Sample, at: u64) {
        self.tally(sample.phase).marks.add(mark, sample, at);
    }

    /// From now on nothing that finishes belongs to a round.
    pub fn begin_drain(&mut self, now: u64) {
        (self.draining, self.finishes) = (true, None);
        self.replace_slice(now, None);
    }

    /// Sends away what is left. What comes after it is of no session.
    pub fn send_the_rest(&mut self) {
        let at = self.next_edge;
        self.replace_slice(at, None);
    }
}

#[cfg(test)]
mod tests {
    use super::super::edges::TimedRounds;
    use super::super::sample::Ending;
    use super::*;

    const MS: u64 = 1_000_000;

    fn recorder(counted: Option<Arc<CountedRounds>>) -> (Recorder, Receiver<Box<Slice>>, Arc<LiveCounts>) {
        let timed = TimedRounds { count: 2, length: 100 * MS };
        let edges = Edges { origin: 10 * MS, tick: 1000 * MS, rounds: counted.is_none().then_some(timed) };
        let rules = Rules { worker: 0, edges, counted, words: Words::default(), seed: 0 };
        let (send, slices) = channel();
        let live = Arc::<LiveCounts>::default();
        let (recorder, _) =
            Recorder::new(rules, live.clone(), Box::new(move |slice| send.send(slice).unwrap()));
        (recorder, slices, live)
    }

    fn run(recorder: &mut Recorder, phase: Phase, started: u64, finished: u64, ending: Ending) {
        recorder.start(phase);
        let sample = Sample {
            user: 0,
            iteration: started,
            phase,
            intended: started * MS,
            started: started * MS,
            finished: finished * MS,
            thought: 0,
            ending,
        };
        recorder.record(&sample, finished * MS, Vec::new);
    }

    #[test]
    fn phase_goes_by_the_intended_start_and_round_by_the_finish() {
        let (mut recorder, slices, _) = recorder(None);
        run(&mut recorder, Phase::Warmup, 5, 20, Ending::Succeeded);
        run(&mut recorder, Phase::Measured, 20, 70, Ending::Succeeded);
        run(&mut recorder, Phase::Measured, 70, 115, Ending::Succeeded);
        recorder.send_the_rest();
        drop(recorder);
        let found: Vec<_> = slices
            .iter()
            .map(|s| (s.round, s.warmup.counts.succeeded, s.measured.counts.succeeded))
            .collect();
        assert_eq!(found, [(None, 0, 0), (Some(0), 1, 0), (Some(1), 0, 1), (None, 0, 1)]);
    }

    #[test]
    fn counted_rounds_hold_equal_numbers_of_finished_iterations() {
        // More than were planned are of the last one, and cut nothing.
        for (finished, expected) in [(7, [3, 2, 2]), (30, [3, 2, 25])] {
            let (mut recorder, slices, _) = recorder(Some(Arc::new(CountedRounds::new(7, 3))));
            for i in 0..finished {
                run(&mut recorder, Phase::Measured, 10 + i, 11 + i, Ending::TimedOut);
            }
            recorder.send_the_rest();
            drop(recorder);
            let (mut by_round, mut sent) = ([0; 3], 0);
            for slice in &slices {
                sent += 1;
                if let Some(round) = slice.round {
                    by_round[round as usize] += slice.measured.counts.completed();
                }
            }
            assert_eq!((by_round, sent), (expected, 5));
        }
    }

    #[test]
    fn live_counts_follow_every_event_of_their_phase() {
        let (mut recorder, _slices, live) = recorder(None);
        run(&mut recorder, Phase::Warmup, 1, 2, Ending::Succeeded);
        run(&mut recorder, Phase::Measured, 10, 12, Ending::Succeeded);
        run(&mut recorder, Phase::Measured, 13, 14, Ending::Interrupted);
        recorder.drop_arrivals(Phase::Measured, Drop::Late, 3, 15 * MS);
        recorder.start(Phase::Measured);
        let counts = |phase| {
            let counts = live.load(phase);
            [counts.planned, counts.started, counts.in_flight(), counts.dropped(), counts.succeeded]
        };
        assert_eq!(Phase::ALL.map(counts), [[1, 1, 0, 0, 1], [6, 3, 1, 3, 1]]);
    }
}
