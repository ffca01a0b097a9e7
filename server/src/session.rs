//! A client's way from its handshake to a room, and from a room to the end of its connection.
//!
//! All are tasks on the door's runtime: [`welcome_in`] waits for the hello, has the lobby
//! find a place and hands the socket to the shard; [`part`] sees a closed socket off; [`echo`] says
//! back what it hears, where there is nothing to play. While a
//! client plays, no task of it exists.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc as threads;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::game::Game;
use shared::limits::{FAREWELL_DRAIN_MAX_BYTES, FAREWELL_MAX};
use shared::protocol::{End, Refusal, ServerMessage};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;
use tungstenite::{Bytes, Utf8Bytes};

use crate::hello::{Unwanted, Wanted, judge};
use crate::hosted::Arrival;
use crate::lobby::{Entry, Request};
use crate::memory::Watermark;
use crate::metrics::Metrics;
use crate::shard::Command;
use crate::socket::{Flushed, Incoming, Socket};
use crate::tickets::Tickets;

/// How often a task looks at a socket that says nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a deadline it is looked once more for so long: if it is the server that stood still, the
/// runtime tells of the deadline before it tells of what came meanwhile.
pub(crate) const LAST_LOOK: Duration = Duration::from_millis(50);
/// How long a task rests that may read no more for now.
const LIMITED_REST: Duration = Duration::from_millis(50);

/// Whom a task at the door can turn to.
pub(crate) struct House<G: Game> {
    pub(crate) lobby: mpsc::UnboundedSender<Request>,
    pub(crate) shards: Vec<threads::Sender<Command<G>>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tickets: Tickets,
    pub(crate) memory: Arc<Watermark>,
    /// Whether clients are to hear what they say, and nothing else.
    pub(crate) echo: bool,
    /// True once the server is going down.
    pub(crate) closing: watch::Receiver<bool>,
}

/// Leads one client from its handshake to its room; or tells it why not.
pub(crate) async fn welcome_in<G: Game>(
    house: &House<G>,
    mut socket: Box<Socket>,
    deadline: Instant,
) {
    let mut closing = house.closing.clone();
    let outcome = tokio::select! {
        biased;
        // An error would mean that the server is gone, which is closing too.
        _ = closing.wait_for(|closing| *closing) => Err(Unwanted::Ended(End::Closing)),
        wanted = hello_by(house, &mut socket, deadline) => wanted,
    };
    // Boxed: nothing of what comes after the hello takes space while that is waited for.
    Box::pin(answer(house, socket, outcome)).await;
}

