//! Turns a shape into intended start times.
//!
//! Pure: no clock, no sleeping. Offsets are nanoseconds from the start of the load; the warm-up comes first. Arrival n
//! belongs to whoever has n, n + step, n + 2·step, …, so every split among workers and shards is the same load: what is
//! drawn at random is drawn for every arrival, by everybody, in the same order. Nothing of it is kept.

use super::poisson::Poisson;
pub(crate) use super::random::unit;
use super::shape::Shape;
use super::spacing::Spacing;
use rand_pcg::Pcg64;
use std::sync::Arc;

/// Which arrivals are whose: `first`, `first + step`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first one's number.
    pub first: u64,
    /// From one to the next; above zero.
    pub step: u64,
}

impl Part {
    /// All of them.
    pub const ALL: Part = Part { first: 0, step: 1 };

    /// The part of this part that is `index` of `of`'s: a worker's of its shard's.
    #[must_use]
    pub fn split(self, index: u32, of: u32) -> Self {
        Part { first: self.first + self.step * u64::from(index), step: self.step * u64::from(of) }
    }

    /// What it is of those that come after the first `passed`, numbered from 0 again.
    fn after(self, passed: u64) -> Part {
        Part { first: self.first + self.of(passed) * self.step - passed, step: self.step }
    }

    /// How many of the first `all` are in it.
    pub fn of(self, all: u64) -> u64 {
        all.saturating_sub(self.first).div_ceil(self.step)
    }
}

/// The arrivals of one test: those of the warm-up, then those that are measured.
#[derive(Clone, Debug)]
pub struct Schedule {
    warmup: Phase,
    measured: Phase,
    warmup_ns: u64,
    /// Whether a count ends it before its shape does.
    is_cut: bool,
}

/// A change of a load that runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// Which one of the session it is, from 1.
    pub ordinal: u64,
    /// From when on, in nanoseconds of the schedule.
    pub from: u64,
    /// How many times what was planned is offered from then on.
    pub factor: f64,
}

/// Each change has numbers of its own: how many arrivals came before it need not be counted. More than fall into a day
/// at a million a second.
const NUMBERS_OF_A_SCALING: u64 = 1 << 40;

/// The warm-up begins with as many arrivals at once as fall into so many seconds: what they need in connections is open
/// before the schedule counts on it.
const OPENING: f64 = 0.02;
const MOST_OPENING: u64 = 256;

/// One stretch of arrivals of its own numbering.
#[derive(Clone, Debug)]
struct Phase {
    shape: Arc<Shape>,
    spacing: Spacing,
    seed: u64,
    /// The most there may be.
    limit: u64,
    /// The most there are; of a Poisson process nobody knows before they are drawn.
    count: u64,
    /// So many of the first start at once.
    opening: u64,
}

impl Phase {
    fn undrawn(shape: Shape, spacing: Spacing, seed: u64, limit: u64) -> Self {
        let count = match spacing {
            Spacing::Poisson => limit,
            Spacing::Constant | Spacing::Jitter(_) => whole_below(shape.area()).min(limit),
        };
        Phase { shape: Arc::new(shape), spacing, seed, limit, count, opening: 0 }
    }

    fn new(shape: Shape, spacing: Spacing, seed: u64, limit: u64) -> Self {
        let mut phase = Phase::undrawn(shape, spacing, seed, limit);
        if spacing == Spacing::Poisson {
            phase.count = Poisson::count(seed, phase.shape.area(), limit);
        }
        phase
    }

    /// How many fall due before an instant.
    fn count_until(&self, at: u64) -> u64 {
        match self.spacing {
            Spacing::Constant => whole_below(self.shape.area_until(at)).min(self.count),
            _ => Times::of(self.clone(), Part::ALL, 0).take_while(|(_, time)| *time < at).count() as u64,
        }
    }
}

impl Schedule {
    /// The shape's arrivals, at most `limit` of them, after `warmup_ns` at its first level.
    pub fn new(shape: &Shape, warmup_ns: u64, spacing: Spacing, seed: u64, limit: u64) -> Self {
        let warm = Shape::constant(shape.first_level(), Some(std::time::Duration::from_nanos(warmup_ns)));
        let mut warmup = Phase::new(warm, spacing, !seed, u64::MAX);
        warmup.opening = whole_below(shape.first_level() * OPENING).min(MOST_OPENING).min(warmup.count / 2);
        let measured = Phase::new(shape.clone(), spacing, seed, limit);
        Schedule { warmup, measured, warmup_ns, is_cut: limit < u64::MAX }
    }

    /// How many are measured.
    pub fn measured_count(&self) -> u64 {
        self.measured.count
    }

    /// How many are of the warm-up.
    pub fn warmup_count(&self) -> u64 {
        self.warmup.count
    }

