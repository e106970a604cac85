//! How a metric was decided, step by step, for `--explain`: data, and the same as text.

use super::allowance::Allowance;
use super::centre;
use super::level::SessionRecord;
use super::looks::{self, Looked};
use super::spread::{PRIOR_FREEDOM, Source};
use super::yardstick::Yardstick;
use crate::metric::Metric;
use crate::plan::threshold::show_value;
use std::fmt;

/// Of sessions against a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// What was compared.
    pub metric: Metric,
    /// The sessions of the level, oldest first.
    pub baseline: Vec<Measured>,
    /// The sessions that were judged.
    pub sessions: Vec<Measured>,
    /// Where unchanged sessions lie.
    pub yardstick: Yardstick,
    /// The mean of the judged sessions' centres, on the log scale.
    pub centre: f64,
    /// Of the difference, on the log scale.
    pub standard_error: f64,
    /// The worsening in standard errors.
    pub statistic: f64,
    /// One-sided, of a change for the worse.
    pub p_value: f64,
    /// What the statistic is to exceed.
    pub threshold: f64,
    /// One-sided, of each hypothesis.
    pub level: f64,
    /// How many hypotheses share 1 %.
    pub family: u32,
    /// Of the change, 95 %, a ratio minus one.
    pub interval: (f64, f64),
    /// As a positive ratio.
    pub smallest_detectable_change: f64,
    /// As a ratio.
    pub tolerance: f64,
    /// What else may explain a worsening.
    pub allowance: Allowance,
}

/// A session as the decision saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// When; empty where it is not known.
    pub recorded: String,
    /// The values of its rounds, in the metric's unit.
    pub rounds: Vec<f64>,
    /// Their median's logarithm; `None` where there is too little of it.
    pub centre: Option<f64>,
}

impl Measured {
    /// Of a session.
    pub fn of(metric: &Metric, session: &SessionRecord) -> Self {
        Measured {
            recorded: session.recorded.clone(),
            rounds: session.rounds.values(metric).collect(),
            centre: centre::of(metric, &session.rounds),
        }
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.2} %", ratio * 100.0)
}

fn signed(ratio: f64) -> String {
    format!("{:+.2} %", ratio * 100.0)
}

impl Derivation {
    /// How many of the judged sessions have a centre.
    pub fn counted(&self) -> usize {
        self.sessions.iter().filter(|session| session.centre.is_some()).count()
    }

    fn show(&self, value: f64) -> String {
        show_value(value, self.metric.unit())
    }

    fn write_sessions(&self, f: &mut fmt::Formatter<'_>, what: &str, all: &[Measured]) -> fmt::Result {
        writeln!(f, "  {what}:")?;
        for (number, session) in all.iter().enumerate() {
            let centre = session.centre.map_or("too few iterations".to_owned(), |c| self.show(c.exp()));
            let rounds: Vec<String> = session.rounds.iter().map(|value| self.show(*value)).collect();
            writeln!(
                f,
                "    {}. {} {centre}, the median of {}",
                number + 1,
                session.recorded,
                rounds.join(", ")
            )?;
        }
        Ok(())
    }

    fn write_spread(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spread = &self.yardstick.spread;
        let source = match spread.prior.source {
            Source::Design => "the design's figure".to_owned(),
            Source::Environment { freedom } => {
                format!("from this environment's files, {freedom} degrees of freedom")
            }
        };
        let own = (spread.own.squares / spread.own.freedom.max(1.0)).sqrt();
        writeln!(
            f,
            "  spread between sessions: s = {} = √(({PRIOR_FREEDOM}·s₀² + {}·s₁²)/{}), prior s₀ = {} ({source}), own s₁ = {}",
            percent(spread.variance().sqrt()),
            spread.own.freedom,
            PRIOR_FREEDOM + spread.own.freedom,
            percent(spread.prior.spread),
            if spread.own.freedom > 0.0 { percent(own) } else { "unknown".to_owned() },
        )?;
        match &self.yardstick.machines {
            None => Ok(()),
            Some(machines) => writeln!(
                f,
                "  this machine was never recorded; {} others differ by s = {}, which decides",
                self.yardstick.centres.len(),
                percent(machines.spread)
            ),
        }
    }
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (b, y) = (self.yardstick.centre(), self.centre);
        writeln!(f, "{}", self.metric)?;
        self.write_sessions(f, "baseline", &self.baseline)?;
        self.write_sessions(f, "measured", &self.sessions)?;
        writeln!(
            f,
            "  centres: B = {}, Y = {}, ln(Y/B) = {:+.4}, a change of {}",
            self.show(b.exp()),
            self.show(y.exp()),
            y - b,
            signed((y - b).exp_m1())
        )?;
        self.write_spread(f)?;
        writeln!(
            f,
            "  standard error {:.4}; the worsening is T = {:.2} of it, p = {:.2e} (one-sided, Student's t with {} degrees of freedom)",
            self.standard_error,
            self.statistic,
            self.p_value,
            self.yardstick.freedom()
        )?;
        writeln!(
            f,
            "  threshold: p ≤ {:.2e} (1 % for {}), which is T > {:.2}; and a change beyond {}",
            self.level,
            looks::hypotheses(self.family),
            self.threshold,
            percent(self.tolerance)
        )?;
        self.allowance.doubts.iter().try_for_each(|doubt| writeln!(f, "  allowed for: {doubt}"))?;
        write!(
            f,
            "  95 % interval of the change: {} to {}; smallest detectable change {}",
            signed(self.interval.0),
            signed(self.interval.1),
            percent(self.smallest_detectable_change)
        )
    }
}

/// Of head against base, in blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockDerivation {
    /// What was compared.
    pub metric: Metric,
    /// Each block's ln(head/base), in order.
    pub values: Vec<f64>,
    /// What each look saw.
    pub looks: Vec<Looked>,
    /// The Hodges–Lehmann estimate, a ratio minus one.
    pub change: f64,
    /// Of the change, 95 %.
    pub interval: (f64, f64),
    /// As a positive ratio.
    pub smallest_detectable_change: Option<f64>,
    /// As a ratio.
    pub tolerance: f64,
}

impl fmt::Display for BlockDerivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.values.iter().map(|value| signed(value.exp_m1())).collect();
        writeln!(f, "{}", self.metric)?;
        writeln!(f, "  head/base of each block: {}", values.join(", "))?;
        for Looked { look, p_worse, p_better } in &self.looks {
            writeln!(
                f,
                "  after {} blocks: p = {p_worse:.2e} of worse, {p_better:.2e} of better (exact signed-rank test); threshold {:.2e}, and a change beyond {}",
                look.blocks,
                look.level,
                percent(self.tolerance)
            )?;
        }
        let detectable = self.smallest_detectable_change.map_or("unknown".to_owned(), percent);
        write!(
            f,
            "  change {} (Hodges–Lehmann), 95 % interval {} to {}; smallest detectable change {detectable}",
            signed(self.change),
            signed(self.interval.0),
            signed(self.interval.1)
        )
    }
}
