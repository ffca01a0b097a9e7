//! [`SchemaClient`]: a client of any game, which knows no rules and goes by the room's schema
//! alone. It is what `build/kit/client.js` gives to other people's programs.
//!
//! It turns messages into numbers and texts, and calls into messages. It predicts nothing, draws
//! nothing, keeps no time and has no socket: whoever plays with it makes the game's inputs and
//! says for which ticks they are. Called by `exports` alone; the page itself does not use it.

use std::collections::VecDeque;

use tickwire_game::client::{ClientError, Inbound, Names, codec_of, schema_of};
use tickwire_game::limits::{
    BOARD_PAGE_MAX, CLIENT_EVENTS_MAX, HELLO_MAX_BYTES, INPUT_MAX_BYTES, ROOM_SETTINGS_MAX_BYTES,
    SERVER_MESSAGE_MAX_BYTES,
};
use tickwire_game::protocol::snapshot::{Codec, GivenKind, NoReplay, Snapshot, SnapshotDecoder};
use tickwire_game::protocol::{
    Ack, Board, ClientMessage, Hello, Input, MessageError, PROTOCOL_VERSION, Ping, Role, RoomWish,
    Ticket, Welcome,
};
use tickwire_game::scene::{Kind, RowRef, Rows};
use tickwire_game::tick::{Rewind, Tick};

use crate::buffers::Buffers;
use crate::json::Json;
use crate::texts;

/// A spectator says so often what it has seen, counted in ticks of the room.
const SPECTATOR_ACKS_PER_SECOND: u32 = 2;
/// A player says so after this many snapshots during which it sent no input: fewer than a server
/// would ever send without hearing of them.
const PLAYER_UNACKNOWLEDGED_MAX: u32 = 2;

/// What a message was, as `RECEIVED` in `build/kit/client.js` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// None that can be taken. Its JSON is in the byte buffer.
    Fault,
    /// Its JSON is in the byte buffer.
    Welcome,
    /// Its JSON is in the byte buffer.
    Refused,
    Roster,
    /// In the number buffer: tick, whether a keyframe, how the input of that tick was come by and
    /// how early the newest one was; the last two mean something for players only.
    Snapshot,
    /// In the number buffer: its number.
    Pong,
    /// Its text is in the byte buffer.
    Notice,
    /// In the number buffer: from which tick on, and thousandths of the tick rate.
    Pace,
    /// Its JSON is in the byte buffer.
    Goodbye,
    /// The roster has them.
    Scores,
    /// Its JSON is what [`SchemaClient::board`] gives.
    Board,
}

/// One client, from its hello on.
#[derive(Default)]
pub(crate) struct SchemaClient {
    outbox: VecDeque<Vec<u8>>,
    room: Option<Room>,
    /// Why what came could not be taken; nothing more is taken after that.
    fault: Option<ClientError>,
    pings: u32,
    pub(crate) buffers: Buffers,
}

/// What is known of the room.
struct Room {
    codec: Codec,
    decoder: SnapshotDecoder,
    names: Names,
    is_player: bool,
    level: Vec<u8>,
    settings: Vec<u8>,
    /// Events that were not asked for yet, each with its tick.
    events: VecDeque<(Tick, Rows)>,
    /// Snapshots that nothing was said of, and the last that was.
    unacknowledged: u32,
    acknowledged: Option<Tick>,
}

