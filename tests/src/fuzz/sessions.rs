//! A script of several clients of one room, made of bytes: who comes and goes, what each says and
//! does not say, when time passes and when the server stands still.
//!
//! What must hold after each line of it: every refusal is an end with a reason, both ends of a
//! player's stream know the same, what waits for a client is bounded, people are counted right, and
//! a room that nobody watches has the same state hash.

use std::time::Duration;

use shared::client::{Client, Greeting, Stage};
use shared::game::{Game, Setup};
use shared::ids::SessionId;
use shared::limits::{
    CLIENT_MESSAGE_MAX_BYTES, NOTICES_PENDING_MAX, PACE_FULL_PERMILLE, PONGS_PENDING_MAX,
    SILENCE_MAX,
};
use shared::protocol::snapshot::{NoReplay, SnapshotDecoder};
use shared::protocol::{Ack, ClientMessage, End, Input, Ping, Role, ServerMessage, WIRE};
use shared::skirmish::{self, Skirmish};
use shared::tick::{Rewind, Tick};
use tickwire::connection::Connection;
use tickwire::room::{Room, RoomSettings, Turn, Viewer};

use super::Source;
use crate::dots::Dots;

/// Most that is ever said to one client at once: a welcome, a pace, answers, a roster, notices, a
/// snapshot.
const MESSAGES_AT_ONCE_MAX: usize = 4 + PONGS_PENDING_MAX + NOTICES_PENDING_MAX;
/// A second more than any client may be silent.
const LONG: Duration = Duration::from_secs(SILENCE_MAX.as_secs() + 1);
/// Lines of one script: more bytes are not read.
const LINES_MAX: usize = 600;
const SEATS: usize = 5;

/// The first byte chooses the game and how many bots fill up its room; the rest is the script.
pub fn sessions(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let first = source.byte();
    let fill = u16::from(first >> 1 & 3);
    if first & 1 == 0 {
        run::<Dots>((), fill, &mut source);
    } else {
        let settings = skirmish::Settings { round_s: 3, ..skirmish::Settings::default() };
        run::<Skirmish>(settings, fill, &mut source);
    }
}

fn run<G: Game>(settings: G::Settings, fill: u16, source: &mut Source<'_>) {
    let mut stage = Stages::<G>::new(&settings, fill);
    for _ in 0..LINES_MAX {
        if source.is_empty() {
            break;
        }
        stage.line(source);
        stage.check();
    }
    stage.close();
}

/// At the other end of a connection.
enum Peer<G: Game> {
    /// A client of ours, which says what it says.
    Client(Box<Client<G>>),
    /// Whoever says what stands in the script, and listens all the same.
    Script(Box<SnapshotDecoder>),
}

struct Seat<G: Game> {
    connection: Connection,
    peer: Peer<G>,
    /// Who plays in the room that nobody watches, if this one does.
    twin: Option<Connection>,
}

/// A room with everybody, and its twin with the players alone.
struct Stages<G: Game> {
    now: Duration,
    room: Room<G>,
    twin: Room<G>,
    seats: [Option<Seat<G>>; SEATS],
    out: Vec<u8>,
}

impl<G: Game> Stages<G> {
    fn new(settings: &G::Settings, fill: u16) -> Stages<G> {
        let room = || {
            let setup = Setup { settings: settings.clone(), players_max: 4, ..Setup::default() };
            let settings = RoomSettings { setup, fill, ..RoomSettings::default() };
            Room::new(settings).expect("the settings are good")
        };
        let seats = std::array::from_fn(|_| None);
        Stages { now: Duration::ZERO, room: room(), twin: room(), seats, out: Vec::new() }
    }

    fn line(&mut self, source: &mut Source<'_>) {
        let at = source.below(SEATS);
        match source.below(32) {
            0..=2 => self.come(at, source),
            3..=7 => self.step(1 + source.below(3) as u32),
            8 => self.step(1 + u32::from(source.byte()) / 4),
            9..=12 => self.tell(at),
            13..=15 => (0..SEATS).for_each(|at| self.tell(at)),
            16 => self.stand_still(Duration::from_millis(u64::from(source.byte()) * 100)),
            17 if source.once_in(32) => self.wait(LONG),
            17 => self.wait(Duration::from_millis(u64::from(source.byte()))),
            18 => self.change_pace(source),
            19 if source.once_in(3) => self.end(at, End::Lost),
            19 => self.notify(at, source),
            20..=22 => (0..SEATS).for_each(|at| self.play(at, source)),
            _ => self.say(at, source),
        }
    }

