//! Runs one perf test on behalf of the suite: lock, progress, the run itself, what is told and what is written.

use crate::args::{Args, Update};
use crate::github::Github;
use crate::history::History;
use crate::listen::Listener;
use crate::lock;
use crate::place::Place;
use crate::progress::Progress;
use crate::progress::agenda::Agenda;
use crate::store::Store;
use crate::summaries::Summaries;
use perf_core::analyze::findings;
use perf_core::drive::control::Control;
use perf_core::drive::prepare::Test;
use perf_core::judge::accept::accept;
use perf_core::judge::baseline::{Baseline, path_of};
use perf_core::judge::gate::Gate;
use perf_core::judge::reference::Reference;
use perf_core::judge::spread::Spreads;
use perf_core::judge::verdict::{Verdict, without_baseline};
use perf_core::measure::environment::Environment;
use perf_core::plan::Plan;
use perf_core::plan::config::Occasion;
use perf_core::report::format::Format;
use perf_core::report::history::{Entry, OfRun};
use perf_core::report::text::Detail;
use perf_core::report::{Report, alert, json, mix};
use perf_core::run;
use perf_core::session::Member;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// What all tests of this process share.
pub(crate) struct Runner {
    pub(crate) args: Args,
    pub(crate) place: Place,
    pub(crate) environment: Environment,
    pub(crate) live: Control,
    /// Where the run can be watched.
    pub(crate) listener: Option<Listener>,
    /// What is still to run.
    pub(crate) agenda: Agenda,
    /// Endings that are worth an alert.
    pub(crate) occasions: Vec<Occasion>,
    pub(crate) store: Store,
    /// Where this runs as a step of a workflow there.
    pub(crate) github: Option<Github>,
    pub(crate) history: History,
    pub(crate) summaries: Summaries,
    pub(crate) baseline_dir: PathBuf,
    /// By test.
    pub(crate) baselines: Mutex<BTreeMap<String, Baseline>>,
    /// How many hypotheses share the target's 1 %.
    pub(crate) family: u32,
    /// How much metrics vary from session to session here, as all baselines of the target know it.
    pub(crate) spreads: Spreads,
}

/// How a test ended, for libtest.
pub(crate) enum Ended {
    Passed,
    Ignored(String),
    Failed(String),
}

impl Runner {
    /// From the lock to the last file.
    pub(crate) fn run(&self, trial: &str, tests: Vec<(Test, Plan)>) -> Ended {
        match lock::acquire(&self.live) {
            Ok(Some(_lock)) => self.run_alone(trial, tests),
            Ok(None) => {
                self.summaries.keep_without_numbers(trial, Verdict::Skipped);
                Ended::Ignored("not run: interrupted".to_owned())
            }
            Err(error) => Ended::Failed(format!("the lock that keeps perf tests from overlapping: {error}")),
        }
    }

    fn run_alone(&self, trial: &str, tests: Vec<(Test, Plan)>) -> Ended {
        let plans: Vec<Plan> = tests.iter().map(|(_, plan)| plan.clone()).collect();
        let members: Vec<Member> = tests.into_iter().map(|(test, plan)| self.member(test, plan)).collect();
        let is_compared: Vec<bool> =
            plans.iter().map(|plan| !self.is_recorded(&self.reference(plan))).collect();
        let progress = Progress::show(self.agenda.begin(), &self.live, self.summaries.are_errors_coloured());
        let ran = run::run(members, &self.live);
        drop(progress);
        match ran {
            Ok(mut reports) => {
                for (report, is_compared) in reports.iter_mut().zip(is_compared) {
                    self.keep(report, is_compared);
                    self.remember(report);
                    self.alert(report);
                    self.listener.iter().for_each(|listener| listener.ended(report));
                    self.tell(report);
                    self.annotate(&report.plan, report.judgement.verdict, &report.judgement.reasons);
                }
                let whole = mix::of(trial, &reports);
                whole.iter().for_each(|whole| self.tell(whole));
                self.summaries.keep(whole.as_ref(), &reports);
                self.ended_together(&reports)
            }
            Err(error) => self.could_not_run(&plans, &error.to_string()),
        }
    }

    /// A session that is to be recorded is judged by its limits alone.
    fn member(&self, test: Test, plan: Plan) -> Member {
        let reference = self.reference(&plan);
        let is_compared = !self.is_recorded(&reference);
        let gate = Gate {
            reference: if is_compared { reference } else { Reference::Off },
            family: self.family,
            spreads: self.spreads.clone(),
            machine: self.environment.machine.clone(),
            requires_baseline: self.args.require_baseline && is_compared && !plan.gates.is_empty(),
        };
        Member { plan, test, gate }
    }

