//! How a test that runs stands, for whoever watches it.
//!
//! Holds numbers, and says what follows from them at a glance: how much time is left. Reads no clock.

use super::anomaly::Note;
use crate::error::Category;
use crate::measure::alert::Alert;
use crate::measure::resources::ResourcePoint;
use crate::measure::sample::Counts;
use crate::measure::timeline::{Level, Point};
use crate::measure::totals::Totals;
use crate::metric::Unit;
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The user's set-ups run.
    Preparing,
    /// The target is waited for.
    Ready,
    /// Load before measuring.
    WarmUp,
    /// What the report is about.
    Measuring,
    /// Nothing new starts; what runs may finish.
    Draining,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Stage; 5] =
        [Stage::Preparing, Stage::Ready, Stage::WarmUp, Stage::Measuring, Stage::Draining];

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Preparing => "preparing",
            Stage::Ready => "ready",
            Stage::WarmUp => "warm-up",
            Stage::Measuring => "measuring",
            Stage::Draining => "draining",
        }
    }
}

/// Something that whoever watches is told.
#[derive(Clone, Debug)]
pub enum News {
    /// Of a test: every second while it is loaded, and when its stage changes.
    Snapshot(Arc<Snapshot>),
    /// Somebody is to know something.
    Alert(Arc<Alert>),
}

/// One test, once a second and at every change of its stage.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// As libtest names it.
    pub test: String,
    /// The test target it is part of.
    pub target: String,
    /// Which load of this process it is of; a test may have several, one after the other.
    pub load: u64,
    /// Whether a suspicion is being looked into: such a load is held against no limit.
    pub is_confirming: bool,
    /// What goes on.
    pub stage: Stage,
    /// When it was taken.
    pub at: Instant,
    /// By then, from the start of the load; before it, from the start of the stage. Pauses do not count.
    pub elapsed: Duration,
    /// Load before measuring.
    pub warmup: Duration,
    /// How long measuring takes, where that is known.
    pub measured_for: Option<Duration>,
    /// How many iterations it takes, where that is known.
    pub scheduled: Option<u64>,
    /// Of the phase: of the warm-up during it, of the measured part after it.
    pub counts: Counts,
    /// Everything of the phase that was planned and did not succeed, by category.
    pub errors: BTreeMap<Category, u64>,
    /// Of the phase so far.
    pub so_far: Times,
    /// Of the last whole second.
    pub last: Rates,
    /// At the end of that second.
    pub level: Level,
    /// The limits, with what they are held against; none before measuring.
    pub limits: Vec<LimitNow>,
    /// What is to be said of the last second.
    pub notes: Vec<Note>,
    /// The last second, in the snapshot that tells it first.
    pub newest: Option<Newest>,
    /// Since the start of measuring; only where somebody watches closely.
    pub totals: Option<Arc<Totals>>,
}

/// Response times, in nanoseconds; `None` without data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// The median.
    pub p50: Option<f64>,
    /// The 90th percentile.
    pub p90: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

/// What went on in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// What fell due.
    pub planned_per_s: f64,
    /// Iterations that came to an end.
    pub achieved_per_s: f64,
    /// Of those.
    pub response: Times,
}

/// A limit while its test runs.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitNow {
    /// As it was written.
    pub expression: String,
    /// Of its metric so far; `None` without data.
    pub actual: Option<f64>,
    /// What that is counted in.
    pub unit: Unit,
    /// Whether it would be kept if the test ended now; `None` without data.
    pub held: Option<bool>,
    /// How far the value is from the limit, as a part of it: 0.2 is a fifth to go, and less than nothing is broken.
    pub margin: Option<f64>,
}

/// A point of the timeline that has just become whole.
#[derive(Clone, Debug)]
pub struct Newest {
    /// Its start, from the start of measuring.
    pub at: Duration,
    /// How long it is.
    pub length: Duration,
    /// What went on in it.
    pub point: Arc<Point>,
    /// What the client, the machine and the target needed, where anybody knows.
    pub resources: Option<Arc<ResourcePoint>>,
}

