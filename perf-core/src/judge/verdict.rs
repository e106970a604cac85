//! The one outcome of a test, decided in one place.

use super::comparison::Comparison;
use super::machines::LEAST_MACHINES;
use super::reference::Reference;
use super::thresholds::Limit;
use crate::analyze::Session;
use crate::analyze::findings::Severity;
use crate::measure::{Aborted, Stopped};

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every limit was kept, and nothing got slower.
    Passed,
    /// A limit was broken, something got slower, or it could not run.
    Failed,
    /// The data cannot tell.
    Inconclusive,
    /// It did not run.
    Skipped,
}

impl Verdict {
    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Skipped => "skipped",
        }
    }
}

/// The verdict, and why, the gravest reason first. A passed test needs none.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The outcome.
    pub verdict: Verdict,
    /// For people.
    pub reasons: Vec<String>,
}

impl Judgement {
    /// Of everything that is known of a test. A partial run decides nothing; a spoiled one can fail but not pass.
    pub fn of(
        sessions: &[Session],
        limits: &[Limit],
        comparison: Option<&Comparison>,
        missing: Option<&Reference>,
    ) -> Self {
        if let Some(why) = sessions.iter().find_map(|session| session.recording.stopped_by.as_ref()) {
            let (verdict, reason) = match why {
                Stopped::Signal(signal) => {
                    (Verdict::Inconclusive, format!("ended early by {}", signal.name()))
                }
                Stopped::TooFewWorkers => {
                    (Verdict::Inconclusive, "ended early for want of workers".to_owned())
                }
                Stopped::Aborted(aborted) => (of_aborted(sessions, limits, aborted), aborted.to_string()),
                Stopped::OutOfData(reason) => (Verdict::Failed, format!("ended early: {reason}")),
            };
            return Judgement { verdict, reasons: vec![reason] };
        }
        let is_spoiled = sessions.first().is_none_or(Session::is_spoiled);
        let mut failures = broken(limits, is_spoiled);
        if sessions.first().is_some_and(|session| session.summary.counts.completed() == 0) {
            failures.insert(0, "no iteration was completed".to_owned());
        }
        if !is_spoiled {
            failures.extend(comparison.into_iter().flat_map(Comparison::regressed).map(ToString::to_string));
        }
        failures
            .extend(missing.map(|reference| format!("--require-baseline: {}", without_baseline(reference))));
        let doubts: Vec<String> = doubts(sessions, comparison).collect();
        let verdict = match () {
            () if !failures.is_empty() => Verdict::Failed,
            () if !doubts.is_empty() => Verdict::Inconclusive,
            () => Verdict::Passed,
        };
        Judgement { verdict, reasons: failures.into_iter().chain(doubts).collect() }
    }
}

impl Judgement {
    /// Something else that went wrong: a test that failed for it stays no better, and its reason comes after the others.
    pub fn add(&mut self, verdict: Verdict, reason: String) {
        if self.verdict != Verdict::Failed {
            self.verdict = verdict;
        }
        self.reasons.push(reason);
    }
}

/// What the generator alone did is no failure of the target's.
fn of_aborted(sessions: &[Session], limits: &[Limit], aborted: &Aborted) -> Verdict {
    let is_spoiled = sessions.iter().any(Session::is_spoiled);
    let limit = limits.iter().find(|limit| limit.threshold.expression == aborted.expression);
    let is_the_targets = !is_spoiled || limit.is_some_and(|limit| limit.stays_broken);
    if is_the_targets { Verdict::Failed } else { Verdict::Inconclusive }
}

fn broken(limits: &[Limit], is_spoiled: bool) -> Vec<String> {
    let counts = |limit: &&Limit| {
        if is_spoiled { limit.stays_broken } else { !limit.held }
    };
    limits.iter().filter(counts).map(Limit::message).collect()
}

fn doubts(sessions: &[Session], comparison: Option<&Comparison>) -> impl Iterator<Item = String> {
    let spoilt = sessions
        .iter()
        .flat_map(|session| &session.findings)
        .filter(|finding| finding.severity == Severity::Invalid);
    let is_confirmed = comparison.is_some_and(|comparison| comparison.is_confirmed);
    let unsettled = comparison.into_iter().flat_map(Comparison::unsettled);
    let unsettled = unsettled.map(move |metric| match is_confirmed {
        true => format!("measuring again neither confirmed nor cleared a suspicion: {metric}"),
        false => format!("a suspicion, and no further session to confirm or clear it: {metric}"),
    });
    let lost = comparison.into_iter().flat_map(Comparison::lost);
    let lost = lost.map(|missing| format!("{} can't be compared any more: {}", missing.metric, missing.lack));
    spoilt.map(ToString::to_string).chain(unsettled).chain(lost)
}

