//! Opens the listeners: the public one, and the admin one at its default or configured address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::config::Config;
use crate::limits::{PENDING_CONNECTIONS_MAX, SOCKET_RECEIVE_BUFFER_BYTES};

/// Default port of the admin listener, relative to the public port.
const ADMIN_PORT_OFFSET: u16 = 10_000;

/// Listens on an address.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Else a restarted server could not listen until the kernel has dropped old connections.
    socket.set_reuseaddr(true)?;
    // Before the first connect: the kernel derives the TCP window from it at the handshake.
    socket.set_recv_buffer_size(SOCKET_RECEIVE_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(PENDING_CONNECTIONS_MAX as u32)
}

/// Opens the admin listener: at the configured address, or else on a loopback address of this
/// machine. If that is taken, there is no other one: nobody would find the counters.
///
/// # Errors
/// The address, and why it cannot be listened on.
pub(crate) fn listen_for_admin(config: &Config) -> Result<TcpListener, (SocketAddr, io::Error)> {
    match config.edge.admin_listen {
        Some(address) => listen_on_first_existing(&[address]),
        None => listen_on_first_existing(&default_addresses(config.listen)),
    }
}

/// The default addresses for the admin listener: the loopback of the family of the public one, and that
/// of IPv4, for machines on which `[::]` can be listened on but `::1` does not exist.
fn default_addresses(public: SocketAddr) -> Vec<SocketAddr> {
    let public_port = public.port();
    let port = public_port.checked_add(ADMIN_PORT_OFFSET).filter(|_| public_port != 0).unwrap_or(0);
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let loopbacks = if public.is_ipv4() { vec![v4] } else { vec![v6, v4] };
    loopbacks.into_iter().map(|loopback| SocketAddr::new(loopback, port)).collect()
}

/// Listens on the first address that this machine has. One that is taken or forbidden is not passed
/// over.
fn listen_on_first_existing(
    addresses: &[SocketAddr],
) -> Result<TcpListener, (SocketAddr, io::Error)> {
    let (last, others) = addresses.split_last().expect("there is an address");
    for address in others {
        match listen(*address) {
            Err(error) if is_nonexistent(&error) => {}
            listened => return listened.map_err(|error| (*address, error)),
        }
    }
    listen(*last).map_err(|error| (*last, error))
}

/// Whether the machine does not have the address, or none of its family.
fn is_nonexistent(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EAFNOSUPPORT) {
        return true;
    }
    error.kind() == io::ErrorKind::AddrNotAvailable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn the_admin_listener_is_on_the_loopback_ten_thousand_above() {
        for (public, expected) in [
            ("0.0.0.0:7777", &["127.0.0.1:17777"][..]),
            ("[::]:7777", &["[::1]:17777", "127.0.0.1:17777"]),
            ("[2001:db8::1]:443", &["[::1]:10443", "127.0.0.1:10443"]),
            ("127.0.0.1:0", &["127.0.0.1:0"]),
            ("127.0.0.1:60000", &["127.0.0.1:0"]),
        ] {
            let public = public.parse().expect("an address");
            assert_eq!(default_addresses(public), addresses(expected), "{public}");
        }
    }

    #[tokio::test]
    async fn without_an_ipv6_loopback_the_admin_listener_is_on_that_of_ipv4() {
        // No machine has the first one: it is for documentation.
        let nonexistent = addresses(&["[2001:db8::1]:0", "127.0.0.1:0"]);
        let listener = listen_on_first_existing(&nonexistent).expect("it listens on the second");
        let taken = listener.local_addr().expect("bound");
        assert_eq!(taken.ip(), Ipv4Addr::LOCALHOST);
        let free = addresses(&["127.0.0.1:0"])[0];
        let (address, error) =
            listen_on_first_existing(&[taken, free]).expect_err("a taken one is not passed over");
        assert_eq!((address, error.kind()), (taken, io::ErrorKind::AddrInUse));
        let (address, error) =
            listen_on_first_existing(&nonexistent[..1]).expect_err("there is no other one");
        assert!(is_nonexistent(&error), "{error}");
        assert_eq!(address, nonexistent[0]);
    }
}
