//! [`AcceptLoop`]: accepts connections, spawns [`serve_connection`] for each, and closes those that
//! shards hand back.
//!
//! It runs on the edge's thread and knows no room. It keeps accepting under any load: when too many
//! connections are pending, or the process is out of descriptors, the oldest pending connection is
//! evicted for the newest.

use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tickwire_host::Command;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tracing::field::Empty;
use tracing::{Instrument, debug, debug_span, warn};

use super::address_limiter::{self, AddressLimit};
use super::context::{EdgeContext, ServerContext};
use super::farewell::drain_and_close;
use super::http::rejection::Rejection;
use super::http::serve::send_rejection;
use super::opening::serve_connection;
use super::peer::{ClientAddress, Listener, PeerInfo};
use super::peer_stream::PeerStream;
use super::pending_connections::PendingConnections;
use crate::config::Config;
use crate::limits::{
    ACCEPT_REJECTIONS_MAX, ADMIN_CONNECTIONS_MAX, CLOSING_RESERVE, HEARTBEAT_EVERY,
    PENDING_CONNECTIONS_MAX,
};
use crate::lobby_task::LobbyRequest;
use crate::ops::memory::MemoryGauge;
use crate::ops::supervision::Heartbeat;
use crate::shard_outlets::Leaving;
use crate::transport::byte_stream::limit_kernel_buffers;

/// How long accepting pauses after an error.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(2);
/// Most yields of the loop while it waits for an evicted task to end.
const EVICTION_YIELDS_MAX: usize = 1_000;
/// Shortest interval between two log messages about accept errors.
const ACCEPT_ERROR_LOG_EVERY: Duration = Duration::from_secs(10);
/// How often addresses expire, the memory use is sampled, and the loop gives a sign of life.
const HOUSEKEEPING_EVERY: Duration = HEARTBEAT_EVERY;

/// The accept loop and the state that it owns.
pub(crate) struct AcceptLoop {
    context: Arc<EdgeContext>,
    public: ListenerState,
    admin: ListenerState,
    /// Connections that shards have ended. The channel closes when the last shard has ended.
    farewells: mpsc::UnboundedReceiver<Leaving>,
    tasks: JoinSet<()>,
    rejections: Arc<Semaphore>,
    /// A descriptor held in reserve, to accept one connection when there are no others.
    spare: Option<File>,
    memory_gauge: MemoryGauge,
    /// After an error, nothing is accepted until then.
    paused_until: Instant,
    /// When an accept error was logged last.
    error_logged: Option<Instant>,
    /// Connections accepted so far; numbers them for the log.
    connections: u64,
}

/// One listener and its connections that are not in a room yet.
struct ListenerState {
    listener: TcpListener,
    pending: PendingConnections,
    pending_max: usize,
}

impl ListenerState {
    fn new(listener: TcpListener, pending_max: usize) -> ListenerState {
        ListenerState { listener, pending: PendingConnections::default(), pending_max }
    }
}

impl AcceptLoop {
    /// An accept loop for the public and the admin listener.
    pub(crate) fn new(
        config: &Config,
        server: ServerContext,
        [public, admin]: [TcpListener; 2],
        farewells: mpsc::UnboundedReceiver<Leaving>,
    ) -> AcceptLoop {
        AcceptLoop {
            context: Arc::new(EdgeContext::new(config, server)),
            public: ListenerState::new(public, PENDING_CONNECTIONS_MAX),
            admin: ListenerState::new(admin, ADMIN_CONNECTIONS_MAX),
            farewells,
            tasks: JoinSet::new(),
            rejections: Arc::new(Semaphore::new(ACCEPT_REJECTIONS_MAX)),
            spare: open_spare(),
            memory_gauge: MemoryGauge::open(),
            paused_until: Instant::now(),
            error_logged: None,
            connections: 0,
        }
    }

