//! The numbers of one session, as reports show them and limits look at them.

use super::capacity::Capacity;
use super::health::Health;
use crate::error::Category;
use crate::measure::custom::Custom;
use crate::measure::errors::ErrorGroup;
use crate::measure::histogram::Histogram;
use crate::measure::ladder::Ladder;
use crate::measure::marks::{Check, Name, Tagged};
use crate::measure::sample::Counts;
use crate::measure::tally::{Tally, Times};
use crate::measure::totals::Totals;
use crate::measure::{Named, Recording, Round, WorkerCpu};
use crate::metric::{CustomMetric, Metric, Quantile, Statistic, Timed};
use crate::plan::Plan;
use crate::plan::gate::Gated;
use std::collections::BTreeMap;
use std::time::Duration;

/// Derived once from a recording.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What the whole plan would have offered; `None` where a run that ended early leaves it unknown.
    pub scheduled: Option<u64>,
    /// Of the measured phase.
    pub counts: Counts,
    /// From the start of measuring to its end, without the drain.
    pub measured_for: Duration,
    /// Of every started iteration: finish − intended start.
    pub response: Histogram,
    /// Of every started iteration: finish − actual start.
    pub service: Histogram,
    /// Of every started iteration: actual − intended start.
    pub lag: Histogram,
    /// Response time of those that succeeded.
    pub succeeded: Histogram,
    /// Response time of those that failed or timed out.
    pub failed: Histogram,
    /// Service time of those that succeeded; what is compared with a baseline.
    pub succeeded_service: Histogram,
    /// Succeeded iterations that finished inside the measured time, per second of it.
    pub throughput_per_s: Option<f64>,
    /// How well the generator kept to the plan.
    pub health: Health,
    /// What a capacity search found.
    pub capacity: Option<Capacity>,
    /// By category, the most frequent first.
    pub errors: Vec<(Category, ErrorGroup)>,
    /// In order.
    pub rounds: Vec<RoundSummary>,
    /// CPU time of the target per completed iteration, in nanoseconds, where it is known.
    pub cpu_per_iteration: Option<f64>,
    /// Of the named parts of iterations.
    pub steps: BTreeMap<Name, StepSummary>,
    /// Of the named conditions.
    pub checks: BTreeMap<Name, Check>,
    /// Quantities of the test's own.
    pub metrics: BTreeMap<Name, Custom>,
    /// Iterations by their tags.
    pub tags: BTreeMap<(Name, Name), Tagged>,
    /// Counts of the warm-up.
    pub warmup_counts: Counts,
    /// Response times of the warm-up.
    pub warmup_response: Histogram,
}

/// A named part of an iteration.
#[derive(Clone, Debug)]
pub struct StepSummary {
    /// How often it began.
    pub started: u64,
    /// How often it was given up with its iteration.
    pub interrupted: u64,
    /// How long it took, where it came to its end.
    pub duration: Histogram,
}

/// The numbers of one round; the unit that sessions are compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundSummary {
    /// From the start of measuring.
    pub start: Duration,
    /// How long it was.
    pub length: Duration,
    /// Iterations that succeeded in it.
    pub succeeded: u64,
    /// Failed, timed out and dropped ones.
    pub errors: u64,
    /// In nanoseconds.
    pub service_p50: Option<f64>,
    /// In nanoseconds.
    pub service_p95: Option<f64>,
    /// In nanoseconds.
    pub service_p99: Option<f64>,
    /// In nanoseconds.
    pub response_p50: Option<f64>,
    /// Succeeded iterations per second.
    pub throughput_per_s: Option<f64>,
    /// CPU time of the target per completed iteration, in nanoseconds, where it is known.
    pub cpu_per_iteration: Option<f64>,
    /// Metrics of steps, tags and trends that are compared with a baseline, by name, in their units.
    pub named: BTreeMap<String, Named>,
}

