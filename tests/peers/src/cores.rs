//! Keeps the server and a generator out of each other's way: each gets a core of its own, where there are two.

use std::process::{Command, Stdio};

const SERVER: &str = "0";
const GENERATOR: &str = "1";

/// Whether processes are bound to cores.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cores {
    /// Server and generator have one each.
    Apart,
    /// `taskset` or a second core is missing.
    Shared,
}

impl Cores {
    /// Tries it.
    pub(crate) fn find() -> Self {
        let mut trial = bound(&format!("{SERVER},{GENERATOR}"), "true");
        match trial.stderr(Stdio::null()).status() {
            Ok(status) if status.success() => Cores::Apart,
            _ => Cores::Shared,
        }
    }

    /// A command on the server's core.
    pub(crate) fn server(self, program: &str) -> Command {
        self.command(SERVER, program)
    }

    /// A command on the generator's core.
    pub(crate) fn generator(self, program: &str) -> Command {
        self.command(GENERATOR, program)
    }

    fn command(self, core: &str, program: &str) -> Command {
        match self {
            Cores::Apart => bound(core, program),
            Cores::Shared => Command::new(program),
        }
    }
}

/// `taskset` becomes the program: the process is the same.
fn bound(cores: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores, program]);
    command
}
