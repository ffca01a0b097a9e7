//! One connection that plays or watches in a room, as a state machine: bytes and the time go
//! in, messages and the reason of its end come out.
//!
//! Owned by whoever drives the socket: the shard, or a test on virtual time. It begins when the
//! hello has been taken; it never touches the socket, never reads a clock, and never keeps the
//! room: that is handed to it. When it ends, its driver says [`Room::leave`].

use std::collections::VecDeque;
use std::time::Duration;

use shared::game::Game;
use shared::ids::{PlayerId, SessionId};
use shared::limits::{
    CLIENT_MESSAGE_MAX_BYTES, MESSAGES_PER_SECOND_MAX, MESSAGES_PER_TICK_MAX, NOTICE_MAX_BYTES,
    NOTICES_PENDING_MAX, PONGS_PENDING_MAX, SILENCE_MAX,
};
use shared::protocol::{ClientMessage, End, MessageError, Notice, Ping, ServerMessage};
use shared::tick::{Tick, TickRate};

use crate::room::{Room, Viewer};

/// What has happened on a connection since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounters {
    /// Messages that came, of any kind, good or bad.
    pub messages_in: u64,
    /// Bytes of these.
    pub bytes_in: u64,
    /// Messages given out.
    pub messages_out: u64,
    /// Bytes of these.
    pub bytes_out: u64,
    /// Inputs handed to the room.
    pub inputs: u64,
    /// Inputs that came from a spectator.
    pub inputs_ignored: u64,
    /// Snapshots given out.
    pub snapshots: u64,
    /// Pings that were not answered, newer ones having come.
    pub pongs_dropped: u64,
    /// Notices that were not given out, newer ones having come.
    pub notices_dropped: u64,
}

/// One connection that plays or watches.
#[derive(Debug)]
pub struct Connection {
    session: SessionId,
    player: Option<PlayerId>,
    viewer: Viewer,
    welcomed: bool,
    pongs: VecDeque<Ping>,
    notices: VecDeque<String>,
    heard: Duration,
    seen: Option<Tick>,
    budget: Budget,
    counters: ConnectionCounters,
}

impl Connection {
    /// A connection whose hello has been taken. `player` has joined the room already; `None`
    /// watches. The welcome is the first that it has to say.
    #[must_use]
    pub fn new<G: Game>(
        room: &Room<G>,
        session: SessionId,
        player: Option<PlayerId>,
        now: Duration,
    ) -> Connection {
        Connection {
            session,
            player,
            viewer: room.viewer(player),
            welcomed: false,
            pongs: VecDeque::new(),
            notices: VecDeque::new(),
            heard: now,
            seen: None,
            budget: Budget::new(room.tick_rate(), now),
            counters: ConnectionCounters::default(),
        }
    }