impl RoundSummary {
    fn of(round: &Round, target_cpu: Option<Duration>, gates: &[Gated]) -> Self {
        let quantile =
            |percent| Quantile::percent(percent).and_then(|quantile| round.service.quantile(quantile));
        let length = Duration::from_nanos(round.length);
        RoundSummary {
            start: Duration::from_nanos(round.start),
            length,
            succeeded: round.succeeded,
            errors: round.errors,
            service_p50: quantile(50.0),
            service_p95: quantile(95.0),
            service_p99: quantile(99.0),
            response_p50: round.response.quantile(Quantile::MEDIAN),
            // An iteration that a pause cut through counts by its part before it.
            throughput_per_s: per_second(round.succeeded, length)
                .map(|rate| (rate - round.beyond / length.as_secs_f64()).max(0.0)),
            named: gates
                .iter()
                .filter_map(|gated| Some((gated.metric.to_string(), round.named(&gated.metric)?)))
                .collect(),
            cpu_per_iteration: target_cpu
                .filter(|cpu| is_enough(*cpu, length) && round.completed > 0)
                .map(|cpu| cpu.as_nanos() as f64 / round.completed as f64),
        }
    }
}

/// The least of the time that a target must run for its CPU time to be told from the harness's own housekeeping.
const LEAST_SHARE: f64 = 0.001;

fn is_enough(cpu: Duration, of: Duration) -> bool {
    cpu.as_secs_f64() >= LEAST_SHARE * of.as_secs_f64()
}

/// CPU time of the target per completed iteration: of the rounds, where the clock ended them, else of the whole.
fn cpu_per_iteration(recording: &Recording) -> Option<f64> {
    let target = recording.target_cpu.as_ref()?;
    let timed: Vec<(Duration, u64)> = recording
        .rounds
        .iter()
        .enumerate()
        .filter_map(|(number, round)| Some((target.of_round(number)?, round.completed)))
        .collect();
    let (cpu, completed) = match timed.is_empty() {
        true => (target.of_all()?, recording.measured.counts.completed()),
        false => timed.into_iter().fold((Duration::ZERO, 0), |(cpu, all), (ran, n)| (cpu + ran, all + n)),
    };
    let is_known = completed > 0 && is_enough(cpu, recording.measured_for);
    is_known.then(|| cpu.as_nanos() as f64 / completed as f64)
}

fn per_second(count: u64, length: Duration) -> Option<f64> {
    (!length.is_zero()).then(|| count as f64 / length.as_secs_f64())
}

fn rounds(recording: &Recording, gates: &[Gated]) -> Vec<RoundSummary> {
    let of_round = |number| recording.target_cpu.as_ref().and_then(|target| target.of_round(number));
    let rounds = recording.rounds.iter().enumerate();
    rounds.map(|(number, round)| RoundSummary::of(round, of_round(number), gates)).collect()
}

fn merged<'a>(parts: impl IntoIterator<Item = Option<&'a Histogram>>) -> Histogram {
    let mut whole = Histogram::default();
    parts.into_iter().flatten().for_each(|part| whole.merge(part));
    whole
}

impl Summary {
    /// Of one session.
    pub fn of(plan: &Plan, recording: &Recording) -> Self {
        let Tally { counts, succeeded, failed, interrupted, errors, marks } = &recording.measured;
        let of_all =
            |time: fn(&Times) -> Option<&Histogram>| merged([succeeded, failed, interrupted].map(time));
        let finished_inside = recording.rounds.iter().map(|round| round.succeeded).sum();
        let steps = marks.steps.iter().map(|(name, step)| {
            let step = StepSummary {
                started: step.started,
                interrupted: step.interrupted,
                duration: step.duration.clone(),
            };
            (name.clone(), step)
        });
        let warmup = &recording.warmup;
        let (response, lag) = (of_all(Times::response), of_all(Times::lag));
        let measured_for = recording.measured_for;
        let health = Health::of(
            &response,
            &lag,
            per_second(counts.planned, measured_for),
            per_second(counts.started, measured_for),
            recording.worker_cpu.iter().map(WorkerCpu::share).collect(),
        );
        Summary {
            scheduled: plan.scheduled().or_else(|| recording.stopped_by.is_none().then_some(counts.planned)),
            counts: *counts,
            measured_for,
            response,
            service: of_all(Times::service),
            lag,
            health,
            capacity: None,
            succeeded: merged([succeeded.response()]),
            failed: merged([failed.response()]),
            succeeded_service: merged([succeeded.service()]),
            throughput_per_s: per_second(finished_inside, recording.measured_for),
            errors: errors
                .by_count()
                .into_iter()
                .map(|(category, group)| (category, group.clone()))
                .collect(),
            rounds: rounds(recording, &plan.gates),
            cpu_per_iteration: cpu_per_iteration(recording),
            steps: steps.collect(),
            checks: marks.checks.clone(),
            metrics: marks.metrics.clone(),
            tags: marks.tags.clone(),
            warmup_counts: warmup.counts,
            warmup_response: merged([
                warmup.succeeded.response(),
                warmup.failed.response(),
                warmup.interrupted.response(),
            ]),
        }
    }

