//! Records a session into a baseline: into the newest level when it agrees with it, else as the first of a new one.
//!
//! A change that the gate calls a regression must start a level when it is accepted, though one session alone says less than
//! the two that confirmed it. So it is asked whether two like it would be called worse, and what two sessions have confirmed
//! is not asked again.

use super::baseline::Baseline;
use super::compare::{self, Basis, Change, MetricComparison};
use super::level::{Level, MOST_SESSIONS, SessionRecord};
use super::reference::Reference;
use super::spread::Spreads;
use crate::analyze::Session;
use crate::measure::environment::Environment;
use crate::plan::Plan;
use crate::plan::gate::Gated;
use std::collections::BTreeMap;

/// What became of a session that was to be recorded.
#[derive(Debug)]
pub enum Accepted {
    /// The first of this environment.
    First,
    /// The very session is there already; it is not added again.
    Known,
    /// It is older than the newest level, which began then; it is not added.
    Outdated(String),
    /// It agrees with the newest level, which now holds so many sessions.
    Appended(usize),
    /// It is worse than the newest level, which has it all the same, by no more than what else happened may explain.
    Disturbed(Vec<MetricComparison>),
    /// Two sessions, of which this is the first, have confirmed that it differs.
    Confirmed,
    /// It is of a machine that too few others stand beside to tell whether it agrees; the newest level, which now holds so
    /// many sessions, has it all the same.
    OtherMachine(usize),
    /// It differs from the newest level significantly in these metrics.
    Changed(Vec<MetricComparison>),
    /// It is of another load than the newest level; what differs.
    OtherLoad(String),
}

impl Accepted {
    /// For people.
    pub fn message(&self) -> String {
        match self {
            Accepted::First => "first session of this environment".to_owned(),
            Accepted::Known => "this session is there already".to_owned(),
            Accepted::Outdated(began) => {
                format!("not recorded: it is older than the newest level, which began at {began}")
            }
            Accepted::Appended(sessions) => {
                format!("agrees with the newest level, which now has {sessions} sessions")
            }
            Accepted::Disturbed(metrics) => {
                let metrics: Vec<String> = metrics.iter().map(ToString::to_string).collect();
                format!("added to the newest level all the same: {}", metrics.join("; "))
            }
            Accepted::Confirmed => "starts a new level with what two sessions have confirmed".to_owned(),
            Accepted::OtherMachine(sessions) => {
                format!("the first session of this machine; the newest level now has {sessions} sessions")
            }
            Accepted::Changed(metrics) => {
                let metrics: Vec<String> = metrics.iter().map(ToString::to_string).collect();
                format!("starts a new level: {}", metrics.join("; "))
            }
            Accepted::OtherLoad(difference) => format!("starts a new level: {difference}"),
        }
    }
}

/// What sessions of a test are measured under, and compared by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// What must be equal for two of them to be comparable.
    pub config: BTreeMap<String, String>,
    /// The metrics.
    pub gates: Vec<Gated>,
}

impl Terms {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        Terms { config: plan.config(), gates: plan.gates.clone() }
    }
}

/// Appends a session, which must be whole and valid.
pub fn accept(
    baseline: &mut Baseline,
    plan: &Plan,
    environment: &Environment,
    spreads: &Spreads,
    session: &Session,
) -> Accepted {
    let record =
        SessionRecord::of(session, environment.git_commit.as_deref(), environment.machine.as_deref());
    accept_record(baseline, &Terms::of(plan), environment, spreads, record)
}

/// Appends sessions of one run as they were recorded elsewhere, each with what became of it. Several of them are those that
/// have confirmed a change: they start a level together.
pub fn accept_records(
    baseline: &mut Baseline,
    terms: &Terms,
    environment: &Environment,
    spreads: &Spreads,
    records: &[SessionRecord],
) -> Vec<Accepted> {
    let [first, others @ ..] = records else {
        return Vec::new();
    };
    if others.is_empty() {
        return vec![accept_record(baseline, terms, environment, spreads, first.clone())];
    }
    if let Some(refused) = refused(baseline, environment, first) {
        return vec![refused];
    }
    baseline.append(environment, &terms.config, first.clone(), true);
    let appended = others.iter().zip(2..).map(|(record, count)| {
        baseline.append(environment, &terms.config, record.clone(), false);
        Accepted::Appended(count)
    });
    let appended: Vec<Accepted> = appended.collect();
    std::iter::once(Accepted::Confirmed).chain(appended).collect()
}

