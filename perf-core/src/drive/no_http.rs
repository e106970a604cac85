//! In the place of `http` where the feature is off: nothing makes requests.

use crate::error::{Category, ClientError};
use crate::outcome::Failure;
use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;

/// No client can be changed without the feature `http`.
pub type ClientFn = fn(Infallible) -> Infallible;

/// An address cannot be asked without the feature `http`; a function can.
#[allow(clippy::unused_async)] // as the other file's
pub(crate) async fn probe(
    _: Option<ClientFn>,
    _: &Resolver,
    _: &str,
    _: std::time::Duration,
) -> Result<(), Failure> {
    Err(Failure::new(
        Category::Other,
        "an address in `ready` needs the feature `http`; write an async function",
    ))
}

/// Of no use to anybody.
pub(crate) fn address(_: Option<&str>, path: &str) -> String {
    path.to_owned()
}

#[allow(clippy::unnecessary_wraps)] // as the other file's
pub(crate) fn transport(
    _: Option<ClientFn>,
    _: &Resolver,
    _: Option<u64>,
) -> Result<Box<dyn Any>, ClientError> {
    Ok(Box::new(()))
}

/// Nothing has a name to resolve.
#[derive(Clone, Default)]
pub struct Resolver;

impl Resolver {
    /// Whatever the limits are.
    pub fn within(_: &crate::plan::limits::Limits) -> Self {
        Resolver
    }

    /// Nothing to do.
    #[allow(clippy::unused_async, clippy::unused_self)] // as the other file's
    pub(crate) async fn prepare(&self, _: &str) {}

    /// None.
    #[allow(clippy::unused_self)] // as the other file's
    pub fn addresses(&self) -> BTreeMap<String, Vec<IpAddr>> {
        BTreeMap::new()
    }
}
