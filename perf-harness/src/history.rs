//! The history file: every run appends a line for each of its tests, from as many processes as there are.
//!
//! A line is one write, under a lock of the file. What an earlier process left unfinished stays as it is, on a line of its
//! own, and is left out when the file is read.

use perf_core::analyze::findings::Finding;
use perf_core::report::history::{self, Entry};
use perf_core::report::series;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// More of a file is not read: some twenty thousand lines, the newest.
const MOST_BYTES: u64 = 8 << 20;

/// Where lines go, and what was there before this process.
#[derive(Debug, Default)]
pub(crate) struct History {
    path: Option<PathBuf>,
    past: Vec<Entry>,
}

impl History {
    /// `wanted` is a path, or `off`; without it the file is in the folder of reports. What cannot be read is said, and costs
    /// no run.
    pub(crate) fn open(wanted: Option<&Path>, reports: &Path) -> Self {
        let path = match wanted {
            Some(off) if off == Path::new("off") => return History::default(),
            Some(path) => path.to_owned(),
            None => reports.join("history.jsonl"),
        };
        let (past, unreadable) = match newest(&path) {
            Ok(bytes) => history::read(&bytes),
            Err(error) => {
                eprintln!("[perf] history {}: {error}", path.display());
                Default::default()
            }
        };
        if let Some(first) = unreadable.first() {
            let count = unreadable.len();
            eprintln!("[perf] history {}: {count} unreadable; {first}", path.display());
        }
        History { path: Some(path), past }
    }

    /// What a run and those before it show that no comparison does.
    pub(crate) fn creeps(&self, now: &Entry) -> Vec<Finding> {
        series::creeps(&self.past, now)
    }

    /// Adds a line; says so where it cannot.
    pub(crate) fn append(&self, entry: &Entry) {
        let Some(path) = &self.path else {
            return;
        };
        if let Err(error) = append(path, &entry.to_line()) {
            eprintln!("[perf] history {}: {error}; this run is not in it", path.display());
        }
    }
}

/// Of a file that others may be writing to; nothing where there is none.
fn newest(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    file.lock_shared()?;
    let surplus = file.metadata()?.len().saturating_sub(MOST_BYTES);
    file.seek(SeekFrom::Start(surplus))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if surplus > 0 {
        // It begins within a line.
        let whole = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        bytes.drain(..whole);
    }
    Ok(bytes)
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::options().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    let torn = if ends_within_a_line(&mut file)? { "\n" } else { "" };
    file.write_all(format!("{torn}{line}").as_bytes())
}

fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn lines_of_many_writers_stay_whole() {
        let folder = folder();
        let path = folder.path().join("not/yet/history.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                let line = format!("{}\n", writer.to_string().repeat(2000));
                scope.spawn(move || (0..25).for_each(|_| append(path, &line).unwrap()));
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 200);
        assert!(text.lines().all(|line| line.len() == 2000 && line.chars().all(|c| line.starts_with(c))));
    }

    #[test]
    fn a_torn_line_is_kept_and_the_next_one_begins_anew() {
        let folder = folder();
        let path = folder.path().join("history.jsonl");
        std::fs::write(&path, "{\"schema\":\"perf-hi").unwrap();
        append(&path, "next\n").unwrap();
        append(&path, "last\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"schema\":\"perf-hi\nnext\nlast\n");
    }

    #[test]
    fn of_a_long_file_the_newest_whole_lines_are_read() {
        let folder = folder();
        let path = folder.path().join("history.jsonl");
        let line = "x".repeat(999) + "\n";
        std::fs::write(&path, line.repeat(10_000)).unwrap();
        let bytes = newest(&path).unwrap();
        assert!(bytes.len() as u64 <= MOST_BYTES && bytes.len().is_multiple_of(1000), "{}", bytes.len());
        assert!(bytes.len() as u64 > MOST_BYTES - 1000);
        assert!(newest(&folder.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn off_writes_nothing() {
        let folder = folder();
        let history = History::open(Some(Path::new("off")), folder.path());
        assert_eq!(history.path, None);
        let beside = History::open(None, folder.path());
        assert_eq!(beside.path, Some(folder.path().join("history.jsonl")));
    }
}
