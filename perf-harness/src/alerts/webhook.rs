//! Posts an alert to an address. It is no load, so the hosts of `[limits]` say nothing of it.

use perf_core::reqwest::{Client, Error, StatusCode, Url, header, redirect};
use std::time::Duration;
use tokio::time::sleep;

/// Of one try.
const LIMIT: Duration = Duration::from_secs(5);
/// Before each further try.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// An address that takes JSON.
pub(super) struct Webhook {
    client: Client,
    url: Url,
}

/// Why a try was in vain. Never says the address, which may hold a secret.
struct Trouble {
    why: String,
    /// Whether another try may help, and tells nothing twice.
    may_pass: bool,
}

impl Webhook {
    /// Says why it cannot be one.
    pub(super) fn at(address: &str) -> Result<Self, String> {
        let url: Url = address.parse().map_err(|error| format!("{error}; write a whole address"))?;
        if url.scheme() == "https" && !cfg!(any(feature = "rustls", feature = "native-tls")) {
            let advice = "enable perf-harness's feature `rustls` or `native-tls`";
            return Err(format!("`https://` needs TLS; {advice}, or use `command`"));
        }
        let client = Client::builder()
            .no_proxy()
            .timeout(LIMIT)
            // What is moved is posted nowhere else.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("perf-harness/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(|client| Webhook { client, url }).map_err(|error| root(&error))
    }

    /// Says why it could not, after the last try.
    pub(super) async fn tell(&self, message: String) -> Result<(), String> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let Err(trouble) = self.post(message.clone()).await else { return Ok(()) };
            match pauses.next().filter(|_| trouble.may_pass) {
                Some(pause) => sleep(pause).await,
                None => return Err(trouble.why),
            }
        }
    }

    async fn post(&self, message: String) -> Result<(), Trouble> {
        let post = self.client.post(self.url.clone()).header(header::CONTENT_TYPE, "application/json");
        let status = post.body(message).send().await.map_err(|error| Trouble::of_error(&error))?.status();
        match status.is_success() {
            true => Ok(()),
            false => Err(Trouble::of_status(status)),
        }
    }
}

impl Trouble {
    /// One that never answered may have taken it, so it is not told twice.
    fn of_error(error: &Error) -> Self {
        match error.is_timeout() && !error.is_connect() {
            true => {
                let why = format!("did not answer within {} s", LIMIT.as_secs());
                Trouble { why, may_pass: false }
            }
            false => Trouble { why: format!("cannot be reached: {}", root(error)), may_pass: true },
        }
    }

    fn of_status(status: StatusCode) -> Self {
        let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Trouble { why: format!("answered {status}"), may_pass }
    }
}

/// What the innermost error says.
fn root(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_posted_to_is_refused_with_advice() {
        assert!(Webhook::at("http://127.0.0.1:1/hook").is_ok());
        assert!(Webhook::at("http://a b").err().unwrap().contains("write a whole address"));
        let is_refused = Webhook::at("https://hooks.example.com").err();
        let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
        assert_eq!(is_refused.is_none(), has_tls, "{is_refused:?}");
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let may_pass = |code| Trouble::of_status(StatusCode::from_u16(code).unwrap()).may_pass;
        assert_eq!([429, 500, 503].map(may_pass), [true; 3]);
        assert_eq!([301, 400, 401, 404, 410].map(may_pass), [false; 5]);
    }
}
