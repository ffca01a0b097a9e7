//! A server that stands still for longer than any deadline: nobody pays for it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use skirmish_rules::Skirmish;
use tests::real::{GIVE_UP, Player, Server, TestClient, alone};
use tickwire::limits::OPENING_MAX;
use tickwire_host::limits::SILENCE_MAX;

#[test]
fn after_a_stall_of_the_server_all_sockets_are_drained_before_any_deadline_is_judged() {
    let _alone = alone();
    let server = Server::start(&["--fill", "0"]);
    let player = Player::of::<Skirmish>("stalled");
    let mut in_play = TestClient::join(&server, &player);
    let mut at_the_door = TestClient::open(&server);
    let mut asking = TcpStream::connect(server.address()).expect("it listens");
    asking.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
    asking.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n").expect("it reads");
    // So that all of this is in before it stands still.
    let _ = server.get("/healthz");
    server.stop();
    at_the_door.say_hello(&player);
    asking.write_all(b"Connection: close\r\n\r\n").expect("the kernel takes it");
    std::thread::sleep(OPENING_MAX.max(SILENCE_MAX) + Duration::from_secs(1));
    server.run_on();
    at_the_door.snapshots(3);
    let mut answer = String::new();
    asking.read_to_string(&mut answer).expect("it answers and closes");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    in_play.snapshots(3);
}
