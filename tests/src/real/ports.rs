//! Addresses that stay free for whom they were given to: a proxy, whose port stands in its configuration,
//! and a server that may have to come back at the same one.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports that no system takes for connections of its own, nor those of their admin listeners: Linux begins at
/// 32768 for these, others at 49152. One that the system gave out would be free for anybody's next connection.
/// Browsers open the pages of all of them.
const PORTS: std::ops::Range<u32> = 11_000..21_000;
/// So far above its own port a server has its admin listener.
const ADMIN_PORT_OFFSET: u16 = 10_000;

/// An address of this machine that nobody listens on, neither there nor at that port of all its addresses,
/// where some programs listen although one is named, nor where a server would have its admin listener.
pub(super) fn lasting_address() -> SocketAddr {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    for _ in PORTS {
        // Processes begin far apart, and none asks for so many.
        let number =
            process::id().wrapping_mul(97).wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        let port = (PORTS.start + number % (PORTS.end - PORTS.start)) as u16;
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let everywhere = [
            here,
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
            SocketAddr::from((Ipv4Addr::LOCALHOST, port + ADMIN_PORT_OFFSET)),
        ];
        // A machine without IPv6 refuses the last for another reason.
        let is_taken = |address: &SocketAddr| {
            TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
        };
        if !everywhere.iter().any(is_taken) {
            return here;
        }
    }
    panic!("a port is free");
}
