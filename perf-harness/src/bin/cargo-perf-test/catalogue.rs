//! What the tests of a built perf target are, asked of the binary itself.

use crate::build::Built;
use crate::process;
use perf_core::interleave::wire::{Catalogue, PROTOCOL};
use serde_json::Value;
use std::process::Stdio;

/// Why it does not say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    #[error("{0} could not be run: {1}")]
    Start(String, std::io::Error),
    #[error(
        "{0} is of a perf-harness older than this command, and cannot say what its tests are; update it there"
    )]
    TooOld(String),
    #[error("{0} is of another perf-harness ({1}) than this command ({2}): install the same version of both")]
    OtherVersion(String, String, &'static str),
    /// In the binary's own words.
    #[error("{0}: {1}")]
    Refused(String, String),
}

/// Runs nothing of the tests. Errors begin with whose target it is, where there are several: `base's `.
pub(crate) fn ask(built: &Built, whose: &str) -> Result<Catalogue, CatalogueError> {
    let named = format!("{whose}perf target {}", built.target.name);
    let mut command = process::command(built, ["--describe"]).into_std();
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => return Err(CatalogueError::Start(named, error)),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => read(&output.stdout, &named),
        false if said.contains("'--describe'") => Err(CatalogueError::TooOld(named)),
        false => Err(CatalogueError::Refused(named, said.trim().replace("[perf] ", ""))),
    }
}

fn read(line: &[u8], named: &str) -> Result<Catalogue, CatalogueError> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        CatalogueError::Refused(named.to_owned(), format!("it printed no catalogue: {error}"))
    })?;
    if value["protocol"] != PROTOCOL {
        let version = value["version"].as_str().unwrap_or("unknown").to_owned();
        return Err(CatalogueError::OtherVersion(named.to_owned(), version, env!("CARGO_PKG_VERSION")));
    }
    serde_json::from_value(value)
        .map_err(|error| CatalogueError::Refused(named.to_owned(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_protocol_is_told_with_its_version() {
        let line = br#"{"protocol": 99, "version": "7.0.0", "tests": []}"#;
        let error = read(line, "base's perf target perf").unwrap_err().to_string();
        assert!(
            error.starts_with("base's perf target perf is of another perf-harness (7.0.0) than"),
            "{error}"
        );
        assert!(read(b"running 3 tests", "x").is_err());
        let line = format!(r#"{{"protocol": {PROTOCOL}, "version": "0.1.0", "tests": []}}"#);
        assert!(read(line.as_bytes(), "x").unwrap().tests.is_empty());
    }
}
