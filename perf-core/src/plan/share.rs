//! How tests that run at the same time share what the owner of a target allows.
//!
//! Pure: arithmetic on shapes. Which tests have the same target is for the caller to say.

use super::plan::{Plan, nanos};
use super::shape::Shape;
use crate::units::{Rate, Significant};

/// Parts of one limit add up to it, but for what `f64` rounds.
const ROUNDED: f64 = 1.0 + 1e-9;

/// What is left of the limit of its target for each plan that has one. Each plan comes with whatever tells its target from
/// others.
///
/// Open loads may offer what they plan, and scaled up together no more than the limit; all users of closed loads together
/// have what the open ones leave.
pub fn shares<T: PartialEq>(plans: &[(T, &Plan)]) -> Result<Vec<Option<Rate>>, ShareError> {
    let limited = || plans.iter().filter(|(_, plan)| plan.limits.rate.is_some());
    let share = |(target, plan): &(T, &Plan)| {
        let Some(most) = plan.limits.rate else { return Ok(None) };
        let sharing: Vec<&Plan> =
            limited().filter(|(other, _)| other == target).map(|(_, plan)| *plan).collect();
        match sharing.as_slice() {
            [_] => Ok(Some(most)),
            sharing => share_of(plan, most, sharing).map(Some),
        }
    };
    plans.iter().map(share).collect()
}

fn share_of(plan: &Plan, most: Rate, sharing: &[&Plan]) -> Result<Rate, ShareError> {
    let open: Vec<&Plan> = sharing.iter().copied().filter(|plan| !plan.load.is_closed()).collect();
    let (asked, all) = (highest(&open), most.as_per_second());
    let has_users = open.len() < sharing.len();
    if asked > all * ROUNDED {
        return Err(ShareError::Above { tests: names(&open), asked: Significant(asked), most });
    }
    let share = match (plan.load.is_closed(), has_users) {
        (true, _) => all - asked,
        (false, true) => plan.shape.peak(),
        (false, false) => plan.shape.peak() * (all / asked).max(1.0),
    };
    let is_some = |share: &Rate| share.as_per_second() > all * (ROUNDED - 1.0);
    let users = || sharing.iter().copied().filter(|plan| plan.load.is_closed()).collect::<Vec<_>>();
    Rate::per_second(share).filter(is_some).ok_or_else(|| ShareError::NothingLeft {
        open: names(&open),
        users: names(&users()),
        most,
    })
}

fn names(plans: &[&Plan]) -> String {
    let names: Vec<String> = plans.iter().map(|plan| format!("`{}`", plan.name)).collect();
    names.join(" and ")
}

/// The highest rate that open loads offer together at any time.
fn highest(plans: &[&Plan]) -> f64 {
    let courses: Vec<Course<'_>> = plans.iter().map(|plan| Course::of(plan)).collect();
    // In between, levels go on straight lines: what is highest is so at an edge, or just before it.
    let instants = courses.iter().flat_map(Course::edges).flat_map(|edge| [edge.saturating_sub(1), edge]);
    let together = |at: u64| courses.iter().map(|course| course.level(at)).sum();
    instants.map(together).fold(0.0, f64::max)
}

/// The level of an open load from the scenario's start on, in nanoseconds.
struct Course<'a> {
    start: u64,
    measured: u64,
    shape: &'a Shape,
}

impl<'a> Course<'a> {
    fn of(plan: &'a Plan) -> Self {
        let start = nanos(plan.start_after);
        Course { start, measured: start.saturating_add(nanos(plan.warmup)), shape: &plan.shape }
    }

    fn edges(&self) -> impl Iterator<Item = u64> {
        let of_shape = self.shape.edges().map(|edge| self.measured.saturating_add(edge));
        std::iter::once(self.start).chain(of_shape)
    }

    fn level(&self, at: u64) -> f64 {
        match at.checked_sub(self.measured) {
            Some(at) => self.shape.ceiling(at),
            None if at >= self.start => self.shape.first_level(),
            None => 0.0,
        }
    }
}

