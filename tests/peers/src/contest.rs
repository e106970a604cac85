//! Lets the peers run one after the other against one server, round after round.

use crate::child::{self, ChildError};
use crate::cores::Cores;
use crate::count::Count;
use crate::entry::{Entry, Round};
use crate::load::{LENGTH, Load};
use crate::peers::{Kind, Peer, Said};
use anyhow::Context;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a peer may take in all: its load, and as long again for coming and going.
const LIMIT: Duration = Duration::from_secs(2 * LENGTH.as_secs() + 2);

/// A server that runs, and where generators are put.
pub(crate) struct Contest {
    program: String,
    cores: Cores,
    server: SocketAddr,
    process: Child,
}

impl Drop for Contest {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // which ends it
        self.process.wait().ok();
    }
}

impl Contest {
    /// Starts the server.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let cores = Cores::find();
        let mut command = cores.server(&program);
        let mut process = command
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the server")?;
        let mut line = String::new();
        let output = process.stdout.take().context("the server's output")?;
        BufReader::new(output).read_line(&mut line)?;
        let server = line.trim().parse().context("the server's address")?;
        Ok(Contest { program, cores, server, process })
    }

    /// Every peer offers every load that it can, as often as asked. In each round all have their turn, every other round
    /// in reverse, so that a machine that gets slower harms nobody in particular.
    pub(crate) fn hold<'a>(&self, peers: &[&'a Peer], repeats: u32) -> anyhow::Result<Vec<Entry<'a>>> {
        let mut entries: Vec<_> = [Load::Closed, Load::Open]
            .into_iter()
            .flat_map(|load| peers.iter().map(move |peer| Entry::of(peer, load)))
            .collect();
        for repeat in 0..repeats {
            let turns: &mut dyn Iterator<Item = &mut Entry<'a>> = match repeat % 2 {
                0 => &mut entries.iter_mut(),
                _ => &mut entries.iter_mut().rev(),
            };
            for entry in turns.filter(|entry| entry.peer.refusal(entry.load).is_none()) {
                eprintln!("round {} of {repeats}: {}, {}", repeat + 1, entry.peer.name, entry.load.name());
                let round = self.round(entry.peer, entry.load)?;
                entry.rounds.push(round.map_err(|error| error.to_string()));
            }
        }
        Ok(entries)
    }

    /// Only a server that does not answer ends the contest.
    fn round(&self, peer: &Peer, load: Load) -> anyhow::Result<Result<Round, ChildError>> {
        Count::take(self.server)?;
        let ended = child::run(&mut self.command(peer, load), LIMIT);
        let count = Count::take(self.server)?;
        Ok(ended.map(|ended| {
            let said = match peer.kind {
                Kind::Library(_) => Said::last_of(&ended.output),
                Kind::Program { read, .. } => read(&ended.output),
            };
            Round { count, cpu: ended.cpu, peak_bytes: ended.peak_bytes, said }
        }))
    }

    fn command(&self, peer: &Peer, load: Load) -> Command {
        let url = format!("http://{}/", self.server);
        match peer.kind {
            Kind::Library(_) => {
                let mut command = self.cores.generator(&self.program);
                command.args(["run", peer.name, load.name(), &url]);
                command
            }
            Kind::Program { arguments, .. } => {
                let mut command = self.cores.generator(peer.name);
                command.args(arguments(load)).arg(url);
                command
            }
        }
    }
}
