//! One execution of a perf test, or of several that run as one scenario: fresh set-ups, load, tear-downs.

use crate::analyze::Session;
use crate::analyze::capacity::Capacity;
use crate::analyze::summary::Summary;
use crate::drive::cap;
use crate::drive::control::Control;
use crate::drive::engine::{Assembled, EngineError, HEAD_START};
use crate::drive::prepare::{PrepareError, Prepared, Test};
use crate::drive::ready;
use crate::drive::snapshot::Stage;
use crate::judge::gate::Gate;
use crate::measure::{Calibration, Preparation, Recording, Stopped};
use crate::plan::Plan;
use crate::plan::limits::machine_of;
use crate::plan::share::ShareError;
use crate::search;
use std::thread;
use std::time::{Duration, Instant};

/// One test of those that run at the same time.
#[derive(Clone)]
pub struct Member {
    /// What is to happen.
    pub plan: Plan,
    /// The user's functions.
    pub test: Test,
    /// How it is judged.
    pub gate: Gate,
}

/// Why a session came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Before or after the load.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// At its start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Where only the set-ups said that tests have the same target.
    #[error(transparent)]
    Share(#[from] ShareError),
}

/// A session of every member, and how their tear-downs went.
pub type Played = (Vec<Session>, Result<(), PrepareError>);

/// One execution, shown to whoever watches.
pub fn session(members: &[Member], live: &Control) -> Result<Played, SessionError> {
    live.begin();
    members.iter().for_each(|member| live.enter(&member.plan, Stage::Preparing));
    let played = played(members, live);
    members.iter().for_each(|member| live.leave(&member.plan.name));
    played
}

/// Fresh set-ups, load, tear-downs. Numbers are told also where the last of these failed.
fn played(members: &[Member], live: &Control) -> Result<Played, SessionError> {
    let mut set_ups = SetUps::of_all(members, live)?;
    let driven = set_ups.share(members).and_then(|members| set_ups.play(&members, live));
    let (took, torn_down) = set_ups.tear_down(members, live);
    let mut recordings = driven?;
    recordings.iter_mut().zip(took).for_each(|((recording, _), took)| recording.ended.teardown = took);
    let understood = members.iter().zip(recordings).map(|(member, (recording, capacity))| {
        let summary = Summary { capacity, ..Summary::of(&member.plan, &recording) };
        Session::of(&member.plan, recording, summary)
    });
    Ok((understood.collect(), torn_down))
}

/// Everything that set-ups made: once for members that name the same function. Those agree in base URL and tear-down.
struct SetUps {
    prepared: Vec<Prepared>,
    /// By member, which of them.
    whose: Vec<usize>,
}

impl SetUps {
    fn of_all(members: &[Member], live: &Control) -> Result<Self, SessionError> {
        let mut all = SetUps { prepared: Vec::new(), whose: Vec::new() };
        for (number, member) in members.iter().enumerate() {
            let id = |test: &Test| test.setup_id.map(|id| id());
            let shared = members[..number]
                .iter()
                .position(|other| id(&other.test).is_some() && id(&other.test) == id(&member.test));
            let which = match shared {
                Some(other) => all.whose[other],
                None => match Prepared::set_up(&member.plan, &member.test, live) {
                    Ok(prepared) => {
                        all.prepared.push(prepared);
                        all.prepared.len() - 1
                    }
                    Err(error) => {
                        // What the others made is taken down all the same; the first error is the one to tell.
                        drop(all.tear_down(members, live));
                        return Err(error.into());
                    }
                },
            };
            all.whose.push(which);
        }
        Ok(all)
    }

    /// The members under their shares of what the owners of their targets allow.
    fn share(&mut self, members: &[Member]) -> Result<Vec<Member>, SessionError> {
        let mut members = members.to_vec();
        let machine = |which: &usize| self.prepared[*which].base_url.as_deref().and_then(machine_of);
        let plans = members.iter_mut().map(|member| &mut member.plan);
        let caps = cap::share(&mut self.whose.iter().map(machine).zip(plans).collect::<Vec<_>>())?;
        for (which, cap) in self.whose.iter().zip(caps).filter(|(_, cap)| cap.is_some()) {
            self.prepared[*which].cap = cap;
        }
        Ok(members)
    }

    fn of(&self, member: usize) -> &Prepared {
        &self.prepared[self.whose[member]]
    }

