//! The messages of both directions: both enums on one screen, then what they carry.
//!
//! A message is one binary WebSocket message: a byte that says its kind, then its body. Bodies
//! are bincode in the [`WIRE`] configuration; a snapshot's body is a bit stream of its own
//! ([`crate::protocol::snapshot`]). What a client sends is decoded without allocating: texts
//! and inputs stay slices of what came.

use bincode::{BorrowDecode, Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{DisconnectReason, JoinError, PROTOCOL_VERSION, ResumeToken, Ticket, WIRE};
use crate::ids::{PlayerId, SessionId};
use crate::limits::{
    BOARD_PAGE_MAX, HELLO_MAX_BYTES, INPUT_MESSAGE_MAX_BYTES, NOTICE_MAX_BYTES, PACE_FULL_PERMILLE,
    REFUSED_MAX_BYTES, ROSTER_MAX_BYTES, SCORES_MAX_BYTES, SMALL_MESSAGE_MAX_BYTES,
    SNAPSHOT_MAX_BYTES, WELCOME_MAX_BYTES,
};
use crate::tick::{Rewind, Tick};

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage<'a> {
    /// First of all: who it is and what it wants.
    Hello(Hello<'a>),
    /// A player's input for one tick.
    Input(Input<'a>),
    /// What a spectator has seen; players say it with their inputs.
    Ack(Ack),
    /// To be answered at once by [`ServerMessage::Pong`].
    Ping(Ping),
    /// It leaves.
    Goodbye,
    /// Which page of the board is open.
    Board(Board),
}

/// What a server says.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerMessage<'a> {
    /// The hello was taken.
    Welcome(Welcome<'a>),
    /// The hello was not taken; the connection ends.
    Refused(JoinError),
    /// Who is in the room, or what changed of it.
    Roster(Roster<'a>),
    /// The newest scene, as the difference to what the viewer knows.
    Snapshot(&'a [u8]),
    /// Answer to a ping.
    Pong(Ping),
    /// Something for people to read.
    Notice(Notice<'a>),
    /// How fast the room makes its ticks from now on.
    Pace(Pace),
    /// The connection ends, and why.
    Goodbye(DisconnectReason),
    /// Scores and teams of some players.
    Scores(Scores),
    /// Who is on the page of the board that is open.
    BoardPage(BoardPage),
    /// The server closes soon.
    Closing(Closing),
}

/// What a client opens with. Its version stands first and never moves, so that a server of any
/// version can refuse it by name.
#[derive(Clone, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Hello<'a> {
    /// [`PROTOCOL_VERSION`] of the client.
    pub protocol: u16,
    /// Name of the game that it plays; empty for whichever there is, if it does not replay.
    pub game: &'a str,
    /// Version of the game's rules that it plays by.
    pub rules: u32,
    /// What it wants to be.
    pub role: Role,
    /// How it wants to be called.
    pub name: &'a str,
    /// Where it wants to be.
    pub room: RoomChoice<'a>,
    /// Whether it replays its own state by the game's rules, so that only what differs from that
    /// need be sent. A client that knows no rules is sent all of it.
    pub replays: bool,
    /// What lets it in, for servers that ask for it.
    pub ticket: Option<Ticket<'a>>,
    /// What it chooses of the room's settings if the room that it names is not there and opens for it:
    /// a JSON object. Ignored if the room is there.
    pub settings: Option<&'a str>,
    /// By which it resumes the session that it has lost: then it gets that one back, or is refused.
    pub resume: Option<ResumeToken>,
}

/// What a client wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Role {
    /// One who acts.
    Player,
    /// One who only watches.
    Spectator,
}

/// Where a client wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum RoomChoice<'a> {
    /// In any room with space.
    Any,
    /// In this room, which is made if it is not there.
    Named(&'a str),
}

/// How a client is let in.
#[derive(Clone, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Welcome<'a> {
    /// Who it is to the server.
    pub session: SessionId,
    /// Who it is in the room; `None` for a spectator.
    pub player: Option<PlayerId>,
    /// Which room it is in.
    pub room: &'a str,
    /// Ticks per second.
    pub tick_rate_hz: u16,
    /// The room's tick now.
    pub tick: Tick,
    /// Most players in the room.
    pub players_max: u16,
    /// By how many ticks what a spectator is sent is behind what players are sent.
    pub delay_ticks: u32,
    /// The game's [`crate::scene::Schema`], in bincode.
    pub schema: &'a [u8],
    /// The game's level, in bincode.
    pub level: &'a [u8],
    /// The game's settings, in bincode.
    pub settings: &'a [u8],
    /// By which it can resume this session if its connection breaks. It takes the place of the one
    /// by which this session was resumed, which is void once the server has heard from the client.
    pub resume: ResumeToken,
    /// Whether it has resumed a session, and with it its player.
    pub resumed: bool,
    /// For how long the session is kept once its connection has broken, in seconds.
    pub grace_seconds: u16,
}

/// One input, addressed to a tick.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Input<'a> {
    /// The tick in which it is to be applied. It rises from input to input of a client that
    /// replays: nothing says which of two for one tick counted.
    pub tick: Tick,
    /// Tick of the last snapshot decoded.
    pub seen: Tick,
    /// How much older than `tick` what the player saw of the others was. The room believes it
    /// within limits.
    pub rewind: Rewind,
    /// The game's input, in bincode.
    pub input: &'a [u8],
}

/// What has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ack {
    /// Tick of the last snapshot decoded.
    pub seen: Tick,
}

