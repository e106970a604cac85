//! A limit the user wrote, from text: `p99 < 50ms`, `errors <= 0.1%`, `p95{step=login} < 20ms`.
//!
//! Says what must hold; `judge` says whether it did.

use super::abort::{self, Abort, AbortError};
use crate::metric::{Metric, MetricError, Unit};
use crate::units::{Latency, Rate, Ratio, Significant, UnitError, parse_duration};
use std::fmt;
use std::str::FromStr;

/// `METRIC OP VALUE`. The limit is in the metric's unit: nanoseconds, a count, per second or a ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As it was written.
    pub expression: String,
    /// What is limited.
    pub metric: Metric,
    /// How.
    pub operator: Operator,
    /// In the unit of the metric.
    pub limit: f64,
    /// Whether it applies although nobody wrote it.
    pub implicit: bool,
    /// Whether it ends the test as soon as a window breaks it.
    pub abort: Option<Abort>,
}

/// How a value must stand to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

/// Longest first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 5] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Operator {
    /// Whether `value` stands so to `limit`; never for a value that is not a number.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Operator::Less => value < limit,
            Operator::AtMost => value <= limit,
            Operator::Greater => value > limit,
            Operator::AtLeast => value >= limit,
            Operator::Equal => (value - limit).abs() <= f64::EPSILON * limit.abs(),
        }
    }
}

impl Threshold {
    /// The one that applies to every test that says nothing of errors: `errors < 1%`.
    pub fn implicit_errors() -> Self {
        Threshold {
            expression: "errors < 1%".to_owned(),
            metric: Metric::Errors,
            operator: Operator::Less,
            limit: 0.01,
            implicit: true,
            abort: None,
        }
    }

    /// Whether the value keeps the limit.
    pub fn holds(&self, value: f64) -> bool {
        self.operator.holds(value, self.limit)
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        if let Some((limit, windows)) = abort::split(text)? {
            let threshold = Threshold::plain(limit)?;
            Abort::check(&threshold.metric)?;
            let abort = Some(Abort::parse(windows)?);
            return Ok(Threshold { expression: text.trim().to_owned(), abort, ..threshold });
        }
        Threshold::plain(text)
    }
}

impl Threshold {
    fn plain(text: &str) -> Result<Self, ThresholdError> {
        // A step's name may hold any sign, so the operator is looked for behind the braces.
        let after_step = text.find('}').map_or(0, |at| at + 1);
        let at = text[after_step..].find(['<', '>', '=', '!']).map(|at| at + after_step);
        let at = at.ok_or_else(|| ThresholdError::Form(text.to_owned()))?;
        let (metric, rest) = text.split_at(at);
        let (sign, operator) = OPERATORS
            .into_iter()
            .find(|(sign, _)| rest.starts_with(sign))
            .ok_or_else(|| ThresholdError::Operator(text.to_owned()))?;
        let mut metric: Metric = metric.parse()?;
        let value = rest[sign.len()..].trim();
        if value.is_empty() || value.starts_with(['<', '>', '=']) {
            return Err(ThresholdError::Form(text.to_owned()));
        }
        if let Metric::Custom(custom) = &mut metric {
            custom.unit = unit_of(value);
        }
        let limit = parse_value(value, metric.unit())?;
        let threshold = Threshold {
            expression: text.trim().to_owned(),
            metric,
            operator,
            limit,
            implicit: false,
            abort: None,
        };
        threshold.check_possible()?;
        Ok(threshold)
    }
}

/// What a limit is written in, where the metric alone does not say it.
fn unit_of(value: &str) -> Unit {
    match () {
        () if value.ends_with('%') => Unit::Ratio,
        () if parse_duration(value).is_ok() => Unit::Time,
        () => Unit::Number,
    }
}

fn parse_value(text: &str, unit: Unit) -> Result<f64, ThresholdError> {
    match unit {
        Unit::Time => Ok(parse_duration(text)?.as_nanos() as f64),
        Unit::PerSecond => Ok(text.parse::<Rate>()?.as_per_second()),
        Unit::Ratio => Ok(text.parse::<Ratio>()?.get()),
        Unit::Count => {
            text.parse::<u64>().map(|n| n as f64).map_err(|_| ThresholdError::Count(text.to_owned()))
        }
        Unit::Number => {
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
            number.ok_or_else(|| ThresholdError::Number(text.to_owned()))
        }
        Unit::TimeSquared => {
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            number.ok_or_else(|| ThresholdError::Variance(text.to_owned()))
        }
    }
}

