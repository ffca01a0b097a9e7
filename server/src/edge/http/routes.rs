//! The HTTP routes: the page, `/ws`, and the status routes for people and monitoring. Only the admin
//! listener serves the counters.
//!
//! It answers valid requests; it does not accept connections and has no state. [`super::serve`] calls
//! it.

use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderValue, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::sleep;

use super::coding;
use super::page::ServedFile;
use super::page::file::Content;
use super::rejection::{Body, Rejection};
use super::{cors, forwarded, host, page_address, probes, upgrade};
use crate::edge::address_limiter::ConnectionPermit;
use crate::edge::context::EdgeContext;
use crate::edge::peer::{ClientAddress, ClientKey, Listener, PeerInfo};
use crate::ops::memory;

/// An accepted request for the WebSocket.
pub(crate) struct Upgrade {
    pub(crate) on_upgrade: OnUpgrade,
    /// The client, which is the peer unless a proxy forwards it.
    pub(crate) client: ClientKey,
    /// Counts the WebSocket against the address of the client.
    pub(crate) permit: Option<ConnectionPermit>,
}

/// Answers one request. A request for the WebSocket also returns the pending upgrade.
pub(crate) async fn respond(
    context: &EdgeContext,
    peer: PeerInfo,
    mut request: Request<Incoming>,
) -> (Response<Body>, Option<Upgrade>) {
    let on_upgrade = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    match answer(context, peer, &head).await {
        Answer::Upgrade { response, client, permit } => {
            (response, Some(Upgrade { on_upgrade, client, permit }))
        }
        Answer::Response(mut response) => {
            if peer.listener == Listener::Public {
                cors::add_headers(&context.origins, &head, &mut response);
            }
            (response, None)
        }
    }
}

/// What a request is answered with.
enum Answer {
    Response(Response<Body>),
    Upgrade { response: Response<Body>, client: ClientKey, permit: Option<ConnectionPermit> },
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Answer {
        Answer::Response(rejection.response())
    }
}

async fn answer(context: &EdgeContext, peer: PeerInfo, head: &Parts) -> Answer {
    if *context.server.closing.borrow() {
        return Rejection::Closing.into();
    }
    let path = head.uri.path();
    if peer.listener == Listener::Admin {
        return match host::is_served_by_admin(&head.headers, &context.admin_hosts) {
            true => Answer::Response(answer_admin(context, peer, head).await),
            false => Rejection::AdminHost.into(),
        };
    }
    let client = if context.is_proxy(peer.address) {
        forwarded::client(&head.headers, &context.proxies)
    } else {
        ClientAddress::Known(peer.address)
    };
    // A proxy that checks the health of the server forwards nobody, and must not depend on the rate
    // of those who cannot be read.
    if !probes::is_probe(path) || client != ClientAddress::Unreadable {
        match context.count_request(client) {
            // A check that is delayed looks like a server that is stuck.
            Ok(delay) if delay.is_zero() || probes::is_probe(path) => {}
            Ok(delay) => sleep(delay).await,
            Err(rejection) => return rejection.into(),
        }
    }
    Answer::Response(match path {
        "/ws" if peer.is_plaintext_on_tls => Rejection::Insecure.response(),
        _ if peer.is_plaintext_on_tls => {
            redirect_to_https(head).unwrap_or_else(Rejection::response)
        }
        _ if probes::is_probe(path) => probe(context, peer, head).await,
        _ if head.method == Method::OPTIONS => cors::options(),
        "/ws" => match accept_upgrade(context, client, head) {
            Ok((response, permit)) => {
                let client = context.client_at(client);
                return Answer::Upgrade { response, client, permit };
            }
            Err(Rejection::NoUpgrade) => {
                cors::probe(&context.origins, head, context.has_no_permit(client))
            }
            Err(rejection) => rejection.response(),
        },
        "/api/rooms" => json(context.rooms.json(&context.server.lobby).await),
        path => match context.page.file(path).await {
            Some(served) => {
                let policy = context.policy.header(host::host(&head.headers));
                serve_file(context, peer, head, &served, policy)
            }
            None => text(StatusCode::NOT_FOUND, context.page.not_found(path)),
        },
    })
}

