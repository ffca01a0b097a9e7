//! A server that stands still for longer than any deadline: nobody pays for it.

use std::time::Duration;

use shared::limits::{OPENING_MAX, SILENCE_MAX};
use shared::skirmish::Skirmish;
use tests::real::{Line, Player, Server, alone};

#[test]
fn after_a_stall_of_the_server_all_sockets_are_drained_before_any_deadline_is_judged() {
    let _alone = alone();
    let server = Server::start(&["--fill", "0"]);
    let player = Player::of::<Skirmish>("stalled");
    let mut in_play = Line::join(&server, &player);
    let mut at_the_door = Line::open(&server);
    server.stop();
    at_the_door.say_hello(&player);
    std::thread::sleep(OPENING_MAX.max(SILENCE_MAX) + Duration::from_secs(1));
    server.run_on();
    at_the_door.snapshots(3);
    in_play.snapshots(3);
}