/// What is there already, or came before the newest level.
fn refused(baseline: &Baseline, environment: &Environment, record: &SessionRecord) -> Option<Accepted> {
    let levels = baseline.environments.get(&environment.id).map_or(&[][..], |recorded| &recorded.levels);
    if levels.iter().flat_map(|level| &level.sessions).any(|session| session == record) {
        return Some(Accepted::Known);
    }
    let newest = levels.last().and_then(|level| level.sessions.first());
    newest
        .filter(|newest| levels.len() > 1 && newest.recorded > record.recorded)
        .map(|newest| Accepted::Outdated(newest.recorded.clone()))
}

/// Appends a session as it was recorded elsewhere; one that is there already is not added again.
fn accept_record(
    baseline: &mut Baseline,
    terms: &Terms,
    environment: &Environment,
    spreads: &Spreads,
    record: SessionRecord,
) -> Accepted {
    if let Some(refused) = refused(baseline, environment, &record) {
        return refused;
    }
    let accepted = match Reference::of_config(&terms.config, Some(baseline), environment) {
        Reference::Level { level, .. } => {
            let Differences { changed, excused } = differences(&terms.gates, &level, spreads, &record);
            match (changed.is_empty(), excused.is_empty()) {
                (false, _) => Accepted::Changed(changed),
                (true, false) => Accepted::Disturbed(excused),
                (true, true) => Accepted::Appended(with_one_more(&level)),
            }
        }
        Reference::OtherMachine { level, .. } => Accepted::OtherMachine(with_one_more(&level)),
        Reference::NotComparable(difference) if baseline.environments.contains_key(&environment.id) => {
            Accepted::OtherLoad(difference)
        }
        _ => Accepted::First,
    };
    let starts_level =
        !matches!(accepted, Accepted::Appended(_) | Accepted::Disturbed(_) | Accepted::OtherMachine(_));
    baseline.append(environment, &terms.config, record, starts_level);
    accepted
}

fn with_one_more(level: &Level) -> usize {
    (level.sessions.len() + 1).min(MOST_SESSIONS)
}

/// The metrics in which a session is another than those of a level.
struct Differences {
    /// Better or worse.
    changed: Vec<MetricComparison>,
    /// Worse, by no more than what else happened may explain.
    excused: Vec<MetricComparison>,
}

