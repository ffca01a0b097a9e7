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
    CLIENT_MESSAGE_MAX_BYTES, NOTICE_MAX_BYTES, NOTICES_PENDING_MAX, PONGS_PENDING_MAX,
    SILENCE_MAX, SNAPSHOT_WINDOW, SNAPSHOT_WINDOW_MIN_TICKS,
};
use shared::protocol::{ClientMessage, End, MessageError, Notice, Ping, ServerMessage};
use shared::tick::Tick;

use crate::budget::Budget;
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
    /// Times that the newest scene was kept from the client, since it was behind.
    pub snapshots_held_back: u64,
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
    first_told: Option<Tick>,
    /// Since when scenes are kept from it, because it has not seen enough of the others.
    held_back_since: Option<Duration>,
    budget: Budget,
    counters: ConnectionCounters,
}

impl Connection {
    /// A connection whose hello has been taken. `player` has joined the room already; `None`
    /// watches; `replays` is what its hello said of its own state. The welcome is the first that it has to say.
    #[must_use]
    pub fn new<G: Game>(
        room: &Room<G>,
        session: SessionId,
        player: Option<PlayerId>,
        replays: bool,
        now: Duration,
    ) -> Connection {
        Connection {
            session,
            player,
            viewer: room.viewer(player, replays),
            welcomed: false,
            pongs: VecDeque::new(),
            notices: VecDeque::new(),
            heard: now,
            seen: None,
            first_told: None,
            held_back_since: None,
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
        self.heard = self.heard.max(now);
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
                self.counters.pongs_dropped += push(&mut self.pongs, ping, PONGS_PENDING_MAX);
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
        // The roster goes before the snapshot: whoever is in that has a name by then.
        let said = self.say_welcome(room, out)
            || self.say_pong(out)
            || room.write_roster(&mut self.viewer, out)
            || self.say_notice(out)
            || self.say_snapshot(room, out);
        self.counters.messages_out += u64::from(said);
        self.counters.bytes_out += (out.len() - before) as u64;
        said
    }

    fn say_welcome<G: Game>(&mut self, room: &Room<G>, out: &mut Vec<u8>) -> bool {
        if self.welcomed {
            return false;
        }
        room.welcome(self.session, self.player, out);
        self.welcomed = true;
        true
    }

    fn say_pong(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(ping) = self.pongs.pop_front() else { return false };
        ServerMessage::Pong(ping).encode(out);
        true
    }

    fn say_notice(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(text) = self.notices.pop_front() else { return false };
        ServerMessage::Notice(Notice { text: &text }).encode(out);
        true
    }

    fn say_snapshot<G: Game>(&mut self, room: &mut Room<G>, out: &mut Vec<u8>) -> bool {
        if self.is_behind(room) {
            // Of the time known here: when the client was last heard, which is not long ago.
            self.held_back_since.get_or_insert(self.heard);
            self.counters.snapshots_held_back += 1;
            return false;
        }
        self.held_back_since = None;
        if !room.write_snapshot(&mut self.viewer, out) {
            return false;
        }
        self.first_told = self.first_told.or(self.viewer.mirror().tick());
        self.counters.snapshots += 1;
        true
    }

    /// Whether as many snapshots as may be are on their way, or lie unread at the client. More
    /// would only make what it sees older: it gets fewer until it has caught up.
    fn is_behind<G: Game>(&self, room: &Room<G>) -> bool {
        let window = room.tick_rate().ticks_in(SNAPSHOT_WINDOW.as_secs_f32());
        let window = i64::from(window.max(SNAPSHOT_WINDOW_MIN_TICKS));
        match (self.viewer.mirror().tick(), self.seen.or(self.first_told)) {
            (Some(told), Some(seen)) => told.since(seen) >= window,
            _ => false,
        }
    }

    /// Why the connection is to end because of what did not come.
    #[must_use]
    pub fn overdue(&self, now: Duration) -> Option<End> {
        if now.saturating_sub(self.heard) > SILENCE_MAX {
            Some(End::Silent)
        } else if self.held_back_since.is_some_and(|since| now.saturating_sub(since) > SILENCE_MAX)
        {
            Some(End::TooSlow)
        } else {
            None
        }
    }

    /// The server stood still for a while, and what came meanwhile comes all at once: that is no
    /// flood.
    pub fn forgive_stall(&mut self, lost: Duration) {
        self.budget.give(lost);
    }

    /// A client cannot have seen what was not written, nor unsee anything.
    fn has_seen(&mut self, tick: Tick) {
        if Some(tick) <= self.viewer.mirror().tick() && Some(tick) > self.seen {
            self.seen = Some(tick);
            self.held_back_since = None;
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

#[cfg(test)]
mod tests;
