//! This test target as one side of `cargo perf-test compare`: what it can run, and one block at a conductor's orders.
//!
//! Orders and answers go through a connection, so that the test function may print what it likes.

use crate::trial::{Entry, PerfTrial};
use libtest_mimic::Arguments;
use perf_core::drive::control::Control;
use perf_core::drive::cpu;
use perf_core::interleave::wire::{Answer, Catalogue, Listed, Order, PROTOCOL};
use perf_core::interleave::{self, Conduct};
use perf_core::measure::Signal;
use perf_core::plan::Plan;
use perf_core::plan::spec::Overrides;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long a side may take to tear down after its conductor went away.
const LONGEST_LEAVE: Duration = Duration::from_secs(10);

/// What there is to know of every test, one line of JSON on standard output.
pub(crate) fn describe(trials: &[PerfTrial], plans: &[Vec<Plan>]) -> io::Result<()> {
    let listed = trials.iter().zip(plans).map(|(trial, plans)| {
        let has_setup = trial.members.iter().all(|member| member.registration.test.setup.is_some());
        Listed::of(&trial.name, plans, trial.is_ignored(&Arguments::default()), has_setup)
    });
    let catalogue = Catalogue {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tests: listed.collect(),
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &catalogue)?;
    writeln!(out)
}

/// Plays one block of a test; what went wrong is the conductor's to tell.
pub(crate) fn side(
    address: SocketAddr,
    entry: &Entry,
    target: &str,
    flags: &Overrides,
    live: &Control,
) -> io::Result<()> {
    let mut conductor = Conductor::meet(address, live)?;
    let Some(Order::Begin(tempo)) = conductor.next() else {
        return Ok(());
    };
    let last = match interleave::plan(&entry.name, target, &entry.spec, flags, &tempo) {
        Ok(plan) => interleave::play(&plan, &entry.registration.test, live, &mut conductor)
            .unwrap_or_else(|error| interleave::failure(&error)),
        Err(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Answer::Failed { reason: mistakes.join("; "), is_address_taken: false }
        }
    };
    conductor.tell(&last);
    Ok(())
}

/// The command at the other end of the connection.
struct Conductor {
    orders: Receiver<Order>,
    answers: TcpStream,
}

impl Conductor {
    fn meet(address: SocketAddr, live: &Control) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let (send, orders) = channel();
        let (lines, live) = (BufReader::new(stream.try_clone()?), live.clone());
        let listen = move || {
            cpu::this_thread_is_ours();
            for line in lines.lines() {
                let order = line.ok().and_then(|line| serde_json::from_str(&line).ok());
                // Nobody listens any more when the block is over.
                let Some(()) = order.and_then(|order| send.send(order).ok()) else { break };
            }
            drop(send);
            leave(&live);
        };
        thread::Builder::new().name("perf-conductor".to_owned()).spawn(listen)?;
        let mut conductor = Conductor { orders, answers: stream };
        conductor.tell(&Answer::Hello { pid: std::process::id() });
        Ok(conductor)
    }
}

/// The conductor is gone: ends in order where that is possible, and in any case.
fn leave(live: &Control) {
    live.stop(Signal::Terminate);
    thread::sleep(LONGEST_LEAVE);
    std::process::exit(Signal::Terminate.exit_code().into());
}

impl Conduct for Conductor {
    fn next(&mut self) -> Option<Order> {
        self.orders.recv().ok()
    }

    fn tell(&mut self, answer: &Answer) {
        let mut line = serde_json::to_vec(answer).unwrap_or_default();
        line.push(b'\n');
        // One who went away is noticed by the thread that waits for the next order.
        self.answers.write_all(&line).ok();
    }
}
