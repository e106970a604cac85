//! The committed file that sessions of one test are compared with: `perf-baselines/<target>/<test>.json`.
//!
//! Reads it without ever losing what it cannot read; writes it so that a diff is pleasant: keys sorted, one session a
//! line, put in place by a rename.
//!
//! The comma between two sessions stands before the second one, so that an appended session adds a line and changes none.
//! Two branches that append to different environments merge by themselves. Two that append to the same level conflict in
//! those lines alone, and keeping both sides as they are is right; until somebody does, the file is refused. A branch
//! that starts a level and one that appends to the level before it merge by themselves too, and rightly.

use super::level::{Level, SessionRecord};
use crate::measure::class::Class;
use crate::measure::environment::Environment;
use crate::units::fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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
    /// What its id is made of.
    #[serde(flatten)]
    pub class: Class,
    /// Oldest first; the last one is compared with.
    pub levels: Vec<Level>,
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
    /// Two branches added to it.
    #[error("baseline {}: line {line}: a merge conflict; keep the sessions of both sides, one a line, and delete the lines that start with <<<<<<<, ======= and >>>>>>>", path.display())]
    Conflict {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
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
        if let Some(at) = text.lines().position(|line| line.starts_with("<<<<<<<")) {
            return Err(BaselineError::Conflict { path: path.to_owned(), line: at + 1 });
        }
        let value: Value = serde_json::from_str(text).map_err(of_json)?;
        let line = 1 + text.lines().position(|line| line.contains("\"schema\"")).unwrap_or(0);
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => serde_json::from_str(text).map(Baseline::with_ids).map_err(of_json),
            Some(other) => match other.strip_prefix(SCHEMA_NAME).map(str::parse::<u32>) {
                Some(Ok(2..)) => {
                    Err(BaselineError::Newer { path: path.to_owned(), line, schema: other.to_owned() })
                }
                _ => Err(malformed(line, format!("`{other}` is not the schema {SCHEMA}"))),
            },
            None => Err(malformed(line, format!("no \"schema\": \"{SCHEMA}\" in it"))),
        }
    }

    /// Each environment under the id of what it says of itself, whatever id it stood under.
    fn with_ids(self) -> Self {
        let mut environments: BTreeMap<String, Recorded> = BTreeMap::new();
        for recorded in self.environments.into_values() {
            match environments.entry(recorded.class.id()) {
                Entry::Vacant(free) => drop(free.insert(recorded)),
                Entry::Occupied(mut same) => same.get_mut().levels.extend(recorded.levels),
            }
        }
        Baseline { environments, ..self }
    }

    /// Appends a session to an environment's newest level, or starts a new one with it.
    pub fn append(
        &mut self,
        environment: &Environment,
        config: &BTreeMap<String, String>,
        session: SessionRecord,
        starts_level: bool,
    ) {
        let recorded = self
            .environments
            .entry(environment.id.clone())
            .or_insert_with(|| Recorded { class: environment.class.clone(), levels: Vec::new() });
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

/// Of everything that makes two sessions comparable.
pub fn config_hash(config: &BTreeMap<String, String>) -> String {
    fingerprint(config.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]))
}

/// The load with a hash over all of it, so that a reader of a diff sees at once that it changed.
fn hashed(config: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut config = config.clone();
    config.insert("hash".to_owned(), config_hash(&config));
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
    let is_sessions = matches!((value, key), (Value::Array(_), "sessions"));
    for (number, (name, key, item)) in items.into_iter().enumerate() {
        // Writing to a String cannot fail.
        if is_sessions {
            let comma = if number > 0 { "," } else { "" };
            write!(text, "\n{indent}{comma}{item}").unwrap_or_default();
        } else {
            write!(text, "\n{indent}{name}").unwrap_or_default();
            write_value(text, item, key, depth + 1);
            text.push_str(if number + 1 < count { "," } else { "" });
        }
    }
    write!(text, "\n{}{close}", "  ".repeat(depth)).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::level::Rounds;

    fn environment() -> Environment {
        let example = Environment::example("", 2, None);
        Environment { id: example.class.id(), ..example }
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
        let sessions = text.lines().filter(|line| line.contains("{\"commit\"")).count();
        assert_eq!(sessions, 3, "{text}");
        let id = environment().id;
        let head =
            format!("{{\n  \"environments\": {{\n    \"{id}\": {{\n      \"build_profile\": \"release\",\n");
        assert!(text.starts_with(&head), "{text}");
        assert!(text.ends_with("  \"schema\": \"perf-baseline/1\",\n  \"test\": \"login\"\n}\n"), "{text}");
        assert_eq!(baseline().environments[&environment().id].levels.len(), 2);
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
            (text.replacen("\"n\"", "n", 1), 16),
            (String::new(), 1),
            ("{}".into(), 1),
            (text.replacen("[1]", "[-1]", 1), 16),
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
    fn an_appended_session_adds_a_line_and_changes_none() {
        let mut longer = baseline();
        longer.append(&environment(), &BTreeMap::new(), session(4), false);
        let (before, after) = (baseline().to_text(), longer.to_text());
        let added: Vec<&str> =
            after.lines().filter(|line| !before.lines().any(|known| known == *line)).collect();
        assert_eq!((after.lines().count(), added.len()), (before.lines().count() + 1, 1), "{after}");
        assert!(added[0].trim_start().starts_with(",{\"commit\""), "{added:?}");
    }

    #[test]
    fn an_environment_stands_under_the_id_of_what_it_says_of_itself() {
        let with_memory = baseline().to_text().replace("\"memory_gib\": null", "\"memory_gib\": 8");
        let read = parse(&with_memory).unwrap();
        let (id, recorded) = read.environments.first_key_value().unwrap();
        assert_eq!((id, recorded.class.memory_gib), (&recorded.class.id(), Some(8)));
        assert_ne!(id, &environment().id);
    }

    #[test]
    fn a_merge_conflict_is_named_as_such() {
        let text = baseline().to_text().replacen("            ,{", "<<<<<<< main\n            ,{", 1);
        let error = parse(&text).unwrap_err().to_string();
        assert!(
            error.starts_with("baseline perf-baselines/perf/login.json: line 17: a merge conflict"),
            "{error}"
        );
    }

    #[test]
    fn modules_become_dots() {
        assert_eq!(path_of(Path::new("b"), "perf", "shop::list"), Path::new("b/perf/shop.list.json"));
    }
}
