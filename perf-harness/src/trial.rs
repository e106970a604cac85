//! What libtest runs as one: a perf test, or all tests of one scenario.

use crate::registry::Registration;
use libtest_mimic::Arguments;
use perf_core::plan::limits::machine_of;
use perf_core::plan::scenario::{self, ScenarioError};
use perf_core::plan::search::SearchError;
use perf_core::plan::share::shares;
use perf_core::plan::spec::{Overrides, PerfSpec};
use perf_core::plan::{Plan, PlanError};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};

/// A perf test with everything that was asked of it.
pub(crate) struct Entry {
    pub(crate) registration: &'static Registration,
    pub(crate) name: String,
    pub(crate) spec: PerfSpec,
}

/// One line of libtest.
pub(crate) struct PerfTrial {
    /// The test's, or the scenario's.
    pub(crate) name: String,
    pub(crate) members: Vec<Entry>,
}

/// What tells a test's target from others.
#[derive(PartialEq)]
enum Target {
    /// Only its set-up knows.
    OfSetup(TypeId),
    /// That of its base URL; without one, that of all tests that say none.
    Machine(Option<String>),
}

impl Entry {
    /// Whether it runs when its trial does: a test that is set aside has to be asked for, in a scenario, too.
    pub(crate) fn runs(&self, libtest: &Arguments) -> bool {
        self.spec.ignore.is_none() || libtest.ignored || libtest.include_ignored
    }

    /// Tells its `setup` from others.
    fn setup(&self) -> Option<TypeId> {
        self.registration.test.setup_id.map(|id| id())
    }

    /// Tells its `teardown` from others.
    fn teardown(&self) -> Option<TypeId> {
        self.registration.test.teardown_id.map(|id| id())
    }
}

impl PerfTrial {
    /// Whether it is one of the ignored: all of it is set aside, or a part of it where just such tests are to run.
    pub(crate) fn is_ignored(&self, libtest: &Arguments) -> bool {
        let is_set_aside = |member: &Entry| member.spec.ignore.is_some();
        // nextest runs nothing of what is listed as ignored, so the list names only what is so as a whole.
        match libtest.ignored && !libtest.list {
            true => self.members.iter().any(is_set_aside),
            false => self.members.iter().all(is_set_aside),
        }
    }

    pub(crate) fn has_any_tag(&self, tags: &[String]) -> bool {
        self.members.iter().any(|member| member.spec.has_any_tag(tags))
    }

