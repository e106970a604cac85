//! What reaches a session from outside while it runs, and what is seen of it: orders, and live numbers.

use super::snapshot::{News, Snapshot, Stage};
use crate::measure::alert::Alert;
use crate::measure::{Signal, Stopped};
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

const LOOK_AROUND: Duration = Duration::from_millis(5);
/// Whoever is so much news behind loses the oldest: a minute of four tests.
const MOST_NEWS: usize = 256;

/// Steers whatever runs; cheap to clone, from any thread.
///
/// ```
/// use perf_core::drive::control::Control;
///
/// let control = Control::default();
/// control.pause(); // nothing new starts, and the schedule stands still
/// control.resume(); // it goes on where it stopped
/// control.scale(1.5); // half as much again from now on; such a run is compared with nothing
/// ```
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    /// Counts the orders: one read tells a worker that there is nothing new.
    version: AtomicU64,
    orders: watch::Sender<Orders>,
    snapshots: Mutex<BTreeMap<String, Arc<Snapshot>>>,
    loads: AtomicU64,
    confirming: AtomicBool,
    ear: OnceLock<Ear>,
    feed: Feed,
}

/// Where news goes; nobody waits for who reads it.
#[derive(Debug)]
struct Feed(broadcast::Sender<News>);

impl Default for Feed {
    fn default() -> Self {
        Feed(broadcast::Sender::new(MOST_NEWS))
    }
}

/// Whoever hears of alerts.
struct Ear(Box<dyn Fn(&Alert) + Send + Sync>);

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ear")
    }
}

/// Everything that was asked of the session that runs.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// To end, why, and when somebody said so.
    pub stopped: Option<(Stopped, Instant)>,
    /// To stand still; the last one may still last.
    pub pauses: Vec<Pause>,
    /// To change the load to this factor of what the plan says, from then on; in order.
    pub scales: Vec<(Instant, f64)>,
    /// To wait for [`Control::start`].
    pub is_held: bool,
}

/// A stretch of time in which nothing new starts.
#[derive(Clone, Copy, Debug)]
pub struct Pause {
    /// When it began.
    pub from: Instant,
    /// When it ended; `None` while it lasts.
    pub until: Option<Instant>,
}

/// Giving orders.
impl Control {
    /// One whose load waits for [`start`](Self::start) once everything is prepared.
    pub fn held() -> Self {
        let control = Control::default();
        control.0.orders.send_modify(|orders| orders.is_held = true);
        control
    }

    /// Lets a held load start.
    pub fn start(&self) {
        self.order(|orders| orders.is_held = false);
    }

    /// Asks whatever runs, and is to run, to end.
    pub fn stop(&self, signal: Signal) {
        self.end(Stopped::Signal(signal));
    }

    /// Ends the session that runs; the first one who asks decides the reason.
    pub fn end(&self, why: Stopped) {
        self.order(|orders| {
            // A signal ends more than a session does.
            let is_graver =
                matches!(why, Stopped::Signal(_)) && !matches!(orders.stopped, Some((Stopped::Signal(_), _)));
            if orders.stopped.is_none() || is_graver {
                orders.stopped = Some((why, Instant::now()));
            }
            // Before anybody is woken: who wakes up must see it.
            self.0.stopped.store(true, Ordering::Release);
        });
    }

    /// Starts nothing new, and lets the schedule stand still; what runs may finish.
    pub fn pause(&self) {
        self.order(|orders| {
            if orders.pauses.last().is_none_or(|last| last.until.is_some()) {
                orders.pauses.push(Pause { from: Instant::now(), until: None });
            }
        });
    }

    /// Ends a pause: the schedule goes on where it stood.
    pub fn resume(&self) {
        self.order(|orders| {
            if let Some(last) = orders.pauses.last_mut() {
                last.until.get_or_insert_with(Instant::now);
            }
        });
    }

    /// Ends a pause for so long: then the schedule stands still again, to the nanosecond, whenever anybody notices.
    pub fn resume_for(&self, length: Duration) {
        self.order(|orders| {
            let now = Instant::now();
            if let Some(last) = orders.pauses.last_mut() {
                last.until.get_or_insert(now);
            }
            orders.pauses.push(Pause { from: now + length, until: None });
        });
    }

    /// Offers `factor` times what the plan says from now on: of a rate, or of users. Finite, not negative, and never
    /// above the limits of perf.toml; users who have something of their own to be made (`user_setup`,
    /// `connections = "user"`) are made before the load, and never get more than were planned. Users who are no longer
    /// wanted are not waited for, whatever iterations of their own they had left. The run is compared with nothing from then
    /// on, and no baseline is made of it.
    pub fn scale(&self, factor: f64) {
        self.order(|orders| orders.scales.push((Instant::now(), factor)));
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.0.orders.send_modify(|orders| {
            change(orders);
            self.0.version.fetch_add(1, Ordering::Release);
        });
    }

