//! Why a metric is not decided, as data, with what would help.

use crate::metric::Metric;
use crate::units::Latency;
use std::fmt;

/// A reason for `unresolved`.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// The interval of the change reaches beyond the tolerance, and the change is not significant.
    TooNoisy(Remedy),
    /// It is worse, but by too few sessions.
    Unconfirmed,
    /// The exact test cannot get as low as its level with the blocks that have a value.
    TooFewBlocks {
        /// That have a value and are not tied at zero.
        usable: usize,
        /// That were measured.
        measured: usize,
    },
    /// It ended between two looks, or before the first one.
    EndedEarly {
        /// That were measured.
        blocks: usize,
        /// When it would have been looked at next.
        next: u32,
    },
    /// Base differs from itself, so that nothing can be said of head.
    Control {
        /// In this metric.
        metric: Metric,
        /// Even rounds against odd ones; a ratio minus one.
        change: f64,
        /// Two-sided.
        p_value: f64,
    },
    /// The hypervisor ran somebody else.
    Stolen {
        /// Of the CPU time, beyond what the baseline's sessions had.
        share: f64,
        /// How much slower that can make a test, at most.
        explains: f64,
    },
    /// Other processes used the CPUs.
    OthersBusy {
        /// Of the CPU time, beyond what the baseline's sessions had.
        share: f64,
        /// How much slower that can make a test, at most.
        explains: f64,
    },
    /// The generator's own code, which is the same, took more CPU time.
    GeneratorSlower {
        /// Nanoseconds of each iteration, beyond what the baseline's sessions had.
        more_ns: f64,
        /// How much slower that makes an iteration.
        explains: f64,
    },
    /// The rounds rose or fell from the start of a session to its end.
    Drifted {
        /// From the first round to the last, a ratio minus one; the strongest of the sessions.
        drift: f64,
        /// How far the sessions' centres may be from their calmer ends.
        explains: f64,
    },
}

/// What there would have to be more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// In the baseline.
    Sessions,
    /// For an interleaved comparison.
    Budget,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |ratio: &f64| format!("{:.1} %", ratio * 100.0);
        match self {
            Doubt::TooNoisy(Remedy::Sessions) => {
                f.write_str("too noisy to tell; record more sessions, or use `cargo perf-test compare`")
            }
            Doubt::TooNoisy(Remedy::Budget) => f.write_str("too noisy to tell; give a larger --budget"),
            Doubt::Unconfirmed => f.write_str(
                "it takes two further sessions to say so, whole ones in which the generator kept up; run it again",
            ),
            Doubt::TooFewBlocks { usable, measured } => write!(
                f,
                "only {usable} of {measured} blocks say anything of it; see why iterations failed, or raise the rate"
            ),
            Doubt::EndedEarly { blocks, next } => {
                write!(f, "ended after {blocks} blocks; it is decided after {next}")
            }
            Doubt::Control { metric, change, p_value } => write!(
                f,
                "base differs from itself: {metric} of its even rounds is {:+.1} % off its odd ones (p = {p_value:.1e}); \
                 something else on this machine keeps time with the rounds, so run it again elsewhere or later",
                change * 100.0
            ),
            Doubt::Stolen { share, explains } => write!(
                f,
                "the hypervisor took {} more of the CPU time than while the baseline was recorded, which may explain {}; \
                 run it again",
                percent(share),
                percent(explains)
            ),
            Doubt::OthersBusy { share, explains } => write!(
                f,
                "other processes used {} more of the CPU time than while the baseline was recorded, which may explain {}; \
                 stop them, or use `cargo perf-test compare`",
                percent(share),
                percent(explains)
            ),
            Doubt::GeneratorSlower { more_ns, explains } => write!(
                f,
                "the generator itself took {} more CPU time for each iteration than while the baseline was recorded, which may \
                 explain {}; this machine is in another state, or the test function does more: run it again later, or use \
                 `cargo perf-test compare`",
                Latency(*more_ns),
                percent(explains)
            ),
            Doubt::Drifted { drift, explains } => write!(
                f,
                "it drifted by {:+.1} % within a session, which may explain {}; set `warmup` longer, or look for what grows",
                drift * 100.0,
                percent(explains)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_says_what_would_help() {
        assert_eq!(Doubt::TooNoisy(Remedy::Budget).to_string(), "too noisy to tell; give a larger --budget");
        assert!(Doubt::TooNoisy(Remedy::Sessions).to_string().contains("cargo perf-test compare"));
        let stolen = Doubt::Stolen { share: 0.08, explains: 0.087 }.to_string();
        assert!(stolen.contains("took 8.0 % more") && stolen.contains("may explain 8.7 %"), "{stolen}");
    }
}
