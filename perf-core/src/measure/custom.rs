//! Quantities that a test function counts and measures by a name of its own.

use super::histogram::Histogram;
use crate::metric::{Statistic, Unit};

/// Numbers of a trend are kept to a thousandth: histograms hold whole ones.
const PER_ONE: f64 = 1000.0;

/// One thing that a test function said of a quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// So many more.
    Count(u64),
    /// It is so high now.
    Level(f64),
    /// It took so many nanoseconds.
    Time(u64),
    /// It was so much this time; not below zero.
    Number(f64),
    /// Whether it was so.
    Hit(bool),
}

/// How the readings of a quantity are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Their sum.
    Counter,
    /// The last one, and the range.
    Gauge,
    /// Their distribution.
    Trend,
    /// The part of them that was so.
    Rate,
}

impl Kind {
    /// As `report.json` names it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Trend => "trend",
            Kind::Rate => "rate",
        }
    }
}

impl Reading {
    /// What it is a reading of.
    pub fn kind(self) -> (Kind, Unit) {
        match self {
            Reading::Count(_) => (Kind::Counter, Unit::Number),
            Reading::Level(_) => (Kind::Gauge, Unit::Number),
            Reading::Time(_) => (Kind::Trend, Unit::Time),
            Reading::Number(_) => (Kind::Trend, Unit::Number),
            Reading::Hit(_) => (Kind::Rate, Unit::Ratio),
        }
    }
}

/// All readings of one quantity.
#[derive(Clone, Debug)]
pub struct Custom {
    /// How they are put together.
    pub kind: Kind,
    /// Of its values.
    pub unit: Unit,
    /// How many readings there were.
    pub count: u64,
    /// Of all readings; of a rate how many were so.
    pub sum: f64,
    /// The lowest reading.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// The latest one, and when it was taken, in nanoseconds since the start of the load.
    pub last: (u64, f64),
    /// Of a trend; numbers a thousandfold.
    distribution: Option<Histogram>,
}

impl Custom {
    /// Without readings, for readings like this one.
    pub fn like(reading: Reading) -> Self {
        let (kind, unit) = reading.kind();
        Custom {
            kind,
            unit,
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            last: (0, 0.0),
            distribution: (kind == Kind::Trend).then(Histogram::default),
        }
    }

    /// Whether a reading is of this kind.
    pub fn takes(&self, reading: Reading) -> bool {
        (self.kind, self.unit) == reading.kind()
    }

    /// Adds one of this kind.
    pub fn add(&mut self, reading: Reading, at: u64) {
        let value = match reading {
            Reading::Count(n) | Reading::Time(n) => n as f64,
            Reading::Level(value) | Reading::Number(value) => value,
            Reading::Hit(was_so) => f64::from(u8::from(was_so)),
        };
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.last = (at, value);
        if let Some(distribution) = &mut self.distribution {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates; not negative
            distribution.record(match reading {
                Reading::Time(ns) => ns,
                _ => (value * PER_ONE).round() as u64,
            });
        }
    }

    /// Adds the other's readings, unless they are of another kind.
    pub fn merge(&mut self, other: &Custom) {
        if (self.kind, self.unit) != (other.kind, other.unit) || other.count == 0 {
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.last = if other.last.0 >= self.last.0 { other.last } else { self.last };
        if let (Some(ours), Some(theirs)) = (&mut self.distribution, &other.distribution) {
            ours.merge(theirs);
        }
    }

    /// Forgets all readings, keeps its memory.
    pub fn clear(&mut self) {
        let distribution = self.distribution.take().map(|mut distribution| {
            distribution.clear();
            distribution
        });
        *self = Custom {
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            last: (0, 0.0),
            distribution,
            ..*self
        };
    }

    /// Under its name alone: a counter's sum, a gauge's last level, a rate's part, a trend's median. With a statistic what
    /// that is of a trend; of a gauge `min`, `max` and `mean`. `None` without readings, and for what there is not.
    pub fn value(&self, statistic: Option<Statistic>) -> Option<f64> {
        let mean = self.sum / self.count as f64;
        let value = match (self.kind, statistic) {
            (Kind::Counter, None) => self.sum,
            (Kind::Gauge, None) => self.last.1,
            (Kind::Rate, None) | (Kind::Gauge, Some(Statistic::Mean)) => mean,
            (Kind::Gauge, Some(Statistic::Min)) => self.min,
            (Kind::Gauge, Some(Statistic::Max)) => self.max,
            (Kind::Trend, statistic) => self.of_trend(statistic.unwrap_or(Statistic::Median))?,
            _ => return None,
        };
        (self.count > 0).then_some(value)
    }

    fn of_trend(&self, statistic: Statistic) -> Option<f64> {
        let value = self.distribution.as_ref()?.statistic(statistic)?;
        Some(match (self.unit, statistic) {
            (Unit::Number, Statistic::Variance) => value / PER_ONE.powi(2),
            (unit, _) => Self::scaled(unit, value),
        })
    }

    /// Of a trend: times in nanoseconds, numbers a thousandfold.
    pub fn distribution(&self) -> Option<&Histogram> {
        self.distribution.as_ref()
    }

    /// What a value of the distribution is in the unit of the metric.
    pub fn scaled(unit: Unit, value: f64) -> f64 {
        if unit == Unit::Time { value } else { value / PER_ONE }
    }

    /// Of a trend, the values that occurred, each with its count.
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let all = self.distribution.iter().flat_map(Histogram::buckets);
        all.map(|(value, count)| (Self::scaled(self.unit, value as f64), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Reading::{Count, Hit, Level, Number, Time};
    use super::*;
    use crate::metric::Quantile;

    fn of(readings: &[Reading]) -> Custom {
        let mut custom = Custom::like(readings[0]);
        (1..).zip(readings).for_each(|(at, reading)| custom.add(*reading, at));
        custom
    }

    #[test]
    fn each_kind_puts_its_readings_together_in_its_own_way_also_when_workers_are_merged() {
        let p50 = Some(Statistic::Percentile(Quantile::MEDIAN));
        let merged = |a: &[Reading], b: &[Reading], statistic| {
            let mut whole = of(a);
            whole.merge(&of(b));
            whole.value(statistic)
        };
        assert_eq!(merged(&[Count(2), Count(3)], &[Count(5)], None), Some(10.0));
        assert_eq!(merged(&[Level(2.0)], &[Level(9.0), Level(4.0)], None), Some(4.0));
        assert_eq!(merged(&[Level(2.0)], &[Level(9.0), Level(4.0)], Some(Statistic::Mean)), Some(5.0));
        assert_eq!(merged(&[Hit(true), Hit(true)], &[Hit(false), Hit(true)], None), Some(0.75));
        assert_eq!(merged(&[Number(1.5)], &[Number(2.5), Number(0.25)], None), Some(1.5));
        let time = merged(&[Time(1000), Time(3000)], &[Time(2000)], p50).unwrap();
        assert!((time / 2000.0 - 1.0).abs() < 0.001, "{time}");
    }

    #[test]
    fn what_there_is_not_is_not_known() {
        assert_eq!(of(&[Reading::Count(1)]).value(Some(Statistic::Max)), None);
        assert_eq!(Custom::like(Reading::Hit(true)).value(None), None);
        let mut cleared = of(&[Reading::Number(3.0)]);
        cleared.clear();
        assert_eq!((cleared.value(None), cleared.kind), (None, Kind::Trend));
    }
}