impl Snapshot {
    /// Of a test whose load has not begun.
    pub fn before(plan: &Plan, stage: Stage, at: Instant) -> Self {
        Snapshot {
            test: plan.name.clone(),
            target: plan.target.clone(),
            load: 0,
            is_confirming: false,
            stage,
            at,
            elapsed: Duration::ZERO,
            warmup: plan.warmup,
            measured_for: plan.measured_for(),
            scheduled: plan.scheduled(),
            counts: Counts::default(),
            errors: BTreeMap::new(),
            so_far: Times::default(),
            last: Rates::default(),
            level: Level::default(),
            limits: Vec::new(),
            notes: Vec::new(),
            newest: None,
            totals: None,
        }
    }

    /// How long the load takes, where that is known.
    pub fn length(&self) -> Option<Duration> {
        Some(self.warmup + self.measured_for?)
    }

    /// How much of it is left so long after the snapshot was taken.
    pub fn left(&self, later: Duration) -> Option<Duration> {
        let gone = match self.stage {
            Stage::Preparing | Stage::Ready => Duration::ZERO,
            _ => self.elapsed + later,
        };
        Some(self.length()?.saturating_sub(gone))
    }

    /// How much of the load is done so long after the snapshot was taken, from 0 to 1: by the time, or by the iterations.
    pub fn done(&self, later: Duration) -> Option<f64> {
        let part = match (self.length(), self.scheduled) {
            (Some(length), _) if !length.is_zero() => {
                1.0 - self.left(later)?.as_secs_f64() / length.as_secs_f64()
            }
            (_, Some(scheduled)) if scheduled > 0 => self.counts.completed() as f64 / scheduled as f64,
            _ => return None,
        };
        Some(part.clamp(0.0, 1.0))
    }

    /// The limit that is nearest to being broken, or the most broken one.
    pub fn nearest(&self) -> Option<&LimitNow> {
        let known = self.limits.iter().filter_map(|limit| Some((limit.margin?, limit)));
        known.min_by(|(ours, _), (theirs, _)| ours.total_cmp(theirs)).map(|(_, limit)| limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::spec::{Overrides, PerfSpec};

    fn snapshot() -> Snapshot {
        let spec = PerfSpec {
            rate: Some(100.0),
            duration: Some(Duration::from_secs(8)),
            warmup: Some(Duration::from_secs(2)),
            ..PerfSpec::default()
        };
        let plan = Plan::resolve("test", "perf", &spec, &Overrides::default()).unwrap();
        Snapshot::before(&plan, Stage::Preparing, Instant::now())
    }

    #[test]
    fn time_left_is_the_whole_load_until_it_begins_and_then_runs() {
        let before = snapshot();
        let later = Duration::from_secs(1);
        assert_eq!((before.left(later), before.done(later)), (Some(Duration::from_secs(10)), Some(0.0)));
        let running = Snapshot { stage: Stage::WarmUp, elapsed: Duration::from_secs(1), ..before };
        assert_eq!(running.left(later), Some(Duration::from_secs(8)));
        assert!((running.done(later).unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(running.left(Duration::from_mins(1)), Some(Duration::ZERO));
        let counted = Snapshot { measured_for: None, scheduled: Some(50), ..running };
        assert_eq!((counted.left(later), counted.done(later)), (None, Some(0.0)));
    }

    #[test]
    fn the_nearest_limit_is_the_one_with_the_least_margin() {
        let limit = |expression: &str, margin| LimitNow {
            expression: expression.to_owned(),
            actual: None,
            unit: Unit::Time,
            held: None,
            margin,
        };
        let limits =
            vec![limit("a", Some(0.5)), limit("b", None), limit("c", Some(-0.1)), limit("d", Some(0.1))];
        let snapshot = Snapshot { limits, ..snapshot() };
        assert_eq!(snapshot.nearest().map(|limit| limit.expression.as_str()), Some("c"));
    }
}
