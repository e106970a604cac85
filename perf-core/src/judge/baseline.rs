//! The committed file that sessions of one test are compared with: `perf-baselines/<target>/<test>.json`.
//!
//! Reads it without ever losing what it cannot read; writes it so that a diff is pleasant: keys sorted, one session a
//! line, put in place by a rename.

use super::level::{Level, SessionRecord};
use crate::measure::environment::Environment;
use crate::units::fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// What this version writes, and all it reads.
pub const SCHEMA: &str = "perf-baseline/1";
const SCHEMA_NAME: &str = "perf-baseline/";

/// All recorded sessions of one test, by environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// By their id.
    pub environments: BTreeMap<String, Recorded>,
    schema: String,
    /// The test's name.
    pub test: String,
}

/// The sessions of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The cargo profile.
    pub build_profile: String,
    /// As many as the process could use.
    pub cores: usize,
    /// The model.
    pub cpu: String,
    /// The name the user gave it.
    #[serde(default)]
    pub label: Option<String>,
    /// Oldest first; the last one is compared with.
    pub levels: Vec<Level>,
    /// And architecture.
    pub os: String,
}

/// Why a baseline cannot be used; it is never overwritten then.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not JSON, or not of the form.
    #[error("baseline {}: line {line}: {reason}; restore it from version control, or delete it and record a new one with --update-baselines", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// Of a version to come.
    #[error("baseline {}: line {line}: newer schema {schema}; update perf-harness or delete it", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What it says it is.
        schema: String,
    },
    /// The file system.
    #[error("baseline {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Where the baseline of a test lies. A module's `::` becomes a dot.
pub fn path_of(folder: &Path, target: &str, test: &str) -> PathBuf {
    folder.join(target).join(format!("{}.json", test.replace("::", ".")))
}

impl Baseline {
    /// Without sessions.
    pub fn empty(test: &str) -> Self {
        Baseline { environments: BTreeMap::new(), schema: SCHEMA.to_owned(), test: test.to_owned() }
    }

    /// Reads a file; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, BaselineError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Baseline::parse(path, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BaselineError::Io { path: path.to_owned(), source }),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, BaselineError> {
        let malformed =
            |line: usize, reason: String| BaselineError::Malformed { path: path.to_owned(), line, reason };
        let of_json = |e: serde_json::Error| {
            let reason = e.to_string();
            // serde_json ends with the place, which is said in front already.
            let reason = reason.split(" at line ").next().unwrap_or(&reason).to_owned();
            malformed(e.line().max(1), reason)
        };
        let value: Value = serde_json::from_str(text).map_err(of_json)?;
        let line = 1 + text.lines().position(|line| line.contains("\"schema\"")).unwrap_or(0);
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => serde_json::from_str(text).map_err(of_json),
            Some(other) => match other.strip_prefix(SCHEMA_NAME).map(str::parse::<u32>) {
                Some(Ok(2..)) => {
                    Err(BaselineError::Newer { path: path.to_owned(), line, schema: other.to_owned() })
                }
                _ => Err(malformed(line, format!("`{other}` is not the schema {SCHEMA}"))),
            },
            None => Err(malformed(line, format!("no \"schema\": \"{SCHEMA}\" in it"))),
        }
    }

    /// Appends a session to an environment's newest level, or starts a new one with it.
    pub fn append(
        &mut self,
        environment: &Environment,
        config: &BTreeMap<String, String>,
        session: SessionRecord,
        starts_level: bool,
    ) {
        let recorded = self.environments.entry(environment.id.clone()).or_insert_with(|| Recorded {
            build_profile: environment.build_profile.clone(),
            cores: environment.cores,
            cpu: environment.cpu.clone(),
            label: environment.label.clone(),
            levels: Vec::new(),
            os: environment.os.clone(),
        });
        if starts_level || recorded.levels.is_empty() {
            recorded.levels.push(Level { config: hashed(config), sessions: Vec::new() });
        }
        if let Some(level) = recorded.levels.last_mut() {
            level.append(session);
        }
    }

    /// As it is written: sorted keys, one session a line, a newline at the end.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let value = serde_json::to_value(self).unwrap_or_default();
        write_value(&mut text, &value, "", 0);
        text.push('\n');
        text
    }

    /// Puts it in place at once: a reader sees the old file or the new one.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        crate::files::write_atomically(path, self.to_text().as_bytes())
            .map_err(|source| BaselineError::Io { path: path.to_owned(), source })
    }
}

