//! What somebody asked for, as it was written: the attribute's keys, a profile, flags. Everything may be missing.
//!
//! `Plan::resolve` lays one over the other and checks the whole.

use std::time::Duration;

/// The keys of one `#[perf_test]`, rendered by the attribute. A field that is `None` was not given.
#[derive(Clone, Debug, Default)]
pub struct PerfSpec {
    /// Arrivals per second of an open load.
    pub rate: Option<f64>,
    /// Users of a closed load.
    pub users: Option<u32>,
    /// Stop after so many.
    pub iterations: Option<u64>,
    /// How long load is measured.
    pub duration: Option<Duration>,
    /// Load before measuring.
    pub warmup: Option<Duration>,
    /// Slices of the measured time.
    pub rounds: Option<u32>,
    /// Of one iteration.
    pub timeout: Option<Duration>,
    /// Cap on concurrent iterations of an open load.
    pub max_in_flight: Option<u32>,
    /// How long running iterations may take to finish.
    pub graceful_stop: Option<Duration>,
    /// Engine threads.
    pub workers: Option<u32>,
    /// Limits, as text.
    pub thresholds: Vec<&'static str>,
    /// Which metrics are compared with a baseline.
    pub baseline: GateSpec,
    /// Base of relative URLs.
    pub base_url: Option<&'static str>,
    /// For selection with `--tag`.
    pub tags: Vec<&'static str>,
    /// As in libtest; the reason may be empty.
    pub ignore: Option<&'static str>,
}

/// Which metrics are compared with a baseline, as text: `baseline("p50" = "5%")` or `baseline(off)`.
#[derive(Clone, Debug, Default)]
pub enum GateSpec {
    /// Those of the load's model.
    #[default]
    Default,
    /// None.
    Off,
    /// These, each with its tolerance or the default one.
    Metrics(Vec<(&'static str, Option<&'static str>)>),
}

/// What the command line asks of every selected test.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A profile, laid over the attribute before the flags.
    pub profile: Option<Profile>,
    /// Of tests that have a rate.
    pub rate: Option<f64>,
    /// Of tests that have users.
    pub users: Option<u32>,
    /// Of tests that have a duration.
    pub duration: Option<Duration>,
    /// Of tests that have a duration.
    pub warmup: Option<Duration>,
    /// Of every test.
    pub rounds: Option<u32>,
    /// Of every test.
    pub workers: Option<u32>,
    /// Of every test.
    pub base_url: Option<String>,
    /// Of arrivals and users' generators.
    pub seed: Option<u64>,
}

/// A built-in set of overrides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One user, one iteration, no baseline: does it work at all?
    Smoke,
    /// A tenth of the duration, of the warm-up and of the iterations.
    Quick,
}

impl PerfSpec {
    /// The same under a profile.
    #[must_use]
    pub fn under(self, profile: Profile) -> Self {
        match profile {
            Profile::Smoke => PerfSpec {
                rate: None,
                users: Some(1),
                iterations: Some(1),
                duration: None,
                warmup: None,
                rounds: Some(1),
                max_in_flight: None,
                workers: None,
                baseline: GateSpec::Off,
                ..self
            },
            Profile::Quick => PerfSpec {
                iterations: self.iterations.map(|iterations| iterations.div_ceil(10)),
                duration: self.duration.map(|duration| duration / 10),
                warmup: self.warmup.map(|warmup| warmup / 10),
                ..self
            },
        }
    }

    /// The same with the flags laid over it. A rate is no key of a closed load, so `--rate` leaves one alone; so does
    /// `--duration` a load that ends by its iterations.
    #[must_use]
    pub fn overridden(self, flags: &Overrides) -> Self {
        let spec = match flags.profile {
            Some(profile) => self.under(profile),
            None => self,
        };
        PerfSpec {
            rate: spec.rate.map(|own| flags.rate.unwrap_or(own)),
            users: spec.users.map(|own| flags.users.unwrap_or(own)),
            duration: spec.duration.map(|own| flags.duration.unwrap_or(own)),
            warmup: flags.warmup.filter(|_| spec.duration.is_some()).or(spec.warmup),
            rounds: flags.rounds.or(spec.rounds),
            workers: flags.workers.or(spec.workers),
            ..spec
        }
    }
}
