//! A tiny game, and a server for it that can be made to misbehave; [`keeping`] is one that keeps sessions.
//!
//! Each connection has a thread and a world of its own; nothing is shared, so nothing of the
//! real server is tested here. The socket is any free port of the loopback.

pub(crate) mod keeping;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Dice, Game, InputStatus, LeaveReason, PlayerInput, Seen, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, SessionId, Subject};
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::snapshot::{
    Codec, Coding, InputSource, Picture, PlayerPart, SnapshotEncoder,
};
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, JoinError, Ping, ResumeToken, Role, ServerMessage, WIRE,
    Welcome,
};
use tickwire_game::scene::{Row, SceneWriter, Schema};
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::{Tick, TickRate};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, accept};

#[derive(Row)]
#[row(name = "bead")]
struct BeadRow {
    #[field(range = -1000..=1000)]
    x: i16,
}

/// How often a bot has a lull, by the snapshot that it has seen; two of them at a time, since one
/// may be passed by unseen. A lull must be longer than both.
const LULL_EVERY_TICKS: u32 = 50;
const LULL_AT_TICKS: u32 = 2;

/// A bead on a string, pushed to and fro.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bead {
    x: i16,
}

impl Game for Bead {
    const NAME: &'static str = "bead";
    const RULES: u32 = 1;
    type Settings = ();
    /// For how many milliseconds bots block their whole thread now and then.
    type Level = u64;
    type Input = i8;
    type Own = i16;

