//! Tells how a load stands, every second and when its stage changes. Waits for nobody who listens.

use super::anomaly::{Anomalies, Glance, Note};
use super::control::Control;
use super::snapshot::{Newest, Rates, Snapshot, Stage, Times};
use super::standing::{merged, standings};
use super::ticker::{Second, Ticker};
use crate::measure::Collection;
use crate::measure::edges::Edges;
use crate::measure::recorder::Slice;
use crate::measure::resources::ResourcePoint;
use crate::measure::tally;
use crate::measure::timeline::Level;
use crate::measure::totals::Totals;
use crate::metric::{Quantile, Statistic};
use crate::plan::{Plan, nanos};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// So long a second waits for what was sampled in it.
const PATIENCE: Duration = Duration::from_millis(200);

/// What was sampled in intervals of the timeline, each with its number.
pub(super) type Samples = Receiver<(u64, ResourcePoint)>;

/// Of one load.
pub(super) struct Herald<'a> {
    plan: &'a Plan,
    live: &'a Control,
    edges: Edges,
    load: u64,
    ticker: Ticker,
    samples: Samples,
    sampled: VecDeque<(u64, ResourcePoint)>,
    /// Whole seconds that are not told yet, with when they became whole.
    waiting: VecDeque<(Second, Instant)>,
    anomalies: Anomalies,
    stage: Option<Stage>,
    last: Rates,
    level: Level,
    notes: Vec<Note>,
}

/// When it is.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// By the schedule.
    pub(super) at: u64,
    /// Whether the schedule stands still.
    pub(super) is_frozen: bool,
    /// Whether somebody asked for the end.
    pub(super) is_stopped: bool,
}

impl<'a> Herald<'a> {
    pub(super) fn of(plan: &'a Plan, edges: Edges, live: &'a Control, samples: Samples) -> Self {
        Herald {
            ticker: Ticker::of(edges, plan.workers),
            load: live.next_load(),
            anomalies: Anomalies::of(plan.load.is_constant()),
            plan,
            live,
            edges,
            samples,
            sampled: VecDeque::new(),
            waiting: VecDeque::new(),
            stage: None,
            last: Rates::default(),
            level: Level::default(),
            notes: Vec::new(),
        }
    }

    /// Takes what a worker recorded.
    pub(super) fn hear(&mut self, slice: &Slice) {
        let now = Instant::now();
        self.waiting.extend(self.ticker.add(slice).into_iter().map(|second| (second, now)));
    }

    /// Tells what is new by now.
    pub(super) fn tell(&mut self, so_far: &Collection, now: Now) {
        self.sampled.extend(self.samples.try_iter());
        while let Some((second, since)) = self.waiting.pop_front() {
            if self.is_due(&second) || since.elapsed() >= PATIENCE {
                self.tell_second(second, so_far, now);
            } else {
                self.waiting.push_front((second, since));
                break;
            }
        }
        if self.stage != Some(self.stage(so_far, now)) {
            self.publish(None, so_far, now);
        }
    }

    /// Tells all that is left: nobody will send any more.
    pub(super) fn finish(&mut self, so_far: &Collection, now: Now) {
        self.sampled.extend(self.samples.try_iter());
        let now = Now { is_stopped: true, ..now };
        let rest = self.ticker.rest();
        for (second, _) in std::mem::take(&mut self.waiting) {
            self.tell_second(second, so_far, now);
        }
        rest.into_iter().for_each(|second| self.tell_second(second, so_far, now));
        self.publish(None, so_far, now);
    }

    /// Whether nothing more is to come of it: samples are of the measured time only.
    fn is_due(&self, second: &Second) -> bool {
        second.interval.is_none_or(|interval| self.sampled.iter().any(|(number, _)| *number >= interval))
    }

    fn tell_second(&mut self, second: Second, so_far: &Collection, now: Now) {
        let counts = &second.point.counts;
        let seconds = self.length(&second).as_secs_f64();
        let at = |percent| Quantile::percent(percent).and_then(|at| second.point.response.quantile(at));
        self.last = Rates {
            planned_per_s: counts.planned as f64 / seconds,
            achieved_per_s: counts.completed() as f64 / seconds,
            response: Times { p50: at(50.0), p90: at(90.0), p99: at(99.0), max: second.point.response.max() },
        };
        self.level = second.level;
        self.notes = self.look(&second, now);
        let newest = second.interval.map(|interval| self.newest(interval, second));
        self.publish(newest, so_far, now);
    }

