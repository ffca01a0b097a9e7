//! Players who do nothing, on virtual time: they are warned, make way, and draw nobody to their room.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use test_games::dots::{Dots, Go};
use test_games::tiny::Tiny;
use tests::host::{Pipe, pipe, secrets};
use tickwire_game::game::{Game, Setup};
use tickwire_game::ids::SessionId;
use tickwire_game::protocol::{
    Ack, ClientMessage, DisconnectReason, Input, Role, ServerMessage, WIRE,
};
use tickwire_game::tick::{Rewind, Tick};
use tickwire_host::hello::GameVersion;
use tickwire_host::limits::{IDLE_WARNING, SEEMS_IDLE_AFTER};
use tickwire_host::room::RoomTemplate;
use tickwire_host::session::Session;
use tickwire_host::{
    Command, DirectoryLimits, Effects, GuestSettings, Lobby, LobbySettings, OpenerLimits, PeerKey,
    PendingJoin, RequestedRoom, RoomBuilder, RoomHost, RoomKey, SeatRelease, SeatRequest, Shard,
};

const IDLE_AFTER: Duration = Duration::from_secs(60);
const PLAYERS_MAX: u16 = 128;
const FILL: u16 = 8;
const SECOND: Duration = Duration::from_secs(1);

/// A lobby and the shard of all its rooms.
struct Server<G: Game> {
    lobby: Lobby<G::Settings>,
    builder: RoomBuilder<G>,
    shard: Shard<G>,
    freed: mpsc::Receiver<SeatRelease>,
    now: Duration,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// It acknowledges what it is sent, and no more.
    Acknowledges,
    /// It sends the same input in every tick.
    Holds,
    /// It sends another input than before once in so much time, and repeats it meanwhile.
    ActsEvery(Duration),
    /// The same, and everything comes when its tick is over.
    ActsLateEvery(Duration),
}

struct Client {
    pipe: Pipe,
    session: SessionId,
    room: RoomKey,
    role: Role,
    habit: Habit,
    warnings: Vec<(Duration, String)>,
    /// Why and when it was sent away.
    ended: Option<(DisconnectReason, Duration)>,
}

impl<G: Game> Server<G> {
    fn new(idle_after: Option<Duration>) -> Server<G>
    where
        G::Settings: Default,
    {
        let setup = Setup { players_max: PLAYERS_MAX, ..Setup::default() };
        let template = RoomTemplate { setup, fill: FILL, idle_after, ..RoomTemplate::default() };
        let (freed, receiver) = mpsc::channel();
        let release = Arc::new(move |seat| {
            let _ = freed.send(seat);
        });
        let limits = DirectoryLimits {
            players_max: PLAYERS_MAX,
            rooms_max: 8,
            connections_max: 10_000,
            empty_max: Duration::MAX,
            opener: OpenerLimits::default(),
        };
        let settings = LobbySettings {
            game: GameVersion::of::<G>(),
            tick_rate: template.setup.tick_rate,
            limits,
            shards: 1,
            seed: 7.into(),
            records_first: false,
            grace: Duration::from_secs(30),
            absent_per_client_max: 16,
        };
        let guest_settings = GuestSettings::new::<G>(G::Settings::default());
        let guest_settings = guest_settings.expect("the game's settings are sound");
        let (lobby, shard) =
            (Lobby::new(settings, guest_settings, release, secrets(1)), Shard::new());
        Server {
            lobby,
            builder: RoomBuilder::new(template),
            shard,
            freed: receiver,
            now: Duration::ZERO,
        }
    }

    fn join(&mut self, role: Role, room: Option<&str>, habit: Habit) -> Client {
        let requested = room.map_or(RequestedRoom::Any, RequestedRoom::named);
        let admission = self
            .lobby
            .admit(&SeatRequest::guest(role, &requested, None), self.now)
            .expect("there is space");
        let mut effects = Effects::default();
        for (_, command) in self.lobby.take_commands() {
            self.shard.handle(command, self.now, &mut effects);
        }
        for order in self.lobby.take_orders() {
            self.shard.open(self.builder.build(order), self.now, &mut effects);
        }
        let (pipe, transport) = pipe();
        let (session, room) = (admission.session, admission.room());
        let pending = PendingJoin {
            transport: Box::new(transport),
            admission,
            peer: PeerKey(session.0),
            subject: None,
            name: "Ada".to_owned(),
            replays: false,
            span: tracing::Span::none(),
        };
        self.shard.handle(Command::Join(Box::new(pending)), self.now, &mut effects);
        Client { pipe, session, room, role, habit, warnings: Vec::new(), ended: None }
    }

