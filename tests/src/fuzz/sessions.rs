//! A script of several clients of one server, made of bytes: who comes and goes, what each sends and
//! does not send or take, when time passes and when the server stands still.
//!
//! What must hold after each line of it: every refusal is an end with a reason, both ends of a
//! player's stream know the same, what one client is sent at once is bounded, people are counted
//! right, and a server that nobody watches has the same state hash.

use std::time::Duration;

use skirmish_rules::{self as skirmish, Skirmish};
use test_games::dots::Dots;
use tickwire_game::client::{Client, Greeting, Stage};
use tickwire_game::game::{Game, Setup};
use tickwire_game::ids::SessionId;
use tickwire_game::protocol::snapshot::{NoReplay, SnapshotDecoder};
use tickwire_game::protocol::{
    Ack, Board, ClientMessage, DisconnectReason, Input, Ping, Role, ServerMessage, WIRE,
};
use tickwire_game::tick::{Rewind, Tick};
use tickwire_host::limits::{
    CLIENT_MESSAGE_MAX_BYTES, OUTBOX_NOTICES_MAX, PONGS_PENDING_MAX, SILENCE_MAX,
};
use tickwire_host::room::RoomTemplate;

use super::Source;
use crate::host::{Host, Pipe, hello};

/// Most messages that a player is ever sent at once: a welcome, a time scale, answers, a roster,
/// notices, a page of the board, scores, a snapshot, a goodbye; and as many that waited since the pass before.
const MESSAGES_AT_ONCE_MAX: usize = 2 * (7 + PONGS_PENDING_MAX + OUTBOX_NOTICES_MAX);
/// Longer than any client may be silent, by what the server needs to read a spectator's backlog: as
/// many messages as are no flood, so many at a time and four times a second.
const LONG_S: u64 = SILENCE_MAX.as_secs() + 6;
/// Lines of one script: more bytes are not read.
const LINES_MAX: usize = 600;
const SEATS: usize = 5;
/// Players the room takes.
const PLAYERS_MAX: u16 = 4;

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
    let mut stage = Script::<G>::new(&settings, fill);
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
    /// A client of ours, which sends what it sends.
    Client(Box<Client<G>>),
    /// It sends what stands in the script, and reads all the same.
    Raw(Box<SnapshotDecoder>),
}

/// One end of the script: a session at the server and, for a player, at the server that nobody
/// watches.
struct Seat<G: Game> {
    session: SessionId,
    pipe: Pipe,
    twin: Option<(SessionId, Pipe)>,
    peer: Peer<G>,
    is_cut: bool,
}

/// A server with everybody, and its twin with the players alone.
struct Script<G: Game> {
    now: Duration,
    host: Host<G>,
    twin: Host<G>,
    seats: [Option<Seat<G>>; SEATS],
}

impl<G: Game> Script<G> {
    fn new(settings: &G::Settings, fill: u16) -> Script<G> {
        let host = || {
            let settings = settings.clone();
            let setup = Setup { settings, players_max: PLAYERS_MAX, ..Setup::default() };
            // Here a session ends with its connection.
            let grace = Duration::ZERO;
            let template = RoomTemplate { setup, fill, grace, ..RoomTemplate::default() };
            Host::new(template, Duration::ZERO)
        };
        let seats = std::array::from_fn(|_| None);
        Script { now: Duration::ZERO, host: host(), twin: host(), seats }
    }

