//! A load's level over time: how high it is at an instant, and when the area under it reaches a number.
//!
//! Pure: no clock, no sleeping. Offsets are nanoseconds from the start of the shape. Arrival n of a rate stands where
//! the area under the curve is n, so the first stands at the start, and a stage of 10 s at 100/s holds exactly 1,000:
//!
//! ```text
//!   level │    ╭────╮        area(t) = ∫ level        at(n) = the last t with area(t) = n
//!         │   ╱      ╲
//!         │  ╱        ╲      "the last": what would fall on the start of a pause waits for its end
//!         └─┴──────────┴── t
//! ```

use super::curve::{Curve, Stretch, seconds};
use super::stage::Stage;
use std::time::Duration;

/// Areas that are this near to a whole number are meant to be one: 0.1/s for 30 s is three arrivals.
const WHOLE: f64 = 1e-6;
const MOST_STRETCHES: usize = 100_000;
/// 31 years: beyond it nanoseconds lose their exactness.
const LONGEST: u64 = 1_000_000_000_000_000_000;

/// The stretches of a load, one after the other. Levels are per second (of a rate) or numbers (of users).
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    stretches: Vec<Stretch>,
    length: u64,
    area: f64,
}

impl Shape {
    /// One level for a length; for `None` as long as anybody asks.
    pub fn constant(level: f64, length: Option<Duration>) -> Self {
        let mut shape = Shape::empty();
        shape.push(length.map_or(LONGEST, whole), Curve::flat(level));
        shape
    }

    /// What stages make, one after the other, from level zero.
    pub fn of(stages: &[Stage]) -> Result<Self, ShapeError> {
        let (mut shape, mut level) = (Shape::empty(), 0.0);
        for stage in stages {
            level = shape.add(stage, level).map_err(|wrong| wrong.of(stage))?;
        }
        match shape.length {
            0 => Err(ShapeError::NoLength),
            length if length > LONGEST || shape.stretches.len() > MOST_STRETCHES => Err(ShapeError::TooLong),
            _ if shape.peak() <= 0.0 => Err(ShapeError::NoLevel),
            _ => Ok(shape),
        }
    }

    fn empty() -> Self {
        Shape { stretches: Vec::new(), length: 0, area: 0.0 }
    }

    /// Appends a stage; returns the level that the next one begins at.
    fn add(&mut self, stage: &Stage, level: f64) -> Result<f64, Wrong> {
        let is_level =
            |level: f64| if level.is_finite() && level >= 0.0 { Ok(level) } else { Err(Wrong::Negative) };
        match *stage {
            Stage::Jump(to) => is_level(to),
            Stage::Ramp { to, over } => {
                self.push(whole(over), Curve::Line { from: level, to: is_level(to)? });
                Ok(to)
            }
            Stage::Hold(length) => {
                self.push(whole(length), Curve::flat(level));
                Ok(level)
            }
            Stage::Stairs { by, every, count, ramp } => {
                let mut level = level;
                for _ in 0..count.min(u32::try_from(MOST_STRETCHES).unwrap_or(u32::MAX)) {
                    let next = is_level(level + by)?;
                    self.push(whole(ramp), Curve::Line { from: level, to: next });
                    self.push(whole(every), Curve::flat(next));
                    level = next;
                }
                Ok(level)
            }
            Stage::Spike { to, length } => {
                self.push(whole(length), Curve::flat(is_level(to)?));
                Ok(level)
            }
            Stage::Sine { amplitude, period, length } => {
                if period.is_zero() || amplitude.abs() > level || !amplitude.is_finite() {
                    return Err(if period.is_zero() { Wrong::NoPeriod } else { Wrong::Deep(level) });
                }
                let period = period.as_secs_f64();
                self.push(whole(length), Curve::Sine { mean: level, amplitude, period, phase: 0.0 });
                Ok(level)
            }
            Stage::Pause(length) => {
                self.push(whole(length), Curve::flat(0.0));
                Ok(level)
            }
        }
    }

