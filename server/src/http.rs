//! The HTTP routes: the page, `/ws`, and a few addresses for people and machines that watch. What
//! is counted is shown to who comes by the admin listener alone.
//!
//! It answers requests that are whole and good; it neither accepts connections nor keeps state. A
//! visit calls it.

use std::path::Path;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HOST, HeaderValue, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use shared::game::Game;
use tokio::sync::oneshot;

use crate::door::guests::Guest;
use crate::door::rejection::Rejection;
use crate::door::visit::{Agreed, Side, Visitor};
use crate::door::{Site, forwarded};
use crate::lobby::Request as LobbyRequest;
use crate::memory;
use crate::page::{self, File};
use crate::session::House;
use crate::upgrade;

/// The body of every answer: whole, and small enough to be.
pub(crate) type Body = Full<Bytes>;

/// Answers one request. For a WebSocket there is also the connection-to-be.
pub(crate) async fn answer<G: Game>(
    site: &Site<G>,
    visitor: Visitor,
    mut request: Request<Incoming>,
) -> (Response<Body>, Option<Agreed>) {
    let on_upgrade = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let house = &site.house;
    if *house.closing.borrow() {
        return (Rejection::Closing.response(), None);
    }
    let response = match (visitor.side, head.uri.path()) {
        (_, "/ws") if visitor.is_astray => Rejection::Insecure.response(),
        _ if visitor.is_astray => to_https(&head).unwrap_or_else(Rejection::response),
        (Side::Public, "/ws") => match agree(site, visitor, &head) {
            Ok((response, guest)) => return (response, Some(Agreed { on_upgrade, guest })),
            Err(rejection) => rejection.response(),
        },
        (_, "/healthz") => text(StatusCode::OK, "ok\n"),
        (_, "/api/rooms") => rooms(house).await,
        (Side::Admin, "/api/status") => status(house).await,
        (Side::Public, path) => match find(site.web_dir.as_deref(), path).await {
            Some(file) => serve(&head, file),
            None => nothing(),
        },
        (Side::Admin, _) => nothing(),
    };
    (response, None)
}

/// Sends one that came in plain to the same address over TLS.
fn to_https(head: &Parts) -> Result<Response<Body>, Rejection> {
    let host = host(head).ok_or(Rejection::Host)?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let place = format!("https://{host}{path}").parse().map_err(|_| Rejection::Malformed)?;
    let mut response = text(StatusCode::PERMANENT_REDIRECT, "Only https:// is spoken here.\n");
    let headers = response.headers_mut();
    headers.insert(LOCATION, place);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// To which host a request is, if that can stand in an answer.
fn host(head: &Parts) -> Option<&str> {
    head.headers.get(HOST)?.to_str().ok().filter(|host| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

/// Whether a request for the WebSocket is one, and may be; with what counts it against the address
/// that a proxy names.
fn agree<G: Game>(
    site: &Site<G>,
    visitor: Visitor,
    head: &Parts,
) -> Result<(Response<Body>, Option<Guest>), Rejection> {
    let response = upgrade::answer(head)?;
    if !site.origins.allow(&head.headers) {
        return Err(Rejection::Origin);
    }
    if !site.is_proxy(visitor.peer) {
        return Ok((response, None));
    }
    // One that does not say whom it brings is taken for the client.
    let client = forwarded::client(&head.headers, &site.proxies).unwrap_or(visitor.peer);
    Ok((response, site.admit(client)?))
}

async fn status<G: Game>(house: &House<G>) -> Response<Body> {
    // It asks the operating system, for as long as that takes.
    let descriptors = tokio::task::spawn_blocking(memory::open_descriptors);
    let mut status = house.metrics.to_json();
    status["descriptors"] = descriptors.await.ok().flatten().into();
    json(&status)
}

fn nothing() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "There is nothing here.\n")
}

async fn rooms<G: Game>(house: &House<G>) -> Response<Body> {
    let (reply, answer) = oneshot::channel();
    // Without a lobby there are no rooms, either.
    let _ = house.lobby.send(LobbyRequest::List { reply });
    json(&answer.await.unwrap_or_default())
}

async fn find(web_dir: Option<&Path>, path: &str) -> Option<File> {
    let Some(folder) = web_dir else { return page::file(path) };
    let (folder, path) = (folder.to_path_buf(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || page::file_in(&folder, &path));
    read.await.ok().flatten()
}

/// A file of the page. A browser asks for it every time, and is sent it only when it changed:
/// a stale page would speak an old protocol.
fn serve(head: &Parts, file: File) -> Response<Body> {
    let zipped = file.gzip.filter(|_| takes_gzip(head));
    let (is_zipped, bytes) = (zipped.is_some(), zipped.unwrap_or(file.bytes));
    let tag = format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(&bytes));
    let known = head.headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|tags| {
            tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
        })
    });
    let mut response = if known {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::new(bytes))
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if is_zipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ETAG, tag.parse().expect("a quoted number is a header value"));
    headers.insert(CONTENT_SECURITY_POLICY, content_security_policy(head));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn takes_gzip(head: &Parts) -> bool {
    head.headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(
        |value| {
            value.split(',').any(|coding| {
                let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
                let refused =
                    weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
                name.trim().eq_ignore_ascii_case("gzip") && !refused
            })
        },
    )
}

/// The page may load what is here and connect to here, nothing else. Not every browser counts
/// a WebSocket to the same host as `'self'`, so the host is named as well.
fn content_security_policy(head: &Parts) -> HeaderValue {
    const REST: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
        img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'; connect-src 'self'";
    let policy = match host(head) {
        Some(host) => format!("{REST} ws://{host} wss://{host}"),
        None => REST.to_owned(),
    };
    policy.parse().expect("a policy is a header value")
}

/// An answer for people.
fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    plain(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn json(value: &impl serde::Serialize) -> Response<Body> {
    let bytes = serde_json::to_vec(value).expect("plain values serialise");
    plain(StatusCode::OK, "application/json", bytes.into())
}

fn plain(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::new(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