/// Shows a client to its room; or tells it why not.
async fn answer<G: Game>(
    house: &House<G>,
    mut socket: Box<Socket>,
    outcome: Result<Wanted, Unwanted>,
) {
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

/// Waits for the first message until a deadline.
async fn hello_by<G: Game>(
    house: &House<G>,
    socket: &mut Socket,
    deadline: Instant,
) -> Result<Wanted, Unwanted> {
    if let Ok(heard) = timeout_at(deadline, hello(house, socket)).await {
        return heard;
    }
    let heard = timeout(LAST_LOOK, hello(house, socket)).await;
    heard.unwrap_or(Err(Unwanted::Ended(End::HelloTimeout)))
}

/// Waits for the first message and judges it.
async fn hello<G: Game>(house: &House<G>, socket: &mut Socket) -> Result<Wanted, Unwanted> {
    match hear(socket, &mut Lived::new()).await.map_err(Unwanted::Ended)? {
        Said::Message(message) => {
            // Tickets expire by the clock of whoever signs them. By one that stands before 1970
            // all have expired.
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
            judge::<G>(&message, &house.tickets, now)
        }
        Said::Text(_) => Err(Unwanted::Ended(End::NotBinary)),
    }
}

/// What a client said.
enum Said {
    Message(Bytes),
    Text(Utf8Bytes),
}

/// The time that a task has lived through: while the whole server stands still, it does.
struct Lived {
    looked: Instant,
    lived: Duration,
}

impl Lived {
    fn new() -> Lived {
        Lived { looked: Instant::now(), lived: Duration::ZERO }
    }

    /// To be asked at least every [`LOOK_EVERY`].
    fn now(&mut self) -> Duration {
        let before = std::mem::replace(&mut self.looked, Instant::now());
        self.lived += (self.looked - before).min(2 * LOOK_EVERY);
        self.lived
    }
}

/// Waits for the next message of a client, for as long as it keeps within its limits.
async fn hear(socket: &mut Socket, lived: &mut Lived) -> Result<Said, End> {
    loop {
        let now = lived.now();
        socket.begin(now)?;
        match socket.next()? {
            Incoming::Message(message) => return Ok(Said::Message(message)),
            Incoming::Text(text) => return Ok(Said::Text(text)),
            Incoming::Control => {
                socket.flush(now)?;
            }
            Incoming::Nothing => {
                socket.keep_alive(now)?;
                socket.flush(now)?;
                if socket.is_limited() {
                    tokio::time::sleep(LIMITED_REST).await;
                } else {
                    // In between, whether it has been silent for too long.
                    if let Ok(readable) = timeout(LOOK_EVERY, socket.readable()).await {
                        readable.map_err(|_| End::Lost)?;
                    }
                }
            }
        }
        // One client's pings must not keep the door from the others; and it may be readable
        // still, when all that it was allowed has been read.
        tokio::task::yield_now().await;
    }
}

/// Says back to a client what it says, until it ends.
pub(crate) async fn echo<G: Game>(house: &House<G>, mut socket: Box<Socket>) {
    let mut closing = house.closing.clone();
    let end = tokio::select! {
        biased;
        _ = closing.wait_for(|closing| *closing) => End::Closing,
        end = say_back(&mut socket) => end,
    };
    house.metrics.count_end(end);
    debug!(%end, "an echo ended");
    if end != End::Lost {
        socket.close_only(end);
        Box::pin(part(socket)).await;
    }
}

async fn say_back(socket: &mut Socket) -> End {
    let mut lived = Lived::new();
    loop {
        match hear(socket, &mut lived).await {
            Ok(Said::Message(message)) => socket.say(&message),
            Ok(Said::Text(text)) => socket.say_text(&text),
            Err(end) => return end,
        }
        // All of it, before more is read: what waits for one client is one message.
        loop {
            match socket.flush(lived.now()) {
                Ok(Flushed::Whole) => break,
                Ok(Flushed::Part) => {}
                Err(end) => return end,
            }
            let Some(stream) = socket.under_runtime() else { return End::Lost };
            if let Ok(Err(_)) = timeout(LOOK_EVERY, stream.writable()).await {
                return End::Lost;
            }
        }
        tokio::task::yield_now().await;
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
async fn hand_over<G: Game>(
    house: &House<G>,
    mut socket: Box<Socket>,
    wanted: Wanted,
    entry: Entry,
) {
    let Entry { session, shard, place } = entry;
    debug!(session = session.0, who = %wanted.who, "let in");
    socket.expect_inputs();
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

async fn close<G: Game>(house: &House<G>, mut socket: Box<Socket>, end: End) {
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
pub(crate) async fn part(mut socket: Box<Socket>) {
    if socket.enter_runtime().is_err() {
        return;
    }
    // Whoever does not take its goodbye in time goes without.
    let _ = timeout(FAREWELL_MAX, async {
        while let Ok(Flushed::Part) = socket.flush(Duration::ZERO) {
            socket.under_runtime()?.writable().await.ok()?;
        }
        while socket.shut().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            socket.under_runtime()?.writable().await.ok()?;
        }
        let stream = socket.under_runtime()?;
        socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write).ok()?;
        drain(stream).await;
        Some(())
    })
    .await;
    if socket.is_behind()
        && let Some(stream) = socket.under_runtime()
    {
        // Some of it will never be sent. The kernel need not try the rest on a peer that takes
        // nothing: without this it would for a while.
        let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
}

/// Reads and forgets until the peer closes, too; but not all of a flood.
async fn drain(stream: &TcpStream) {
    let (mut forgotten, mut count) = ([0; 1_024], 0);
    while count < FAREWELL_DRAIN_MAX_BYTES && stream.readable().await.is_ok() {
        match stream.try_read(&mut forgotten) {
            Ok(0) => return,
            Ok(read) => {
                count += read;
                tokio::task::yield_now().await;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
