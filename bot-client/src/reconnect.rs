//! Sockets for bots whose connections were cut or broke.
//!
//! A thread of bots cannot wait for a socket to open, so it asks for one here, on the runtime where all of
//! them are opened, and goes on. It owns nothing but the sockets that are being opened; how often a
//! bot tries is its own affair.

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::connect::{CONNECTING_MAX, Door};
use crate::swarm::{Order, OrderSender, SocketRequest};
use crate::watch::Seat;

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
