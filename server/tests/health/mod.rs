//! What `/healthz` says of a server that does not work.

use test_games::tiny::{HOLD, RELEASED};

use super::overload::send_inputs;
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
fn a_shard_that_is_stuck_is_named_until_it_goes_on() {
    let server = start(Config { shards: Some(1), ..Config::default() });
    assert!(get(server.address(), "/healthz").starts_with("HTTP/1.1 200 "));
    let mut player = connect(server.address());
    let tick = player.join(RoomChoice::Any).expect("there is space");
    send_inputs(&mut player, tick.next(), HOLD);
    for address in [server.address(), server.admin_address()] {
        let stuck = health_until(address, "HTTP/1.1 503 ");
        assert!(stuck.contains("shard-0 has given no sign of life"), "{stuck}");
    }
    RELEASED.store(true, Ordering::Relaxed);
    let well = health_until(server.address(), "HTTP/1.1 200 ");
    assert!(well.ends_with("\r\n\r\nok\n"), "{well}");
}
