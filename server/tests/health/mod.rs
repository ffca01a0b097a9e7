//! What `/healthz` and `/readyz` say of a server that does not work, is full, or is about to close.

use serde_json::{Value, json};
use test_games::trouble::{self, Opening, Trouble};
use tickwire::EdgeConfig;
use tickwire_game::game::Game;

use super::*;

/// A probe's answer: the status code and the body.
fn probe(address: SocketAddr, path: &str) -> (u16, Value) {
    let answer = get(address, path);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let code = head[9..12].parse().expect("a status code");
    (code, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
}

/// Asks until the answer has this status code; its body.
fn probe_until(address: SocketAddr, path: &str, code: u16) -> Value {
    let asked = Instant::now();
    loop {
        let (answered, body) = probe(address, path);
        if answered == code {
            return body;
        }
        assert!(asked.elapsed() < PATIENCE, "{path}: not {code} but {answered}: {body}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn not_ready(reason: &str) -> Value {
    json!({ "ready": false, "reason": reason })
}

#[test]
fn a_room_that_is_never_built_fails_and_the_server_stays_well() {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { listen, fill: 0, shards: Some(1), ..Config::default() };
    let server = Server::<Trouble>::start(config).expect("the server starts");
    let (public, admin) = (server.address(), server.admin_address());
    assert_eq!(probe(public, "/healthz"), (200, json!({ "status": "ok" })));
    let (code, well) = probe(admin, "/healthz");
    assert_eq!((code, &well["status"]), (200, &json!("ok")));
    let parts = well["parts"].as_array().expect("a list");
    let mut names: Vec<_> = parts.iter().filter_map(|part| part["part"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["builder", "edge", "keeper", "lobby", "shard-0"]);
    let open = |room: &str, opening: Opening| {
        let mut player = connect(public);
        let settings = format!("{{\"opening\":\"{opening:?}\"}}");
        let (game, rules, settings) = (Trouble::NAME, Trouble::RULES, Some(&*settings));
        let hello = Hello { game, rules, settings, ..hello(RoomChoice::Named(room)) };
        player.send(&ClientMessage::Hello(hello));
        player
    };
    let (never, mut later) = (open("never", Opening::Sleeps), open("later", Opening::Fine));
    never.expect_end(DisconnectReason::RoomFailed);
    later.receive_until(|message| matches!(message, ServerMessage::Welcome(_)));
    assert_eq!(probe(public, "/healthz"), (200, json!({ "status": "ok" })));
    assert_eq!(probe_until(public, "/readyz", 200), json!({ "ready": true }));
    // A room that is built at last is nobody's.
    trouble::release_worlds();
    open("after", Opening::Fine)
        .receive_until(|message| matches!(message, ServerMessage::Welcome(_)));
}

#[test]
fn a_server_that_is_full_takes_no_newcomers_but_works() {
    let server = start(Config { connections_max: 1, ..Config::default() });
    let both = [server.address(), server.admin_address()];
    let mut only = connect(server.address());
    only.join(RoomChoice::Any).expect("there is space");
    for address in both {
        assert_eq!(probe_until(address, "/readyz", 503), not_ready("full"));
        assert_eq!(probe(address, "/healthz").0, 200);
    }
    drop(only);
    for address in both {
        assert_eq!(probe_until(address, "/readyz", 200), json!({ "ready": true }));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn that_memory_is_scarce_is_for_the_operator_to_know() {
    // It uses more from the start.
    let edge = EdgeConfig { memory_max: Some(1 << 20), ..EdgeConfig::default() };
    let server = start(Config { edge, ..Config::default() });
    assert_eq!(probe_until(server.admin_address(), "/readyz", 503), not_ready("memory"));
    assert_eq!(probe(server.address(), "/readyz").1, not_ready("full"));
}

#[test]
fn a_server_that_drains_says_so_at_once_and_is_done_as_soon_as_nobody_plays() {
    let server = server();
    let mut player = connect(server.address());
    player.join(RoomChoice::Any).expect("there is space");
    assert_eq!(probe(server.address(), "/readyz").0, 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime can be made");
    std::thread::scope(|threads| {
        let drained = threads.spawn(|| runtime.block_on(server.drain(2 * PATIENCE)));
        player.receive_until(|message| matches!(message, ServerMessage::Closing(_)));
        for address in [server.address(), server.admin_address()] {
            assert_eq!(probe(address, "/readyz"), (503, not_ready("draining")));
            assert_eq!(probe(address, "/healthz").0, 200);
        }
        let refused = connect(server.address()).join(RoomChoice::Any);
        assert_eq!(refused.err(), Some(JoinError::Closing));
        assert!(!drained.is_finished());
        player.send(&ClientMessage::Goodbye);
        let began = Instant::now();
        drained.join().expect("no panic");
        assert!(began.elapsed() < PATIENCE, "it did not wait for the time to be over");
    });
    server.stop();
}
