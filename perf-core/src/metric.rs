//! Names what can be limited or compared: `p99`, `service.p50`, `throughput`, `p95{step=login}`.
//!
//! Text to `Metric` and back; the values are taken elsewhere.

use std::fmt;
use std::str::FromStr;

/// A quantity of a run, by the name that thresholds, baselines and reports use.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// A statistic of a time: nanoseconds, or their square for the variance.
    Time(Timed, Statistic),
    /// Completed iterations of the measured time.
    Iterations,
    /// Succeeded iterations that finished inside the measured time, per second of it.
    Throughput,
    /// Failed, timed out, dropped and interrupted iterations to planned ones.
    Errors,
    /// Failed, timed out, dropped and interrupted iterations.
    ErrorCount,
    /// Arrivals that could not start.
    Dropped,
    /// Checks that held to checks made.
    Checks,
    /// The highest rate that keeps the limits of a capacity search.
    Capacity,
    /// CPU time of the target per iteration, in nanoseconds.
    CpuPerIteration,
    /// A quantity of the test's own.
    Custom(CustomMetric),
}

/// A quantity of the test's own: `orders`, `queue.max`, `render.p95`.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomMetric {
    /// What `cx.counter`, `cx.gauge`, `cx.trend` or `cx.rate` was told.
    pub name: String,
    /// Of a trend, and of a gauge.
    pub statistic: Option<Statistic>,
    /// What its limit is written in; only the run shows what it was recorded in.
    pub unit: Unit,
}

impl CustomMetric {
    /// Whether a value of this unit can be held against the limit.
    pub fn reads(&self, recorded: Unit) -> bool {
        self.unit == recorded || (self.unit, recorded) == (Unit::Number, Unit::Ratio)
    }
}

/// Which time a statistic is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timed {
    /// Finish − intended start.
    Response,
    /// Finish − actual start.
    Service,
    /// Actual start − intended start.
    Lag,
    /// The named part of an iteration.
    Step(String),
    /// Response time of the iterations with this tag and value.
    Tagged(String, String),
}

/// What is taken of many times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The smallest.
    Min,
    /// The arithmetic mean.
    Mean,
    /// The 50th percentile under its own name.
    Median,
    /// The largest.
    Max,
    /// The standard deviation.
    Stddev,
    /// The square of the standard deviation, in ns².
    Variance,
    /// A percentile.
    Percentile(Quantile),
}

/// A part of the ordered values, between 0 and 1: p99.9 is 0.999.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Quantile(f64);

impl Quantile {
    /// The half.
    pub const MEDIAN: Quantile = Quantile(0.5);

    /// Of a percentile from 0 to 100, neither included: `None` outside.
    pub fn percent(percent: f64) -> Option<Self> {
        (percent > 0.0 && percent < 100.0).then_some(Quantile(percent / 100.0))
    }

    /// Between 0 and 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded: 0.999 * 100 is 99.9 and a bit.
        write!(f, "p{}", (self.0 * 1e10).round() / 1e8)
    }
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Nanoseconds squared.
    TimeSquared,
    /// A whole number.
    Count,
    /// Events per second.
    PerSecond,
    /// A number from 0 to 1.
    Ratio,
    /// Whatever the test counts in.
    Number,
}

impl Unit {
    /// As reports for programs name it.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Time => "ns",
            Unit::TimeSquared => "ns²",
            Unit::Count => "count",
            Unit::PerSecond => "per_s",
            Unit::Ratio => "ratio",
            Unit::Number => "number",
        }
    }

    /// By that name.
    pub fn named(name: &str) -> Option<Self> {
        use Unit::{Count, Number, PerSecond, Ratio, Time, TimeSquared};
        [Time, TimeSquared, Count, PerSecond, Ratio, Number].into_iter().find(|unit| unit.name() == name)
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Latency, errors, CPU.
    LowerIsBetter,
    /// Throughput, capacity, checks, iterations.
    HigherIsBetter,
}

impl Metric {
    /// The percentile of a time; `Metric::percentile(Timed::Service, 50.0)` is `service.p50`.
    ///
    /// `None` unless `percent` lies between 0 and 100.
    pub fn percentile(timed: Timed, percent: f64) -> Option<Self> {
        Quantile::percent(percent).map(|quantile| Metric::Time(timed, Statistic::Percentile(quantile)))
    }

    /// What is taken of many readings: of a time, and of a trend.
    pub fn statistic(&self) -> Option<Statistic> {
        match self {
            Metric::Time(_, statistic) => Some(*statistic),
            Metric::Custom(custom) => custom.statistic,
            _ => None,
        }
    }

    /// What its values are counted in.
    pub fn unit(&self) -> Unit {
        match self {
            Metric::Time(_, Statistic::Variance) => Unit::TimeSquared,
            Metric::Time(..) | Metric::CpuPerIteration => Unit::Time,
            Metric::Iterations | Metric::ErrorCount | Metric::Dropped => Unit::Count,
            Metric::Throughput | Metric::Capacity => Unit::PerSecond,
            Metric::Errors | Metric::Checks => Unit::Ratio,
            Metric::Custom(custom) => custom.unit,
        }
    }

