//! A test target while it runs: watched by what it says, and ended by signals.

use crate::{Project, Run};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Child, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// One that runs, and what it says on standard error.
#[derive(Debug)]
pub struct Running {
    project: Project,
    child: Child,
    lines: Receiver<String>,
    stderr: String,
}

impl Running {
    /// Starts it with its arguments.
    ///
    /// # Panics
    ///
    /// When it does not build.
    pub fn start(project: Project, arguments: &[&str]) -> Self {
        let mut command = project.executable(arguments);
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("what was built runs");
        let (send, lines) = channel();
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Running { project, child, lines, stderr: String::new() }
    }

    /// Until it says so. Other perf tests of this machine may have to end first.
    ///
    /// # Panics
    ///
    /// When it ends, or five minutes do, without these words.
    pub fn wait_for(&mut self, words: &str) {
        let until = Instant::now() + Duration::from_mins(5);
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.stderr.extend([line.as_str(), "\n"]);
            if line.contains(words) {
                return;
            }
        }
        self.child.kill().ok();
        panic!("`{words}` is not in {}", self.stderr);
    }

    /// Sends it a signal.
    ///
    /// # Panics
    ///
    /// When it is gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a process that runs");
    }

    /// What it left when it ended. One that hears no signal would not end by itself: it is killed after a minute.
    ///
    /// # Panics
    ///
    /// When the system does not say how it ended.
    pub fn end(mut self) -> Run {
        let until = Instant::now() + Duration::from_mins(1);
        while self.child.try_wait().expect("a child").is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        let output = self.child.wait_with_output().expect("a child");
        self.stderr.extend(self.lines.iter().map(|line| line + "\n"));
        self.project.finished(&Output { stderr: self.stderr.into_bytes(), ..output })
    }
}
