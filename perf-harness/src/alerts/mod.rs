//! Tells whoever perf.toml names of alerts: on the terminal, at a webhook, by a command.
//!
//! All of it happens on one thread of its own, behind queues that have an end, so that no load and no collector ever waits
//! for anybody who does not listen. What could not be told is said, and fails no test.

mod channel;
mod command;
#[cfg(feature = "http")]
mod webhook;
#[cfg(not(feature = "http"))]
#[path = "no_webhook.rs"]
mod webhook;

use crate::progress;
use channel::{Channel, Route};
use perf_core::drive::control::Control;
use perf_core::drive::cpu;
use perf_core::measure::alert::Alert;
use perf_core::plan::config::{self, ConfigMistake};
use perf_core::report::alert;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel as std_channel};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use webhook::Webhook;

/// So many alerts wait; what comes on top of them is counted, and lost.
const MOST_WAITING: usize = 64;
/// How much longer than asked for the thread may take to end.
const MARGIN: Duration = Duration::from_secs(1);

/// The thread that tells.
pub(crate) struct Alerts {
    closing: oneshot::Sender<Duration>,
    is_over: Receiver<()>,
}

/// A mistake in perf.toml that only this build knows of.
pub(crate) fn mistake(wanted: &config::Alerts) -> Option<ConfigMistake> {
    let webhook = wanted.webhook.as_ref()?;
    Webhook::at(&webhook.text).err().map(|why| webhook.mistake(format!("`webhook`: {why}")))
}

impl Alerts {
    /// Hears of everything that is raised from now on.
    pub(crate) fn open(wanted: &config::Alerts, run_id: &str, live: &Control) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .on_thread_start(cpu::this_thread_is_ours)
            .build()?;
        let (send, raised) = mpsc::channel(MOST_WAITING);
        let unheard = Arc::<AtomicU64>::default();
        let clerk = Clerk { channels: channels(wanted), run_id: run_id.to_owned(), unheard: unheard.clone() };
        let ((closing, closed), (over, is_over)) = (oneshot::channel(), std_channel());
        let tell = move || {
            cpu::this_thread_is_ours();
            clerk.tell(runtime, raised, closed);
            // Whoever waited for it may have gone.
            over.send(()).ok();
        };
        thread::Builder::new().name("perf-alerts".to_owned()).spawn(tell)?;
        live.hear_alerts(move |alert| {
            if send.try_send(alert.clone()).is_err() {
                unheard.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Alerts { closing, is_over })
    }

    /// Waits at most so long for what is still on its way.
    pub(crate) fn close(self, within: Duration) {
        self.closing.send(within).ok();
        self.is_over.recv_timeout(within + MARGIN).ok();
    }
}

fn channels(wanted: &config::Alerts) -> Vec<Channel> {
    let webhook = wanted.webhook.as_ref().and_then(|webhook| Webhook::at(&webhook.text).ok());
    let command = wanted.command.clone();
    webhook.map(Channel::Webhook).into_iter().chain(command.map(Channel::Command)).collect()
}

/// What the thread does.
struct Clerk {
    channels: Vec<Channel>,
    run_id: String,
    /// How many alerts did not fit into the queue.
    unheard: Arc<AtomicU64>,
}

impl Clerk {
    fn tell(self, runtime: Runtime, raised: mpsc::Receiver<Alert>, closed: oneshot::Receiver<Duration>) {
        runtime.block_on(async {
            let mut routes: Vec<Route> = self.channels.into_iter().map(Route::open).collect();
            let within = forward(&self.run_id, raised, closed, &routes).await;
            routes.iter_mut().for_each(Route::close);
            let all_told = async {
                for route in &mut routes {
                    route.end().await;
                }
            };
            // What is not told by then is counted as such.
            tokio::time::timeout(within, all_told).await.ok();
            let unheard = self.unheard.load(Ordering::Relaxed);
            routes.iter().filter_map(|route| route.shortfall(unheard)).for_each(|said| say(&said));
            if unheard > 0 && routes.is_empty() {
                say(&format!("{unheard} alerts more were raised than could be told"));
            }
        });
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
    }
}

/// Shows what is raised and hands it on, until there will be no more; says how long the rest may take.
async fn forward(
    run_id: &str,
    mut raised: mpsc::Receiver<Alert>,
    mut closed: oneshot::Receiver<Duration>,
    routes: &[Route],
) -> Duration {
    loop {
        tokio::select! {
            biased;
            Some(alert) = raised.recv() => {
                say(&format!("alert: {alert}"));
                let message = alert::message(&alert, run_id).to_string();
                routes.iter().for_each(|route| route.send(message.clone()));
            }
            within = &mut closed => return within.unwrap_or_default(),
        }
    }
}

/// One line on standard error. A reader that went away is no reason to stop.
fn say(line: &str) {
    progress::beside(|| drop(writeln!(io::stderr().lock(), "[perf] {line}")));
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use perf_core::measure::alert::AlertKind;
    use std::time::Instant;

    fn alert() -> Alert {
        let message = "errors < 1% is going to be missed".to_owned();
        Alert::now(AlertKind::Lost, "login", "perf", message)
    }

    #[test]
    fn who_raises_alerts_never_waits_for_who_is_told_and_the_end_waits_no_longer_than_asked() {
        let command = ["sleep", "60"].map(str::to_owned).to_vec();
        let wanted = config::Alerts { command: Some(command), ..config::Alerts::default() };
        let (live, began) = (Control::default(), Instant::now());
        let alerts = Alerts::open(&wanted, "run", &live).unwrap();
        for _ in 0..2 * MOST_WAITING {
            live.alert(&alert());
        }
        alerts.close(Duration::from_millis(200));
        assert!(began.elapsed() < Duration::from_secs(10), "the first command alone may take ten");
    }

    #[test]
    fn what_was_raised_last_is_told_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("told");
        let script = format!("cat >> '{}'", path.display());
        let command = ["sh", "-c", &script].map(str::to_owned).to_vec();
        let wanted = config::Alerts { command: Some(command), ..config::Alerts::default() };
        let live = Control::default();
        let alerts = Alerts::open(&wanted, "run", &live).unwrap();
        (0..5).for_each(|_| live.alert(&alert()));
        alerts.close(Duration::from_secs(30));
        assert_eq!(std::fs::read_to_string(path).unwrap().matches("\"run_id\":\"run\"").count(), 5);
    }
}