    fn could_not_run(&self, plans: &[Plan], reason: &str) -> Ended {
        let signal = self.live.signal();
        let verdict = if signal.is_some() { Verdict::Inconclusive } else { Verdict::Failed };
        for plan in plans {
            self.history.append(&Entry::without_numbers(self.of_run(), plan, verdict));
            self.summaries.keep_without_numbers(&plan.name, verdict);
        }
        for plan in plans {
            let alert = alert::of_failure(plan, verdict, reason, &self.occasions);
            alert.iter().for_each(|alert| self.live.alert(alert));
            self.annotate(plan, verdict, &[reason.to_owned()]);
            let listener = self.listener.iter();
            listener.for_each(|listener| listener.ended_without_numbers(plan, verdict, reason));
            if self.args.keeps_files() {
                let failure = json::of_failure(plan, verdict, reason, alert.as_ref());
                self.store_or_warn(failure);
            }
        }
        match signal {
            Some(signal) => Ended::Ignored(format!("ended by {} before its load began", signal.name())),
            None => Ended::Failed(reason.to_owned()),
        }
    }

    /// The worst of all; of several tests each reason with the test's name.
    fn ended_together(&self, reports: &[Report]) -> Ended {
        let (mut failed, mut ignored) = (Vec::new(), Vec::new());
        let named = |report: &Report, reason: String| match reports.len() {
            1 => reason,
            _ => format!("{}: {reason}", report.plan.name),
        };
        for report in reports {
            match self.ended(report) {
                Ended::Passed => {}
                Ended::Ignored(reason) => ignored.push(named(report, reason)),
                Ended::Failed(reason) => failed.push(named(report, reason)),
            }
        }
        match (failed.is_empty(), ignored.is_empty()) {
            (false, _) => Ended::Failed(failed.join("\n")),
            (true, false) => Ended::Ignored(ignored.join("; ")),
            (true, true) => Ended::Passed,
        }
    }

    fn reference(&self, plan: &Plan) -> Reference {
        let baselines = self.baselines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Reference::of(plan, baselines.get(&plan.name), &self.environment)
    }

    fn is_recorded(&self, reference: &Reference) -> bool {
        match (self.args.update_baselines, reference) {
            (None, _) | (_, Reference::Off) | (Some(Update::New), Reference::Level { .. }) => false,
            (Some(Update::New | Update::All), _) => true,
        }
    }

    /// Writes the baseline, where it is to be written, and says what there is to say of it.
    fn keep(&self, report: &mut Report, is_compared: bool) {
        if is_compared {
            self.warn_of_elsewhere(report);
            // A run that failed is nothing to record, and in short nobody wants to hear of it.
            let has_passed = report.judgement.verdict == Verdict::Passed;
            if has_passed
                && self.args.detail() == Detail::Full
                && matches!(
                    report.reference,
                    Reference::None | Reference::NotComparable(_) | Reference::OtherMachine { .. }
                )
            {
                report.notes.push(format!("record one: {} --update-baselines", self.command(&report.plan)));
            }
            return;
        }
        let note = match (report.judgement.verdict, report.sessions.first()) {
            (Verdict::Passed, Some(session)) if session.is_altered() => {
                Ok("baseline not recorded: the load was not the plan's own".to_owned())
            }
            (Verdict::Passed, Some(session)) => self.record(&report.plan, session),
            (verdict, _) => Ok(format!("baseline not recorded: the run {}", verdict.name())),
        };
        match note {
            Ok(note) => report.notes.push(note),
            Err(error) => {
                report.judgement.verdict = Verdict::Failed;
                report.judgement.reasons.insert(0, error);
            }
        }
    }

    /// Numbers of other machines judge nothing here; two builds on this one can be compared without them.
    fn warn_of_elsewhere(&self, report: &mut Report) {
        let is_elsewhere = match &report.reference {
            Reference::OtherMachine { .. } => true,
            Reference::NotComparable(_) => {
                let baselines = self.baselines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let recorded = baselines.get(&report.plan.name);
                recorded.is_some_and(|known| !known.environments.contains_key(&self.environment.id))
            }
            _ => false,
        };
        if let Some(session) = report.sessions.first_mut().filter(|_| is_elsewhere) {
            session.findings.push(findings::elsewhere());
        }
    }