    /// The names that select it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let of_members = self.members.iter().map(|member| member.name.as_str());
        std::iter::once(self.name.as_str()).chain(of_members.filter(|name| *name != self.name))
    }

    /// One plan for each member, also for those that do not run; every mistake at once.
    pub(crate) fn plans(
        &self,
        target: &str,
        flags: &Overrides,
        libtest: &Arguments,
    ) -> Result<Vec<Plan>, Vec<String>> {
        let laid = self.laid(flags).map_err(|mistake| vec![mistake.to_string()])?;
        let (mut mistakes, mut plans) = (Vec::new(), Vec::new());
        for (member, spec) in self.members.iter().zip(laid) {
            let Entry { registration, name, .. } = member;
            let told =
                |error: &PlanError| format!("{}:{}: {name}: {error}", registration.file, registration.line);
            let limits = flags.limits.clone().filter(|_| member.runs(libtest));
            match Plan::of(name, target, spec, &Overrides { limits, ..flags.clone() }) {
                // Where the load is an expression, only now it is known what it makes.
                Ok(plan) if plan.load.search().is_some() && registration.test.user_setup.is_some() => {
                    mistakes.push(told(&PlanError::Load(SearchError::Users.into())));
                }
                Ok(plan) => plans.push(Plan { source: Some(registration.source()), ..plan }),
                Err(wrong) => mistakes.extend(wrong.iter().map(told)),
            }
        }
        if mistakes.is_empty() {
            mistakes.extend(self.disagreements(&plans).iter().map(ToString::to_string));
            let beyond = shares(&self.targets(&plans)).err();
            mistakes.extend(beyond.map(|mistake| format!("scenario `{}`: {mistake}", self.name)));
        }
        if mistakes.is_empty() { Ok(plans) } else { Err(mistakes) }
    }

    /// Where each member's load goes, as far as it is known before set-up.
    fn targets<'a>(&self, plans: &'a [Plan]) -> Vec<(Target, &'a Plan)> {
        let target = |member: &Entry, plan: &Plan| match member.setup() {
            Some(setup) => Target::OfSetup(setup),
            None => Target::Machine(plan.base_url.as_deref().and_then(machine_of)),
        };
        self.members.iter().zip(plans).map(|(member, plan)| (target(member, plan), plan)).collect()
    }

    /// Where members that share a set-up want different things of it.
    fn disagreements(&self, plans: &[Plan]) -> Vec<ScenarioError> {
        let planned: Vec<(&Entry, &Plan)> = self.members.iter().zip(plans).collect();
        let mut found = Vec::new();
        for (number, (one, plan)) in planned.iter().enumerate() {
            let Some(setup) = one.setup() else { continue };
            let sharing = || planned[..number].iter().filter(|(other, _)| other.setup() == Some(setup));
            let is_torn_down_otherwise =
                |other: &Entry| one.teardown().zip(other.teardown()).is_some_and(|(own, other)| own != other);
            if let Some((other, _)) = sharing().find(|(_, theirs)| theirs.base_url != plan.base_url) {
                let (first, second) = (other.name.clone(), one.name.clone());
                found.push(ScenarioError::BaseUrls(self.name.clone(), first, second));
            }
            if let Some((other, _)) = sharing().find(|(other, _)| is_torn_down_otherwise(other)) {
                let (first, second) = (other.name.clone(), one.name.clone());
                found.push(ScenarioError::Teardowns(self.name.clone(), first, second));
            }
        }
        found
    }

    /// What each member asks for under the flags, which are split among members as their own rate is.
    fn laid(&self, flags: &Overrides) -> Result<Vec<PerfSpec>, ScenarioError> {
        let mut laid: Vec<PerfSpec> =
            self.members.iter().map(|member| member.spec.clone().overridden(flags)).collect();
        scenario::split(&self.name, &mut laid.iter_mut().collect::<Vec<_>>())?;
        Ok(laid)
    }
}

