//! A test against its baseline: what became of each gated metric, and why of some nothing can be said.

use super::centre::{self, least_iterations};
use super::compare::{self, Basis, Change, MetricComparison};
use super::doubt::Doubt;
use super::level::SessionRecord;
use super::machines::Footing;
use crate::metric::Metric;
use crate::plan::gate::Gated;
use std::fmt;

/// So many sessions besides the one that raised a suspicion have to say the same.
pub const CONFIRMING: usize = 2;

/// A test against its baseline, after one session or after all that it took.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// By metric, in the order they are gated.
    pub metrics: Vec<MetricComparison>,
    /// The gated metrics that were not compared.
    pub missing: Vec<Missing>,
    /// How many sessions the baseline's level holds.
    pub baseline_sessions: usize,
    /// Which level it is, from 1.
    pub level: usize,
    /// Whether the metrics are of the sessions that followed a suspicion.
    pub is_confirmed: bool,
}

/// A gated metric that was not compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Which one.
    pub metric: Metric,
    /// Why.
    pub lack: Lack,
    /// Whether the baseline holds it, and the run much less than that did: it may be the change itself that took it away.
    pub is_lost: bool,
}

/// What there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The baseline holds no value of it.
    NotRecorded,
    /// No session of the baseline is long enough.
    RecordedTooFew {
        /// Of the longest one.
        readings: u64,
        /// In all.
        needed: u64,
    },
    /// The run has no value of it.
    Unknown,
    /// The run is too short.
    TooFew {
        /// Of it.
        readings: u64,
        /// In all.
        needed: u64,
    },
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::NotRecorded => {
                f.write_str("the baseline does not hold it; record it with --update-baselines")
            }
            Lack::RecordedTooFew { readings, needed } => write!(
                f,
                "the baseline's sessions hold at most {readings} readings of it, which takes {needed}; record longer ones"
            ),
            Lack::Unknown => f.write_str("this run has no value of it"),
            Lack::TooFew { readings, needed } => write!(
                f,
                "this run holds {readings} readings of it, which takes {needed}; raise the rate or the duration"
            ),
        }
    }
}

impl Comparison {
    /// Of one session, or of those that are to confirm a suspicion, with a level. Only two of these make a regression: until
    /// then what is worse is unresolved.
    pub fn of(
        gates: &[Gated],
        sessions: &[SessionRecord],
        basis: &Basis<'_>,
        number: usize,
        is_confirmed: bool,
    ) -> Self {
        let mut metrics = compare::compare(gates, sessions, basis);
        let is_open = |metric: &MetricComparison| !is_confirmed || metric.derivation.counted() < CONFIRMING;
        for metric in metrics.iter_mut().filter(|metric| metric.verdict == Change::Regressed) {
            if is_open(metric) {
                (metric.verdict, metric.doubts) = (Change::Unresolved, vec![Doubt::Unconfirmed]);
            }
        }
        let is_compared = |gate: &&Gated| metrics.iter().any(|metric| metric.metric == gate.metric);
        let machine = sessions.first().and_then(|session| session.machine.as_deref());
        let footing = Footing::of(basis.level, machine).sessions();
        let missing = gates.iter().filter(|gate| !is_compared(gate));
        let missing = missing.map(|gate| Missing::of(gate, sessions, &footing)).collect();
        let baseline_sessions = basis.level.sessions.len();
        Comparison { metrics, missing, baseline_sessions, level: number, is_confirmed }
    }

    /// After the first session: whether to measure again. A regression is only ever found by measuring again.
    pub fn is_suspicious(&self) -> bool {
        !self.is_confirmed && self.metrics.iter().any(|metric| metric.is_suspicious)
    }

    /// The metrics that got worse, as confirmed by two further sessions.
    pub fn regressed(&self) -> impl Iterator<Item = &MetricComparison> {
        self.metrics.iter().filter(|metric| metric.verdict == Change::Regressed)
    }

    /// The metrics that no further session confirmed or cleared.
    pub fn unsettled(&self) -> impl Iterator<Item = &MetricComparison> {
        let unsettled = |metric: &&MetricComparison| {
            metric.is_suspicious
                && metric.verdict == Change::Unresolved
                && metric.change.abs() > metric.tolerance
        };
        self.metrics.iter().filter(unsettled)
    }

