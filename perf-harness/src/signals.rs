//! Ctrl-C and SIGTERM: the first one ends the run in order, the second one at once.

use perf_core::drive::control::Control;
use perf_core::drive::cpu;
use perf_core::measure::Signal;
use std::thread;

/// Listens for as long as the process lives.
pub fn listen(live: Control) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _inside = runtime.enter();
        Signals::register()?
    };
    let body = move || {
        cpu::this_thread_is_ours();
        runtime.block_on(obey(signals, live));
    };
    thread::Builder::new().name("perf-signals".to_owned()).spawn(body).map(drop)
}

async fn obey(mut signals: Signals, live: Control) {
    loop {
        let signal = signals.next().await;
        if live.signal().is_some() {
            std::process::exit(signal.exit_code().into());
        }
        eprintln!("[perf] {}: finishing what is in flight; once more to leave at once", signal.name());
        live.stop(signal);
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn register() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn register() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) -> Signal {
        // Where it cannot be listened for, it ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
