//! How much of a change something else than the code may explain.
//!
//! Only ever keeps a suspicion from being confirmed: what it allows for is taken off a worsening before that is held
//! against its threshold, and off nothing else. It has four parts.
//!
//! - CPU time that the hypervisor or other processes took, beyond what they took while the baseline was recorded. A share
//!   of x makes what is bound to the CPU at most 1/(1 − x) times as slow, where everybody gets a fair share. The target's
//!   own CPU time is not made longer by waiting, so CPU per iteration is not allowed anything for it.
//! - The generator's own CPU time of an iteration, beyond what it took then. It is a part of the iteration's time, and of
//!   code that did not change: what it tells is the state of the machine, how fast threads wake up and how warm they find
//!   their caches. A target wakes up once for an iteration where the generator wakes up twice, to ask and to hear the answer:
//!   half of it is allowed for in its CPU time. Where a target needs less than half as much in all, nothing is allowed for:
//!   what is tested may be the test function.
//! - Drift: rounds that rise or fall within a session, significantly at 1 % (`slope`), and more than they did in the
//!   baseline. The centre is then half a drift away from the calmer end of the session.

use super::doubt::Doubt;
use super::level::SessionRecord;
use crate::analyze::slope::Slope;
use crate::analyze::stats::mean;
use crate::metric::{Metric, Timed};

/// How often rounds without a drift may look as if they had one.
const DRIFT: f64 = 0.01;
/// A target wakes up once where the generator wakes up twice.
const OF_TARGET: f64 = 0.5;
/// What would be told as 0.0 % is nothing.
const LEAST: f64 = 0.0005;
/// Shares are taken up to here, where the bound is a factor of ten.
const MOST_SHARE: f64 = 0.9;

/// What is allowed for, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allowance {
    /// On the log scale; zero or more.
    pub total: f64,
    /// Each part that is not zero.
    pub doubts: Vec<Doubt>,
}

impl Allowance {
    /// For sessions against those of a baseline.
    pub fn of(metric: &Metric, sessions: &[SessionRecord], baseline: &[&SessionRecord]) -> Self {
        let sessions: Vec<&SessionRecord> = sessions.iter().collect();
        let is_time = *metric != Metric::CpuPerIteration;
        let excess = |share: fn(&SessionRecord) -> Option<f64>| {
            excess(share, &sessions, baseline).filter(|(_, explains)| is_time && *explains >= LEAST)
        };
        let ratio = |log: f64| log.exp_m1();
        let stolen = excess(|session| session.covariates.steal)
            .map(|(share, log)| (log, Doubt::Stolen { share, explains: ratio(log) }));
        let busy = excess(|session| session.covariates.others_cpu)
            .map(|(share, log)| (log, Doubt::OthersBusy { share, explains: ratio(log) }));
        let slower = generator(metric, &sessions, baseline).filter(|(_, explains)| *explains >= LEAST);
        let slower = slower.map(|(more_ns, log)| {
            let doubt = Doubt::GeneratorSlower { more_ns, explains: ratio(log) };
            (log, doubt)
        });
        let drifted = drift(metric, &sessions, baseline).map(|(drift, log)| {
            let doubt = Doubt::Drifted { drift: ratio(drift), explains: ratio(log) };
            (log, doubt)
        });
        let parts: Vec<(f64, Doubt)> = [stolen, busy, slower, drifted].into_iter().flatten().collect();
        let total = parts.iter().map(|(log, _)| log).sum();
        Allowance { total, doubts: parts.into_iter().map(|(_, doubt)| doubt).collect() }
    }
}

fn mean_of(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    mean(&values.flatten().filter(|value| value.is_finite()).collect::<Vec<_>>())
}

/// The share by which sessions had more of it than the baseline, and what that explains. A baseline that does not know
/// counts as one that had none.
fn excess(
    share: impl Fn(&SessionRecord) -> Option<f64>,
    sessions: &[&SessionRecord],
    baseline: &[&SessionRecord],
) -> Option<(f64, f64)> {
    let mean_share = |sessions: &[&SessionRecord]| mean_of(sessions.iter().map(|session| share(session)));
    let excess = mean_share(sessions)? - mean_share(baseline).unwrap_or(0.0);
    Some((excess, -(-excess.clamp(0.0, MOST_SHARE)).ln_1p()))
}

