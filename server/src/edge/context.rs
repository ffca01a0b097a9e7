//! [`EdgeContext`]: the state that the tasks of all connections share, and their handles to the rest
//! of the server.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc as threads;
use std::sync::{Arc, Mutex};

use ipnet::IpNet;
use tickwire_host::hello::GameVersion;
use tickwire_host::{Command, PeerKey};
use tokio::sync::watch;
use tokio::time::Instant;

use super::address_limiter::{AddressLimit, AddressLimiter, AddressLimits, ConnectionPermit};
use super::http::forwarded;
use super::http::origin::Origins;
use super::http::page::Page;
use super::http::rejection::Rejection;
use super::http::room_list::RoomList;
use super::peer::ClientAddress;
use super::tickets::Tickets;
use super::tls::Tls;
use crate::config::{AllowedOrigin, Config};
use crate::lobby_task::LobbySender;
use crate::ops::memory::Watermark;
use crate::ops::metrics::Metrics;
use crate::ops::supervision::Supervisor;

/// The edge's handles to the rest of the server.
pub(crate) struct ServerContext {
    pub(crate) game: GameVersion,
    pub(crate) lobby: LobbySender,
    pub(crate) shards: Vec<threads::Sender<Command>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: Arc<Watermark>,
    pub(crate) supervisor: Arc<Supervisor>,
    /// The newest: the key can be read again.
    pub(crate) tickets: watch::Receiver<Arc<Tickets>>,
    /// The TLS configuration of the public listener; `None` without TLS.
    pub(crate) tls: Option<Tls>,
    /// True once the server is shutting down.
    pub(crate) closing: watch::Receiver<bool>,
}

/// The state that the tasks of all connections share.
pub(crate) struct EdgeContext {
    pub(crate) server: ServerContext,
    /// Whether `/ws` echoes messages instead of playing.
    pub(crate) echo: bool,
    pub(crate) page: Page,
    pub(crate) rooms: RoomList,
    pub(crate) origins: Origins,
    /// The networks of trusted proxies, whose `X-Forwarded-For` is used.
    pub(crate) proxies: Vec<IpNet>,
    uncapped: Vec<IpNet>,
    pub(super) addresses: Arc<Mutex<AddressLimiter>>,
    pub(super) started: Instant,
    /// Hashes peer keys with a secret of this process.
    peer_hasher: RandomState,
}

impl EdgeContext {
    pub(super) fn new(config: &Config, server: ServerContext) -> EdgeContext {
        let edge = &config.edge;
        let mut allowed = edge.allow_origin.clone();
        if config.echo {
            allowed.push(AllowedOrigin::Any);
        }
        let limits = AddressLimits {
            connections_max: edge.address_connections_max,
            connects_per_second: edge.address_connects_per_second,
        };
        EdgeContext {
            server,
            echo: config.echo,
            page: Page::new(config.web_dir.clone()),
            rooms: RoomList::default(),
            origins: Origins { allowed, none: edge.no_origin },
            proxies: edge.trusted_proxy.clone(),
            uncapped: edge.uncapped_nets(),
            addresses: Arc::new(Mutex::new(AddressLimiter::new(limits))),
            started: Instant::now(),
            peer_hasher: RandomState::new(),
        }
    }

    /// Counts one more connection of an address; `None` for an address without limits.
    ///
    /// # Errors
    /// If the address has reached a limit.
    pub(crate) fn permit(
        &self,
        address: ClientAddress,
    ) -> Result<Option<ConnectionPermit>, Rejection> {
        if let ClientAddress::Known(address) = address
            && forwarded::is_within(address, &self.uncapped)
        {
            return Ok(None);
        }
        let metrics = &self.server.metrics;
        match ConnectionPermit::take(&self.addresses, address, self.started.elapsed()) {
            Ok(permit) => Ok(Some(permit)),
            Err(limit) => {
                let counter = match limit {
                    AddressLimit::Connections => &metrics.address_connections_refused,
                    AddressLimit::Rate => &metrics.address_connects_refused,
                };
                counter.fetch_add(1, Relaxed);
                Err(Rejection::Address)
            }
        }
    }

    /// Whether this peer is a trusted proxy.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        forwarded::is_within(peer, &self.proxies)
    }

    /// The key of an address. All addresses of one subscriber have the same key.
    pub(crate) fn peer_of_address(&self, address: ClientAddress) -> PeerKey {
        PeerKey(self.peer_hasher.hash_one(super::address_limiter::prefix(address)))
    }

    /// The key of a ticket's subject.
    pub(crate) fn peer_of_subject(&self, subject: &str) -> PeerKey {
        PeerKey(self.peer_hasher.hash_one(subject))
    }

    /// Completes when the server shuts down.
    pub(crate) async fn shutdown(&self) {
        // An error means that the server was dropped, which is a shutdown too.
        drop(self.server.closing.clone().wait_for(|closing| *closing).await);
    }
}
