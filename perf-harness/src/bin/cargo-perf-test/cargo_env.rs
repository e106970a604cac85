//! The `[env]` tables of cargo's configuration, which cargo gives to what it runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Value;

/// A variable of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    value: OsString,
    /// Whether it also takes the place of one that is set.
    is_forced: bool,
}

/// Those that a process started from here gets besides its own.
pub(crate) fn variables() -> Vec<(String, OsString)> {
    let here = std::env::current_dir().unwrap_or_default();
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let of_folders = here.ancestors().map(|folder| folder.join(".cargo"));
    let mut known = Vec::<Variable>::new();
    // The nearest file comes first, and has the last word.
    for folder in of_folders.chain(home) {
        for variable in read(&folder) {
            if !known.iter().any(|nearer| nearer.name == variable.name) {
                known.push(variable);
            }
        }
    }
    known.retain(|variable| variable.is_forced || std::env::var_os(&variable.name).is_none());
    known.into_iter().map(|variable| (variable.name, variable.value)).collect()
}

/// What cargo itself could not read, it has complained of when it built.
fn read(folder: &Path) -> Vec<Variable> {
    let file = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let text = file("config").or_else(|| file("config.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    let base = folder.parent().unwrap_or(folder);
    let env = table.get("env").and_then(Value::as_table).into_iter().flatten();
    env.filter_map(|(name, value)| variable(name, value, base)).collect()
}

/// `NAME = "value"`, or `NAME = { value = "…", force = true, relative = true }`.
fn variable(name: &str, value: &Value, base: &Path) -> Option<Variable> {
    let is = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
    let text = value.as_str().or_else(|| value.get("value")?.as_str())?;
    let value = if is("relative") { base.join(text).into_os_string() } else { text.into() };
    Some(Variable { name: name.to_owned(), value, is_forced: is("force") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_plain_forced_or_relative() {
        let folder = tempfile::tempdir().unwrap();
        let cargo = folder.path().join(".cargo");
        std::fs::create_dir(&cargo).unwrap();
        let text = r#"
            [env]
            A = "1"
            B = { value = "2", force = true }
            C = { value = "data", relative = true }
            D = 4
        "#;
        std::fs::write(cargo.join("config.toml"), text).unwrap();
        let told: Vec<_> =
            read(&cargo).into_iter().map(|v| (v.name, v.value.into_string().unwrap(), v.is_forced)).collect();
        let data = folder.path().join("data").display().to_string();
        let expected = [("A", "1".to_owned(), false), ("B", "2".to_owned(), true), ("C", data, false)];
        assert_eq!(told, expected.map(|(name, value, forced)| (name.to_owned(), value, forced)));
        assert!(read(folder.path()).is_empty());
    }
}
