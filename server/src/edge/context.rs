//! [`EdgeContext`]: the state that the tasks of all connections share, and their handles to the rest
//! of the server.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::HeaderMap;
use ipnet::IpNet;
use tickwire_game::protocol::JoinError;
use tickwire_host::PeerKey;
use tickwire_host::hello::GameVersion;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::Instant;
use tracing::warn;

use super::address_limiter::{self, AddressLimit, AddressLimiter, AddressLimits, ConnectionPermit};
use super::http::forwarded;
use super::http::host::host;
use super::http::origin::{Origins, Stated};
use super::http::page::PageFiles;
use super::http::policy::PagePolicy;
use super::http::probes::Readiness;
use super::http::rejection::Rejection;
use super::http::room_list::RoomList;
use super::peer::{ClientAddress, ClientKey};
use super::refusal_log::RefusalLog;
use super::tickets::Tickets;
use super::tickets::error::TicketLines;
use super::tls::Tls;
use crate::config::{AllowedOrigin, Config, PublicUrl};
use crate::lobby_task::LobbySender;
use crate::ops::memory::Watermark;
use crate::ops::metrics::Metrics;
use crate::ops::supervision::Supervisor;
use crate::shard_mailbox::CommandSender;

/// The edge's handles to the rest of the server.
pub(crate) struct ServerContext {
    pub(crate) game: GameVersion,
    pub(crate) lobby: LobbySender,
    pub(crate) shards: Vec<CommandSender>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: Arc<Watermark>,
    pub(crate) supervisor: Arc<Supervisor>,
    /// The newest: the key can be read again.
    pub(crate) tickets: watch::Receiver<Arc<Tickets>>,
    /// The TLS configuration of the public listener; `None` without TLS.
    pub(crate) tls: Option<Tls>,
    /// True once the server drains: it is about to shut down.
    pub(crate) draining: watch::Receiver<bool>,
    /// True once the server is shutting down.
    pub(crate) closing: watch::Receiver<bool>,
    /// How long that may take.
    pub(crate) closing_max: Duration,
}

