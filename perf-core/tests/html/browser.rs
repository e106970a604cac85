//! The page in a headless browser: `tests/browser/` drives it, these tests write what it looks at.
//!
//! Needs Debian's `chromium`, `node` and `npm ci` in `tests/browser`; `.ci/run` sees to all of them.

use crate::reports;
use perf_core::report::html;
use perf_core::report::json::Run;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser")
}

/// What is missing here.
fn missing() -> Option<&'static str> {
    let runs = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|said| said.status.success())
    };
    match () {
        () if !runs("node") => Some("node"),
        () if !runs("chromium") => Some("chromium"),
        () if !folder().join("node_modules/playwright-core").exists() => Some("`npm ci` in tests/browser"),
        () => None,
    }
}

fn write(name: &str, runs: &[Run]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    html::write(runs, &mut File::create(&path).unwrap()).unwrap();
    path
}

#[test]
fn a_browser_shows_reports_and_a_run_that_goes_on() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "{missing} is missing; .ci/run installs it");
        eprintln!("skipped: {missing} is missing");
        return;
    }
    let long = reports::test("long", 3600, |second| reports::Second {
        failed: (second % 7) as f64,
        ..reports::QUIET
    });
    let many =
        (0..20).map(|n| reports::with(long.clone(), &serde_json::json!({ "name": format!("test_{n}") })));
    let pages = [
        write("report.html", &[reports::one_of_each("1", 60)]),
        write("compared.html", &[reports::one_of_each("before", 60), reports::one_of_each("after", 40)]),
        write("many.html", &[reports::run("1", &many.collect::<Vec<_>>())]),
        write("empty.html", &[reports::run("1", &[])]),
    ];
    let live = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live.html");
    html::write_live(&mut File::create(&live).unwrap()).unwrap();
    let status =
        Command::new("node").arg(folder().join("check.mjs")).args(&pages).arg(&live).status().unwrap();
    assert!(status.success(), "see what it said above");
}