    /// A new session begins: what was asked of the last one is over, unless it was a signal.
    pub fn begin(&self) {
        self.order(|orders| {
            orders.stopped.take_if(|(why, _)| !matches!(why, Stopped::Signal(_)));
            orders.pauses.retain(|pause| pause.until.is_none());
            orders.scales.clear();
            self.0.stopped.store(orders.stopped.is_some(), Ordering::Release);
        });
    }
}

/// Looking at them.
impl Control {
    /// Blocks while the load is held and nobody asked for the end.
    pub fn wait_for_start(&self) {
        while self.0.orders.borrow().is_held && !self.is_stopped() {
            std::thread::sleep(LOOK_AROUND);
        }
    }

    /// Whether somebody asked for the end; one atomic read.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Changes with every order; one atomic read.
    #[inline]
    pub fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// Everything that was asked.
    pub fn orders(&self) -> Orders {
        self.0.orders.borrow().clone()
    }

    /// The signal that ends the whole run.
    pub fn signal(&self) -> Option<Signal> {
        match self.stopped()? {
            (Stopped::Signal(signal), _) => Some(signal),
            _ => None,
        }
    }

    /// Why the session is to end, and when somebody said so.
    pub fn stopped(&self) -> Option<(Stopped, Instant)> {
        self.0.orders.borrow().stopped.clone()
    }

    /// Ends with the signal that ends the whole run, at once where there was one; says when it came.
    pub fn signalled(&self) -> impl Future<Output = (Signal, Instant)> + use<> {
        let mut orders = self.0.orders.subscribe();
        async move {
            let is_signalled = |orders: &Orders| matches!(orders.stopped, Some((Stopped::Signal(_), _)));
            if let Ok(orders) = orders.wait_for(is_signalled).await
                && let Some((Stopped::Signal(signal), at)) = orders.stopped
            {
                return (signal, at);
            }
            // The sender is gone: nobody can ask any more.
            std::future::pending().await
        }
    }

    /// Ends with the next order.
    pub fn changed(&self) -> impl Future<Output = ()> + use<> {
        let mut orders = self.0.orders.subscribe();
        async move {
            // The sender lives in `self`; when it is gone nobody can ask any more.
            orders.changed().await.ok();
        }
    }

    /// Every test that runs now, by name.
    pub fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        self.0.snapshots.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Everything that is told from now on. A reader that is too slow loses the oldest, and is told how much.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.0.feed.0.subscribe()
    }

    /// Whether anybody reads the news.
    pub fn is_heard(&self) -> bool {
        self.0.feed.0.receiver_count() > 0
    }

    /// Lets somebody hear of alerts from now on: the first who asks. It is called by what collects the numbers, so it waits
    /// for nothing.
    pub fn hear_alerts(&self, ear: impl Fn(&Alert) + Send + Sync + 'static) {
        self.0.ear.get_or_init(|| Ear(Box::new(ear)));
    }

    /// Raises an alert.
    pub fn alert(&self, alert: &Alert) {
        if self.is_heard() {
            self.0.feed.0.send(News::Alert(Arc::new(alert.clone()))).ok();
        }
        if let Some(Ear(ear)) = self.0.ear.get() {
            ear(alert);
        }
    }

    /// Shows how a test stands.
    pub fn publish(&self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        let mut snapshots = self.0.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.insert(snapshot.test.clone(), snapshot.clone());
        drop(snapshots);
        // Mostly nobody listens.
        self.0.feed.0.send(News::Snapshot(snapshot)).ok();
    }

    /// Shows that a test is in a stage before its load.
    pub fn enter(&self, plan: &Plan, stage: Stage) {
        let is_confirming = self.is_confirming();
        self.publish(Snapshot { is_confirming, ..Snapshot::before(plan, stage, Instant::now()) });
    }

    /// Shows that the load of a test is over.
    pub fn leave(&self, test: &str) {
        self.0.snapshots.lock().unwrap_or_else(PoisonError::into_inner).remove(test);
    }

    /// Numbers the loads of this process.
    pub fn next_load(&self) -> u64 {
        self.0.loads.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether the loads from now on look into a suspicion.
    pub fn set_confirming(&self, is_so: bool) {
        self.0.confirming.store(is_so, Ordering::Relaxed);
    }

    /// Whether the load that runs looks into a suspicion.
    pub fn is_confirming(&self) -> bool {
        self.0.confirming.load(Ordering::Relaxed)
    }
}