    fn push(&mut self, length: u64, curve: Curve) {
        if length == 0 {
            return;
        }
        let stretch = Stretch { start: self.length, length, curve, before: self.area };
        self.length = self.length.saturating_add(length);
        self.area = snapped(self.area + stretch.area(seconds(length)));
        self.stretches.push(stretch);
    }

    /// What is left of it after `from` nanoseconds.
    #[must_use]
    pub fn rest(&self, from: u64) -> Self {
        let mut rest = Shape::empty();
        for stretch in &self.stretches {
            let cut = from.saturating_sub(stretch.start).min(stretch.length);
            let curve = match stretch.curve {
                Curve::Line { to, .. } => Curve::Line { from: stretch.level(stretch.start + cut), to },
                Curve::Sine { mean, amplitude, period, phase } => {
                    Curve::Sine { mean, amplitude, period, phase: phase + seconds(cut) }
                }
                flat @ Curve::Flat { .. } => flat,
            };
            rest.push(stretch.length - cut, curve);
        }
        rest
    }

    /// The same with every level multiplied.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let mut scaled = Shape::empty();
        for stretch in &self.stretches {
            let curve = match stretch.curve {
                Curve::Flat { level, .. } => Curve::flat(level * factor),
                Curve::Line { from, to } => Curve::Line { from: from * factor, to: to * factor },
                Curve::Sine { mean, amplitude, period, phase } => {
                    Curve::Sine { mean: mean * factor, amplitude: amplitude * factor, period, phase }
                }
            };
            scaled.push(stretch.length, curve);
        }
        scaled
    }

    /// From the start to the end, in nanoseconds.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The area under the whole: of a rate the arrivals it offers, a part of one included.
    pub fn area(&self) -> f64 {
        self.area
    }

    /// The area under its first `at` nanoseconds.
    pub fn area_until(&self, at: u64) -> f64 {
        let after = self.stretches.partition_point(|stretch| stretch.start <= at);
        let stretch = self.stretches.get(after.saturating_sub(1));
        stretch.map_or(0.0, |stretch| stretch.before + stretch.area(stretch.x(at)))
    }

    /// The highest level.
    pub fn peak(&self) -> f64 {
        self.stretches.iter().map(Stretch::peak).fold(0.0, f64::max)
    }

    /// The level at an instant, of a sine the highest that it gets to; nothing from the end on.
    pub fn ceiling(&self, at: u64) -> f64 {
        let after = self.stretches.partition_point(|stretch| stretch.start <= at);
        let stretch = self.stretches.get(after.saturating_sub(1)).filter(|_| at < self.length);
        stretch.map_or(0.0, |stretch| match stretch.curve {
            Curve::Flat { .. } | Curve::Line { .. } => stretch.level(at),
            Curve::Sine { .. } => stretch.peak(),
        })
    }

    /// Where its stretches begin, and where it ends.
    pub fn edges(&self) -> impl Iterator<Item = u64> {
        self.stretches.iter().map(|stretch| stretch.start).chain([self.length])
    }

    /// The first level above zero that a stage begins at or leads to; what a warm-up runs at.
    pub fn first_level(&self) -> f64 {
        let ends = self.stretches.iter().flat_map(|stretch| match stretch.curve {
            Curve::Flat { level, .. } => [level, level],
            Curve::Line { from, to } => [from, to],
            Curve::Sine { mean, amplitude, .. } => [mean, mean + amplitude.abs()],
        });
        ends.into_iter().find(|level| *level > 0.0).unwrap_or(0.0)
    }

    /// The level at an instant; that of the end after it.
    pub fn level(&self, at: u64) -> f64 {
        let after = self.stretches.partition_point(|stretch| stretch.start <= at);
        self.stretches.get(after.saturating_sub(1)).map_or(0.0, |stretch| stretch.level(at))
    }

    /// The level as a number of users, rounded to the nearest.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // levels are not negative; `as` saturates
    pub fn users(&self, at: u64) -> u32 {
        self.level(at).round() as u32
    }

    /// When the number of users changes for the first time after `now`.
    pub fn next_change(&self, now: u64) -> Option<u64> {
        let users = self.users(now);
        let first = self.stretches.partition_point(|stretch| stretch.start <= now).saturating_sub(1);
        self.stretches.get(first..)?.iter().find_map(|stretch| {
            let from = stretch.start.max(now);
            let starts_different = from > now && self.users(from) != users;
            if starts_different { Some(from) } else { stretch.first_change(from, users) }
        })
    }

    /// When the area reaches `area`, which is at least zero and below the whole. `stretch` is where the search begins: areas
    /// are asked for in rising order.
    #[inline]
    pub fn at(&self, area: f64, stretch: &mut usize) -> u64 {
        while self.stretches.get(*stretch + 1).is_some_and(|next| area >= next.before) {
            *stretch += 1;
        }
        self.stretches.get(*stretch).map_or(self.length, |stretch| stretch.at(area - stretch.before))
    }
}