async fn answer_admin(context: &EdgeContext, peer: PeerInfo, head: &Parts) -> Response<Body> {
    match head.uri.path() {
        path if probes::is_probe(path) => probe(context, peer, head).await,
        _ if head.method == Method::OPTIONS => cors::options(),
        "/api/rooms" => json(context.rooms.json(&context.server.lobby).await),
        "/api/status" => status(context).await,
        _ => text(StatusCode::NOT_FOUND, "Not found.\n"),
    }
}

/// Answers a probe. OPTIONS is what HAProxy checks servers with by default.
async fn probe(context: &EdgeContext, peer: PeerInfo, head: &Parts) -> Response<Body> {
    let (supervisor, readiness) = (&context.server.supervisor, &context.readiness);
    let path = head.uri.path();
    let (is_good, body) = probes::answer(path, peer.listener, supervisor, readiness).await;
    if is_good && head.method == Method::OPTIONS {
        return cors::options();
    }
    let mut response = json(format!("{body}\n").into());
    if !is_good {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// Redirects a plaintext request to the same URL with `https://`.
fn redirect_to_https(head: &Parts) -> Result<Response<Body>, Rejection> {
    let host = host::host(&head.headers).ok_or(Rejection::Host)?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    // OPTIONS has the target * for the whole server.
    let path = if path.starts_with('/') { path } else { "/" };
    let location = format!("https://{host}{path}").parse().map_err(|_| Rejection::Malformed)?;
    let mut response =
        text(StatusCode::PERMANENT_REDIRECT, "This server uses TLS: connect with https://.\n");
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// Accepts a request for the WebSocket if it is valid and allowed. Returns the response, and the
/// permit that counts the WebSocket against its address.
fn accept_upgrade(
    context: &EdgeContext,
    client: ClientAddress,
    head: &Parts,
) -> Result<(Response<Body>, Option<ConnectionPermit>), Rejection> {
    let response = upgrade::accept(head)?;
    if !context.origins.allow(&head.headers) {
        context.log_refused_origin(client, &head.headers);
        return Err(Rejection::Origin);
    }
    Ok((response, context.permit(client)?))
}

async fn status(context: &EdgeContext) -> Response<Body> {
    // Reading the directory of descriptors blocks.
    let descriptors = tokio::task::spawn_blocking(memory::open_descriptors);
    let mut status = context.server.metrics.to_json();
    status["descriptors"] = descriptors.await.ok().flatten().into();
    json(serde_json::to_vec(&status).expect("plain values can be serialised").into())
}

/// Serves a file of the page. What may be another one tomorrow is revalidated by the browser every time,
/// and downloaded only if it changed: a stale page would use an old protocol. A document that names its own
/// address is made for the request.
fn serve_file(
    context: &EdgeContext,
    peer: PeerInfo,
    head: &Parts,
    served: &ServedFile,
    policy: HeaderValue,
) -> Response<Body> {
    let file = &served.file;
    let (coding, content) = coding::choose(&head.headers, file);
    let (Content { bytes, tag }, vary) = match &file.marks {
        Some(marks) => page_address::fill(context, peer, head, (file, marks), coding),
        None => (content.clone(), "accept-encoding"),
    };
    let known = head.headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|tags| {
            let tags = tags.split(',').map(|known| known.trim().trim_start_matches("W/"));
            tags.into_iter().any(|known| tag == known)
        })
    });
    let mut response = if known {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::new(bytes))
    };
    let caching = if served.is_immutable { IMMUTABLE } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static(vary));
    if let Some(coding) = coding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(ETAG, tag);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// For how long browsers keep what never changes: a year, as is usual.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The content type of responses for people.
const TEXT: &str = "text/plain; charset=utf-8";

/// A response for people.
fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    plain(status, TEXT, Bytes::from_static(text.as_bytes()))
}

fn json(bytes: Bytes) -> Response<Body> {
    plain(StatusCode::OK, "application/json", bytes)
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
