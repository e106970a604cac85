//! How much a metric varies from one session of unchanged code to the next: the standard deviation of its logarithm.
//!
//! A handful of sessions says little of that, so it is moderated: s² = (ν₀·s₀² + Σd²)/(ν₀ + d), the prior spread s₀ counting
//! as ν₀ = 10 degrees of freedom beside the d of the test's own sessions (Smyth 2004, doi:10.2202/1544-6115.1027). The prior
//! is a figure of the design until the files of an environment hold 20 degrees of freedom of a metric; then it is theirs.

use super::centre;
use super::level::{Level, SessionRecord};
use super::machines::by_machine;
use crate::analyze::stats::squared_deviations;
use crate::metric::{Metric, Statistic};
use std::collections::BTreeMap;

/// Degrees of freedom that the prior spread counts for.
pub const PRIOR_FREEDOM: f64 = 10.0;
/// So many degrees of freedom make a prior of their own.
pub const LEAST_FREEDOM: f64 = 20.0;
/// Times are kept to three digits: sessions that are equal to the last of them are not without spread.
pub const RESOLUTION: f64 = 0.001;

/// Squared deviations of sessions from their mean, and how many are free.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pool {
    /// Their sum.
    pub squares: f64,
    /// Sessions less means.
    pub freedom: f64,
}

impl Pool {
    /// Of a level: each session from the mean of its machine.
    pub fn of(metric: &Metric, level: &Level) -> Self {
        let mut pool = Pool::default();
        by_machine(level).iter().for_each(|sessions| pool.add(&centres(metric, sessions)));
        pool
    }

    fn add(&mut self, centres: &[f64]) {
        self.squares += squared_deviations(centres);
        self.freedom += centres.len().saturating_sub(1) as f64;
    }
}

/// The centres of the sessions that have one.
pub fn centres(metric: &Metric, sessions: &[&SessionRecord]) -> Vec<f64> {
    sessions.iter().filter_map(|session| centre::of(metric, &session.rounds)).collect()
}

/// What is known of the spread of metrics before a test's own sessions are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spreads(BTreeMap<String, Pool>);

/// A spread that is taken for granted, as far as its degrees of freedom go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// The standard deviation of the logarithm.
    pub spread: f64,
    /// Where it is from.
    pub source: Source,
}

/// Where a prior spread is from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A figure of the design.
    Design,
    /// The sessions of all tests of the environment.
    Environment {
        /// Their degrees of freedom.
        freedom: f64,
    },
}

impl Spreads {
    /// Of all levels of all tests of one environment, older levels too, for these metrics.
    pub fn of<'l, 'm>(
        levels: impl IntoIterator<Item = &'l Level>,
        metrics: impl IntoIterator<Item = &'m Metric>,
    ) -> Self {
        let levels: Vec<&'l Level> = levels.into_iter().collect();
        let pooled = |metric: &Metric| {
            let each = levels.iter().map(|level| Pool::of(metric, level));
            each.fold(Pool::default(), |all, one| Pool {
                squares: all.squares + one.squares,
                freedom: all.freedom + one.freedom,
            })
        };
        Spreads(metrics.into_iter().map(|metric| (metric.to_string(), pooled(metric))).collect())
    }

    /// Of a metric.
    pub fn prior(&self, metric: &Metric) -> Prior {
        match self.0.get(&metric.to_string()) {
            Some(Pool { squares, freedom }) if *freedom >= LEAST_FREEDOM => Prior {
                spread: (squares / freedom).sqrt().max(RESOLUTION),
                source: Source::Environment { freedom: *freedom },
            },
            _ => Prior { spread: of_the_design(metric), source: Source::Design },
        }
    }
}

fn of_the_design(metric: &Metric) -> f64 {
    match (metric, metric.statistic()) {
        (_, Some(Statistic::Percentile(quantile))) if quantile.get() >= 0.99 => 0.30,
        (_, Some(Statistic::Percentile(quantile))) if quantile.get() >= 0.95 => 0.06,
        // The search ends within 2 %, and its last looks may disagree.
        (Metric::Capacity, _) => 0.05,
        (Metric::CpuPerIteration, _) => 0.015,
        _ => 0.03,
    }
}

