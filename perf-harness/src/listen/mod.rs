//! `--listen`: a run can be watched while it runs, by Prometheus (`/metrics`), by programs (`/events`) and by people (`/`).
//!
//! All of it happens on one thread of its own, behind queues that have an end: no load and no collector ever waits for who
//! reads. Whoever reads too slowly loses events, and is told how many. Nothing can be changed from outside.

mod answer;
mod events;
mod host;
mod hub;
mod metrics;
mod patient;
mod server;

use crate::about::About;
use hub::{Ended, Hub};
use perf_core::drive::control::Control;
use perf_core::drive::cpu;
use perf_core::judge::verdict::Verdict;
use perf_core::plan::Plan;
use perf_core::report::Report;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel as std_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

/// How long the end waits for answers that are under way.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How much longer than that the thread may take.
const MARGIN: Duration = Duration::from_millis(500);

/// The thread that answers.
pub(crate) struct Listener {
    address: SocketAddr,
    endings: mpsc::UnboundedSender<Option<Ended>>,
    is_over: Mutex<Receiver<()>>,
}

impl Listener {
    /// Answers from now on. The error says what to do.
    pub(crate) fn open(address: SocketAddr, about: &About, live: &Control) -> Result<Self, String> {
        Listener::start(address, about, live).map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    "; another process listens there: choose another port, or 0 for any free one"
                }
                _ => "",
            };
            format!("--listen {address}: {error}{advice}")
        })
    }

    fn start(address: SocketAddr, about: &About, live: &Control) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let hub = Arc::new(Hub::of(about));
        let ((endings, ended), (over, is_over)) = (mpsc::unbounded_channel(), std_channel());
        let news = live.news();
        let answer = move || {
            cpu::this_thread_is_ours();
            serve(&runtime, listener, address, &hub, news, ended);
            // A connection that hangs is not waited for.
            runtime.shutdown_background();
            over.send(()).ok();
        };
        thread::Builder::new().name("perf-listen".to_owned()).spawn(answer)?;
        Ok(Listener { address, endings, is_over: Mutex::new(is_over) })
    }

    /// The one that was asked for, with the port that it got.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A test is over.
    pub(crate) fn ended(&self, report: &Report) {
        let Report { plan, judgement, sessions, .. } = report;
        let totals = sessions.first().map(|session| session.summary.totals());
        let reasons = judgement.reasons.clone();
        self.tell(Ended { test: plan.name.clone(), verdict: judgement.verdict, reasons, totals });
    }

    /// A test is over, and has no numbers.
    pub(crate) fn ended_without_numbers(&self, plan: &Plan, verdict: Verdict, reason: &str) {
        let reasons = vec![reason.to_owned()];
        self.tell(Ended { test: plan.name.clone(), verdict, reasons, totals: None });
    }

    fn tell(&self, ended: Ended) {
        // The thread lives as long as this.
        self.endings.send(Some(ended)).ok();
    }

    /// Tells everybody that it is over; answers that are under way may finish.
    pub(crate) fn close(&self) {
        self.endings.send(None).ok();
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        is_over.recv_timeout(LAST_WORDS + MARGIN).ok();
    }
}

fn serve(
    runtime: &Runtime,
    listener: TcpListener,
    address: SocketAddr,
    hub: &Arc<Hub>,
    news: tokio::sync::broadcast::Receiver<perf_core::drive::snapshot::News>,
    ended: mpsc::UnboundedReceiver<Option<Ended>>,
) {
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        let open = server::Open::of(listener, address, hub.clone());
        hub.follow(news, ended).await;
        open.close(LAST_WORDS).await;
    });
}

#[cfg(test)]
mod tests;
