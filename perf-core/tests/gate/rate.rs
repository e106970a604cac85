//! How often something happened, against how often it may.

use std::fmt;

/// Counted trials.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    pub(crate) hits: u32,
    pub(crate) trials: u32,
}

impl Rate {
    /// Of so many trials.
    pub(crate) fn of(trials: u32, mut hit: impl FnMut() -> bool) -> Self {
        let mut rate = Rate::default();
        (0..trials).for_each(|_| rate.count(hit()));
        rate
    }

    pub(crate) fn count(&mut self, hit: bool) {
        self.trials += 1;
        self.hits += u32::from(hit);
    }

    pub(crate) fn share(self) -> f64 {
        f64::from(self.hits) / f64::from(self.trials)
    }

    /// Three standard errors of a share.
    pub(crate) fn margin(self, share: f64) -> f64 {
        3.0 * (share * (1.0 - share) / f64::from(self.trials)).sqrt()
    }

    /// At or under what is nominal, plus three standard errors.
    #[track_caller]
    pub(crate) fn is_at_most(self, nominal: f64, what: &str) {
        let most = nominal + self.margin(nominal);
        assert!(self.share() <= most, "{what}: {self}, more than {most:.4}");
    }

    #[track_caller]
    pub(crate) fn is_at_least(self, least: f64, what: &str) {
        assert!(self.share() >= least, "{what}: {self}, less than {least}");
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ({} of {})", self.share(), self.hits, self.trials)
    }
}
