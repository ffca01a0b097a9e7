//! The door of the real program: what it prints, and what it does without descriptors.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use skirmish_rules::Skirmish;
use tests::real::{GIVE_UP, Player, Server, TestClient, poll, say};

/// So many files a server may have open here; it needs some dozen for itself.
const DESCRIPTORS: u32 = 64;
/// So many where players are to have all of them: each is to come in before the first is missed.
const FEW_DESCRIPTORS: u32 = 32;
/// So many connect at once.
const CROWD: usize = 200;

fn count(status: &Value, name: &str) -> u64 {
    status[name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"))
}

/// What comes back to a request, if anything does: a server without descriptors says its no without
/// having read a word, and that may be lost.
fn probe(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("the kernel takes connections");
    stream.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
    let mut answer = Vec::new();
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let _ = asked.and_then(|()| stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_counters_are_a_port_of_their_own_that_is_printed() {
    let server = Server::start(&[]);
    assert_ne!(server.address(), server.admin_address());
    assert!(server.admin_address().ip().is_loopback());
    assert_eq!(server.get("/api/status").status, 404);
    assert!(server.status()["ticks"].is_u64());
}

#[test]
fn without_descriptors_players_play_on_and_the_door_opens_again() {
    let server = Server::start_with_descriptors(DESCRIPTORS, &["--fill", "0", "--grace", "0"]);
    let player = Player::of::<Skirmish>("lounge");
    let mut inside = TestClient::join(&server, &player);
    let base = server.status();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| TcpStream::connect(server.address()).expect("the kernel takes connections"))
        .collect();
    // Those that are in nobody's way yet fill what there is; then the oldest of them make way.
    let failed = |status: &Value| count(status, "accept_errors") > 0;
    let full = poll(GIVE_UP, || Some(server.status()).filter(failed));
    let full = full.expect("there are not so many descriptors");
    assert!(count(&full, "descriptors") >= u64::from(DESCRIPTORS) - 2, "{full}");
    inside.plays_on();
    let mut newest = TestClient::join(&server, &player);
    newest.plays_on();
    say(&format!("full: {full}"));
    drop((crowd, newest));
    let over = |status: &Value| {
        let back = ["pending_connections", "descriptors"]
            .map(|name| count(status, name) <= count(&base, name));
        (back == [true, true] && count(status, "people") == 1).then_some(())
    };
    poll(GIVE_UP, || over(&server.status())).unwrap_or_else(|| {
        panic!("base: {base}\nnow: {}", server.status());
    });
    let again = TestClient::join(&server, &player);
    inside.plays_on();
    drop(again);
    let status = server.status();
    say(&format!("after: {status}"));
    assert!(count(&status, "pending_evicted") > 0, "{status}");
    for ends in ["silent", "too-slow", "fault", "room-failed"] {
        assert_eq!(count(&status["ends"], ends), 0, "{status}");
    }
}

#[test]
fn when_players_have_all_descriptors_the_next_is_told_so_and_the_one_after_them_gets_in() {
    let server = Server::start_with_descriptors(FEW_DESCRIPTORS, &["--fill", "0"]);
    let player = Player::of::<Skirmish>("lounge");
    let mut inside = Vec::new();
    // Players are in nobody's way: one by one they take all there is.
    while probe(&server).starts_with("HTTP/1.1 200 ") {
        inside.push(TestClient::join(&server, &player));
        assert!(inside.len() < FEW_DESCRIPTORS as usize, "there are not so many descriptors");
    }
    say(&format!("{} players have all of {FEW_DESCRIPTORS} descriptors", inside.len()));
    // One that says nothing has nothing unread that could have its answer lost.
    let mut silent = TcpStream::connect(server.address()).expect("the kernel takes connections");
    silent.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
    let mut answer = String::new();
    silent.read_to_string(&mut answer).expect("it is answered and closed");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: "), "{answer}");
    for client in &mut inside {
        client.plays_on();
    }
    drop(inside.split_off(inside.len() / 2));
    let healthy = || probe(&server).starts_with("HTTP/1.1 200 ").then_some(());
    poll(GIVE_UP, healthy).expect("the door opens again");
    let _again = TestClient::join(&server, &player);
    for client in &mut inside {
        client.plays_on();
    }
    let status = server.status();
    assert!(count(&status["refused_http"], "503") >= 1, "{status}");
}
