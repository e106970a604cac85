//! `cargo perf-test baseline show`.

use super::age;
use crate::Done;
use crate::folders::{BaselineFile, BaselineFolder, shown};
use crate::project::{Project, Selection};
use perf_core::judge::baseline::Recorded;
use perf_core::judge::centre;
use perf_core::judge::level::{Level, SessionRecord};
use perf_core::metric::{Metric, nearest};
use perf_core::plan::threshold::show_value;
use std::io::{self, Write};
use std::process::ExitCode;

/// Of the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The test's name
    #[arg(value_name = "TEST")]
    name: String,

    #[command(flatten)]
    baselines: BaselineFolder,

    #[command(flatten)]
    selection: Selection,
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
#[error("no baseline of a test `{0}`; {1}")]
struct Unknown(String, String);

/// What a session's line shows, where it is known.
const METRICS: [(&str, &str); 6] = [
    ("service.p50", "p50"),
    ("service.p95", "p95"),
    ("service.p99", "p99"),
    ("throughput", "throughput"),
    ("cpu_per_iteration", "cpu"),
    ("capacity", "capacity"),
];

pub(super) fn run(show: &Show) -> Done {
    let project = Project::look(&show.selection)?;
    let files = show.baselines.files(&project)?;
    let is_wanted = |file: &&BaselineFile| {
        file.baseline.test == show.name
            && show.selection.test.as_ref().is_none_or(|target| *target == file.target)
    };
    let wanted: Vec<&BaselineFile> = files.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(unknown(&show.name, &files).into());
    }
    let mut out = anstream::stdout().lock();
    // A reader that went away (`| head`) is no failure.
    wanted.iter().try_for_each(|file| write(file, &mut out)).ok();
    Ok(ExitCode::SUCCESS)
}

fn unknown(test: &str, files: &[BaselineFile]) -> Unknown {
    let names = || files.iter().map(|file| file.baseline.test.as_str());
    let hint = match (nearest(test, names()), files.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, false) => "`cargo perf-test baseline list` shows all there are".to_owned(),
        (None, true) => {
            "there are none; record some: cargo test --release --test perf -- --update-baselines".to_owned()
        }
    };
    Unknown(test.to_owned(), hint)
}

fn write(file: &BaselineFile, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  {}", file.baseline.test, shown(&file.path))?;
    for (id, recorded) in &file.baseline.environments {
        writeln!(out, "\n  {}  ({id})", recorded.class.description())?;
        write_levels(recorded, out)?;
    }
    Ok(())
}

fn write_levels(recorded: &Recorded, out: &mut dyn Write) -> io::Result<()> {
    for (number, level) in (1..).zip(&recorded.levels) {
        let newest = if number == recorded.levels.len() { ", compared with" } else { "" };
        writeln!(out, "    level {number}{newest}")?;
        let load = level.config.iter().filter(|(key, _)| *key != "hash");
        let load: Vec<String> = load.map(|(key, value)| format!("{key} {value}")).collect();
        writeln!(out, "      {}", load.join(", "))?;
        write_sessions(level, out)?;
    }
    Ok(())
}

fn write_sessions(level: &Level, out: &mut dyn Write) -> io::Result<()> {
    let known =
        |metric: &Metric| level.sessions.iter().any(|session| centre::of(metric, &session.rounds).is_some());
    let metrics: Vec<(Metric, &str)> = METRICS
        .iter()
        .filter_map(|(name, short)| Some((name.parse::<Metric>().ok()?, *short)))
        .filter(|(metric, _)| known(metric))
        .collect();
    write!(out, "      {:<14} {:<8} {:<8} {:>9}", "recorded", "commit", "machine", "n")?;
    metrics.iter().try_for_each(|(_, short)| write!(out, " {short:>10}"))?;
    writeln!(out)?;
    level.sessions.iter().try_for_each(|session| write_session(session, &metrics, out))
}

fn write_session(session: &SessionRecord, metrics: &[(Metric, &str)], out: &mut dyn Write) -> io::Result<()> {
    let short =
        |text: &Option<String>| text.as_ref().map_or("-".to_owned(), |text| text.chars().take(8).collect());
    write!(
        out,
        "      {:<14} {:<8} {:<8} {:>9}",
        age::in_words(Some(&session.recorded)),
        short(&session.commit),
        short(&session.machine),
        session.rounds.iterations(),
    )?;
    for (metric, _) in metrics {
        let value = centre::of(metric, &session.rounds).map(f64::exp);
        let value = value.map_or("-".to_owned(), |value| show_value(value, metric.unit()));
        write!(out, " {value:>10}")?;
    }
    writeln!(out)
}
