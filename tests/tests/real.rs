//! The real programs over real sockets: the server binary, the bots' binary, and the page in a
//! real browser, on the loopback.
//!
//! Nothing here asserts how long something took: waits are bounded generously, so that a slow
//! machine is slow and not wrong. What needs many or precise conditions is tested on virtual
//! time instead.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use skirmish_rules::Skirmish;
use tests::real::{
    Bots, Browser, Firefox, GIVE_UP, Key, Player, Server, Tab, TestClient, alone, http, poll, say,
};
use tickwire::limits::OPENING_MAX;
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, JoinError, PROTOCOL_VERSION, Ping, Role, ServerMessage,
};
use tickwire_game::simulation::trial;
use tickwire_host::limits::{CLIENT_MESSAGE_MAX_BYTES, SILENCE_MAX};
use tungstenite::Message;

fn spectator(room: &str) -> Player {
    Player { role: Role::Spectator, ..Player::of::<Skirmish>(room) }
}

#[test]
fn the_door_answers_each_address_as_it_should() {
    let server = Server::start(&["--fill", "2"]);

    let page = server.get("/");
    assert_eq!(page.status, 200, "{page:?}");
    let kind = page.header("content-type").expect("the page has a type");
    assert!(kind.starts_with("text/html"), "{kind}");
    assert!(page.header("content-security-policy").is_some(), "{:?}", page.headers);

    let wasm = server.get("/tickwire.wasm");
    assert_eq!(wasm.status, 200);
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    assert!(wasm.body.starts_with(b"\0asm"));

    assert_eq!(server.get("/healthz").status, 200);

    let _line = TestClient::join(&server, &Player::of::<Skirmish>("lounge"));
    let rooms = server.get("/api/rooms");
    assert_eq!(rooms.status, 200);
    assert!(rooms.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    let text = rooms.text();
    serde_json::from_str::<serde_json::Value>(&text).expect("the rooms are JSON");
    assert!(text.contains("\"lounge\""), "{text}");
    say(&format!("rooms: {text}"));

    assert_eq!(server.get("/nowhere").status, 404);
    assert_eq!(server.get("/../Cargo.toml").status, 404);
    assert_eq!(http::request(server.address(), "POST", "/").status, 405);
    let refused = server.get("/ws");
    assert_eq!(refused.status, 426);
    assert!(refused.text().contains("WebSocket"), "{}", refused.text());
    let answer = http::raw(server.address(), b"what is this\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn bots_and_spectators_play_and_nobody_is_cut_off() {
    let _alone = alone();
    let server = Server::start(&["--room-size", "64", "--fill", "0", "--seed", "1"]);
    let settings =
        ["--bots", "30", "--spectators", "4", "--ramp", "100/s", "--seed", "1", "--room", "swarm"];
    let report = Bots::start(&server, Duration::from_secs(3), &settings).finish();
    say(&format!("34 in one room: {}", report.counts));
    assert!(report.status.success(), "{}", report.status);
    assert_eq!(report.count("connected"), 34);
    for nothing in ["refused", "disconnected", "resumed", "decode_errors"] {
        assert_eq!(report.count(nothing), 0, "{nothing}");
    }
    // All of them were sent a stream, not one first picture each.
    assert!(report.count("snapshots") > 10 * 34, "{}", report.counts);
}

#[test]
fn bots_whose_server_is_gone_say_so_and_fail() {
    let _alone = alone();
    let mut server = Server::start(&["--fill", "0", "--grace", "0s"]);
    let settings = ["--bots", "3", "--spectators", "1", "--room", "gone"];
    let bots = Bots::start(&server, Duration::from_secs(60), &settings);
    let all_in = || {
        let json = |path| serde_json::from_slice::<serde_json::Value>(&server.get(path).body).ok();
        let (rooms, status) = (json("/api/rooms")?, server.status());
        let all = rooms[0]["players"] == 3 && rooms[0]["spectators"] == 1;
        // A client that answers has read its welcome: each of the players a few times, the
        // spectator by the writes of its shared stream.
        let inputs = status["of_rooms"]["inputs_taken"].as_u64()?;
        let writes = status["broadcast_writes"].as_u64()?;
        (all && inputs > 60 && writes > 5).then_some(())
    };
    poll(GIVE_UP, all_in).expect("all of them come in");
    server.kill();
    let report = bots.finish();
    say(&format!("server killed: {}", report.counts));
    assert_eq!(report.status.code(), Some(1));
    assert_eq!(report.count("disconnected"), 4);
}

#[test]
fn an_interrupted_server_says_goodbye_to_all_and_ends_in_order() {
    let mut server = Server::start(&["--fill", "2"]);
    let mut clients = [
        TestClient::join(&server, &spectator("end")),
        TestClient::join(&server, &Player::of::<Skirmish>("end")),
        // Still at the door: it has not said who it is.
        TestClient::open(&server),
    ];
    server.interrupt();
    for client in &mut clients {
        let ending = client.ending();
        assert_eq!(ending.code, Some(DisconnectReason::Closing.code()), "{ending:?}");
    }
    let status = server.ended();
    assert!(status.success(), "{status}:\n{}", server.log());
}

#[test]
fn a_client_of_another_kind_is_refused_by_name() {
    let server = Server::start(&[]);
    let ours = Player::of::<Skirmish>("strangers");
    let strangers = [
        (
            Player { protocol: PROTOCOL_VERSION + 1, ..ours.clone() },
            JoinError::Protocol { server: PROTOCOL_VERSION },
        ),
        (Player { game: "chess".to_owned(), ..ours.clone() }, JoinError::Game),
        (Player { rules: ours.rules + 1, ..ours.clone() }, JoinError::Rules { server: ours.rules }),
        (Player { room: "no such room!".to_owned(), ..ours.clone() }, JoinError::RoomName),
    ];
    for (stranger, refusal) in strangers {
        let ending = TestClient::greet(&server, &stranger).ending();
        assert_eq!(ending.refusal, Some(refusal), "{stranger:?}");
        assert_eq!(ending.code, Some(DisconnectReason::Refused.code()), "{stranger:?}");
    }
}

/// What no client says, and how the connection must end that said it.
fn nonsense() -> Vec<(&'static str, Message, DisconnectReason)> {
    let mut reply = Vec::new();
    ServerMessage::Pong(Ping { number: 1 }).encode(&mut reply);
    vec![
        ("a text", Message::text("hello"), DisconnectReason::NotBinary),
        ("garbage", Message::binary(vec![0xFF, 0x00, 0x37]), DisconnectReason::Protocol),
        ("nothing", Message::binary(Vec::new()), DisconnectReason::Protocol),
        ("a kind without a body", Message::binary(vec![0x04]), DisconnectReason::Protocol),
        ("a server's message", Message::binary(reply), DisconnectReason::Protocol),
        (
            "too much",
            Message::binary(vec![1; CLIENT_MESSAGE_MAX_BYTES + 1]),
            DisconnectReason::TooBig,
        ),
    ]
}

/// What is not even WebSocket.
const NOT_WEBSOCKET: [(&str, &[u8], DisconnectReason); 3] = [
    ("an unmasked frame", &[0x82, 0x01, 0x05], DisconnectReason::Protocol),
    ("reserved bits", &[0xF2, 0x80, 0, 0, 0, 0], DisconnectReason::Protocol),
    (
        "a terabyte announced",
        &[0x82, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        DisconnectReason::TooBig,
    ),
];

#[test]
fn nonsense_ends_the_connection_with_its_own_code_and_no_other() {
    let server = Server::start(&["--fill", "2"]);
    let player = Player::of::<Skirmish>("peace");
    let mut bystander = TestClient::join(&server, &player);
    for place in ["at the door", "in the room"] {
        let enter = || match place {
            "at the door" => TestClient::open(&server),
            _ => TestClient::join(&server, &player),
        };
        for (what, message, end) in nonsense() {
            let mut client = enter();
            client.send(message);
            assert_eq!(client.ending().code, Some(end.code()), "{what} {place}");
        }
        for (what, bytes, end) in NOT_WEBSOCKET {
            let mut client = enter();
            client.send_raw(bytes);
            assert_eq!(client.ending().code, Some(end.code()), "{what} {place}");
        }
    }
    let mut greeted_twice = TestClient::join(&server, &player);
    greeted_twice.say_hello(&player);
    assert_eq!(greeted_twice.ending().code, Some(DisconnectReason::Protocol.code()));
    // Who only watched it happen plays on.
    bystander.snapshots(10);
    bystander.say(&ClientMessage::Goodbye);
    assert_eq!(bystander.ending().code, Some(DisconnectReason::Left.code()));
}

#[test]
fn a_full_room_refuses_and_the_others_play_on() {
    let server = Server::start(&["--room-size", "2", "--fill", "0"]);
    let player = Player::of::<Skirmish>("duel");
    let mut duellists = [TestClient::join(&server, &player), TestClient::join(&server, &player)];
    let ending = TestClient::greet(&server, &player).ending();
    assert_eq!(ending.refusal, Some(JoinError::RoomFull));
    assert_eq!(ending.code, Some(DisconnectReason::Refused.code()));
    // A spectator takes nobody's place.
    TestClient::join(&server, &spectator("duel")).snapshots(10);
    for client in &mut duellists {
        client.snapshots(10);
    }
    // And a place that was left can be taken.
    let [left, _stays] = &mut duellists;
    left.say(&ClientMessage::Goodbye);
    left.ending();
    TestClient::join(&server, &player).snapshots(10);
}

#[test]
fn a_client_that_stood_still_for_seconds_plays_on_and_nobody_is_cut_off() {
    let _alone = alone();
    let server = Server::start(&["--room-size", "16", "--fill", "2", "--seed", "1"]);
    let duration = Duration::from_secs(12);
    let ours = ["--bots", "1", "--seed", "2", "--room", "stall"];
    let others = ["--bots", "4", "--spectators", "1", "--seed", "3", "--room", "stall"];
    let stalled = Bots::start(&server, duration, &ours);
    let others = Bots::start(&server, duration, &others);
    sleep(Duration::from_secs(3));
    stalled.stop();
    sleep(Duration::from_secs(5));
    stalled.run_on();
    for (who, bots, report) in [("stalled", 1, stalled.finish()), ("others", 5, others.finish())] {
        say(&format!("{who}: {}", report.counts));
        assert!(report.status.success(), "{who}: {}", report.status);
        assert_eq!(report.count("connected"), bots, "{who}");
        for nothing in ["disconnected", "resumed", "decode_errors"] {
            assert_eq!(report.count(nothing), 0, "{who}: {nothing}");
        }
    }
}

#[test]
fn a_server_stopped_for_five_seconds_throws_nobody_out() {
    let _alone = alone();
    let server = Server::start(&["--fill", "0", "--seed", "1"]);
    let settings = ["--bots", "8", "--spectators", "2", "--seed", "4", "--room", "still"];
    let bots = Bots::start(&server, Duration::from_secs(12), &settings);
    sleep(Duration::from_secs(3));
    server.stop();
    sleep(Duration::from_secs(5));
    server.run_on();
    let report = bots.finish();
    say(&format!("server stopped: {}", report.counts));
    assert!(report.status.success(), "{}", report.status);
    assert_eq!(report.count("connected"), 10);
    for nothing in ["refused", "disconnected", "resumed", "decode_errors"] {
        assert_eq!(report.count(nothing), 0, "{nothing}");
    }
    let status = server.status();
    say(&format!("its status: {status}"));
    // 150 ticks were missed, and three of them made up.
    assert!(status["ticks_skipped"].as_u64() > Some(100), "a burst: {status}");
}

#[test]
fn after_a_stall_of_the_server_all_sockets_are_drained_before_any_deadline_is_judged() {
    let (server, mut in_play, mut at_the_door, mut asking) = {
        let _alone = alone();
        let server = Server::start(&["--fill", "0"]);
        let player = Player::of::<Skirmish>("stalled");
        let in_play = TestClient::join(&server, &player);
        let mut at_the_door = TestClient::open(&server);
        let mut asking = TcpStream::connect(server.address()).expect("it listens");
        asking.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
        asking.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n").expect("it reads");
        // So that all of this is in before it stands still.
        let _ = server.get("/healthz");
        server.stop();
        at_the_door.say_hello(&player);
        asking.write_all(b"Connection: close\r\n\r\n").expect("the kernel takes it");
        (server, in_play, at_the_door, asking)
    };
    // Others may play meanwhile: a stopped server takes nothing from them.
    sleep(OPENING_MAX.max(SILENCE_MAX) + Duration::from_secs(1));
    let _alone = alone();
    server.run_on();
    at_the_door.snapshots(3);
    let mut answer = String::new();
    asking.read_to_string(&mut answer).expect("it answers and closes");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    in_play.snapshots(3);
}

const UP: Key = Key { key: "w", code: "KeyW", number: 87 };
const LEFT: Key = Key { key: "a", code: "KeyA", number: 65 };
const DOWN: Key = Key { key: "s", code: "KeyS", number: 83 };
const RIGHT: Key = Key { key: "d", code: "KeyD", number: 68 };
const NEXT: Key = Key { key: "e", code: "KeyE", number: 69 };
const WHOLE: Key = Key { key: "m", code: "KeyM", number: 77 };
const ENTER: Key = Key { key: "Enter", code: "Enter", number: 13 };

/// Waits until the page is in the game and new ticks come.
fn wait_until_playing(page: &impl Tab, give_up: Duration) {
    let state = "tickwire.state()";
    let tick =
        page.wait_until(&format!("{state}.connected && {state}.me && {state}.tick"), give_up);
    page.wait_until(&format!("{state}.connected && {state}.tick > {tick} + 15"), give_up);
}

/// Holds one key after the other until the own ship has moved by some of its lengths: a rock
/// may lie in one direction.
fn steer(page: &impl Tab) {
    let from = page.eval("tickwire.state().me");
    let far = format!(
        "(() => {{ const me = tickwire.state().me; \
         return me && Math.hypot(me.x - {}, me.y - {}) }})()",
        from["x"], from["y"]
    );
    let moved = || page.eval(&far).as_f64().is_some_and(|distance| distance > MOVED);
    // Nothing else moves it.
    sleep(Duration::from_millis(300));
    assert!(!moved(), "the ship moves by itself");
    for key in [UP, RIGHT, DOWN, LEFT] {
        page.key_down(key);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(4) {
            if moved() {
                page.key_up(key);
                return;
            }
            sleep(Duration::from_millis(20));
        }
        page.key_up(key);
    }
    panic!("no key moves the ship from {from}; now {}", page.eval("tickwire.state()"));
}

/// Has a spectator follow one player after the other, by key and by button, and look at the whole
/// arena again.
fn follow(page: &impl Tab) {
    let camera = "tickwire.state().camera";
    // The player that it follows now; one that is dead meanwhile is back after a while.
    let follows = |before: &serde_json::Value| {
        let other = format!("{camera}.mode === 'follow' && {camera}.player !== {before}");
        page.wait_until(&other, GIVE_UP);
        let near = format!(
            "{camera}.ship && Math.hypot({camera}.x - {camera}.ship.x, \
             {camera}.y - {camera}.ship.y) < {NEAR}"
        );
        page.wait_until(&near, GIVE_UP);
        let followed = page.eval(camera);
        // The bar has its name, from the next frame on.
        let name = &followed["name"];
        let says = format!("document.getElementById('watch-who').textContent === {name}");
        page.wait_until(&says, GIVE_UP);
        followed["player"].clone()
    };
    assert_eq!(page.eval(&format!("{camera}.mode")), "whole");
    page.press(NEXT);
    let first = follows(&serde_json::Value::Null);
    page.press(NEXT);
    let second = follows(&first);
    page.click("watch-next");
    follows(&second);
    page.press(WHOLE);
    page.wait_until(&format!("{camera}.mode === 'whole' && {camera}.player === null"), GIVE_UP);
}

/// How near, in units, the middle of the picture is to a ship that is followed.
const NEAR: f64 = 3.0;

/// How far counts as having moved, in the game's own length: three ships.
const MOVED: f64 = 3.0;

/// Fires with the mouse, to the right of the middle of the screen.
fn fire(page: &impl Tab) {
    page.wait_until(
        "tickwire.state().me?.alive && tickwire.state().me.cooldown_ticks === 0",
        GIVE_UP,
    );
    page.mouse("mousePressed", 900.0, 400.0);
    page.wait_until("tickwire.state().me.cooldown_ticks > 0", GIVE_UP);
    page.mouse("mouseReleased", 900.0, 400.0);
}

/// Two people, each in a tab of one browser: Ann comes for the first time, plays, reloads and plays on, Bob
/// watches, and Ann is back by herself when the server was gone.
fn play_and_watch(ann: &impl Tab, bob: &impl Tab, server: &mut Server, browser: &str) {
    const CAN_PLAY: &str = "document.getElementById('play')?.disabled === false";
    let picture = |what: &str| tests::real::screenshots().join(format!("{browser}-{what}.png"));
    ann.open(&server.url("/?room=browser"));
    ann.wait_until(CAN_PLAY, GIVE_UP);
    sleep(Duration::from_secs(1));
    ann.screenshot(&picture("start"));
    assert_eq!(ann.take_faults(), Vec::<String>::new(), "the start page's console");
    ann.click("play");
    wait_until_playing(ann, GIVE_UP);
    steer(ann);
    fire(ann);
    assert!(ann.eval("tickwire.state().corrections").is_number());
    assert_eq!(ann.eval("tickwire.state().room"), "browser");
    ann.screenshot(&picture("playing"));

    // A reload leads straight back into the game, as the same player.
    let who = "[tickwire.state().room, tickwire.state().me.player, tickwire.state().resumed]";
    let before = ann.eval(who);
    let _ = ann.eval("void (window.isOld = true, setTimeout(() => location.reload()))");
    ann.wait_until(&format!("!window.isOld && {CAN_PLAY}"), GIVE_UP);
    wait_until_playing(ann, GIVE_UP);
    assert_eq!(ann.eval(who), serde_json::json!(["browser", before[1], true]));

    // From the start page the keyboard, which is at Play there, leads to the same room.
    ann.click("leave");
    ann.click("leave");
    ann.wait_until("!document.getElementById('start').hidden", GIVE_UP);
    ann.press(ENTER);
    wait_until_playing(ann, GIVE_UP);
    assert_eq!(
        ann.eval(who),
        serde_json::json!(["browser", ann.eval("tickwire.state().me.player"), false])
    );

    bob.open(&server.url("/?spectate&room=browser"));
    bob.wait_until("tickwire.state().connected && tickwire.state().snapshots > 15", GIVE_UP);
    bob.wait_until("tickwire.state().entities > 0", GIVE_UP);
    assert_eq!(bob.eval("tickwire.state().me"), serde_json::Value::Null);
    bob.screenshot(&picture("spectating"));
    follow(bob);
    bob.screenshot(&picture("followed"));
    for (who, state, faults) in [
        ("Ann", ann.eval("tickwire.state()"), ann.take_faults()),
        ("Bob", bob.eval("tickwire.state()"), bob.take_faults()),
    ] {
        say(&format!("{browser}, {who}: {state}"));
        assert_eq!(faults, Vec::<String>::new(), "{who}'s console");
    }

    server.kill();
    ann.wait_until("!tickwire.state().connected", GIVE_UP);
    server.restart_on_same_port();
    let started = Instant::now();
    wait_until_playing(ann, BACK_GIVE_UP);
    say(&format!("{browser}: back in the game after {} ms", started.elapsed().as_millis()));
    steer(ann);
    ann.screenshot(&picture("back"));
    // That the server was not there stands in the console; that the page stumbled must not.
    let faults = ann.take_faults();
    assert!(!faults.iter().any(|fault| fault.starts_with("exception")), "{faults:#?}");
}

#[test]
fn a_person_plays_in_chromium_and_is_back_by_itself_after_a_crash() {
    let _alone = alone();
    let Some(browser) = Browser::start() else { return };
    let mut server = Server::start(&["--fill", "4", "--seed", "1"]);
    play_and_watch(&browser.page(), &browser.page(), &mut server, "chromium");
}

#[test]
fn a_person_plays_in_firefox_and_is_back_by_itself_after_a_crash() {
    let _alone = alone();
    let Some(browser) = Firefox::start() else { return };
    let mut server = Server::start(&["--fill", "4", "--seed", "1"]);
    play_and_watch(&browser.page(), &browser.page(), &mut server, "firefox");
}

/// Longest wait for a page to find the server again.
const BACK_GIVE_UP: Duration = Duration::from_secs(15);

/// What `tickwire_trial` of a page's wasm gives.
fn trial_in_wasm(wasm: &[u8], seed: u64, players: u16, ticks: u32) -> u64 {
    use wasmi::{Engine, Linker, Module, Store};
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).expect("the page's wasm is valid");
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .expect("the page's wasm imports nothing");
    let start = instance.get_typed_func::<(), u32>(&store, "tickwire_start").expect("it begins");
    start.call(&mut store, ()).expect("it says whose game it is");
    let trial = instance
        .get_typed_func::<(u64, u32, u32), u64>(&store, "tickwire_trial")
        .expect("the page's wasm can be put to trial");
    trial.call(&mut store, (seed, u32::from(players), ticks)).expect("the trial runs to its end")
}

#[test]
fn the_pages_wasm_plays_the_same_game_to_the_last_bit() {
    const PLAYERS: u16 = 8;
    const TICKS: u32 = 10_000;
    let server = Server::start(&[]);
    let wasm = server.get("/tickwire.wasm").body;
    let _alone = alone();
    for seed in [1, 0x5EED] {
        let started = Instant::now();
        let native = trial::<Skirmish>(seed, PLAYERS, TICKS, |_, _| ());
        let natively = started.elapsed();
        let page = trial_in_wasm(&wasm, seed, PLAYERS, TICKS);
        say(&format!(
            "seed {seed}: {PLAYERS} players, {TICKS} ticks, hash {native:016x} in {} ms natively, \
             {page:016x} in {} ms in wasm",
            natively.as_millis(),
            (started.elapsed() - natively).as_millis(),
        ));
        assert_eq!(native, page, "seed {seed}");
    }
}
