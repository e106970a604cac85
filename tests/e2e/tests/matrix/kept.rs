//! What was found so far: hours of load can be had in several pieces.

use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file of results that outlives this process, and how long this one may add to it.
pub(crate) struct Kept {
    path: PathBuf,
    began: Instant,
    minutes: u64,
}

impl Kept {
    /// Beside what cargo built.
    pub(crate) fn in_file(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix");
        fs::create_dir_all(&folder).unwrap();
        let minutes = super::count("MATRIX_MINUTES", "1000") as u64;
        Kept { path: folder.join(name), began: Instant::now(), minutes }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }

    pub(crate) fn has_time(&self) -> bool {
        self.began.elapsed() < Duration::from_mins(self.minutes)
    }

    /// What was kept under this key, in order.
    pub(crate) fn like(&self, key: &Value) -> Vec<Value> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
        lines.filter(|line| line["key"] == *key).map(|mut line| line["found"].take()).collect()
    }

    pub(crate) fn keep(&self, key: &Value, found: &Value) {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path).unwrap();
        writeln!(file, "{}", json!({"key": key, "found": found})).unwrap();
    }
}
