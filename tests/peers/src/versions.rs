//! Which versions of the peers were measured.

use std::process::Command;

const LOCK: &str = include_str!("../../../Cargo.lock");
const CRATES: [&str; 6] = ["perf-harness", "reqwest", "hyper", "rlt", "goose", "balter"];

/// `rlt 0.5.0, goose 0.19.0`, and so on.
pub(crate) fn of_crates() -> String {
    let named = CRATES.map(|name| format!("{name} {}", of_crate(LOCK, name).unwrap_or("of unknown version")));
    named.join(", ")
}

/// `wrk 4.1.0`, as far as the program says.
pub(crate) fn of_program(name: &str) -> String {
    let output = Command::new(name).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    match text.split_whitespace().nth(1) {
        Some(version) => format!("{name} {version}"),
        None => format!("{name} of unknown version"),
    }
}

fn of_crate<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let head = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&head)?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_is_in_the_lock_file() {
        assert!(CRATES.iter().all(|name| of_crate(LOCK, name).is_some()));
    }
}
