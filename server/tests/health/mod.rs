//! What `/healthz` says of a server that does not work.

use test_games::trouble::{self, Opening, Trouble};
use tickwire_game::game::Game;

use super::*;

/// Asks until the answer begins with this status line.
fn health_until(address: SocketAddr, status: &str) -> String {
    let asked = Instant::now();
    loop {
        let answer = get(address, "/healthz");
        if answer.starts_with(status) {
            return answer;
        }
        assert!(asked.elapsed() < PATIENCE, "not {status}: {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_part_that_is_stuck_is_named_until_it_goes_on() {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::<Trouble>::start(Config { listen, fill: 0, ..Config::default() });
    let server = server.expect("the server starts");
    assert!(get(server.address(), "/healthz").starts_with("HTTP/1.1 200 "));
    // No shard makes a room: it is the builder that does not come back.
    let mut player = connect(server.address());
    let settings = format!("{{\"opening\":\"{:?}\"}}", Opening::Sleeps);
    let (game, rules, settings) = (Trouble::NAME, Trouble::RULES, Some(&*settings));
    let hello = Hello { game, rules, settings, ..hello(RoomChoice::Named("slow")) };
    player.send(&ClientMessage::Hello(hello));
    for address in [server.address(), server.admin_address()] {
        let stuck = health_until(address, "HTTP/1.1 503 ");
        assert!(stuck.contains("builder has given no sign of life"), "{stuck}");
    }
    trouble::release_worlds();
    health_until(server.address(), "HTTP/1.1 200 ");
    player.receive_until(|message| matches!(message, ServerMessage::Welcome(_)));
}
