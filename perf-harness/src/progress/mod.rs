//! How the tests that run stand, on standard error: a few lines that are drawn again and again on a terminal, a line now and
//! then where there is none and CI runs them.

pub(crate) mod agenda;
mod bar;
mod plain;

use agenda::Rest;
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use perf_core::drive::control::Control;
use perf_core::drive::cpu;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const REFRESH: Duration = Duration::from_millis(200);
/// Between two lines where there is no terminal.
const SELDOM: Duration = Duration::from_secs(10);

/// What is drawn now, for who writes a line of their own.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Shown until it is dropped.
pub(crate) struct Progress(Option<(Arc<AtomicBool>, JoinHandle<()>)>);

impl Progress {
    /// Of the tests that run now. Without a terminal nothing is drawn; on CI a line is written now and then.
    pub(crate) fn show(rest: Rest, live: &Control, is_coloured: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let is_ci = std::env::var("CI").is_ok_and(|ci| !matches!(ci.as_str(), "" | "0" | "false"));
        if !is_terminal && !is_ci {
            return Progress(None);
        }
        let (is_over, live) = (Arc::new(AtomicBool::new(false)), live.clone());
        let theirs = is_over.clone();
        let drawn = thread::Builder::new().name("perf-progress".to_owned()).spawn(move || {
            cpu::this_thread_is_ours();
            match is_terminal {
                true => draw(&rest, &live, is_coloured, &theirs),
                false => tell(&live, &theirs),
            }
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

/// Writes something to standard error that stays; what is drawn there gives way and comes back below it.
pub(crate) fn beside(write: impl FnOnce()) {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    match drawn.as_ref() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn draw(rest: &Rest, live: &Control, is_coloured: bool, is_over: &AtomicBool) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    show(Some(bar.clone()));
    while !is_over.load(Ordering::Acquire) {
        let (_, columns) = Term::stderr().size();
        let lines = bar::lines(&live.snapshots(), rest, Instant::now(), columns.into(), is_coloured);
        bar.set_message(lines.join("\n"));
        bar.tick();
        thread::park_timeout(REFRESH);
    }
    show(None);
    bar.finish_and_clear();
}

fn show(bar: Option<ProgressBar>) {
    *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

fn tell(live: &Control, is_over: &AtomicBool) {
    let mut next = Instant::now() + SELDOM;
    while !is_over.load(Ordering::Acquire) {
        thread::park_timeout(next.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        if now >= next && !is_over.load(Ordering::Acquire) {
            live.snapshots().iter().for_each(|snapshot| eprintln!("[perf] {}", plain::line(snapshot, now)));
            next += SELDOM;
        }
    }
}
