//! One stretch of a shape: its level, the area under it, and when that reaches a number.
//!
//! Pure. Instants are nanoseconds of the shape, of which a stretch knows where it begins.

use std::f64::consts::TAU;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) curve: Curve,
    /// The area of everything before it.
    pub(super) before: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Curve {
    /// Its period is kept beside the level: a division less for every arrival.
    Flat {
        level: f64,
        period_ns: f64,
    },
    Line {
        from: f64,
        to: f64,
    },
    /// Begins `phase` seconds after its middle on the way up.
    Sine {
        mean: f64,
        amplitude: f64,
        period: f64,
        phase: f64,
    },
}

impl Curve {
    pub(super) fn flat(level: f64) -> Self {
        Curve::Flat { level, period_ns: 1e9 / level }
    }
}

impl Stretch {
    pub(super) fn x(&self, at: u64) -> f64 {
        seconds(at.saturating_sub(self.start).min(self.length))
    }

    pub(super) fn level(&self, at: u64) -> f64 {
        let x = self.x(at);
        match self.curve {
            Curve::Flat { level, .. } => level,
            Curve::Line { from, to } => from + (to - from) * (x / seconds(self.length)),
            Curve::Sine { mean, amplitude, period, phase } => {
                mean + amplitude * (TAU * (phase + x) / period).sin()
            }
        }
    }

    pub(super) fn peak(&self) -> f64 {
        match self.curve {
            Curve::Flat { level, .. } => level,
            Curve::Line { from, to } => from.max(to),
            Curve::Sine { mean, amplitude, .. } => mean + amplitude.abs(),
        }
    }

    /// Of its first `x` seconds.
    pub(super) fn area(&self, x: f64) -> f64 {
        match self.curve {
            Curve::Flat { level, .. } => level * x,
            Curve::Line { from, to } => (from + (to - from) * x / seconds(self.length) / 2.0) * x,
            Curve::Sine { mean, amplitude, period, phase } => {
                let swing = (TAU * phase / period).cos() - (TAU * (phase + x) / period).cos();
                mean * x + amplitude * period / TAU * swing
            }
        }
    }

    /// Where its own area reaches `area`.
    #[inline]
    pub(super) fn at(&self, area: f64) -> u64 {
        let ns = match self.curve {
            Curve::Flat { period_ns, .. } => area * period_ns,
            Curve::Line { from, to } => {
                // The stable form of the quadratic's root: no difference of near numbers when the ramp is shallow.
                let root = (from * from + 2.0 * (to - from) / seconds(self.length) * area).max(0.0).sqrt();
                if from + root > 0.0 { 2e9 * area / (from + root) } else { 0.0 }
            }
            Curve::Sine { .. } => self.bisected(area, seconds(self.length)) * 1e9,
        };
        self.start + nearest(ns).min(self.length)
    }

    /// The area of a sine has no inverse in closed form; it rises, so halving finds it to below a nanosecond.
    fn bisected(&self, area: f64, length: f64) -> f64 {
        let (mut low, mut high) = (0.0, length);
        while high - low > 2e-10 {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break; // neighbours
            }
            if self.area(middle) < area { low = middle } else { high = middle }
        }
        high
    }

    /// The first instant after `from`, within the stretch, at which the number of users is not `users`.
    pub(super) fn first_change(&self, from: u64, users: u32) -> Option<u64> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // as in `Shape::users`
        let differs = |at: u64| self.level(at).round() as u32 != users;
        let end = self.start + self.length - 1;
        let mut low = from;
        while low < end {
            let high = self.turning_point(low).min(end);
            if differs(high) {
                return Some(first(low, high, differs));
            }
            low = high;
        }
        None
    }

    /// Until when the level only rises or only falls.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive
    fn turning_point(&self, from: u64) -> u64 {
        match self.curve {
            Curve::Flat { .. } | Curve::Line { .. } => u64::MAX,
            Curve::Sine { period, phase, .. } => {
                let quarters = (phase + self.x(from)) * 4.0 / period;
                // Peaks and valleys stand at odd quarters.
                let next = ((quarters - 1.0) / 2.0).floor() * 2.0 + 3.0;
                let ahead = ((next * period / 4.0 - phase) * 1e9).ceil() as u64;
                self.start + ahead.max(from - self.start + 1)
            }
        }
    }
}

/// The first in (low, high] for which it holds; it holds at `high`, and from its first on.
fn first(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is what is wanted
fn nearest(number: f64) -> u64 {
    (number + 0.5) as u64
}

pub(super) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