impl SchemaClient {
    /// Begins anew; in scratch stand the game's name, the client's, the room's, the ticket and the
    /// settings, of so many bytes (no room: any; no ticket: a guest). `false` when that is more than a hello may have.
    pub(crate) fn hello(&mut self, role: Role, rules: u32, lens: [usize; 5]) -> bool {
        let texts = std::mem::take(&mut self.buffers.bytes);
        let mut rest = texts.as_slice();
        let [game, name, room, ticket, settings] = lens.map(|len| {
            let (text, after) = rest.split_at(len.min(rest.len()));
            rest = after;
            String::from_utf8_lossy(text)
        });
        *self = SchemaClient::default();
        self.push(&ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: &game,
            rules,
            role,
            name: &name,
            room: if room.is_empty() { RoomWish::Any } else { RoomWish::Named(&room) },
            replays: false,
            ticket: (!ticket.is_empty()).then_some(Ticket(&ticket)),
            settings: (!settings.is_empty()).then_some(&settings),
        }));
        let fits =
            self.outbox[0].len() <= HELLO_MAX_BYTES && settings.len() <= ROOM_SETTINGS_MAX_BYTES;
        if !fits {
            self.outbox.clear();
        }
        fits
    }

    /// Takes the message in the first `len` bytes of scratch.
    pub(crate) fn receive(&mut self, len: usize) -> Received {
        let message = std::mem::take(&mut self.buffers.bytes);
        self.buffers.numbers.clear();
        let taken = match (&self.fault, message.get(..len)) {
            (Some(fault), _) => Err(fault.clone()),
            (None, Some(message)) => self.take(message),
            (None, None) => {
                Err(MessageError::TooBig { bytes: len, max: SERVER_MESSAGE_MAX_BYTES }.into())
            }
        };
        taken.unwrap_or_else(|fault| {
            self.say(|json| texts::fault(json, &fault));
            self.fault = Some(fault);
            Received::Fault
        })
    }

    fn take(&mut self, message: &[u8]) -> Result<Received, ClientError> {
        let names = self.room.as_mut().map(|room| &mut room.names);
        Ok(match Inbound::take(message, names)? {
            Inbound::Welcome(welcome) => {
                self.room = Some(Room::enter(&welcome)?);
                self.say(|json| texts::welcome(json, &welcome));
                Received::Welcome
            }
            Inbound::Refused(refusal) => {
                self.say(|json| texts::refusal(json, &refusal));
                Received::Refused
            }
            Inbound::Ended(end) => {
                self.say(|json| texts::end(json, end));
                Received::Goodbye
            }
            Inbound::Roster => Received::Roster,
            Inbound::Scores => Received::Scores,
            Inbound::Board => Received::Board,
            Inbound::Snapshot(body) => {
                self.snapshot(body)?;
                Received::Snapshot
            }
            Inbound::Pong(number) => {
                self.buffers.numbers.push(number.into());
                Received::Pong
            }
            Inbound::Notice(text) => {
                self.buffers.bytes.extend_from_slice(text.as_bytes());
                Received::Notice
            }
            Inbound::Pace(pace) => {
                self.buffers.numbers.extend([pace.from.0.into(), f64::from(pace.permille)]);
                Received::Pace
            }
        })
    }

    fn snapshot(&mut self, body: &[u8]) -> Result<(), ClientError> {
        let Some(room) = &mut self.room else { return Ok(()) };
        let snapshot = room.snapshot(body)?;
        let is_due = room.is_acknowledgement_due();
        self.buffers.numbers.extend(figures(&snapshot));
        if is_due {
            self.acknowledge();
        }
        Ok(())
    }

    /// Queues the input in the first `len` bytes of scratch for a tick; `false` when it is too
    /// long or there is nobody whose input it could be.
    pub(crate) fn input(&mut self, tick: Tick, len: usize) -> bool {
        let input = std::mem::take(&mut self.buffers.bytes);
        let Some(room) = self.room.as_mut().filter(|room| room.is_player) else { return false };
        let Some(input) = input.get(..len).filter(|input| input.len() <= INPUT_MAX_BYTES) else {
            return false;
        };
        // The input says it, and so stands for an acknowledgement.
        let seen = room.acknowledge();
        self.push(&ClientMessage::Input(Input { tick, seen, rewind: Rewind::default(), input }));
        true
    }

    /// Queues a ping, and what has been seen; gives the ping's number.
    pub(crate) fn ping(&mut self) -> u32 {
        self.pings = self.pings.wrapping_add(1);
        self.push(&ClientMessage::Ping(Ping { number: self.pings }));
        if self.room.as_ref().is_some_and(|room| room.unacknowledged > 0) {
            self.acknowledge();
        }
        self.pings
    }

    /// Queues which page of the board is open: `count` players, of whom `first` are before the first;
    /// none with a count of 0. `false` when there is no player's page of so many.
    pub(crate) fn open_board(&mut self, first: u32, count: u32) -> bool {
        let Some(room) = self.room.as_mut().filter(|room| room.is_player) else { return false };
        let (Ok(first), Ok(count)) = (u16::try_from(first), u8::try_from(count)) else {
            return false;
        };
        if count > BOARD_PAGE_MAX {
            return false;
        }
        room.names.open_board(count > 0);
        self.push(&ClientMessage::Board(Board { first, count }));
        true
    }

    pub(crate) fn leave(&mut self) {
        self.push(&ClientMessage::Goodbye);
    }

    fn acknowledge(&mut self) {
        let Some(room) = &mut self.room else { return };
        let seen = room.acknowledge();
        self.push(&ClientMessage::Ack(Ack { seen }));
    }

    fn push(&mut self, message: &ClientMessage<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.outbox.push_back(bytes);
    }

    /// Takes the next message to be sent; 0 bytes when there is none.
    pub(crate) fn outgoing(&mut self) -> u32 {
        let message = self.outbox.pop_front().unwrap_or_default();
        self.buffers.say(message)
    }

    /// The entities known, in numbers: each its id, its kind, how many values, the values.
    pub(crate) fn rows(&mut self) -> u32 {
        self.buffers.numbers.clear();
        if let Some(room) = &self.room {
            let kinds = &room.codec.schema().entities;
            for row in room.decoder.mirror().rows().iter() {
                put_row(&mut self.buffers.numbers, row.entity.0, kinds, row);
            }
        }
        self.buffers.numbers_len()
    }

    /// Takes what has happened, in numbers: each its tick, its kind, how many values, the values.
    pub(crate) fn events(&mut self) -> u32 {
        self.buffers.numbers.clear();
        if let Some(room) = &mut self.room {
            let kinds = &room.codec.schema().events;
            for (tick, event) in room.events.drain(..) {
                put_row(&mut self.buffers.numbers, tick.0, kinds, event.row(0));
            }
        }
        self.buffers.numbers_len()
    }

    pub(crate) fn schema(&mut self) -> u32 {
        self.tell(|json, room| texts::whole_schema(json, room.codec.schema()))
    }

    pub(crate) fn roster(&mut self) -> u32 {
        self.tell(|json, room| texts::roster(json, &room.names))
    }

    /// The page of the board that is open; nothing when none is.
    pub(crate) fn board(&mut self) -> u32 {
        self.tell(|json, room| texts::board(json, &room.names))
    }

    /// The player's own state, in the game's encoding.
    pub(crate) fn own(&mut self) -> u32 {
        let room = self.room.as_ref();
        let own = room.and_then(|room| room.decoder.mirror().own()).unwrap_or_default().to_vec();
        self.buffers.say(own)
    }

    /// What never moves, in the game's encoding.
    pub(crate) fn level(&mut self) -> u32 {
        let level = self.room.as_ref().map(|room| room.level.clone()).unwrap_or_default();
        self.buffers.say(level)
    }

    /// What whoever opened the room chose, in the game's encoding.
    pub(crate) fn settings(&mut self) -> u32 {
        let settings = self.room.as_ref().map(|room| room.settings.clone()).unwrap_or_default();
        self.buffers.say(settings)
    }

    /// Tells something in JSON.
    pub(crate) fn say(&mut self, write: impl FnOnce(&mut Json)) -> u32 {
        let mut json = Json::default();
        write(&mut json);
        self.buffers.say(json.into_bytes())
    }

    fn tell(&mut self, write: impl FnOnce(&mut Json, &Room)) -> u32 {
        let mut json = Json::default();
        if let Some(room) = &self.room {
            write(&mut json, room);
        }
        self.buffers.say(json.into_bytes())
    }
}

