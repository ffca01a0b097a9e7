//! Serves HTTP on one connection: runs hyper between the gate below and the routes above, and closes
//! the connection.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use super::gate::{Fault, Gate};
use super::rejection::{Body, Rejection};
use super::routes::{self, Upgrade};
use super::upgrade::has_token;
use crate::edge::context::EdgeContext;
use crate::edge::peer::PeerInfo;
use crate::edge::peer_stream::PeerStream;
use crate::limits::{
    FAREWELL_MAX, HTTP_CONNECTION_MAX, HTTP_HEAD_MAX_BYTES, OPENING_MAX, REJECTED_DRAIN_MAX_BYTES,
    REJECTED_LINGER_MAX, REQUESTS_BURST, REQUESTS_PER_SECOND_MAX,
};

/// The `Keep-Alive` header: for how many seconds an idle connection may be used again. It is less than
/// [`OPENING_MAX`], by what a request may take to arrive.
const KEEP_ALIVE: HeaderValue = HeaderValue::from_static("timeout=8");

/// The result of serving HTTP on a connection.
pub(crate) enum Served {
    /// The connection upgrades to a WebSocket.
    Upgraded(Upgrade),
    /// The connection is closed.
    Closed,
}

/// Answers requests until the client, a deadline or the server ends the connection.
/// `during_shutdown` is set for a connection that was accepted while the server was shutting down: it
/// is still served, to be answered with 503.
pub(crate) async fn serve_http(
    context: &Arc<EdgeContext>,
    peer: PeerInfo,
    gate: Gate,
    during_shutdown: bool,
) -> Served {
    let upgrade: Arc<Mutex<Option<Upgrade>>> = Arc::default();
    if let Some(gate) = answer_requests(context, peer, gate, during_shutdown, &upgrade).await {
        close(context, gate).await;
        return Served::Closed;
    }
    let upgrade = upgrade.lock().unwrap_or_else(PoisonError::into_inner).take();
    upgrade.map_or(Served::Closed, Served::Upgraded)
}

