//! The words that a load is made with, one stage after the other.
//!
//! What is wrong with a word's value is kept in the load, and told when it is looked at.

use super::level::{Length, Level};
use super::load::{Iterations, Load, LoadError, Model};
use super::search::{Search, SearchError};
use super::stage::Stage;
use super::threshold::Threshold;
use crate::units::UnitError;
use std::time::Duration;

const DEFAULT_PROBE: Duration = Duration::from_secs(5);

impl Load {
    /// An open load that begins at a rate: arrivals, whatever the target does.
    pub fn rate(per_second: impl Into<Level>) -> Self {
        Load::beginning(Model::Rate, per_second.into())
    }

    /// A closed load that begins with so many users, each in a loop.
    pub fn users(users: impl Into<Level>) -> Self {
        Load::beginning(Model::Users, users.into())
    }

    /// A search for the highest rate that keeps a limit, such as `"p99 < 50ms"`; a comma stands between several.
    ///
    /// Say where with [`from`](Self::from) and [`up_to`](Self::up_to); each level is measured for 5 s, or as long as
    /// [`probe`](Self::probe) says. The result is the metric `capacity`.
    ///
    /// ```
    /// # use perf_core::plan::load::Load;
    /// Load::capacity("p99 < 50ms, errors < 1%").from(100).up_to(20_000).probe("3s");
    /// ```
    pub fn capacity(limits: &str) -> Self {
        let parsed = limits.split(',').map(str::parse::<Threshold>);
        let (mut limits, mut mistakes) = (Vec::new(), Vec::new());
        for limit in parsed {
            match limit {
                Ok(limit) if limit.abort.is_some() => mistakes.push(SearchError::Abort.into()),
                Ok(limit) => limits.push(limit),
                Err(error) => mistakes.push(SearchError::Limit(error).into()),
            }
        }
        let search = Search { limits, from: 0.0, up_to: 0.0, probe: DEFAULT_PROBE };
        Load { model: Model::Capacity(search), stages: Vec::new(), iterations: None, mistakes }
    }

    fn beginning(model: Model, level: Level) -> Self {
        Load { model, stages: Vec::new(), iterations: None, mistakes: Vec::new() }
            .with_level(level, Stage::Jump)
    }

    fn with_level(mut self, level: Level, stage: impl FnOnce(f64) -> Stage) -> Self {
        match level.0 {
            Ok(level) => self.stages.push(stage(level)),
            Err(error) => self.mistakes.push(LoadError::Unit(error)),
        }
        self
    }

    fn with_length(mut self, length: Length, stage: impl FnOnce(Duration) -> Stage) -> Self {
        match length.0 {
            Ok(length) => self.stages.push(stage(length)),
            Err(error) => self.mistakes.push(LoadError::Unit(error)),
        }
        self
    }

    fn with_both(self, level: Level, length: Length, stage: impl FnOnce(f64, Duration) -> Stage) -> Self {
        match level.0 {
            Ok(level) => self.with_length(length, |length| stage(level, length)),
            Err(error) => Load { mistakes: [self.mistakes, vec![LoadError::Unit(error)]].concat(), ..self },
        }
    }

    /// On a straight line to a level. A length of zero jumps there.
    #[must_use]
    pub fn ramp_to(self, level: impl Into<Level>, over: impl Into<Length>) -> Self {
        self.with_both(level.into(), over.into(), |to, over| Stage::Ramp { to, over })
    }

    /// Stays where it is.
    #[must_use]
    pub fn hold(self, length: impl Into<Length>) -> Self {
        self.with_length(length.into(), Stage::Hold)
    }

    /// So many steps, each so much higher than the one before (lower, when negative) and held so long.
    #[must_use]
    pub fn stairs(self, by: impl Into<Level>, every: impl Into<Length>, count: u32) -> Self {
        self.stairs_with_ramps(by, every, count, Duration::ZERO)
    }

