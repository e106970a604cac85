//! Lays a built-in profile and the flags of the command line over what a test asks for.
//!
//! Checks nothing: what comes out may contradict itself, which `Plan::resolve` tells.

use super::load::{Iterations, Load};
use super::spec::{GateSpec, Overrides, PerfSpec, Profile};

impl PerfSpec {
    /// The same under a profile.
    #[must_use]
    pub fn under(self, profile: Profile) -> Self {
        match profile {
            Profile::Smoke => PerfSpec {
                load: Some(Load::users(1).iterations(1)),
                rate: None,
                users: None,
                iterations: None,
                duration: None,
                think: None,
                pace: None,
                warmup: None,
                rounds: Some(1),
                workers: None,
                baseline: GateSpec::Off,
                ..self
            }
            .fitted(),
            Profile::Quick => PerfSpec {
                load: self.load.map(tenth),
                iterations: self.iterations.map(tenth_of_iterations),
                duration: self.duration.map(|duration| duration / 10),
                warmup: self.warmup.map(|warmup| warmup / 10),
                ..self
            },
        }
    }

    /// Whether how long it lasts, or each level of a search, is said in advance: it can be another time then.
    pub fn has_length(&self) -> bool {
        self.duration.is_some() || self.load.as_ref().is_some_and(Load::has_length)
    }

    /// The same with the flags laid over it. A rate is no key of a closed load, so `--rate` leaves one alone; so does
    /// `--duration` a load that ends by its iterations, and `--rounds` a capacity search. A load of several levels is
    /// stretched.
    #[must_use]
    pub fn overridden(self, flags: &Overrides) -> Self {
        let spec = match flags.profile {
            Some(profile) => self.under(profile),
            None => self,
        };
        if let Some(load) = &flags.load {
            let spec = PerfSpec { rate: None, users: None, duration: None, iterations: None, ..spec };
            let spec = PerfSpec { load: Some(load.clone()), ..spec }.fitted();
            return spec.overridden(&Overrides { load: None, profile: None, ..flags.clone() });
        }
        let (has_length, is_search) = (spec.has_length(), spec.is_search());
        PerfSpec {
            load: spec.load.map(|load| stretched(load, flags)),
            rate: spec.rate.map(|own| flags.rate.unwrap_or(own)),
            users: spec.users.map(|own| flags.users.unwrap_or(own)),
            duration: spec.duration.map(|own| flags.duration.unwrap_or(own)),
            warmup: flags.warmup.filter(|_| has_length).or(spec.warmup),
            rounds: flags.rounds.filter(|_| !is_search).or(spec.rounds),
            workers: flags.workers.or(spec.workers),
            ..spec
        }
    }
}

fn stretched(load: Load, flags: &Overrides) -> Load {
    let level = if load.is_closed() { flags.users.map(f64::from) } else { flags.rate };
    let load = match level.filter(|_| load.search().is_none()) {
        Some(level) => load.peaking_at(level),
        None => load,
    };
    match flags.duration.filter(|_| load.has_length()) {
        Some(duration) => load.lasting(duration),
        None => load,
    }
}

fn tenth(load: Load) -> Load {
    let load = match load.stops_after() {
        Some(iterations) => load.stopping_after(tenth_of_iterations(iterations)),
        None => load,
    };
    match (load.search().map(|search| search.probe), load.length()) {
        (Some(length), _) | (None, Some(length)) => load.lasting(length / 10),
        (None, None) => load,
    }
}

fn tenth_of_iterations(iterations: Iterations) -> Iterations {
    match iterations {
        Iterations::Shared(n) => Iterations::Shared(n.div_ceil(10)),
        Iterations::PerUser(n) => Iterations::PerUser(n.div_ceil(10)),
    }
}