/// The state that the tasks of all connections share.
pub(crate) struct EdgeContext {
    pub(crate) server: ServerContext,
    /// Whether `/ws` echoes messages instead of playing.
    pub(crate) echo: bool,
    pub(crate) page: PageFiles,
    /// What the page may do, and who may frame it.
    pub(crate) policy: PagePolicy,
    /// The address of the page as everybody reaches it, if it is configured.
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) rooms: RoomList,
    pub(crate) readiness: Readiness,
    pub(crate) origins: Origins,
    /// Names by which the admin listener may be requested.
    pub(crate) admin_hosts: Vec<String>,
    /// The networks of trusted proxies, whose `X-Forwarded-For` and `X-Forwarded-Proto` are used.
    pub(crate) proxies: Vec<IpNet>,
    uncapped: Vec<IpNet>,
    addresses: Arc<Mutex<AddressLimiter>>,
    /// Most HTTP connections of an address.
    pub(super) address_http_max: usize,
    /// Refusals of addresses that were logged.
    refusals: RefusalLog<(ClientAddress, AddressLimit)>,
    /// Refusals of origins that were logged.
    refused_origins: RefusalLog<Stated>,
    /// Refusals of peers that opened too many rooms which were logged, with the setting.
    refused_openers: RefusalLog<(PeerKey, &'static str)>,
    pub(super) ticket_lines: TicketLines,
    started: Instant,
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
            requests_per_second: edge.address_requests_per_second,
        };
        let readiness = Readiness {
            draining: server.draining.clone(),
            supervisor: Arc::clone(&server.supervisor),
            memory: Arc::clone(&server.memory),
            lobby: server.lobby.clone(),
            last: AsyncMutex::default(),
        };
        EdgeContext {
            server,
            echo: config.echo,
            page: PageFiles::new(config.page.as_ref(), config.web_dir.clone(), config.lab),
            policy: PagePolicy::new(edge),
            public_url: edge.public_url.clone(),
            rooms: RoomList::default(),
            readiness,
            origins: Origins { allowed, none: edge.no_origin },
            admin_hosts: edge.admin_host.clone(),
            proxies: edge.trusted_proxy.clone(),
            uncapped: edge.uncapped_nets(),
            addresses: Arc::new(Mutex::new(AddressLimiter::new(limits))),
            address_http_max: edge.address_http_connections_max as usize,
            refusals: RefusalLog::default(),
            refused_origins: RefusalLog::default(),
            refused_openers: RefusalLog::default(),
            ticket_lines: TicketLines::default(),
            started: Instant::now(),
            peer_hasher: RandomState::new(),
        }
    }

    /// Counts one more WebSocket of a client; `None` for an address without limits.
    ///
    /// # Errors
    /// If the address has reached a limit.
    pub(crate) fn permit(
        &self,
        client: ClientAddress,
    ) -> Result<Option<ConnectionPermit>, Rejection> {
        if !self.is_capped(client) {
            return Ok(None);
        }
        match ConnectionPermit::take(&self.addresses, client, self.started.elapsed()) {
            Ok(permit) => Ok(Some(permit)),
            Err(limit) => Err(self.refuse_address(client, limit)),
        }
    }

    /// Whether a client has the most open WebSockets already.
    pub(crate) fn has_no_permit(&self, client: ClientAddress) -> bool {
        self.is_capped(client) && self.limiter().is_full(client)
    }

    /// Counts a new connection of a client.
    ///
    /// # Errors
    /// If the address has reached its rate.
    pub(super) fn count_connect(&self, client: ClientAddress) -> Result<(), Rejection> {
        if !self.is_capped(client) {
            return Ok(());
        }
        let counted = self.limiter().connect(client, self.started.elapsed());
        counted.map_err(|limit| self.refuse_address(client, limit))
    }

    /// Counts a request of a client. Returns how long its response is delayed.
    ///
    /// # Errors
    /// If the address has reached its rate.
    pub(super) fn count_request(&self, client: ClientAddress) -> Result<Duration, Rejection> {
        if !self.is_capped(client) {
            return Ok(Duration::ZERO);
        }
        let counted = self.limiter().request(client, self.started.elapsed());
        counted.map_err(|limit| self.refuse_address(client, limit))
    }

    /// Whether the limits of addresses apply to a client.
    pub(super) fn is_capped(&self, client: ClientAddress) -> bool {
        match client {
            ClientAddress::Known(address) => !forwarded::is_within(address, &self.uncapped),
            ClientAddress::Unreadable => true,
        }
    }

    /// Counts the refusal of an address, and logs it once in a while.
    pub(super) fn refuse_address(&self, client: ClientAddress, limit: AddressLimit) -> Rejection {
        let metrics = &self.server.metrics;
        let (counter, setting) = match limit {
            AddressLimit::Connections => {
                (&metrics.address_connections_refused, "--address-connections-max")
            }
            AddressLimit::Connects => {
                (&metrics.address_connects_refused, "--address-connects-per-second")
            }
            AddressLimit::Requests => {
                (&metrics.address_requests_refused, "--address-requests-per-second")
            }
            AddressLimit::HttpConnections => {
                (&metrics.address_http_connections_refused, "--address-http-connections-max")
            }
        };
        counter.fetch_add(1, Relaxed);
        let address = address_limiter::prefix(client);
        if self.refusals.is_due(&(address, limit), self.started.elapsed()) {
            match address {
                ClientAddress::Known(address) => warn!(
                    %address,
                    setting,
                    "an address has reached a limit and is refused; if it is a proxy, name it with \
                     --trusted-proxy; if many people share it, raise the setting"
                ),
                ClientAddress::Unreadable => warn!(
                    setting,
                    "clients of a trusted proxy are refused: it forwards them without a readable \
                     address, so they share one limit; let it append the address to X-Forwarded-For"
                ),
            }
        }
        Rejection::Address
    }

    /// Logs the first refusal of each origin, and one of each client in a while: programs can send any.
    pub(crate) fn log_refused_origin(&self, client: ClientAddress, headers: &HeaderMap) {
        let (stated, client) = (Stated::by(headers), address_limiter::prefix(client));
        if !self.refused_origins.is_due_to(client, &stated, self.started.elapsed()) {
            return;
        }
        match stated {
            Stated::Origin(origin) => warn!(
                %origin,
                host = host(headers),
                "pages of this origin are refused; allow them with --allow-origin, or if they are \
                 this server's own behind a proxy, let it pass the Host header on unchanged"
            ),
            Stated::Nothing => warn!("clients without an origin are refused by --no-origin"),
            Stated::Unreadable => warn!("a client whose Origin header is no origin was refused"),
        }
    }

    /// Logs once in a while that a peer is refused for the rooms that it opened.
    pub(super) fn log_refused_opener(&self, peer: PeerKey, refusal: &JoinError) {
        let setting = match refusal {
            JoinError::OwnRoomsMax => "--address-rooms-max",
            JoinError::OwnRoomsRate => "--address-rooms-per-minute",
            _ => return,
        };
        if self.refused_openers.is_due(&(peer, setting), self.started.elapsed()) {
            warn!(
                %peer,
                setting,
                "an address, or the holder of a ticket, has opened as many rooms as it may and is \
                 refused; if many people share it, raise the setting"
            );
        }
    }

    fn limiter(&self) -> MutexGuard<'_, AddressLimiter> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes addresses that are not needed any more.
    pub(super) fn expire_addresses(&self) {
        self.limiter().expire(self.started.elapsed());
    }

    /// The number of addresses in the limiter.
    pub(super) fn address_count(&self) -> usize {
        self.limiter().len()
    }

    /// Whether this peer is a trusted proxy.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        forwarded::is_within(peer, &self.proxies)
    }

    /// The client at an address.
    pub(crate) fn client_at(&self, address: ClientAddress) -> ClientKey {
        ClientKey { key: self.peer_of_address(address), is_uncapped: !self.is_capped(address) }
    }

    /// The key of an address. All addresses of one subscriber have the same key.
    pub(crate) fn peer_of_address(&self, address: ClientAddress) -> PeerKey {
        PeerKey(self.peer_hasher.hash_one(address_limiter::prefix(address)))
    }

    /// The key of a ticket's subject.
    pub(crate) fn peer_of_subject(&self, subject: &str) -> PeerKey {
        // With a mark, so that no subject has the key of an address.
        PeerKey(self.peer_hasher.hash_one(("subject", subject)))
    }

    /// Completes when the server shuts down.
    pub(crate) async fn shutdown(&self) {
        // An error means that the server was dropped, which is a shutdown too.
        drop(self.server.closing.clone().wait_for(|closing| *closing).await);
    }
}

