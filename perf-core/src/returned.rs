//! Picks, for the concrete type that a test function returned, the way to an [`Outcome`]. Only rendered code uses it.
//!
//! Method look-up takes the first that fits: an inherent method, then the traits' methods by the number of references
//! they need. So every choice is made at compile time and no two impls overlap.

use crate::outcome::{Failure, IntoOutcome, Outcome};
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt::Display;

/// What the test function returned.
#[derive(Debug)]
pub struct Returned<R>(pub R);

/// The `Ok` of a `Result`.
#[derive(Debug)]
pub struct Value<T>(T);

/// A value that is no `Result`.
#[derive(Debug)]
pub struct Bare<T>(T);

/// The `Err` of a `Result`.
#[derive(Debug)]
pub struct Cause<E>(E);

impl<T, E> Returned<Result<T, E>> {
    /// A `Result` in its two parts.
    pub fn parts(self) -> Result<Value<T>, Cause<E>> {
        self.0.map(Value).map_err(Cause)
    }
}

/// Anything else has one part.
pub trait NoResult<R> {
    /// Never an error.
    fn parts(self) -> Result<Bare<R>, Cause<Infallible>>;
}

impl<R> NoResult<R> for Returned<R> {
    fn parts(self) -> Result<Bare<R>, Cause<Infallible>> {
        Ok(Bare(self.0))
    }
}

impl<T> Bare<T> {
    /// A bare value must say whether it is a success.
    pub async fn outcome(self) -> Outcome
    where
        T: IntoOutcome,
    {
        self.0.settle().await
    }
}

impl<T: IntoOutcome> Value<T> {
    /// A value that says whether it is a success.
    pub async fn outcome(self) -> Outcome {
        self.0.settle().await
    }
}

/// Any other value in an `Ok` is a success, unless its type may hide a failure.
pub trait AnyValue {
    /// See the trait.
    fn outcome(self) -> impl Future<Output = Outcome>;
}

impl<T> AnyValue for Value<T> {
    async fn outcome(self) -> Outcome {
        Failure::unseen::<T>().map_or(Outcome::Succeeded, Outcome::Failed)
    }
}

impl<E: StdError + 'static> Cause<E> {
    /// An error type of any crate: its sources are walked.
    pub fn failure(self) -> Outcome {
        Outcome::Failed(Failure::of_error(&self.0))
    }
}

/// What holds an error without being one: `anyhow::Error`, `Box<dyn Error + Send + Sync>`, our own `Error`.
pub trait HoldsError {
    /// See the trait.
    fn failure(self) -> Outcome;
}

impl<E: AsRef<dyn StdError + Send + Sync + 'static>> HoldsError for Cause<E> {
    fn failure(self) -> Outcome {
        Outcome::Failed(Failure::of_error(self.0.as_ref()))
    }
}

/// What can only be shown.
pub trait Shown {
    /// See the trait.
    fn failure(&self) -> Outcome;
}

impl<E: Display + 'static> Shown for Cause<E> {
    fn failure(&self) -> Outcome {
        Outcome::Failed(Failure::of(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Category, Error, StatusError};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// What the attribute renders.
    macro_rules! outcome {
        ($returned:expr) => {
            ready(async {
                match Returned($returned).parts() {
                    Ok(value) => value.outcome().await,
                    Err(cause) => cause.failure(),
                }
            })
        };
    }

    fn ready(future: impl Future<Output = Outcome>) -> Option<Failure> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Outcome::Succeeded) => None,
            Poll::Ready(Outcome::Failed(failure)) => Some(failure),
            Poll::Pending => panic!("nothing to wait for"),
        }
    }

    fn not_found() -> StatusError {
        StatusError { actual: 404, expected: 200, url: "/".into(), retry_after: None }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[from] StatusError);

    #[test]
    fn a_value_in_an_ok_needs_to_say_nothing() {
        assert_eq!(outcome!(()), None);
        assert_eq!(outcome!(Ok::<_, String>(())), None);
        assert_eq!(outcome!(Ok::<_, String>(vec![1])), None);
        assert_eq!(outcome!(Ok::<_, Wrapped>("text")), None);
    }

    #[test]
    fn every_kind_of_error_is_walked_to_its_category() {
        let boxed: Box<dyn StdError> = not_found().into();
        let sent: Box<dyn StdError + Send + Sync> = not_found().into();
        for failure in [
            outcome!(Err::<(), _>(not_found())),
            outcome!(Err::<Vec<u8>, _>(Wrapped(not_found()))),
            outcome!(Err::<(), _>(boxed)),
            outcome!(Err::<(), _>(sent)),
            outcome!(Err::<u8, _>(Error::from(Wrapped(not_found())))),
            outcome!(Ok::<Result<(), StatusError>, String>(Err(not_found()))),
        ] {
            assert_eq!(failure.unwrap().category, Category::Http4xx);
        }
        assert_eq!(outcome!(Err::<(), _>("text")), Some(Failure::new(Category::Other, "text")));
        assert_eq!(outcome!(Err::<u8, _>(String::from("text"))), Some(Failure::new(Category::Other, "text")));
    }

    #[test]
    fn what_may_hide_a_failure_is_no_success() {
        mod elsewhere {
            pub(super) struct Response;
        }
        let failure = outcome!(Ok::<_, String>(elsewhere::Response)).unwrap();
        assert_eq!(failure.category, Category::Unseen);
        assert!(failure.message.contains("elsewhere::Response"), "{}", failure.message);
        let nested = outcome!(Ok::<Result<u8, u8>, String>(Err(1))).unwrap();
        assert_eq!(nested.category, Category::Unseen);
    }
}
