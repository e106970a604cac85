//! `cargo perf-test report`: makes other reports of runs that are over, and shows several of them in one.

use crate::Done;
use crate::folders::{self, shown};
use crate::project::{Project, Selection};
use crate::runs;
use perf_core::files::write_atomically;
use perf_core::report::format::{Choices, Format};
use perf_core::report::json::Run;
use perf_core::units::parse_duration;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Of the command line.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Several runs come into one report.html, laid over each other, or into the tables of csv; say with \
                        --out where to, since they belong to no run's folder."
)]
pub(crate) struct Report {
    /// A run's id, `latest`, its folder, or a report.json
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,

    /// Which reports, of html,csv,junit,markdown
    #[arg(long, value_delimiter = ',', value_name = "LIST", required = true, value_parser = derived)]
    format: Vec<Format>,

    /// The folder that they go to; default the run's own
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Points of timeline.csv, such as 5s; default the run's own
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    csv_interval: Option<Duration>,

    #[command(flatten)]
    selection: Selection,
}

/// Why there are no reports.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error("--format {0} shows one run, and {1} are given; html and csv show several")]
    OneRun(Format, usize),
    #[error("several runs belong to no run's folder: say with --out DIR where their reports go")]
    NoFolder,
}

fn derived(name: &str) -> Result<Format, String> {
    let format: Format = name.parse().map_err(|_| format!("there are {DERIVED}"))?;
    match format.is_derived() {
        true => Ok(format),
        false => Err(format!("`{format}` is made while the tests run; there are {DERIVED}")),
    }
}

const DERIVED: &str = "html, csv, junit and markdown";

/// Prints the files that it wrote.
pub(crate) fn run(report: &Report) -> Done {
    let project = Project::look(&report.selection);
    // Without a project there are still folders and files.
    let reports =
        project.map_or_else(|_| PathBuf::from("target/perf-harness"), |project| folders::reports(&project));
    let paths = report.runs.iter().map(|run| runs::find(run, &reports)).collect::<Result<Vec<_>, _>>()?;
    let runs = paths.iter().map(|path| runs::read(path)).collect::<Result<Vec<Run>, _>>()?;
    let folder = report.folder(&paths)?;
    let choices = Choices { csv_interval: report.csv_interval };
    // All of them are made before the first is written.
    let mut written = Vec::new();
    for format in &report.format {
        written.extend(format.write(&runs, choices)?);
    }
    for (name, bytes) in written {
        let path = folder.join(name);
        write_atomically(&path, &bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}", shown(&path));
    }
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn folder(&self, paths: &[PathBuf]) -> Result<PathBuf, ReportError> {
        let one = self.format.iter().find(|format| !format.takes_several());
        match (paths, one, &self.out) {
            ([_, _, ..], Some(format), _) => Err(ReportError::OneRun(*format, paths.len())),
            (_, _, Some(folder)) => Ok(folder.clone()),
            ([path], _, None) => Ok(path.parent().unwrap_or(Path::new(".")).to_owned()),
            (_, _, None) => Err(ReportError::NoFolder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        report: Report,
    }

    fn parse(line: &str) -> Result<Report, String> {
        let words = std::iter::once("report").chain(line.split(' '));
        Line::try_parse_from(words).map(|line| line.report).map_err(|error| error.to_string())
    }

    #[test]
    fn reports_go_beside_the_runs_own_or_where_it_is_said() {
        let folder = |line: &str, paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            parse(line).unwrap().folder(&paths).map_err(|error| error.to_string())
        };
        assert_eq!(folder("a --format junit", &["r/a/report.json"]), Ok("r/a".into()));
        assert_eq!(folder("a b --format html --out o", &["a", "b"]), Ok("o".into()));
        assert!(folder("a b --format html", &["a", "b"]).unwrap_err().contains("--out DIR"));
        let one = folder("a b --format csv,junit --out o", &["a", "b"]).unwrap_err();
        assert!(one.contains("--format junit shows one run, and 2 are given"), "{one}");
    }

    #[test]
    fn what_is_made_while_tests_run_is_not_made_later() {
        let error = parse("a --format text").unwrap_err();
        assert!(error.contains("`text` is made while the tests run; there are html, csv"), "{error}");
        assert!(parse("a --format pdf").unwrap_err().contains("there are html, csv"));
        assert!(parse("a").unwrap_err().contains("--format"));
    }
}