/// Returns the gate, unless the connection was upgraded.
async fn answer_requests(
    context: &Arc<EdgeContext>,
    peer: PeerInfo,
    gate: Gate,
    during_shutdown: bool,
    upgrade: &Arc<Mutex<Option<Upgrade>>>,
) -> Option<Gate> {
    let throttle = Mutex::new(RequestThrottle::new());
    let end = gate.end();
    let service = service_fn(|request: Request<Incoming>| {
        let (context, upgrade) = (Arc::clone(context), Arc::clone(upgrade));
        let due = throttle.lock().unwrap_or_else(PoisonError::into_inner).next(Instant::now());
        async move {
            // hyper reads nothing more in the meantime.
            sleep_until(due).await;
            let closes = request.version() != Version::HTTP_11
                || has_token(request.headers(), &CONNECTION, "close");
            let (mut response, accepted) = routes::respond(&context, peer, request).await;
            if accepted.is_none() && !closes {
                set_keep_alive(&mut response, end);
            }
            context.server.metrics.count_http(response.status());
            if accepted.is_some() {
                // There is at most one: the bytes after it are not HTTP.
                *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = accepted;
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = http1::Builder::new()
        // The gate passes only heads below the limit.
        .max_buf_size(2 * HTTP_HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(gate), service)
        .with_upgrades();
    let ended = tokio::select! {
        ended = timeout(HTTP_CONNECTION_MAX, &mut connection) => Some(ended),
        () = context.shutdown(), if !during_shutdown => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // An idle connection is closed; a request in progress is still answered.
            Pin::new(&mut connection).graceful_shutdown();
            timeout(FAREWELL_MAX, &mut connection).await
        }
    };
    if let Ok(Err(error)) = ended {
        debug!(%error, "http ended");
    }
    Some(connection.into_parts()?.io.into_inner())
}

/// Says whether the connection stays open after a response: not if it would end before the client has
/// had the usual time for another request. Otherwise the client would send one to a closed connection.
fn set_keep_alive(response: &mut Response<Body>, end: Instant) {
    let headers = response.headers_mut();
    if headers.contains_key(CONNECTION) {
        return;
    }
    if Instant::now() + OPENING_MAX >= end {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    } else {
        headers.insert(HeaderName::from_static("keep-alive"), KEEP_ALIVE);
    }
}

/// Limits the requests of a connection to a burst and an average rate.
struct RequestThrottle {
    /// When the whole burst is available again.
    burst_full_at: Instant,
}

impl RequestThrottle {
    fn new() -> RequestThrottle {
        RequestThrottle { burst_full_at: Instant::now() }
    }

    /// Returns when the next request may be answered.
    fn next(&mut self, now: Instant) -> Instant {
        let interval = Duration::from_secs(1) / REQUESTS_PER_SECOND_MAX;
        self.burst_full_at = self.burst_full_at.max(now) + interval;
        now.max(self.burst_full_at - interval * REQUESTS_BURST)
    }
}

/// Closes a connection that only used HTTP, with a rejection if it has not received one yet.
async fn close(context: &EdgeContext, gate: Gate) {
    let fault = gate.fault();
    let (mut stream, begun, _) = gate.into_parts();
    let has_begun_request = !begun.is_empty();
    let metrics = &context.server.metrics;
    match fault {
        Some(Fault::Rejected(rejection)) => {
            metrics.count_http(rejection.status());
            if rejection == Rejection::Timeout {
                metrics.count_missed_deadline();
            }
            send_rejection(&mut stream, rejection).await;
        }
        Some(Fault::Idle) => metrics.count_missed_deadline(),
        Some(Fault::Stuck) => {
            metrics.count_missed_deadline();
            stream.reset_on_drop();
        }
        None if has_begun_request && *context.server.closing.borrow() => {
            metrics.count_http(Rejection::Closing.status());
            send_rejection(&mut stream, Rejection::Closing).await;
        }
        Some(Fault::Done) | None => linger(&mut stream).await,
    }
}

/// Sends a rejection, and gives the peer time to read it.
pub(crate) async fn send_rejection(stream: &mut PeerStream, rejection: Rejection) {
    let sent = timeout(REJECTED_LINGER_MAX, stream.write_all(&rejection.bytes())).await;
    if matches!(sent, Ok(Ok(()))) {
        linger(stream).await;
    }
}

/// Shuts a connection down and drains it: the kernel resets a connection that is closed with unread
/// bytes, and a reset discards what the peer has not read yet.
async fn linger(stream: &mut PeerStream) {
    let _ = timeout(REJECTED_LINGER_MAX, async {
        stream.shutdown().await.ok()?;
        let (mut discarded, mut count) = ([0; 1_024], 0);
        while count < REJECTED_DRAIN_MAX_BYTES {
            match stream.read(&mut discarded).await.ok()? {
                0 => break,
                read => count += read,
            }
            // A flood must not starve the other tasks.
            tokio::task::yield_now().await;
        }
        Some(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::config::Config;
    use crate::edge::peer::Listener;
    use crate::edge::pending_connections::PendingActivity;
    use crate::page::Page;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_requests_without_end_is_answered_at_a_limited_rate() {
        let start = Instant::now();
        let mut throttle = RequestThrottle::new();
        for _ in 0..REQUESTS_BURST {
            assert_eq!(throttle.next(start), start, "a page with all its files is not delayed");
        }
        let mut now = start;
        for _ in 0..10 * REQUESTS_PER_SECOND_MAX {
            now = throttle.next(now);
        }
        assert_eq!(now - start, Duration::from_secs(10));
        let later = start + Duration::from_secs(100);
        assert_eq!(throttle.next(later), later, "the burst is replenished");
    }

    /// The head of the next response to a request of this connection; empty if it was closed.
    fn head(peer: &mut std::net::TcpStream) -> String {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") && matches!(peer.read(&mut byte), Ok(1)) {
            bytes.push(byte[0]);
        }
        String::from_utf8(bytes).expect("ASCII")
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_response_before_the_end_of_a_connection_says_so() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        const TABLE: crate::page::PageTable =
            ("", "", &[("/index.html", "a", false, false, b"<p>", None, None)]);
        for interval in [1, 4, 7, 9].map(Duration::from_secs) {
            let mut client = std::net::TcpStream::connect(address).expect("it listens");
            let (tcp, from) = listener.accept().await.expect("it connected");
            let page = Some(Page::embedded("tag", "1.0.0", TABLE));
            let (context, _closing) = EdgeContext::for_tests(&Config { page, ..Config::default() });
            let peer = PeerInfo {
                listener: Listener::Public,
                address: from.ip(),
                is_plaintext_on_tls: false,
            };
            let accepted = Instant::now();
            let gate = Gate::new(PeerStream::Plain(tcp), accepted, PendingActivity::default());
            let serving =
                tokio::spawn(async move { serve_http(&context, peer, gate, false).await });
            loop {
                client.write_all(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it reads");
                // The socket blocks this thread, which is the server's as well.
                let reading = tokio::task::spawn_blocking(move || (head(&mut client), client));
                let (response, stream) = reading.await.expect("no panic");
                client = stream;
                assert!(response.starts_with("HTTP/1.1 200 "), "no request is lost: {response}");
                if response.contains("\r\nconnection: close\r\n") {
                    break;
                }
                assert!(response.contains("\r\nkeep-alive: timeout="), "{response}");
                tokio::time::sleep(interval).await;
            }
            assert!(accepted.elapsed() < HTTP_CONNECTION_MAX);
            assert!(accepted.elapsed() + OPENING_MAX >= HTTP_CONNECTION_MAX);
            drop(client);
            assert!(matches!(serving.await.expect("no panic"), Served::Closed));
        }
    }
}
