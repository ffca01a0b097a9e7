//! A server that is to close: on virtual time what its clients notice, and in real time what becomes of the
//! program by which signals.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use skirmish_rules::Skirmish;
use test_games::stones::{Settings, Stones};
use tests::real::{GIVE_UP, Player, Server, TestClient, http, poll};
use tickwire_game::protocol::{ClientMessage, DisconnectReason, JoinError};
use tickwire_host::Drain;
use tickwire_test::{Path, Simulator, Who};

const SECOND: Duration = Duration::from_secs(1);
const DRAIN: Drain = Drain { lasts: Duration::from_secs(30), ends_rooms: true };

/// A room of two players, the second of whom leaves early, and a spectator.
fn room() -> (Simulator<Stones>, [Who; 3]) {
    let settings = Settings { may_end_with: Some(1), ..Settings::default() };
    let world = Simulator::<Stones>::new(1).settings(settings).spectator_delay(Duration::ZERO);
    let mut world = world.grace(6 * SECOND);
    let who = [world.join("stays", Path::good()), world.join("leaves", Path::good())];
    let watches = world.spectate(Path::good());
    world.run(2 * SECOND);
    world.all_play();
    (world, [who[0], who[1], watches])
}

/// That the client believes the server to close at `at`, but for the time of its path and the seconds in
/// which it is sent.
fn assert_closes_at(world: &Simulator<Stones>, who: Who, at: Duration) {
    let believed = world.client(who).closes_at().expect("it was sent the time");
    assert!(believed >= at && believed < at + 2 * SECOND, "{believed:?}, but it is {at:?}");
}

#[test]
fn every_client_knows_when_the_server_closes_and_so_does_one_that_comes_back() {
    let (mut world, all) = room();
    let [stays, leaves, watches] = all;
    assert!(all.iter().all(|who| world.client(*who).closes_at().is_none()));
    let closes_at = world.now() + DRAIN.lasts;
    world.drain(Drain { ends_rooms: false, ..DRAIN });
    world.run(SECOND);
    for who in all {
        assert_closes_at(&world, who, closes_at);
    }
    world.cut(stays);
    world.cut(watches);
    world.run(3 * SECOND);
    let newcomer = world.join("late", Path::good());
    world.resume(stays, Path::good());
    world.resume(watches, Path::good());
    world.run(SECOND);
    assert_eq!(world.ended(newcomer), Some(DisconnectReason::Refused));
    for who in [stays, watches] {
        assert_eq!(world.ended(who), None, "it may come back");
        assert_closes_at(&world, who, closes_at);
    }
    // It is over with the last player: who only watches does not count, who is away does for as long as it
    // may come back.
    world.leave(leaves);
    world.cut(stays);
    world.run(5 * SECOND);
    assert!(!world.is_drained());
    world.run(2 * SECOND);
    assert!(world.is_drained());
    assert_eq!(world.ended(watches), None);
}

#[test]
fn a_room_whose_game_may_end_ends_while_the_server_drains() {
    let (mut world, [stays, leaves, watches]) = room();
    world.drain(DRAIN);
    world.run(2 * SECOND);
    assert_eq!(world.ended(stays), None);
    world.leave(leaves);
    world.run(SECOND);
    for who in [stays, watches] {
        assert_eq!(world.ended(who), Some(DisconnectReason::Closing));
    }
    assert!(world.is_drained());
}

fn player() -> Player {
    Player::of::<Skirmish>("last")
}

/// The answer of `/readyz`.
fn readiness(address: SocketAddr) -> (u16, String) {
    let response = http::request(address, "GET", "/readyz");
    (response.status, response.text())
}

#[test]
fn a_server_that_is_terminated_lets_its_players_finish_and_nobody_else_in() {
    let mut server = Server::start(&["--drain", "600s", "--fill", "2"]);
    assert_eq!(readiness(server.address()).0, 200);
    let mut clients = [(); 3].map(|()| TestClient::join(&server, &player()));
    server.signal("TERM");
    for client in &mut clients {
        let (in_seconds, text) = client.closing();
        // Two seconds are for goodbyes.
        assert!((541..=598).contains(&in_seconds), "{in_seconds}");
        assert_eq!(text, "The server closes in 10 min.");
    }
    let draining = (503, "{\"ready\":false,\"reason\":\"draining\"}\n".to_owned());
    assert_eq!(readiness(server.address()), draining);
    assert_eq!(readiness(server.admin_address()), draining);
    assert_eq!(server.get("/healthz").status, 200, "it is well");
    let newcomer = TestClient::greet(&server, &player()).ending();
    assert_eq!(newcomer.refusal, Some(JoinError::Closing));
    // Its files are read again, and it goes on.
    server.signal("HUP");
    let logged = poll(GIVE_UP, || server.log().contains("SIGHUP").then_some(()));
    assert!(logged.is_some(), "{}", server.log());
    clients[0].plays_on();
    for mut client in clients {
        client.say(&ClientMessage::Goodbye);
        assert_eq!(client.ending().code, Some(DisconnectReason::Left.code()));
    }
    let status = server.ended();
    assert!(status.success(), "{status}:\n{}", server.log());
}

