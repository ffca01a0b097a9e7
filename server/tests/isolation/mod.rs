//! Rooms that do not come back from a step, on a real server: their neighbours go on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;

use test_games::trouble::{self, Call, Opening, Order, Trouble};
use tickwire::EdgeConfig;
use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::ResumeToken;

use super::*;

/// Taken by each test in which steps do not come back: they are released for the whole process.
static HANGS: Mutex<()> = Mutex::new(());

/// Lets steps not come back while it lives.
struct Hangs {
    _alone: MutexGuard<'static, ()>,
}

impl Hangs {
    fn begin() -> Hangs {
        let _alone = HANGS.lock().unwrap_or_else(PoisonError::into_inner);
        trouble::hold();
        Hangs { _alone }
    }

    /// The threads that were given up go on, find out, and end.
    fn release(&self) {
        trouble::release();
        wait_until("they go on", || trouble::hanging() == 0);
        sleep(Duration::from_millis(200));
    }
}

impl Drop for Hangs {
    fn drop(&mut self) {
        trouble::release();
    }
}

fn start(config: Config) -> Server<Trouble> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(Config { listen, fill: 0, ..config }).expect("the server starts")
}

fn status(server: &Server<Trouble>) -> serde_json::Value {
    let answer = get(server.admin_address(), "/api/status");
    let json = answer.split("\r\n\r\n").nth(1).expect("a body");
    serde_json::from_str(json).expect("it is JSON")
}