    /// The gated metrics that the baseline holds, and of which the run has lost what it takes to compare them.
    pub fn lost(&self) -> impl Iterator<Item = &Missing> {
        self.missing.iter().filter(|missing| missing.is_lost)
    }

    /// What the sessions say that followed this one's suspicion. Where they say nothing of a suspicious metric, that stands.
    #[must_use]
    pub fn followed_by(self, further: Comparison) -> Comparison {
        let Comparison { metrics: mut later, mut missing, .. } = further;
        let mut metrics = Vec::new();
        for first in self.metrics {
            if let Some(place) = later.iter().position(|metric| metric.metric == first.metric) {
                metrics.push(later.remove(place));
            } else if first.is_suspicious && first.verdict == Change::Unresolved {
                missing.retain(|missing| missing.metric != first.metric);
                metrics.push(MetricComparison { doubts: vec![Doubt::Unconfirmed], ..first });
            }
        }
        metrics.extend(later);
        Comparison { metrics, missing, ..further }
    }

    /// The worst verdict of all.
    pub fn verdict(&self) -> Change {
        Change::worst(self.metrics.iter().map(|metric| metric.verdict))
    }
}

impl Missing {
    fn of(gate: &Gated, sessions: &[SessionRecord], baseline: &[&SessionRecord]) -> Self {
        let (metric, sessions) = (&gate.metric, sessions.iter().collect::<Vec<_>>());
        let lack = Lack::of(metric, &sessions, baseline);
        let before = baseline.iter().filter(|session| centre::of(metric, &session.rounds).is_some());
        let least = before.map(|session| readings(metric, session)).min().unwrap_or(0);
        let is_lost = match lack {
            Lack::NotRecorded | Lack::RecordedTooFew { .. } => false,
            Lack::Unknown => true,
            // Of a number about as large as what it takes, a few are missing now and then.
            Lack::TooFew { readings, .. } => (readings as f64) < (1.0 - gate.tolerance.get()) * least as f64,
        };
        Missing { metric: metric.clone(), lack, is_lost }
    }
}

fn readings(metric: &Metric, session: &SessionRecord) -> u64 {
    session.rounds.readings(metric).iter().sum()
}

