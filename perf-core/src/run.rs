//! The story of one perf test, or of several that run as one scenario, from plans to reports.

use crate::analyze::Session;
use crate::analyze::capacity::Capacity;
use crate::analyze::findings::{self, Finding};
use crate::analyze::summary::Summary;
use crate::drive::cap;
use crate::drive::control::Control;
use crate::drive::engine::{Assembled, EngineError, HEAD_START};
use crate::drive::prepare::{PrepareError, Prepared, Test};
use crate::drive::ready;
use crate::drive::snapshot;
use crate::judge::compare::Basis;
use crate::judge::comparison::Comparison;
use crate::judge::errors::ErrorChange;
use crate::judge::level::{Rounds, SessionRecord};
use crate::judge::reference::Reference;
use crate::judge::spread::Spreads;
use crate::judge::thresholds;
use crate::judge::verdict::{Judgement, Verdict};
use crate::measure::{Calibration, Preparation, Recording, Stopped};
use crate::plan::Plan;
use crate::plan::gate::Gated;
use crate::plan::limits::machine_of;
use crate::plan::share::ShareError;
use crate::report::Report;
use crate::search;
use std::thread;
use std::time::{Duration, Instant};

/// How a test is judged besides its own limits.
#[derive(Clone, Debug)]
pub struct Gate {
    /// What it is compared with.
    pub reference: Reference,
    /// How many hypotheses share the target's 1 %.
    pub family: u32,
    /// How much metrics vary in this environment.
    pub spreads: Spreads,
    /// A salted hash of this machine's id.
    pub machine: Option<String>,
    /// Whether having nothing to compare with is a failure.
    pub requires_baseline: bool,
}

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

/// Why a test has no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
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

/// All members at the same time: a session each, two more when one looks slower than its baseline, and the verdicts.
pub fn run(members: Vec<Member>, live: &Control) -> Result<Vec<Report>, RunError> {
    live.set_confirming(false);
    let (first, torn_down) = session(&members, live)?;
    let mut sessions = vec![first];
    let mut fault = torn_down.err().map(RunError::from);
    let mut comparisons = compare_all(&members, &sessions);
    let is_suspicious = comparisons.iter().flatten().any(Comparison::is_suspicious);
    if is_suspicious && fault.is_none() && sessions[0].iter().all(Session::is_sound) {
        fault = measure_again(&members, live, &mut sessions).err();
        confirm_all(&members, &sessions[1..], &mut comparisons);
    }
    let mut by_member: Vec<Vec<Session>> = members.iter().map(|_| Vec::new()).collect();
    for session in sessions {
        by_member.iter_mut().zip(session).for_each(|(all, one)| all.push(one));
    }
    // What a signal cut off is no failure; it proves nothing, either.
    let verdict = if live.signal().is_some() { Verdict::Inconclusive } else { Verdict::Failed };
    let fault = fault.map(|fault| (verdict, fault.to_string()));
    let told = members.into_iter().zip(by_member).zip(comparisons);
    Ok(told
        .map(|((member, sessions), comparison)| report(member, sessions, comparison, fault.as_ref()))
        .collect())
}

/// Two sessions more; fewer where one ends early. What was measured stays, also where an error follows it.
fn measure_again(
    members: &[Member],
    live: &Control,
    sessions: &mut Vec<Vec<Session>>,
) -> Result<(), RunError> {
    // Limits are held against the first session alone.
    let mut members = members.to_vec();
    members.iter_mut().for_each(|member| member.plan.conditions.is_lost_told = false);
    live.set_confirming(true);
    for _ in 0..2 {
        let (next, torn_down) = session(&members, live)?;
        let is_last = next.iter().any(Session::is_partial);
        sessions.push(next);
        torn_down?;
        if is_last {
            break;
        }
    }
    Ok(())
}

/// A session of every member, and how their tear-downs went.
type Played = (Vec<Session>, Result<(), PrepareError>);

/// One execution, shown to whoever watches.
fn session(members: &[Member], live: &Control) -> Result<Played, RunError> {
    live.begin();
    members.iter().for_each(|member| live.enter(&member.plan, snapshot::Stage::Preparing));
    let played = played(members, live);
    members.iter().for_each(|member| live.leave(&member.plan.name));
    played
}

/// Fresh set-ups, load, tear-downs. Numbers are told also where the last of these failed.
fn played(members: &[Member], live: &Control) -> Result<Played, RunError> {
    let mut stage = Stage::set(members, live)?;
    let driven = stage.share(members).and_then(|members| stage.play(&members, live));
    let (took, torn_down) = stage.strike(members, live);
    let mut recordings = driven?;
    recordings.iter_mut().zip(took).for_each(|((recording, _), took)| recording.ended.teardown = took);
    let understood = members.iter().zip(recordings).map(|(member, (recording, capacity))| {
        let summary = Summary { capacity, ..Summary::of(&member.plan, &recording) };
        let (findings, bound) = findings::look(&member.plan, &recording, &summary);
        Session { recording, summary, findings, bound }
    });
    Ok((understood.collect(), torn_down))
}

/// Everything that set-ups made: once for members that name the same function. Those agree in base URL and tear-down.
struct Stage {
    prepared: Vec<Prepared>,
    /// By member, which of them.
    whose: Vec<usize>,
}

