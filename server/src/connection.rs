//! One connection that plays or watches in a room, as a state machine: bytes and the time go
//! in, messages and the reason of its end come out.
//!
//! Owned by whoever drives the socket: the shard, or a test on virtual time. It begins when the
//! hello has been taken; it never touches the socket, never reads a clock, and never keeps the
//! room: that is handed to it. What is said to one client alone it gives out message by message
//! ([`Connection::next_message`]); what all spectators are told, as the bytes that they share
//! ([`Connection::turn`]). When it ends, its driver says [`Connection::leave`].

use std::collections::VecDeque;
use std::time::Duration;

use shared::game::Game;
use shared::ids::{PlayerId, SessionId};
use shared::limits::{
    CLIENT_MESSAGE_MAX_BYTES, NOTICE_MAX_BYTES, NOTICES_PENDING_MAX, PACE_FULL_PERMILLE,
    PONGS_PENDING_MAX, SILENCE_MAX,
};
use shared::protocol::{ClientMessage, End, Input, MessageError, Notice, Ping, ServerMessage};
use shared::tick::Tick;

use crate::budget::{Budget, Kind, Verdict};
use crate::room::{Room, Shared, Spectator, Turn, Viewer};
use in_flight::InFlight;

mod in_flight;

/// What a client is told of which messages are refused.
const TOO_MUCH: &str = "More comes from here than is read: some of it is lost.";

/// What has happened on a connection since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounters {
    /// Messages that came, of any kind, good or bad.
    pub messages_in: u64,
    /// Bytes of these.
    pub bytes_in: u64,
    /// Messages that were refused, since more came than a client may send.
    pub messages_refused: u64,
    /// Messages given out.
    pub messages_out: u64,
    /// Bytes of these.
    pub bytes_out: u64,
    /// Inputs handed to the room.
    pub inputs: u64,
    /// Inputs that came from a spectator.
    pub inputs_ignored: u64,
    /// Snapshots given out, shared ones included.
    pub snapshots: u64,
    /// Times that what was due was kept from the client, since it was behind.
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
    part: Part,
    welcomed: bool,
    /// The pace of the room that it was told last.
    pace_permille: u16,
    pongs: VecDeque<Ping>,
    notices: VecDeque<String>,
    heard: Duration,
    seen: Option<Tick>,
    /// Since when scenes are kept from it, because it has not seen enough of the others.
    held_back_since: Option<Duration>,
    budget: Budget,
    counters: ConnectionCounters,
}

/// What it does in the room, and how far it has been told.
#[derive(Debug)]
enum Part {
    /// Apart, since a spectator needs none of it.
    Plays(Box<Plays>),
    Watches(Spectator),
}

#[derive(Debug)]
struct Plays {
    player: PlayerId,
    viewer: Viewer,
    in_flight: InFlight,
}

impl Connection {
    /// A connection whose hello has been taken. `player` has joined the room already; `None`
    /// watches from now on; `replays` is what its hello said of its own state. The welcome is the
    /// first that it has to say.
    #[must_use]
    pub fn new<G: Game>(
        room: &mut Room<G>,
        session: SessionId,
        player: Option<PlayerId>,
        replays: bool,
        now: Duration,
    ) -> Connection {
        let part = match player {
            Some(player) => Part::Plays(Box::new(Plays {
                player,
                viewer: room.viewer(Some(player), replays),
                in_flight: InFlight::new(room.tick_rate(), room.tick()),
            })),
            None => Part::Watches(room.watch()),
        };
        Connection {
            session,
            part,
            welcomed: false,
            pace_permille: PACE_FULL_PERMILLE,
            pongs: VecDeque::new(),
            notices: VecDeque::new(),
            heard: now,
            seen: None,
            held_back_since: None,
            budget: Budget::new(room.tick_rate(), now),
            counters: ConnectionCounters::default(),
        }
    }