    /// When arrival `n` of the measured ones falls due, from the start of measuring, were they evenly spaced.
    pub fn measured_at(&self, n: u64) -> u64 {
        self.measured.shape.at(n as f64, &mut 0)
    }

    /// What a part's `arrivals` become by a change of the load. Whoever is given the same changes in the same order offers
    /// its share of the same load. The warm-up stays as it is.
    pub fn scaled(&self, arrivals: &Arrivals, part: Part, scaling: Scaling) -> Arrivals {
        let Scaling { ordinal, from, factor } = scaling;
        let measured = from.saturating_sub(self.warmup_ns);
        let shape = self.measured.shape.rest(measured).times(factor);
        // Most loads end with their shape; one that ends by its count goes on with what is left of it.
        let left = self.is_cut.then(|| {
            let passed = arrivals.measured.phase.count_until(from.saturating_sub(arrivals.warmup_ns));
            arrivals.measured.phase.limit.saturating_sub(passed)
        });
        let Phase { spacing, seed, .. } = self.measured;
        let phase = Phase::undrawn(shape, spacing, seed ^ from, left.unwrap_or(u64::MAX));
        let warm = ordinal * NUMBERS_OF_A_SCALING;
        Arrivals {
            warmup: arrivals.warmup.clone(),
            measured: Times::of(phase, part.after(warm), 0),
            warm,
            warmup_ns: self.warmup_ns + measured,
        }
    }

    /// Each arrival of a part, in order.
    pub fn arrivals(&self, part: Part) -> Arrivals {
        let warm = self.warmup.count;
        Arrivals {
            warmup: Times::of(self.warmup.clone(), part, 0),
            // The part goes on where the warm-up left it.
            measured: Times::of(self.measured.clone(), part.after(warm), 0),
            warm,
            warmup_ns: self.warmup_ns,
        }
    }
}

/// The arrivals of a part, in order.
#[derive(Clone, Debug)]
pub struct Arrivals {
    warmup: Times,
    measured: Times,
    warm: u64,
    warmup_ns: u64,
}

impl Arrivals {
    /// About how many of those that are left are due: of constant ones within one, of jittered ones with those whose gap
    /// has only begun, and of a Poisson process as many as are to be expected behind the last one that was drawn.
    #[inline]
    pub fn due(&self, now: u64) -> u64 {
        let of = |times: &Times, now: u64| {
            let area = times.phase.shape.area_until(now);
            let due = match times.phase.spacing {
                // What was drawn may be far from what was to be expected; from there on it is as likely as ever.
                Spacing::Poisson => times.number.saturating_add(whole_below(area - times.area)),
                Spacing::Constant | Spacing::Jitter(_) => whole_below(area),
            };
            due.min(times.phase.count).saturating_sub(times.number) / times.part.step
        };
        of(&self.warmup, now) + of(&self.measured, now.saturating_sub(self.warmup_ns))
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        if let Some((number, at)) = self.warmup.next() {
            return Some(Arrival { number, at, is_warmup: true });
        }
        let (number, at) = self.measured.next()?;
        Some(Arrival { number: self.warm + number, at: self.warmup_ns + at, is_warmup: false })
    }
}

/// One arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its number in the whole schedule, warm-up included.
    pub number: u64,
    /// When it is to start.
    pub at: u64,
    /// Whether it is of the warm-up.
    pub is_warmup: bool,
}

/// The arrivals of a part of one phase.
#[derive(Clone, Debug)]
struct Times {
    phase: Phase,
    part: Part,
    /// Of the next arrival that is looked at.
    number: u64,
    /// Of jitter.
    random: Pcg64,
    /// Of a Poisson process: all of them, and where the last one stood.
    points: Poisson,
    area: f64,
    stretch: usize,
}

impl Times {
    fn of(phase: Phase, part: Part, stream: u128) -> Self {
        let random = Pcg64::new(u128::from(phase.seed), stream);
        let points = Poisson::new(phase.seed);
        let number = if phase.spacing == Spacing::Constant { part.first } else { 0 };
        Times { phase, part, number, random, points, area: 0.0, stretch: 0 }
    }

    /// The next number that is the part's, and the area that it stands at.
    #[inline]
    fn next_area(&mut self) -> Option<(u64, f64)> {
        loop {
            let number = self.number;
            if number >= self.phase.count {
                return None;
            }
            let area = match self.phase.spacing {
                Spacing::Constant => {
                    self.number += self.part.step;
                    return Some((number, number as f64));
                }
                Spacing::Poisson => {
                    self.area = self.points.next()?;
                    self.area
                }
                Spacing::Jitter(part) => {
                    let later = number as f64 + part.get() * unit(&mut self.random);
                    // The last gap may be cut off by the end.
                    if later < self.phase.shape.area() { later } else { number as f64 }
                }
            };
            if area >= self.phase.shape.area() {
                return None;
            }
            self.number += 1;
            if number >= self.part.first && (number - self.part.first).is_multiple_of(self.part.step) {
                return Some((number, area));
            }
        }
    }
}

