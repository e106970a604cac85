//! Which tests are compared, and why the others are not.

use super::contest::Contest;
use super::sides::Pair;
use perf_core::interleave::wire::Listed;
use std::collections::BTreeSet;

/// All tests that fit the filters.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) contests: Vec<Contest>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A test that is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// Why there is nothing to compare.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NothingToCompare {
    #[error("no perf test matches {filters}; there are {known}")]
    NoMatch { filters: String, known: String },
    #[error("nothing can be compared\n{}", list(.0))]
    AllLeftOut(Vec<LeftOut>),
}

fn list(left_out: &[LeftOut]) -> String {
    left_out.iter().map(|test| format!("  {}: {}", test.name, test.reason)).collect::<Vec<_>>().join("\n")
}

/// Tests times compared metrics.
pub(crate) fn hypotheses(contests: &[Contest]) -> u32 {
    let metrics: usize = contests.iter().map(|contest| contest.gates.len()).sum();
    u32::try_from(metrics).unwrap_or(u32::MAX)
}

/// Those of all targets, by name.
pub(crate) fn choose(pairs: &[Pair], filters: &[String], is_exact: bool) -> Result<Chosen, NothingToCompare> {
    let is_wanted = |name: &str| {
        let fits = |filter: &String| if is_exact { name == filter } else { name.contains(filter.as_str()) };
        filters.is_empty() || filters.iter().any(fits)
    };
    let (mut chosen, mut known) = (Chosen::default(), Vec::new());
    for pair in pairs {
        for name in pair.names() {
            known.push(name.clone());
            if !is_wanted(&name) {
                continue;
            }
            match contest(pair, &name) {
                Ok(contest) => chosen.contests.push(contest),
                Err(reason) => chosen.left_out.push(LeftOut { name, reason }),
            }
        }
    }
    match (chosen.contests.is_empty(), chosen.left_out.is_empty()) {
        (true, true) => {
            let filters: Vec<String> = filters.iter().map(|filter| format!("`{filter}`")).collect();
            Err(NothingToCompare::NoMatch { filters: filters.join(" or "), known: known.join(", ") })
        }
        (true, false) => Err(NothingToCompare::AllLeftOut(chosen.left_out)),
        (false, _) => Ok(chosen),
    }
}

impl Pair {
    fn names(&self) -> BTreeSet<String> {
        let base = self.base.as_ref().map(|side| side.tests.as_slice()).unwrap_or_default();
        base.iter().chain(&self.head.tests).map(|test| test.name.clone()).collect()
    }
}

/// The reason where it cannot be one.
fn contest(pair: &Pair, name: &str) -> Result<Contest, String> {
    let find = |tests: &[Listed]| tests.iter().find(|test| test.name == name).cloned();
    let base = pair.base.as_ref().map_err(Clone::clone)?;
    let (ours, theirs) = match (find(&base.tests), find(&pair.head.tests)) {
        (Some(theirs), Some(ours)) => (ours, theirs),
        (Some(_), None) => return Err("only base has it".to_owned()),
        (None, _) => return Err("only head has it".to_owned()),
    };
    if let Some(reason) = refused(&ours).or_else(|| refused(&theirs)) {
        return Err(reason);
    }
    let differing = differences(&theirs, &ours);
    if !differing.is_empty() {
        let why = base.note.map_or(String::new(), |note| format!(" ({note})"));
        return Err(format!("not comparable, because the load differs: {}{why}", differing.join("; ")));
    }
    Ok(Contest {
        name: name.to_owned(),
        gates: ours.gated(),
        most_errors: ours.most_errors,
        load: ours.load,
        base: base.built.clone(),
        head: pair.head.built.clone(),
    })
}

fn refused(test: &Listed) -> Option<String> {
    let reason = match test {
        Listed { is_ignored: true, .. } => "it is ignored; take the key `ignore` off to compare it",
        Listed { members, .. } if members.len() > 1 => {
            "its tests run together as one scenario, and a comparison is of one test at a time"
        }
        Listed { is_search: true, .. } => {
            "a search for the capacity has no load of its own to compare; compare a test with a fixed load, or the capacity \
             with a baseline"
        }
        Listed { has_setup: false, .. } => {
            "it has no `setup`, so base and head would share one target from elsewhere; start the target in `setup`, on port 0, \
             and say with `cx.set_base_url` where it is"
        }
        Listed { gates, .. } if gates.is_empty() => "it compares no metric: baseline(off)",
        _ => return None,
    };
    Some(reason.to_owned())
}