/// Why nothing was compared, in one line without what to do about it.
pub fn without_baseline(reference: &Reference) -> String {
    match reference {
        Reference::Level { .. } => "there is a comparable baseline".to_owned(),
        Reference::NotComparable(why) => format!("no comparable baseline: {why}"),
        Reference::OtherMachine { machines, .. } => format!(
            "no baseline of this machine: it was recorded on {machines} others, which takes at least {LEAST_MACHINES} to \
             tell how much machines differ; use `cargo perf-test compare`, or record it here"
        ),
        Reference::None => "no baseline yet".to_owned(),
        Reference::Off => "baselines are off for this test".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare::Basis;
    use super::super::comparison::{Lack, Missing};
    use super::super::level::{Level, Rounds, SessionRecord};
    use super::super::spread::Spreads;
    use super::*;
    use crate::analyze::findings::Finding;
    use crate::analyze::summary::Summary;
    use crate::measure::{Recording, Signal};
    use crate::plan::Plan;
    use crate::plan::gate::gated;
    use crate::plan::load::Iterations;
    use crate::plan::spec::{Overrides, PerfSpec};

    /// Of so many iterations that succeeded.
    fn session(succeeded: u64, findings: Vec<Finding>, stopped_by: Option<Stopped>) -> Session {
        let spec = PerfSpec { iterations: Some(Iterations::Shared(10)), ..PerfSpec::default() };
        let plan = Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap();
        let mut recording = Recording { stopped_by, ..Recording::default() };
        let counts = &mut recording.measured.counts;
        (counts.planned, counts.started, counts.succeeded) = (succeeded, succeeded, succeeded);
        let summary = Summary::of(&plan, &recording);
        Session { recording, summary, findings, bound: None }
    }

    fn spoiled() -> Vec<Finding> {
        let (kind, message, advice) = ("generator_lag", "late".to_owned(), "wait");
        vec![Finding { kind, severity: Severity::Invalid, message, advice, evidence: Vec::new() }]
    }

    /// Two sessions that take so much longer than the baseline's.
    fn comparison(ratio: f64) -> Comparison {
        let of = |ms: f64| SessionRecord {
            rounds: Rounds { n: vec![100], service_p50_ns: vec![Some(ms * 1e6)], ..Rounds::default() },
            ..SessionRecord::default()
        };
        let level = Level { sessions: vec![of(10.0)], ..Level::default() };
        let basis = Basis { level: &level, spreads: &Spreads::default(), family: 1 };
        let now = [of(10.0 * ratio), of(10.0 * ratio)];
        Comparison::of(&[gated("p50", "5%").unwrap()], &now, &basis, 1, true)
    }

    fn verdict(sessions: &[Session], comparison: Option<&Comparison>) -> Verdict {
        Judgement::of(sessions, &[], comparison, None).verdict
    }

    #[test]
    fn a_confirmed_regression_fails_and_one_that_is_not_settled_is_inconclusive() {
        let whole = || session(10, Vec::new(), None);
        assert_eq!(verdict(&[whole()], None), Verdict::Passed);
        let three = [whole(), whole(), whole()];
        assert_eq!(verdict(&three, Some(&comparison(1.3))), Verdict::Failed);
        assert_eq!(verdict(&three, Some(&comparison(1.09))), Verdict::Inconclusive);
        assert_eq!(verdict(&three, Some(&comparison(1.0))), Verdict::Passed);
    }

    #[test]
    fn a_metric_that_the_run_lost_and_a_suspicion_that_nobody_followed_do_not_pass() {
        let whole = || session(10, Vec::new(), None);
        let told = |comparison: &Comparison| Judgement::of(&[whole()], &[], Some(comparison), None);
        let followed = comparison(1.09);
        let alone = Comparison { is_confirmed: false, ..followed.clone() };
        assert!(told(&followed).reasons[0].starts_with("measuring again neither confirmed nor cleared"));
        assert!(told(&alone).reasons[0].starts_with("a suspicion, and no further session"));
        let missing = Missing {
            metric: gated("p50", "5%").unwrap().metric,
            lack: Lack::TooFew { readings: 15, needed: 20 },
            is_lost: true,
        };
        let lost = Comparison { metrics: Vec::new(), missing: vec![missing.clone()], ..followed };
        assert_eq!(told(&lost).verdict, Verdict::Inconclusive);
        assert!(
            told(&lost).reasons[0].starts_with("service.p50 can't be compared any more: this run holds 15")
        );
        let few = Comparison { missing: vec![Missing { is_lost: false, ..missing }], ..lost };
        assert_eq!(told(&few).verdict, Verdict::Passed);
    }

    #[test]
    fn whatever_session_the_generator_spoiled_the_test_does_not_pass() {
        let whole = || session(10, Vec::new(), None);
        assert_eq!(verdict(&[session(10, spoiled(), None)], None), Verdict::Inconclusive);
        let second = [whole(), session(10, spoiled(), None), whole()];
        assert_eq!(verdict(&second, Some(&comparison(1.0))), Verdict::Inconclusive);
    }

    #[test]
    fn what_a_signal_cut_off_proves_nothing() {
        let cut = session(10, Vec::new(), Some(Stopped::Signal(Signal::Interrupt)));
        assert_eq!(verdict(&[cut], Some(&comparison(1.3))), Verdict::Inconclusive);
        assert_eq!(
            verdict(&[session(0, Vec::new(), None)], None),
            Verdict::Failed,
            "no iteration was completed"
        );
    }
}