fn counter(server: &Server<Trouble>, name: &str) -> u64 {
    let status = status(server);
    status[name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"))
}

/// How many connections have ended in all, and how many of them because the server shut them down.
fn ends(server: &Server<Trouble>) -> (u64, u64) {
    let ends = &status(server)["ends"];
    let counts = ends.as_object().expect("they are by reason").values();
    (counts.filter_map(serde_json::Value::as_u64).sum(), ends["fault"].as_u64().expect("a number"))
}

/// A client in a room, with what it needs to come back.
struct Guest {
    client: TestClient,
    player: Option<PlayerId>,
    token: ResumeToken,
    resumed: bool,
    room: String,
}

fn come(
    address: SocketAddr,
    room: &str,
    resume: Option<ResumeToken>,
    settings: Option<&str>,
) -> Result<Guest, JoinError> {
    let mut client = connect(address);
    let (game, rules) = (Trouble::NAME, Trouble::RULES);
    let hello = Hello { game, rules, resume, settings, ..hello(RoomChoice::Named(room)) };
    client.send(&ClientMessage::Hello(hello));
    let bytes = client.receive().expect("an answer");
    match ServerMessage::decode(&bytes).expect("a message") {
        ServerMessage::Welcome(welcome) => {
            let (player, token) = (welcome.player, welcome.resume);
            let (resumed, room) = (welcome.resumed, welcome.room.to_owned());
            Ok(Guest { client, player, token, resumed, room })
        }
        ServerMessage::Refused(refusal) => Err(refusal),
        other => panic!("neither welcome nor refusal: {other:?}"),
    }
}

impl Guest {
    /// Gives an order for whichever tick comes next.
    fn order(&mut self, server: &Server<Trouble>, order: Order) {
        let input = order.encoded();
        let now = tick_of(server, &self.room);
        for ahead in 1..60 {
            let (tick, seen, rewind) = (now.plus(ahead), Tick(0), Rewind::default());
            self.client.send(&ClientMessage::Input(Input { tick, seen, rewind, input: &input }));
        }
    }

    /// Reads until the connection has ended, however it does.
    fn read_to_end(mut self) {
        while self.client.0.read().is_ok_and(|message| !message.is_close()) {}
    }
}

fn tick_of(server: &Server<Trouble>, room: &str) -> Tick {
    let answer = get(server.address(), "/api/rooms");
    let json = answer.split("\r\n\r\n").nth(1).expect("a body");
    let rooms: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
    let rooms = rooms.as_array().expect("a list");
    let listed = rooms.iter().find(|listed| listed["name"] == room).expect("it is there");
    Tick(listed["tick"].as_u64().expect("a number") as u32)
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let asked = Instant::now();
    while !is_so() {
        assert!(asked.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(20));
    }
}

/// Each room is copied in its turn: by then all have been since.
fn wait_for_copies(server: &Server<Trouble>) {
    let copies = counter(server, "checkpoints") + 2 * counter(server, "rooms_open") + 1;
    wait_until("no checkpoints", || counter(server, "checkpoints") >= copies);
}

/// A neighbour on the shard of a room that gets such an order goes on as the same player, and the room
/// itself has ended.
fn a_room_hangs(server: &Server<Trouble>, number: u64, order: Order) {
    let address = server.address();
    let (bad, good) = (format!("bad-{number}"), format!("good-{number}"));
    let mut guilty = come(address, &bad, None, None).expect("there is space");
    let mut beside = come(address, &good, None, None).expect("there is space");
    beside.order(server, Order::Count);
    wait_for_copies(server);
    guilty.order(server, order);
    let (token, player) = (beside.token, beside.player);
    beside.read_to_end();
    let back = come(address, &good, Some(token), None).expect("its room goes on");
    assert_eq!((back.player, back.resumed), (player, true));
    assert_eq!(counter(server, "shards_recovered"), number);
    let token = guilty.token;
    guilty.read_to_end();
    let refused = come(address, &bad, Some(token), None).err();
    assert_eq!(refused, Some(JoinError::NotResumable));
    assert!(come(address, &bad, None, None).is_ok(), "its name is free");
    assert!(get(address, "/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn rooms_beside_one_that_does_not_come_back_go_on_with_their_players() {
    let hangs = Hangs::begin();
    let server = start(Config { shards: Some(1), ..Config::default() });
    a_room_hangs(&server, 1, Order::Sleep);
    a_room_hangs(&server, 2, Order::Spin);
    // The threads that were given up find out, and what they still hold counts for nothing.
    let are_two = || counter(&server, "people") == 2;
    wait_until("two players have come back, and are kept for now", are_two);
    hangs.release();
    assert!(are_two());
    let mut after = come(server.address(), "after", None, None).expect("there is space");
    after.client.receive_until(|message| matches!(message, ServerMessage::Snapshot(_)));
}

#[test]
fn a_room_beside_two_that_do_not_come_back_one_after_the_other_goes_on() {
    let hangs = Hangs::begin();
    let server = start(Config { shards: Some(1), ..Config::default() });
    let address = server.address();
    let [beside, mut first, mut second] = ["beside", "first", "second"]
        .map(|room| come(address, room, None, None).expect("there is space"));
    // By then the one beside it is restored, and has not been copied again.
    second.order(&server, Order::SleepRestored);
    wait_for_copies(&server);
    first.order(&server, Order::Sleep);
    let (token, player) = (beside.token, beside.player);
    beside.read_to_end();
    wait_until("no second takeover", || counter(&server, "shards_recovered") == 2);
    let back = come(address, "beside", Some(token), None).expect("its room goes on");
    assert_eq!((back.player, back.resumed), (player, true));
    assert_eq!((trouble::hanging(), counter(&server, "rooms_restored")), (2, 3));
    for (room, guest) in [("first", first), ("second", second)] {
        let refused = come(address, room, Some(guest.token), None).err();
        assert_eq!(refused, Some(JoinError::NotResumable), "{room}");
    }
    hangs.release();
}

#[test]
fn a_world_that_panics_when_it_is_dropped_hurts_nobody_whoever_drops_it() {
    let hangs = Hangs::begin();
    let server = start(Config { shards: Some(1), ..Config::default() });
    let address = server.address();
    let [mut guilty, beside] =
        ["guilty", "beside"].map(|room| come(address, room, None, None).expect("there is space"));
    guilty.order(&server, Order::Panic(Call::Drop));
    // Each copy takes the place of one, which is dropped.
    (0..2).for_each(|_| wait_for_copies(&server));
    guilty.order(&server, Order::Sleep);
    let token = beside.token;
    beside.read_to_end();
    let mut back = come(address, "beside", Some(token), None).expect("its room goes on");
    assert!(back.resumed);
    // The thread that was given up drops what it has.
    hangs.release();
    back.client.receive_until(|message| matches!(message, ServerMessage::Snapshot(_)));
    assert_eq!(counter(&server, "shards_recovered"), 1);
    assert!(get(address, "/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn connections_of_a_thread_that_is_given_up_are_counted_once_and_their_address_may_come_back() {
    const AT_ONCE: u32 = 3;
    let hangs = Hangs::begin();
    let edge = EdgeConfig {
        uncapped: Vec::new(),
        address_connections_max: AT_ONCE,
        address_connects_per_second: 1_000,
        ..EdgeConfig::default()
    };
    let server = start(Config { shards: Some(1), edge, ..Config::default() });
    let address = server.address();
    let open = || counter(&server, "websockets_open");
    // As often as would keep the address out for good, if it got nothing back.
    for number in 1..=2 {
        let [bad, good] = ["bad", "good"].map(|room| format!("{room}-{number}"));
        let mut all: Vec<Guest> = [&bad, &good, &good]
            .map(|room| come(address, room, None, None).expect("there is space"))
            .into();
        assert_eq!(open(), u64::from(AT_ONCE));
        wait_for_copies(&server);
        let before = ends(&server);
        all[0].order(&server, Order::Sleep);
        let tokens: Vec<ResumeToken> = all[1..].iter().map(|guest| guest.token).collect();
        all.into_iter().for_each(Guest::read_to_end);
        assert_eq!(u64::from(trouble::hanging()), number, "the threads hold all that they held");
        assert_eq!((ends(&server), open()), ((before.0 + 3, before.1 + 3), 0));
        let back: Vec<Guest> = tokens
            .into_iter()
            .map(|token| come(address, &good, Some(token), None).expect("its room goes on"))
            .collect();
        assert!(back.iter().all(|guest| guest.resumed));
        drop(back);
        wait_until("they have left", || open() == 0);
    }
    let (before, people) = (ends(&server), counter(&server, "people"));
    hangs.release();
    assert_eq!((ends(&server), open(), counter(&server, "people")), (before, 0, people));
}

#[test]
fn settings_that_make_a_game_panic_are_refused_and_cost_nobody_else_anything() {
    let server = start(Config::default());
    let chosen = |opening: Opening| format!("{{\"opening\":\"{opening:?}\"}}");
    let open = |room: &str, opening| come(server.address(), room, None, Some(&chosen(opening)));
    let refused = open("a", Opening::PanicsInCheck).err();
    let Some(JoinError::SettingsRefused(_)) = refused else { panic!("{refused:?}") };
    // A room that fails as it is made says so; after some of them, nobody is kept busy by more.
    let failing = |room: &str| match open(room, Opening::PanicsInNew) {
        Ok(_) => panic!("it opened"),
        Err(refusal) => refusal,
    };
    for room in ["b", "c", "d"] {
        let mut client = connect(server.address());
        let settings = chosen(Opening::PanicsInNew);
        let (game, rules, settings) = (Trouble::NAME, Trouble::RULES, Some(&*settings));
        let hello = Hello { game, rules, settings, ..hello(RoomChoice::Named(room)) };
        client.send(&ClientMessage::Hello(hello));
        client.expect_end(DisconnectReason::RoomFailed);
    }
    assert_eq!(failing("e"), JoinError::RoomFails);
    assert!(open("e", Opening::Fine).is_ok());
}