impl Threshold {
    /// A limit that nothing can keep, or that nothing can break, is a mistake.
    fn check_possible(&self) -> Result<(), ThresholdError> {
        if matches!(self.metric, Metric::Custom(_)) {
            return Ok(()); // what it is recorded in is not known here
        }
        let is_ratio = self.metric.unit() == Unit::Ratio;
        let impossible = match self.operator {
            Operator::Less => self.limit <= 0.0,
            Operator::Greater => is_ratio && self.limit >= 1.0,
            _ => false,
        };
        let idle = match self.operator {
            Operator::AtLeast => self.limit <= 0.0,
            Operator::AtMost => is_ratio && self.limit >= 1.0,
            _ => false,
        };
        match () {
            () if is_ratio && self.limit > 1.0 => Err(ThresholdError::BeyondOne(self.expression.clone())),
            () if impossible => Err(ThresholdError::Impossible(self.expression.clone())),
            () if idle => Err(ThresholdError::AlwaysHolds(self.expression.clone())),
            () => Ok(()),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

/// A value of a metric with its unit, as people read it.
pub fn show_value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time => Latency(value).to_string(),
        Unit::TimeSquared => format!("{value:.3e} ns²"),
        Unit::Count => format!("{value}"),
        Unit::Number => Significant(value).to_string(),
        Unit::PerSecond => Rate::per_second(value).map_or_else(|| value.to_string(), |rate| rate.to_string()),
        Unit::Ratio => format!("{} %", Significant(value * 100.0)),
    }
}

/// What is wrong with a threshold, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    /// Not three parts.
    #[error("`{0}` is no threshold; write METRIC OP VALUE, such as \"p99 < 50ms\" or \"errors < 0.1%\"")]
    Form(String),
    /// `!=`, `=`.
    #[error("`{0}`: the operators are <, <=, >, >= and ==")]
    Operator(String),
    /// The metric.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// What stands around it.
    #[error(transparent)]
    Abort(#[from] AbortError),
    /// The value.
    #[error(transparent)]
    Value(#[from] UnitError),
    /// A count that is no whole number.
    #[error("`{0}` is no count; write a whole number such as 100")]
    Count(String),
    /// A limit of a custom metric that is nothing of the kind.
    #[error("`{0}` is no limit; write a number such as 100, a duration such as 20ms, or a ratio such as 90%")]
    Number(String),
    /// A variance that is no number.
    #[error("`{0}` is no variance; write a number in ns², or limit `stddev`, such as \"stddev < 5ms\"")]
    Variance(String),
    /// More than 100 %.
    #[error("`{0}`: a ratio lies between 0% and 100%; 0.01 is 1%")]
    BeyondOne(String),
    /// Nothing keeps it.
    #[error("`{0}` can never hold; write <= for \"none at all\", >= for \"all of them\"")]
    Impossible(String),
    /// Nothing breaks it.
    #[error("`{0}` always holds, so it limits nothing; leave it out or write a tighter value")]
    AlwaysHolds(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_the_unit_of_their_metric() {
        for (text, limit) in [
            ("p99 < 50ms", 50e6),
            ("p99<50ms", 50e6),
            ("service.p50 <= 1.5ms", 1.5e6),
            ("errors < 0.1%", 0.001),
            ("errors == 0", 0.0),
            ("error_count <= 3", 3.0),
            ("throughput >= 12000/min", 200.0),
            ("checks >= 99%", 0.99),
            ("variance < 1e12", 1e12),
            ("p95{step=a<b} < 20us", 20e3),
            ("cpu_per_iteration < 300us", 300e3),
            ("orders >= 100", 100.0),
            ("render.p95 < 20ms", 20e6),
            ("cache_hits > 90%", 0.9),
            ("queue.max <= 0.5", 0.5),
            ("p95{cache=miss} < 80ms", 80e6),
        ] {
            let threshold: Threshold = text.parse().unwrap();
            assert!((threshold.limit - limit).abs() <= limit * 1e-12, "{text}: {}", threshold.limit);
            assert_eq!(threshold.to_string(), text);
        }
    }

    #[test]
    fn a_threshold_that_cannot_be_meant_is_refused_with_advice() {
        for (text, advice) in [
            ("p99 50ms", "METRIC OP VALUE"),
            ("p99 <", "METRIC OP VALUE"),
            ("p99 << 50ms", "METRIC OP VALUE"),
            ("p99 = 50ms", "the operators are"),
            ("p99 != 50ms", "the operators are"),
            ("p99 < 50", "time unit needed"),
            ("latency < 50ms", "unknown metric"),
            ("errors < 5ms", "is not a ratio"),
            ("errors < 500%", "between 0% and 100%"),
            ("errors < 0%", "can never hold"),
            ("checks > 100%", "can never hold"),
            ("p99 < 0ms", "can never hold"),
            ("errors <= 100%", "always holds"),
            ("throughput >= 0", "always holds"),
            ("dropped < 1.5", "whole number"),
            ("throughput > 5ms", "is not a rate"),
            ("orders > many", "write a number such as 100"),
            ("variance < 5ms", "limit `stddev`"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(advice), "{text}: {error}");
        }
    }

    #[test]
    fn operators_are_what_they_are_in_arithmetic() {
        assert!(Operator::Less.holds(1.0, 2.0) && !Operator::Less.holds(2.0, 2.0));
        assert!(Operator::AtMost.holds(2.0, 2.0) && !Operator::AtMost.holds(3.0, 2.0));
        assert!(Operator::Equal.holds(0.0, 0.0) && !Operator::Equal.holds(1.0, 0.0));
        for operator in
            [Operator::Less, Operator::AtMost, Operator::Greater, Operator::AtLeast, Operator::Equal]
        {
            assert!(!operator.holds(f64::NAN, 1.0));
        }
    }
}
