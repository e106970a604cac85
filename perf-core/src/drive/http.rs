//! Requests of a test function: built, sent, and read to the end inside the timed part.

use super::cookies::Cookies;
use super::cx::Cx;
use super::dns::NOT_LISTED;
pub use super::dns::Resolver;
use crate::error::{BodyError, Category, ClientError, StatusError, chain};
use crate::outcome::{Failure, IntoOutcome, Outcome, overload_of_status};
use crate::plan::limits::{NotListed, host_of};
use bytes::Bytes;
pub use reqwest::Client;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The attribute's `client`: changes how a worker's client is built.
pub type ClientFn = fn(ClientBuilder) -> ClientBuilder;

/// A client and the cookies of whoever makes requests by it.
struct Transport {
    client: Client,
    cookies: Arc<Cookies>,
}

/// What users make requests by: those of a worker together, or one alone.
pub(crate) fn transport(
    client: Option<ClientFn>,
    resolver: &Resolver,
    owner: Option<u64>,
) -> Result<Box<dyn Any>, ClientError> {
    let cookies = Arc::new(Cookies::of(owner));
    let builder = builder().cookie_provider(cookies.clone()).dns_resolver(resolver.clone());
    let builder = builder.redirect(redirects(resolver.clone()));
    Ok(Box::new(Transport { client: built(builder, client)?, cookies }))
}

/// The same outside of a run, for the user of a `Cx` of its own.
fn alone(user: u64) -> Box<dyn Any> {
    transport(None, &Resolver::default(), Some(user)).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// A client without cookies.
pub(crate) fn build(client: Option<ClientFn>) -> Result<Client, ClientError> {
    built(builder(), client)
}

/// Of a client that keeps every connection it opened, and asks no proxy.
fn builder() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(usize::MAX)
        .user_agent(concat!("perf-harness/", env!("CARGO_PKG_VERSION")))
}

/// Follows as many redirects as reqwest does, but none to a host that load may not be sent to.
fn redirects(resolver: Resolver) -> Policy {
    Policy::custom(move |attempt| {
        let refused = attempt.url().host_str().filter(|host| !resolver.allows(host));
        match refused.map(|host| NotListed(host.trim_matches(['[', ']']).to_owned())) {
            Some(refused) => attempt.error(refused),
            None => Policy::default().redirect(attempt),
        }
    })
}

/// The message says that it is the attribute's `client` that does not build.
fn built(builder: ClientBuilder, client: Option<ClientFn>) -> Result<Client, ClientError> {
    let built = match client {
        Some(change) => change(builder).build(),
        None => builder.build(),
    };
    built.map_err(|e| ClientError(chain(&e)))
}

/// One try of an address that must answer with a status below 400.
pub(crate) async fn probe(
    client: Option<ClientFn>,
    resolver: &Resolver,
    address: &str,
    limit: Duration,
) -> Result<(), Failure> {
    // To ask whether somebody is ready is no load; where load goes the same addresses are asked.
    let builder = match host_of(address).is_some_and(|host| resolver.allows(host)) {
        true => builder().dns_resolver(resolver.clone()),
        false => builder(),
    };
    let client = built(builder, client).map_err(|e| Failure::new(Category::Other, e))?;
    let response = client.get(address).timeout(limit).send().await;
    match response.map_err(|e| Failure::of_error(&e))?.into_outcome() {
        Outcome::Succeeded => Ok(()),
        Outcome::Failed(failure) => Err(failure),
    }
}

/// `path` is relative to the base URL unless it is a whole address.
pub(crate) fn address(base_url: Option<&str>, path: &str) -> String {
    match base_url {
        Some(base) if !path.starts_with("http://") && !path.starts_with("https://") => {
            format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
        }
        _ => path.to_owned(),
    }
}

