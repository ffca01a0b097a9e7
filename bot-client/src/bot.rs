//! One bot: a socket, the [`Client`] on it, and the dice it acts by.
//!
//! Owns the whole stay of one client from its hello to its end, and notes down what it sees.
//! It never waits: [`crate::swarm`] calls it when its socket can be read or written or when its
//! client's clock is due, and buries it when it says that it is done for.

mod notes;
mod pauses;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use rustls::ClientConnection;
use tickwire_game::client::{Client, Greeting, Stage};
use tickwire_game::game::{Dice, Game, Seen, Skills};
use tickwire_game::limits::SERVER_MESSAGE_MAX_BYTES;
use tickwire_game::link::LinkSettings;
use tickwire_game::protocol::{DisconnectReason, JoinError, Role};
use tickwire_game::tick::TickRate;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role as Side, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use crate::arrivals::{Arrivals, RoomArrivals};
use crate::figures::Figures;
use crate::options::ByteRate;
use crate::path::SimulatedPath;
use crate::throttle::ReadThrottle;
use crate::ticket::TicketText;
use crate::wire::Wire;
use notes::{LOOK_EVERY, Mark};
use pauses::Pauses;

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

/// Which of the clients one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// From 0, over both roles.
    pub(crate) number: u32,
    pub(crate) role: Role,
    pub(crate) is_slow: bool,
}

/// How far a run has come, for other threads to read.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) welcomed: AtomicU32,
    pub(crate) gone: AtomicU32,
    pub(crate) snapshots: AtomicU64,
}

/// What the bots of one thread share.
pub(crate) struct Watch {
    /// The moment from which all times count.
    pub(crate) start: Instant,
    pub(crate) warm_up: Duration,
    pub(crate) seed: u64,
    pub(crate) skills: Skills,
    pub(crate) room: Option<String>,
    /// What the first of them chooses of its settings.
    pub(crate) room_settings: Option<String>,
    /// What lets them in, where guests are not.
    pub(crate) ticket: Option<TicketText>,
    pub(crate) slow_line: ByteRate,
    /// The path to simulate for each client, if any.
    pub(crate) link: Option<LinkSettings>,
    pub(crate) arrivals: Arc<Arrivals>,
    /// Whether all clients are there, so that what is seen counts.
    pub(crate) measuring: bool,
    pub(crate) figures: Figures,
    pub(crate) progress: Arc<Progress>,
}

impl Watch {
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Why a bot is done for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    Refused(JoinError),
    Undecodable(String),
    CutOff(String),
}

/// One client among many.
pub(crate) struct Bot<G: Game> {
    client: Client<G>,
    socket: WebSocket<Wire>,
    /// What lies between the two; `None` for a client that is right at its socket.
    path: Option<SimulatedPath>,
    dice: Dice,
    /// Something waits for the socket to take more.
    unsent: bool,
    leaving: bool,
    is_slow: bool,
    /// Of the room it plays in.
    arrivals: Option<Arc<RoomArrivals>>,
    joined_at: Option<Duration>,
    last_snapshot_at: Option<Duration>,
    pauses: Pauses,
    measured_from: Option<Mark>,
    look_at: Duration,
}

