//! How an iteration ended: the one answer a test function's return value is turned into.

use crate::error::{BodyError, Category, Error, StatusError, chain};
use std::any::{Any, type_name};
use std::error::Error as StdError;
use std::fmt::Display;
use std::ops::Deref;
use std::time::Duration;

/// How an iteration that ran to its end came out.
#[derive(Debug)]
pub enum Outcome {
    /// As it should be.
    Succeeded,
    /// Not as it should be.
    Failed(Failure),
}

/// Why an iteration failed. One word long, so that an outcome is cheap to hand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Box<Reason>);

/// What a [`Failure`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What it is counted under.
    pub category: Category,
    /// For people.
    pub message: String,
    /// The target said that it has too much (429, 503, a refused connection): how long it wants to be left alone.
    pub overload: Option<Duration>,
}

impl Deref for Failure {
    type Target = Reason;

    fn deref(&self) -> &Reason {
        &self.0
    }
}

impl Failure {
    /// A failure with a text of its own.
    pub fn new(category: Category, message: impl Display) -> Self {
        Failure(Box::new(Reason { category, message: message.to_string(), overload: None }))
    }

    /// Of an error whose type is known to be one: its sources are walked.
    pub fn of_error(error: &(dyn StdError + 'static)) -> Self {
        let category = Category::of_error(error);
        let message = advised(chain(error));
        Failure(Box::new(Reason { category, message, overload: overload_of(error, category) }))
    }

    /// The same of a target that has too much, and wants to be left alone for so long.
    #[cfg_attr(not(feature = "http"), allow(dead_code))] // only answers say so
    #[must_use]
    pub(crate) fn with_overload(mut self, overload: Option<Duration>) -> Self {
        self.0.overload = overload;
        self
    }

    /// Of anything that can be shown. The category is found when it is, or boxes, an error of a known type.
    pub fn of<E: Display + 'static>(error: &E) -> Self {
        match as_error(error) {
            Some(error) => Failure::of_error(error),
            None => Failure::new(Category::Other, error),
        }
    }

    /// Of what a panic carried, and where it happened.
    pub fn of_panic(payload: &(dyn Any + Send), location: Option<String>) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text =
            text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = location.map_or_else(String::new, |location| format!(" at {location}"));
        Failure::new(Category::Panic, format!("panicked{place}: {text}"))
    }

    /// Of a value that came back inside an `Ok` and may hide a failure, such as another version's response.
    pub(crate) fn unseen<T>() -> Option<Self> {
        let name = type_name::<T>();
        let head = name.split('<').next().unwrap_or(name);
        let hides = head.ends_with("::Response") || head.ends_with("::result::Result");
        hides.then(|| {
            let advice = "look into it in the test function and return `()`, or implement `IntoOutcome`";
            Failure::new(Category::Unseen, format!("whether `{name}` is a success cannot be seen; {advice}"))
        })
    }
}

fn overload_of(error: &(dyn StdError + 'static), category: Category) -> Option<Duration> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(status) = error.downcast_ref::<StatusError>() {
            return overload_of_status(status.actual, status.retry_after);
        }
        // How long it wants to be left alone is no part of such an error.
        if let Some(status) = status_of(error) {
            return overload_of_status(status, None);
        }
        next = error.source();
    }
    (category == Category::Connect).then_some(Duration::ZERO)
}

/// Of `error_for_status()`.
#[cfg(feature = "http")]
fn status_of(error: &(dyn StdError + 'static)) -> Option<u16> {
    error.downcast_ref::<reqwest::Error>()?.status().map(|status| status.as_u16())
}

#[cfg(not(feature = "http"))]
fn status_of(_: &(dyn StdError + 'static)) -> Option<u16> {
    None
}

/// Of a status that says so, and the wait that came with it.
pub(crate) fn overload_of_status(status: u16, retry_after: Option<Duration>) -> Option<Duration> {
    matches!(status, 429 | 503).then(|| retry_after.unwrap_or_default())
}

/// reqwest says only "builder error" of an address without a host.
fn advised(message: String) -> String {
    match message.contains("relative URL without a base") {
        true => format!(
            "{message}; set `base_url = \"http://…\"` on the test, PERF_BASE_URL, or `cx.set_base_url` in `setup`"
        ),
        false => message,
    }
}

fn as_error<E: Display + 'static>(error: &E) -> Option<&(dyn StdError + 'static)> {
    let error: &dyn Any = error;
    None.or_else(|| error.downcast_ref::<Error>().map(|e| e.as_ref() as &(dyn StdError + 'static)))
        .or_else(|| error.downcast_ref::<Box<dyn StdError + Send + Sync>>().map(|e| &**e as _))
        .or_else(|| error.downcast_ref::<Box<dyn StdError + Send>>().map(|e| &**e as _))
        .or_else(|| error.downcast_ref::<Box<dyn StdError>>().map(|e| &**e as _))
        .or_else(|| error.downcast_ref::<StatusError>().map(|e| e as _))
        .or_else(|| error.downcast_ref::<BodyError>().map(|e| e as _))
        .or_else(|| error.downcast_ref::<std::io::Error>().map(|e| e as _))
        .or_else(|| as_reqwest(error))
}

#[cfg(feature = "http")]
fn as_reqwest(error: &dyn Any) -> Option<&(dyn StdError + 'static)> {
    error.downcast_ref::<reqwest::Error>().map(|e| e as _)
}

#[cfg(not(feature = "http"))]
fn as_reqwest(_: &dyn Any) -> Option<&(dyn StdError + 'static)> {
    None
}

/// What a perf test may return, alone or as the `Ok` of a `Result`.
///
/// ```
/// # use perf_core::outcome::{Failure, IntoOutcome, Outcome};
/// # use perf_core::error::Category;
/// struct Page { items: usize }
///
/// impl IntoOutcome for Page {
///     fn into_outcome(self) -> Outcome {
///         match self.items {
///             0 => Outcome::Failed(Failure::new(Category::Check, "an empty page")),
///             _ => Outcome::Succeeded,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a perf test cannot return `{Self}`",
    label = "whether `{Self}` is a success is not known",
    note = "return `()`, a response, `Result<T, E>` where `E: Display`, or implement `IntoOutcome` for your type"
)]
pub trait IntoOutcome: Sized {
    /// Success or failure of the value.
    fn into_outcome(self) -> Outcome;

    /// The same, after what is still on its way has arrived: the body of a response, for example.
    fn settle(self) -> impl Future<Output = Outcome> {
        async { self.into_outcome() }
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Succeeded
    }
}

/// Strict: the value inside is asked in turn, so `Ok(Err(_))` is a failure.
impl<T: IntoOutcome, E: Display + 'static> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(value) => value.into_outcome(),
            Err(error) => Outcome::Failed(Failure::of(&error)),
        }
    }

    async fn settle(self) -> Outcome {
        match self {
            Ok(value) => value.settle().await,
            Err(error) => Outcome::Failed(Failure::of(&error)),
        }
    }
}