/// Puts the tests of each scenario together. Sorted by name.
pub(crate) fn grouped(entries: Vec<Entry>) -> Result<Vec<PerfTrial>, Vec<String>> {
    let names: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
    let (mut trials, mut scenarios) = (Vec::new(), BTreeMap::<String, Vec<Entry>>::new());
    for entry in entries {
        match &entry.spec.scenario {
            Some(scenario) => scenarios.entry(scenario.to_string()).or_default().push(entry),
            None => trials.push(PerfTrial { name: entry.name.clone(), members: vec![entry] }),
        }
    }
    let mut mistakes = Vec::new();
    for (name, members) in scenarios {
        // Its own members count, too: reports and filters know all of them by name.
        if names.contains(&name) {
            mistakes.push(ScenarioError::NameTaken(name.clone()));
        }
        trials.push(PerfTrial { name, members });
    }
    trials.sort_by(|a, b| a.name.cmp(&b.name));
    if mistakes.is_empty() { Ok(trials) } else { Err(mistakes.iter().map(ToString::to_string).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_core::drive::prepare::Test;
    use perf_core::plan::limits::Limits;
    use perf_core::plan::load::Load;
    use perf_core::plan::spec::Profile;
    use perf_core::units::Rate;
    use std::time::Duration;

    static REGISTERED: Registration = Registration {
        path: "perf::test",
        file: "tests/perf.rs",
        line: 7,
        spec: PerfSpec::default,
        test: Test::of(|_| unreachable!()),
    };

    fn open(rate: f64) -> PerfSpec {
        PerfSpec { rate: Some(rate), duration: Some(Duration::from_secs(1)), ..PerfSpec::default() }
    }

    /// A test of the scenario `shop`.
    fn member(name: &str, spec: PerfSpec) -> Entry {
        let spec = PerfSpec { scenario: Some("shop".into()), ..spec };
        Entry { registration: &REGISTERED, name: name.to_owned(), spec }
    }

    fn shop(members: Vec<Entry>) -> PerfTrial {
        PerfTrial { name: "shop".to_owned(), members }
    }

    #[test]
    fn a_rate_on_the_command_line_is_that_of_the_whole_scenario() {
        let weighted = |weight| PerfSpec { weight: Some(weight), ..open(100.0) };
        let shop = shop(vec![member("browse", weighted(3.0)), member("buy", weighted(1.0))]);
        let flags = Overrides { rate: Some(400.0), ..Overrides::default() };
        let planned = shop.plans("perf", &flags, &Arguments::default()).unwrap();
        assert_eq!(planned.iter().map(Plan::scheduled).collect::<Vec<_>>(), [Some(300), Some(100)]);
    }

    #[test]
    fn a_scenario_has_a_name_that_no_test_has() {
        let names = |others: [&str; 2]| {
            let mut entries: Vec<Entry> = others.into_iter().map(|name| member(name, open(1.0))).collect();
            entries.push(Entry { spec: open(1.0), ..member("list", open(1.0)) });
            grouped(entries).map(|trials| trials.into_iter().map(|trial| trial.name).collect::<Vec<_>>())
        };
        assert_eq!(names(["browse", "buy"]).unwrap(), ["list", "shop"]);
        let of_member = names(["browse", "shop"]).unwrap_err();
        assert_eq!(of_member, ["scenario `shop` has the name of a perf test; rename one"]);
    }

    #[test]
    fn a_member_that_is_set_aside_runs_only_when_asked_for() {
        let aside = || PerfSpec { ignore: Some("slow".into()), ..open(50.0) };
        let whole = shop(vec![member("browse", aside()), member("buy", aside())]);
        let part = shop(vec![member("browse", open(50.0)), member("buy", aside())]);
        let default = Arguments::default();
        let include_ignored = Arguments { include_ignored: true, ..Arguments::default() };
        let ignored = Arguments { ignored: true, ..Arguments::default() };
        let listed = Arguments { list: true, ..ignored.clone() };
        let running = |libtest: &Arguments| part.members.iter().filter(|m| m.runs(libtest)).count();
        assert_eq!([&default, &include_ignored, &ignored].map(running), [1, 2, 2]);
        let all = [&default, &include_ignored, &ignored, &listed];
        assert_eq!(all.map(|libtest| part.is_ignored(libtest)), [false, false, true, false]);
        assert_eq!(all.map(|libtest| whole.is_ignored(libtest)), [true; 4]);
    }

    #[test]
    fn what_does_not_run_is_held_against_no_limit() {
        let aside = PerfSpec { ignore: Some("slow".into()), ..open(500.0) };
        let shop = shop(vec![member("browse", open(50.0)), member("buy", aside)]);
        let limits = Limits { rate: Rate::per_second(100.0), ..Limits::default() };
        let flags = Overrides { limits: Some(limits), ..Overrides::default() };
        assert_eq!(shop.plans("perf", &flags, &Arguments::default()).unwrap().len(), 2);
        let asked = Arguments { include_ignored: true, ..Arguments::default() };
        let refused = shop.plans("perf", &flags, &asked).unwrap_err();
        assert!(
            refused[0].contains("tests/perf.rs:7: buy: a rate of 500/s is above the limit"),
            "{refused:?}"
        );
    }

    #[test]
    fn members_that_share_a_set_up_agree_in_what_they_want_of_it() {
        const fn registered(setup: fn() -> TypeId, teardown: Option<fn() -> TypeId>) -> Registration {
            let test = Test { setup_id: Some(setup), teardown_id: teardown, ..Test::of(|_| unreachable!()) };
            Registration { path: "perf::test", file: "tests/perf.rs", line: 7, spec: PerfSpec::default, test }
        }
        static PLAIN: Registration = registered(TypeId::of::<u8>, None);
        static CLEANING: Registration = registered(TypeId::of::<u8>, Some(TypeId::of::<u16>));
        static WIPING: Registration = registered(TypeId::of::<u8>, Some(TypeId::of::<u32>));
        static ALONE: Registration = registered(TypeId::of::<i8>, Some(TypeId::of::<u32>));

        let at = |url: &'static str| PerfSpec { base_url: Some(url.into()), ..open(1.0) };
        let said = |members: [(&'static Registration, PerfSpec); 2]| {
            let mut names = ["browse", "buy"].into_iter();
            let members = members.map(|(registration, spec)| Entry {
                registration,
                ..member(names.next().unwrap_or_default(), spec)
            });
            let planned = shop(members.into()).plans("perf", &Overrides::default(), &Arguments::default());
            planned.err().unwrap_or_default().join("; ")
        };
        for good in [
            [(&PLAIN, at("http://a")), (&CLEANING, at("http://a"))],
            [(&CLEANING, open(1.0)), (&CLEANING, open(1.0))],
            [(&CLEANING, at("http://a")), (&ALONE, at("http://b"))],
            [(&REGISTERED, at("http://a")), (&REGISTERED, at("http://b"))],
        ] {
            assert_eq!(said(good), "");
        }
        let urls = said([(&PLAIN, at("http://a")), (&CLEANING, at("http://b"))]);
        assert!(urls.contains("`browse` and `buy` share a `setup`, but not their `base_url`"), "{urls}");
        assert!(said([(&PLAIN, at("http://a")), (&PLAIN, open(1.0))]).contains("`base_url`"));
        let teardowns = said([(&CLEANING, open(1.0)), (&WIPING, open(1.0))]);
        assert!(teardowns.contains("but not their `teardown`"), "{teardowns}");
    }

    #[test]
    fn members_with_the_same_target_are_held_against_its_limit_together() {
        let at = |url: &'static str| PerfSpec { base_url: Some(url.into()), ..open(60.0) };
        let limits = Limits { rate: Rate::per_second(100.0), ..Limits::default() };
        let flags = Overrides { limits: Some(limits), ..Overrides::default() };
        let said = |one, other| {
            let shop = shop(vec![member("browse", one), member("buy", other)]);
            shop.plans("perf", &flags, &Arguments::default()).err().unwrap_or_default().join("; ")
        };
        let above = said(at("http://localhost:1/a"), at("http://127.0.0.1:2"));
        assert!(
            above.starts_with("scenario `shop`: `browse` and `buy` together offer up to 120/s"),
            "{above}"
        );
        assert_eq!(said(at("http://127.0.0.1"), at("http://10.0.0.1")), "");
        let aside = PerfSpec { ignore: Some("slow".into()), ..at("http://127.0.0.1") };
        assert_eq!(said(at("http://127.0.0.1"), aside), "", "it does not run");
    }

    #[test]
    fn a_search_sets_no_users_up_at_every_level_anew() {
        static WITH_USERS: Registration = Registration {
            path: "perf::test",
            file: "tests/perf.rs",
            line: 7,
            spec: PerfSpec::default,
            test: Test { user_setup: Some(|_| unreachable!()), ..Test::of(|_| unreachable!()) },
        };
        let search = Load::capacity("p99 < 1s").from(1).up_to(9);
        let spec = PerfSpec { load: Some(search), ..PerfSpec::default() };
        let planned = |registration, flags: &Overrides| {
            let entry = Entry { registration, name: "how_much".to_owned(), spec: spec.clone() };
            let trial = PerfTrial { name: entry.name.clone(), members: vec![entry] };
            trial.plans("perf", flags, &Arguments::default()).err().unwrap_or_default().join("; ")
        };
        let refused = planned(&WITH_USERS, &Overrides::default());
        assert!(refused.contains("tests/perf.rs:7: how_much: a capacity search is a new load"), "{refused}");
        assert_eq!(planned(&REGISTERED, &Overrides::default()), "");
        let smoke = Overrides { profile: Some(Profile::Smoke), ..Overrides::default() };
        assert_eq!(planned(&WITH_USERS, &smoke), "");
    }
}
