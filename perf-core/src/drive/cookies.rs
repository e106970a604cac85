//! Keeps apart the cookies of users who share a client.
//!
//! reqwest asks for cookies, and hands over those that came, only while a request is polled, redirects included, never
//! from a connection's own task. So they are those of the user whose turn it is.

use super::turn;
use reqwest::Url;
use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::HeaderValue;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A client's cookies: a jar for each user, made when its first cookie arrives.
#[derive(Default)]
pub(super) struct Cookies {
    /// The client's only user, where it has one.
    owner: Option<u64>,
    // reqwest wants it `Sync`; only the worker's own thread ever asks.
    jars: Mutex<HashMap<u64, Jar>>,
}

impl Cookies {
    /// Of all users of a worker, or of one with a client of its own.
    pub(super) fn of(owner: Option<u64>) -> Self {
        Cookies { owner, ..Cookies::default() }
    }

    /// Throws a user's away.
    pub(super) fn clear(&self, user: u64) {
        self.lock().remove(&user);
    }

    /// Nobody in a task that a test function spawned: its requests carry no cookies.
    fn user(&self) -> Option<u64> {
        self.owner.or_else(turn::user)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Jar>> {
        self.jars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CookieStore for Cookies {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        if let Some(user) = self.user() {
            self.lock().entry(user).or_default().set_cookies(headers, url);
        }
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        self.lock().get(&self.user()?)?.cookies(url)
    }
}
