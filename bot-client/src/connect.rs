//! Opening the sockets, as fast as the ramp says.
//!
//! Owns name lookup, TCP connect, the TLS handshake and the WebSocket upgrade, each with a limit in time. It never
//! says a word of our protocol: a server is silent until the hello, so that an upgraded socket
//! has nothing in flight and can change hands. [`mod@crate::run`] hands it on to
//! [`crate::swarm`].

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error;

use crate::bot::websocket_config;
use crate::options::{EventRate, Target};
use crate::trust::Trust;
use crate::watch::Seat;

/// How much unread data the kernel keeps for a client on a slow line, in bytes: little. The kernel
/// doubles it, for what it needs itself.
const SLOW_RECEIVE_BUFFER_BYTES: u32 = 2_048;
/// How long a socket may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How many sockets are being opened at a time. Above it the ramp waits, and so do clients that come
/// back.
pub(crate) const CONNECTING_MAX: usize = 256;

/// Why a socket was not opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name could not be looked up.
    #[error("its name cannot be resolved")]
    Lookup(#[source] io::Error),
    /// The name stands for no address.
    #[error("its name has no address")]
    NoAddress,
    /// No TCP connection.
    #[error(transparent)]
    Tcp(#[from] io::Error),
    /// The server is not known to be who it says, or speaks no TLS.
    #[error("no TLS: {0}")]
    Tls(String),
    /// Something else than a WebSocket server answered.
    #[error("it answered the WebSocket upgrade with {0}")]
    Status(u16),
    /// What answered does not speak HTTP and WebSocket.
    #[error(transparent)]
    Upgrade(Box<Error>),
    /// Nothing happened for too long.
    #[error("no answer within {} s", CONNECT_MAX.as_secs())]
    Timeout,
}

/// Where sockets are opened: a server's address that is known to answer.
#[derive(Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    target: Arc<Target>,
    /// `None` where bytes go as they are.
    tls: Option<TlsConnector>,
}

/// A socket that is open, upgraded, and on which nothing was said yet.
pub(crate) struct OpenSocket {
    pub(crate) tcp: TcpStream,
    pub(crate) tls: Option<Box<ClientConnection>>,
}

impl Door {
    /// Finds the server and opens a first socket to it, for `first`, so that an absent server is
    /// reported once and at once.
    pub(crate) async fn find(
        target: &Target,
        trust: Trust,
        first: Seat,
    ) -> Result<(Door, OpenSocket), ConnectError> {
        let tls = if target.is_secure {
            let config = trust.config().map_err(|error| ConnectError::Tls(error.to_string()))?;
            Some(TlsConnector::from(Arc::new(config)))
        } else {
            None
        };
        let found = tokio::net::lookup_host((target.host.as_str(), target.port));
        let addresses = timeout(CONNECT_MAX, found).await.map_err(|_| ConnectError::Timeout)?;
        let mut last = ConnectError::NoAddress;
        for address in addresses.map_err(ConnectError::Lookup)? {
            let door = Door { address, target: Arc::new(target.clone()), tls: tls.clone() };
            match door.open(first).await {
                Ok(socket) => return Ok((door, socket)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Opens a socket and upgrades it.
    pub(crate) async fn open(&self, seat: Seat) -> Result<OpenSocket, ConnectError> {
        timeout(CONNECT_MAX, self.upgrade(seat)).await.map_err(|_| ConnectError::Timeout)?
    }

    async fn upgrade(&self, seat: Seat) -> Result<OpenSocket, ConnectError> {
        let tcp = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        if seat.is_slow {
            // Before it connects: what the kernel offers the server is settled by then.
            tcp.set_recv_buffer_size(SLOW_RECEIVE_BUFFER_BYTES)?;
        }
        let tcp = tcp.connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let (tcp, tls) = match &self.tls {
            None => (self.agree(tcp).await?, None),
            Some(connector) => {
                let tls = |error: &dyn std::error::Error| ConnectError::Tls(error.to_string());
                let name = ServerName::try_from(self.target.host.clone());
                let name = name.map_err(|error| tls(&error))?;
                let shaken = connector.connect(name, tcp).await.map_err(|error| tls(&error))?;
                let (tcp, session) = self.agree(shaken).await?.into_inner();
                (tcp, Some(Box::new(session)))
            }
        };
        // It stays non-blocking.
        Ok(OpenSocket { tcp: tcp.into_std()?, tls })
    }

    /// Agrees on a WebSocket, and gives back what it is to be spoken over.
    async fn agree<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Result<S, ConnectError> {
        let url = self.target.to_string();
        let upgraded = client_async_with_config(url, stream, Some(websocket_config())).await;
        let (socket, _) = upgraded.map_err(|error| match error {
            Error::Http(answer) => ConnectError::Status(answer.status().as_u16()),
            Error::Io(error) => ConnectError::Tcp(error),
            error => ConnectError::Upgrade(Box::new(error)),
        })?;
        Ok(socket.into_inner())
    }
}

/// Opens a socket for each of `seats`, the first of them at once, and calls `opened` with what
/// came of each; ends when all are settled.
pub(crate) async fn ramp(
    door: &Door,
    rate: EventRate,
    seats: impl IntoIterator<Item = Seat>,
    mut opened: impl FnMut(Seat, Result<OpenSocket, ConnectError>),
) {
    let start = Instant::now();
    let mut opening = JoinSet::new();
    let mut settle = |settled: Result<(Seat, _), _>| {
        let (seat, socket) = settled.expect("opening a socket does not panic");
        opened(seat, socket);
    };
    for (count, seat) in (0..).zip(seats) {
        let due = start + rate.due(count);
        loop {
            let full = opening.len() >= CONNECTING_MAX;
            tokio::select! {
                () = sleep_until(due), if !full => break,
                Some(settled) = opening.join_next() => settle(settled),
            }
        }
        let door = door.clone();
        opening.spawn(async move { (seat, door.open(seat).await) });
    }
    while let Some(settled) = opening.join_next().await {
        settle(settled);
    }
}