impl Stage {
    fn set(members: &[Member], live: &Control) -> Result<Self, RunError> {
        let mut stage = Stage { prepared: Vec::new(), whose: Vec::new() };
        for (number, member) in members.iter().enumerate() {
            let id = |test: &Test| test.setup_id.map(|id| id());
            let shared = members[..number]
                .iter()
                .position(|other| id(&other.test).is_some() && id(&other.test) == id(&member.test));
            let which = match shared {
                Some(other) => stage.whose[other],
                None => match Prepared::set_up(&member.plan, &member.test, live) {
                    Ok(prepared) => {
                        stage.prepared.push(prepared);
                        stage.prepared.len() - 1
                    }
                    Err(error) => {
                        // What the others made is taken down all the same; the first error is the one to tell.
                        drop(stage.strike(members, live));
                        return Err(error.into());
                    }
                },
            };
            stage.whose.push(which);
        }
        Ok(stage)
    }

    /// The members under their shares of what the owners of their targets allow.
    fn share(&mut self, members: &[Member]) -> Result<Vec<Member>, RunError> {
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
    ) -> Result<Vec<(Recording, Option<Capacity>)>, RunError> {
        let mut waited = Vec::new();
        for (number, member) in members.iter().enumerate() {
            if member.plan.ready.is_some() || member.test.ready.is_some() {
                live.enter(&member.plan, snapshot::Stage::Ready);
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
    fn calibrated(&self, member: &Member, live: &Control) -> Result<Recording, RunError> {
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
    fn together(&self, members: &[Member], live: &Control) -> Result<Vec<Recording>, RunError> {
        // Tests of a scenario share the cores: none of them is started again for one more worker.
        let plan = |member: &Member| {
            let is_final = members.len() > 1 || member.test.user_setup.is_some();
            let most_workers = if is_final { member.plan.workers } else { member.plan.most_workers };
            Plan { most_workers, ..member.plan.clone() }
        };
        let plans: Vec<Plan> = members.iter().map(plan).collect();
        plans.iter().for_each(|plan| live.enter(plan, snapshot::Stage::Preparing));
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
    fn strike(self, members: &[Member], live: &Control) -> (Vec<Duration>, Result<(), PrepareError>) {
        let Stage { prepared, whose } = self;
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

/// By their first sessions.
fn compare_all(members: &[Member], sessions: &[Vec<Session>]) -> Vec<Option<Comparison>> {
    let numbered = members.iter().enumerate();
    let compared = numbered.map(|(number, member)| {
        let first: Vec<&Session> = sessions.iter().take(1).map(|session| &session[number]).collect();
        member.gate.compare(&member.plan, &first, false)
    });
    compared.collect()
}

/// By those that followed a suspicion, as far as they are worth anything: without such a session the suspicion stands.
fn confirm_all(members: &[Member], further: &[Vec<Session>], comparisons: &mut [Option<Comparison>]) {
    for (number, (member, comparison)) in members.iter().zip(comparisons).enumerate() {
        let of_member = further.iter().map(|session| &session[number]);
        let sound: Vec<&Session> = of_member.filter(|session| session.is_sound()).collect();
        if !sound.is_empty() {
            *comparison = member.gate.compare(&member.plan, &sound, true);
        }
    }
}

fn report(
    member: Member,
    mut sessions: Vec<Session>,
    comparison: Option<Comparison>,
    fault: Option<&(Verdict, String)>,
) -> Report {
    let Member { plan, gate, .. } = member;
    let errors_changed = gate.errors_changed(&sessions[0]);
    sessions[0].findings.extend(errors_changed);
    let limits = thresholds::check(&plan.thresholds, &sessions[0]);
    let missing = (gate.requires_baseline && gate.reference.level().is_none()).then_some(&gate.reference);
    let mut judgement = Judgement::of(&sessions, &limits, comparison.as_ref(), missing);
    if let Some((verdict, reason)) = fault {
        judgement.add(*verdict, reason.clone());
    }
    let alerts = sessions.iter().flat_map(|session| session.recording.alerts.clone()).collect();
    let (reference, notes) = (gate.reference, Vec::new());
    Report { plan, sessions, limits, reference, comparison, judgement, notes, alerts }
}

impl Gate {
    fn errors_changed(&self, session: &Session) -> Option<Finding> {
        let level = self.reference.level().filter(|_| session.is_sound() && !session.is_altered())?;
        let change = ErrorChange::of(&Rounds::of(&session.summary), level)?;
        Some(findings::errors_changed(change.before, change.now))
    }

    fn compare(&self, plan: &Plan, sessions: &[&Session], is_confirmed: bool) -> Option<Comparison> {
        let Reference::Level { level, number } = &self.reference else {
            return None;
        };
        if sessions.iter().any(|session| session.is_altered()) {
            return None;
        }
        let record = |session: &&Session| SessionRecord::of(session, None, self.machine.as_deref());
        let records: Vec<SessionRecord> = sessions.iter().map(record).collect();
        let summary = sessions.first().map(|session| &session.summary);
        let gates = plan.gates.iter().map(|gated| {
            let metric =
                summary.map_or_else(|| gated.metric.clone(), |summary| summary.with_unit(&gated.metric));
            Gated { metric, ..gated.clone() }
        });
        let gates: Vec<Gated> = gates.collect();
        let basis = Basis { level, spreads: &self.spreads, family: self.family };
        Some(Comparison::of(&gates, &records, &basis, *number, is_confirmed))
    }
}