impl Room {
    fn enter(welcome: &Welcome<'_>) -> Result<Room, ClientError> {
        Ok(Room {
            codec: codec_of(welcome, schema_of(welcome)?)?,
            decoder: SnapshotDecoder::new(),
            names: Names::default(),
            is_player: welcome.player.is_some(),
            level: welcome.level.to_vec(),
            settings: welcome.settings.to_vec(),
            events: VecDeque::new(),
            unacknowledged: 0,
            acknowledged: None,
        })
    }

    /// Notes that what has been seen is being said; gives what that is.
    fn acknowledge(&mut self) -> Tick {
        self.unacknowledged = 0;
        self.acknowledged = self.decoder.mirror().tick();
        self.acknowledged.unwrap_or_default()
    }

    fn is_acknowledgement_due(&self) -> bool {
        if self.is_player {
            return self.unacknowledged >= PLAYER_UNACKNOWLEDGED_MAX;
        }
        let every_ticks = u32::from(self.codec.tick_rate().hz()) / SPECTATOR_ACKS_PER_SECOND;
        match (self.decoder.mirror().tick(), self.acknowledged) {
            (Some(seen), Some(said)) => seen.since(said) >= i64::from(every_ticks),
            _ => true,
        }
    }

    fn snapshot(&mut self, body: &[u8]) -> Result<Snapshot, ClientError> {
        let snapshot = self.decoder.decode(&self.codec, body, &mut NoReplay)?;
        self.unacknowledged += 1;
        for (tick, event) in self.decoder.events() {
            if self.events.len() >= CLIENT_EVENTS_MAX {
                self.events.pop_front();
            }
            let mut row = Rows::default();
            row.push_row(event);
            self.events.push_back((tick, row));
        }
        Ok(snapshot)
    }
}

/// A snapshot in numbers, see [`Received::Snapshot`]. Always four: the reader asks for as many.
fn figures(snapshot: &Snapshot) -> [f64; 4] {
    let (given, margin_ticks) = snapshot.player.unwrap_or((GivenKind::Absent, 0));
    let given = match given {
        GivenKind::Received => 0.0,
        GivenKind::Repeated => 1.0,
        GivenKind::Absent => 2.0,
    };
    let is_keyframe = f64::from(u8::from(snapshot.keyframe));
    [snapshot.tick.0.into(), is_keyframe, given, margin_ticks.into()]
}

/// A row in numbers, its values in their units.
fn put_row(numbers: &mut Vec<f64>, id: u32, kinds: &[Kind], row: RowRef<'_>) {
    let fields = &kinds[usize::from(row.kind)].fields;
    numbers.extend([id, u32::from(row.kind), fields.len() as u32].map(f64::from));
    numbers.extend(fields.iter().zip(row.values).map(|(field, &step)| field.value(step)));
}

#[cfg(test)]
mod tests;
