//! One bot: a socket, the [`Client`] on it, and the dice it acts by.
//!
//! Owns the whole stay of one client from its hello to its end, and notes down what it sees.
//! It never waits: [`crate::swarm`] calls it when its socket can be read or written or when its
//! client's clock is due, and parts with it when it says that its connection is over. What is left of
//! it then comes back over another one, if its session can be resumed.

mod departure;
mod notes;
mod parting;
mod pauses;
mod resumption;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::net::TcpStream;
use rustls::ClientConnection;
use tickwire_game::client::{Client, Greeting, Stage};
use tickwire_game::game::{Game, Seen};
use tickwire_game::limits::SERVER_MESSAGE_MAX_BYTES;
use tickwire_game::protocol::Role;
use tickwire_game::tick::TickRate;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use crate::arrivals::RoomArrivals;
use crate::path::SimulatedPath;
use crate::throttle::ReadThrottle;
use crate::watch::Watch;
use crate::wire::Wire;
pub(crate) use departure::Departure;
use notes::{LOOK_EVERY, Mark};
use pauses::Pauses;
pub(crate) use resumption::AbsentBot;
use resumption::{Lasting, Resumption};

/// How much is read from a socket at once.
const READ_BUFFER_BYTES: usize = 4_096;
/// How much is written to a socket at once, at most by one flush after another.
const WRITE_BUFFER_BYTES: usize = 1_024;
/// How much waits for a socket that takes nothing. Beyond it the bot counts as cut off.
const UNSENT_MAX_BYTES: usize = 64 * 1_024;
/// How the sockets of bots are read and written; the defaults would take 128 KiB each.
pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(UNSENT_MAX_BYTES)
        .max_message_size(Some(SERVER_MESSAGE_MAX_BYTES))
        .max_frame_size(Some(SERVER_MESSAGE_MAX_BYTES))
}

/// One client among many, on one connection.
pub(crate) struct Bot<G: Game> {
    lasting: Lasting,
    /// Until its first snapshot, if it is on its way back to a session.
    resumption: Option<Resumption>,
    client: Client<G>,
    socket: WebSocket<Wire>,
    /// What lies between the two; `None` for a client that is right at its socket.
    path: Option<SimulatedPath>,
    /// Something waits for the socket to take more.
    unsent: bool,
    leaving: bool,
    /// Of the room it plays in.
    arrivals: Option<Arc<RoomArrivals>>,
    joined_at: Option<Duration>,
    last_snapshot_at: Option<Duration>,
    pauses: Pauses,
    measured_from: Option<Mark>,
    look_at: Duration,
    /// When it cuts its connection, if it does.
    cut_at: Option<Duration>,
}

impl<G: Game> Bot<G> {
    /// A client on a socket that is open and on which nothing was said yet.
    pub(crate) fn new(
        absent: AbsentBot,
        tcp: TcpStream,
        tls: Option<ClientConnection>,
        watch: &Watch,
    ) -> Bot<G> {
        let AbsentBot { mut lasting, resumption, .. } = absent;
        let seat = lasting.seat;
        let throttle = seat.is_slow.then(|| ReadThrottle::new(watch.slow_line, watch.now()));
        let wire = Wire::new(tcp, tls, throttle);
        let kind = if seat.role == Role::Player { "bot" } else { "eye" };
        let greeting = Greeting {
            name: format!("{kind} {}", seat.number),
            role: seat.role,
            room: watch.room.clone(),
            ticket: watch.ticket.as_ref().map(|ticket| ticket.expose().to_owned()),
            settings: watch.room_settings.clone(),
            resume: resumption.as_ref().map(Resumption::token),
        };
        let nth = lasting.connections;
        lasting.connections += 1;
        let path = |link| SimulatedPath::new(link, watch.now(), watch.seed, seat.number, nth);
        Bot {
            lasting,
            resumption,
            client: Client::headless(greeting),
            socket: WebSocket::from_raw_socket(wire, Side::Client, Some(websocket_config())),
            path: watch.link.map(path),
            unsent: false,
            leaving: false,
            arrivals: None,
            joined_at: None,
            last_snapshot_at: None,
            pauses: Pauses::default(),
            measured_from: None,
            look_at: Duration::ZERO,
            cut_at: None,
        }
    }

    pub(crate) fn wire(&mut self) -> &mut Wire {
        self.socket.get_mut()
    }

    /// When it wants to act next.
    pub(crate) fn acts_at(&self) -> Option<Duration> {
        if self.leaving { None } else { self.client.due_at() }
    }

    /// When its throttle lets it read on, if there is something to be read.
    pub(crate) fn reads_at(&self) -> Option<Duration> {
        self.socket.get_ref().resume_at()
    }

    /// When the next message comes out of its path.
    pub(crate) fn arrives_at(&self) -> Option<Duration> {
        self.path.as_ref()?.arrives_at()
    }

    /// When it is to be cut.
    pub(crate) fn cut_at(&self) -> Option<Duration> {
        if self.leaving { None } else { self.cut_at }
    }

    /// When its try to come back has failed, if it is on its way.
    pub(crate) fn try_until(&self) -> Option<Duration> {
        self.resumption.as_ref().map(Resumption::try_until)
    }

    /// When it wants to be called next.
    pub(crate) fn due_at(&self) -> Option<Duration> {
        let connection = [self.acts_at(), self.reads_at(), self.arrives_at()];
        let cuts = [self.cut_at(), self.try_until()];
        connection.into_iter().chain(cuts).flatten().min()
    }

    /// Whether it is on its way back to a session.
    pub(crate) fn is_returning(&self) -> bool {
        self.resumption.is_some()
    }