    /// Who it is in the room; `None` for a spectator.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        self.player
    }

    /// Who it is to the server.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What its client has been told.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Tick of the last snapshot that the client says it has decoded.
    #[must_use]
    pub fn seen(&self) -> Option<Tick> {
        self.seen
    }

    /// What has happened since it began.
    #[must_use]
    pub fn counters(&self) -> &ConnectionCounters {
        &self.counters
    }

    /// Takes one whole binary message.
    ///
    /// # Errors
    /// Why the connection ends, if it does.
    pub fn receive<G: Game>(
        &mut self,
        room: &mut Room<G>,
        now: Duration,
        bytes: &[u8],
    ) -> Result<(), End> {
        self.heard = now;
        self.counters.messages_in += 1;
        self.counters.bytes_in += bytes.len() as u64;
        if !self.budget.take(now) {
            return Err(End::TooMuch);
        }
        if bytes.len() > CLIENT_MESSAGE_MAX_BYTES {
            return Err(End::TooBig);
        }
        let message = ClientMessage::decode(bytes).map_err(|error| match error {
            MessageError::TooBig { .. } => End::TooBig,
            _ => End::Protocol,
        })?;
        match message {
            ClientMessage::Hello(_) => return Err(End::Protocol),
            ClientMessage::Goodbye => return Err(End::Left),
            ClientMessage::Ack(ack) => self.has_seen(ack.seen),
            ClientMessage::Ping(ping) => {
                self.counters.pongs_dropped += push(&mut self.pongs, ping, PONGS_PENDING_MAX)
            }
            ClientMessage::Input(input) => {
                self.has_seen(input.seen);
                match self.player {
                    Some(player) => {
                        // Good or bad, the room counts it, and the margin tells the client.
                        room.input(player, &input);
                        self.counters.inputs += 1;
                    }
                    None => self.counters.inputs_ignored += 1,
                }
            }
        }
        Ok(())
    }

    /// Has something told to the people at the client. What is too long is cut.
    pub fn notify(&mut self, text: &str) {
        // Around the text stand its kind and its length.
        let mut end = text.len().min(NOTICE_MAX_BYTES - 16);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text[..end].to_owned();
        self.counters.notices_dropped += push(&mut self.notices, text, NOTICES_PENDING_MAX);
    }

    /// Adds the next message that is to be said to the end of `out`: the welcome, answers to
    /// pings, the roster, notices, and last the newest scene. `false` when there is none.
    ///
    /// To be called only when the socket takes it: what is given out must reach the client or
    /// the connection must end.
    pub fn next_message<G: Game>(&mut self, room: &mut Room<G>, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        if !self.welcomed {
            room.welcome(self.session, self.player, out);
            self.welcomed = true;
        } else if let Some(ping) = self.pongs.pop_front() {
            ServerMessage::Pong(ping).encode(out);
        } else if room.write_roster(&mut self.viewer, out) {
        } else if let Some(text) = self.notices.pop_front() {
            ServerMessage::Notice(Notice { text: &text }).encode(out);
        } else if room.write_snapshot(&mut self.viewer, out) {
            self.counters.snapshots += 1;
        } else {
            return false;
        }
        self.counters.messages_out += 1;
        self.counters.bytes_out += (out.len() - before) as u64;
        true
    }

    /// Why the connection is to end because of what did not come.
    #[must_use]
    pub fn overdue(&self, now: Duration) -> Option<End> {
        (now.saturating_sub(self.heard) > SILENCE_MAX).then_some(End::Silent)
    }

    /// A client cannot have seen what was not written, nor unsee anything.
    fn has_seen(&mut self, tick: Tick) {
        if Some(tick) <= self.viewer.mirror().tick() {
            self.seen = self.seen.max(Some(tick));
        }
    }
}

/// Adds to the end of a queue of at most `max`; gives how many older ones had to go.
fn push<T>(queue: &mut VecDeque<T>, item: T, max: usize) -> u64 {
    queue.push_back(item);
    let dropped = queue.len().saturating_sub(max);
    queue.drain(..dropped);
    dropped as u64
}

/// How many messages a client may still send. It fills up with time, to what a client may have
/// sent during the longest silence that is forgiven.
#[derive(Debug)]
struct Budget {
    per_second: u32,
    /// In messages times nanoseconds per second, so that no fraction is lost.
    left: u128,
    filled: Duration,
}

impl Budget {
    fn new(tick_rate: TickRate, now: Duration) -> Budget {
        let per_second =
            MESSAGES_PER_TICK_MAX * u32::from(tick_rate.hz()) + MESSAGES_PER_SECOND_MAX;
        let left = SILENCE_MAX.as_nanos() * u128::from(per_second);
        Budget { per_second, left, filled: now }
    }

    /// Takes one message off; `false` when there is none left.
    fn take(&mut self, now: Duration) -> bool {
        const MESSAGE: u128 = Duration::from_secs(1).as_nanos();
        let rate = u128::from(self.per_second);
        let passed = now.saturating_sub(self.filled).as_nanos();
        self.filled = self.filled.max(now);
        self.left = (self.left + passed * rate).min(SILENCE_MAX.as_nanos() * rate);
        let enough = self.left >= MESSAGE;
        if enough {
            self.left -= MESSAGE;
        }
        enough
    }
}