/// Worse as two sessions like this one would be, better at 0.5 % for all metrics together.
fn differences(gates: &[Gated], level: &Level, spreads: &Spreads, record: &SessionRecord) -> Differences {
    let count = u32::try_from(gates.len()).unwrap_or(u32::MAX);
    let of = |sessions: &[SessionRecord], family| {
        compare::compare(gates, sessions, &Basis { level, spreads, family })
    };
    let is = |verdict| move |metric: &MetricComparison| metric.verdict == verdict;
    let twice = of(&[record.clone(), record.clone()], count);
    let better = of(std::slice::from_ref(record), count.saturating_mul(2));
    let is_excused = |metric: &MetricComparison| !metric.derivation.allowance.doubts.is_empty();
    let (worse, others): (Vec<_>, Vec<_>) = twice.into_iter().partition(is(Change::Regressed));
    let changed = worse.into_iter().chain(better.into_iter().filter(is(Change::Improved))).collect();
    Differences { changed, excused: others.into_iter().filter(is_excused).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::gate::tests::session;
    use crate::judge::level::{Covariates, Rounds};
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    fn plan() -> Plan {
        let duration = Some(Duration::from_secs(10));
        let spec = PerfSpec { rate: Some(100.0), duration, ..PerfSpec::default() };
        Plan::resolve("login", "perf", &spec, &Overrides::default()).unwrap()
    }

    /// On a machine, with this p50.
    fn record(baseline: &mut Baseline, machine: &str, p50_ms: f64) -> String {
        let session = session(&plan(), p50_ms);
        let environment =
            Environment { machine: Some(machine.to_owned()), ..Environment::example("ci", 2, None) };
        accept(baseline, &plan(), &environment, &Spreads::default(), &session).message()
    }

    #[test]
    fn a_session_joins_its_level_or_starts_one() {
        let mut baseline = Baseline::empty("login");
        assert_eq!(record(&mut baseline, "a", 10.0), "first session of this environment");
        assert!(record(&mut baseline, "a", 10.2).starts_with("agrees with the newest level"));
        let started = record(&mut baseline, "a", 20.0);
        assert!(started.starts_with("starts a new level: service.p50 regressed"), "{started}");
        assert_eq!(baseline.environments["ci"].levels.len(), 2);
    }

    #[test]
    fn a_session_is_recorded_once_and_an_old_one_does_not_undo_a_newer_level() {
        let mut baseline = Baseline::empty("login");
        let accept = |baseline: &mut Baseline, p50_ms: f64, recorded: &str| {
            let rounds =
                Rounds { n: vec![100; 10], service_p50_ns: vec![Some(p50_ms * 1e6)], ..Rounds::default() };
            let record = SessionRecord { recorded: recorded.into(), rounds, ..SessionRecord::default() };
            let environment = Environment::example("ci", 2, None);
            accept_record(baseline, &Terms::of(&plan()), &environment, &Spreads::default(), record)
        };
        assert!(matches!(accept(&mut baseline, 10.0, "day 3"), Accepted::First));
        assert!(matches!(accept(&mut baseline, 10.0, "day 3"), Accepted::Known));
        assert!(matches!(accept(&mut baseline, 10.0, "day 2"), Accepted::Appended(2)), "of the same level");
        assert!(matches!(accept(&mut baseline, 20.0, "day 5"), Accepted::Changed(_)));
        assert!(matches!(accept(&mut baseline, 10.0, "day 4"), Accepted::Outdated(_)));
        assert_eq!(baseline.environments["ci"].levels.len(), 2);
    }

    fn recorded(p50_ms: f64, recorded: &str, steal: f64) -> SessionRecord {
        let rounds =
            Rounds { n: vec![100; 10], service_p50_ns: vec![Some(p50_ms * 1e6)], ..Rounds::default() };
        let covariates = Covariates { steal: Some(steal), ..Covariates::default() };
        SessionRecord { recorded: recorded.into(), rounds, covariates, ..SessionRecord::default() }
    }

    fn accepted(baseline: &mut Baseline, records: &[SessionRecord]) -> Vec<Accepted> {
        let environment = Environment::example("ci", 2, None);
        accept_records(baseline, &Terms::of(&plan()), &environment, &Spreads::default(), records)
    }

    #[test]
    fn what_two_sessions_have_confirmed_starts_a_level_with_both() {
        let mut baseline = Baseline::empty("login");
        let days: Vec<String> = (1..8).map(|day| format!("day {day}")).collect();
        for day in &days[..5] {
            accepted(&mut baseline, &[recorded(10.0, day, 0.0)]);
        }
        // Neither of them alone is that far off.
        let both = [recorded(10.7, &days[5], 0.0), recorded(10.8, &days[6], 0.0)];
        let found = accepted(&mut baseline, &both);
        assert!(matches!(found[..], [Accepted::Confirmed, Accepted::Appended(2)]), "{found:?}");
        let levels = &baseline.environments["ci"].levels;
        assert_eq!((levels.len(), &levels[1].sessions[..]), (2, &both[..]));
        assert!(matches!(accepted(&mut baseline, &both)[..], [Accepted::Known]));
    }

    #[test]
    fn a_change_that_two_sessions_confirm_is_one_that_one_session_accepts() {
        let five: Vec<SessionRecord> = (0..5).map(|day| recorded(10.0, &format!("day {day}"), 0.0)).collect();
        for family in [4, 30] {
            let level = Level { sessions: five.clone(), ..Level::default() };
            let basis = Basis { level: &level, spreads: &Spreads::default(), family };
            let gates = plan().gates;
            let is_confirmed = |ms: &f64| {
                let two = [recorded(*ms, "a", 0.0), recorded(*ms, "b", 0.0)];
                compare::compare(&gates, &two, &basis)[0].verdict == Change::Regressed
            };
            let least = (1001..1500).map(|n| f64::from(n) / 100.0).find(is_confirmed).unwrap();
            let mut baseline = Baseline::empty("login");
            five.iter().for_each(|session| drop(accepted(&mut baseline, std::slice::from_ref(session))));
            let found = accepted(&mut baseline, &[recorded(least, "day 9", 0.0)]);
            assert!(
                matches!(found[..], [Accepted::Changed(_)]),
                "{family} hypotheses, {least} ms: {found:?}"
            );
        }
    }

    #[test]
    fn a_session_that_others_made_slow_joins_its_level_and_says_so() {
        let mut baseline = Baseline::empty("login");
        accepted(&mut baseline, &[recorded(10.0, "day 1", 0.0)]);
        let found = accepted(&mut baseline, &[recorded(12.5, "day 2", 0.2)]);
        assert!(found[0].message().contains("the hypervisor took 20.0 % more"), "{found:?}");
        assert_eq!(baseline.environments["ci"].levels[0].sessions.len(), 2);
    }

    #[test]
    fn another_machine_starts_no_level_until_it_is_known_how_machines_differ() {
        let mut baseline = Baseline::empty("login");
        record(&mut baseline, "a", 10.0);
        for (machine, p50_ms) in [("b", 20.0), ("c", 15.0)] {
            let joined = record(&mut baseline, machine, p50_ms);
            assert!(joined.starts_with("the first session of this machine"), "{joined}");
        }
        assert!(record(&mut baseline, "d", 14.0).starts_with("agrees"), "within what three machines differ");
        assert_eq!(baseline.environments["ci"].levels.len(), 1);
        assert!(
            record(&mut baseline, "a", 20.0).starts_with("starts a new level"),
            "against its own session"
        );
    }
}
