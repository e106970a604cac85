//! What is offered: arrivals at a rate, users in a loop, or a search for the highest rate.

use super::bounds::{self, BoundError};
use super::shape::{Shape, ShapeError};
use super::stage::{self, Stage, StageError};
use super::threshold::{Threshold, ThresholdError};
use crate::units::{Rate, UnitError, parse_duration};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The load of one test: its level over time.
///
/// ```
/// use perf_core::plan::load::Load;
///
/// let open = Load::rate(0).ramp_to(500, "30s").hold("1m").stairs(100, "10s", 5).spike(2000, "5s").ramp_to(0, "10s");
/// let text = "0..500 over 30s, hold 1m, stairs +100 every 10s x5, spike 2000 for 5s, ..0 over 10s";
/// assert_eq!(text.parse::<Load>().unwrap(), open);
/// let closed = Load::users(0).ramp_to(50, "10s").hold("1m");
/// assert_eq!("users 0..50 over 10s, hold 1m".parse::<Load>().unwrap(), closed);
/// ```
///
/// Levels are arrivals per second (`200`, `"200/s"`, `"12000/min"`) or numbers of users; lengths are texts such as
/// `"30s"` or `Duration`s, and a length of zero jumps. A malformed text is told when the test is planned, before
/// anything runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    model: Model,
    stages: Vec<Stage>,
    iterations: Option<Iterations>,
    mistakes: Vec<LoadError>,
}

#[derive(Clone, Debug, PartialEq)]
enum Model {
    Rate,
    Users,
    Capacity(Search),
}

/// How many iterations a load stops after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iterations {
    /// All users together.
    Shared(u64),
    /// Each user.
    PerUser(u64),
}

impl FromStr for Iterations {
    type Err = LoadError;

    /// `1000`, or `20 per user`.
    fn from_str(text: &str) -> Result<Self, LoadError> {
        let (number, of) = match text.trim().strip_suffix("per user") {
            Some(number) => (number, Iterations::PerUser as fn(u64) -> Iterations),
            None => (text, Iterations::Shared as fn(u64) -> Iterations),
        };
        let number = number.trim().parse().ok().filter(|number| *number > 0);
        number.map(of).ok_or_else(|| LoadError::Iterations(text.to_owned()))
    }
}

/// The search for the highest rate that keeps its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What must hold at a level.
    pub limits: Vec<Threshold>,
    /// The first rate that is tried, per second.
    pub from: f64,
    /// The last.
    pub up_to: f64,
    /// How long a level is measured.
    pub probe: Duration,
}

/// A level as a number or a text.
#[derive(Clone, Debug)]
pub struct Level(Result<f64, UnitError>);

/// A length of time as a `Duration` or a text.
#[derive(Clone, Debug)]
pub struct Length(Result<Duration, UnitError>);

macro_rules! level_of {
    ($($number:ty),*) => {$(
        impl From<$number> for Level {
            fn from(level: $number) -> Self {
                Level(Ok(f64::from(level)))
            }
        }
    )*};
}
level_of!(i32, u32, f32, f64);

impl From<&str> for Level {
    fn from(text: &str) -> Self {
        Level(text.parse::<Rate>().map(Rate::as_per_second))
    }
}

impl From<Rate> for Level {
    fn from(rate: Rate) -> Self {
        Level(Ok(rate.as_per_second()))
    }
}

impl From<Duration> for Length {
    fn from(length: Duration) -> Self {
        Length(Ok(length))
    }
}

impl From<&str> for Length {
    fn from(text: &str) -> Self {
        Length(parse_duration(text))
    }
}

const DEFAULT_PROBE: Duration = Duration::from_secs(5);

/// Making one.
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
                Ok(limit) => limits.push(limit),
                Err(error) => mistakes.push(LoadError::Limit(error)),
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

/// Looking at one.
impl Load {
    /// Whether arrivals come on a schedule.
    pub fn is_open(&self) -> bool {
        matches!(self.model, Model::Rate)
    }

    /// Whether users run in a loop.
    pub fn is_closed(&self) -> bool {
        matches!(self.model, Model::Users)
    }

    /// The search, where it is one.
    pub fn search(&self) -> Option<&Search> {
        match &self.model {
            Model::Capacity(search) => Some(search),
            Model::Rate | Model::Users => None,
        }
    }

