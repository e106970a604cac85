//! The main of a test target: the registry as trials, run one at a time under libtest's rules.

use crate::about::About;
use crate::address;
use crate::alerts::Alerts;
use crate::args::Args;
use crate::github::Github;
use crate::history::History;
use crate::interleaved;
use crate::listen::Listener;
use crate::place::Place;
use crate::progress::agenda::Agenda;
use crate::registry;
use crate::runner::{Ended, Runner};
use crate::settings::FileSettings;
use crate::signals;
use crate::store::Store;
use crate::summaries::Summaries;
use crate::trial::{self, PerfTrial};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use perf_core::drive::control::Control;
use perf_core::drive::prepare::Test;
use perf_core::judge::baseline::{Baseline, path_of};
use perf_core::judge::reference::Reference;
use perf_core::judge::spread::Spreads;
use perf_core::judge::verdict::Verdict;
use perf_core::measure::environment::Environment;
use perf_core::plan::Plan;
use perf_core::plan::conditions::Conditions;
use perf_core::plan::spec::Overrides;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Usage or configuration.
const CONFIGURATION: u8 = 2;
/// How long alerts may take once everything else is over.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// The same after a signal.
const SHORT_LAST_WORDS: Duration = Duration::from_secs(3);

/// The `main` of `perf_harness::main!()`.
pub fn main(target: &'static str, is_debug: bool, features: &[(&str, bool)]) -> ExitCode {
    let args = match Args::of_process() {
        Ok(args) => args,
        Err(error) => {
            // clap prints help to standard output and mistakes to standard error.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(CONFIGURATION));
        }
    };
    match run(&args, &Build { target, is_debug, features }) {
        Ok(code) => code,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| eprintln!("[perf] {mistake}"));
            ExitCode::from(CONFIGURATION)
        }
    }
}

/// What the compiler knew of this test target.
struct Build<'a> {
    target: &'a str,
    is_debug: bool,
    /// The features that its package declares, and whether each is enabled.
    features: &'a [(&'a str, bool)],
}

fn run(args: &Args, build: &Build) -> Result<ExitCode, Vec<String>> {
    let Build { target, is_debug, .. } = *build;
    let place = Place::find(is_debug);
    let registered = registry::sorted().map_err(|e| vec![e.to_string()])?;
    let names: Vec<String> = registered.iter().map(|test| test.name()).collect();
    let settings = FileSettings::read(&place, args, &names)?;
    let trials = trial::grouped(settings.entries(registered)?)?;
    let libtest = args.for_libtest(&trials);
    if libtest.list {
        // Pure: nothing is written, nothing is started.
        return Ok(libtest_mimic::run(&libtest, trials.iter().map(|trial| bare(trial, &libtest)).collect())
            .exit_code());
    }
    if args.describe {
        // Nothing runs, so nothing is held against a limit.
        let planned = plans(&trials, target, &libtest, |_| args.overrides())?;
        interleaved::describe(&trials, &planned).map_err(|e| vec![e.to_string()])?;
        return Ok(ExitCode::SUCCESS);
    }
    let limits = Some(settings.limits().clone());
    let flags = Overrides { limits, conditions: settings.conditions(), ..args.overrides() };
    let planned =
        plans(&trials, target, &libtest, |trial| match libtest.is_filtered_out(&bare(trial, &libtest)) {
            true => counted(trial, target, args, &libtest),
            false => flags.clone(),
        })?;
    if let Some(conductor) = args.interleaved {
        // Nobody is told of what one of two sides does.
        let flags = Overrides { conditions: Conditions::default(), ..flags };
        return side(conductor, &trials, &libtest, target, &flags);
    }
    settings.notes().iter().for_each(|note| eprintln!("[perf] {note}"));
    let mut runner = prepare(args, place, build.enabled(), &planned.iter().flatten().collect::<Vec<_>>())?;
    runner.occasions = settings.alerts().map(|alerts| alerts.on().to_vec()).unwrap_or_default();
    if is_debug {
        eprintln!(
            "[perf] this build is unoptimised; its numbers are not those of a release: cargo test --release --test {target}"
        );
    }
    signals::listen(runner.live.clone()).map_err(|e| vec![format!("signals cannot be listened for: {e}")])?;
    let live = runner.live.clone();
    if let Some(address) = args.listen {
        let plans = trials.iter().zip(&planned).flat_map(|(trial, plans)| selected(trial, plans, &libtest));
        runner.listener = Some(listen(address, plans.collect(), &runner).map_err(|e| vec![e])?);
    }
    let open = |wanted| Alerts::open(wanted, runner.store.run_id(), &live);
    let alerts = settings.alerts().map(open).transpose();
    let alerts = alerts.map_err(|e| vec![format!("alerts cannot be told: {e}")])?;
    let runner = Arc::new(runner);
    let all = for_libtest(&trials, planned, &libtest, &runner);
    let conclusion = libtest_mimic::run(&libtest, all);
    runner.close();
    runner.listener.iter().for_each(Listener::close);
    if let Some(alerts) = alerts {
        // What sent a signal will not wait.
        alerts.close(if live.signal().is_some() { SHORT_LAST_WORDS } else { LAST_WORDS });
    }
    Ok(live.signal().map_or_else(|| conclusion.exit_code(), |signal| ExitCode::from(signal.exit_code())))
}

