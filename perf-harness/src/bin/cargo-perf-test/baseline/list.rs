//! `cargo perf-test baseline list`.

use super::age;
use crate::Done;
use crate::folders::{BaselineFile, BaselineFolder, shown};
use crate::project::{Project, Selection};
use crate::terminal::Format;
use perf_core::judge::baseline::Recorded;
use perf_core::judge::level::Level;
use perf_core::measure::environment::Environment;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;

/// Of the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// For people, or for programs
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    #[command(flatten)]
    baselines: BaselineFolder,

    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(list: &List) -> Done {
    let project = Project::look(&list.selection)?;
    let files = list.baselines.files(&project)?;
    let wanted =
        |file: &&BaselineFile| list.selection.test.as_ref().is_none_or(|target| *target == file.target);
    let files: Vec<&BaselineFile> = files.iter().filter(wanted).collect();
    // A reader that went away (`| head`) is no failure.
    match list.format {
        Format::Text => write(&files, &mut anstream::stdout().lock()).ok(),
        Format::Json => writeln!(io::stdout(), "{:#}", to_json(&files)).ok(),
    };
    Ok(ExitCode::SUCCESS)
}

fn write(files: &[&BaselineFile], out: &mut dyn Write) -> io::Result<()> {
    for file in files {
        writeln!(out, "{}  {}", file.baseline.test, shown(&file.path))?;
        for recorded in file.baseline.environments.values() {
            writeln!(out, "  {}", recorded.class.description())?;
            writeln!(out, "    {}", in_words(recorded))?;
        }
    }
    if files.is_empty() {
        writeln!(out, "no baselines; record some: cargo test --release --test perf -- --update-baselines")?;
    }
    writeln!(out, "\nthis machine: {}", here().class.description())
}

/// This machine, as a test in release without features would see it.
fn here() -> Environment {
    Environment::detect(None, "release", Vec::new())
}

/// `2 levels; the newest: 5 sessions of 1 machine, open 200/s; recorded 3 days ago`.
fn in_words(recorded: &Recorded) -> String {
    let counted = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    };
    let empty = Level::default();
    let newest = recorded.levels.last().unwrap_or(&empty);
    let levels = match recorded.levels.len() {
        1 => String::new(),
        n => format!("{}, the newest: ", counted(n, "level")),
    };
    format!(
        "{levels}{} of {}, {}; recorded {}",
        counted(newest.sessions.len(), "session"),
        counted(machines(newest), "machine"),
        newest.config.get("load").map_or("load unknown", String::as_str),
        age::in_words(age::newest(newest.sessions.iter())),
    )
}

fn machines(level: &Level) -> usize {
    level.sessions.iter().map(|session| session.machine.as_deref()).collect::<BTreeSet<_>>().len()
}

fn to_json(files: &[&BaselineFile]) -> Value {
    let level = |level: &Level| {
        let recorded = || level.sessions.iter().map(|session| &session.recorded);
        json!({
            "config": level.config,
            "sessions": level.sessions.len(),
            "machines": machines(level),
            "first": recorded().min(),
            "last": recorded().max(),
        })
    };
    let environment = |(id, recorded): (&String, &Recorded)| {
        json!({
            "id": id,
            "class": recorded.class,
            "description": recorded.class.description(),
            "levels": recorded.levels.iter().map(level).collect::<Vec<_>>(),
        })
    };
    let one = |file: &&BaselineFile| {
        json!({
            "package": file.package,
            "test_target": file.target,
            "test": file.baseline.test,
            "path": file.path,
            "environments": file.baseline.environments.iter().map(environment).collect::<Vec<_>>(),
        })
    };
    json!({ "baselines": files.iter().map(one).collect::<Vec<_>>() })
}