/// A question and its answer, which bears the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ping {
    /// Anything; it comes back.
    pub number: u32,
}

/// The page of the board that a client has open. It is open until another message says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Board {
    /// How many are before the first of it: 0 for the best.
    pub first: u16,
    /// How many players it has, at most [`BOARD_PAGE_MAX`]; 0 when none is open.
    pub count: u8,
}

/// Who is in the room: all of it, or who came and left since the last one. Scores and teams are as of
/// its sending; of changes alone [`Scores`] tells.
#[derive(Clone, Debug, Default, PartialEq, Encode)]
pub struct Roster<'a> {
    /// Whether this is the whole roster: players that are not in it are gone.
    pub complete: bool,
    /// Who came or changed, by rising player.
    pub entries: Vec<RosterEntry<'a>>,
    /// Who left.
    pub gone: Vec<PlayerId>,
}

/// One player to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct RosterEntry<'a> {
    /// Who.
    pub player: PlayerId,
    /// How it is called.
    pub name: &'a str,
    /// Its score.
    pub score: i32,
    /// Its team; 0 where there are none.
    pub team: u8,
    /// Whether the room plays it.
    pub bot: bool,
}

/// Scores and teams of some players, as of now. A client ignores those of players who are not in its
/// roster, and keeps what it knows of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// Each player at most once. On the wire it is how much its id is above that of the one before,
    /// modulo 2^16: those that rise are short.
    pub entries: Vec<ScoreEntry>,
}

/// The score of one player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ScoreEntry {
    /// Whose.
    pub player: PlayerId,
    /// Its score.
    pub score: i32,
    /// Its team; 0 where there are none.
    pub team: u8,
}

/// One page of all players, the best first; of equals the one with the lower id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode)]
pub struct BoardPage {
    /// How many are before the first of it.
    pub first: u16,
    /// How many players there are.
    pub total: u16,
    /// How many are before the client's own player.
    pub own: Option<u16>,
    /// Who is on it, in order. Their scores are in [`Scores`].
    pub players: Vec<PlayerId>,
}

/// How fast a room makes its ticks. Sent when it changes; until then it is the full
/// pace. What a tick is worth in the rules never changes: a slower room is in slow motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Pace {
    /// The first tick that is made so fast.
    pub from: Tick,
    /// Thousandths of the tick rate, from 1 to [`PACE_FULL_PERMILLE`].
    pub permille: u16,
}

/// Something for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Notice<'a> {
    /// The text.
    pub text: &'a str,
}

/// The server closes, and plays on until then at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Closing {
    /// In how many seconds at the latest.
    pub in_seconds: u16,
}

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// No byte at all.
    #[error("an empty message")]
    Empty,
    /// No kind has this number.
    #[error("no kind of message has number {0}")]
    Kind(u8),
    /// Above the limit of its kind.
    #[error("{bytes} bytes, of which its kind may have {max}")]
    TooBig {
        /// How many came.
        bytes: usize,
        /// How many may.
        max: usize,
    },
    /// The body is not one.
    #[error("not a {0}")]
    Body(&'static str),
    /// More bytes than the body has.
    #[error("{0} bytes left over")]
    LeftOver(usize),
    /// A hello of another version, whose rest nobody here can read.
    #[error("protocol version {0}")]
    Version(u16),
}