/// Says where, and who else may look.
fn listen(address: SocketAddr, plans: Vec<Plan>, runner: &Runner) -> Result<Listener, String> {
    let Runner { store, environment, live, .. } = runner;
    let (run_id, started) = (store.run_id().to_owned(), store.started().to_owned());
    let about = About { run_id, started, environment: environment.clone(), plans };
    let listener = Listener::open(address, &about, live)?;
    eprintln!(
        "[perf] live at http://{0}/, also http://{0}/metrics and http://{0}/events",
        listener.address()
    );
    address::warning(listener.address()).iter().for_each(|note| eprintln!("[perf] {note}"));
    Ok(listener)
}

/// The plans of a trial's members that will run.
fn selected(trial: &PerfTrial, plans: &[Plan], libtest: &Arguments) -> Vec<Plan> {
    let bare = bare(trial, libtest);
    let runs = !libtest.is_ignored(&bare) && !libtest.is_filtered_out(&bare);
    let members = trial.members.iter().zip(plans).filter(|(member, _)| runs && member.runs(libtest));
    members.map(|(_, plan)| plan.clone()).collect()
}

impl Build<'_> {
    fn enabled(&self) -> Vec<String> {
        self.features
            .iter()
            .filter(|(_, is_enabled)| *is_enabled)
            .map(|(name, _)| (*name).to_owned())
            .collect()
    }
}

/// The one selected test as a side of an interleaved comparison. The conductor holds the lock of the machine.
fn side(
    conductor: SocketAddr,
    trials: &[PerfTrial],
    libtest: &Arguments,
    target: &str,
    flags: &Overrides,
) -> Result<ExitCode, Vec<String>> {
    let selected: Vec<&PerfTrial> =
        trials.iter().filter(|trial| !libtest.is_filtered_out(&bare(trial, libtest))).collect();
    let [PerfTrial { members, .. }] = selected.as_slice() else {
        return Err(vec![format!("--interleaved runs one test, and {} are selected", selected.len())]);
    };
    let [entry] = members.as_slice() else {
        return Err(vec!["--interleaved runs no scenario".to_owned()]);
    };
    let live = Control::default();
    signals::listen(live.clone()).map_err(|e| vec![format!("signals cannot be listened for: {e}")])?;
    interleaved::side(conductor, entry, target, flags, &live)
        .map_err(|e| vec![format!("the conductor at {conductor}: {e}")])?;
    Ok(ExitCode::SUCCESS)
}

/// What a trial is planned with that is not selected, and only counted for the family: the flags, so that processes which run
/// one test each count as one that runs all of them; nothing, where the flags make no sense for it.
fn counted(trial: &PerfTrial, target: &str, args: &Args, libtest: &Arguments) -> Overrides {
    let flags = args.overrides();
    if trial.plans(target, &flags, libtest).is_ok() { flags } else { Overrides::default() }
}