    /// Who it is in the room; `None` for a spectator.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        match &self.part {
            Part::Plays(plays) => Some(plays.player),
            Part::Watches(_) => None,
        }
    }

    /// Leaves the room. The connection must not be used after.
    pub fn leave<G: Game>(&self, room: &mut Room<G>) {
        match &self.part {
            Part::Plays(plays) => room.leave(plays.player),
            Part::Watches(_) => room.unwatch(),
        }
    }

    /// Who it is to the server.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What a player's client has been told; `None` for a spectator, who has nothing of its own.
    #[must_use]
    pub fn viewer(&self) -> Option<&Viewer> {
        match &self.part {
            Part::Plays(plays) => Some(&plays.viewer),
            Part::Watches(_) => None,
        }
    }

    /// Whether its socket is to be read in the `pass`th pass of its driver. A player's is in each.
    #[must_use]
    pub fn is_read_in(&self, pass: u32) -> bool {
        match &self.part {
            Part::Plays(_) => true,
            Part::Watches(spectator) => spectator.is_read_in(pass, self.session.0),
        }
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
            ClientMessage::Ack(ack) => {
                if self.may(Kind::Ack, now)? {
                    self.has_seen(ack.seen, room);
                }
            }
            ClientMessage::Ping(ping) => {
                if self.may(Kind::Ping, now)? {
                    self.counters.pongs_dropped += push(&mut self.pongs, ping, PONGS_PENDING_MAX);
                }
            }
            ClientMessage::Input(input) => {
                if self.may(Kind::Input, now)? {
                    self.act(room, &input);
                }
            }
        }
        Ok(())
    }

    /// Whether one more message of this kind is within its budget. One that is not is as if it had
    /// not come, and the client is told so, once.
    fn may(&mut self, kind: Kind, now: Duration) -> Result<bool, End> {
        match self.budget.take(kind, now) {
            Verdict::Taken => Ok(true),
            Verdict::Refused { first } => {
                self.counters.messages_refused += 1;
                if first {
                    self.notify(TOO_MUCH);
                }
                Ok(false)
            }
            Verdict::TooMuch => Err(End::TooMuch),
        }
    }

    fn act<G: Game>(&mut self, room: &mut Room<G>, input: &Input<'_>) {
        self.has_seen(input.seen, room);
        match self.player() {
            Some(player) => {
                // Good or bad, the room counts it, and the margin tells the client.
                room.input(player, input);
                self.counters.inputs += 1;
            }
            None => self.counters.inputs_ignored += 1,
        }
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

    /// Adds the next message that is to be said to this client alone to the end of `out`: the
    /// welcome, the room's pace, answers to pings, the roster, notices, and last a player's newest
    /// scene. `false` when there is none.
    ///
    /// To be called only when the socket takes it: what is given out must reach the client or
    /// the connection must end.
    pub fn next_message<G: Game>(&mut self, room: &mut Room<G>, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        // The roster goes before the snapshot: whoever is in that has a name by then.
        let said = self.say_welcome(room, out)
            || self.say_pace(room, out)
            || self.say_pong(out)
            || self.say_roster(room, out)
            || self.say_notice(out)
            || self.say_snapshot(room, out);
        self.counters.messages_out += u64::from(said);
        self.counters.bytes_out += (out.len() - before) as u64;
        said
    }

    /// What all spectators are told and this one has not been: for as long as its socket takes
    /// it, each is to be given out and noted by [`Connection::was_told`]. To be asked once a
    /// pass, when there is no more message for it alone.
    pub fn turn<'a, G: Game>(&mut self, room: &'a Room<G>) -> Turn<'a> {
        let Part::Watches(spectator) = &self.part else { return Turn::Nothing };
        let turn = room.turn(spectator);
        if matches!(turn, Turn::Skip) {
            self.counters.snapshots_held_back += 1;
            self.held_back_since.get_or_insert(self.heard);
        }
        turn
    }

    /// It has been given what it shares with others: that will reach the client or the
    /// connection will end.
    pub fn was_told(&mut self, shared: Shared<'_>) {
        let Part::Watches(spectator) = &mut self.part else { return };
        spectator.was_told(shared);
        self.held_back_since = None;
        self.counters.snapshots += 1;
        self.counters.messages_out += u64::from(shared.message_count());
        self.counters.bytes_out += shared.frames().len() as u64;
    }

    fn say_welcome<G: Game>(&mut self, room: &Room<G>, out: &mut Vec<u8>) -> bool {
        if self.welcomed {
            return false;
        }
        room.welcome(self.session, self.player(), out);
        self.welcomed = true;
        true
    }

    /// Before the snapshot of the first tick that is made so fast.
    fn say_pace<G: Game>(&mut self, room: &Room<G>, out: &mut Vec<u8>) -> bool {
        let plays = self.player().is_some();
        room.write_pace(&mut self.pace_permille, plays, out)
    }

    fn say_roster<G: Game>(&mut self, room: &mut Room<G>, out: &mut Vec<u8>) -> bool {
        match &mut self.part {
            Part::Plays(plays) => room.write_roster(&mut plays.viewer, out),
            // It comes with what it belongs to, in what all spectators share.
            Part::Watches(_) => false,
        }
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
        let Part::Plays(plays) = &mut self.part else { return false };
        let now = room.tick();
        if plays.viewer.mirror().tick() >= Some(now) {
            return false;
        }
        if plays.in_flight.is_full(now) {
            // Of the time known here: when the client was last heard, which is not long ago.
            self.held_back_since.get_or_insert(self.heard);
            self.counters.snapshots_held_back += 1;
            room.count_held_back();
            return false;
        }
        self.held_back_since = None;
        if !room.write_snapshot(&mut plays.viewer, out) {
            return false;
        }
        plays.in_flight.told(now);
        self.counters.snapshots += 1;
        true
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
    fn has_seen<G: Game>(&mut self, tick: Tick, room: &Room<G>) {
        let is_new = match &mut self.part {
            Part::Plays(plays) => {
                let is_new = Some(tick) <= plays.viewer.mirror().tick() && Some(tick) > self.seen;
                if is_new {
                    plays.in_flight.has_seen(tick, room.tick());
                }
                is_new
            }
            Part::Watches(spectator) => spectator.has_seen(tick, room.due()),
        };
        if is_new {
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