#[cfg(test)]
impl EdgeContext {
    /// The context of a server with these settings and without rooms, and what closes it.
    pub(crate) fn for_tests(config: &Config) -> (Arc<EdgeContext>, watch::Sender<bool>) {
        let (closing, closing_seen) = watch::channel(false);
        let server = ServerContext {
            game: GameVersion { name: "none", rules: 1 },
            lobby: tokio::sync::mpsc::unbounded_channel().0,
            shards: Vec::new(),
            metrics: Arc::default(),
            memory: Arc::default(),
            supervisor: Arc::new(Supervisor::new(closing_seen.clone())),
            tickets: watch::channel(Arc::default()).1,
            tls: None,
            draining: watch::channel(false).1,
            closing: closing_seen,
            closing_max: config.session.closing_max(),
        };
        (Arc::new(EdgeContext::new(config, server)), closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_may_open_no_more_rooms_is_logged_once_in_a_while_with_the_setting() {
        let (context, _closing) = EdgeContext::for_tests(&Config::default());
        let [one, other] = [1, 2].map(PeerKey);
        let is_logged =
            |peer, setting| !context.refused_openers.is_due(&(peer, setting), Duration::ZERO);
        context.log_refused_opener(one, &JoinError::RoomsMax);
        context.log_refused_opener(one, &JoinError::OwnRoomsMax);
        context.log_refused_opener(other, &JoinError::OwnRoomsRate);
        assert!(is_logged(one, "--address-rooms-max"));
        assert!(is_logged(other, "--address-rooms-per-minute"));
        assert!(!is_logged(one, "--address-rooms-per-minute"));
    }
}
