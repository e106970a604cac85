//! Runs a generator as a process of its own, and tells what it said and what it cost.

use crate::cpu::{UsageWho, spent};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(20);

/// A child that ended well.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its standard output.
    pub(crate) output: String,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The most memory it had resident; `None` where the system does not say.
    pub(crate) peak_bytes: Option<u64>,
}

/// Why a child is no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    /// There is no such program, or no process left.
    #[error("cannot be run: {0}")]
    Run(#[from] std::io::Error),
    /// It was ended from here.
    #[error("not done after {0:?}")]
    Late(Duration),
    /// It said so itself.
    #[error("{status}: {last_words}")]
    Failed {
        /// What it ended with.
        status: std::process::ExitStatus,
        /// The last line that is not empty.
        last_words: String,
    },
}

/// Waits for one child until it ends or the limit has passed. No other child may end meanwhile: the CPU time is that of all
/// children.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Ended, ChildError> {
    let before = spent(UsageWho::RUSAGE_CHILDREN)?;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (output, complaints) = (read(child.stdout.take()), read(child.stderr.take()));
    let (status, peak_bytes) = watch(&mut child, limit)?;
    let cpu = spent(UsageWho::RUSAGE_CHILDREN)?.saturating_sub(before);
    match status.success() {
        true => Ok(Ended { output: text(output), cpu, peak_bytes }),
        false => Err(ChildError::Failed { status, last_words: last_words(&text(complaints)) }),
    }
}

type Watched = (std::process::ExitStatus, Option<u64>);

fn watch(child: &mut Child, limit: Duration) -> Result<Watched, ChildError> {
    let (began, mut peak_bytes) = (Instant::now(), None);
    loop {
        // The peak only grows, and is gone with the process.
        peak_bytes = peak_of(child.id()).or(peak_bytes);
        if let Some(status) = child.try_wait()? {
            return Ok((status, peak_bytes));
        }
        if began.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Err(ChildError::Late(limit));
        }
        std::thread::sleep(LOOK);
    }
}

fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Beside the waiting: a full pipe would stop the child.
fn read(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came until it broke is all there is to tell.
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        bytes
    })
}

fn text(reader: JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned()
}

fn last_words(complaints: &str) -> String {
    let last = complaints.lines().rfind(|line| !line.trim().is_empty());
    last.map_or_else(|| "without a word".to_owned(), |line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Ended, ChildError> {
        run(Command::new("sh").args(["-c", script]), Duration::from_millis(300))
    }

    #[test]
    fn a_child_is_heard_and_given_up_in_time() {
        assert_eq!(shell("echo hello").unwrap().output, "hello\n");
        assert_eq!(shell("echo why >&2; exit 3").unwrap_err().to_string(), "exit status: 3: why");
        assert_eq!(shell("exec sleep 5").unwrap_err().to_string(), "not done after 300ms");
    }
}
