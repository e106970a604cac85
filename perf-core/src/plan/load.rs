//! What is offered: arrivals at a rate, users in a loop, or a search for the highest rate.

use super::bounds::{self, BoundError};
use super::search::{Search, SearchError};
use super::shape::{Shape, ShapeError};
use super::stage::{self, Stage, StageError};
use crate::units::{Rate, UnitError};
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
    pub(super) model: Model,
    pub(super) stages: Vec<Stage>,
    pub(super) iterations: Option<Iterations>,
    pub(super) mistakes: Vec<LoadError>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Model {
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
    pub(super) fn is_endless(&self) -> bool {
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
        let of_search = self.search().and_then(Search::mistake).map(LoadError::Search);
        let of_stages = || match self.search() {
            Some(_) if !self.stages.is_empty() => Some(SearchError::Stages.into()),
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
            Some(_) if self.search().is_some() => Some(SearchError::Iterations.into()),
            Some(Iterations::PerUser(_)) if !self.is_closed() => Some(LoadError::NoUsers),
            _ => None,
        };
        of_search.or_else(of_stages).or_else(of_users).or_else(of_iterations).into_iter().collect()
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
    /// A search.
    #[error(transparent)]
    Search(#[from] SearchError),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn a_load_by_time_is_ended_by_no_iterations() {
        let length = Duration::from_millis(1500);
        assert_eq!(Load::users(4).iterations(100).by_time(length), Load::users(4).hold(length));
        assert_eq!(Load::rate(50).hold("10s").iterations(20).by_time(length), Load::rate(50).hold(length));
        let ramp = "0..500 over 30s".parse::<Load>().unwrap();
        assert_eq!(ramp.by_time(length).to_string(), "0..500 over 1s500ms");
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
        let search = Load::capacity("p99 < 5ms").from(1).up_to(2);
        assert!(first(search.clone().iterations(5)).contains("which ends by itself"));
        assert_eq!(first(search), "");
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

    fn stages() -> impl Strategy<Value = Vec<Stage>> {
        let length = (0u64..100_000).prop_map(Duration::from_millis);
        let stage = prop_oneof![
            (0u32..500).prop_map(|to| Stage::Jump(to.into())),
            (0u32..500, length.clone()).prop_map(|(to, over)| Stage::Ramp { to: to.into(), over }),
            length.clone().prop_map(Stage::Hold),
            length.clone().prop_map(Stage::Pause),
            (-50i32..50, length.clone(), 1u32..9, length.clone())
                .prop_map(|(by, every, count, ramp)| { Stage::Stairs { by: by.into(), every, count, ramp } }),
            (0.0f64..50.0, length.clone(), length).prop_map(|(amplitude, period, length)| Stage::Sine {
                amplitude,
                period,
                length
            }),
        ];
        proptest::collection::vec(stage, 3..9)
    }

    proptest! {
        #[test]
        fn a_load_of_several_stages_is_read_back_as_it_is_shown(stages in stages(), of_users: bool) {
            let model = if of_users { Model::Users } else { Model::Rate };
            let load = Load { model, stages, iterations: None, mistakes: Vec::new() };
            let text = load.to_string();
            prop_assert_eq!(text.starts_with("users "), of_users);
            prop_assert_eq!(text.parse::<Load>().unwrap(), load, "{}", text);
        }
    }
}