    /// As a monitoring system keeps them.
    pub fn totals(&self) -> Totals {
        Totals {
            counts: self.counts,
            errors: self.errors.iter().map(|(category, group)| (*category, group.count)).collect(),
            response: Ladder::of([&self.response]),
            service: Ladder::of([&self.service]),
            lag: Ladder::of([&self.lag]),
        }
    }

    /// Failed, timed out, dropped and interrupted iterations to planned ones; `None` when nothing was planned.
    pub fn error_ratio(&self) -> Option<f64> {
        (self.counts.planned > 0).then(|| self.counts.errors() as f64 / self.counts.planned as f64)
    }

    /// The value of a metric in its own unit; `None` where there is no data.
    pub fn value(&self, metric: &Metric) -> Option<f64> {
        match metric {
            Metric::Time(Timed::Response, statistic) => self.response.statistic(*statistic),
            Metric::Time(Timed::Service, statistic) => self.service.statistic(*statistic),
            Metric::Time(Timed::Lag, statistic) => self.lag.statistic(*statistic),
            Metric::Time(Timed::Step(step), statistic) => {
                self.steps.get(step.as_str())?.duration.statistic(*statistic)
            }
            Metric::Time(Timed::Tagged(name, value), statistic) => {
                let tag = (Name::from(name.clone()), Name::from(value.clone()));
                self.tags.get(&tag)?.response.statistic(*statistic)
            }
            Metric::Custom(custom) => {
                let found = self.metrics.get(custom.name.as_str())?;
                found.value(custom.statistic).filter(|_| custom.reads(found.unit))
            }
            Metric::Iterations => Some(self.counts.completed() as f64),
            Metric::Throughput => self.throughput_per_s,
            Metric::Errors => self.error_ratio(),
            Metric::ErrorCount => Some(self.counts.errors() as f64),
            Metric::Dropped => Some(self.counts.dropped() as f64),
            Metric::Checks => self.check_ratio(),
            Metric::Capacity => self.capacity.as_ref()?.rate,
            Metric::CpuPerIteration => self.cpu_per_iteration,
        }
    }

    /// A metric with the unit that it was recorded in; that of one of the test's own only a run shows.
    pub fn with_unit(&self, metric: &Metric) -> Metric {
        match metric {
            Metric::Custom(custom) => {
                let unit = self.metrics.get(custom.name.as_str()).map_or(custom.unit, |found| found.unit);
                Metric::Custom(CustomMetric { unit, ..custom.clone() })
            }
            other => other.clone(),
        }
    }

    fn check_ratio(&self) -> Option<f64> {
        let held: u64 = self.checks.values().map(|check| check.held).sum();
        let broken: u64 = self.checks.values().map(|check| check.broken).sum();
        (held + broken > 0).then(|| held as f64 / (held + broken) as f64)
    }

    /// Quantiles of the service time of succeeded iterations at the middles of equal parts of the whole, in nanoseconds.
    pub fn service_quantiles(&self, parts: u32) -> Vec<f64> {
        let middle = |part: u32| Quantile::percent((f64::from(part) + 0.5) / f64::from(parts) * 100.0);
        let value = |quantile| self.succeeded_service.statistic(Statistic::Percentile(quantile));
        (0..parts).filter_map(middle).filter_map(value).collect()
    }
}
