//! `cargo perf-test trend`: each metric over the runs of the history and the sessions of the baselines.

use crate::Done;
use crate::folders::{self, BaselineFolder, FolderError};
use crate::project::{Project, Selection};
use crate::terminal::Format;
use perf_core::metric::Metric;
use perf_core::report::history::{self, Entry};
use perf_core::report::series::{Found, Key, Series, all};
use perf_core::report::trend;
use perf_harness::__cli::Terminal;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Of the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Trend {
    /// Part of a test's name
    #[arg(value_name = "TEST")]
    filter: Option<String>,

    /// Only this metric, such as service.p50
    #[arg(long)]
    metric: Option<Metric>,

    /// So many of the newest runs of each test
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=5000))]
    last: u32,

    /// Also loads and environments that a test was not run under last
    #[arg(long)]
    all: bool,

    /// The history; default `PERF_HISTORY`, or history.jsonl among the reports
    #[arg(long, value_name = "PATH")]
    history: Option<PathBuf>,

    /// For people, or for programs (schema perf-trend/1)
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    #[command(flatten)]
    baselines: BaselineFolder,

    #[command(flatten)]
    selection: Selection,
}

/// Why there is no trend.
#[derive(Debug, thiserror::Error)]
enum TrendError {
    #[error("history {}: {source}", path.display())]
    History { path: PathBuf, source: io::Error },
    #[error(
        "nothing to show{0}: no run in {1}, and no baseline; run the perf tests first: cargo test --release --test perf"
    )]
    Nothing(String, String),
}

/// Reads, and writes to standard output only.
pub(crate) fn run(trend: &Trend) -> Done {
    let project = Project::look(&trend.selection)?;
    let path = folders::history(trend.history.as_deref(), &project);
    let entries = match &path {
        Some(path) => read(path)?,
        None => Vec::new(),
    };
    let all = all(&entries, &found(trend, &project)?, trend.last as usize);
    let wanted: Vec<Series> = all.into_iter().filter(|series| trend.wants(series)).collect();
    let newest = newest(&wanted);
    let (shown, others): (Vec<Series>, Vec<Series>) =
        wanted.into_iter().partition(|series| trend.all || newest.contains(&series.key));
    if shown.is_empty() {
        let of = trend.filter.as_ref().map_or(String::new(), |test| format!(" of `{test}`"));
        let place = path.map_or("the history, which is off".to_owned(), |path| path.display().to_string());
        return Err(TrendError::Nothing(of, place).into());
    }
    // A reader that went away (`| head`) is no failure.
    trend.show(&shown, others.len()).ok();
    Ok(ExitCode::SUCCESS)
}

impl Trend {
    fn wants(&self, series: &Series) -> bool {
        let fits =
            |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        self.filter.as_ref().is_none_or(|test| series.key.test.contains(test))
            && self.metric.as_ref().is_none_or(|metric| *metric == series.metric)
            && fits(&self.selection.test, &series.key.target)
            && fits(&self.selection.package, &series.key.package)
    }

    fn show(&self, shown: &[Series], others: usize) -> io::Result<()> {
        if self.format == Format::Json {
            return writeln!(io::stdout().lock(), "{:#}", trend::to_json(shown));
        }
        let (terminal, mut text) = (Terminal::stdout(), Vec::new());
        trend::write(shown, terminal.width(), &mut text)?;
        if others > 0 {
            writeln!(text, "\nmore of other loads and environments: --all")?;
        }
        terminal.print(&text);
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<Entry>, TrendError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(TrendError::History { path: path.to_owned(), source }),
    };
    let (entries, unreadable) = history::read(&bytes);
    unreadable.iter().for_each(|line| eprintln!("warning: {}: {line}", path.display()));
    Ok(entries)
}

fn found(trend: &Trend, project: &Project) -> Result<Vec<Found>, FolderError> {
    let files = trend.baselines.files(project)?.into_iter();
    let found =
        files.map(|file| Found { package: file.package, target: file.target, baseline: file.baseline });
    Ok(found.collect())
}

/// Of each test the load and environment of its newest point.
fn newest(series: &[Series]) -> Vec<Key> {
    let mut newest: BTreeMap<(&str, &str, &str), (&str, &Key)> = BTreeMap::new();
    for series in series {
        let test = (series.key.package.as_str(), series.key.target.as_str(), series.key.test.as_str());
        let at = series.points.last().map_or("", |point| point.at.as_str());
        let known = newest.entry(test).or_insert((at, &series.key));
        if at > known.0 {
            *known = (at, &series.key);
        }
    }
    newest.into_values().map(|(_, key)| key.clone()).collect()
}