#[test]
fn the_players_who_are_left_when_the_time_is_over_are_sent_a_goodbye() {
    let mut server = Server::start(&["--drain", "4s", "--fill", "2"]);
    let mut client = TestClient::join(&server, &player());
    server.signal("TERM");
    let (in_seconds, text) = client.closing();
    assert!(in_seconds <= 2, "{in_seconds}");
    assert_eq!(text, format!("The server closes in {in_seconds} s."));
    let ending = client.ending();
    assert_eq!(ending.goodbye, Some(DisconnectReason::Closing), "{ending:?}");
    drop(client);
    let status = server.ended();
    assert!(status.success(), "{status}:\n{}", server.log());
}

#[test]
fn without_a_drain_a_server_ends_though_its_clients_do_not_answer() {
    let mut server = Server::start(&["--fill", "2"]);
    let clients = [(); 3].map(|()| TestClient::join(&server, &player()));
    server.signal("TERM");
    let status = server.ended();
    assert!(status.success(), "{status}:\n{}", server.log());
    assert!(server.log().contains("did not answer their goodbye"), "{}", server.log());
    for mut client in clients {
        assert_eq!(client.ending().code, Some(DisconnectReason::Closing.code()));
    }
}

#[test]
fn a_second_signal_ends_a_server_at_once_and_hangups_never_do() {
    for second in ["TERM", "INT"] {
        let mut server = Server::start(&["--drain", "600s", "--fill", "2"]);
        let mut client = TestClient::join(&server, &player());
        server.signal("INT");
        client.closing();
        server.signal("HUP");
        client.plays_on();
        server.signal(second);
        assert_eq!(server.ended().code(), Some(130), "{}", server.log());
    }
}

/// The service manager's end of a socket.
struct Manager(UnixDatagram, PathBuf);

impl Manager {
    fn new() -> Manager {
        let path = std::env::temp_dir().join(format!("tickwire-notify-{}", std::process::id()));
        let socket = UnixDatagram::bind(&path).expect("a socket can be bound");
        socket.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
        Manager(socket, path)
    }

    /// The next message that has this line; its lines.
    fn until(&self, line: &str) -> Vec<String> {
        loop {
            let mut bytes = [0; 4_096];
            let count = self.0.recv(&mut bytes).unwrap_or_else(|error| panic!("{line}: {error}"));
            let text = String::from_utf8(bytes[..count].to_vec()).expect("it is text");
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            if lines.iter().any(|sent| sent == line) {
                return lines;
            }
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // What is left there is the operating system's to clear away.
        let _ = fs::remove_file(&self.1);
    }
}

#[test]
fn systemd_is_notified_of_all_that_becomes_of_a_server() {
    let manager = Manager::new();
    // A shell, which sets what systemd does and becomes the program.
    let mut shell = Command::new("sh");
    shell.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" \"$@\""]);
    shell.env("NOTIFY_SOCKET", &manager.1).env("WATCHDOG_USEC", "400000");
    let mut server =
        Server::start_within(shell, Stdio::piped(), &["--drain", "600s", "--fill", "2"]);
    manager.until("READY=1");
    assert!(manager.until("WATCHDOG=1")[0].starts_with("STATUS="));
    let mut client = TestClient::join(&server, &player());
    manager.until("STATUS=1 playing, 0 watching, rooms: 1");
    server.signal("HUP");
    let reloads = manager.until("RELOADING=1");
    assert!(reloads[1].starts_with("MONOTONIC_USEC="), "{reloads:?}");
    manager.until("READY=1");
    server.signal("TERM");
    let stops = manager.until("STOPPING=1");
    assert_eq!(stops[1], "EXTEND_TIMEOUT_USEC=610000000");
    client.closing();
    manager.until("STATUS=Draining: 1 playing, 0 watching, rooms: 1");
    client.say(&ClientMessage::Goodbye);
    drop(client);
    let status = server.ended();
    assert!(status.success() && status.signal().is_none(), "{status}:\n{}", server.log());
}
