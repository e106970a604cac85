//! Runs a perf target as a process of its own, the way cargo would.
//!
//! No cargo in between: that one dies at once of a signal to its group, and its exit status is not the target's.

use crate::build::Built;
use crate::cargo_env;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::process::ExitStatus;
use tokio::process::{Child, Command};

/// The target with its arguments, in its package's folder and environment; not started yet.
pub(crate) fn command(built: &Built, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(&built.executable);
    command.args(arguments).current_dir(&built.target.package_dir);
    command.envs(cargo_env::variables());
    command.env("CARGO_MANIFEST_DIR", &built.target.package_dir).env("CARGO_PKG_NAME", &built.target.package);
    command
}

/// Runs it to its end. A signal to this process is the target's, which ends in order and says with what.
pub(crate) fn run(mut command: Command) -> io::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { obey(command.spawn()?).await })
}

#[cfg(unix)]
async fn obey(mut child: Child) -> io::Result<ExitStatus> {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // A terminal sends Ctrl-C to both; the target would take a second one as a wish to leave at once.
    let is_sent_to_both =
        [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()].contains(&true);
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => if !is_sent_to_both { pass_on(&child, Signal::INT) },
            _ = terminate.recv() => pass_on(&child, Signal::TERM),
        }
    }
}

#[cfg(unix)]
fn pass_on(child: &Child, signal: rustix::process::Signal) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // It may have ended just now.
        rustix::process::kill_process(id, signal).ok();
    }
}

#[cfg(not(unix))]
async fn obey(mut child: Child) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            // The console has told the target too.
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// As a shell sees it: 128 and the signal's number where one ended it.
pub(crate) fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