    /// Whether it has said goodbye.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Whether it can be cut and has something to come back to.
    pub(crate) fn can_be_cut(&self) -> bool {
        self.last_snapshot_at.is_some() && !self.is_returning() && !self.leaving
    }

    /// Takes all that has come to its socket.
    pub(crate) fn read(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        let read = self.read_socket(watch);
        // An end does not overtake what came before it.
        let until = if read.is_ok() { watch.now() } else { Duration::MAX };
        self.take_arrived(until, watch)?;
        read?;
        self.answer(watch)
    }

    fn read_socket(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        let now = watch.now();
        self.wire().begin_reads(now);
        loop {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => match &mut self.path {
                    Some(path) => path.down.send(now, bytes.to_vec()),
                    None => self.take(&bytes, watch)?,
                },
                Ok(Message::Text(_)) => {
                    return Err(Departure::Undecodable("a text message".into()));
                }
                Ok(Message::Close(frame)) => return Err(Departure::of_close(frame.as_ref())),
                // Pings are answered within `read`.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break,
                Err(Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Departure::of_error(&error)),
            }
        }
        Ok(())
    }

    /// Lets what has come over its path arrive, at either end.
    pub(crate) fn arrive(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        self.take_arrived(watch.now(), watch)?;
        self.answer(watch)?;
        self.send(watch.now())
    }

    /// A spectator has no clock of its own to acknowledge by.
    fn answer(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        let watches = self.joined_at.is_some() && self.client.player().is_none();
        if watches { self.act(watch) } else { Ok(()) }
    }

    fn take_arrived(&mut self, until: Duration, watch: &mut Watch) -> Result<(), Departure> {
        while let Some(bytes) = self.path.as_mut().and_then(|path| path.down.receive(until)) {
            self.take(&bytes, watch)?;
        }
        Ok(())
    }

    /// Takes one message: the one place that they all come through.
    fn take(&mut self, bytes: &[u8], watch: &mut Watch) -> Result<(), Departure> {
        if self.leaving {
            return Ok(());
        }
        let now = watch.now();
        let before = self.client.counters().snapshots;
        self.client
            .receive(now, bytes)
            .map_err(|error| Departure::Undecodable(error.to_string()))?;
        match self.client.stage() {
            Stage::Greeting => {}
            Stage::Refused(refusal) => return Err(Departure::Refused(refusal)),
            Stage::Ended(end) => return Err(Departure::Ended(end)),
            Stage::Playing => {
                if self.joined_at.is_none() {
                    self.joined(now, watch);
                }
                if self.client.counters().snapshots > before {
                    self.note_snapshot(now, watch);
                }
            }
        }
        Ok(())
    }

    fn joined(&mut self, now: Duration, watch: &mut Watch) {
        self.joined_at = Some(now);
        self.look_at = now + LOOK_EVERY;
        let room = self.client.room().unwrap_or_default();
        self.arrivals = Some(watch.arrivals.room(room));
        watch.figures.tick_rate_hz = self.client.tick_rate().map(TickRate::hz);
        if !std::mem::replace(&mut self.lasting.was_in, true) {
            watch.figures.connected += 1;
            watch.progress.welcomed.fetch_add(1, Ordering::Relaxed);
        }
        let is_back = self.resumption.as_mut().is_none_or(|it| it.take_welcome(&self.client));
        if !is_back && let Some(resumption) = self.resumption.take() {
            // It plays on all the same.
            resumption.lose("let in as somebody else", watch);
        }
        // Its first snapshot may be as late as the server likes to show a room to those who watch.
        if self.client.player().is_none() {
            self.note_return(now, watch);
        }
    }

    /// Does what its clock says is due: decides on an input, predicts it, sends it.
    pub(crate) fn act(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        if self.leaving {
            return Ok(());
        }
        let now = watch.now();
        let seen = self.client.seen();
        let skills = watch.skills;
        let input = seen.map(|seen| {
            let skill = skills.of(seen.player);
            G::bot(&Seen { skill, ..seen }, &mut self.lasting.dice)
        });
        let input = input.unwrap_or_default();
        if self.client.play(now, input) > 0 {
            self.note_picture(now, watch);
        }
        self.send(now)?;
        if self.joined_at.is_some() && now >= self.look_at {
            self.look_at = now + LOOK_EVERY;
            self.look(watch);
        }
        Ok(())
    }

    /// Sends what the client has to say: the one place that all of it goes through.
    pub(crate) fn send(&mut self, now: Duration) -> Result<(), Departure> {
        while let Some(bytes) = self.client.outgoing() {
            self.note_sent(&bytes);
            match &mut self.path {
                Some(path) => path.up.send(now, bytes),
                None => self.write(bytes)?,
            }
        }
        self.write_arrived(now)?;
        self.flush()
    }

    fn write_arrived(&mut self, until: Duration) -> Result<(), Departure> {
        while let Some(bytes) = self.path.as_mut().and_then(|path| path.up.receive(until)) {
            self.write(bytes)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: Vec<u8>) -> Result<(), Departure> {
        match self.socket.write(Message::binary(bytes)) {
            Ok(()) => Ok(()),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(Error::WriteBufferFull(_)) => {
                Err(Departure::CutOff("the server takes nothing".into()))
            }
            Err(error) => Err(Departure::of_error(&error)),
        }
    }

    fn flush(&mut self) -> Result<(), Departure> {
        self.unsent = match self.socket.flush() {
            Ok(()) => false,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => true,
            Err(error) => return Err(Departure::of_error(&error)),
        };
        Ok(())
    }

    /// The socket takes more.
    pub(crate) fn writable(&mut self) -> Result<(), Departure> {
        if self.unsent { self.flush() } else { Ok(()) }
    }
}
