//! The perf tests that are linked into this binary.

use perf_core::drive::prepare::Test;
use perf_core::plan::Source;
use perf_core::plan::spec::PerfSpec;

/// One perf test, as the attribute left it. Everything is const: functions, not values.
pub struct Registration {
    /// Module and name, with the crate in front.
    pub path: &'static str,
    /// Where it stands.
    pub file: &'static str,
    /// Where it stands.
    pub line: u32,
    /// Its keys.
    pub spec: fn() -> PerfSpec,
    /// Its functions.
    pub test: Test,
}

inventory::collect!(Registration);

impl Registration {
    /// Where it stands.
    pub(crate) fn source(&self) -> Source {
        Source { file: self.file, line: self.line }
    }

    /// As libtest names it: without the crate.
    pub fn name(&self) -> String {
        self.path.split_once("::").map_or(self.path, |(_, name)| name).replace("r#", "")
    }
}

/// What is wrong with a registry, and what to do about it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RegistryError {
    #[error(
        "no perf test is registered: put `#[perf_test(…)]` on an async function, and name its module with `mod` \
         in the file of this test target"
    )]
    Empty,
    #[error(
        "two perf tests are named `{name}`: {first} and {second}; rename one, or move it into a module of its own"
    )]
    Duplicate { name: String, first: String, second: String },
}

/// All of them, by name.
pub(crate) fn sorted() -> Result<Vec<&'static Registration>, RegistryError> {
    let mut tests: Vec<_> = inventory::iter::<Registration>.into_iter().collect();
    tests.sort_by_cached_key(|test| (test.name(), test.file, test.line));
    check(&tests)?;
    Ok(tests)
}

fn check(tests: &[&Registration]) -> Result<(), RegistryError> {
    let place = |test: &Registration| format!("{}:{}", test.file, test.line);
    match tests.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
        _ if tests.is_empty() => Err(RegistryError::Empty),
        Some(pair) => Err(RegistryError::Duplicate {
            name: pair[0].name(),
            first: place(pair[0]),
            second: place(pair[1]),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(path: &'static str, line: u32) -> Registration {
        let test = Test::of(|_| unreachable!());
        Registration { path, file: "tests/perf.rs", line, spec: PerfSpec::default, test }
    }

    #[test]
    fn an_empty_registry_and_a_name_taken_twice_say_what_to_do() {
        let empty = check(&[]).unwrap_err().to_string();
        assert!(empty.contains("put `#[perf_test(…)]`"), "{empty}");
        let (a, b, c) = (test("perf::a", 3), test("other::a", 9), test("perf::m::a", 12));
        let twice = check(&[&a, &b]).unwrap_err().to_string();
        assert!(twice.contains("named `a`: tests/perf.rs:3 and tests/perf.rs:9; rename one"), "{twice}");
        assert_eq!(check(&[&a, &c]), Ok(()));
        assert_eq!(test("perf::r#type", 1).name(), "type");
    }
}
