//! One request, one answer: `/metrics`, `/events` and the page at `/`. Reads, and changes nothing.

use super::events::{self, Stream};
use super::host;
use super::hub::Hub;
use super::metrics;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::HeaderValue;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;

pub(super) type Body = Either<Full<Bytes>, Stream>;

const TEXT: &str = "text/plain; charset=utf-8";
/// The page holds everything it needs, and asks nobody else.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'";

/// What was asked for, or why not.
pub(super) fn answer<B>(request: &Request<B>, bound: SocketAddr, hub: &Arc<Hub>) -> Response<Body> {
    let (method, headers) = (request.method(), request.headers());
    if !is_meant(request, bound) {
        let text = format!(
            "This address answers to its own name only, so that no other site's page can read it: ask for http://{bound}/\n"
        );
        return refusal(StatusCode::FORBIDDEN, text);
    }
    let is_head = method == Method::HEAD;
    if method != Method::GET && !is_head {
        let mut refused = refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and HEAD: nothing can be changed here.\n".into(),
        );
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let accept = accepted(headers);
    match request.uri().path() {
        "/metrics" => {
            let format = metrics::Format::asked_for(&accept);
            match metrics::write(hub.rows(), format) {
                Ok(text) => whole(StatusCode::OK, format.content_type(), text),
                Err(_) => {
                    refusal(StatusCode::INTERNAL_SERVER_ERROR, "The metrics cannot be written.\n".into())
                }
            }
        }
        "/events" => {
            let format = events::Format::asked_for(&accept);
            // Nobody reads on behind a head.
            let stream = if is_head { Stream::empty() } else { Stream::open(hub, format) };
            made(StatusCode::OK, format.content_type(), Either::Right(stream))
        }
        "/" => page(),
        _ => refusal(StatusCode::NOT_FOUND, "There are /, /metrics and /events.\n".into()),
    }
}

/// Who names no host, or several, means nobody.
fn is_meant<B>(request: &Request<B>, bound: SocketAddr) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_so = |host: &HeaderValue| host.to_str().is_ok_and(|host| host::is_meant(host, bound));
    // A request may name its host in its first line instead, which is the one that counts.
    let line = request.uri().authority().is_none_or(|authority| host::is_meant(authority.as_str(), bound));
    hosts.next().is_some_and(is_so) && hosts.next().is_none() && line
}

fn accepted(headers: &HeaderMap) -> String {
    let all: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).collect();
    all.join(",")
}

fn page() -> Response<Body> {
    let mut html = Vec::new();
    match perf_core::report::html::write_live(&mut html) {
        Ok(()) => {
            let mut page = whole(StatusCode::OK, "text/html; charset=utf-8", html);
            page.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            page
        }
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be written.\n".into()),
    }
}

fn refusal(status: StatusCode, text: String) -> Response<Body> {
    whole(status, TEXT, text)
}

fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    made(status, content_type, Either::Left(Full::new(body.into())))
}

fn made(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