// Kinds. Those of the two directions differ, so that a stream taken for the other is refused.
const HELLO: u8 = 0x01;
const INPUT: u8 = 0x02;
const ACK: u8 = 0x03;
const PING: u8 = 0x04;
const CLIENT_GOODBYE: u8 = 0x05;
const BOARD: u8 = 0x06;
const WELCOME: u8 = 0x81;
const REFUSED: u8 = 0x82;
const ROSTER: u8 = 0x83;
const SNAPSHOT: u8 = 0x84;
const PONG: u8 = 0x85;
const NOTICE: u8 = 0x86;
const SERVER_GOODBYE: u8 = 0x87;
const PACE: u8 = 0x88;
const SCORES: u8 = 0x89;
const BOARD_PAGE: u8 = 0x8A;
const CLOSING: u8 = 0x8B;

impl<'a> ClientMessage<'a> {
    /// Adds the message to the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            ClientMessage::Hello(hello) => put(out, HELLO, hello),
            ClientMessage::Input(input) => put(out, INPUT, input),
            ClientMessage::Ack(ack) => put(out, ACK, ack),
            ClientMessage::Ping(ping) => put(out, PING, ping),
            ClientMessage::Goodbye => out.push(CLIENT_GOODBYE),
            ClientMessage::Board(board) => put(out, BOARD, board),
        }
    }

    /// The message that `bytes` are, all of them.
    ///
    /// # Errors
    /// When they are none, or above the limit of their kind.
    pub fn decode(bytes: &'a [u8]) -> Result<ClientMessage<'a>, MessageError> {
        let (&kind, body) = bytes.split_first().ok_or(MessageError::Empty)?;
        match kind {
            HELLO => {
                fit(bytes, HELLO_MAX_BYTES)?;
                let (version, _) = bincode::decode_from_slice::<u16, _>(body, WIRE)
                    .map_err(|_| MessageError::Body("hello"))?;
                if version != PROTOCOL_VERSION {
                    return Err(MessageError::Version(version));
                }
                Ok(ClientMessage::Hello(take::<_, { IN_MEMORY * HELLO_MAX_BYTES }>(body, "hello")?))
            }
            INPUT => {
                fit(bytes, INPUT_MESSAGE_MAX_BYTES)?;
                Ok(ClientMessage::Input(take::<_, { IN_MEMORY * INPUT_MESSAGE_MAX_BYTES }>(
                    body, "input",
                )?))
            }
            ACK => small(bytes, "ack").map(ClientMessage::Ack),
            PING => small(bytes, "ping").map(ClientMessage::Ping),
            CLIENT_GOODBYE => empty(body).map(|()| ClientMessage::Goodbye),
            BOARD => {
                let board: Board = small(bytes, "board")?;
                let is_page = board.count <= BOARD_PAGE_MAX;
                is_page.then_some(ClientMessage::Board(board)).ok_or(MessageError::Body("board"))
            }
            other => Err(MessageError::Kind(other)),
        }
    }
}

