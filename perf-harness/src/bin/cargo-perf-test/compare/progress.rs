//! One line on standard error while a test is compared; on terminals only.
//!
//! It shows the estimate with its interval, and when something is decided: not before the planned looks, whatever it says.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use perf_core::judge::block::Block;
use perf_core::judge::interleaved::running;
use perf_core::judge::looks::Looks;
use perf_core::plan::gate::Gated;
use perf_core::report::change;
use std::io::IsTerminal;

/// Cleared when it is dropped.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    looks: Looks,
}

impl Progress {
    /// Of the test that is compared now. Without a terminal nothing is drawn.
    pub(crate) fn show(name: &str, looks: &Looks) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Progress { bar, name: name.to_owned(), looks: looks.clone() }
    }

    pub(crate) fn tell(&mut self, gates: &[Gated], blocks: &[Block]) {
        if let Some(bar) = &self.bar {
            bar.set_message(line(&self.name, gates, blocks, &self.looks));
            bar.tick();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// With the first metric that has an estimate.
fn line(name: &str, gates: &[Gated], blocks: &[Block], looks: &Looks) -> String {
    let estimate = gates.iter().find_map(|gate| {
        let (change, interval) = running(&gate.metric, blocks)?;
        let interval = change::interval(interval).map_or(String::new(), |interval| format!(" ({interval})"));
        Some(format!("  {} so far {}{interval}", gate.metric, change::percent(change)))
    });
    format!(
        "{name}  block {} of {}{}",
        (blocks.len() + 1).min(looks.last().blocks as usize),
        ends(looks),
        estimate.unwrap_or_default()
    )
}

/// After how many blocks it may be over: `14, 17 or 20`.
fn ends(looks: &Looks) -> String {
    let all: Vec<String> = looks.all().iter().map(|look| look.blocks.to_string()).collect();
    match all.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => all.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::judged;
    use super::super::outcome::tests::outcome;
    use super::*;

    #[test]
    fn an_estimate_is_shown_with_its_interval_and_with_when_it_is_decided() {
        let (outcome, looks) = (outcome(13.0, 0), Looks::of(20, 3).unwrap());
        let blocks: Vec<Block> = outcome.played.iter().map(|block| judged(&block.numbers)).collect();
        let shown = |count: usize| line("login", &outcome.gates, &blocks[..count], &looks);
        assert_eq!(shown(0), "login  block 1 of 14, 17 or 20");
        assert_eq!(
            shown(9),
            "login  block 10 of 14, 17 or 20  service.p50 so far +30.6 % (+30.2 to +31.0 %)"
        );
        assert_eq!(ends(&Looks::of(10, 9).unwrap()), "10");
    }
}
