//! One side's process during a block: started, given orders, waited for, and never left behind.

use super::trouble::Trouble;
use crate::build::Built;
use crate::process;
use perf_core::drive::control::Control;
use perf_core::interleave::coins::Who;
use perf_core::interleave::wire::{Answer, Order};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// From the start of a process to its first word.
const LONGEST_START: Duration = Duration::from_mins(1);
/// What an ended side may need to tear down: longer than it allows itself.
const LONGEST_LEAVE: Duration = Duration::from_secs(12);
const LOOK_AROUND: Duration = Duration::from_millis(20);
const LAST_WORDS: usize = 6;
const MOST_READ: u64 = 8 * 1024;

/// A side whose process runs.
pub(crate) struct Player {
    who: Who,
    child: Child,
    orders: TcpStream,
    answers: Receiver<Answer>,
    log: PathBuf,
}

impl Player {
    /// Starts the process and waits for its first word. What it prints goes to a file of the side's own.
    pub(crate) fn launch(
        who: Who,
        built: &Built,
        test: &str,
        folder: &Path,
        live: &Control,
    ) -> Result<Self, Trouble> {
        let wrong = |error| Trouble::Start { who, error };
        let log = folder.join(format!("{}.log", who.name()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        let mut child = start(built, test, address, &log).map_err(wrong)?;
        match meet(&listener, who, &mut child, &log, live) {
            Ok(stream) => Player::of(who, child, stream, log).map_err(wrong),
            Err(trouble) => {
                end(&mut child, Duration::ZERO);
                Err(trouble)
            }
        }
    }

    fn of(who: Who, child: Child, stream: TcpStream, log: PathBuf) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        let (send, answers) = channel();
        let lines = BufReader::new(stream.try_clone()?);
        let listen = move || {
            for line in lines.lines() {
                let answer = line.ok().and_then(|line| serde_json::from_str(&line).ok());
                let Some(()) = answer.and_then(|answer| send.send(answer).ok()) else { return };
            }
        };
        thread::Builder::new().name(format!("perf-{}", who.name())).spawn(listen)?;
        let mut player = Player { who, child, orders: stream, answers, log };
        let pid = player.child.id();
        match player.answers.recv_timeout(LONGEST_START) {
            Ok(Answer::Hello { pid: theirs }) if theirs == pid => Ok(player),
            _ => {
                end(&mut player.child, Duration::ZERO);
                Err(io::Error::other("somebody else answered in its place"))
            }
        }
    }

    /// Gives an order and waits for what comes of it. Answers without numbers are trouble.
    pub(crate) fn play(
        &mut self,
        order: Order,
        longest: Option<Duration>,
        live: &Control,
    ) -> Result<Answer, Trouble> {
        let mut said = serde_json::to_vec(&order).unwrap_or_default();
        said.push(b'\n');
        // A process that has ended is noticed below.
        self.orders.write_all(&said).ok();
        let began = Instant::now();
        loop {
            let answer = self.answers.recv_timeout(LOOK_AROUND);
            // Some consoles tell the side, too, which then says that it was told to end.
            if let Some(signal) = live.signal() {
                return Err(Trouble::Interrupted(signal));
            }
            match answer {
                Ok(Answer::Failed { reason, is_address_taken: false }) => {
                    return Err(Trouble::Failed { who: self.who, reason });
                }
                Ok(Answer::Failed { reason, is_address_taken: true }) => {
                    return Err(Trouble::AddressTaken { who: self.who, reason });
                }
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let waited = began.elapsed();
            if longest.is_some_and(|longest| waited > longest) {
                return Err(Trouble::Silent { who: self.who, waited, said: last_words(&self.log) });
            }
        }
    }

    fn ended(&mut self) -> Trouble {
        end(&mut self.child, LONGEST_LEAVE);
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        Trouble::Ended { who: self.who, status, said: last_words(&self.log) }
    }
}

impl Drop for Player {
    /// Nobody conducts any more: the side tears down and ends.
    fn drop(&mut self) {
        self.orders.shutdown(Shutdown::Both).ok();
        end(&mut self.child, LONGEST_LEAVE);
    }
}

fn start(built: &Built, test: &str, conductor: SocketAddr, log: &Path) -> io::Result<Child> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let printed = File::options().create(true).append(true).open(log)?;
    let conductor = conductor.to_string();
    let mut command = process::command(built, ["--exact", test, "--interleaved", &conductor]).into_std();
    command.stdin(Stdio::null()).stdout(printed.try_clone()?).stderr(printed);
    // Ctrl-C in a terminal is for the command, which lets its sides end in order.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// The connection of the process; it may end before it makes one.
fn meet(
    listener: &TcpListener,
    who: Who,
    child: &mut Child,
    log: &Path,
    live: &Control,
) -> Result<TcpStream, Trouble> {
    let wrong = |error| Trouble::Start { who, error };
    listener.set_nonblocking(true).map_err(wrong)?;
    let began = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(wrong(error)),
        }
        if let Some(status) = child.try_wait().map_err(wrong)? {
            return Err(Trouble::Ended { who, status: status.to_string(), said: last_words(log) });
        }
        if let Some(signal) = live.signal() {
            return Err(Trouble::Interrupted(signal));
        }
        if began.elapsed() > LONGEST_START {
            return Err(Trouble::Silent { who, waited: began.elapsed(), said: last_words(log) });
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits for its end, and brings it about when that takes too long.
fn end(child: &mut Child, patience: Duration) {
    let began = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if began.elapsed() >= patience {
            child.kill().ok();
            child.wait().ok();
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The last lines of what it printed.
fn last_words(log: &Path) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MOST_READ)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("head.log");
        assert_eq!(last_words(&log), "");
        let lines: Vec<String> = (0..20).map(|line| format!("line {line}\n\n")).collect();
        fs::write(&log, lines.concat()).unwrap();
        assert_eq!(last_words(&log), "line 14\nline 15\nline 16\nline 17\nline 18\nline 19");
    }
}
