//! A run that is there already, by whatever people call it.

use perf_core::report::json::Run;
use std::path::{Path, PathBuf};

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("no run `{0}`: write a run's id, `latest`, its folder or a report.json; {1} holds no such run")]
    NoRun(String, String),
    #[error("{}: {reason}", path.display())]
    Report { path: PathBuf, reason: String },
}

/// The file that is meant by an id, `latest`, a folder or a file.
pub(crate) fn find(run: &str, reports: &Path) -> Result<PathBuf, RunError> {
    let within = |folder: PathBuf| Some(folder.join("report.json")).filter(|path| path.is_file());
    let given = PathBuf::from(run);
    // Where links need a privilege, `latest` is a file that names the folder.
    let named = || std::fs::read_to_string(reports.join(run)).ok().map(|name| reports.join(name.trim()));
    let is_report = given.is_file() && given.extension().is_some_and(|extension| extension == "json");
    let found = if is_report { Some(given.clone()) } else { within(given) };
    found
        .or_else(|| within(reports.join(run)))
        .or_else(|| within(named()?))
        .ok_or_else(|| RunError::NoRun(run.to_owned(), reports.display().to_string()))
}

/// What it holds.
pub(crate) fn read(path: &Path) -> Result<Run, RunError> {
    let wrong = |reason: String| RunError::Report { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    Run::parse(&text).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_id_latest_folder_or_file() {
        let reports = tempfile::tempdir().unwrap();
        let folder = reports.path().join("20261125T0904Z-71");
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("report.json");
        std::fs::write(&file, "{}").unwrap();
        std::fs::write(reports.path().join("latest"), "20261125T0904Z-71\n").unwrap();
        for run in ["20261125T0904Z-71", "latest", folder.to_str().unwrap(), file.to_str().unwrap()] {
            assert_eq!(find(run, reports.path()).unwrap(), file, "{run}");
        }
        let error = find("yesterday", reports.path()).unwrap_err().to_string();
        assert!(error.starts_with("no run `yesterday`: write a run's id, `latest`"), "{error}");
        assert!(read(&file).unwrap_err().to_string().contains("report.json: missing field"));
    }
}