/// By how much the generator's own CPU time of an iteration grew, and what that explains of the iteration's time or the target's.
fn generator(
    metric: &Metric,
    sessions: &[&SessionRecord],
    baseline: &[&SessionRecord],
) -> Option<(f64, f64)> {
    let part = match metric {
        Metric::Time(Timed::Service, _) => 1.0,
        Metric::CpuPerIteration => OF_TARGET,
        _ => return None,
    };
    let own = |of: &[&SessionRecord]| mean_of(of.iter().map(|session| session.covariates.generator_cpu_ns));
    let before = |metric: &Metric| {
        let mean = |session: &&SessionRecord| mean_of(session.rounds.values(metric).map(Some));
        mean_of(baseline.iter().map(mean))
    };
    let then = own(baseline)?;
    let more = own(sessions)? - then;
    let (time, target) = (before(metric)?, before(&Metric::CpuPerIteration)?);
    (more > 0.0 && time > 0.0 && target >= OF_TARGET * then).then(|| (more, (part * more / time).ln_1p()))
}

/// From the first round of a session to its last, on the log scale; and whether that is more than chance.
fn drift_within(metric: &Metric, session: &SessionRecord) -> Option<(f64, bool)> {
    let usable = session.rounds.values(metric).filter(|value| value.is_finite() && *value > 0.0);
    let logs: Vec<f64> = usable.map(f64::ln).collect();
    let slope = Slope::of(&logs)?;
    Some((slope.per_step * (logs.len() - 1) as f64, slope.p_value(1.0) <= DRIFT))
}

/// By how much sessions drifted more than the baseline's, and half of that. `None` where no session drifted for sure.
fn drift(metric: &Metric, sessions: &[&SessionRecord], baseline: &[&SessionRecord]) -> Option<(f64, f64)> {
    let drifts = |sessions: &[&SessionRecord]| -> Vec<(f64, bool)> {
        sessions.iter().filter_map(|session| drift_within(metric, session)).collect()
    };
    let now = drifts(sessions);
    if !now.iter().any(|(_, is_sure)| *is_sure) {
        return None;
    }
    let typical = |drifts: &[(f64, bool)]| mean_of(drifts.iter().map(|(drift, _)| Some(*drift)));
    let (now, before) = (typical(&now)?, typical(&drifts(baseline)).unwrap_or(0.0));
    let excess = now - before;
    // One that is less than the baseline's own, in the same direction, is no disturbance.
    let is_less = now * before > 0.0 && now.abs() < before.abs();
    (!is_less).then_some((excess, 0.5 * excess.abs()))
}

#[cfg(test)]
mod tests {
    use super::super::level::{Covariates, Rounds};
    use super::*;
    use crate::plan::gate::gated;

    fn metric(name: &str) -> Metric {
        gated(name, "5%").unwrap().metric
    }

    /// Ten rounds, each so many times the one before.
    fn session(growth: f64, steal: Option<f64>, others_cpu: Option<f64>) -> SessionRecord {
        let p50s = (0..10).map(|round| Some(1e6 * f64::powi(growth, round))).collect();
        let rounds = Rounds { n: vec![100; 10], service_p50_ns: p50s, ..Rounds::default() };
        SessionRecord {
            covariates: Covariates { others_cpu, steal, ..Covariates::default() },
            rounds,
            ..SessionRecord::default()
        }
    }