fn snapped(area: f64) -> f64 {
    let nearest = area.round();
    if (area - nearest).abs() < WHOLE { nearest } else { area }
}

fn whole(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

/// What is wrong with one stage.
enum Wrong {
    Negative,
    NoPeriod,
    Deep(f64),
}

impl Wrong {
    fn of(&self, stage: &Stage) -> ShapeError {
        match self {
            Wrong::Negative => ShapeError::Negative(stage.to_string()),
            Wrong::NoPeriod => ShapeError::NoPeriod(stage.to_string()),
            Wrong::Deep(level) => ShapeError::Deep(stage.to_string(), *level),
        }
    }
}

/// Why stages make no load, and what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// No stage has a length.
    #[error("the load lasts no time; add a stage such as `hold 10s`, in code `.hold(\"10s\")`")]
    NoLength,
    /// All at zero.
    #[error("the load stays at zero; add a level above it, such as `..100 over 10s`")]
    NoLevel,
    /// Out of the range of the arithmetic.
    #[error("the load is longer than 31 years, or of more than 100,000 stages")]
    TooLong,
    /// Levels are numbers of arrivals or users.
    #[error("`{0}` leads to a level that is no number from zero up; a load cannot be negative")]
    Negative(String),
    /// Division by zero.
    #[error(
        "`{0}` has a period of zero; write the time from peak to peak, such as `sine 50 period 20s for 1m`"
    )]
    NoPeriod(String),
    /// It would dip below zero.
    #[error("`{0}` swings further than its middle of {1}; write a smaller swing, or set the level first")]
    Deep(String, f64),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1_000_000_000;

    fn shape(text: &str) -> Shape {
        Shape::of(&super::super::stage::parse(text).unwrap()).unwrap()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // not negative
    fn count(shape: &Shape) -> u64 {
        shape.area().ceil() as u64
    }

    fn all(shape: &Shape) -> Vec<u64> {
        let mut stretch = 0;
        (0..count(shape)).map(|n| shape.at(n as f64, &mut stretch)).collect()
    }

    #[test]
    fn a_constant_level_holds_exactly_what_it_says() {
        assert_eq!(all(&shape("10 for 500ms")), [0, 100_000_000, 200_000_000, 300_000_000, 400_000_000]);
        for (rate, length, count) in
            [(2000.0, 10.0, 20_000), (0.1, 30.0, 3), (333.0, 1.0, 333), (0.3, 1.0, 1)]
        {
            let shape = Shape::constant(rate, Some(Duration::from_secs_f64(length)));
            assert_eq!(super::tests::count(&shape), count, "{rate}/s for {length} s");
        }
    }

    #[test]
    fn a_ramp_is_the_inverse_of_its_area() {
        // k t² / 2 with k = 2/s²: arrival n stands at √n.
        let ramp = all(&shape("0..20 over 10s"));
        assert_eq!(ramp.len(), 100);
        for (n, at) in (0u32..).zip(&ramp) {
            let exact = f64::from(n).sqrt() * 1e9;
            assert!((*at as f64 - exact).abs() <= 1.0, "{n}: {at} instead of {exact}");
        }
        assert_eq!(all(&shape("20..0 over 10s")).len(), 100);
    }

    #[test]
    fn what_falls_on_the_start_of_a_pause_waits_for_its_end() {
        let shape = shape("2 for 1s, pause 3s, hold 1s");
        assert_eq!(all(&shape), [0, S / 2, 4 * S, 9 * S / 2]);
        assert_eq!([0, 2 * S, 4 * S].map(|at| shape.users(at)), [2, 0, 2]);
    }

    #[test]
    fn stages_follow_each_other_and_a_spike_comes_back() {
        let shape =
            shape("0..500 over 30s, hold 1m, stairs +100 every 10s x5, spike 2000 for 5s, ..0 over 10s");
        assert_eq!(shape.length(), (30 + 60 + 50 + 5 + 10) * S);
        let levels = [15, 60, 95, 135, 142, 150].map(|at| shape.users(at * S));
        assert_eq!(levels, [250, 500, 600, 1000, 2000, 500]);
        let by_hand = 7500.0 + 30_000.0 + 10.0 * (600.0 + 700.0 + 800.0 + 900.0 + 1000.0) + 10_000.0 + 5000.0;
        assert!((shape.area() - by_hand).abs() < 1e-6);
        assert_eq!((shape.peak(), shape.first_level()), (2000.0, 500.0));
    }

    #[test]
    fn stairs_may_have_ramps_between_and_go_down() {
        let shape = shape("300, stairs -100 every 4s x2 ramp 2s");
        assert_eq!(shape.length(), 12 * S);
        assert_eq!([1, 3, 7, 9].map(|at| shape.users(at * S)), [250, 200, 150, 100]);
    }

    #[test]
    fn users_change_where_the_level_passes_the_half() {
        let ramp = shape("0..4 over 8s, hold 2s, ..0 over 4s");
        let changes: Vec<u64> = std::iter::successors(Some(0), |at| ramp.next_change(*at)).collect();
        let by_hand = [0, 1, 3, 5, 7].map(|at| at * S);
        assert_eq!(changes[..5], by_hand);
        let down: Vec<f64> = changes[5..].iter().map(|at| *at as f64 / 1e9).collect();
        for (found, exact) in down.iter().zip([10.5, 11.5, 12.5, 13.5]) {
            assert!((found - exact).abs() < 1e-6, "{down:?}");
        }
        assert_eq!(changes.iter().map(|at| ramp.users(*at)).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 3, 2, 1, 0]);
        let jump = shape("3 for 1s, 5 for 1s");
        assert_eq!((jump.next_change(0), jump.next_change(S)), (Some(S), None));
        let wave = shape("10, sine 3 period 4s for 8s");
        let changes: Vec<u64> = std::iter::successors(Some(0), |at| wave.next_change(*at)).collect();
        let users: Vec<u32> = changes.iter().map(|at| wave.users(*at)).collect();
        assert_eq!(users[..7], [10, 11, 12, 13, 12, 11, 10]);
        assert_eq!(users.iter().min(), Some(&7));
    }

    #[test]
    fn what_is_no_load_says_what_to_write() {
        let error =
            |text: &str| Shape::of(&super::super::stage::parse(text).unwrap()).unwrap_err().to_string();
        assert!(error("100").contains("hold 10s"));
        assert!(error("hold 10s").contains("stays at zero"));
        assert!(error("100, stairs -60 every 1s x2").contains("stairs -60 every 1s x2"));
        assert!(error("10, sine 20 period 1s for 5s").contains("middle of 10"));
        assert!(error("10, sine 5 period 0s for 5s").contains("period of zero"));
    }

    /// One of seven kinds of stage, from where the level is: `height` goes from 0 to 1, and nothing falls below zero.
    fn stage(level: &mut f64, (kind, height, length, other, count): (u8, f64, u64, u64, u32)) -> Stage {
        let (to, length) = (height * 2000.0, Duration::from_millis(length));
        match kind {
            0 => {
                *level = to;
                Stage::Jump(to)
            }
            1 => {
                *level = to;
                Stage::Ramp { to, over: length }
            }
            2 => Stage::Hold(length),
            3 => Stage::Pause(length),
            4 => Stage::Spike { to, length },
            5 => {
                // Not to the very ground: sums of steps are off by a bit.
                let highest = if height < 0.5 { *level * 0.99 } else { 1000.0 };
                let by = (2.0 * height - 1.0) * highest / f64::from(count);
                *level += by * f64::from(count);
                Stage::Stairs { by, every: length, count, ramp: Duration::from_millis(other) }
            }
            _ => {
                Stage::Sine { amplitude: *level * height, period: Duration::from_millis(50 + other), length }
            }
        }
    }

    fn stages() -> impl Strategy<Value = Vec<Stage>> {
        let one = (0u8..7, 0.0f64..1.0, 0u64..20_000, 0u64..9000, 1u32..5);
        proptest::collection::vec(one, 1..8).prop_map(|all| {
            let mut level = 0.0;
            all.into_iter().map(|one| stage(&mut level, one)).collect()
        })
    }

    proptest! {
        #[test]
        fn arrivals_are_in_order_inside_the_shape_and_as_many_as_its_area(stages in stages()) {
            let Ok(shape) = Shape::of(&stages) else { return Ok(()) };
            let by_sum: f64 = (0..shape.length() / 1_000_000)
                .map(|ms| shape.level(ms * 1_000_000 + 500_000) / 1000.0)
                .sum();
            let slack = shape.area() * 1e-6 + shape.peak() * 0.01 + 1.0;
            prop_assert!((shape.area() - by_sum).abs() < slack, "{} {}", shape.area(), by_sum);
            let mut stretch = 0;
            let mut last = 0;
            for n in (0..count(&shape)).step_by(7) {
                let at = shape.at(n as f64, &mut stretch);
                prop_assert!(last <= at && at <= shape.length());
                last = at;
            }
        }

        #[test]
        fn in_any_sequence_of_stages_the_area_up_to_an_arrival_is_its_number(
            stages in stages(), parts in proptest::collection::vec(0.0f64..1.0, 20),
        ) {
            let Ok(shape) = Shape::of(&stages) else { return Ok(()) };
            for part in parts {
                let n = shape.area() * part;
                let at = shape.at(n, &mut 0);
                // Some nanoseconds of the highest level.
                let off = (shape.area_until(at) - n).abs();
                prop_assert!(off < 1e-8 * shape.peak() + 1e-6, "{} is off by {} in {:?}", n, off, stages);
                // In a pause nothing begins, and at its end what was due.
                prop_assert!(shape.level(at) > 0.0 || at == shape.length() || off < 1e-6, "{} at {}", n, at);
            }
        }

        #[test]
        fn hardly_any_sequence_that_is_drawn_is_no_load(stages in stages()) {
            let timeless = matches!(Shape::of(&stages), Err(ShapeError::NoLength | ShapeError::NoLevel));
            prop_assert!(timeless || Shape::of(&stages).is_ok(), "{:?}", Shape::of(&stages));
        }

        #[test]
        fn the_area_up_to_an_arrival_is_its_number(
            from in 0.0f64..1000.0, to in 0.0f64..1000.0, amplitude in 0.0f64..1.0, n in 0.0f64..1.0,
        ) {
            let second = Duration::from_secs(7);
            for curve in [
                Curve::Line { from, to },
                Curve::Sine { mean: to, amplitude: to * amplitude, period: 1.3, phase: 0.2 },
            ] {
                let mut shape = Shape::empty();
                shape.push(whole(second), curve);
                let n = shape.area() * n;
                let at = shape.at(n, &mut 0);
                let area = shape.stretches[0].area(seconds(at));
                // A nanosecond of the highest level.
                prop_assert!((area - n).abs() < 2e-9 * shape.peak() + 1e-9, "{} {}", area, n);
            }
        }
    }
}