/// Why a limit does not suffice for all, and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ShareError {
    /// Open loads that go to the same target.
    #[error(
        "{tests} together offer up to {asked}/s, above the limit of {most} in perf.toml (`rate` of [limits]), which their \
         target has once; lower the one or raise the other"
    )]
    Above {
        /// Those that are open.
        tests: String,
        /// The highest rate of all of them, per second.
        asked: Significant,
        /// The limit.
        most: Rate,
    },
    /// Users who could never begin.
    #[error(
        "{open} may offer all of the limit of {most} in perf.toml (`rate` of [limits]), which leaves nothing to the users of \
         {users} on the same target; lower the one or raise the other"
    )]
    NothingLeft {
        /// Tests of open loads.
        open: String,
        /// Tests of closed loads.
        users: String,
        /// The limit.
        most: Rate,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::limits::Limits;
    use crate::plan::spec::{Overrides, PerfSpec};
    use std::time::Duration;

    /// Under a limit of 100/s, without a warm-up.
    fn plan(load: &str, start_after: u64) -> Plan {
        let spec = PerfSpec {
            load: Some(load.into()),
            warmup: Some(Duration::ZERO),
            start_after: Some(Duration::from_secs(start_after)),
            ..PerfSpec::default()
        };
        let limits = Limits { rate: Rate::per_second(100.0), ..Limits::default() };
        Plan::resolve("test", "perf", &spec, &Overrides { limits: Some(limits), ..Overrides::default() })
            .unwrap()
    }

    /// What each may offer, rounded, or what is wrong.
    fn shares_of(plans: &[(u8, &Plan)]) -> Result<Vec<f64>, String> {
        let shares = shares(plans).map_err(|e| e.to_string())?;
        Ok(shares.into_iter().map(|rate| rate.unwrap().as_per_second().round()).collect())
    }

    #[test]
    fn who_goes_to_a_target_alone_has_all_of_its_limit() {
        // A rate of 11/s, nine and a bit times, is not quite 100.
        let (open, users) = (plan("11 for 10s", 0), plan("users 3 for 10s", 0));
        let all = Rate::per_second(100.0);
        assert_eq!(shares(&[(1, &open), (2, &open), (3, &users)]).unwrap(), [all, all, all]);
        let unlimited = Plan { limits: Limits::default(), ..open.clone() };
        let shares = shares(&[(1, &open), (1, &unlimited)]).unwrap();
        assert_eq!(shares, [Rate::per_second(100.0), None]);
    }

    #[test]
    fn open_loads_of_one_target_are_held_against_the_limit_together() {
        let (much, little, more) = (plan("60 for 10s", 0), plan("20 for 10s", 0), plan("50 for 10s", 0));
        assert_eq!(shares_of(&[(1, &much), (1, &little)]).unwrap(), [75.0, 25.0]);
        let above = shares_of(&[(1, &much), (1, &more)]).unwrap_err();
        assert!(
            above.contains("`test` and `test` together offer up to 110/s, above the limit of 100/s"),
            "{above}"
        );
        // A sixth of a rate, six times, is no more than it, but for what is rounded.
        let sixth = Plan { shape: Shape::constant(100.0 / 6.0, Some(Duration::from_secs(1))), ..much };
        assert!(shares_of(&[(1, &sixth); 6]).is_ok());
    }

    #[test]
    fn what_is_never_offered_at_the_same_time_is_not_added_up() {
        for (one, other, after, fits) in [
            ("60 for 10s", "60 for 10s", 10, true),
            ("60 for 10s", "60 for 10s", 9, false),
            ("0..100 over 10s", "100..0 over 10s", 0, true),
            ("0..100 over 10s", "100..0 over 10s", 1, false),
            ("0..90 over 10s", "20 for 10s", 0, false),
            ("60 for 5s, 10 for 5s", "10 for 5s, 60 for 5s", 0, true),
            ("50 for 1s, sine 50 period 2s for 10s", "20 for 11s", 0, false),
        ] {
            let shares = shares_of(&[(1, &plan(one, 0)), (1, &plan(other, after))]);
            assert_eq!(shares.is_ok(), fits, "{one} and {other} after {after} s: {shares:?}");
        }
        let warmed = Plan { warmup: Duration::from_secs(5), ..plan("60 for 5s", 5) };
        assert!(shares_of(&[(1, &warmed), (1, &plan("60 for 7s", 0))]).is_err(), "the warm-up counts");
    }

    #[test]
    fn users_of_one_target_have_together_what_the_open_loads_leave() {
        let (open, users) = (plan("60 for 10s", 0), plan("users 3 for 10s", 0));
        assert_eq!(shares_of(&[(1, &open), (1, &users), (1, &users)]).unwrap(), [60.0, 40.0, 40.0]);
        let all = plan("100 for 10s", 0);
        let nothing = shares_of(&[(1, &all), (1, &users)]).unwrap_err();
        assert!(nothing.contains("leaves nothing to the users of `test`"), "{nothing}");
    }
}
