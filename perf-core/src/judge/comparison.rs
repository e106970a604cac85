//! A test against its baseline: what became of each gated metric, and why of some nothing can be said.

use super::centre::least_iterations;
use super::compare::{self, Basis, Change, MetricComparison};
use super::doubt::Doubt;
use super::level::SessionRecord;
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
        let missing = gates.iter().filter(|gate| !is_compared(gate)).map(|gate| Missing {
            metric: gate.metric.clone(),
            lack: Lack::of(&gate.metric, sessions, &basis.level.sessions),
        });
        let missing = missing.collect();
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

    /// The metrics that further sessions neither confirmed nor cleared.
    pub fn unsettled(&self) -> impl Iterator<Item = &MetricComparison> {
        let unsettled = |metric: &&MetricComparison| {
            metric.is_suspicious
                && metric.verdict == Change::Unresolved
                && metric.change.abs() > metric.tolerance
        };
        self.metrics.iter().filter(|_| self.is_confirmed).filter(unsettled)
    }

    /// The worst verdict of all.
    pub fn verdict(&self) -> Change {
        Change::worst(self.metrics.iter().map(|metric| metric.verdict))
    }
}

impl Lack {
    fn of(metric: &Metric, sessions: &[SessionRecord], baseline: &[SessionRecord]) -> Self {
        let has = |sessions: &[SessionRecord]| {
            sessions.iter().any(|session| session.rounds.values(metric).next().is_some())
        };
        let most = |sessions: &[SessionRecord]| {
            let readings = |session: &SessionRecord| session.rounds.readings(metric).iter().sum();
            sessions.iter().map(readings).max().unwrap_or(0)
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