    /// A client comes if its seat is free.
    fn come(&mut self, at: usize, source: &mut Source<'_>) {
        let (role, is_client) = (source.below(3), source.once_in(2));
        let name = String::from_utf8_lossy(source.take(source.clone().below(24))).into_owned();
        if self.seats[at].is_some() {
            return;
        }
        let role = if role == 0 { Role::Spectator } else { Role::Player };
        let session = SessionId(at as u64);
        let (mut player, mut twin) = (None, None);
        if role == Role::Player {
            let joined = (self.room.join(&name), self.twin.join(&name));
            assert_eq!(joined.0, joined.1, "nobody takes a place by watching");
            let Ok(id) = joined.0 else { return };
            player = Some(id);
            twin = Some(Connection::new(&mut self.twin, session, player, is_client, self.now));
        }
        let connection = Connection::new(&mut self.room, session, player, is_client, self.now);
        let peer = if is_client {
            let greeting = Greeting { name, role, room: None, ticket: None };
            Peer::Client(Box::new(Client::new(greeting)))
        } else {
            Peer::Script(Box::default())
        };
        self.seats[at] = Some(Seat { connection, peer, twin });
    }

    fn step(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.now += self.room.tick_rate().period();
            self.room.step();
            self.twin.step();
        }
        self.judge();
    }

    /// Nobody says anything for a while, and the room stands.
    fn wait(&mut self, lasts: Duration) {
        self.now += lasts;
        self.judge();
    }

    /// The server stands still: nobody is judged for that.
    fn stand_still(&mut self, lasts: Duration) {
        for seat in self.seats.iter_mut().flatten() {
            seat.connection.forgive_stall(lasts);
            seat.twin.iter_mut().for_each(|twin| twin.forgive_stall(lasts));
        }
    }

    fn judge(&mut self) {
        for at in 0..SEATS {
            let Some(seat) = &self.seats[at] else { continue };
            let overdue = seat.connection.overdue(self.now);
            if let Some(twin) = &seat.twin {
                assert_eq!(twin.overdue(self.now), overdue);
            }
            if let Some(end) = overdue {
                assert!(matches!(end, End::Silent | End::TooSlow), "{end}");
                self.end(at, end);
            }
        }
    }

    fn change_pace(&mut self, source: &mut Source<'_>) {
        let permille = 1 + (source.word() % u32::from(PACE_FULL_PERMILLE)) as u16;
        self.room.set_pace(permille);
        self.twin.set_pace(permille);
    }

    fn notify(&mut self, at: usize, source: &mut Source<'_>) {
        let text = String::from_utf8_lossy(source.take(source.clone().below(64))).repeat(40);
        let Some(seat) = &mut self.seats[at] else { return };
        seat.connection.notify(&text);
        seat.twin.iter_mut().for_each(|twin| twin.notify(&text));
    }

    /// Something comes from a client, well said or not, once or many times over.
    fn say(&mut self, at: usize, source: &mut Source<'_>) {
        let message = message(source, self.room.tick());
        let times = if source.once_in(12) { 1 + 16 * usize::from(source.byte()) } else { 1 };
        // A client of ours says only what it makes.
        let is_script = |seat: &Seat<G>| matches!(seat.peer, Peer::Script(_));
        let before = self.room.hash();
        for _ in 0..times {
            if self.seats[at].as_ref().is_some_and(is_script) {
                self.receive(at, &message);
            }
        }
        // Where it ended, somebody left.
        if self.seats[at].is_some() {
            assert_eq!(self.room.hash(), before, "only the tick changes the world");
        }
    }

    /// A client of ours does what is due.
    fn play(&mut self, at: usize, source: &mut Source<'_>) {
        let input = bincode::serde::decode_from_slice(&plain_input(source), WIRE);
        let input = input.map_or(G::Input::default(), |(input, _)| input);
        let leaves = source.once_in(128);
        let Some(Seat { peer: Peer::Client(client), .. }) = &mut self.seats[at] else { return };
        client.play(self.now, input);
        if leaves {
            client.leave();
        }
        let hello_is_done = client.stage() == Stage::Playing;
        let said: Vec<_> = std::iter::from_fn(|| client.outgoing()).collect();
        for message in said {
            // Its hello is what brought it here.
            if hello_is_done
                && !matches!(ClientMessage::decode(&message), Ok(ClientMessage::Hello(_)))
            {
                self.receive(at, &message);
            }
        }
    }

    fn receive(&mut self, at: usize, message: &[u8]) {
        let Some(seat) = &mut self.seats[at] else { return };
        let received = seat.connection.receive(&mut self.room, self.now, message);
        if let Some(twin) = &mut seat.twin {
            assert_eq!(twin.receive(&mut self.twin, self.now, message), received);
        }
        if message.len() > CLIENT_MESSAGE_MAX_BYTES {
            assert_eq!(received, Err(End::TooBig));
        }
        if let Err(end) = received {
            let may = [End::Left, End::Protocol, End::TooBig, End::TooMuch];
            assert!(may.contains(&end), "{end}");
            self.end(at, end);
        }
    }

    fn end(&mut self, at: usize, end: End) {
        assert!(End::ALL.contains(&end));
        let Some(seat) = self.seats[at].take() else { return };
        seat.connection.leave(&mut self.room);
        if let Some(twin) = seat.twin {
            twin.leave(&mut self.twin);
        }
    }

    /// The client's socket takes all that is to be said, and the client takes it in.
    fn tell(&mut self, at: usize) {
        let Some(seat) = &mut self.seats[at] else { return };
        for said in 0.. {
            assert!(said <= MESSAGES_AT_ONCE_MAX, "more and more is said");
            self.out.clear();
            if !seat.connection.next_message(&mut self.room, &mut self.out) {
                break;
            }
            hear(&self.room, &mut seat.peer, self.now, &self.out);
            if let Ok(ServerMessage::Snapshot(_)) = ServerMessage::decode(&self.out) {
                let knows = match &seat.peer {
                    Peer::Client(client) => client.decoder().map(SnapshotDecoder::mirror),
                    Peer::Script(decoder) => Some(decoder.mirror()),
                };
                let told = seat.connection.viewer().map(Viewer::mirror);
                assert!(knows == told, "the ends of a stream know different things");
            }
        }
        if let Some(twin) = &mut seat.twin {
            self.out.clear();
            while twin.next_message(&mut self.twin, &mut self.out) {}
        }
        if let Turn::Say(run) = seat.connection.turn(&self.room) {
            for shared in run {
                for message in shared.messages() {
                    hear(&self.room, &mut seat.peer, self.now, message);
                }
                seat.connection.was_told(shared);
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.room.hash(), self.twin.hash(), "whoever watches changes nothing");
        let playing = |seat: &&Seat<G>| seat.connection.player().is_some();
        let people = self.seats.iter().flatten().filter(playing).count();
        assert_eq!(usize::from(self.room.people()), people);
        let counters = self.room.counters();
        assert_eq!(counters.joined - counters.left, people as u64);
    }

    /// All go, and nobody stays.
    fn close(mut self) {
        (0..SEATS).for_each(|at| self.end(at, End::Closing));
        self.step(2);
        self.check();
        assert_eq!(self.room.people(), 0);
    }
}