    /// As `report.json` names it: `open`, `closed`, `iterations` or `capacity`.
    pub fn model(&self) -> &'static str {
        match (&self.model, self.iterations) {
            (Model::Rate, _) => "open",
            (Model::Users, None) => "closed",
            (Model::Users, Some(_)) => "iterations",
            (Model::Capacity(_), _) => "capacity",
        }
    }

    /// What it stops after.
    pub fn stops_after(&self) -> Option<Iterations> {
        self.iterations
    }

    /// Whether its only stages are a level and how long it is held.
    pub fn is_constant(&self) -> bool {
        matches!(self.stages.as_slice(), [Stage::Jump(_)] | [Stage::Jump(_), Stage::Hold(_)])
    }

    /// Whether nothing but its iterations ends it.
    fn is_endless(&self) -> bool {
        self.is_closed() && self.iterations.is_some() && matches!(self.stages.as_slice(), [Stage::Jump(_)])
    }

    /// Its level over time.
    pub fn shape(&self) -> Result<Shape, ShapeError> {
        match self.stages.as_slice() {
            [Stage::Jump(users)] if self.is_endless() => Ok(Shape::constant(*users, None)),
            stages => Shape::of(stages),
        }
    }

    /// How long it lasts, where its stages say so.
    pub fn length(&self) -> Option<Duration> {
        match self.is_endless() {
            true => None,
            false => self.shape().ok().map(|shape| Duration::from_nanos(shape.length())),
        }
    }

    /// Whether its stages, or those of a search, say how long they last.
    pub fn has_length(&self) -> bool {
        self.search().is_some() || self.length().is_some()
    }

    /// What one machine cannot offer of it.
    pub fn check_bounds(&self) -> Option<BoundError> {
        let peak = match self.search() {
            Some(search) => Some(search.up_to),
            None => self.shape().ok().filter(|_| self.is_open()).map(|shape| shape.peak()),
        };
        let length = self.search().map(|search| search.probe).or_else(|| self.length());
        let of_rate = peak.and_then(|peak| bounds::check_rate(peak).err());
        of_rate.or_else(|| bounds::check_length("load", length?).err())
    }

    /// Everything that is wrong with it.
    pub fn mistakes(&self) -> Vec<LoadError> {
        if !self.mistakes.is_empty() {
            return self.mistakes.clone();
        }
        let of_search = self.search().and_then(Search::mistake);
        let of_stages = || match self.search() {
            Some(_) if !self.stages.is_empty() => Some(LoadError::StagesOfSearch),
            Some(_) => None,
            None => self.shape().err().map(LoadError::Shape),
        };
        let of_users = || {
            let users = self.shape().ok().filter(|_| self.is_closed())?.peak();
            (users < 1.0 || users > f64::from(u32::MAX)).then_some(LoadError::Users(users))
        };
        let of_iterations = || match self.iterations {
            Some(Iterations::Shared(0) | Iterations::PerUser(0)) => {
                Some(LoadError::Iterations("0".to_owned()))
            }
            Some(Iterations::PerUser(_)) if !self.is_closed() => Some(LoadError::NoUsers),
            _ => None,
        };
        of_search.or_else(of_stages).or_else(of_users).or_else(of_iterations).into_iter().collect()
    }
}

impl Search {
    fn mistake(&self) -> Option<LoadError> {
        let is_range = self.from > 0.0 && self.up_to > self.from && self.up_to.is_finite();
        match () {
            () if !is_range => Some(LoadError::Range),
            () if self.probe.is_zero() => Some(LoadError::NoProbe),
            () if self.limits.is_empty() => Some(LoadError::NoLimit),
            () => None,
        }
    }
}

impl FromStr for Load {
    type Err = StageError;

    /// Stages of a rate, of users after the word `users`.
    fn from_str(text: &str) -> Result<Self, StageError> {
        let trimmed = text.trim_start();
        let (model, word) = match trimmed.split_whitespace().next() {
            Some("users") => (Model::Users, "users"),
            Some("rate") => (Model::Rate, "rate"),
            _ => (Model::Rate, ""),
        };
        let start = text.len() - trimmed.len() + word.len();
        let stages = stage::parse(&text[start..]).map_err(|error| error.within(text, start))?;
        Ok(Load { model, stages, iterations: None, mistakes: Vec::new() })
    }
}