/// The load with a hash over all of it, so that a reader of a diff sees at once that it changed.
fn hashed(config: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let parts = config.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
    let mut config = config.clone();
    config.insert("hash".to_owned(), fingerprint(parts));
    config
}

fn write_value(text: &mut String, value: &Value, key: &str, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    let (open, close, items): (_, _, Vec<(String, &str, &Value)>) = match value {
        Value::Object(map) if !map.is_empty() => {
            let items = map
                .iter()
                .map(|(key, value)| (format!("{}: ", Value::from(key.as_str())), key.as_str(), value));
            ('{', '}', items.collect())
        }
        Value::Array(items) if !items.is_empty() => {
            ('[', ']', items.iter().map(|item| (String::new(), key, item)).collect())
        }
        other => {
            text.push_str(&other.to_string());
            return;
        }
    };
    text.push(open);
    let count = items.len();
    for (number, (name, key, item)) in items.into_iter().enumerate() {
        let comma = if number + 1 < count { "," } else { "" };
        // Writing to a String cannot fail.
        write!(text, "\n{indent}{name}").unwrap_or_default();
        match (value, key) {
            (Value::Array(_), "sessions") => text.push_str(&item.to_string()),
            _ => write_value(text, item, key, depth + 1),
        }
        text.push_str(comma);
    }
    write!(text, "\n{}{close}", "  ".repeat(depth)).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::level::Rounds;

    fn environment() -> Environment {
        Environment::example("0123", 2, None)
    }

    fn session(n: u64) -> SessionRecord {
        SessionRecord {
            rounds: Rounds { n: vec![n], ..Rounds::default() },
            recorded: "now".into(),
            ..SessionRecord::default()
        }
    }

    fn baseline() -> Baseline {
        let mut baseline = Baseline::empty("login");
        let config = BTreeMap::from([("load".to_owned(), "open 200/s".to_owned())]);
        baseline.append(&environment(), &config, session(1), false);
        baseline.append(&environment(), &config, session(2), false);
        baseline.append(&environment(), &config, session(3), true);
        baseline
    }

    fn parse(text: &str) -> Result<Baseline, BaselineError> {
        Baseline::parse(Path::new("perf-baselines/perf/login.json"), text)
    }

    #[test]
    fn a_file_is_sorted_with_one_session_a_line_and_reads_back() {
        let text = baseline().to_text();
        assert_eq!(parse(&text).unwrap(), baseline());
        let sessions = text.lines().filter(|line| line.trim_start().starts_with("{\"commit\"")).count();
        assert_eq!(sessions, 3, "{text}");
        assert!(
            text.starts_with(
                "{\n  \"environments\": {\n    \"0123\": {\n      \"build_profile\": \"release\",\n"
            ),
            "{text}"
        );
        assert!(text.ends_with("  \"schema\": \"perf-baseline/1\",\n  \"test\": \"login\"\n}\n"), "{text}");
        assert_eq!(baseline().environments["0123"].levels.len(), 2);
    }

    #[test]
    fn what_cannot_be_read_names_file_and_line_and_the_way_out() {
        let newer = baseline().to_text().replace("perf-baseline/1", "perf-baseline/2");
        let line = 1 + newer.lines().position(|line| line.contains("schema")).unwrap();
        let error = parse(&newer).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "baseline perf-baselines/perf/login.json: line {line}: newer schema perf-baseline/2; update perf-harness or delete it"
            )
        );
        let text = baseline().to_text();
        for (corrupt, line) in [
            (text.replacen("\"n\"", "n", 1), 15),
            (String::new(), 1),
            ("{}".into(), 1),
            (text.replacen("[1]", "[-1]", 1), 15),
        ] {
            let error = parse(&corrupt).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("baseline perf-baselines/perf/login.json: line {line}: ")),
                "{error}\n{corrupt}"
            );
            assert!(error.contains("restore it from version control"), "{error}");
        }
    }

    #[test]
    fn modules_become_dots() {
        assert_eq!(path_of(Path::new("b"), "perf", "shop::list"), Path::new("b/perf/shop.list.json"));
    }
}
