//! Which metrics are compared with a baseline, and how much change each tolerates.

use super::load::Load;
use super::spec::GateSpec;
use crate::metric::{CustomMetric, Metric, MetricError, Quantile, Statistic, Timed};
use crate::units::{Ratio, UnitError};

/// A metric under comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Gated {
    /// One of those that rounds are summarised by: `service.p50`, `service.p95`, `service.p99` and the same of steps, tags
    /// and trends, `throughput`, `cpu_per_iteration`.
    pub metric: Metric,
    /// A change up to this much is never a regression. Above zero; 0.05 is 5 %.
    pub tolerance: Ratio,
}

/// Of a metric that is named without one.
pub const DEFAULT_TOLERANCE: &str = "5%";

/// The metrics that a test asks for, or those of its load's model: latency where the rate is given, throughput where
/// the users are (an open load's throughput is the rate it was told). CPU per iteration counts where it is known.
pub fn gates(spec: &GateSpec, load: &Load) -> Result<Vec<Gated>, GateError> {
    let by_default: &[&str] = match load {
        load if load.search().is_some() => &["capacity"],
        load if load.is_open() => &["service.p50", "service.p95", "cpu_per_iteration"],
        _ => &["throughput", "service.p95", "cpu_per_iteration"],
    };
    match spec {
        GateSpec::Off => Ok(Vec::new()),
        GateSpec::Default => by_default.iter().map(|metric| gated(metric, DEFAULT_TOLERANCE)).collect(),
        GateSpec::Metrics(metrics) => metrics
            .iter()
            .map(|(metric, tolerance)| gated(metric, tolerance.as_deref().unwrap_or(DEFAULT_TOLERANCE)))
            .collect(),
    }
}

/// Reads one pair of `baseline("p50" = "5%")`.
pub fn gated(metric: &str, tolerance: &str) -> Result<Gated, GateError> {
    let metric = of_rounds(metric.parse()?)?;
    let ratio: Ratio = tolerance.parse()?;
    match ratio.get() > 0.0 {
        true => Ok(Gated { metric, tolerance: ratio }),
        false => Err(GateError::NoTolerance(tolerance.to_owned())),
    }
}

/// Comparisons look at service time, so a bare `p50` means it here.
fn of_rounds(metric: Metric) -> Result<Metric, GateError> {
    match metric {
        Metric::Throughput | Metric::Capacity | Metric::CpuPerIteration => Ok(metric),
        Metric::Time(Timed::Response | Timed::Service, Statistic::Median) => {
            Ok(Metric::Time(Timed::Service, Statistic::Percentile(Quantile::MEDIAN)))
        }
        Metric::Time(Timed::Response | Timed::Service, Statistic::Percentile(quantile))
            if [0.5, 0.95, 0.99].contains(&quantile.get()) =>
        {
            Ok(Metric::Time(Timed::Service, Statistic::Percentile(quantile)))
        }
        Metric::Time(timed @ (Timed::Step(_) | Timed::Tagged(..)), statistic) => match of_named(statistic) {
            Some(statistic) => Ok(Metric::Time(timed, statistic)),
            None => Err(GateError::NotCompared(Metric::Time(timed, statistic).to_string())),
        },
        Metric::Custom(custom) => match custom.statistic.and_then(of_named) {
            Some(statistic) => Ok(Metric::Custom(CustomMetric { statistic: Some(statistic), ..custom })),
            None => Err(GateError::NotCompared(Metric::Custom(custom).to_string())),
        },
        other => Err(GateError::NotCompared(other.to_string())),
    }
}

/// Of steps, tags and trends rounds keep what they keep of service time.
fn of_named(statistic: Statistic) -> Option<Statistic> {
    match statistic {
        Statistic::Median => Some(Statistic::Percentile(Quantile::MEDIAN)),
        Statistic::Percentile(quantile) => [0.5, 0.95, 0.99].contains(&quantile.get()).then_some(statistic),
        _ => None,
    }
}

/// What is wrong with `baseline(…)`, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The metric.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The tolerance.
    #[error(transparent)]
    Tolerance(#[from] UnitError),
    /// A metric that rounds do not keep.
    #[error(
        "`{0}` is not compared with baselines; those are p50, p95 and p99 (of service time, of a step such as \
         p50{{step=login}}, of a trend such as render.p50), throughput, capacity and cpu_per_iteration"
    )]
    NotCompared(String),
    /// Zero.
    #[error("a tolerance of {0} would fail on any noise; write one above zero, such as \"5%\"")]
    NoTolerance(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> Load {
        Load::users(1).hold("1s")
    }

    fn shown(spec: &GateSpec, load: &Load) -> Vec<String> {
        gates(spec, load).unwrap().iter().map(|g| format!("{} {}", g.metric, g.tolerance)).collect()
    }

    #[test]
    fn the_default_metrics_follow_from_the_load() {
        let open = Load::rate(1).hold("1s");
        assert_eq!(
            shown(&GateSpec::Default, &open),
            ["service.p50 5 %", "service.p95 5 %", "cpu_per_iteration 5 %"]
        );
        assert_eq!(
            shown(&GateSpec::Default, &closed()),
            ["throughput 5 %", "service.p95 5 %", "cpu_per_iteration 5 %"]
        );
        assert!(shown(&GateSpec::Off, &closed()).is_empty());
    }

    #[test]
    fn named_metrics_are_of_service_time() {
        let spec = GateSpec::Metrics(vec![("p50".into(), Some("10%".into())), ("service.p99".into(), None)]);
        assert_eq!(shown(&spec, &closed()), ["service.p50 10 %", "service.p99 5 %"]);
        let own = ["median{step=login}", "p95{cache=miss}", "render.p99"].map(|name| (name.into(), None));
        let all = ["p50{step=login} 5 %", "p95{cache=miss} 5 %", "render.p99 5 %"];
        assert_eq!(shown(&GateSpec::Metrics(own.to_vec()), &closed()), all);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert!(gated("errors", "5%").unwrap_err().to_string().contains("those are p50"));
        assert!(gated("lag.p50", "5%").is_err() && gated("p75", "5%").is_err());
        assert!(gated("orders", "5%").unwrap_err().to_string().contains("render.p50"));
        assert!(gated("max{step=login}", "5%").is_err());
        assert!(gated("p50", "0%").unwrap_err().to_string().contains("above zero"));
        assert!(gated("p50", "much").unwrap_err().to_string().contains("not a ratio"));
    }
}