impl Lack {
    fn of(metric: &Metric, sessions: &[&SessionRecord], baseline: &[&SessionRecord]) -> Self {
        let has = |sessions: &[&SessionRecord]| {
            sessions.iter().any(|session| session.rounds.values(metric).next().is_some())
        };
        let most = |sessions: &[&SessionRecord]| {
            sessions.iter().map(|session| readings(metric, session)).max().unwrap_or(0)
        };
        let needed = least_iterations(metric);
        match (most(baseline), most(sessions)) {
            _ if !has(baseline) => Lack::NotRecorded,
            (readings, _) if readings < needed => Lack::RecordedTooFew { readings, needed },
            (_, readings) if has(sessions) && readings < needed => Lack::TooFew { readings, needed },
            _ => Lack::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::{Level, Rounds};
    use super::super::spread::Spreads;
    use super::*;
    use crate::plan::gate::gated;

    /// A session whose rounds all have this p50, in milliseconds.
    fn session(p50_ms: f64) -> SessionRecord {
        let rounds =
            Rounds { n: vec![100; 10], service_p50_ns: vec![Some(p50_ms * 1e6); 10], ..Rounds::default() };
        SessionRecord { rounds, ..SessionRecord::default() }
    }

    fn failed() -> SessionRecord {
        SessionRecord { rounds: Rounds { n: vec![0; 10], ..Rounds::default() }, ..SessionRecord::default() }
    }

    fn compared(metrics: &[&str], now: &[SessionRecord], is_confirmed: bool) -> Comparison {
        let gates: Vec<Gated> = metrics.iter().map(|metric| gated(metric, "5%").unwrap()).collect();
        let level = Level { sessions: vec![session(10.0)], ..Level::default() };
        let basis = Basis { level: &level, spreads: &Spreads::default(), family: 1 };
        Comparison::of(&gates, now, &basis, 1, is_confirmed)
    }

    fn p50s(now: &[f64], is_confirmed: bool) -> Comparison {
        compared(&["p50"], &now.iter().copied().map(session).collect::<Vec<_>>(), is_confirmed)
    }

    #[test]
    fn one_session_raises_a_suspicion_and_two_more_decide() {
        let first = p50s(&[13.0], false);
        assert!(first.is_suspicious() && first.regressed().count() == 0);
        assert_eq!(
            (first.verdict(), &first.metrics[0].doubts),
            (Change::Unresolved, &vec![Doubt::Unconfirmed])
        );
        assert_eq!(p50s(&[13.0, 13.0], true).regressed().count(), 1);
        let unsettled = p50s(&[10.9, 10.9], true);
        assert_eq!((unsettled.regressed().count(), unsettled.unsettled().count()), (0, 1));
        let cleared = p50s(&[10.1, 10.1], true);
        assert_eq!((cleared.regressed().count(), cleared.unsettled().count()), (0, 0));
        assert!(!p50s(&[10.1], false).is_suspicious());
    }

    #[test]
    fn one_of_the_two_alone_confirms_nothing() {
        for alone in [vec![session(20.0)], vec![session(20.0), failed()]] {
            let found = compared(&["p50"], &alone, true);
            assert_eq!((found.regressed().count(), found.unsettled().count()), (0, 1), "{found:?}");
            assert!(found.metrics[0].to_string().contains("two further sessions"), "{found:?}");
        }
    }

    #[test]
    fn a_suspicion_of_which_further_sessions_say_nothing_stands() {
        for further in [vec![failed(), failed()], vec![session(20.0)]] {
            let found = p50s(&[13.0], false).followed_by(compared(&["p50"], &further, true));
            assert_eq!((found.regressed().count(), found.unsettled().count()), (0, 1), "{found:?}");
            assert!(found.is_confirmed && found.missing.is_empty(), "{found:?}");
        }
        let cleared = p50s(&[13.0], false).followed_by(p50s(&[10.0, 10.0], true));
        assert_eq!((cleared.metrics.len(), cleared.unsettled().count()), (1, 0));
        let calm = p50s(&[10.0], false).followed_by(compared(&["p50"], &[failed()], true));
        assert_eq!((calm.metrics.len(), calm.missing.len()), (0, 1), "nothing was suspected of it");
        assert_eq!(p50s(&[13.0], false).unsettled().count(), 1, "nobody measured again");
    }

    #[test]
    fn a_metric_that_the_run_took_away_is_lost_and_a_few_readings_less_are_chance() {
        let with = |n: u64| {
            let mut one = session(10.0);
            one.rounds.n = vec![n; 10];
            one
        };
        let is_lost = |now: SessionRecord, before: u64| {
            let level = Level { sessions: vec![with(before)], ..Level::default() };
            let basis = Basis { level: &level, spreads: &Spreads::default(), family: 1 };
            let found = Comparison::of(&[gated("p50", "5%").unwrap()], &[now], &basis, 1, false);
            found.lost().count() == 1
        };
        assert!(is_lost(with(1), 2) && is_lost(failed(), 2));
        assert!(!is_lost(with(2), 2) && !is_lost(with(1), 1));
        let mut few = with(2);
        few.rounds.n[0] = 1;
        assert!(!is_lost(few, 2), "19 of 20");
    }

    #[test]
    fn a_gated_metric_that_is_not_compared_says_why() {
        let mut few = session(10.0);
        few.rounds.n = vec![1; 10];
        let why = |metric: &str, now: &SessionRecord| {
            let found = compared(&[metric], std::slice::from_ref(now), false);
            found.missing.iter().map(|missing| missing.lack).collect::<Vec<_>>()
        };
        assert_eq!(why("p50", &session(10.0)), []);
        assert_eq!(why("p50", &few), [Lack::TooFew { readings: 10, needed: 20 }]);
        assert_eq!(why("p50", &failed()), [Lack::Unknown]);
        assert_eq!(why("cpu_per_iteration", &session(10.0)), [Lack::NotRecorded]);
        let level = Level { sessions: vec![few], ..Level::default() };
        let basis = Basis { level: &level, spreads: &Spreads::default(), family: 1 };
        let found = Comparison::of(&[gated("p50", "5%").unwrap()], &[session(10.0)], &basis, 1, false);
        assert_eq!(found.missing[0].lack, Lack::RecordedTooFew { readings: 10, needed: 20 });
        assert!(found.missing[0].lack.to_string().contains("record longer ones"));
    }
}