/// The plans of each trial's members; every mistake of every test at once.
fn plans(
    trials: &[PerfTrial],
    target: &str,
    libtest: &Arguments,
    flags: impl Fn(&PerfTrial) -> Overrides,
) -> Result<Vec<Vec<Plan>>, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut plans = Vec::new();
    for trial in trials {
        match trial.plans(target, &flags(trial), libtest) {
            Ok(planned) => plans.push(planned),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if mistakes.is_empty() { Ok(plans) } else { Err(mistakes) }
}

/// Reads the baselines of every registered test, whatever is selected: the family is the same for all processes.
fn prepare(args: &Args, place: Place, features: Vec<String>, plans: &[&Plan]) -> Result<Runner, Vec<String>> {
    let environment = Environment::detect(args.environment.as_deref(), &place.build_profile, features);
    let baseline_dir = args.baseline_dir.clone().unwrap_or_else(|| place.package_dir.join("perf-baselines"));
    let baselines = read_baselines(&baseline_dir, plans)?;
    let hypotheses =
        |plan: &Plan| Reference::of(plan, baselines.get(&plan.name), &environment).hypotheses(plan);
    let family: usize = plans.iter().map(|plan| hypotheses(plan)).sum();
    let here = baselines.values().filter_map(|baseline| baseline.environments.get(&environment.id));
    let metrics = plans.iter().flat_map(|plan| plan.gates.iter().map(|gate| &gate.metric));
    let spreads = Spreads::of(here.flat_map(|recorded| &recorded.levels), metrics);
    let root = args.report_dir.clone().unwrap_or_else(|| place.target_dir.join("perf-harness"));
    Ok(Runner {
        args: args.clone(),
        history: History::open(args.history.as_deref(), &root),
        summaries: Summaries::of(args),
        store: Store::open(root, environment.clone()),
        github: Github::find(&place),
        place,
        environment,
        live: Control::default(),
        listener: None,
        agenda: Agenda::default(),
        occasions: Vec::new(),
        baseline_dir,
        family: u32::try_from(family.max(1)).unwrap_or(u32::MAX),
        spreads,
        baselines: Mutex::new(baselines),
    })
}

fn read_baselines(folder: &Path, plans: &[&Plan]) -> Result<BTreeMap<String, Baseline>, Vec<String>> {
    let mut baselines = BTreeMap::new();
    let mut mistakes = Vec::new();
    for plan in plans {
        match Baseline::read(&path_of(folder, &plan.target, &plan.name)) {
            Ok(Some(baseline)) => drop(baselines.insert(plan.name.clone(), baseline)),
            Ok(None) => {}
            Err(error) => mistakes.push(error.to_string()),
        }
    }
    if mistakes.is_empty() { Ok(baselines) } else { Err(mistakes) }
}

fn bare(trial: &PerfTrial, libtest: &Arguments) -> Trial {
    Trial::test(trial.name.clone(), || Ok(())).with_ignored_flag(trial.is_ignored(libtest))
}

fn for_libtest(
    trials: &[PerfTrial],
    plans: Vec<Vec<Plan>>,
    libtest: &Arguments,
    runner: &Arc<Runner>,
) -> Vec<Trial> {
    let (turns, has_failed) = (Arc::new(Turns::default()), Arc::new(AtomicBool::new(false)));
    let mut next = 0..;
    let one = |(trial, plans): (&PerfTrial, Vec<Plan>)| {
        let bare = bare(trial, libtest);
        let runs = !libtest.is_ignored(&bare) && !libtest.is_filtered_out(&bare);
        let turn = if runs { next.next().unwrap_or(usize::MAX) } else { usize::MAX };
        if runs {
            runner.agenda.add(&selected(trial, &plans, libtest));
        }
        let running = trial.members.iter().zip(plans).filter(|(member, _)| member.runs(libtest));
        let tests = running.map(|(member, plan)| (member.registration.test, plan)).collect::<Vec<_>>();
        let (name, runner, turns, has_failed) =
            (trial.name.clone(), runner.clone(), turns.clone(), has_failed.clone());
        let body = move || turns.take(turn, || run_trial(&name, tests, &runner, &has_failed));
        Trial::ignorable_test(trial.name.clone(), body).with_ignored_flag(bare.has_ignored_flag())
    };
    trials.iter().zip(plans).map(one).collect()
}

fn run_trial(
    name: &str,
    tests: Vec<(Test, Plan)>,
    runner: &Runner,
    has_failed: &AtomicBool,
) -> Result<Completion, Failed> {
    let not_run = || runner.summaries.keep_without_numbers(name, Verdict::Skipped);
    if runner.args.fail_fast && has_failed.load(Ordering::Relaxed) {
        not_run();
        return Ok(Completion::ignored_with("not run: an earlier test failed and --fail-fast was given"));
    }
    if runner.live.signal().is_some() {
        not_run();
        return Ok(Completion::ignored_with("not run: interrupted"));
    }
    match runner.run(name, tests) {
        Ended::Passed => Ok(Completion::Completed),
        Ended::Ignored(reason) => Ok(Completion::ignored_with(reason)),
        Ended::Failed(reason) => {
            has_failed.store(true, Ordering::Relaxed);
            Err(Failed::from(reason))
        }
    }
}

/// One test at a time, in the order of the registry.
#[derive(Default)]
struct Turns {
    now: Mutex<usize>,
    changed: Condvar,
}

impl Turns {
    fn take<T>(&self, turn: usize, run: impl FnOnce() -> T) -> T {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        // Not `wait_while`, which looks no more at a number that a test which unwound has poisoned.
        while *now != turn {
            now = self.changed.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        let _turn = Turn { now, changed: &self.changed };
        run()
    }
}

/// Whoever has it; then it is the next one's, also when a test unwinds.
struct Turn<'a> {
    now: MutexGuard<'a, usize>,
    changed: &'a Condvar,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.now += 1;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn after_a_test_that_unwinds_it_is_the_next_ones_turn() {
        let turns = Arc::new(Turns::default());
        let (send, taken) = channel();
        for turn in [5, 4, 3, 2, 1, 0] {
            let (turns, send) = (turns.clone(), send.clone());
            thread::spawn(move || {
                let test = || {
                    send.send(turn).unwrap();
                    assert_ne!(turn, 1, "a bug");
                };
                catch_unwind(AssertUnwindSafe(|| turns.take(turn, test))).ok();
            });
            thread::sleep(Duration::from_millis(5));
        }
        let order = [(); 6].map(|()| taken.recv_timeout(Duration::from_secs(10)).unwrap());
        assert_eq!(order, [0, 1, 2, 3, 4, 5]);
    }
}
