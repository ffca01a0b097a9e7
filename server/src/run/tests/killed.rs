//! Each part of a running server is killed on purpose: the program ends with that reason.
//!
//! The programs are this test itself, started again by it for one part each.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output, Stdio};
use std::time::{Duration, Instant};

use test_games::tiny::Tiny;
use tickwire_game::game::Game;
use tickwire_game::protocol::{
    ClientMessage, Hello, PROTOCOL_VERSION, Ping, ResumeToken, Role, RoomChoice, ServerMessage,
};
use tungstenite::{Message, WebSocket};

use crate::ops::supervision::kill_switch::{MOMENT, PART, REASON};
use crate::transport::test_tls::pem;
use crate::{Config, SessionConfig, TicketConfig, TlsConfig};

/// Where the files of a started program lie.
const FOLDER: &str = "TEST_KILLS_FOLDER";
/// Within so much time it ends unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every part that there is; of a shard each thread that takes it over is killed as well. Those that do nothing until they are asked cannot be killed at work.
const PARTS: [(&str, &str); 9] = [
    ("edge", "running"),
    ("lobby", "running"),
    ("builder", "running"),
    ("keeper", "running"),
    ("shard-0", "running"),
    ("shard-1", "running"),
    ("renewal", "start"),
    ("ticket-key", "start"),
    ("recorder", "start"),
];

/// A server that has all parts.
fn config(folder: &Path) -> Config {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a temporary file can be written");
        path
    };
    let (cert, key, _) = pem();
    let tls = TlsConfig {
        tls_cert: Some(write("cert", &cert)),
        tls_key: Some(write("key", &key)),
        tls_self_signed: false,
    };
    let secret = write("secret", "a-secret-that-is-as-long-as-it-must-be-at-least");
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        shards: Some(2),
        record_scenes: Some(folder.join("scenes")),
        tickets: TicketConfig { ticket_key: Some(secret), ..TicketConfig::default() },
        tls,
        ..Config::default()
    }
}

/// Starts this test again, to be the program of which that part is killed.
fn start(test: &str, part: &str, moment: &str) -> (process::Child, PathBuf) {
    let folder = env::temp_dir().join(format!("tickwire-killed-{part}-{}", process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let child = Command::new(env::current_exe().expect("a running test has a path"))
        .args([test, "--exact"])
        .envs([(PART, part), (MOMENT, moment)])
        .env(FOLDER, &folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started");
    (child, folder)
}

/// A client on a WebSocket of a server at this address, which begins with this hello.
struct Guest(WebSocket<TcpStream>);

impl Guest {
    fn come(address: &str, resume: Option<ResumeToken>) -> (Guest, ResumeToken, bool) {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
        let url = format!("ws://{address}/ws");
        let (socket, _) = tungstenite::client(url, stream).expect("it is upgraded");
        let mut guest = Guest(socket);
        guest.say(&ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: Tiny::NAME,
            rules: Tiny::RULES,
            role: Role::Player,
            name: "Ada",
            room: RoomChoice::Named("room"),
            replays: false,
            ticket: None,
            settings: None,
            resume,
        }));
        let bytes = guest.0.read().expect("an answer").into_data();
        let ServerMessage::Welcome(welcome) = ServerMessage::decode(&bytes).expect("a message")
        else {
            panic!("not let in")
        };
        let (token, resumed) = (welcome.resume, welcome.resumed);
        guest.say(&ClientMessage::Ping(Ping { number: 1 }));
        (guest, token, resumed)
    }

    fn say(&mut self, message: &ClientMessage<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.0.send(Message::binary(bytes)).expect("the server reads");
    }
}

/// The status of a server, by its admin listener's address.
fn status(admin: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(admin).expect("it listens");
    let request = format!("GET /api/status HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON")
}

#[test]
fn a_shard_that_panicked_outside_of_its_rooms_goes_on_with_them_in_a_new_thread() {
    if env::var_os(FOLDER).is_some() {
        let session = SessionConfig { checkpoint: true, ..SessionConfig::default() };
        let listen = ([127, 0, 0, 1], 0).into();
        let config = Config { listen, shards: Some(1), session, ..Config::default() };
        let ended = crate::run::<Tiny>(config);
        process::exit(ended.map_or_else(|error| error.exit_code().into(), |()| 0));
    }
    let moment = env::temp_dir().join(format!("tickwire-strike-{}", process::id()));
    let test = "run::tests::killed::a_shard_that_panicked_outside_of_its_rooms_goes_on_with_them_in_a_new_thread";
    let (mut child, folder) = start(test, "shard-0", &moment.to_string_lossy());
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut address = |before: &str| loop {
        let line = lines.next().expect("it goes on").expect("it is text");
        if let Some(at) = line.find(before) {
            break line[at + before.len()..].to_owned();
        }
    };
    let (public, admin) = (address("listening on http://"), address("admin on http://"));
    let (mut guest, token, _) = Guest::come(&public, None);
    let copies = || status(&admin)["checkpoints"].as_u64().expect("a number");
    let (began, before) = (Instant::now(), copies());
    while copies() < before + 2 {
        assert!(began.elapsed() < PATIENCE, "no checkpoints");
        std::thread::sleep(Duration::from_millis(20));
    }
    fs::write(&moment, "").expect("a temporary file can be written");
    while guest.0.read().is_ok_and(|message| !message.is_close()) {}
    let (_back, _, resumed) = Guest::come(&public, Some(token));
    assert!(resumed, "its room goes on");
    let now = status(&admin);
    assert_eq!((&now["shards_recovered"], &now["rooms_restored"]), (&1.into(), &1.into()));
    child.kill().expect("it is still there");
    let _ = (child.wait(), fs::remove_file(&moment), fs::remove_dir_all(folder));
}

/// How a program ended, and what it said.
fn end((mut child, folder): (process::Child, PathBuf)) -> Output {
    let began = Instant::now();
    while child.try_wait().expect("a child can be waited for").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("it is still there");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // What is left there is the operating system's to clear away.
    let _ = fs::remove_dir_all(folder);
    child.wait_with_output().expect("it has ended")
}

#[test]
fn a_program_of_which_any_part_is_killed_ends_with_that_reason() {
    if let Some(folder) = env::var_os(FOLDER) {
        let ended = crate::run::<Tiny>(config(Path::new(&folder)));
        process::exit(ended.map_or_else(|error| error.exit_code().into(), |()| 0));
    }
    let test = "run::tests::killed::a_program_of_which_any_part_is_killed_ends_with_that_reason";
    let programs = PARTS.map(|(part, moment)| (part, start(test, part, moment)));
    for (part, program) in programs {
        let Output { status, stdout, stderr } = end(program);
        let [out, log] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(status.code(), Some(1), "{part}: {status}\n{out}\n{log}");
        assert!(log.contains(&format!("failure={part} panicked: {REASON}")), "{part}:\n{log}");
    }
}
