//! One connection's visit: HTTP, and then perhaps the way into a room.
//!
//! It joins the parts that do not know each other: the line, the gate that finds good heads and
//! keeps the deadline, hyper, the routes, and the session that takes over. The door starts one
//! for each connection that it accepts and may end it at any moment.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use shared::game::Game;
use shared::limits::{
    FAREWELL_MAX, HTTP_CONNECTION_MAX, HTTP_HEAD_MAX_BYTES, OPENING_MAX, REJECTED_DRAIN_MAX_BYTES,
    REJECTED_LINGER_MAX, REQUESTS_BURST, REQUESTS_PER_SECOND_MAX,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::debug;

use crate::door::Site;
use crate::door::gate::{Fault, Gate};
use crate::door::guests::Guest;
use crate::door::line::Line;
use crate::door::openings::Opening;
use crate::door::rejection::Rejection;
use crate::http;
use crate::session::{House, LAST_LOOK, echo, welcome_in};
use crate::socket::Socket;
use crate::stream::Stream;
use crate::tls::Tls;

/// Through which listener someone came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Where everyone comes in.
    Public,
    /// Where the counters are.
    Admin,
}

/// Who visits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    pub(crate) side: Side,
    /// Of the other end of the connection, which may be a proxy.
    pub(crate) peer: IpAddr,
    /// Whether it speaks plain where TLS is spoken.
    pub(crate) is_astray: bool,
}

/// What a connection holds while it is one.
#[derive(Debug)]
pub(crate) struct Pass {
    /// Counts it against its own address.
    pub(crate) guest: Option<Guest>,
    /// Has it make way when it is the oldest.
    pub(crate) opening: Opening,
}

/// A WebSocket that was agreed to.
pub(crate) struct Agreed {
    pub(crate) on_upgrade: OnUpgrade,
    /// What counts it against the address that a proxy named.
    pub(crate) guest: Option<Guest>,
}

/// Serves one connection to its end, or until it is in a room.
pub(crate) async fn visit<G: Game>(
    site: Arc<Site<G>>,
    visitor: Visitor,
    tcp: TcpStream,
    pass: Pass,
) {
    // Held to the end: even an echo makes way when it is the oldest.
    let Pass { guest, opening: _opening } = pass;
    // Boxed, so that what HTTP needs is gone while a client is at its hello.
    let opened = Box::pin(open(&site, visitor, tcp, guest)).await;
    match opened {
        Some((socket, _)) if site.house.echo => echo(&site.house, socket).await,
        Some((socket, due)) => welcome_in(&site.house, socket, due).await,
        None => {}
    }
}

/// Serves a connection until it is a WebSocket, if it becomes one, and says by when its hello must
/// have come.
async fn open<G: Game>(
    site: &Arc<Site<G>>,
    visitor: Visitor,
    tcp: TcpStream,
    guest: Option<Guest>,
) -> Option<(Box<Socket>, Instant)> {
    let accepted = Instant::now();
    // Who comes to see the counters comes from the machine itself.
    let tls = site.tls.as_ref().filter(|_| visitor.side == Side::Public);
    // Whoever comes while the server closes is waited for: to be told so.
    let came_late = *site.house.closing.borrow();
    let opened = tokio::select! {
        opened = open_by(accepted + OPENING_MAX, tcp, tls) => opened,
        () = closes(&site.house), if !came_late => return None,
    };
    let line = match opened {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => {
            site.house.metrics.tls_handshakes_failed.fetch_add(1, Relaxed);
            debug!(%error, "a connection did not open");
            return None;
        }
        Err(_) => {
            site.house.metrics.count_late();
            return None;
        }
    };
    let is_astray = tls.is_some() && matches!(line, Line::Plain(_));
    let visitor = Visitor { is_astray, ..visitor };
    let agreed: Arc<Mutex<Option<Agreed>>> = Arc::default();
    let gate = Gate::new(line, accepted);
    if let Some(gate) = speak_http(site, visitor, gate, came_late, &agreed).await {
        part(site, gate).await;
        return None;
    }
    let agreed = agreed.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Agreed { on_upgrade, guest: forwarded } = agreed?;
    let parts = on_upgrade.await.ok()?.downcast::<TokioIo<Gate>>().ok()?;
    let (line, read_ahead, due) = parts.io.into_inner().into_parts();
    let read_ahead = [&parts.read_buf[..], &read_ahead[..]].concat();
    let stream = Stream::new(line, guest.or(forwarded));
    let socket = if site.house.echo {
        Socket::echo(stream, &read_ahead)
    } else {
        Socket::new(stream, &read_ahead)
    };
    Some((Box::new(socket), due))
}

/// Opens a line until a deadline, and looks once more.
async fn open_by(
    due: Instant,
    tcp: TcpStream,
    tls: Option<&Tls>,
) -> Result<io::Result<Line>, Elapsed> {
    let mut opening = pin!(Line::open(tcp, tls));
    match timeout_at(due, &mut opening).await {
        Err(_) => timeout(LAST_LOOK, opening).await,
        opened => opened,
    }
}