/// In words.
fn differences(base: &Listed, head: &Listed) -> Vec<String> {
    let keys: BTreeSet<&String> = base.config.keys().chain(head.config.keys()).collect();
    let of = |test: &Listed, key: &String| test.config.get(key).cloned().unwrap_or_else(|| "none".to_owned());
    let pairs = keys.into_iter().map(|key| (key, of(base, key), of(head, key)));
    // Blocks have a warm-up and a length of their own.
    let differing =
        pairs.filter(|(key, base, head)| base != head && !matches!(key.as_str(), "duration" | "warmup"));
    differing.map(|(key, base, head)| format!("{key} is {base} in base and {head} in head")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sides::Described;
    use super::*;
    use crate::build::Built;
    use crate::project::PerfTarget;

    fn listed(name: &str) -> Listed {
        Listed {
            name: name.into(),
            members: Vec::new(),
            is_ignored: false,
            has_setup: true,
            is_search: false,
            load: "open load, 100/s for 10s".into(),
            config: [("load".into(), "open 100/s".into()), ("warmup".into(), "1s".into())].into(),
            gates: vec![("service.p50".into(), 0.05), ("service.p95".into(), 0.05)],
            most_errors: Some(0.01),
        }
    }

    fn described(tests: Vec<Listed>, note: Option<&'static str>) -> Described {
        let target = PerfTarget {
            name: "perf".into(),
            package: "shop".into(),
            package_dir: "/shop".into(),
            source: "/shop/tests/perf.rs".into(),
            required_features: Vec::new(),
        };
        let built = Built { target, executable: "/shop/perf".into() };
        Described { built, tests, note }
    }

    fn pair(base: Vec<Listed>, head: Vec<Listed>) -> Pair {
        Pair { base: Ok(described(base, Some("its own tests"))), head: described(head, None) }
    }

    fn reason(base: Listed, head: Listed) -> String {
        contest(&pair(vec![base], vec![head]), "login").unwrap_err()
    }

    #[test]
    fn a_test_of_one_side_only_is_named_and_left_out() {
        let pair = pair(vec![listed("a"), listed("old")], vec![listed("a"), listed("new")]);
        let chosen = choose(&[pair], &[], false).unwrap();
        assert_eq!(chosen.contests.len(), 1);
        assert_eq!(hypotheses(&chosen.contests), 2);
        let told: Vec<_> = chosen.left_out.iter().map(|test| (&*test.name, &*test.reason)).collect();
        assert_eq!(told, [("new", "only head has it"), ("old", "only base has it")]);
    }

    #[test]
    fn what_cannot_be_compared_says_what_to_do() {
        let refused = |change: fn(&mut Listed)| {
            let mut test = listed("login");
            change(&mut test);
            reason(listed("login"), test)
        };
        assert!(refused(|test| test.has_setup = false).contains("start the target in `setup`, on port 0"));
        assert!(refused(|test| test.is_search = true).contains("compare a test with a fixed load"));
        assert!(refused(|test| test.members = vec!["a".into(), "b".into()]).contains("one test at a time"));
        assert!(refused(|test| test.gates.clear()).contains("baseline(off)"));
    }

    #[test]
    fn another_load_is_not_comparable_and_another_length_is() {
        let mut other = listed("login");
        other.config.insert("load".into(), "open 200/s".into());
        assert_eq!(
            reason(listed("login"), other),
            "not comparable, because the load differs: load is open 100/s in base and open 200/s in head (its own tests)"
        );
        let mut longer = listed("login");
        longer.config.insert("warmup".into(), "3s".into());
        assert!(contest(&pair(vec![listed("login")], vec![longer]), "login").is_ok());
    }

    #[test]
    fn a_filter_that_fits_nothing_says_what_there_is() {
        let pairs = [pair(vec![listed("login")], vec![listed("login")])];
        let error = choose(&pairs, &["logout".into()], false).unwrap_err();
        assert_eq!(error.to_string(), "no perf test matches `logout`; there are login");
        assert!(choose(&pairs, &["log".into()], false).is_ok());
        assert!(choose(&pairs, &["log".into()], true).is_err());
    }
}
