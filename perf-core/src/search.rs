//! The story of a capacity search: one short load after the other on the same target, until the hunt is over.

use crate::analyze::capacity::{Capacity, Held, Level};
use crate::analyze::hunt::Hunt;
use crate::analyze::summary::Summary;
use crate::analyze::{Session, health::Health};
use crate::drive::control::Control;
use crate::drive::engine::{self, EngineError};
use crate::drive::prepare::{Prepared, Test};
use crate::judge::thresholds::{self, Limit};
use crate::measure::mix::{self, Part};
use crate::measure::{Preparation, Recording, cpu_beside};
use crate::metric::{Quantile, Statistic};
use crate::plan::Plan;
use crate::plan::search::Search;
use crate::plan::threshold::show_value;
use std::time::{Duration, Instant};

/// Everything that was recorded, level after level, and what it amounts to.
pub(crate) fn hunt(
    plan: &Plan,
    search: &Search,
    test: &Test,
    prepared: &Prepared,
    live: &Control,
) -> Result<(Recording, Capacity), EngineError> {
    let (mut hunt, began) = (Hunt::new(search), Instant::now());
    let mut probes: Vec<(Duration, Recording)> = Vec::new();
    while let Some(rate) = hunt.next().filter(|_| !live.is_stopped()) {
        let probe = plan.probe(search, rate);
        let after = began.elapsed();
        let recording = match engine::drive(&probe, test, prepared, live) {
            // What was measured before a signal is told all the same.
            Err(_) if live.signal().is_some() && !probes.is_empty() => break,
            driven => driven?,
        };
        if recording.stopped_by.is_none() {
            let target_cpu = cpu_beside(&recording.worker_cpu).filter(|_| test.setup.is_some());
            let (level, recording) = judged(&probe, rate, recording);
            let level = Level { target_cpu, ..level };
            hunt.record(level);
            probes.push((after, recording));
        } else {
            probes.push((after, recording));
        }
    }
    let parts: Vec<Part<'_>> =
        probes.iter().map(|(after, recording)| Part { after: *after, recording }).collect();
    let mut whole = mix::mix(&parts).unwrap_or_default();
    // Also of a signal between two levels.
    whole.stopped_by = live.stopped().map(|(why, _)| why);
    if let Some((_, first)) = probes.first() {
        let addresses = std::mem::take(&mut whole.preparation.addresses);
        whole.preparation = Preparation { addresses, ..first.preparation.clone() };
        whole.shortages.clone_from(&first.shortages);
    }
    Ok((whole, hunt.result()))
}

/// Whether a level kept its limits, and the numbers that say so.
fn judged(plan: &Plan, rate: f64, recording: Recording) -> (Level, Recording) {
    let summary = Summary::of(plan, &recording);
    let session = Session::of(plan, recording, summary);
    let limits = thresholds::check(&plan.thresholds, &session);
    let is_spoiled = session.is_spoiled();
    let is_broken = |limit: &&Limit| if is_spoiled { limit.stays_broken } else { !limit.held };
    let broken_limits: Vec<String> = limits.iter().filter(is_broken).map(broken).collect();
    let held = match (broken_limits.is_empty(), is_spoiled) {
        (false, _) => Held::Broken,
        (true, true) => Held::Spoiled,
        (true, false) => Held::Kept,
    };
    let summary = &session.summary;
    let percentile = |percent| {
        let quantile = Quantile::percent(percent).map(Statistic::Percentile)?;
        summary.response.statistic(quantile)
    };
    let Health { offered_per_s, .. } = summary.health;
    let level = Level {
        rate,
        offered_per_s,
        p50_ns: percentile(50.0),
        p99_ns: percentile(99.0),
        error_ratio: summary.error_ratio(),
        held,
        broken_limits,
        target_cpu: None,
    };
    (level, session.recording)
}

fn broken(limit: &Limit) -> String {
    let unit = limit.threshold.metric.unit();
    let actual = limit.actual.map_or("no data".to_owned(), |value| show_value(value, unit));
    format!("{} ({actual})", limit.threshold.expression)
}