    fn allowed(now: &SessionRecord, before: &SessionRecord) -> Allowance {
        Allowance::of(&metric("p50"), std::slice::from_ref(now), &[before])
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn a_quiet_session_is_allowed_nothing() {
        let quiet = session(1.0, Some(0.0), None);
        assert_eq!(allowed(&quiet, &quiet), Allowance::default());
        assert_eq!(allowed(&session(1.0, None, None), &quiet), Allowance::default());
    }

    #[test]
    fn cpu_that_others_took_explains_what_a_fair_share_would() {
        let (calm, noisy) = (session(1.0, Some(0.02), Some(0.1)), session(1.0, Some(0.12), Some(0.3)));
        let found = allowed(&noisy, &calm);
        assert!(near(found.total, -(0.9_f64.ln()) - 0.8_f64.ln()), "{found:?}");
        assert!(matches!(found.doubts[..], [Doubt::Stolen { .. }, Doubt::OthersBusy { .. }]));
        assert!(allowed(&calm, &noisy).total.abs() < 1e-12, "less than before explains nothing");
        assert!(near(allowed(&noisy, &session(1.0, None, None)).total, -(0.88_f64.ln()) - 0.7_f64.ln()));
        let of_cpu = Allowance::of(&metric("cpu_per_iteration"), &[noisy], &[&calm]);
        assert_eq!(of_cpu, Allowance::default(), "CPU time does not wait");
        assert!(allowed(&session(1.0, Some(f64::NAN), Some(1.0)), &calm).total < 2.4);
    }

    /// A p50 of a millisecond, and so many microseconds of CPU time of the generator and of the target.
    fn cpu(generator: f64, target: Option<f64>) -> SessionRecord {
        let calm = session(1.0, None, None);
        let rounds = Rounds { cpu_per_iteration_ns: vec![target.map(|us| us * 1e3); 10], ..calm.rounds };
        let covariates = Covariates { generator_cpu_ns: Some(generator * 1e3), ..Covariates::default() };
        SessionRecord { covariates, rounds, ..calm }
    }

    #[test]
    fn the_generators_own_time_explains_as_much_of_an_iterations_time() {
        let (before, now) = (cpu(150.0, Some(300.0)), cpu(230.0, Some(320.0)));
        let found = allowed(&now, &before);
        assert!(near(found.total, 1.08_f64.ln()), "{found:?}");
        assert!(
            matches!(found.doubts[..], [Doubt::GeneratorSlower { more_ns, .. }] if near(more_ns, 80_000.0))
        );
        assert_eq!(allowed(&before, &now), Allowance::default(), "less than before explains nothing");
        let of = |name: &str| Allowance::of(&metric(name), std::slice::from_ref(&now), &[&before]);
        assert!(near(of("cpu_per_iteration").total, (1.0_f64 + 40.0 / 300.0).ln()), "half of it");
        assert_eq!(of("throughput"), Allowance::default());
    }

    #[test]
    fn where_the_test_function_may_be_what_is_tested_its_time_is_no_excuse() {
        for target in [None, Some(0.0), Some(74.0)] {
            let (before, now) = (cpu(150.0, target), cpu(230.0, target));
            assert_eq!(allowed(&now, &before), Allowance::default(), "{target:?}");
        }
    }

    #[test]
    fn a_drift_explains_half_of_itself() {
        let found = allowed(&session(1.01, None, None), &session(1.0, None, None));
        assert!(near(found.total, 4.5 * 1.01_f64.ln()), "{found:?}");
        assert!(
            matches!(found.doubts[..], [Doubt::Drifted { drift, .. }] if near(drift, 1.01_f64.powi(9) - 1.0))
        );
        assert_eq!(
            allowed(&session(1.01, None, None), &session(1.02, None, None)),
            Allowance::default(),
            "less than before explains nothing"
        );
        // A load that grows drifts every time.
        assert!(allowed(&session(1.01, None, None), &session(1.01, None, None)).total < 1e-9);
        assert!(near(
            allowed(&session(0.99, None, None), &session(1.0, None, None)).total,
            -4.5 * 0.99_f64.ln()
        ));
    }

    #[test]
    fn few_rounds_do_not_drift() {
        let mut short = session(1.1, None, None);
        short.rounds.service_p50_ns.truncate(7);
        assert_eq!(allowed(&short, &short), Allowance::default());
    }
}