    /// Accepts until the server closes, then ends all connections.
    pub(crate) async fn run(mut self, heartbeat: &Heartbeat) {
        let mut closing = self.context.server.closing.clone();
        let mut housekeeping = interval(HOUSEKEEPING_EVERY);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => break,
                Some(leaving) = self.farewells.recv() => {
                    self.tasks.spawn(farewell(leaving));
                }
                Some(_) = self.tasks.join_next() => {}
                _ = housekeeping.tick() => self.housekeep(),
                (listener, accepted) = accept(self.paused_until, &self.admin, &self.public) => {
                    self.accepted(listener, accepted).await;
                }
            }
            self.publish();
            heartbeat.beat();
        }
        self.close().await;
    }

    /// Closes the rooms and waits for the last goodbyes, for a limited time. Connections that arrive
    /// meanwhile are still accepted, to be answered with 503.
    async fn close(mut self) {
        let server = &self.context.server;
        if server.lobby.send(LobbyRequest::Close).is_err() {
            // The lobby has failed: players still get their goodbye.
            for shard in &server.shards {
                // A shard that is gone has no players.
                let _ = shard.send(Command::Close);
            }
        }
        let deadline = Instant::now() + server.closing_max.saturating_sub(CLOSING_RESERVE);
        // The shutdown does not wait for connections that are accepted from here on.
        let mut awaited = std::mem::take(&mut self.tasks);
        let mut shards_run = true;
        while shards_run || !awaited.is_empty() {
            tokio::select! {
                () = sleep_until(deadline) => {
                    warn!("some clients did not answer their goodbye in time");
                    break;
                }
                leaving = self.farewells.recv(), if shards_run => match leaving {
                    Some(leaving) => {
                        awaited.spawn(farewell(leaving));
                    }
                    None => shards_run = false,
                },
                Some(_) = awaited.join_next() => {}
                Some(_) = self.tasks.join_next() => {}
                (listener, accepted) = accept(self.paused_until, &self.admin, &self.public) => {
                    self.accepted(listener, accepted).await;
                }
            }
        }
    }

    /// Handles the result of an accept: admits the connection, or frees a descriptor for the next.
    async fn accepted(
        &mut self,
        listener: Listener,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) {
        let error = match accepted {
            Ok((tcp, peer)) => return self.admit(listener, tcp, peer.ip()),
            Err(error) => error,
        };
        self.context.server.metrics.accept_errors.fetch_add(1, Relaxed);
        let kind = error.kind();
        // These errors concern a single connection, which is already gone.
        if matches!(kind, io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return;
        }
        if self.error_logged.is_none_or(|logged| logged.elapsed() >= ACCEPT_ERROR_LOG_EVERY) {
            self.error_logged = Some(Instant::now());
            warn!(%error, "cannot accept connections; if descriptors ran out, raise the limit on open files");
        }
        self.accept_with_spare(listener).await;
        self.paused_until = Instant::now() + ACCEPT_BACKOFF;
    }

    /// Accepts one connection with the spare descriptor: in place of the oldest pending connection, or
    /// else to reject it. Without this it would block the kernel's queue for everyone behind it.
    ///
    /// A failed accept does not mean that a connection waits: the kernel allocates the descriptor
    /// first.
    async fn accept_with_spare(&mut self, listener: Listener) {
        drop(self.spare.take());
        let accepted = timeout(Duration::ZERO, self.state(listener).listener.accept()).await;
        if let Ok(Ok((tcp, peer))) = accepted {
            if let Some(oldest) = self.evict_oldest(Listener::Public) {
                // Its descriptor must be closed before the spare is opened again.
                for _ in 0..EVICTION_YIELDS_MAX {
                    if oldest.is_finished() {
                        break;
                    }
                    yield_now().await;
                }
                self.admit(listener, tcp, peer.ip());
            } else {
                self.context.server.metrics.count_http(Rejection::Exhausted.status());
                // Nothing was written before, so the kernel has space; the connection is dropped
                // at once.
                let response = Rejection::Exhausted.bytes();
                let written = tcp.into_std().and_then(|mut tcp| tcp.write(&response));
                debug!(?written, "rejected a connection for lack of descriptors");
            }
        }
        self.spare = open_spare();
    }

    /// Counts a connection against its limits and spawns its task.
    fn admit(&mut self, listener: Listener, tcp: TcpStream, peer: IpAddr) {
        self.context.server.metrics.accepted.fetch_add(1, Relaxed);
        if let Err(error) = limit_kernel_buffers(&tcp) {
            // The connection is already gone.
            return debug!(%error, "a connection was lost at accept");
        }
        let address = peer.to_canonical();
        let client = ClientAddress::Known(address);
        // The connections of a trusted proxy count by the clients that it forwards.
        let is_counted = listener == Listener::Public
            && !self.context.is_proxy(address)
            && self.context.is_capped(client);
        let counted = is_counted.then(|| address_limiter::prefix(client));
        if let Some(client) = counted
            && let Err(rejection) = self.make_way_for(client)
        {
            return self.reject(tcp, rejection);
        }
        let state = self.state(listener);
        if state.pending.len() >= state.pending_max {
            self.evict_oldest(listener);
        }
        let pending = self.state(listener).pending.register(counted);
        let number = pending.number();
        let key = self.context.peer_of_address(client);
        let peer = PeerInfo { listener, address, is_plaintext_on_tls: false };
        // The session records itself and its room once it has joined. At `debug`, like every line
        // about one connection: at `info` it would cost half a KiB each and name nothing.
        self.connections += 1;
        let span = debug_span!(
            "connection",
            number = self.connections,
            peer = %key,
            session = Empty,
            room = Empty
        );
        let serving = serve_connection(Arc::clone(&self.context), peer, tcp, pending);
        let task = self.tasks.spawn(serving.instrument(span));
        self.state(listener).pending.set_task(number, task);
    }

    /// Counts a connection of an address, which gives way by an idle one if it has too many.
    ///
    /// # Errors
    /// If the address connects too often, or all its connections are in use.
    fn make_way_for(&self, client: ClientAddress) -> Result<(), Rejection> {
        self.context.count_connect(client)?;
        let pending = &self.public.pending;
        if pending.count_of(client) < self.context.address_http_max {
            return Ok(());
        }
        if pending.evict_oldest_of(client).is_none() {
            return Err(self.context.refuse_address(client, AddressLimit::HttpConnections));
        }
        self.context.server.metrics.pending_evicted.fetch_add(1, Relaxed);
        Ok(())
    }

    fn state(&self, listener: Listener) -> &ListenerState {
        match listener {
            Listener::Public => &self.public,
            Listener::Admin => &self.admin,
        }
    }

    fn evict_oldest(&self, listener: Listener) -> Option<AbortHandle> {
        let evicted = self.state(listener).pending.evict_oldest()?;
        self.context.server.metrics.pending_evicted.fetch_add(1, Relaxed);
        Some(evicted)
    }

    /// Rejects an accepted connection with a response; without one if many rejections are already in
    /// progress.
    fn reject(&mut self, tcp: TcpStream, rejection: Rejection) {
        self.context.server.metrics.count_http(rejection.status());
        let Ok(permit) = Arc::clone(&self.rejections).try_acquire_owned() else { return };
        self.tasks.spawn(async move {
            // Without a TLS handshake, which would cost too much here: over TLS the client sees a
            // failed handshake.
            let mut stream = PeerStream::Plain(tcp);
            send_rejection(&mut stream, rejection).await;
            drop(permit);
        });
    }

    /// Expires addresses and samples the memory use.
    fn housekeep(&mut self) {
        let memory = self.memory_gauge.read();
        let metrics = &self.context.server.metrics;
        self.context.expire_addresses();
        if let Some(memory) = memory {
            metrics.memory_bytes.store(memory.resident, Relaxed);
            metrics.memory_live_bytes.store(memory.live.unwrap_or(0), Relaxed);
            self.context.server.memory.sample(memory.used);
        }
    }

    /// Stores the gauges.
    fn publish(&self) {
        let metrics = &self.context.server.metrics;
        metrics.pending_connections.store(self.public.pending.len() as u64, Relaxed);
        metrics.edge_tasks.store(self.tasks.len() as u64, Relaxed);
        metrics.addresses.store(self.context.address_count() as u64, Relaxed);
    }
}

/// Accepts the next connection of either listener. The admin listener goes first, so that the
/// counters stay available while the public listener is overloaded.
async fn accept(
    paused_until: Instant,
    admin: &ListenerState,
    public: &ListenerState,
) -> (Listener, io::Result<(TcpStream, SocketAddr)>) {
    sleep_until(paused_until).await;
    tokio::select! {
        biased;
        accepted = admin.listener.accept() => (Listener::Admin, accepted),
        accepted = public.listener.accept() => (Listener::Public, accepted),
    }
}

async fn farewell(leaving: Leaving) {
    let Leaving { transport, span } = leaving;
    drain_and_close(transport).instrument(span).await;
}

/// Opens the spare descriptor.
fn open_spare() -> Option<File> {
    File::open("/dev/null").ok()
}
