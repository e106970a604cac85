//! One perf test at a time on a machine, for one user of it: across test targets, and across nextest's processes.

use perf_core::drive::control::Control;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(20);

/// Held while a perf test runs. The kernel lets go of it when the process dies.
#[derive(Debug)]
pub struct MachineLock {
    _file: File,
}

fn path() -> PathBuf {
    #[cfg(unix)]
    let user = rustix::process::getuid().as_raw().to_string();
    #[cfg(not(unix))]
    let user = std::env::var("USERNAME").unwrap_or_default();
    std::env::temp_dir().join(format!("perf-harness-{user}.lock"))
}

/// Waits for it, and says so; `None` when the run is to end before that.
pub fn acquire(live: &Control) -> io::Result<Option<MachineLock>> {
    let path = path();
    // Reading suffices for a lock; a file that exists need not be created.
    let file = File::open(&path).or_else(|_| File::options().create(true).append(true).open(&path))?;
    let mut has_told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(MachineLock { _file: file })),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if live.signal().is_some() => return Ok(None),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut has_told, true) {
                    eprintln!("[perf] waiting: another perf test is running on this machine");
                }
                std::thread::sleep(POLL);
            }
        }
    }
}