impl<'a> ServerMessage<'a> {
    /// Adds the message to the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            ServerMessage::Welcome(welcome) => put(out, WELCOME, welcome),
            ServerMessage::Refused(refusal) => put(out, REFUSED, refusal),
            ServerMessage::Roster(roster) => put(out, ROSTER, roster),
            ServerMessage::Snapshot(body) => {
                ServerMessage::open_snapshot(out);
                out.extend_from_slice(body);
            }
            ServerMessage::Pong(ping) => put(out, PONG, ping),
            ServerMessage::Notice(notice) => put(out, NOTICE, notice),
            ServerMessage::Pace(pace) => put(out, PACE, pace),
            ServerMessage::Goodbye(end) => put(out, SERVER_GOODBYE, end),
            ServerMessage::Scores(scores) => put(out, SCORES, scores),
            ServerMessage::BoardPage(page) => put(out, BOARD_PAGE, page),
            ServerMessage::Closing(closing) => put(out, CLOSING, closing),
        }
    }

    /// Begins a snapshot message at the end of `out`; its body is to follow there, so that the
    /// encoder can write it in place.
    pub fn open_snapshot(out: &mut Vec<u8>) {
        out.push(SNAPSHOT);
    }

    /// The message that `bytes` are, all of them.
    ///
    /// # Errors
    /// When they are none, or above the limit of their kind.
    pub fn decode(bytes: &'a [u8]) -> Result<ServerMessage<'a>, MessageError> {
        let (&kind, body) = bytes.split_first().ok_or(MessageError::Empty)?;
        match kind {
            WELCOME => {
                fit(bytes, WELCOME_MAX_BYTES)?;
                Ok(ServerMessage::Welcome(take::<_, { IN_MEMORY * WELCOME_MAX_BYTES }>(
                    body, "welcome",
                )?))
            }
            REFUSED => {
                fit(bytes, REFUSED_MAX_BYTES)?;
                Ok(ServerMessage::Refused(take::<_, { IN_MEMORY * REFUSED_MAX_BYTES }>(
                    body, "refusal",
                )?))
            }
            ROSTER => {
                fit(bytes, ROSTER_MAX_BYTES)?;
                Ok(ServerMessage::Roster(take::<_, { IN_MEMORY * ROSTER_MAX_BYTES }>(
                    body, "roster",
                )?))
            }
            SNAPSHOT => {
                fit(bytes, SNAPSHOT_MAX_BYTES)?;
                Ok(ServerMessage::Snapshot(body))
            }
            PONG => small(bytes, "pong").map(ServerMessage::Pong),
            NOTICE => {
                fit(bytes, NOTICE_MAX_BYTES)?;
                Ok(ServerMessage::Notice(take::<_, { IN_MEMORY * NOTICE_MAX_BYTES }>(
                    body, "notice",
                )?))
            }
            SERVER_GOODBYE => small(bytes, "goodbye").map(ServerMessage::Goodbye),
            PACE => {
                let pace: Pace = small(bytes, "pace")?;
                let is_pace = (1..=PACE_FULL_PERMILLE).contains(&pace.permille);
                is_pace.then_some(ServerMessage::Pace(pace)).ok_or(MessageError::Body("pace"))
            }
            SCORES => {
                fit(bytes, SCORES_MAX_BYTES)?;
                Ok(ServerMessage::Scores(take::<_, { IN_MEMORY * SCORES_MAX_BYTES }>(
                    body, "scores",
                )?))
            }
            BOARD_PAGE => {
                fit(bytes, SCORES_MAX_BYTES)?;
                Ok(ServerMessage::BoardPage(take::<_, { IN_MEMORY * SCORES_MAX_BYTES }>(
                    body,
                    "page of the board",
                )?))
            }
            CLOSING => small(bytes, "closing").map(ServerMessage::Closing),
            other => Err(MessageError::Kind(other)),
        }
    }
}

/// bincode's limit counts what a value takes in memory, not on the wire. No number or entry of a
/// list takes more than this many times its bytes on the wire.
const IN_MEMORY: usize = 8;

fn put(out: &mut Vec<u8>, kind: u8, body: &impl Encode) {
    out.push(kind);
    // Not `expect`: it would print the error, and the code for that is a tenth of the page's wasm.
    bincode::encode_into_std_write(body, out, WIRE)
        .unwrap_or_else(|_| unreachable!("a Vec takes whatever it is given"));
}

fn fit(bytes: &[u8], max: usize) -> Result<(), MessageError> {
    if bytes.len() > max {
        return Err(MessageError::TooBig { bytes: bytes.len(), max });
    }
    Ok(())
}

fn take<'a, T: BorrowDecode<'a, ()>, const LIMIT: usize>(
    body: &'a [u8],
    what: &'static str,
) -> Result<T, MessageError> {
    let (value, used) = bincode::borrow_decode_from_slice(body, WIRE.with_limit::<LIMIT>())
        .map_err(|_| MessageError::Body(what))?;
    empty(&body[used..])?;
    Ok(value)
}

fn small<'a, T: BorrowDecode<'a, ()>>(
    bytes: &'a [u8],
    what: &'static str,
) -> Result<T, MessageError> {
    fit(bytes, SMALL_MESSAGE_MAX_BYTES)?;
    take::<T, { IN_MEMORY * SMALL_MESSAGE_MAX_BYTES }>(&bytes[1..], what)
}

fn empty(left: &[u8]) -> Result<(), MessageError> {
    if left.is_empty() { Ok(()) } else { Err(MessageError::LeftOver(left.len())) }
}

#[cfg(test)]
mod tests;