    /// Waits until all targets are ready, and offers the loads.
    fn play(
        &self,
        members: &[Member],
        live: &Control,
    ) -> Result<Vec<(Recording, Option<Capacity>)>, SessionError> {
        let mut waited = Vec::new();
        for (number, member) in members.iter().enumerate() {
            if member.plan.ready.is_some() || member.test.ready.is_some() {
                live.enter(&member.plan, Stage::Ready);
            }
            waited.push(ready::wait(&member.plan, &member.test, self.of(number), live)?);
        }
        let mut recorded = match members {
            [Member { plan, test, .. }] if plan.load.search().is_some() => {
                let search = plan.load.search().into_iter();
                let hunts = search.map(|search| search::hunt(plan, search, test, self.of(0), live));
                let found: Result<Vec<_>, EngineError> = hunts.collect();
                found?.into_iter().map(|(recording, capacity)| (recording, Some(capacity))).collect()
            }
            [member] => vec![(self.calibrated(member, live)?, None)],
            _ => self
                .together(members, live)?
                .into_iter()
                .map(|recording| (recording, None))
                .collect::<Vec<_>>(),
        };
        for (number, (recording, _)) in recorded.iter_mut().enumerate() {
            recording.preparation.setup = self.of(number).setup;
            recording.preparation.ready = waited[number];
        }
        Ok(recorded)
    }

    /// One load, started again with one more worker while its warm-up shows that there are too few.
    fn calibrated(&self, member: &Member, live: &Control) -> Result<Recording, SessionError> {
        let (mut member, mut calibration) = (member.clone(), Vec::new());
        loop {
            let recording = self.together(std::slice::from_ref(&member), live)?.remove(0);
            if recording.stopped_by != Some(Stopped::TooFewWorkers) {
                let preparation = Preparation { calibration, ..recording.preparation };
                return Ok(Recording { preparation, ..recording });
            }
            let started = recording.warmup.counts.started + recording.measured.counts.started;
            calibration.push(Calibration { workers: member.plan.workers, started });
            member.plan.workers += 1;
            live.begin();
        }
    }

    /// Offers all loads at the same time, each after its own delay.
    fn together(&self, members: &[Member], live: &Control) -> Result<Vec<Recording>, SessionError> {
        // Tests of a scenario share the cores: none of them is started again for one more worker.
        let plan = |member: &Member| {
            let is_final = members.len() > 1 || member.test.user_setup.is_some();
            let most_workers = if is_final { member.plan.workers } else { member.plan.most_workers };
            Plan { most_workers, ..member.plan.clone() }
        };
        let plans: Vec<Plan> = members.iter().map(plan).collect();
        plans.iter().for_each(|plan| live.enter(plan, Stage::Preparing));
        let tests = members.iter().map(|member| &member.test);
        let prepared = (0..).map(|number| self.of(number));
        let loads =
            plans.iter().zip(tests).zip(prepared).map(|((plan, test), prepared)| (plan, test, prepared));
        let assembled = Assembled::all_of(&loads.collect::<Vec<_>>(), live)?;
        live.wait_for_start();
        let start = Instant::now() + HEAD_START;
        let recordings = thread::scope(|scope| {
            let run = |(member, assembled): (&Member, Assembled)| {
                let start = start + member.plan.start_after;
                scope.spawn(move || assembled.run(start, live))
            };
            let running: Vec<_> = members.iter().zip(assembled).map(run).collect();
            let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
            ended.collect::<Result<Vec<Recording>, _>>()
        });
        Ok(recordings.map_err(|_| EngineError::Collector)?)
    }

    /// Tears everything down; says how long that of each member took.
    fn tear_down(self, members: &[Member], live: &Control) -> (Vec<Duration>, Result<(), PrepareError>) {
        let SetUps { prepared, whose } = self;
        // Of those that share it, any that has a tear-down.
        let owner = |which: usize| {
            let sharing = || (0..whose.len()).filter(|member| whose[*member] == which);
            sharing()
                .find(|member| members[*member].test.teardown.is_some())
                .or_else(|| sharing().next())
                .unwrap_or(0)
        };
        let torn_down = prepared.into_iter().enumerate().map(|(which, prepared)| {
            let began = Instant::now();
            let ended = prepared.tear_down(&members[owner(which)].test, live);
            (began.elapsed(), ended)
        });
        let (took, ended): (Vec<Duration>, Vec<Result<(), PrepareError>>) = torn_down.unzip();
        // A set-up that failed left no member of its own behind.
        let of_member = whose.iter().filter_map(|which| took.get(*which).copied());
        (of_member.collect(), ended.into_iter().collect())
    }
}