    /// Which way is better.
    pub fn direction(&self) -> Direction {
        match self {
            Metric::Iterations | Metric::Throughput | Metric::Checks | Metric::Capacity => {
                Direction::HigherIsBetter
            }
            _ => Direction::LowerIsBetter,
        }
    }
}

/// The names without a parameter, as written.
const NAMES: [(&str, Metric); 8] = [
    ("iterations", Metric::Iterations),
    ("throughput", Metric::Throughput),
    ("errors", Metric::Errors),
    ("error_count", Metric::ErrorCount),
    ("dropped", Metric::Dropped),
    ("checks", Metric::Checks),
    ("capacity", Metric::Capacity),
    ("cpu_per_iteration", Metric::CpuPerIteration),
];

/// The statistics that have a name of their own.
pub const STATISTICS: [(&str, Statistic); 6] = [
    ("min", Statistic::Min),
    ("mean", Statistic::Mean),
    ("median", Statistic::Median),
    ("max", Statistic::Max),
    ("stddev", Statistic::Stddev),
    ("variance", Statistic::Variance),
];

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(text: &str) -> Result<Self, MetricError> {
        let text = text.trim();
        let (name, selector) = split_selector(text)?;
        let (prefix, rest) = name.split_once('.').filter(|(p, _)| !p.starts_with('p')).unwrap_or(("", name));
        let has_selector = selector.is_some();
        let timed = match (prefix, selector) {
            ("" | "response", None) => Timed::Response,
            ("service", None) => Timed::Service,
            ("lag", None) => Timed::Lag,
            ("", Some(("step", step))) => Timed::Step(step.to_owned()),
            ("", Some((tag, value))) => Timed::Tagged(tag.to_owned(), value.to_owned()),
            ("response" | "service" | "lag", Some(_)) => {
                return Err(MetricError::PrefixedStep(text.to_owned()));
            }
            (_, None) => return custom(text),
            _ => return Err(unknown(text)),
        };
        if let Some(statistic) = statistic(rest)? {
            return Ok(Metric::Time(timed, statistic));
        }
        match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, _)) if has_selector => Err(MetricError::NotOfAStep(name.to_owned())),
            Some((_, metric)) => Ok(metric.clone()),
            None if has_selector || ["service", "lag", "response"].contains(&prefix) => Err(unknown(text)),
            None => custom(text),
        }
    }
}

/// What people call what has another name here.
const OTHER_WORDS: [(&str, &str); 12] = [
    ("latency", "p99"),
    ("response_time", "p99"),
    ("duration", "p99"),
    ("response", "p99"),
    ("service", "service.p99"),
    ("lag", "lag.p99"),
    ("avg", "mean"),
    ("average", "mean"),
    ("rps", "throughput"),
    ("qps", "throughput"),
    ("error_rate", "errors"),
    ("failures", "error_count"),
];

/// `orders`, `queue.max`, `cart.size.p99.9`: what is no metric of every test is one of this test's own.
fn custom(text: &str) -> Result<Metric, MetricError> {
    let ends = text.match_indices('.').map(|(dot, _)| (&text[..dot], &text[dot + 1..]));
    let mut with_statistic = ends.filter_map(|(name, end)| Some((name, statistic(end).ok()??)));
    let (name, statistic) = match with_statistic.next() {
        Some((name, statistic)) => (name, Some(statistic)),
        None => (text, None),
    };
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    let is_misspelt = is_other_word(name) || nearest(name, known()).is_some();
    match is_name && !is_misspelt {
        true => Ok(Metric::Custom(CustomMetric { name: name.to_owned(), statistic, unit: Unit::Number })),
        false => Err(unknown(text)),
    }
}

fn is_other_word(name: &str) -> bool {
    OTHER_WORDS.iter().any(|(word, _)| *word == name)
}

/// A key and its value.
type Selector<'a> = (&'a str, &'a str);

/// `p95{step=login}` into `p95`, `step` and `login`.
fn split_selector(text: &str) -> Result<(&str, Option<Selector<'_>>), MetricError> {
    let Some((name, rest)) = text.split_once('{') else {
        return Ok((text, None));
    };
    let selector = rest.strip_suffix('}').and_then(|inner| inner.split_once('='));
    let selector = selector.map(|(key, value)| (key.trim(), value.trim()));
    match selector.filter(|(key, value)| !key.is_empty() && !value.is_empty()) {
        Some(selector) => Ok((name.trim(), Some(selector))),
        None => Err(MetricError::Selector(text.to_owned())),
    }
}

