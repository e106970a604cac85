//! A target in a process of its own, which can be killed as a process is.

use crate::Counts;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A process that serves; it dies with this.
#[derive(Debug)]
pub struct Elsewhere {
    /// Where it listens.
    pub url: String,
    /// Its process.
    pub pid: u32,
    child: Mutex<Child>,
    counts: PathBuf,
}

impl Elsewhere {
    /// Starts the program `server` of this package, which answers after this long.
    pub fn start(program: &str, wait: Duration) -> io::Result<Self> {
        let counts = std::env::temp_dir().join(format!("perf-counts-{}-{:p}", std::process::id(), &wait));
        std::fs::write(&counts, "")?;
        let mut command = Command::new(program);
        command.arg(&counts).arg(wait.as_millis().to_string()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut url = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut url)?;
        }
        Ok(Elsewhere { url: url.trim().to_owned(), pid: child.id(), child: Mutex::new(child), counts })
    }

    /// Ends it at once, by SIGKILL where there are signals.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill().ok();
        child.wait().ok();
    }

    /// What it saw.
    pub fn counts(&self) -> io::Result<Counts> {
        Counts::of(&self.counts)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.kill();
        std::fs::remove_file(&self.counts).ok();
    }
}