fn is_number(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

impl Cx {
    /// The worker's own warm client, for whatever has no method here. It sends and keeps this user's cookies as long as
    /// the test function itself awaits the request; a task that it spawns has none, unless connections are the user's own.
    ///
    /// # Panics
    ///
    /// Outside of a run, when the system has no randomness or certificates for a client.
    pub fn http(&self) -> &Client {
        &self.reached().client
    }

    /// Forgets this user's cookies, for a journey that begins anew. Otherwise they are kept from iteration to iteration,
    /// to the end of the session.
    ///
    /// A provider of cookies that the attribute's `client` brought along forgets nothing.
    pub fn clear_cookies(&self) {
        self.reached().cookies.clear(self.user_id());
    }

    fn reached(&self) -> &Transport {
        let of_worker = || self.common().transport.get_or_init(|| alone(self.user_id()));
        let transport = self.transport.get().unwrap_or_else(of_worker);
        transport.downcast_ref().unwrap_or_else(|| unreachable!("only this file makes a transport"))
    }

    /// A request by any method. `url` is relative to the base URL, or whole.
    pub fn request(&self, method: Method, url: &str) -> Request {
        let address = address(self.base_url(), url);
        // A name is refused where it is resolved, wherever it came from; an address in numbers has no such place.
        let refused = host_of(&address).filter(|host| is_number(host) && !self.common().allows(host));
        let address =
            refused.map(|host| format!("http://{}{NOT_LISTED}/", host.replace(':', "-"))).unwrap_or(address);
        Request(self.http().request(method, address))
    }

    /// A GET request.
    pub fn get(&self, url: &str) -> Request {
        self.request(Method::GET, url)
    }

    /// A POST request.
    pub fn post(&self, url: &str) -> Request {
        self.request(Method::POST, url)
    }

    /// A PUT request.
    pub fn put(&self, url: &str) -> Request {
        self.request(Method::PUT, url)
    }

    /// A PATCH request.
    pub fn patch(&self, url: &str) -> Request {
        self.request(Method::PATCH, url)
    }

    /// A DELETE request.
    pub fn delete(&self, url: &str) -> Request {
        self.request(Method::DELETE, url)
    }
}

/// A request being built; `.await` sends it and reads the whole body.
#[must_use = "a request is sent by `.await`"]
#[derive(Debug)]
pub struct Request(RequestBuilder);

impl Request {
    /// Adds a header.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Request(self.0.header(name.as_ref(), value.as_ref()))
    }

    /// Adds several headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        Request(self.0.headers(headers))
    }

    /// Adds `?name=value&…`.
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        Request(self.0.query(query))
    }

    /// Sends a value as JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        Request(self.0.json(value))
    }

    /// Sends a value as a form.
    pub fn form<T: Serialize + ?Sized>(self, value: &T) -> Self {
        Request(self.0.form(value))
    }

    /// Sends a body as it is.
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Request(self.0.body(body))
    }

    /// Adds an `Authorization: Bearer` header.
    pub fn bearer_auth(self, token: impl std::fmt::Display) -> Self {
        Request(self.0.bearer_auth(token))
    }

    /// Reaches through to reqwest's builder, for whatever has no method here.
    pub fn map(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Request(change(self.0))
    }
}

impl IntoFuture for Request {
    type Output = reqwest::Result<Response>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut response = self.0.send().await?;
            let (status, url) = (response.status(), response.url().to_string());
            let headers = std::mem::take(response.headers_mut());
            let body = response.bytes().await?;
            Ok(Response { status, headers, body, url })
        })
    }
}

/// A response that arrived whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status; compares with a number: `response.status == 200`.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, to the last byte.
    pub body: Bytes,
    url: String,
}

impl Response {
    /// Where it came from, after redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The response itself when its status is the expected one.
    pub fn expect_status(self, expected: u16) -> Result<Self, StatusError> {
        match self.status.as_u16() {
            actual if actual == expected => Ok(self),
            actual => {
                let retry_after = retry_after(&self.headers);
                Err(StatusError { actual, expected, url: self.url, retry_after })
            }
        }
    }

    /// The body as a value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        serde_json::from_slice(&self.body)
            .map_err(|e| BodyError::Json { url: self.url.clone(), reason: e.to_string() })
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str, BodyError> {
        std::str::from_utf8(&self.body).map_err(|_| BodyError::Text { url: self.url.clone() })
    }
}

fn of_status(status: StatusCode, headers: &HeaderMap, url: &str) -> Outcome {
    match status.as_u16() {
        ..400 => Outcome::Succeeded,
        code => {
            let failure = Failure::new(Category::of_status(code), format!("status {code} from {url}"));
            Outcome::Failed(failure.with_overload(overload_of_status(code, retry_after(headers))))
        }
    }
}

/// Seconds, or a date that lies ahead.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    let until = || httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok();
    seconds.or_else(until)
}

impl IntoOutcome for Response {
    fn into_outcome(self) -> Outcome {
        of_status(self.status, &self.headers, &self.url)
    }
}

impl IntoOutcome for reqwest::Response {
    fn into_outcome(self) -> Outcome {
        of_status(self.status(), self.headers(), self.url().as_str())
    }

    /// Reads the body to its end first: a response dropped half-read hides its cost and closes the connection.
    async fn settle(mut self) -> Outcome {
        loop {
            match self.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return self.into_outcome(),
                Err(error) => return Outcome::Failed(Failure::of_error(&error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_addresses_are_joined_with_one_slash() {
        for base in ["http://h:1", "http://h:1/"] {
            for path in ["/a?b=c", "a?b=c"] {
                assert_eq!(address(Some(base), path), "http://h:1/a?b=c");
            }
        }
        assert_eq!(address(Some("http://h:1/v1"), "/a"), "http://h:1/v1/a");
        assert_eq!(address(Some("http://h:1"), "https://other/a"), "https://other/a");
        assert_eq!(address(None, "/a"), "/a");
    }

    #[test]
    fn a_target_says_how_long_it_wants_to_be_left_alone_in_seconds_or_by_a_date() {
        let said = |text: &str| {
            let value = text.parse().unwrap();
            retry_after(&HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, value)]))
        };
        assert_eq!((said("120"), said(" 0 ")), (Some(Duration::from_mins(2)), Some(Duration::ZERO)));
        let hour = Duration::from_hours(1);
        let ahead = said(&httpdate::fmt_http_date(SystemTime::now() + hour)).unwrap();
        assert!(ahead <= hour && ahead > hour / 2, "{ahead:?}");
        let past = httpdate::fmt_http_date(SystemTime::now() - hour);
        for text in [past.as_str(), "soon", "-3", "1.5"] {
            assert_eq!(said(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
