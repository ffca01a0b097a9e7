//! The door: accepts connections, speaks HTTP with them, and lets out those that leave.
//!
//! One thread with one runtime for all of it. Every connection is one task until it is in a
//! room, where it is none. The door knows no room; it never plays.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use shared::game::Game;
use shared::limits::{
    FAREWELL_MAX, HTTP_CONNECTION_MAX, HTTP_HEAD_MAX_BYTES, OPENING_CONNECTIONS_MAX, OPENING_MAX,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

use crate::hosted::Leaving;
use crate::http;
use crate::lobby::Request;
use crate::session::{House, echo, part, welcome_in};
use crate::socket::Socket;
use crate::stream::Stream;

/// How long accepting rests after it failed, which is mostly for want of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// What the door's thread owns.
pub(crate) struct Door<G: Game> {
    pub(crate) listener: TcpListener,
    pub(crate) house: Arc<House<G>>,
    pub(crate) web_dir: Option<Arc<PathBuf>>,
    /// Sockets that shards have closed. It ends when the last shard has.
    pub(crate) farewells: mpsc::UnboundedReceiver<Leaving>,
}

impl<G: Game> Door<G> {
    /// Serves until the server closes, then sees everybody off.
    pub(crate) async fn run(mut self) {
        let mut tasks = JoinSet::new();
        let openings = Arc::new(Semaphore::new(OPENING_CONNECTIONS_MAX));
        let mut closing = self.house.closing.clone();
        // Outside of what is waited for: whatever else happens must not cut the rest short.
        let mut resting_until = Instant::now();
        loop {
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => break,
                Some(Leaving(socket)) = self.farewells.recv() => {
                    tasks.spawn(part(socket));
                }
                Some(_) = tasks.join_next() => {}
                accepted = accept(resting_until, &self.listener, &openings, &self.house) => {
                    let Some((stream, permit)) = accepted else {
                        resting_until = Instant::now() + ACCEPT_REST;
                        continue;
                    };
                    let (house, web_dir) = (Arc::clone(&self.house), self.web_dir.clone());
                    tasks.spawn(async move {
                        serve(house, web_dir, stream).await;
                        drop(permit);
                    });
                }
            }
        }
        self.close(tasks).await;
    }

    /// Has the rooms closed, and waits for the last goodbyes, but not for ever.
    async fn close(self, mut tasks: JoinSet<()>) {
        let Door { listener, house, mut farewells, .. } = self;
        drop(listener);
        // Without a lobby there are no rooms to close.
        let _ = house.lobby.send(Request::Close);
        let deadline = Instant::now() + 2 * FAREWELL_MAX;
        let seen_off = timeout_at(deadline, async {
            while let Some(Leaving(socket)) = farewells.recv().await {
                tasks.spawn(part(socket));
            }
            while tasks.join_next().await.is_some() {}
        });
        if seen_off.await.is_err() {
            warn!("some did not take their goodbye in time");
        }
    }
}

/// The next connection; `None` when it cannot be accepted now, but may be after a rest.
async fn accept<G: Game>(
    resting_until: Instant,
    listener: &TcpListener,
    openings: &Arc<Semaphore>,
    house: &House<G>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    tokio::time::sleep_until(resting_until).await;
    let permit = Arc::clone(openings).acquire_owned().await.expect("nobody closes it");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                house.metrics.accepted.fetch_add(1, Relaxed);
                return Some((stream, permit));
            }
            Err(error) => {
                house.metrics.accept_errors.fetch_add(1, Relaxed);
                // These concern one connection that is gone already.
                if !matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) {
                    warn!(%error, "cannot accept");
                    return None;
                }
            }
        }
    }
}

/// Serves one connection: HTTP, and then perhaps the way into a room.
async fn serve<G: Game>(house: Arc<House<G>>, web_dir: Option<Arc<PathBuf>>, stream: TcpStream) {
    // Boxed, so that what HTTP needs is gone while a client is at its hello.
    let opened = Box::pin(speak_http(Arc::clone(&house), web_dir, stream)).await;
    match opened {
        Some((socket, _)) if house.echo => echo(&house, socket).await,
        Some((socket, deadline)) => welcome_in(&house, socket, deadline).await,
        None => {}
    }
}

/// Speaks HTTP until that is over; gives the WebSocket that it became, if it did, and by when its
/// hello must have come.
async fn speak_http<G: Game>(
    house: Arc<House<G>>,
    web_dir: Option<Arc<PathBuf>>,
    stream: TcpStream,
) -> Option<(Box<Socket>, Instant)> {
    let accepted = Instant::now();
    let upgrade: Arc<OnceLock<OnUpgrade>> = Arc::default();
    let answered = Arc::new(AtomicU32::new(0));
    let service = service_fn(|request| {
        let (house, web_dir) = (Arc::clone(&house), web_dir.clone());
        let (upgrade, answered) = (Arc::clone(&upgrade), Arc::clone(&answered));
        async move {
            let web_dir = web_dir.as_ref().map(|path| path.as_path());
            let (response, on_upgrade) = http::answer(&house, web_dir, request).await;
            answered.fetch_add(1, Relaxed);
            if let Some(on_upgrade) = on_upgrade {
                // There is but one: what comes after it is no HTTP.
                let _ = upgrade.set(on_upgrade);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(OPENING_MAX)
        .max_buf_size(HTTP_HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut closing = house.closing.clone();
    tokio::select! {
        served = timeout(HTTP_CONNECTION_MAX, connection) => {
            if let Ok(Err(error)) = served {
                debug!(%error, "http ended");
            }
        }
        // Requests are short; whoever is in the middle of one asks again.
        _ = closing.wait_for(|closing| *closing) => {}
    }
    let upgraded = upgrade.get()?.clone().await.ok()?;
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    let stream = Stream::new(parts.io.into_inner()).ok()?;
    // One deadline from accept to hello; but a browser may have used the connection for the page
    // before.
    let fresh = answered.load(Relaxed) <= 1;
    let start = if fresh { accepted } else { Instant::now() };
    let socket = if house.echo {
        Socket::echo(stream, &parts.read_buf)
    } else {
        Socket::new(stream, &parts.read_buf)
    };
    Some((Box::new(socket), start + OPENING_MAX))
}