/// Answers requests until the client, a deadline or the server ends it; gives the gate back,
/// unless the connection became another's.
async fn speak_http<G: Game>(
    site: &Arc<Site<G>>,
    visitor: Visitor,
    gate: Gate,
    came_late: bool,
    agreed: &Arc<Mutex<Option<Agreed>>>,
) -> Option<Gate> {
    let pace = Mutex::new(RequestPace::new());
    let service = service_fn(|request| {
        let (site, agreed) = (Arc::clone(site), Arc::clone(agreed));
        let due = pace.lock().unwrap_or_else(PoisonError::into_inner).next(Instant::now());
        async move {
            // Meanwhile nothing more is read of it.
            sleep_until(due).await;
            let (response, yes) = http::answer(&site, visitor, request).await;
            site.house.metrics.count_http(response.status());
            if yes.is_some() {
                // There is but one: what comes after it is no HTTP.
                *agreed.lock().unwrap_or_else(PoisonError::into_inner) = yes;
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = http1::Builder::new()
        // The gate lets pass only heads below the limit.
        .max_buf_size(2 * HTTP_HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(gate), service)
        .with_upgrades();
    let ended = tokio::select! {
        ended = timeout(HTTP_CONNECTION_MAX, &mut connection) => Some(ended),
        () = closes(&site.house), if !came_late => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // One that is silent is closed, and one that is asking has its answer.
            Pin::new(&mut connection).graceful_shutdown();
            timeout(FAREWELL_MAX, &mut connection).await
        }
    };
    if let Ok(Err(error)) = ended {
        debug!(%error, "http ended");
    }
    Some(connection.into_parts()?.io.into_inner())
}

/// When the next request of a connection is answered: the first of them at once, and then no more
/// than so many a second.
struct RequestPace {
    /// When all of the burst is there again.
    rested: Instant,
}

impl RequestPace {
    fn new() -> RequestPace {
        RequestPace { rested: Instant::now() }
    }

    fn next(&mut self, now: Instant) -> Instant {
        let each = Duration::from_secs(1) / REQUESTS_PER_SECOND_MAX;
        self.rested = self.rested.max(now) + each;
        now.max(self.rested - each * REQUESTS_BURST)
    }
}

/// Waits until the server closes.
async fn closes<G: Game>(house: &House<G>) {
    // An error would mean that the server is gone, which is closing too.
    drop(house.closing.clone().wait_for(|closing| *closing).await);
}

/// Ends a connection that spoke nothing but HTTP, and tells it why if that was not done yet.
async fn part<G: Game>(site: &Site<G>, gate: Gate) {
    let fault = gate.fault();
    let (mut line, begun, _) = gate.into_parts();
    let was_asking = !begun.is_empty();
    match fault {
        Some(Fault::Rejected(rejection)) => {
            site.house.metrics.count_http(rejection.status());
            if rejection == Rejection::Timeout {
                site.house.metrics.count_late();
            }
            reject(&mut line, rejection).await;
        }
        Some(Fault::Idle) => site.house.metrics.count_late(),
        Some(Fault::Stuck) => {
            site.house.metrics.count_late();
            line.cut();
        }
        None if was_asking && *site.house.closing.borrow() => {
            site.house.metrics.count_http(Rejection::Closing.status());
            reject(&mut line, Rejection::Closing).await;
        }
        Some(Fault::Done) | None => linger(&mut line).await,
    }
}

/// Tells a connection that it is refused, and gives it a moment to read that.
pub(crate) async fn reject(line: &mut Line, rejection: Rejection) {
    let said = timeout(REJECTED_LINGER_MAX, line.write_all(&rejection.bytes())).await;
    if matches!(said, Ok(Ok(()))) {
        linger(line).await;
    }
}

/// Closes a connection in order: one that is closed with bytes unread is reset by the kernel, and
/// that throws away what its peer has not read yet.
async fn linger(line: &mut Line) {
    let _ = timeout(REJECTED_LINGER_MAX, async {
        line.shutdown().await.ok()?;
        let (mut forgotten, mut count) = ([0; 1_024], 0);
        while count < REJECTED_DRAIN_MAX_BYTES {
            match line.read(&mut forgotten).await.ok()? {
                0 => break,
                read => count += read,
            }
            // A flood of it must not keep the door from the others.
            tokio::task::yield_now().await;
        }
        Some(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_without_end_is_answered_at_a_pace() {
        let start = Instant::now();
        let mut pace = RequestPace::new();
        for _ in 0..REQUESTS_BURST {
            assert_eq!(pace.next(start), start, "a page comes at once");
        }
        let mut now = start;
        for _ in 0..10 * REQUESTS_PER_SECOND_MAX {
            now = pace.next(now);
        }
        assert_eq!(now - start, Duration::from_secs(10));
        let later = start + Duration::from_secs(100);
        assert_eq!(pace.next(later), later, "it has rested");
    }
}