    fn room(&self, room: RoomKey) -> &RoomHost<G> {
        self.shard.room(room).expect("it is open")
    }

    /// Everything goes on until `until`.
    fn run(
        &mut self,
        until: Duration,
        clients: &mut [Client],
        input: impl Fn(Habit, Duration) -> G::Input,
    ) {
        while let Some(deadline) = self.shard.next_deadline().filter(|due| *due <= until) {
            for client in clients.iter_mut().filter(|client| client.ended.is_none()) {
                let host = self.room(client.room);
                // What it has seen: a player, all that it was sent; a spectator, two seconds later.
                let viewer = host.session(client.session).and_then(Session::viewer);
                let seen = match viewer {
                    Some(viewer) => viewer.tick(),
                    None => Some(host.room().spectator_tick()),
                };
                client.say(host.room().tick(), seen.unwrap_or_default(), self.now, &input);
            }
            self.now = self.now.max(deadline);
            let mut effects = Effects::default();
            self.shard.pass(self.now, &mut effects);
            self.shard.pass_ended(self.now);
            // Who comes in a crowd is taken in by and by.
            while self.shard.seat_next(self.now, &mut effects) {}
            drop(effects);
            for seat in self.freed.try_iter() {
                self.lobby.leave(seat, self.now);
            }
            clients.iter_mut().for_each(|client| client.hear(self.now));
        }
    }
}

impl Client {
    /// At about the rate of the rooms' ticks, though it may be asked more often.
    fn say<I: serde::Serialize>(
        &self,
        tick: Tick,
        seen: Tick,
        now: Duration,
        input: impl Fn(Habit, Duration) -> I,
    ) {
        let late = match (self.role, self.habit) {
            (Role::Spectator, _) | (_, Habit::Acknowledges) => {
                if tick.0.is_multiple_of(4) {
                    self.send(&ClientMessage::Ack(Ack { seen }));
                }
                return;
            }
            (_, Habit::ActsLateEvery(_)) => 9,
            _ => 0,
        };
        let input =
            bincode::serde::encode_to_vec(input(self.habit, now), WIRE).expect("it is plain");
        let (addressed, rewind) = (tick.plus(2).minus(late), Rewind::default());
        let message = Input { tick: addressed, seen, rewind, input: &input };
        self.send(&ClientMessage::Input(message));
    }

    fn send(&self, message: &ClientMessage<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.pipe.send(bytes);
    }

    fn hear(&mut self, now: Duration) {
        while let Some(message) = self.pipe.receive() {
            if let Ok(ServerMessage::Notice(notice)) = ServerMessage::decode(&message)
                && notice.text.starts_with("Still there?")
            {
                self.warnings.push((now, notice.text.to_owned()));
            }
        }
        if self.ended.is_none() {
            self.ended = self.pipe.closed().map(|end| (end, now));
        }
    }
}

/// Another one of two for each turn of a habit.
fn go(habit: Habit, now: Duration) -> Go {
    let turn = match habit {
        Habit::Acknowledges => return Go::default(),
        Habit::Holds => 1,
        Habit::ActsEvery(time) | Habit::ActsLateEvery(time) => {
            1 + (now.as_nanos() / time.as_nanos() % 2) as i8
        }
    };
    Go { x: turn, ..Go::default() }
}

const OFTEN: Habit = Habit::ActsEvery(Duration::from_secs(3));

