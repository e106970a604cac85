//! Runs a command with an alert on its standard input.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// Then it is killed.
const LIMIT: Duration = Duration::from_secs(10);

/// What it writes goes to standard error: standard output is libtest's.
pub(super) async fn tell(words: &[String], message: &str) -> Result<(), String> {
    let [program, arguments @ ..] = words else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(io::stderr()).kill_on_drop(true);
    match timeout(LIMIT, run(command, message)).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("`{program}` ended with {status}")),
        Ok(Err(error)) => Err(format!("`{program}` cannot be run: {error}")),
        Err(_) => Err(format!("`{program}` was killed: it ran longer than {} s", LIMIT.as_secs())),
    }
}

async fn run(mut command: Command, message: &str) -> io::Result<ExitStatus> {
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that reads nothing may close it.
        input.write_all(format!("{message}\n").as_bytes()).await.ok();
    }
    child.wait().await
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn tell_to(words: &[&str]) -> Result<(), String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(tell(&words, "{\"kind\":\"lost\"}"))
    }

    #[test]
    fn a_command_reads_the_message_as_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("told");
        let script = format!("cat >> {}", path.display());
        tell_to(&["sh", "-c", &script]).unwrap();
        tell_to(&["sh", "-c", &script]).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"kind\":\"lost\"}\n".repeat(2));
    }

    #[test]
    fn one_that_reads_nothing_is_told_all_the_same_and_one_that_fails_is_not() {
        assert_eq!(tell_to(&["true"]), Ok(()));
        assert_eq!(tell_to(&["false"]).unwrap_err(), "`false` ended with exit status: 1");
        let missing = tell_to(&["/no/such/program"]).unwrap_err();
        assert!(missing.starts_with("`/no/such/program` cannot be run: "), "{missing}");
    }
}