/// A prior with what a test's own sessions add to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Before.
    pub prior: Prior,
    /// Of the test's own sessions.
    pub own: Pool,
}

impl Spread {
    /// The moderated variance.
    pub fn variance(&self) -> f64 {
        let prior = PRIOR_FREEDOM * self.prior.spread.powi(2);
        (prior + self.own.squares) / (PRIOR_FREEDOM + self.own.freedom)
    }

    /// Of the variance. An environment's sessions hold the test's own: together they are no more than they are.
    pub fn freedom(&self) -> f64 {
        let both = PRIOR_FREEDOM + self.own.freedom;
        match self.prior.source {
            Source::Design => both,
            Source::Environment { freedom } => both.min(freedom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::Rounds;
    use super::*;
    use crate::plan::gate::gated;

    fn metric(name: &str) -> Metric {
        gated(name, "5%").unwrap().metric
    }

    fn level(sessions: &[(&str, f64)]) -> Level {
        let session = |(machine, log): &(&str, f64)| SessionRecord {
            machine: Some((*machine).to_owned()),
            rounds: Rounds {
                n: vec![100; 3],
                service_p50_ns: vec![Some(1e6 * log.exp()); 3],
                ..Rounds::default()
            },
            ..SessionRecord::default()
        };
        Level { sessions: sessions.iter().map(session).collect(), ..Level::default() }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_design_has_a_prior_for_every_metric() {
        let prior = |name: &str| Spreads::default().prior(&metric(name)).spread;
        for (name, figure) in [
            ("p50", 0.03),
            ("throughput", 0.03),
            ("p95", 0.06),
            ("p99", 0.30),
            ("cpu_per_iteration", 0.015),
            ("capacity", 0.05),
            ("p95{step=login}", 0.06),
            ("render.p50", 0.03),
            ("render.p95", 0.06),
            ("render.p99", 0.30),
        ] {
            assert!(near(prior(name), figure), "{name}");
        }
    }

    #[test]
    fn sessions_vary_around_their_machines_mean() {
        let pool = Pool::of(&metric("p50"), &level(&[("a", 0.0), ("b", 1.0), ("a", 0.2), ("b", 1.4)]));
        assert!(near(pool.squares, 0.02 + 0.08) && near(pool.freedom, 2.0), "{pool:?}");
    }

    #[test]
    fn an_environment_with_twenty_degrees_has_its_own_prior() {
        let tests: Vec<Level> = (0..10).map(|_| level(&[("a", 0.0), ("a", 0.1), ("a", 0.2)])).collect();
        let known = |count: usize| Spreads::of(&tests[..count], [&metric("p50")]).prior(&metric("p50"));
        assert_eq!(known(9).source, Source::Design);
        assert_eq!(known(10).source, Source::Environment { freedom: 20.0 });
        assert!(near(known(10).spread, 0.1), "{:?}", known(10));
        let spreads = Spreads::of(&tests, [&metric("p50")]);
        assert_eq!(spreads.prior(&metric("p95")).source, Source::Design, "no session has one");
    }

    #[test]
    fn the_moderated_variance_lies_between_prior_and_sessions() {
        let spread = Spread {
            prior: Prior { spread: 0.03, source: Source::Design },
            own: Pool { squares: 4.0 * 0.01, freedom: 4.0 },
        };
        assert!(near(spread.variance(), (10.0 * 0.0009 + 0.04) / 14.0) && near(spread.freedom(), 14.0));
        let prior = Prior { source: Source::Environment { freedom: 20.0 }, ..spread.prior };
        let alone = Spread { prior, own: Pool { squares: 0.2, freedom: 20.0 } };
        assert!(near(alone.freedom(), 20.0), "its own sessions are all the environment has");
    }

    #[test]
    fn tied_sessions_are_not_without_spread() {
        let tied = vec![("a", 0.0); 20];
        let tests = [level(&tied), level(&tied)];
        let prior = Spreads::of(&tests, [&metric("p50")]).prior(&metric("p50"));
        assert!(near(prior.spread, RESOLUTION));
    }
}