    /// The last one of the measured time may be cut.
    fn length(&self, second: &Second) -> Duration {
        let whole = Duration::from_nanos(second.length);
        let start = second.interval.map(|interval| Duration::from_nanos(interval * self.edges.tick));
        let left = start.zip(self.plan.measured_for()).map(|(start, end)| end.saturating_sub(start));
        left.filter(|left| !left.is_zero()).map_or(whole, |left| left.min(whole))
    }

    /// At what was measured as planned; other seconds say nothing of the target.
    fn look(&mut self, second: &Second, now: Now) -> Vec<Note> {
        let is_whole = self.length(second) == Duration::from_nanos(self.edges.tick);
        let is_over = second.interval.zip(self.plan.measured_for()).is_some_and(|(interval, length)| {
            Duration::from_nanos((interval + 1) * self.edges.tick) > length
        });
        if second.interval.is_none() || !is_whole || is_over || now.is_frozen || now.is_stopped {
            return Vec::new();
        }
        let counts = &second.point.counts;
        let Rates { response, .. } = self.last;
        self.anomalies.look(Glance {
            wanted: (counts.planned + second.level.in_flight) as f64,
            completed: counts.completed() as f64,
            errors: (counts.failed + counts.timed_out + counts.dropped()) as f64,
            p50: response.p50.unwrap_or(f64::NAN),
            p99: response.p99.unwrap_or(f64::NAN),
        })
    }

    fn newest(&mut self, interval: u64, second: Second) -> Newest {
        let (mut found, kept) = (None, std::mem::take(&mut self.sampled));
        for (number, point) in kept {
            match number.cmp(&interval) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => found = Some(Arc::new(point)),
                std::cmp::Ordering::Greater => self.sampled.push_back((number, point)),
            }
        }
        Newest {
            at: Duration::from_nanos(interval * self.edges.tick),
            length: Duration::from_nanos(second.length),
            point: Arc::new(second.point),
            resources: found,
        }
    }

    fn stage(&self, so_far: &Collection, now: Now) -> Stage {
        let end = self.plan.measured_for().map(|length| self.edges.origin + nanos(length));
        let is_all_claimed = self.plan.is_counted()
            && self.plan.scheduled().is_some_and(|all| so_far.measured.counts.planned >= all);
        match () {
            () if now.is_stopped || is_all_claimed || end.is_some_and(|end| now.at >= end) => Stage::Draining,
            () if now.at < self.edges.origin => Stage::WarmUp,
            () => Stage::Measuring,
        }
    }

    fn publish(&mut self, newest: Option<Newest>, so_far: &Collection, now: Now) {
        let stage = self.stage(so_far, now);
        self.stage = Some(stage);
        let is_measured = stage > Stage::WarmUp;
        let tally = if is_measured { &so_far.measured } else { &so_far.warmup };
        let response = merged(tally, tally::Times::response);
        let measured = Duration::from_nanos(now.at.saturating_sub(self.edges.origin));
        let measured = self.plan.measured_for().map_or(measured, |length| length.min(measured));
        let limits = match is_measured {
            true => standings(&self.plan.thresholds, tally, &response, measured),
            false => Vec::new(),
        };
        let at = |percent| {
            let quantile = Quantile::percent(percent).map(Statistic::Percentile);
            quantile.and_then(|quantile| response.statistic(quantile))
        };
        let max = response.statistic(Statistic::Max);
        self.live.publish(Snapshot {
            load: self.load,
            is_confirming: self.live.is_confirming(),
            elapsed: Duration::from_nanos(now.at),
            counts: tally.counts,
            errors: tally.errors.counts().collect(),
            so_far: Times { p50: at(50.0), p90: at(90.0), p99: at(99.0), max },
            last: self.last,
            level: self.level,
            limits,
            notes: self.notes.clone(),
            newest,
            totals: self.live.is_heard().then(|| Arc::new(Totals::of(&so_far.measured))),
            ..Snapshot::before(self.plan, stage, Instant::now())
        });
    }
}
