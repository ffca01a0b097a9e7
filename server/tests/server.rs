//! A whole server over real sockets with a small game: the edge, the hello, and the ends of rooms and
//! connections. The clients know the messages of the protocol, but not the game.

mod edge;
mod health;
mod isolation;
mod overload;
mod settings;
mod tickets;
mod tls;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use test_games::tiny::{BREAK, Tiny};
use tickwire::{Config, Page, Server, SessionConfig};
use tickwire_game::limits::HELLO_MAX_BYTES;
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, Hello, Input, JoinError, PROTOCOL_VERSION, Ping, Role,
    RoomChoice, ServerMessage,
};
use tickwire_game::recording::Reader;
use tickwire_game::tick::{Rewind, Tick};
use tungstenite::{Message, WebSocket};

/// Timeout of every wait: far longer than anything takes unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page, as `tickwire::page!()` makes one.
const PAGE: Page = Page::embedded(
    "tiny-server",
    "1.2.3",
    (
        "0123",
        "",
        &[
            ("/index.html", "a1", false, false, b"<script src=\"./~0123/main.js\">", None, None),
            ("/about.html", "e5", false, false, b"{page-url} {public-url}a.png", Some(b"br"), None),
            ("/docs/about.html", "e6", false, false, b"{page-url} {public-url}a.png", None, None),
            ("/main.js", "b2", true, false, b"let plain;", Some(b"brotli"), Some(b"gzip")),
            ("/tickwire.js", "c3", true, true, b"export {};", None, None),
            ("/tickwire.wasm", "d4", true, true, b"\0asm", None, Some(b"gzip")),
        ],
    ),
);

fn start(config: Config) -> Server<Tiny> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(Config { listen, fill: 0, page: Some(PAGE), ..config })
        .expect("the server starts")
}

fn server() -> Server<Tiny> {
    start(Config::default())
}

/// Sends a request, and returns everything that the server sends until it closes.
fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server responds and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(address: SocketAddr, path: &str) -> String {
    let headers = "Host: localhost:1\r\nConnection: close";
    exchange(address, &format!("GET {path} HTTP/1.1\r\n{headers}\r\n\r\n"))
}

/// The counters of the server.
fn status(server: &Server<Tiny>) -> serde_json::Value {
    let answer = get(server.admin_address(), "/api/status");
    let json = answer.split("\r\n\r\n").nth(1).expect("a body");
    serde_json::from_str(json).expect("it is JSON")
}

/// A WebSocket client that encodes and decodes the messages of the protocol.
struct TestClient<S = TcpStream>(WebSocket<S>);

fn connect(address: SocketAddr) -> TestClient {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    let (socket, _) = tungstenite::client(format!("ws://{address}/ws"), stream).expect("upgraded");
    TestClient(socket)
}