impl<G: Game> Bot<G> {
    /// A client on a socket that is open and on which nothing was said yet.
    pub(crate) fn new(
        seat: Seat,
        tcp: TcpStream,
        tls: Option<ClientConnection>,
        watch: &Watch,
    ) -> Bot<G> {
        let throttle = seat.is_slow.then(|| ReadThrottle::new(watch.slow_line, watch.now()));
        let wire = Wire::new(tcp, tls, throttle);
        let kind = if seat.role == Role::Player { "bot" } else { "eye" };
        let name = format!("{kind} {}", seat.number);
        let ticket = watch.ticket.as_ref().map(|ticket| ticket.expose().to_owned());
        let settings = watch.room_settings.clone();
        let greeting = Greeting {
            name,
            role: seat.role,
            room: watch.room.clone(),
            ticket,
            settings,
            resume: None,
        };
        let path = |link| SimulatedPath::new(link, watch.now(), watch.seed, seat.number);
        Bot {
            client: Client::headless(greeting),
            socket: WebSocket::from_raw_socket(wire, Side::Client, Some(websocket_config())),
            path: watch.link.map(path),
            dice: Dice::new(watch.seed, u64::from(seat.number)),
            unsent: false,
            leaving: false,
            is_slow: seat.is_slow,
            arrivals: None,
            joined_at: None,
            last_snapshot_at: None,
            pauses: Pauses::default(),
            measured_from: None,
            look_at: Duration::ZERO,
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

    /// When it wants to be called next.
    pub(crate) fn due_at(&self) -> Option<Duration> {
        [self.acts_at(), self.reads_at(), self.arrives_at()].into_iter().flatten().min()
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
                Ok(Message::Close(frame)) => return Err(closed(frame)),
                // Pings are answered within `read`.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break,
                Err(Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
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
            Stage::Ended(end) => return Err(Departure::CutOff(end.name().to_owned())),
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
        watch.figures.connected += 1;
        watch.figures.tick_rate_hz = self.client.tick_rate().map(TickRate::hz);
        watch.progress.welcomed.fetch_add(1, Ordering::Relaxed);
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
            G::bot(&Seen { skill, ..seen }, &mut self.dice)
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
            Err(error) => Err(broken(&error)),
        }
    }

    fn flush(&mut self) -> Result<(), Departure> {
        self.unsent = match self.socket.flush() {
            Ok(()) => false,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => true,
            Err(error) => return Err(broken(&error)),
        };
        Ok(())
    }

    /// The socket takes more.
    pub(crate) fn writable(&mut self) -> Result<(), Departure> {
        if self.unsent { self.flush() } else { Ok(()) }
    }

    /// Says goodbye and closes in order; the answer is still to come.
    pub(crate) fn leave(&mut self, watch: &mut Watch) -> Result<(), Departure> {
        if self.joined_at.is_none() {
            watch.figures.not_connected.count("no welcome");
        }
        self.close_measure(watch);
        self.leaving = true;
        self.client.leave();
        self.send(watch.now())?;
        // What is still on its way shall not hold up the end.
        self.write_arrived(Duration::MAX)?;
        self.flush()?;
        self.path = None;
        self.close(CloseCode::Normal);
        if self.is_slow {
            self.wire().lift();
            self.read(watch)?;
        }
        Ok(())
    }

    /// Its end, for whatever reason: closes as well as still can be, and counts, unless it was
    /// about to leave anyway.
    pub(crate) fn bury(mut self, departure: Departure, watch: &mut Watch) {
        if self.leaving {
            return;
        }
        self.close_measure(watch);
        watch.progress.gone.fetch_add(1, Ordering::Relaxed);
        let figures = &mut watch.figures;
        match departure {
            Departure::Refused(refusal) => figures.refused.count(&refusal.to_string()),
            Departure::Undecodable(what) => {
                figures.decode_errors.count(&what);
                self.close(CloseCode::from(DisconnectReason::Protocol.code()));
            }
            Departure::CutOff(reason) if self.joined_at.is_none() => {
                figures.not_connected.count(&reason);
            }
            Departure::CutOff(reason) => figures.disconnected.count(&reason),
        }
        self.close(CloseCode::Normal);
    }

    fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code, reason: "".into() };
        // Best effort: what cannot be sent now is not worth waiting for.
        self.unsent = self.socket.close(Some(frame)).is_err();
    }
}

/// What the server's close means.
fn closed(frame: Option<CloseFrame>) -> Departure {
    let Some(frame) = frame else { return Departure::CutOff("closed without a code".into()) };
    let code = u16::from(frame.code);
    Departure::CutOff(match DisconnectReason::from_code(code) {
        Some(end) => end.name().to_owned(),
        None => format!("close code {code}"),
    })
}

/// What the end of a connection without a close means.
fn broken(error: &Error) -> Departure {
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Departure::CutOff(DisconnectReason::Lost.name().to_owned())
        }
        error => Departure::Undecodable(error.to_string()),
    }
}