fn statistic(name: &str) -> Result<Option<Statistic>, MetricError> {
    if let Some((_, statistic)) = STATISTICS.iter().find(|(known, _)| *known == name) {
        return Ok(Some(*statistic));
    }
    let Some(percent) = name.strip_prefix('p').and_then(|number| number.parse::<f64>().ok()) else {
        return Ok(None);
    };
    match Quantile::percent(percent) {
        Some(quantile) => Ok(Some(Statistic::Percentile(quantile))),
        None => Err(MetricError::Percentile(name.to_owned())),
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name).chain(STATISTICS.iter().map(|(name, _)| *name))
}

fn unknown(text: &str) -> MetricError {
    let meant = OTHER_WORDS.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
    let near = meant.or_else(|| nearest(text, known()));
    MetricError::Unknown(
        text.to_owned(),
        near.map_or_else(String::new, |near| format!("did you mean `{near}`? ")),
    )
}

/// The known word that `word` was probably meant to be: at most a third of its letters are different.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Time(Timed::Response, statistic) => write!(f, "{statistic}"),
            Metric::Time(Timed::Service, statistic) => write!(f, "service.{statistic}"),
            Metric::Time(Timed::Lag, statistic) => write!(f, "lag.{statistic}"),
            Metric::Time(Timed::Step(step), statistic) => write!(f, "{statistic}{{step={step}}}"),
            Metric::Time(Timed::Tagged(tag, value), statistic) => write!(f, "{statistic}{{{tag}={value}}}"),
            Metric::Custom(CustomMetric { name, statistic: Some(statistic), .. }) => {
                write!(f, "{name}.{statistic}")
            }
            Metric::Custom(custom) => f.write_str(&custom.name),
            other => {
                let named = NAMES.iter().find(|(_, metric)| metric == other);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statistic::Percentile(quantile) => quantile.fmt(f),
            other => {
                let named = STATISTICS.iter().find(|(_, statistic)| statistic == other);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

/// Why a text names no metric, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// No metric of this name; the second part is a suggestion or empty.
    #[error(
        "unknown metric `{0}`; {1}the metrics are min, mean, median, max, stddev, variance, pN such as p99 or p99.9 \
         (of response time; prefix `service.` or `lag.` for the others), iterations, throughput, errors, \
         error_count, dropped, checks, capacity, cpu_per_iteration, and what the test function records under a name of \
         its own, such as orders or render.p95"
    )]
    Unknown(String, String),
    /// p0, p100, p101, …
    #[error(
        "`{0}` is no percentile; write a number between 0 and 100, such as p99 or p99.9, or `min` or `max`"
    )]
    Percentile(String),
    /// Something in braces that is not `NAME=VALUE`.
    #[error("`{0}`: in braces stands a step or a tag, such as p95{{step=login}} or p95{{cache=miss}}")]
    Selector(String),
    /// A count or a rate of a step.
    #[error("`{0}` is not known of a step or a tag; these have times only, such as p95{{step=login}}")]
    NotOfAStep(String),
    /// `service.p95{step=login}`.
    #[error("`{0}`: a step or a tag has one time only; leave out what stands before the dot")]
    PrefixedStep(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_survives_a_round_trip_through_its_name() {
        for name in [
            "min",
            "mean",
            "median",
            "max",
            "stddev",
            "variance",
            "p50",
            "p99",
            "p99.9",
            "p99.99",
            "p12.5",
            "service.p50",
            "lag.max",
            "iterations",
            "throughput",
            "errors",
            "error_count",
            "dropped",
            "checks",
            "capacity",
            "cpu_per_iteration",
            "p95{step=login}",
            "mean{step=check out}",
            "p99{cache=miss}",
            "orders",
            "queue.max",
            "cart.size.p99.9",
        ] {
            assert_eq!(name.parse::<Metric>().unwrap().to_string(), name);
        }
        assert_eq!("response.p99".parse::<Metric>(), "p99".parse());
        assert_eq!(" p95{ step = login } ".parse::<Metric>().unwrap().to_string(), "p95{step=login}");
    }

    #[test]
    fn a_wrong_name_says_what_was_meant() {
        let error = |text: &str| text.parse::<Metric>().unwrap_err().to_string();
        assert!(error("thruput").contains("the metrics are min"), "{}", error("thruput"));
        assert!(error("troughput").contains("did you mean `throughput`?"), "{}", error("troughput"));
        assert!(error("p100").contains("between 0 and 100"));
        assert!(error("p0").contains("between 0 and 100"));
        assert!(error("p95{login}").contains("p95{step=login}"));
        assert!(error("errors{step=login}").contains("have times only"));
        assert!(error("lag.p95{step=login}").contains("one time only"));
        assert!(error("latency").contains("did you mean `p99`?"), "{}", error("latency"));
        assert!(error("p95{cache}").contains("p95{cache=miss}"));
        assert!(error("two words").contains("unknown metric"));
        assert!(error("service.errors").contains("unknown metric"));
        assert!(error("").contains("unknown metric"));
    }
}