impl Iterator for Times {
    type Item = (u64, u64);

    #[inline]
    fn next(&mut self) -> Option<(u64, u64)> {
        let (number, area) = self.next_area()?;
        let at = if number < self.phase.opening { 0 } else { self.phase.shape.at(area, &mut self.stretch) };
        Some((number, at))
    }
}

/// How many whole numbers from zero lie below an area. The shape keeps it whole where it is meant to be.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is what is wanted
pub(super) fn whole_below(area: f64) -> u64 {
    area.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const S: u64 = 1_000_000_000;

    fn constant(rate: f64, seconds: f64) -> Shape {
        Shape::constant(rate, Some(Duration::from_secs_f64(seconds)))
    }

    fn all(schedule: &Schedule) -> Vec<Arrival> {
        schedule.arrivals(Part::ALL).collect()
    }

    #[test]
    fn the_warm_up_comes_before_the_first_measured_arrival() {
        let schedule = Schedule::new(&constant(10.0, 1.0), S / 4, Spacing::Constant, 0, u64::MAX);
        assert_eq!((schedule.warmup_count(), schedule.measured_count()), (3, 10));
        let times: Vec<u64> = all(&schedule).iter().map(|arrival| arrival.at).collect();
        assert_eq!(times[..5], [0, S / 10, S / 5, S / 4, S / 4 + S / 10]);
        assert_eq!(times.len(), 13);
    }

    #[test]
    fn the_warm_up_opens_with_several_at_once_and_is_as_long_and_as_many_all_the_same() {
        let schedule = Schedule::new(&constant(200.0, 1.0), S, Spacing::Constant, 0, u64::MAX);
        let times: Vec<u64> = all(&schedule).iter().map(|arrival| arrival.at).collect();
        assert_eq!(times[..5], [0, 0, 0, 0, S / 50]);
        assert_eq!((schedule.warmup_count(), times[199], times[200]), (200, S - S / 200, S));
    }

    #[test]
    fn a_limit_ends_the_arrivals_early() {
        for spacing in [Spacing::Constant, Spacing::Poisson] {
            let schedule = Schedule::new(&constant(10.0, 10.0), 0, spacing, 0, 4);
            assert_eq!((schedule.measured_count(), all(&schedule).len()), (4, 4));
        }
    }

    #[test]
    fn constant_arrivals_are_the_same_number_in_every_second() {
        let schedule = Schedule::new(&constant(2000.0, 10.0), 0, Spacing::Constant, 0, u64::MAX);
        let mut by_second = [0; 10];
        all(&schedule).iter().for_each(|arrival| by_second[(arrival.at / S) as usize] += 1);
        assert_eq!(by_second, [2000; 10]);
    }

    /// Kolmogorov–Smirnov against the exponential: at n = 20,000 the 0.1 % critical value is 1.95 / √n.
    #[test]
    fn poisson_gaps_are_exponential() {
        let schedule = Schedule::new(&constant(1000.0, 20.0), 0, Spacing::Poisson, 7, u64::MAX);
        let times: Vec<f64> = all(&schedule).iter().map(|arrival| arrival.at as f64 / 1e6).collect();
        assert!((19_400..20_600).contains(&times.len()), "{}", times.len());
        assert_eq!(times.len() as u64, schedule.measured_count());
        let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_by(f64::total_cmp);
        let n = gaps.len() as f64;
        let distance = gaps.iter().enumerate().fold(0.0f64, |most, (i, gap)| {
            let expected = 1.0 - (-gap).exp();
            most.max((expected - i as f64 / n).abs()).max(((i + 1) as f64 / n - expected).abs())
        });
        assert!(distance < 1.95 / n.sqrt(), "{distance}");
    }

    #[test]
    fn jitter_stays_between_its_arrival_and_its_part_of_the_gap() {
        let jitter = "jitter(20%)".parse().unwrap();
        let schedule = Schedule::new(&constant(100.0, 10.0), 0, jitter, 3, u64::MAX);
        let arrivals = all(&schedule);
        assert_eq!(arrivals.len(), 1000);
        let late: Vec<u64> = arrivals.iter().map(|arrival| arrival.at - arrival.number * (S / 100)).collect();
        assert!(late.iter().all(|late| *late <= S / 500));
        assert!(late.iter().max() > Some(&(S / 600)) && late.iter().min() < Some(&(S / 5000)));
    }

    #[test]
    fn a_seed_repeats_itself_and_another_one_does_not() {
        for spacing in [Spacing::Poisson, "jitter(50%)".parse().unwrap()] {
            let times = |seed| all(&Schedule::new(&constant(50.0, 2.0), S, spacing, seed, u64::MAX));
            assert_eq!(times(1), times(1));
            assert_ne!(times(1), times(2));
        }
    }

    #[test]
    fn a_poisson_process_is_split_like_any_other_also_where_it_is_long() {
        let schedule = Schedule::new(&constant(20_000.0, 2.0), S / 10, Spacing::Poisson, 5, u64::MAX);
        let mut split: Vec<Arrival> =
            (0..3).flat_map(|worker| schedule.arrivals(Part::ALL.split(worker, 3))).collect();
        split.sort_by_key(|arrival| arrival.number);
        let whole = all(&schedule);
        assert_eq!(whole.len() as u64, schedule.warmup_count() + schedule.measured_count());
        assert_eq!(split, whole);
    }

    #[test]
    fn what_is_due_of_a_poisson_process_is_told_from_the_last_that_was_drawn() {
        let schedule = Schedule::new(&constant(1000.0, 1000.0), 0, Spacing::Poisson, 1, u64::MAX);
        let mut arrivals = schedule.arrivals(Part::ALL);
        // By now as many as a random walk of so many steps is off.
        let last = arrivals.by_ref().nth(900_000).unwrap();
        assert!(last.at.abs_diff(900_000_000_000) > S / 10, "the seed says something: {last:?}");
        assert!(arrivals.due(last.at) <= 1);
        assert!((1000..=1001).contains(&arrivals.due(last.at + S)), "{}", arrivals.due(last.at + S));
        assert_eq!(arrivals.by_ref().last().map(|last| arrivals.due(last.at + S)), Some(0));
    }

    proptest! {
        #[test]
        fn any_split_into_shards_and_workers_is_the_whole_schedule(
            rate in 1.0f64..300.0, warmup in 0u64..3000, shards in 1u32..5, workers in 1u32..5, seed: u64, kind in 0u8..3,
        ) {
            let spacing = [Spacing::Constant, Spacing::Poisson, "jitter(90%)".parse().unwrap()][usize::from(kind)];
            let shape = "0..300 over 1s, pause 500ms, hold 1s".parse::<super::super::load::Load>().unwrap();
            let shape = shape.peaking_at(rate).shape().unwrap();
            let schedule = Schedule::new(&shape, warmup * 1_000_000, spacing, seed, u64::MAX);
            let part = |shard, worker| Part::ALL.split(shard, shards).split(worker, workers);
            let mut split: Vec<Arrival> = (0..shards)
                .flat_map(|shard| (0..workers).map(move |worker| (shard, worker)))
                .flat_map(|(shard, worker)| schedule.arrivals(part(shard, worker)))
                .collect();
            split.sort_by_key(|arrival| arrival.number);
            let whole = all(&schedule);
            prop_assert_eq!(whole.len() as u64, schedule.warmup_count() + schedule.measured_count());
            prop_assert!(whole.is_sorted_by_key(|arrival| (arrival.at, arrival.number)));
            prop_assert_eq!(split, whole);
        }

        #[test]
        fn any_split_of_a_load_that_was_changed_twice_is_the_whole_of_it(
            rate in 50.0f64..300.0, factor in 0.1f64..4.0, shards in 1u32..4, workers in 1u32..4, kind in 0u8..3,
            is_counted: bool,
        ) {
            let spacing = [Spacing::Constant, Spacing::Poisson, "jitter(90%)".parse().unwrap()][usize::from(kind)];
            let limit = if is_counted { 90 } else { u64::MAX };
            let schedule = Schedule::new(&constant(rate, 1.0), S / 5, spacing, 7, limit);
            let changes = [(S / 2, factor), (S / 10 * 7, 2.0)];
            let offered = |part: Part| {
                let (mut offered, mut times) = (Vec::new(), schedule.arrivals(part));
                for (ordinal, (from, factor)) in (1..).zip(changes) {
                    offered.extend(times.clone().take_while(|arrival| arrival.at < from));
                    times = schedule.scaled(&times, part, Scaling { ordinal, from, factor });
                    // The copy was read, not the times: the warm-up is over by then.
                    times.warmup.number = u64::MAX;
                }
                offered.extend(times);
                offered
            };
            let whole = offered(Part::ALL);
            let mut split: Vec<Arrival> = (0..shards)
                .flat_map(|shard| (0..workers).map(move |worker| (shard, worker)))
                .flat_map(|(shard, worker)| offered(Part::ALL.split(shard, shards).split(worker, workers)))
                .collect();
            split.sort_by_key(|arrival| arrival.number);
            prop_assert!(split.windows(2).all(|two| two[0].number < two[1].number), "no number twice");
            let measured = whole.iter().filter(|arrival| !arrival.is_warmup).count();
            prop_assert!(!is_counted || measured <= 90, "{}", measured);
            prop_assert_eq!(split, whole);
        }
    }
}
