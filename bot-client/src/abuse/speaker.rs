//! The writing half of an abuser's socket, and the words that a game gives it to say.
//!
//! Owns the count of bytes that went and the bound on how fast they go. What is said, and whether
//! it makes sense, is the business of the families.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tickwire_game::game::{Dice, Game};
use tickwire_game::protocol::{
    ClientMessage, Hello, Input, PROTOCOL_VERSION, Role, RoomChoice, Ticket, WIRE,
};
use tickwire_game::tick::{Rewind, Tick};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::WriteHalf;
use tokio::time::{Instant, sleep_until};

use super::frame::binary;
use super::hearing::{Hearing, RoomClock};
use crate::options::Target;
use crate::ticket::TicketText;

/// The most that one abuser sends in a second, in bytes: more than most people's uplinks carry.
/// Beyond it this program would only take the processor from the server that it shares it with.
const WRITE_MAX_BYTES_PER_S: u32 = 16 << 20;
/// How far it may be ahead of that, for timers are no finer.
const AHEAD_MAX: Duration = Duration::from_millis(2);
/// How far ahead of the room's tick inputs are addressed, in ticks: as by a client nearby.
pub(super) const LEAD_TICKS: u32 = 3;

/// What all abusers of a run have to say.
#[derive(Debug)]
pub(super) struct Words {
    host: String,
    path: String,
    game: &'static str,
    rules: u32,
    room: Option<String>,
    ticket: Option<TicketText>,
    /// A player's input that does nothing.
    input: Vec<u8>,
}

impl Words {
    pub(super) fn of<G: Game>(
        target: &Target,
        room: Option<&str>,
        ticket: Option<TicketText>,
    ) -> Words {
        let url = target.to_string();
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let host = url.split('/').nth(2).unwrap_or_default();
        let input = bincode::serde::encode_to_vec(G::Input::default(), WIRE)
            .expect("an input is plain values");
        Words {
            host: host.to_owned(),
            path: format!("/{path}"),
            game: G::NAME,
            rules: G::RULES,
            room: room.map(str::to_owned),
            ticket,
            input,
        }
    }

    /// The first lines of an upgrade, without the empty line that ends it.
    pub(super) fn upgrade(&self) -> String {
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            self.path, self.host
        )
    }

    /// The message that a player of this name opens with.
    pub(super) fn hello(&self, name: &str) -> Vec<u8> {
        let room = self.room.as_deref().map_or(RoomChoice::Any, RoomChoice::Named);
        self.hello_to(name, room, None)
    }

    /// The message that a player of this name opens a room with, which is to have these settings.
    pub(super) fn hello_to(
        &self,
        name: &str,
        room: RoomChoice<'_>,
        settings: Option<&str>,
    ) -> Vec<u8> {
        encode(&ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: self.game,
            rules: self.rules,
            role: Role::Player,
            name,
            room,
            replays: true,
            ticket: self.ticket.as_ref().map(|ticket| Ticket(ticket.expose())),
            settings,
            resume: None,
        }))
    }

    /// An input for a tick, as a message.
    pub(super) fn input(&self, tick: u32, seen: u32) -> Vec<u8> {
        encode(&ClientMessage::Input(Input {
            tick: Tick(tick),
            seen: Tick(seen),
            rewind: Rewind::default(),
            input: &self.input,
        }))
    }

    /// The input that a client would send now, as a message; `ahead` ticks more than it.
    pub(super) fn input_now(&self, room: &RoomClock, ahead: u32) -> Vec<u8> {
        let tick = room.tick();
        self.input(tick.saturating_add(LEAD_TICKS + ahead), tick.saturating_sub(1))
    }
}

/// The bytes of a message.
pub(super) fn encode(message: &ClientMessage<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

/// One abuser's mouth.
pub(super) struct Speaker<'a> {
    pub(super) hearing: &'a Hearing,
    pub(super) words: &'a Words,
    pub(super) dice: Dice,
    /// Which of all attempts this is, for kinds that do another thing with each.
    pub(super) turn: usize,
    half: WriteHalf<'a>,
    bytes_out: &'a Cell<u64>,
    /// When all that went would have gone at the greatest speed.
    free_at: Instant,
}

impl<'a> Speaker<'a> {
    pub(super) fn new(
        half: WriteHalf<'a>,
        hearing: &'a Hearing,
        words: &'a Words,
        bytes_out: &'a Cell<u64>,
        (dice, turn): (Dice, usize),
    ) -> Speaker<'a> {
        Speaker { hearing, words, dice, turn, half, bytes_out, free_at: Instant::now() }
    }

    /// Says these bytes as they are, as soon as the socket takes them.
    pub(super) async fn say(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let given = self.half.write(bytes).await?;
            if given == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[given..];
            self.bytes_out.set(self.bytes_out.get() + given as u64);
            let now = Instant::now();
            let took = Duration::from_secs(1) * given as u32 / WRITE_MAX_BYTES_PER_S;
            self.free_at = self.free_at.max(now) + took;
            if self.free_at > now + AHEAD_MAX {
                sleep_until(self.free_at).await;
            }
        }
        Ok(())
    }

    /// Says a binary message.
    pub(super) async fn message(&mut self, payload: &[u8]) -> io::Result<()> {
        self.say(&binary(payload)).await
    }

    /// Says the same again and again; it ends with the connection alone.
    pub(super) async fn repeat(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = Vec::new();
        while chunk.len() + bytes.len() <= CHUNK_BYTES || chunk.is_empty() {
            chunk.extend_from_slice(bytes);
        }
        loop {
            self.say(&chunk).await?;
        }
    }

    /// Asks for the upgrade and waits until it is there.
    pub(super) async fn upgrade(&mut self) -> io::Result<()> {
        let upgrade = self.words.upgrade() + "\r\n";
        self.say(upgrade.as_bytes()).await?;
        self.hearing.upgraded().await;
        Ok(())
    }

    /// Goes in under this name and waits for the welcome.
    pub(super) async fn join_as(&mut self, name: &str) -> io::Result<RoomClock> {
        self.upgrade().await?;
        let hello = self.words.hello(name);
        self.message(&hello).await?;
        Ok(self.hearing.welcomed().await)
    }

    /// Goes in and waits for the welcome.
    pub(super) async fn join(&mut self) -> io::Result<RoomClock> {
        let name = format!("abuser {}", self.turn);
        self.join_as(&name).await
    }

    /// Some random bytes, at least one.
    pub(super) fn noise(&mut self, bytes_max: u32) -> Vec<u8> {
        let bytes = 1 + self.dice.below(bytes_max);
        (0..bytes).map(|_| self.dice.bits() as u8).collect()
    }

    /// Ends what it says, but not the connection.
    pub(super) async fn fall_silent(&mut self) -> io::Result<()> {
        self.half.shutdown().await
    }
}

/// How much is given to the kernel at once, where there is no end to it, in bytes.
const CHUNK_BYTES: usize = 8_192;