    /// Stairs whose steps are reached on ramps of this length.
    #[must_use]
    pub fn stairs_with_ramps(
        mut self,
        by: impl Into<Level>,
        every: impl Into<Length>,
        count: u32,
        ramp: impl Into<Length>,
    ) -> Self {
        match ramp.into().0 {
            Ok(ramp) => {
                self.with_both(by.into(), every.into(), |by, every| Stage::Stairs { by, every, count, ramp })
            }
            Err(error) => {
                self.mistakes.push(LoadError::Unit(error));
                self
            }
        }
    }

    /// Another level for a while, then back.
    #[must_use]
    pub fn spike(self, level: impl Into<Level>, length: impl Into<Length>) -> Self {
        self.with_both(level.into(), length.into(), |to, length| Stage::Spike { to, length })
    }

    /// Swings about the level by at most `amplitude`, up first.
    #[must_use]
    pub fn sine(
        self,
        amplitude: impl Into<Level>,
        period: impl Into<Length>,
        length: impl Into<Length>,
    ) -> Self {
        match length.into().0 {
            Ok(length) => self.with_both(amplitude.into(), period.into(), |amplitude, period| Stage::Sine {
                amplitude,
                period,
                length,
            }),
            Err(error) => Load { mistakes: [self.mistakes, vec![LoadError::Unit(error)]].concat(), ..self },
        }
    }

    /// Nothing for a while, then back.
    #[must_use]
    pub fn pause(self, length: impl Into<Length>) -> Self {
        self.with_length(length.into(), Stage::Pause)
    }

    /// Stops after so many; shared between the users of a closed load.
    #[must_use]
    pub fn iterations(self, iterations: u64) -> Self {
        self.stopping_after(Iterations::Shared(iterations))
    }

    /// Every user of a closed load stops after so many.
    #[must_use]
    pub fn iterations_per_user(self, iterations: u64) -> Self {
        self.stopping_after(Iterations::PerUser(iterations))
    }

    /// Stops after so many.
    #[must_use]
    pub fn stopping_after(self, iterations: Iterations) -> Self {
        Load { iterations: Some(iterations), ..self }
    }

    /// The first rate that a search tries.
    #[must_use]
    pub fn from(self, rate: impl Into<Level>) -> Self {
        self.searching("from", rate.into().0, |search, rate| search.from = rate)
    }

    /// The highest rate that a search tries.
    #[must_use]
    pub fn up_to(self, rate: impl Into<Level>) -> Self {
        self.searching("up_to", rate.into().0, |search, rate| search.up_to = rate)
    }

    /// How long a search measures each level.
    #[must_use]
    pub fn probe(self, length: impl Into<Length>) -> Self {
        self.searching("probe", length.into().0, |search, length| search.probe = length)
    }

    fn searching<T>(
        mut self,
        word: &'static str,
        value: Result<T, UnitError>,
        set: impl FnOnce(&mut Search, T),
    ) -> Self {
        match (&mut self.model, value) {
            (Model::Capacity(search), Ok(value)) => set(search, value),
            (Model::Capacity(_), Err(error)) => self.mistakes.push(LoadError::Unit(error)),
            _ => self.mistakes.push(LoadError::NoSearch(word)),
        }
        self
    }

    /// The same, stretched to last so long. A search measures each level so long.
    #[must_use]
    pub fn lasting(mut self, length: Duration) -> Self {
        if let Model::Capacity(search) = &mut self.model {
            search.probe = length;
            return self;
        }
        let own = self.shape().map_or(0, |shape| shape.length());
        let times = length.as_nanos() as f64 / own as f64;
        self.scaled(times, 1.0)
    }

    /// The same, ended by the clock alone after so long, however many iterations that makes.
    #[must_use]
    pub fn by_time(self, length: Duration) -> Self {
        let is_endless = self.is_endless();
        let load = Load { iterations: None, ..self };
        if is_endless { load.hold(length) } else { load.lasting(length) }
    }

    /// The same, stretched until its highest level is this one.
    #[must_use]
    pub fn peaking_at(self, level: f64) -> Self {
        let own = self.shape().map_or(0.0, |shape| shape.peak());
        self.scaled(1.0, level / own)
    }

    fn scaled(mut self, times: f64, levels: f64) -> Self {
        if times.is_finite() && levels.is_finite() {
            self.stages.iter_mut().for_each(|stage| *stage = stage.scaled(times, levels));
        }
        self
    }
}