    fn schema() -> Schema {
        Schema::new().row::<BeadRow>()
    }
    fn new(_: &Setup<()>) -> (Bead, u64) {
        (Bead { x: 0 }, 0)
    }
    fn join(&mut self, _: &mut Step<'_, Self>, _: PlayerId, _: Option<Subject>) {}
    fn leave(&mut self, _: &mut Step<'_, Self>, _: PlayerId, _: LeaveReason) {}
    fn step(&mut self, now: &mut Step<'_, Self>) {
        Bead::advance(&mut self.x, now.level, now.input(PlayerId(0)).or_default(), now.dt);
    }
    fn show(&self, scene: &mut SceneWriter) {
        Bead::show_own(&self.x, scene);
    }
    fn own(&self, _: PlayerId) -> Option<i16> {
        Some(self.x)
    }
    fn advance(own: &mut i16, _: &u64, input: i8, _: f32) {
        *own = (*own + i16::from(input.signum())).clamp(-1000, 1000);
    }
    fn show_own(own: &i16, scene: &mut SceneWriter) {
        scene.row(EntityId(0), &BeadRow { x: *own });
    }
    fn bot(seen: &Seen<'_, Self>, dice: &mut Dice) -> i8 {
        if seen.tick.0 % LULL_EVERY_TICKS < LULL_AT_TICKS {
            std::thread::sleep(Duration::from_millis(*seen.level));
        }
        dice.below(3) as i8 - 1
    }
}

/// What the server does to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// All that it should.
    Serve,
    /// It loses the input of every fourth tick, and has the bots stand still now and then.
    Lose { lull_ms: u64 },
    /// It says of each tick that the newest input was so many ticks early.
    Claim { margin_ticks: i32 },
    /// It lets the client in and then sends what is no message.
    Garble,
    /// It lets the client in and then breaks the connection without a word.
    Drop,
    /// It lets the client in and then closes in order, as one that goes down.
    GoDown,
    /// It takes the hello and says that the room is full.
    Refuse,
}

/// Serves `conducts.len()` connections, one after another in the order of coming. Gives the port
/// and, when all connections have ended, how many of them the client closed in order.
pub(crate) fn server(conducts: Vec<Conduct>) -> (u16, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let thread = std::thread::spawn(move || {
        let threads: Vec<_> = conducts
            .into_iter()
            .map(|conduct| {
                let (tcp, _) = listener.accept().expect("a client comes");
                std::thread::spawn(move || serve(tcp, conduct))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a connection does not panic"))
            .filter(|&in_order| in_order)
            .count()
    });
    (port, thread)
}

/// Whether the client said goodbye and closed in order.
fn serve(tcp: TcpStream, conduct: Conduct) -> bool {
    tcp.set_nodelay(true).expect("it is a TCP socket");
    let mut socket = accept(tcp).expect("the client upgrades");
    let Ok(Message::Binary(hello)) = socket.read() else { return false };
    let Ok(ClientMessage::Hello(hello)) = ClientMessage::decode(&hello) else { return false };
    assert_eq!(hello.game, Bead::NAME);
    if conduct == Conduct::Refuse {
        say(&mut socket, &ServerMessage::Refused(JoinError::RoomFull));
        return false;
    }
    let player = (hello.role == Role::Player).then_some(PlayerId(0));
    socket.get_ref().set_nonblocking(true).expect("it is a TCP socket");
    let mut seat = Seat::enter(socket, player, hello.replays, conduct, Standing::alone());
    for tick in 0.. {
        match conduct {
            Conduct::Garble if tick == 5 => {
                let _ = seat.socket.send(Message::binary(vec![0xff; 40]));
            }
            Conduct::Drop if tick == 5 => return false,
            Conduct::GoDown if tick == 5 => {
                say(&mut seat.socket, &ServerMessage::Goodbye(DisconnectReason::Closing));
                let code = CloseCode::from(DisconnectReason::Closing.code());
                let _ = seat.socket.close(Some(CloseFrame { code, reason: "".into() }));
            }
            _ => {}
        }
        if let Some(in_order) = seat.read() {
            return in_order;
        }
        seat.tick();
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn say(socket: &mut WebSocket<TcpStream>, message: &ServerMessage<'_>) {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    // A client that has gone is noticed when it is read from.
    let _ = socket.send(Message::binary(bytes));
}

/// What a welcome says of a session.
#[derive(Clone, Copy)]
struct Standing {
    token: ResumeToken,
    resumed: bool,
    grace_seconds: u16,
}

impl Standing {
    /// That of one which nobody can resume.
    fn alone() -> Standing {
        let token = ResumeToken::new(SessionId(1), [0; 16]);
        Standing { token, resumed: false, grace_seconds: 0 }
    }
}

struct Seat {
    conduct: Conduct,
    socket: WebSocket<TcpStream>,
    player: Option<PlayerId>,
    simulation: Simulation<Bead>,
    codec: Codec,
    encoder: SnapshotEncoder,
    inputs: BTreeMap<Tick, i8>,
    newest: Tick,
    /// Whether the client moves on by itself the own state that it was sent last.
    replays: bool,
    sent_own: Option<i16>,
    /// How many messages came.
    heard: u64,
    said_goodbye: bool,
}

impl Seat {
    fn enter(
        mut socket: WebSocket<TcpStream>,
        player: Option<PlayerId>,
        replays: bool,
        conduct: Conduct,
        standing: Standing,
    ) -> Seat {
        let tick_rate = TickRate::new(50).expect("50 is within the limits");
        let setup = Setup { tick_rate, players_max: 1, ..Setup::default() };
        let schema = Bead::schema();
        let encoded = bincode::encode_to_vec(&schema, WIRE).expect("a schema encodes");
        let lull_ms = if let Conduct::Lose { lull_ms } = conduct { lull_ms } else { 0 };
        let level = bincode::serde::encode_to_vec(lull_ms, WIRE).expect("a level encodes");
        let welcome = Welcome {
            session: standing.token.session(),
            player,
            room: "string",
            tick_rate_hz: tick_rate.hz(),
            tick: Tick(0),
            players_max: 1,
            delay_ticks: 0,
            schema: &encoded,
            level: &level,
            settings: &[],
            resume: standing.token,
            resumed: standing.resumed,
            grace_seconds: standing.grace_seconds,
        };
        say(&mut socket, &ServerMessage::Welcome(welcome));
        Seat {
            conduct,
            socket,
            player,
            simulation: Simulation::new(&setup),
            codec: Codec::new(schema, tick_rate, Coding::Range).expect("a schema is sound"),
            encoder: SnapshotEncoder::new(),
            inputs: BTreeMap::new(),
            newest: Tick(0),
            replays,
            sent_own: None,
            heard: 0,
            said_goodbye: false,
        }
    }

    /// Takes all that came; says at the end of the connection whether it was in order.
    fn read(&mut self) -> Option<bool> {
        loop {
            let bytes = match self.socket.read() {
                Ok(Message::Binary(bytes)) => bytes,
                Ok(_) => continue,
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(Error::ConnectionClosed) => return Some(self.said_goodbye),
                Err(_) => return Some(false),
            };
            self.heard += 1;
            match ClientMessage::decode(&bytes).expect("a bot speaks the protocol") {
                ClientMessage::Input(input) => {
                    let (value, _) = bincode::serde::decode_from_slice(input.input, WIRE)
                        .expect("a bot's input is one");
                    self.newest = self.newest.max(input.tick);
                    self.inputs.insert(input.tick, value);
                }
                // No bot opens the board.
                ClientMessage::Board(_) => {}
                ClientMessage::Ping(Ping { number }) => {
                    say(&mut self.socket, &ServerMessage::Pong(Ping { number }));
                }
                ClientMessage::Goodbye => self.said_goodbye = true,
                // It holds nothing back until it is acknowledged.
                ClientMessage::Ack(_) => {}
                ClientMessage::Hello(_) => panic!("a second hello"),
            }
        }
    }

    fn tick(&mut self) {
        let tick = self.simulation.tick().next();
        let is_lost = matches!(self.conduct, Conduct::Lose { .. }) && tick.0.is_multiple_of(4);
        let (input, source) = match self.inputs.remove(&tick).filter(|_| !is_lost) {
            Some(input) => (InputStatus::Received(input), InputSource::Received),
            None => (InputStatus::Missing, InputSource::Missing),
        };
        self.simulation.step(&[PlayerInput::at_once(PlayerId(0), input)]);
        let x = self.simulation.game().x;
        let own = encoded(x);
        let replayed = self.sent_own.filter(|_| self.replays).map(|mut own| {
            Bead::advance(&mut own, &0, input.or_default(), TickRate::default().dt());
            encoded(own)
        });
        self.sent_own = Some(x);
        let margin_ticks = match self.conduct {
            Conduct::Claim { margin_ticks } => margin_ticks,
            _ => self.newest.since(tick) as i32,
        };
        let part = PlayerPart {
            sources: &[source],
            margin_ticks,
            own: Some(&own),
            replayed: replayed.as_deref(),
        };
        let picture = Picture {
            tick,
            player: self.player.map(|_| part),
            rows: self.simulation.scene().rows(),
            visible: &[0],
            events: &[],
            focus: None,
            max_bytes: SNAPSHOT_MAX_BYTES,
        };
        let mut bytes = Vec::new();
        ServerMessage::open_snapshot(&mut bytes);
        self.encoder.encode(&self.codec, &picture, &mut bytes);
        let _ = self.socket.send(Message::binary(bytes));
    }
}

fn encoded(own: i16) -> Vec<u8> {
    bincode::serde::encode_to_vec(own, WIRE).expect("an own state encodes")
}
