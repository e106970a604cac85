//! One way out for alerts, with a queue of its own: they are told one after the other, in order.

use super::webhook::Webhook;
use super::{MOST_WAITING, command, say};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Where alerts go, besides the terminal.
pub(super) enum Channel {
    Webhook(Webhook),
    /// A program and its arguments.
    Command(Vec<String>),
}

impl Channel {
    fn name(&self) -> &'static str {
        match self {
            Channel::Webhook(_) => "webhook",
            Channel::Command(_) => "command",
        }
    }

    /// Says why it could not.
    async fn tell(&self, message: String) -> Result<(), String> {
        match self {
            Channel::Webhook(webhook) => webhook.tell(message).await,
            Channel::Command(words) => command::tell(words, &message).await,
        }
    }
}

/// A channel at work.
pub(super) struct Route {
    name: &'static str,
    queue: Option<mpsc::Sender<String>>,
    task: JoinHandle<()>,
    handed: AtomicU64,
    told: Arc<AtomicU64>,
}

impl Route {
    pub(super) fn open(channel: Channel) -> Self {
        let (queue, messages) = mpsc::channel(MOST_WAITING);
        let (name, told) = (channel.name(), Arc::<AtomicU64>::default());
        let task = tokio::spawn(serve(channel, messages, told.clone()));
        Route { name, queue: Some(queue), task, handed: AtomicU64::new(0), told }
    }

    /// Never waits: what does not fit into the queue is not told.
    pub(super) fn send(&self, message: String) {
        self.handed.fetch_add(1, Ordering::Relaxed);
        if let Some(queue) = &self.queue {
            // It counts as handed, and not as told.
            queue.try_send(message).ok();
        }
    }

    /// There will be no more.
    pub(super) fn close(&mut self) {
        self.queue = None;
    }

    /// Once everything is told.
    pub(super) async fn end(&mut self) {
        (&mut self.task).await.ok();
    }

    /// What is to be said of those that were not told, besides these.
    pub(super) fn shortfall(&self, unheard: u64) -> Option<String> {
        let all = self.handed.load(Ordering::Relaxed) + unheard;
        let missing = all - self.told.load(Ordering::Relaxed).min(all);
        (missing > 0).then(|| format!("alerts: {missing} of {all} did not get through to the {}", self.name))
    }
}

/// Each kind of trouble is said once.
async fn serve(channel: Channel, mut messages: mpsc::Receiver<String>, told: Arc<AtomicU64>) {
    let mut troubles = BTreeSet::new();
    while let Some(message) = messages.recv().await {
        match channel.tell(message).await {
            Ok(()) => drop(told.fetch_add(1, Ordering::Relaxed)),
            Err(trouble) => {
                if troubles.insert(trouble.clone()) {
                    say(&format!("alerts: the {} {trouble}", channel.name()));
                }
            }
        }
    }
}
