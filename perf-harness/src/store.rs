//! The folder of a run: `report.json`, what is made of it, and `latest` that points at the newest one.
//!
//! Under nextest every test is a process of its own; all of them add to one report, one after the other. What is made of it
//! is made again at the end of each process, under the same lock.

use crate::github::Github;
use perf_core::files::write_atomically;
use perf_core::measure::environment::Environment;
use perf_core::report::format::{Choices, Format};
use perf_core::report::json::{self, Run};
use serde_json::Value;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// Where the reports of this run go.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    run_id: String,
    started: String,
    began: Instant,
    environment: Environment,
}

impl Store {
    /// The run is nextest's, or one of this process.
    pub(crate) fn open(root: PathBuf, environment: Environment) -> Self {
        let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let own = || format!("{}-{}", started.replace([':', '-'], ""), std::process::id());
        let run_id = std::env::var("NEXTEST_RUN_ID").ok().filter(|id| !id.is_empty()).unwrap_or_else(own);
        Store { root, run_id, started, began: Instant::now(), environment }
    }

    /// The folder of this run.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join(&self.run_id)
    }

    /// Names its folder.
    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// When it did, in UTC.
    pub(crate) fn started(&self) -> &str {
        &self.started
    }

    /// Adds a test to the run's report.
    pub(crate) fn add(&self, test: Value) -> io::Result<()> {
        let _lock = self.lock()?;
        let path = self.folder().join("report.json");
        let mut run = self.read(&path)?;
        run.add(test);
        run.duration_s = seconds_since(&run.started).unwrap_or_else(|| self.began.elapsed().as_secs_f64());
        let mut bytes = Vec::new();
        json::write(&run, &mut bytes)?;
        write_atomically(&path, &bytes)?;
        self.point_latest()
    }

    /// Makes the other reports of report.json while no other process adds to it; none where there is none. What cannot be
    /// written is said, and costs nothing else.
    pub(crate) fn derive(&self, formats: &[Format], choices: Choices, github: Option<&Github>) {
        let path = self.folder().join("report.json");
        if !path.is_file() {
            return;
        }
        let wrong = |what: &str, error: io::Error| eprintln!("[perf] no {what}: {error}");
        let (_lock, run) = match self.lock().and_then(|lock| Ok((lock, self.read(&path)?))) {
            Ok(both) => both,
            Err(error) => return wrong("reports but report.json", error),
        };
        for format in formats.iter().filter(|format| format.is_derived()) {
            let written = self.write(*format, &run, choices);
            written.unwrap_or_else(|error| wrong(&format!("{format} report"), error));
        }
        let summarised = github.map_or(Ok(()), |github| github.summarise(&run));
        summarised.unwrap_or_else(|error| wrong("summary of this step", error));
    }

    /// The files of a format beside report.json.
    fn write(&self, format: Format, run: &Run, choices: Choices) -> io::Result<()> {
        for (name, bytes) in format.write(std::slice::from_ref(run), choices)? {
            write_atomically(&self.folder().join(name), &bytes)?;
        }
        Ok(())
    }

    fn lock(&self) -> io::Result<File> {
        let folder = self.folder();
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join(".lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn read(&self, path: &Path) -> io::Result<Run> {
        match fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Run::new(&self.run_id, &self.started, &self.environment))
            }
            Err(error) => Err(error),
        }
    }

    #[cfg(unix)]
    fn point_latest(&self) -> io::Result<()> {
        let sibling = self.root.join(format!(".latest.{}.tmp", std::process::id()));
        fs::remove_file(&sibling).ok();
        std::os::unix::fs::symlink(&self.run_id, &sibling)?;
        fs::rename(&sibling, self.root.join("latest"))
    }

    /// Links need a privilege there; a file that names the folder does not.
    #[cfg(not(unix))]
    fn point_latest(&self) -> io::Result<()> {
        write_atomically(&self.root.join("latest"), self.run_id.as_bytes())
    }
}

fn seconds_since(started: &str) -> Option<f64> {
    let started = humantime::parse_rfc3339(started).ok()?;
    started.elapsed().ok().map(|elapsed| elapsed.as_secs_f64())
}
