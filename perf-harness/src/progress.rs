//! One line on standard error while a test runs; on terminals only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use perf_core::drive::control::{Control, Snapshot};
use perf_core::drive::cpu;
use perf_core::measure::sample::Phase;
use perf_core::units::{Latency, Significant};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const REFRESH: Duration = Duration::from_millis(200);

/// Drawn until it is dropped.
pub(crate) struct Progress(Option<(Arc<AtomicBool>, JoinHandle<()>)>);

impl Progress {
    /// Of the test that runs now. Without a terminal nothing is drawn.
    pub(crate) fn show(name: &str, live: &Control) -> Self {
        if !std::io::stderr().is_terminal() {
            return Progress(None);
        }
        let (is_over, name, live) = (Arc::new(AtomicBool::new(false)), name.to_owned(), live.clone());
        let theirs = is_over.clone();
        let drawn = thread::Builder::new().name("perf-progress".to_owned()).spawn(move || {
            cpu::this_thread_is_ours();
            draw(&name, &live, &theirs);
        });
        Progress(drawn.ok().map(|thread| (is_over, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((is_over, thread)) = self.0.take() {
            is_over.store(true, Ordering::Release);
            thread.thread().unpark();
            thread.join().ok();
        }
    }
}

fn draw(name: &str, live: &Control, is_over: &AtomicBool) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    while !is_over.load(Ordering::Acquire) {
        bar.set_message(line(name, live.snapshot().as_ref()));
        bar.tick();
        thread::park_timeout(REFRESH);
    }
    bar.finish_and_clear();
}

fn line(name: &str, snapshot: Option<&Snapshot>) -> String {
    let Some(snapshot) = snapshot else {
        return format!("{name}  preparing");
    };
    let elapsed = snapshot.began.elapsed();
    let phase = match snapshot.phase {
        _ if elapsed < snapshot.warmup => "warm-up",
        Phase::Warmup | Phase::Measured => "measuring",
    };
    let left = match (snapshot.measured_for, snapshot.scheduled) {
        (Some(length), _) => {
            let left = (snapshot.warmup + length).saturating_sub(elapsed);
            format!("{:.0} s left", left.as_secs_f64().ceil())
        }
        (None, Some(scheduled)) => format!("{} of {scheduled}", snapshot.counts.completed()),
        (None, None) => String::new(),
    };
    let p99 = snapshot.p99_ns.map_or("-".to_owned(), |ns| Latency(ns).to_string());
    format!(
        "{name}  {phase}  {:.0} s, {left}  {}/s  p99 {p99}  {} errors",
        elapsed.as_secs_f64(),
        Significant(snapshot.rate_per_s),
        snapshot.counts.errors(),
    )
}
