//! The story of one perf test, or of several that run as one scenario, from plans to reports.

use crate::analyze::Session;
use crate::drive::control::Control;
use crate::judge::comparison::Comparison;
use crate::judge::thresholds;
use crate::judge::verdict::{Judgement, Verdict};
use crate::report::Report;
use crate::session::{Member, SessionError, session};

/// All members at the same time: a session each, two more when one looks slower than its baseline, and the verdicts.
pub fn run(members: Vec<Member>, live: &Control) -> Result<Vec<Report>, SessionError> {
    live.set_confirming(false);
    let (first, torn_down) = session(&members, live)?;
    let mut sessions = vec![first];
    let mut fault = torn_down.err().map(SessionError::from);
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
) -> Result<(), SessionError> {
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
        let comparable: Vec<&Session> = of_member.filter(|session| session.is_comparable()).collect();
        let further = member.gate.compare(&member.plan, &comparable, true);
        *comparison = match (comparison.take(), further) {
            (Some(first), Some(further)) => Some(first.followed_by(further)),
            (first, _) => first,
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::prepare::Test;
    use crate::judge::gate::tests::{gate, plan, session as measured};
    use crate::measure::Altered;

    fn idle(cx: std::rc::Rc<crate::drive::cx::Cx>) -> Box<dyn crate::drive::users::User> {
        crate::drive::users::user(cx, async |_: &crate::drive::cx::Cx| crate::outcome::Outcome::Succeeded)
    }

    /// What a suspicion comes to where the two further sessions take so long, and back off or not.
    fn confirmed(p50_ms: f64, backs_off: bool) -> Comparison {
        let member = Member { plan: plan("p50"), test: Test::of(idle), gate: gate(10.0) };
        let mut comparisons =
            compare_all(std::slice::from_ref(&member), &[vec![measured(&member.plan, 13.0)]]);
        let further = || {
            let mut further = measured(&member.plan, p50_ms);
            further.recording.altered = backs_off.then_some(Altered::BackedOff { at: 0, least: 0.5 });
            vec![further]
        };
        confirm_all(std::slice::from_ref(&member), &[further(), further()], &mut comparisons);
        comparisons.remove(0).unwrap()
    }

    #[test]
    fn sessions_of_another_load_neither_confirm_nor_clear_a_suspicion() {
        let said = |found: &Comparison| (found.regressed().count(), found.unsettled().count());
        assert_eq!(said(&confirmed(13.0, false)), (1, 0));
        assert_eq!(said(&confirmed(10.0, false)), (0, 0));
        assert_eq!(said(&confirmed(10.0, true)), (0, 1));
    }
}