/// A client takes in what it was told.
fn hear<G: Game>(room: &Room<G>, peer: &mut Peer<G>, now: Duration, bytes: &[u8]) {
    match peer {
        Peer::Client(client) => {
            client.receive(now, bytes).expect("what a room says is understood");
        }
        Peer::Script(decoder) => {
            let message = ServerMessage::decode(bytes).expect("what a room says is a message");
            if let ServerMessage::Snapshot(body) = message {
                decoder.decode(room.codec(), body, &mut NoReplay).expect("it is a snapshot");
            }
        }
    }
}

/// Bytes that either game reads as an input: a byte, a number that takes one byte, 0 or 1.
fn plain_input(source: &mut Source<'_>) -> [u8; 3] {
    [source.byte(), source.byte() % 251, source.byte() & 1]
}

/// What may come from anybody at all.
fn message(source: &mut Source<'_>, tick: Tick) -> Vec<u8> {
    let near = |source: &mut Source<'_>| {
        let ahead = match source.below(16) {
            0 => (i64::from(source.byte()) - 128) << 24,
            1..=3 => i64::from(source.byte()) - 128,
            _ => i64::from(source.byte() % 16) - 3,
        };
        Tick((i64::from(tick.0) + ahead).clamp(0, u32::MAX.into()) as u32)
    };
    let mut out = Vec::new();
    match source.below(12) {
        0..=5 => {
            let (tick, seen) = (near(source), near(source));
            let rewind = Rewind(source.word() as u16);
            let plain = plain_input(source);
            let length = source.below(12);
            let input = if source.once_in(4) { source.take(length) } else { &plain };
            ClientMessage::Input(Input { tick, seen, rewind, input }).encode(&mut out);
        }
        6 | 7 => ClientMessage::Ack(Ack { seen: near(source) }).encode(&mut out),
        8 => ClientMessage::Ping(Ping { number: source.word() }).encode(&mut out),
        9 if source.once_in(8) => ClientMessage::Goodbye.encode(&mut out),
        9 => {
            // Something of a message: its beginning, or with more behind it.
            ClientMessage::Ack(Ack { seen: near(source) }).encode(&mut out);
            out.truncate(source.below(4));
            let length = source.below(6);
            out.extend_from_slice(source.take(length));
        }
        10 if source.once_in(4) => out.resize(CLIENT_MESSAGE_MAX_BYTES + 1, source.byte()),
        _ => {
            let length = source.below(48);
            out.extend_from_slice(source.take(length));
        }
    }
    out
}
