//! A client that is sent anything by what it takes for a server: messages of a real room, whole or
//! damaged, of another kind, or noise; as time passes, and while it plays and draws.

use std::time::Duration;

use skirmish_rules::{self as skirmish, Skirmish};
use test_games::dots::Dots;
use tickwire_game::client::{Client, Drawing, Greeting, Stage};
use tickwire_game::game::{Game, Setup};
use tickwire_game::limits::{CLIENT_EVENTS_MAX, CLIENT_NOTICES_MAX};
use tickwire_game::protocol::{
    DisconnectReason, JoinError, Notice, Pace, Ping, Role, ServerMessage,
};
use tickwire_game::tick::Tick;
use tickwire_host::room::RoomTemplate;

use super::Source;
use crate::host::{Host, Pipe, hello};

/// Lines of one script: more bytes are not read.
const LINES_MAX: usize = 300;
/// Of what a client has to say at a time; it is asked often.
const OUTGOING_MAX: usize = 4_096;

/// The first byte chooses the game and the role; the rest is what the client goes through.
pub fn client(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let first = source.byte();
    let role = if first & 2 == 0 { Role::Player } else { Role::Spectator };
    if first & 1 == 0 {
        run::<Dots>((), role, &mut source);
    } else {
        let settings = skirmish::Settings { obstacles: false, ..skirmish::Settings::default() };
        run::<Skirmish>(settings, role, &mut source);
    }
}

fn run<G: Game>(settings: G::Settings, role: Role, source: &mut Source<'_>) {
    let greeting = Greeting {
        name: "Ada".into(),
        role,
        room: None,
        ticket: None,
        settings: None,
        resume: None,
    };
    let mut client = Client::<G>::new(greeting);
    let mut server = Server::<G>::new(settings, role);
    let mut now = Duration::ZERO;
    // Most servers begin as they should.
    if !source.once_in(4) {
        let welcome = server.next().expect("it comes first");
        client.receive(now, &welcome).expect("it is a good one");
    }
    for _ in 0..LINES_MAX {
        if source.is_empty() {
            return;
        }
        let Some(message) = server.line(source, &mut now) else {
            live(&mut client, now, source);
            continue;
        };
        // A message that it cannot read ends it, as it would the connection; nothing else does.
        if client.receive(now, &message).is_err() {
            return;
        }
    }
}

/// It does what is due, draws, and gives out whatever it has for others.
fn live<G: Game>(client: &mut Client<G>, now: Duration, source: &mut Source<'_>) {
    let input = bincode::serde::decode_from_slice(source.take(4), tickwire_game::protocol::WIRE);
    let input = input.map_or(G::Input::default(), |(input, _)| input);
    client.play(now, input);
    let mut drawing = Drawing::default();
    client.draw(now, input, &mut drawing);
    assert!(drawing.iter().flat_map(|row| row.values).all(|value| value.is_finite()));
    let said = std::iter::from_fn(|| client.outgoing()).count();
    assert!(said <= OUTGOING_MAX, "{said} messages at once");
    let shown = std::iter::from_fn(|| client.next_event(|_, _| {}).then_some(())).count();
    assert!(shown <= CLIENT_EVENTS_MAX * 256);
    let notices = std::iter::from_fn(|| client.next_notice()).count();
    assert!(notices <= CLIENT_NOTICES_MAX);
    while client.take_correction().is_some() {}
    while client.take_late().is_some() {}
    if client.stage() == Stage::Playing {
        let _ = (client.take_applied(), client.is_extrapolating(now), client.seen().is_some());
    }
}

/// The server that the messages come from, before they are damaged.
struct Server<G: Game> {
    host: Host<G>,
    pipe: Pipe,
}

impl<G: Game> Server<G> {
    fn new(settings: G::Settings, role: Role) -> Server<G> {
        let setup = Setup { settings, players_max: 4, ..Setup::default() };
        let template = RoomTemplate { setup, fill: 3, ..RoomTemplate::default() };
        let mut host = Host::new(template, Duration::ZERO);
        let now = host.tick();
        let (_, pipe) = host.connect(now, &hello::<G>("Ada", role, true)).expect("there is space");
        Server { host, pipe }
    }

    /// The next message to come, if one does in this line of the script.
    fn line(&mut self, source: &mut Source<'_>, now: &mut Duration) -> Option<Vec<u8>> {
        match source.below(64) {
            0..=30 => self.next(),
            31..=33 => {
                let mut message = self.next()?;
                damage(source, &mut message);
                Some(message)
            }
            34 | 35 => Some(other(source)),
            36 => {
                let length = source.below(64);
                let mut message = vec![[0x81, 0x83, 0x84, 0x85, 0x89, 0x8A][source.below(6)]];
                message.extend_from_slice(source.take(length));
                Some(message)
            }
            37 => {
                // Time as a stopped tab, or a clock that was set, has it.
                *now += Duration::from_millis(u64::from(source.word() >> 12));
                None
            }
            38 => {
                *now = now.saturating_sub(Duration::from_millis(source.byte().into()));
                None
            }
            _ => {
                *now += Duration::from_millis(u64::from(source.byte()) / 4);
                None
            }
        }
    }

    /// The next message, if one comes within a while.
    fn next(&mut self) -> Option<Vec<u8>> {
        // A spectator waits for its first picture.
        const PASSES_MAX: usize = 100;
        for _ in 0..PASSES_MAX {
            if let Some(message) = self.pipe.receive() {
                return Some(message);
            }
            // All of it is acknowledged, or nothing more would be sent.
            let mut ack = Vec::new();
            let seen = self.host.room().tick();
            tickwire_game::protocol::ClientMessage::Ack(tickwire_game::protocol::Ack { seen })
                .encode(&mut ack);
            self.pipe.send(ack);
            self.host.tick();
        }
        None
    }
}

fn damage(source: &mut Source<'_>, message: &mut Vec<u8>) {
    let at = |source: &mut Source<'_>, length: usize| {
        // Often near the beginning, where heads and lengths are.
        let at = if source.once_in(2) { source.below(32) } else { source.word() as usize };
        at % length.max(1)
    };
    for _ in 0..=source.below(3) {
        let length = message.len();
        match source.below(4) {
            0 => message.truncate(at(source, length)),
            1 => message.push(source.byte()),
            _ if length > 0 => message[at(source, length)] ^= source.byte(),
            _ => {}
        }
    }
}

/// A well-formed message that the room did not send.
fn other(source: &mut Source<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let number = source.word();
    let message = match source.below(6) {
        0 => ServerMessage::Pong(Ping { number }),
        1 => {
            ServerMessage::Pace(Pace { from: Tick(number), permille: 1 + (number % 1_000) as u16 })
        }
        2 => ServerMessage::Notice(Notice { text: "news" }),
        3 => ServerMessage::Goodbye(
            DisconnectReason::ALL[number as usize % DisconnectReason::ALL.len()],
        ),
        4 => ServerMessage::Refused(JoinError::RoomFull),
        _ => {
            let length = source.below(64);
            ServerMessage::Snapshot(source.take(length))
        }
    };
    message.encode(&mut out);
    out
}