    fn line(&mut self, source: &mut Source<'_>) {
        let at = source.below(SEATS);
        match source.below(32) {
            0..=2 => self.come(at, source),
            3..=7 => (0..=source.below(3)).for_each(|_| self.pass(Duration::ZERO)),
            8 => (0..=source.byte() / 4).for_each(|_| self.pass(Duration::ZERO)),
            9..=11 => self.take(at, source.once_in(2)),
            12..=15 => self.pass(Duration::ZERO),
            16 => self.pass(Duration::from_millis(u64::from(source.byte()) * 100)),
            17 if source.once_in(32) => self.wait_long(),
            17 => self.pass(Duration::from_millis(u64::from(source.byte()))),
            18 if source.once_in(3) => self.cut(at),
            19..=22 => (0..SEATS).for_each(|at| self.play(at, source)),
            _ => self.send(at, source),
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
        let hello = hello::<G>(&name, role, is_client);
        let joined = self.host.connect(self.now, &hello);
        let twin = match role {
            Role::Spectator => None,
            Role::Player => {
                let twin = self.twin.connect(self.now, &hello);
                assert_eq!(
                    joined.as_ref().err(),
                    twin.as_ref().err(),
                    "nobody takes a seat by watching"
                );
                twin.ok()
            }
        };
        let Ok((session, pipe)) = joined else { return };
        let peer = if is_client {
            let greeting =
                Greeting { name, role, room: None, ticket: None, settings: None, resume: None };
            Peer::Client(Box::new(Client::new(greeting)))
        } else {
            Peer::Raw(Box::default())
        };
        self.seats[at] = Some(Seat { session, pipe, twin, peer, is_cut: false });
    }

    /// A pass of both servers, so much later than it is due.
    fn pass(&mut self, late: Duration) {
        self.now = self.host.next_deadline() + late;
        for host in [&mut self.host, &mut self.twin] {
            host.pass(self.now);
            host.pass_ended(self.now);
        }
        for at in 0..SEATS {
            self.read(at);
            self.remove_ended(at);
        }
    }

    /// Nobody sends anything for longer than anybody may.
    fn wait_long(&mut self) {
        let until = self.now + Duration::from_secs(LONG_S);
        while self.now < until {
            self.pass(Duration::ZERO);
        }
        assert!(self.seats.iter().all(Option::is_none), "the silent are gone");
    }

    /// From now on the client's kernel takes everything or nothing.
    fn take(&mut self, at: usize, takes: bool) {
        let Some(seat) = &self.seats[at] else { return };
        let space = (!takes).then_some(0);
        seat.pipe.set_space(space);
        seat.twin.iter().for_each(|(_, pipe)| pipe.set_space(space));
    }

    fn cut(&mut self, at: usize) {
        let Some(seat) = &mut self.seats[at] else { return };
        seat.is_cut = true;
        seat.pipe.cut();
        seat.twin.iter().for_each(|(_, pipe)| pipe.cut());
    }

    /// Something comes from a client, good or bad, once or many times over.
    fn send(&mut self, at: usize, source: &mut Source<'_>) {
        let message = message(source, self.host.room().tick());
        let times = if source.once_in(12) { 1 + 16 * usize::from(source.byte()) } else { 1 };
        // A client of ours sends only what it makes.
        let Some(seat @ Seat { peer: Peer::Raw(_), .. }) = &self.seats[at] else { return };
        (0..times).for_each(|_| seat.send(message.clone()));
    }

    /// A client of ours does what is due.
    fn play(&mut self, at: usize, source: &mut Source<'_>) {
        let input = bincode::serde::decode_from_slice(&plain_input(source), WIRE);
        let input = input.map_or(G::Input::default(), |(input, _)| input);
        let leaves = source.once_in(128);
        let Some(seat) = &mut self.seats[at] else { return };
        let Peer::Client(client) = &mut seat.peer else { return };
        client.play(self.now, input);
        if leaves {
            client.leave();
        }
        let has_joined = client.stage() == Stage::Playing;
        let sent: Vec<_> = std::iter::from_fn(|| client.outgoing()).collect();
        for message in sent {
            // Its hello is what brought it here.
            let is_hello = matches!(ClientMessage::decode(&message), Ok(ClientMessage::Hello(_)));
            if has_joined && !is_hello {
                seat.send(message);
            }
        }
    }

    /// The client reads what it was sent.
    fn read(&mut self, at: usize) {
        let Some(seat) = &mut self.seats[at] else { return };
        let mut count = 0;
        while let Some(message) = seat.pipe.receive() {
            count += 1;
            hear(&self.host, &mut seat.peer, self.now, &message);
        }
        if let Some((_, pipe)) = &seat.twin {
            assert!(count <= MESSAGES_AT_ONCE_MAX, "{count} messages at once");
            while pipe.receive().is_some() {}
        }
        if seat.pipe.has_unsent() {
            return;
        }
        let room = self.host.room_host();
        let sent = room.session(seat.session).and_then(|session| room.mirror(session));
        let known = match &seat.peer {
            Peer::Client(client) => client.decoder().map(SnapshotDecoder::mirror),
            Peer::Raw(decoder) => Some(decoder.mirror()),
        };
        if let Some(sent) = sent.filter(|sent| sent.tick().is_some()) {
            assert!(known == Some(&sent), "the ends of a stream know different things");
        }
    }

    /// A session that is over is over at both servers, for one and the same reason.
    fn remove_ended(&mut self, at: usize) {
        let Some(seat) = &self.seats[at] else { return };
        let is_over = self.host.room_host().session(seat.session).is_none();
        if let Some((twin, pipe)) = &seat.twin {
            assert_eq!(self.twin.room_host().session(*twin).is_none(), is_over);
            assert_eq!(pipe.closed(), seat.pipe.closed());
        }
        if !is_over {
            assert_eq!(seat.pipe.closed(), None);
            return;
        }
        let reason = seat.pipe.closed().unwrap_or(DisconnectReason::Lost);
        let may = [
            DisconnectReason::Left,
            DisconnectReason::Protocol,
            DisconnectReason::TooBig,
            DisconnectReason::TooMuch,
            DisconnectReason::Silent,
            DisconnectReason::TooSlow,
        ];
        assert!(
            may.contains(&reason) || seat.is_cut && reason == DisconnectReason::Lost,
            "{reason}"
        );
        self.seats[at] = None;
    }

    fn check(&self) {
        assert_eq!(self.host.room().hash(), self.twin.room().hash(), "watching changes nothing");
        let plays = |seat: &&Seat<G>| seat.twin.is_some();
        let people = self.seats.iter().flatten().filter(plays).count();
        assert_eq!(usize::from(self.host.room().people()), people);
        let counters = &self.host.room_counters;
        // Who joined since the last pass is not counted yet.
        assert!(counters.joined - counters.left <= people as u64);
    }

    /// All go, and nobody stays.
    fn close(mut self) {
        (0..SEATS).for_each(|at| self.cut(at));
        // A spectator is read only now and then.
        (0..30).for_each(|_| self.pass(Duration::ZERO));
        self.check();
        assert!(self.host.room_host().sessions().is_empty());
        assert_eq!(self.host.room_counters.joined, self.host.room_counters.left);
    }
}

impl<G: Game> Seat<G> {
    fn send(&self, message: Vec<u8>) {
        self.twin.iter().for_each(|(_, pipe)| pipe.send(message.clone()));
        self.pipe.send(message);
    }
}

/// A client takes in what it was sent.
fn hear<G: Game>(host: &Host<G>, peer: &mut Peer<G>, now: Duration, bytes: &[u8]) {
    match peer {
        Peer::Client(client) => {
            client.receive(now, bytes).expect("what a server sends is understood");
        }
        Peer::Raw(decoder) => {
            let message = ServerMessage::decode(bytes).expect("what a server sends is a message");
            if let ServerMessage::Snapshot(body) = message {
                let codec = host.room().config().codec();
                decoder.decode(codec, body, &mut NoReplay).expect("it is a snapshot");
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
        9 if source.once_in(3) => {
            let (first, count) = (source.byte().into(), source.byte() % 51);
            ClientMessage::Board(Board { first, count }).encode(&mut out);
        }
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
