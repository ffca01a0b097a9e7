//! Sockets for bots whose connections were cut or broke.
//!
//! A thread of bots cannot wait for a socket to open, so it asks for one here, on the runtime where all of
//! them are opened, and goes on. It owns nothing but the sockets that are being opened; how often a
//! bot tries is its own affair.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::connect::{CONNECTING_MAX, Door};
use crate::swarm::{Order, OrderSender};
use crate::watch::Seat;

/// Which of the bots of a thread one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant(pub(crate) usize);

/// A bot asks for a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketRequest {
    pub(crate) seat: Seat,
    pub(crate) place: Grant,
}

/// Where bots ask for sockets. Unbounded, but each bot asks for no more than one at a time.
pub(crate) type SocketSender = UnboundedSender<SocketRequest>;

/// Opens sockets and hands them to the threads that asked, until all of these have ended: then nobody can
/// ask any more. `threads` says which has a seat.
pub(crate) async fn reconnect(
    door: Door,
    mut requests: UnboundedReceiver<SocketRequest>,
    threads: impl Fn(Seat) -> OrderSender,
) {
    let mut opening = JoinSet::new();
    loop {
        tokio::select! {
            request = requests.recv(), if opening.len() < CONNECTING_MAX => {
                let Some(SocketRequest { seat, place }) = request else { return };
                let door = door.clone();
                opening.spawn(async move { (seat, place, door.open(seat).await) });
            }
            Some(opened) = opening.join_next() => {
                let (seat, place, socket) = opened.expect("opening a socket does not panic");
                threads(seat).order(Order::Reconnect(place, socket));
            }
        }
    }
}