impl From<&str> for Load {
    /// What is wrong with the text is told when the test is planned, as it is of the other ways to make one.
    fn from(text: &str) -> Self {
        let wrong = |error| Load {
            model: Model::Rate,
            stages: Vec::new(),
            iterations: None,
            mistakes: vec![LoadError::Stage(error)],
        };
        text.parse().unwrap_or_else(wrong)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.model, self.stages.as_slice()) {
            (Model::Capacity(search), _) => search.fmt(f)?,
            (Model::Rate, [Stage::Jump(rate)] | [Stage::Jump(rate), Stage::Hold(_)]) => {
                match Rate::per_second(*rate) {
                    Some(rate) => rate.fmt(f)?,
                    None => write!(f, "{rate}/s")?,
                }
            }
            (Model::Users, [Stage::Jump(1.0)] | [Stage::Jump(1.0), Stage::Hold(_)]) => write!(f, "1 user")?,
            (Model::Users, [Stage::Jump(users)] | [Stage::Jump(users), Stage::Hold(_)]) => {
                write!(f, "{users} users")?;
            }
            (Model::Rate, stages) => stage::write(stages, f)?,
            (Model::Users, stages) => {
                f.write_str("users ")?;
                stage::write(stages, f)?;
            }
        }
        match self.iterations {
            Some(Iterations::Shared(1)) => write!(f, ", 1 iteration"),
            Some(Iterations::Shared(iterations)) => write!(f, ", {iterations} iterations"),
            Some(Iterations::PerUser(iterations)) => write!(f, ", {iterations} iterations each"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits: Vec<&str> = self.limits.iter().map(|limit| limit.expression.as_str()).collect();
        write!(f, "the highest rate from {} to {}/s with {}", self.from, self.up_to, limits.join(", "))
    }
}

/// What is wrong with a load, and what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// A level or a length.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// The text.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The stages together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The limit of a search.
    #[error("the limit of a capacity search: {0}")]
    Limit(ThresholdError),
    /// Zero, or not a number.
    #[error("`{0}` iterations; write a whole number above zero, or \"20 per user\"")]
    Iterations(String),
    /// Per user, without users.
    #[error("iterations per user need users; write `.iterations(n)` for a rate")]
    NoUsers,
    /// Less than one, or more than can be counted.
    #[error("a closed load of at most {0} users; write at least 1")]
    Users(f64),
    /// A word of searches on another load.
    #[error("`.{0}(…)` belongs to `Load::capacity(…)`")]
    NoSearch(&'static str),
    /// The ends of a search.
    #[error("a capacity search needs its ends, from above zero up: `.from(100).up_to(20_000)`")]
    Range,
    /// A search that measures nothing.
    #[error("a capacity search measures each level for a while; write `.probe(\"5s\")`")]
    NoProbe,
    /// A search for nothing.
    #[error("a capacity search needs a limit, such as `Load::capacity(\"p99 < 50ms\")`")]
    NoLimit,
    /// A search with stages.
    #[error("a capacity search makes its own stages; leave `ramp_to`, `hold` and the others out")]
    StagesOfSearch,
    /// A search with users of their own.
    #[error(
        "a capacity search is a new load at every level, and `user_setup` would run again before each; do once what it does \
         in `setup`, or in the test function when a user's first iteration needs it"
    )]
    UsersOfSearch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_shown_as_it_is_said() {
        let shown = |load: Load| load.to_string();
        assert_eq!(shown(Load::rate(200).hold("10s")), "200/s");
        assert_eq!(shown(Load::users(1)), "1 user");
        assert_eq!(shown(Load::users(50).iterations_per_user(3)), "50 users, 3 iterations each");
        assert_eq!(shown(Load::rate("600/min").ramp_to(50, "2s")), "10..50 over 2s");
        assert_eq!(shown(Load::users(0).ramp_to(5, "2s").hold("1s")), "users 0..5 over 2s, hold 1s");
        let search = Load::capacity("p99 < 50ms,errors < 1%").from(100).up_to(20_000);
        assert_eq!(shown(search), "the highest rate from 100 to 20000/s with p99 < 50ms, errors < 1%");
    }

    #[test]
    fn a_load_can_be_stretched_in_time_and_height() {
        let load = "0..500 over 30s, spike 1000 for 10s".parse::<Load>().unwrap();
        assert_eq!(
            load.clone().lasting(Duration::from_secs(4)).to_string(),
            "0..500 over 3s, spike 1000 for 1s"
        );
        assert_eq!(load.peaking_at(100.0).to_string(), "0..50 over 30s, spike 100 for 10s");
    }

    #[test]
    fn every_mistake_is_kept_until_the_test_is_planned() {
        let wrong = Load::rate("fast").ramp_to(5, "10").hold("x").mistakes();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[1].to_string().contains("time unit needed"), "{wrong:?}");
        let first = |load: Load| load.mistakes().first().map(ToString::to_string).unwrap_or_default();
        assert!(first(Load::rate(5)).contains("lasts no time"));
        assert!(first(Load::rate(-5).hold("1s")).contains("negative"));
        assert!(first(Load::rate(5).hold("1s").iterations_per_user(1)).contains("need users"));
        assert!(first(Load::rate(5).up_to(9)).contains("belongs to `Load::capacity"));
        assert!(first(Load::capacity("p99 < 5ms").from(100)).contains(".up_to(20_000)"));
        assert!(first(Load::capacity("p99 < 5").from(1).up_to(2)).contains("limit of a capacity search"));
        assert!(first(Load::users(0).ramp_to(0, "1s")).contains("stays at zero"));
        assert!(first("0..5 ovr 3s".into()).contains("`over` is expected"));
        assert_eq!(first(Load::users(3).iterations(5)), "");
        assert_eq!(first("users 0..5 over 3s".into()), "");
    }

    #[test]
    fn the_text_of_users_points_into_the_whole_text() {
        let error = "users 0..5 ovr 3s".parse::<Load>().unwrap_err();
        assert_eq!(error.position(), 11);
        assert!(error.to_string().contains("\"users 0..5 ovr 3s\", character 12"), "{error}");
        assert_eq!("20 per user".parse(), Ok(Iterations::PerUser(20)));
        assert!("0".parse::<Iterations>().is_err() && "many".parse::<Iterations>().is_err());
    }
}