    fn record(&self, plan: &Plan, session: &perf_core::analyze::Session) -> Result<String, String> {
        let mut baselines = self.baselines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let baseline = baselines.entry(plan.name.clone()).or_insert_with(|| Baseline::empty(&plan.name));
        let mut changed = baseline.clone();
        let accepted = accept(&mut changed, plan, &self.environment, &self.spreads, session);
        let path = path_of(&self.baseline_dir, &plan.target, &plan.name);
        changed.write(&path).map_err(|e| e.to_string())?;
        *baseline = changed;
        let shown = path.strip_prefix(&self.place.package_dir).unwrap_or(&path);
        Ok(format!("baseline recorded in {}: {}", shown.display(), accepted.message()))
    }

    /// Adds it to the history, and to the report what only the history shows.
    fn remember(&self, report: &mut Report) {
        let entry = Entry::of(self.of_run(), report);
        self.history.append(&entry);
        if let Some(session) = report.sessions.first_mut() {
            session.findings.extend(self.history.creeps(&entry));
        }
    }

    /// Of its end.
    fn alert(&self, report: &mut Report) {
        if let Some(alert) = alert::of_ending(report, &self.occasions) {
            self.live.alert(&alert);
            report.alerts.push(alert);
        }
    }

    fn of_run(&self) -> OfRun<'_> {
        let package = self.place.package.as_deref();
        OfRun { run_id: self.store.run_id(), package, environment: &self.environment }
    }

    fn tell(&self, report: &Report) {
        if self.args.keeps_files() {
            self.store_or_warn(json::of_report(report));
        }
        if self.args.report.contains(&Format::Text) {
            self.summaries.tell(report);
        }
    }

    /// After the last test: the other reports, once all tests of this process are in report.json, and the table.
    pub(crate) fn close(&self) {
        if self.args.keeps_files() {
            self.store.derive(&self.args.report, self.args.choices(), self.github.as_ref());
        }
        if self.args.report.contains(&Format::Text) {
            self.summaries.close(&self.store.folder(), self.place.workspace_dir().as_deref());
        }
    }

    /// Shows at its line what did not pass.
    fn annotate(&self, plan: &Plan, verdict: Verdict, reasons: &[String]) {
        let annotation = self
            .github
            .as_ref()
            .and_then(|github| github.annotation(plan, verdict, self.args.strict, reasons));
        if let Some(line) = annotation {
            // It is read there from both streams.
            self.summaries.print(format!("{line}\n").as_bytes());
        }
    }

    fn store_or_warn(&self, test: serde_json::Value) {
        if let Err(error) = self.store.add(test) {
            eprintln!("[perf] no report in {}: {error}", self.store.folder().display());
        }
    }

    fn ended(&self, report: &Report) -> Ended {
        let reasons = || report.judgement.reasons.join("\n");
        match report.judgement.verdict {
            Verdict::Passed => Ended::Passed,
            Verdict::Inconclusive if self.args.strict => {
                Ended::Failed(format!("inconclusive, and --strict was given\n{}", reasons()))
            }
            Verdict::Inconclusive | Verdict::Skipped => Ended::Ignored(one_line(&report.judgement.reasons)),
            Verdict::Failed => Ended::Failed(format!("{}{}", reasons(), self.ways_out(report))),
        }
    }

    /// How to see a regression again, and how to accept it.
    fn ways_out(&self, report: &Report) -> String {
        let command = self.command(&report.plan);
        match report.comparison.as_ref().map(|comparison| comparison.regressed().count()) {
            Some(1..) => format!(
                "\nreproduce: {command}\naccept:    {command} --update-baselines\nor of this run: cargo perf-test \
                 baseline accept {} {}",
                self.store.run_id(),
                report.plan.name
            ),
            _ if matches!(
                report.reference,
                Reference::None | Reference::NotComparable(_) | Reference::OtherMachine { .. }
            ) && self.args.require_baseline =>
            {
                format!("\n{}; record one: {command} --update-baselines", without_baseline(&report.reference))
            }
            _ => String::new(),
        }
    }

    /// Runs this test alone, up to and with the `--`.
    fn command(&self, plan: &Plan) -> String {
        let package = self.place.package.as_ref().map_or(String::new(), |package| format!(" -p {package}"));
        let profile = match self.environment.class.build_profile.as_str() {
            "debug" => String::new(),
            "release" => " --release".to_owned(),
            other => format!(" --profile {other}"),
        };
        format!("cargo test{package}{profile} --test {} -- --exact {}", plan.target, plan.name)
    }
}

fn one_line(reasons: &[String]) -> String {
    reasons.join("; ").replace('\n', " ")
}
