//! Runs one load: starts the workers, adds up what they send, and ends with a recording, whatever they do.

use super::control::Control;
use super::cpu::{self, Target};
pub use super::crew::EngineError;
use super::crew::{Crew, Message};
use super::gauges::Gauges;
use super::headroom::{self, Going};
use super::known::TICK;
use super::meter::{Meter, Readings};
use super::prepare::{Prepared, Test};
use super::watch::Watch;
use crate::measure::edges::{Edges, TimedRounds};
use crate::measure::live_counts::LiveCounts;
use crate::measure::{Preparation, Recording, Shortages};
use crate::plan::{Plan, nanos};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// From the start of everything to the workers' first look at their pacers.
pub const HEAD_START: Duration = Duration::from_millis(2);

/// Offers the plan's load and records what happens.
pub fn drive(
    plan: &Plan,
    test: &Test,
    prepared: &Prepared,
    live: &Control,
) -> Result<Recording, EngineError> {
    // Whoever wants another worker must start again; here nobody does.
    let plan = Plan { most_workers: plan.workers, ..plan.clone() };
    let assembled = Assembled::of(&plan, test, prepared, live)?;
    live.wait_for_start();
    Ok(assembled.run(Instant::now() + HEAD_START, live))
}

/// Workers and users who wait for the start.
pub struct Assembled {
    plan: Plan,
    crew: Crew,
    messages: Receiver<Message>,
    edges: Edges,
    preparation: Preparation,
    shortages: Shortages,
    target: Option<Target>,
}

impl Assembled {
    /// Starts the workers and gathers the users.
    pub fn of(plan: &Plan, test: &Test, prepared: &Prepared, live: &Control) -> Result<Self, EngineError> {
        Ok(Assembled::all_of(&[(plan, test, prepared)], live)?.remove(0))
    }

    /// The same of loads that run at the same time, and share what the client may open and hold.
    pub fn all_of(loads: &[(&Plan, &Test, &Prepared)], live: &Control) -> Result<Vec<Self>, EngineError> {
        let going = loads.iter().map(|(plan, test, prepared)| Going {
            plan,
            is_target_inside: test.setup.is_some(),
            base_url: prepared.base_url.as_deref(),
        });
        let mut all: Vec<Assembled> = Vec::new();
        for (fit, (_, test, prepared)) in headroom::fitted(&going.collect::<Vec<_>>()).into_iter().zip(loads)
        {
            match Assembled::fitted(fit, test, prepared, live) {
                // Nobody can tell which of several a target's CPU time belongs to.
                Ok(one) if loads.len() > 1 => all.push(Assembled { target: None, ..one }),
                Ok(one) => all.push(one),
                Err(error) => {
                    all.into_iter().for_each(Assembled::dismiss);
                    return Err(error);
                }
            }
        }
        Ok(all)
    }

    fn fitted(
        (plan, shortages): (Plan, Shortages),
        test: &Test,
        prepared: &Prepared,
        live: &Control,
    ) -> Result<Self, EngineError> {
        let began = Instant::now();
        let edges = edges(&plan);
        let (send, messages) = channel();
        let crew = Crew::hire(&plan, test, prepared, live, edges, send)?;
        let users = match crew.wait_until_ready(&messages) {
            Ok(users) => users,
            Err(error) => {
                crew.dismiss(&messages);
                return Err(error);
            }
        };
        let preparation = Preparation { workers: began.elapsed(), users, ..Preparation::default() };
        let target = prepared.target(&plan, test);
        Ok(Assembled { plan, crew, messages, edges, preparation, shortages, target })
    }

    /// Lets the workers go without a load.
    pub fn dismiss(self) {
        self.crew.dismiss(&self.messages);
    }

    /// To see from outside when its workers stand still.
    pub fn rest(&self) -> Rest {
        Rest(self.crew.live_counts.clone())
    }

    /// Offers the load from that instant on, and records what happens.
    pub fn run(self, start: Instant, live: &Control) -> Recording {
        let Assembled { plan, crew, messages, edges, preparation, shortages, target } = self;
        cpu::this_thread_is_ours();
        let (tell, samples) = channel();
        let meter = Meter::start(Gauges::of(target, crew.threads()), edges, start, live, tell);
        crew.start_at(start);
        let mut watch = Watch::new(&plan, crew, edges, live, start, samples);
        watch.collect(&messages);
        let Readings { target_cpu, surroundings, resources } = meter.map(Meter::finish).unwrap_or_default();
        let addresses = watch.crew.addresses();
        let preparation = Preparation { addresses, ..preparation };
        let recording = watch.into_recording(preparation);
        live.leave(&plan.name);
        let resources = resources.aligned(recording.timeline.interval, recording.timeline.points.len());
        Recording { target_cpu, surroundings, resources, shortages, ..recording }
    }
}

/// Whether workers stand still.
#[derive(Clone, Debug)]
pub struct Rest(Vec<Arc<LiveCounts>>);

impl Rest {
    /// Whether all of them, under the orders of this version or later ones, came to have nothing in flight in a pause.
    pub fn is_reached(&self, version: u64) -> bool {
        self.0.iter().all(|worker| worker.is_at_rest(version))
    }
}

fn edges(plan: &Plan) -> Edges {
    let timed = plan.measured_for().filter(|_| !plan.is_counted());
    let rounds = timed.map(|length| TimedRounds { count: plan.rounds, length: nanos(length).max(1) });
    Edges { origin: nanos(plan.warmup), tick: nanos(TICK), rounds }
}