#[test]
fn sixty_three_who_only_acknowledge_make_way_and_newcomers_land_with_those_who_play() {
    let mut server = Server::<Dots>::new(Some(IDLE_AFTER));
    let mut clients: Vec<Client> = (0..65)
        .map(|nth| match nth {
            0..63 => server.join(Role::Player, Some("idle"), Habit::Acknowledges),
            _ => server.join(Role::Player, Some("busy"), OFTEN),
        })
        .collect();
    clients.push(server.join(Role::Spectator, Some("idle"), Habit::Acknowledges));
    let (idle, busy) = (clients[0].room, clients[63].room);
    server.run(SECOND, &mut clients, go);
    assert_eq!(server.room(idle).room().bots(), 0, "bots make way for people");

    server.run(SEEMS_IDLE_AFTER + 2 * SECOND, &mut clients, go);
    assert_eq!(server.room(idle).room().bots(), FILL, "and are back for people who do nothing");
    for _ in 0..9 {
        let newcomer = server.join(Role::Player, None, OFTEN);
        assert_eq!(newcomer.room, busy, "where people play");
        clients.push(newcomer);
    }

    server.run(IDLE_AFTER + 2 * SECOND, &mut clients, go);
    for client in &clients[..63] {
        let (reason, at) = client.ended.expect("it has made way");
        assert_eq!(reason, DisconnectReason::Idle);
        assert!(at.abs_diff(IDLE_AFTER) < SECOND, "at {at:?}");
        let [(warned, text)] = &client.warnings[..] else { panic!("{:?}", client.warnings) };
        assert!((at - *warned).abs_diff(IDLE_WARNING) < SECOND, "warned at {warned:?}");
        assert_eq!(text, "Still there? Act within 15 s, or you will only watch.");
    }
    server.run(3 * IDLE_AFTER, &mut clients, go);
    for client in &clients[63..] {
        assert_eq!((client.ended, &client.warnings[..]), (None, &[][..]), "{:?}", client.role);
    }
    assert_eq!(server.room(idle).room().people(), 0);
    // Its seat is free, and it is let in to watch.
    let watching = server.join(Role::Spectator, Some("idle"), Habit::Acknowledges);
    assert!(server.room(watching.room).session(watching.session).is_some());
}

#[test]
fn a_player_who_acts_once_in_a_second_less_than_the_limit_stays_and_held_keys_are_no_act() {
    let mut server = Server::<Dots>::new(Some(IDLE_AFTER));
    let rarely = IDLE_AFTER - SECOND;
    let habits = [Habit::ActsEvery(rarely), Habit::ActsLateEvery(rarely), Habit::Holds, OFTEN];
    let mut clients = habits.map(|habit| server.join(Role::Player, Some("one"), habit));
    server.run(10 * IDLE_AFTER, &mut clients, go);
    let ended = clients.each_ref().map(|client| client.ended.map(|(reason, _)| reason));
    assert_eq!(ended, [None, None, Some(DisconnectReason::Idle), None]);
    let [rare, late, held, often] = clients.map(|client| client.warnings.len());
    assert!(rare >= 9 && late >= 9, "each time anew: {rare}, {late}");
    assert_eq!((held, often), (1, 0));
}

#[test]
fn no_time_is_never_and_a_game_may_let_its_players_idle() {
    let mut never = Server::<Dots>::new(None);
    let mut clients = [never.join(Role::Player, None, Habit::Acknowledges)];
    never.run(10 * IDLE_AFTER, &mut clients, go);
    assert_eq!((clients[0].ended, clients[0].warnings.len()), (None, 0));

    let mut dashboard = Server::<Tiny>::new(Some(IDLE_AFTER));
    let mut clients = [dashboard.join(Role::Player, None, Habit::Acknowledges)];
    dashboard.run(10 * IDLE_AFTER, &mut clients, |_, _| 0);
    assert_eq!((clients[0].ended, clients[0].warnings.len()), (None, 0));
    assert_eq!(dashboard.room(clients[0].room).room().idle_people(), 0);
}

#[test]
fn a_server_that_stands_still_makes_nobody_idle() {
    let mut server = Server::<Dots>::new(Some(IDLE_AFTER));
    let mut clients = [server.join(Role::Player, None, Habit::Holds)];
    server.run(IDLE_AFTER / 2, &mut clients, go);
    server.now += 10 * IDLE_AFTER;
    let again = server.now;
    server.run(again + IDLE_AFTER / 3, &mut clients, go);
    assert_eq!(clients[0].ended, None);
    server.run(again + IDLE_AFTER, &mut clients, go);
    assert!(matches!(clients[0].ended, Some((DisconnectReason::Idle, _))));
}
