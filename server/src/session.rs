//! A client's way from its handshake to a room, and from a room to the end of its connection.
//!
//! Both are short tasks on the door's runtime: [`welcome_in`] waits for the hello, has the lobby
//! find a place and hands the socket to the shard; [`part`] sees a closed socket off. While a
//! client plays, no task of it exists.

use std::sync::Arc;
use std::sync::mpsc as threads;
use std::time::Duration;

use shared::game::Game;
use shared::limits::FAREWELL_MAX;
use shared::protocol::{End, Refusal, ServerMessage};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use crate::hello::{Unwanted, Wanted, judge};
use crate::hosted::Arrival;
use crate::lobby::{Entry, Request};
use crate::memory::Watermark;
use crate::metrics::Metrics;
use crate::shard::Command;
use crate::socket::{Flushed, Incoming, Socket};

/// Whom a task at the door can turn to.
pub(crate) struct House<G: Game> {
    pub(crate) lobby: mpsc::UnboundedSender<Request>,
    pub(crate) shards: Vec<threads::Sender<Command<G>>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: Arc<Watermark>,
    /// True once the server is going down.
    pub(crate) closing: watch::Receiver<bool>,
}

/// Leads one client from its handshake to its room; or tells it why not.
pub(crate) async fn welcome_in<G: Game>(house: &House<G>, mut socket: Socket, deadline: Instant) {
    let mut closing = house.closing.clone();
    let outcome = tokio::select! {
        biased;
        // An error would mean that the server is gone, which is closing too.
        _ = closing.wait_for(|closing| *closing) => Err(Unwanted::Ended(End::Closing)),
        wanted = timeout_at(deadline, hello::<G>(&mut socket)) => {
            wanted.unwrap_or(Err(Unwanted::Ended(End::HelloTimeout)))
        }
    };
    let unwanted = match outcome {
        Ok(wanted) => match find_place(house, &wanted).await {
            Ok(entry) => return hand_over(house, socket, wanted, entry).await,
            Err(refusal) => Unwanted::Refused(refusal),
        },
        Err(unwanted) => unwanted,
    };
    let end = match unwanted {
        Unwanted::Refused(refusal) => {
            debug!(%refusal, "refused");
            house.metrics.count_refusal(refusal);
            let mut message = Vec::with_capacity(16);
            ServerMessage::Refused(refusal).encode(&mut message);
            socket.say(&message);
            End::Refused
        }
        Unwanted::Ended(end) => end,
    };
    close(house, socket, end).await;
}

/// Waits for the first message and judges it.
async fn hello<G: Game>(socket: &mut Socket) -> Result<Wanted, Unwanted> {
    loop {
        socket.allow();
        match socket.next().map_err(Unwanted::Ended)? {
            Incoming::Message(message) => return judge::<G>(&message),
            Incoming::Control => {
                socket.flush(Duration::ZERO).map_err(Unwanted::Ended)?;
                // One client's pings must not keep the door from the others.
                tokio::task::yield_now().await;
            }
            Incoming::Nothing => {
                let Some(stream) = socket.under_runtime() else {
                    return Err(Unwanted::Ended(End::Lost));
                };
                stream.readable().await.map_err(|_| Unwanted::Ended(End::Lost))?;
                // It may be readable still, when all that it was allowed has been read.
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn find_place<G: Game>(house: &House<G>, wanted: &Wanted) -> Result<Entry, Refusal> {
    let (reply, answer) = oneshot::channel();
    let request = Request::Enter { role: wanted.role, wish: wanted.wish.clone(), reply };
    // A lobby that is gone, or goes before it answers, is that of a closing server.
    house.lobby.send(request).map_err(|_| Refusal::Closing)?;
    answer.await.unwrap_or(Err(Refusal::Closing))
}

/// Gives the socket to the shard that has the room. Bytes that the client sent early go with
/// it, in the socket's own buffer.
async fn hand_over<G: Game>(house: &House<G>, mut socket: Socket, wanted: Wanted, entry: Entry) {
    let Entry { session, shard, place } = entry;
    if socket.leave_runtime().is_err() {
        return house.metrics.count_end(End::Fault);
    }
    let arrival = Arrival { socket, session, place, name: wanted.name, replays: wanted.replays };
    let sent = house.shards[shard].send(Command::Admit(Box::new(arrival)));
    if let Err(threads::SendError(Command::Admit(arrival))) = sent {
        // A shard only ends with the server.
        close(house, arrival.socket, End::Closing).await;
    }
}

async fn close<G: Game>(house: &House<G>, mut socket: Socket, end: End) {
    house.metrics.count_end(end);
    debug!(%end, "ended before any room");
    if end != End::Lost {
        socket.close(end);
        part(socket).await;
    }
}

/// Sees a closed socket off: the last bytes go out, then the peer has a moment to read them.
///
/// Dropping it at once would lose them: the kernel resets a connection that is closed with
/// bytes unread, and a reset throws away what the peer has not read yet.
pub(crate) async fn part(mut socket: Socket) {
    if socket.enter_runtime().is_err() {
        return;
    }
    // Whoever does not take its goodbye in time goes without.
    let _ = timeout(FAREWELL_MAX, async {
        while let Ok(Flushed::Part) = socket.flush(Duration::ZERO) {
            socket.under_runtime()?.writable().await.ok()?;
        }
        let stream = socket.under_runtime()?;
        socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write).ok()?;
        drain(stream).await;
        Some(())
    })
    .await;
}

/// Reads and forgets until the peer closes, too.
async fn drain(stream: &TcpStream) {
    let mut forgotten = [0; 1_024];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut forgotten) {
            Ok(0) => return,
            Ok(_) => tokio::task::yield_now().await,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