fn hello(room: RoomChoice<'_>) -> Hello<'_> {
    let (protocol, role) = (PROTOCOL_VERSION, Role::Player);
    Hello {
        protocol,
        game: "tiny",
        rules: 3,
        role,
        name: "Ada",
        room,
        replays: false,
        ticket: None,
        settings: None,
        resume: None,
    }
}

impl<S: Read + Write> TestClient<S> {
    fn send(&mut self, message: &ClientMessage<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.0.send(Message::Binary(bytes.into())).expect("the server reads");
    }

    /// The next binary message, or the code and reason of the close.
    fn receive(&mut self) -> Result<Vec<u8>, (u16, String)> {
        loop {
            match self.0.read().expect("a message or a close, not a broken connection") {
                Message::Binary(bytes) => return Ok(bytes.to_vec()),
                Message::Close(Some(close)) => {
                    return Err((close.code.into(), close.reason.to_string()));
                }
                _ => {}
            }
        }
    }

    /// Receives until `found` returns true for a message.
    fn receive_until(&mut self, mut found: impl FnMut(ServerMessage<'_>) -> bool) {
        loop {
            let bytes = self.receive().expect("not closed");
            if found(ServerMessage::decode(&bytes).expect("a message")) {
                return;
            }
        }
    }

    /// Joins a room. Returns the tick of the welcome, or the refusal.
    fn join(&mut self, room: RoomChoice<'_>) -> Result<Tick, JoinError> {
        self.send(&ClientMessage::Hello(hello(room)));
        let bytes = self.receive().expect("an answer");
        match ServerMessage::decode(&bytes).expect("a message") {
            ServerMessage::Welcome(welcome) => Ok(welcome.tick),
            ServerMessage::Refused(refusal) => Err(refusal),
            other => panic!("neither welcome nor refusal: {other:?}"),
        }
    }

    /// Receives until the connection is closed. The goodbye and the close must have the same reason.
    fn expect_end(mut self, end: DisconnectReason) {
        let mut goodbye = None;
        let (code, reason) = loop {
            match self.receive() {
                Ok(bytes) => match ServerMessage::decode(&bytes).expect("a message") {
                    ServerMessage::Goodbye(end) => goodbye = Some(end),
                    _ => assert_eq!(goodbye, None, "nothing comes after the goodbye"),
                },
                Err(close) => break close,
            }
        };
        assert_eq!((goodbye, code, &*reason), (Some(end), end.code(), end.name()));
    }
}

#[test]
fn the_routes_respond() {
    let server = server();
    let address = server.address();
    let page = get(address, "/");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("content-type: text/html; charset=utf-8"), "{page}");
    assert!(
        page.contains("connect-src 'self' data: blob: ws://localhost:1 wss://localhost:1"),
        "{page}"
    );
    assert!(page.contains("'wasm-unsafe-eval'"), "{page}");
    assert!(page.contains("x-content-type-options: nosniff"), "{page}");
    let tag = page.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").trim();
    let again = exchange(
        address,
        &format!("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n"),
    );
    assert!(again.starts_with("HTTP/1.1 304 "), "{again}");
    assert!(get(address, "/healthz").ends_with("\r\n\r\n{\"status\":\"ok\"}\n"));
    assert!(get(address, "/healthz").contains("content-type: application/json"));
    assert!(get(address, "/api/rooms").ends_with("\r\n\r\n[]"));
    assert!(
        get(address, "/api/status").starts_with("HTTP/1.1 404 "),
        "only the admin listener serves it"
    );
    assert!(get(address, "/nothing").starts_with("HTTP/1.1 404 "));
    assert!(get(address, "/../Cargo.toml").starts_with("HTTP/1.1 404 "));
    let post = exchange(
        address,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    assert!(post.contains("allow: GET, HEAD"), "{post}");
    let head = exchange(address, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn a_hello_for_another_server_is_refused_with_the_reason() {
    let server = server();
    let any = hello(RoomChoice::Any);
    let cases = [
        (Hello { protocol: 99, ..any.clone() }, JoinError::Protocol { server: PROTOCOL_VERSION }),
        (Hello { game: "other", ..any.clone() }, JoinError::Game),
        (Hello { game: "", replays: true, ..any.clone() }, JoinError::Game),
        (Hello { rules: 2, ..any.clone() }, JoinError::Rules { server: 3 }),
        (Hello { room: RoomChoice::Named(""), ..any.clone() }, JoinError::RoomName),
        (Hello { room: RoomChoice::Named("a b"), ..any.clone() }, JoinError::RoomName),
        (Hello { room: RoomChoice::Named(&"r".repeat(33)), ..any }, JoinError::RoomName),
    ];
    for (hello, refusal) in cases {
        let mut peer = connect(server.address());
        peer.send(&ClientMessage::Hello(hello));
        let bytes = peer.receive().expect("an answer");
        assert_eq!(ServerMessage::decode(&bytes), Ok(ServerMessage::Refused(refusal)));
        peer.expect_end(DisconnectReason::Refused);
    }
}

#[test]
fn a_first_message_that_is_not_a_hello_ends_the_connection() {
    let server = server();
    let mut input = Vec::new();
    let (tick, rewind) = (Tick(1), Rewind::default());
    ClientMessage::Input(Input { tick, seen: Tick(0), rewind, input: &[0] }).encode(&mut input);
    let cases = [
        // An input before the client has joined.
        (Message::Binary(input.into()), DisconnectReason::Protocol),
        (Message::Text("hello".into()), DisconnectReason::NotBinary),
        (Message::Binary(vec![0; HELLO_MAX_BYTES + 1].into()), DisconnectReason::TooBig),
        (Message::Binary(vec![0xFF, 0, 0].into()), DisconnectReason::Protocol),
        (Message::Binary(vec![].into()), DisconnectReason::Protocol),
        (Message::Binary(vec![5].into()), DisconnectReason::Protocol),
    ];
    for (message, end) in cases {
        let mut peer = connect(server.address());
        peer.0.send(message).expect("the server reads");
        peer.expect_end(end);
    }
}

#[test]
fn invalid_messages_in_a_room_end_the_connection() {
    let server = server();
    let cases = [
        (Message::Text("hello".into()), DisconnectReason::NotBinary),
        (Message::Binary(vec![0; HELLO_MAX_BYTES + 1].into()), DisconnectReason::TooBig),
        (Message::Binary(vec![0xFF, 0, 0].into()), DisconnectReason::Protocol),
        (Message::Binary(vec![5].into()), DisconnectReason::Left),
    ];
    for (message, end) in cases {
        let mut peer = connect(server.address());
        peer.join(RoomChoice::Any).expect("a seat is free");
        peer.0.send(message).expect("the server reads");
        peer.expect_end(end);
    }
}

#[test]
fn snapshots_follow_the_welcome_and_pings_are_answered() {
    let server = server();
    let mut peer = connect(server.address());
    peer.join(RoomChoice::Named("lounge")).expect("a seat is free");
    let mut snapshots = 0;
    peer.receive_until(|message| {
        snapshots += u32::from(matches!(message, ServerMessage::Snapshot(_)));
        snapshots == 10
    });
    peer.send(&ClientMessage::Ping(Ping { number: 7 }));
    peer.receive_until(|message| message == ServerMessage::Pong(Ping { number: 7 }));
    peer.0.send(Message::Ping(vec![1, 2, 3].into())).expect("the server reads");
    while !matches!(peer.0.read().expect("not closed"), Message::Pong(bytes) if *bytes == [1, 2, 3])
    {
    }
    let rooms = get(server.address(), "/api/rooms");
    assert!(rooms.contains(r#""name":"lounge","game":"tiny","players":1,"bots":0"#), "{rooms}");
}

#[test]
fn spectators_are_sent_the_same_bytes_and_each_tick_is_encoded_once() {
    let server = start(Config { spectator_delay: Duration::ZERO, ..Config::default() });
    let watch = || {
        let mut peer = connect(server.address());
        let wish = hello(RoomChoice::Named("show"));
        peer.send(&ClientMessage::Hello(Hello { role: Role::Spectator, ..wish }));
        peer.receive_until(|message| matches!(message, ServerMessage::Welcome(_)));
        peer
    };
    let snapshots = |peer: &mut TestClient, count: usize| {
        let mut received = Vec::new();
        peer.receive_until(|message| {
            if let ServerMessage::Snapshot(body) = message {
                received.push(body.to_vec());
            }
            received.len() == count
        });
        received
    };
    let mut first = watch();
    let mut received = snapshots(&mut first, 5);
    let mut second = watch();
    let later = snapshots(&mut second, 40);
    received.extend(snapshots(&mut first, 60));
    let at = received.iter().position(|body| *body == later[0]).expect("the same keyframe");
    assert_eq!(received[at..at + 40], later);
    let status = status(&server);
    let count = |value: &serde_json::Value| value.as_u64().expect("it is counted");
    let encodes = count(&status["of_rooms"]["broadcast_encodes"]);
    // 65 were received; the counters are updated at the end of each pass.
    assert!((60..=count(&status["ticks"])).contains(&encodes), "{status}");
    assert!(count(&status["broadcast_writes"]) > encodes + 30, "{status}");
    assert_eq!(count(&status["of_rooms"]["snapshots"]), 0, "{status}");
}

#[test]
fn messages_before_the_welcome_are_not_lost() {
    let server = server();
    let mut peer = connect(server.address());
    peer.send(&ClientMessage::Hello(hello(RoomChoice::Any)));
    peer.send(&ClientMessage::Ping(Ping { number: 1 }));
    peer.receive_until(|message| message == ServerMessage::Pong(Ping { number: 1 }));
}

#[test]
fn joins_at_the_same_moment_do_not_overfill_a_room() {
    let server = start(Config { room_size: 4, ..Config::default() });
    let address = server.address();
    let results: Vec<_> = std::thread::scope(|scope| {
        let joins: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(move || {
                    let mut peer = connect(address);
                    let result = peer.join(RoomChoice::Named("duel"));
                    (peer, result)
                })
            })
            .collect();
        joins.into_iter().map(|join| join.join().expect("no panic")).collect()
    });
    assert_eq!(results.iter().filter(|(_, result)| result.is_ok()).count(), 4);
    let full = results.iter().filter(|(_, result)| *result == Err(JoinError::RoomFull)).count();
    assert_eq!(full, 8);
    drop(results);
    // Seats are free again when clients leave, with or without a goodbye.
    let deadline = Instant::now() + PATIENCE;
    while connect(address).join(RoomChoice::Named("duel")).is_err() {
        assert!(Instant::now() < deadline, "no seat was freed");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_panic_in_a_room_ends_that_room_alone() {
    let server = server();
    let mut bystander = connect(server.address());
    bystander.join(RoomChoice::Named("quiet")).expect("a seat is free");
    let mut breaker = connect(server.address());
    let tick = breaker.join(RoomChoice::Named("loud")).expect("a seat is free");
    // For many ticks, since the room runs on while the inputs are in flight.
    for ahead in 1..=60 {
        let input = Input {
            tick: tick.plus(ahead),
            seen: Tick(0),
            rewind: Rewind::default(),
            input: &[BREAK],
        };
        breaker.send(&ClientMessage::Input(input));
    }
    breaker.expect_end(DisconnectReason::RoomFailed);
    bystander.send(&ClientMessage::Ping(Ping { number: 1 }));
    bystander.receive_until(|message| message == ServerMessage::Pong(Ping { number: 1 }));
    let deadline = Instant::now() + PATIENCE;
    while get(server.address(), "/api/rooms").contains("loud") {
        assert!(Instant::now() < deadline, "the failed room is still listed");
    }
    connect(server.address()).join(RoomChoice::Named("loud")).expect("a new room of that name");
}

/// Sends empty fragments of a message that never ends while `on` is true: limits on messages do not
/// apply to them.
fn flood_with_fragments(mut stream: TcpStream, on: &AtomicBool) {
    const FIRST: [u8; 6] = [0x02, 0x80, 0, 0, 0, 0];
    const FRAGMENTS: usize = 4_096;
    let fragments = [0x00, 0x80, 0, 0, 0, 0].repeat(FRAGMENTS);
    stream.set_write_timeout(Some(Duration::from_millis(50))).expect("a timeout above 0");
    let mut sent = stream.write_all(&FIRST);
    let mut at = 0;
    while on.load(Ordering::Relaxed) && sent.is_ok() {
        match stream.write(&fragments[at..]) {
            // The next write continues where the kernel stopped.
            Ok(taken) => at = (at + taken) % fragments.len(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => sent = Err(error),
        }
    }
}

#[test]
fn messages_that_never_end_delay_neither_the_room_nor_the_edge() {
    let server = server();
    let address = server.address();
    let on = AtomicBool::new(true);
    std::thread::scope(|threads| {
        for inside in [true, true, false, false] {
            let mut peer = connect(address);
            if inside {
                peer.join(RoomChoice::Named("den")).expect("a seat is free");
            }
            let stream = peer.0.get_ref().try_clone().expect("a socket can be cloned");
            threads.spawn(|| flood_with_fragments(stream, &on));
        }
        let mut bystander = connect(address);
        bystander.join(RoomChoice::Named("den")).expect("the edge admits clients");
        for number in 0..20 {
            bystander.send(&ClientMessage::Ping(Ping { number }));
            bystander.receive_until(|message| matches!(message, ServerMessage::Snapshot(_)));
            bystander.receive_until(|message| message == ServerMessage::Pong(Ping { number }));
        }
        assert!(get(address, "/healthz").starts_with("HTTP/1.1 200"));
        on.store(false, Ordering::Relaxed);
    });
}

#[test]
fn a_stopping_server_sends_every_client_a_goodbye() {
    let server = server();
    let mut playing = connect(server.address());
    playing.join(RoomChoice::Any).expect("a seat is free");
    let undecided = connect(server.address());
    let peers = std::thread::spawn(move || {
        playing.expect_end(DisconnectReason::Closing);
        undecided.expect_end(DisconnectReason::Closing);
    });
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    peers.join().expect("both received the reason");
}

#[test]
fn the_first_room_is_recorded_while_people_play() {
    let file = std::env::temp_dir().join(format!("tickwire-{}.scenes", std::process::id()));
    let server = start(Config { record_scenes: Some(file.clone()), ..Config::default() });
    let mut peer = connect(server.address());
    let tick = peer.join(RoomChoice::Named("first")).expect("a seat is free");
    let mut other = connect(server.address());
    other.join(RoomChoice::Named("second")).expect("a seat is free");
    for ahead in 1..=30 {
        let input =
            Input { tick: tick.plus(ahead), seen: Tick(0), rewind: Rewind::default(), input: &[3] };
        peer.send(&ClientMessage::Input(input));
    }
    let mut snapshots = 0;
    peer.receive_until(|message| {
        snapshots += u32::from(matches!(message, ServerMessage::Snapshot(_)));
        snapshots == 20
    });
    // So that the server does not wait for them to receive their goodbyes.
    drop((peer, other));
    server.stop();
    let text = std::fs::read_to_string(&file).expect("the file is there");
    std::fs::remove_file(&file).expect("it can be removed");
    let mut reader = Reader::new();
    let mut ticks = Vec::new();
    for line in text.lines() {
        ticks.extend(reader.line(line).expect("it is a recording"));
    }
    ticks.extend(reader.finish().expect("it has a head"));
    assert!(ticks.len() >= 20, "{} ticks", ticks.len());
    assert!(ticks.windows(2).all(|pair| pair[1].scene.tick() == pair[0].scene.tick().next()));
    assert_eq!(reader.schema(), &<Tiny as tickwire::Game>::schema());
    // One entity and one viewer: only one room is recorded.
    let playing = || ticks.iter().filter(|tick| !tick.viewers.is_empty());
    assert!(playing().all(|tick| tick.scene.rows().len() == 1 && tick.viewers.len() == 1));
    let owns: Vec<_> = playing().filter_map(|tick| tick.viewers[0].own.as_ref()).collect();
    assert!(
        owns.iter().filter(|own| own.source.is_received()).count() > 0,
        "no input was received"
    );
    assert!(owns[0].replayed.is_none(), "there was nothing to replay");
    // In this game only its own inputs change the state of a player.
    assert!(owns[1..].iter().all(|own| own.replayed == own.own && own.own.is_some()));
    assert_ne!(owns[0].own, owns[owns.len() - 1].own);
}

#[test]
fn invalid_settings_fail_at_start() {
    let bad = [
        Config { web_dir: Some("no such folder".into()), ..Config::default() },
        Config { settings: Some("{".into()), ..Config::default() },
        Config { record_scenes: Some("no such folder/f".into()), ..Config::default() },
    ];
    for bad in bad {
        // Any port: another server on this machine may use the default one.
        let bad = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..bad };
        let Err(error) = Server::<Tiny>::start(bad) else { panic!("it started") };
        assert_eq!(error.exit_code(), 2, "{error}");
    }
    let taken = server();
    let Err(error) = Server::<Tiny>::start(Config { listen: taken.address(), ..Config::default() })
    else {
        panic!("two servers on one port");
    };
    assert_eq!(error.exit_code(), 1);
}
