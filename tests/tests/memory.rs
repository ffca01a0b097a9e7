//! Memory of the real program: it comes back when players leave, and joins are accepted again.

use std::time::Duration;

use skirmish_rules::Skirmish;
use tests::real::{Bots, GIVE_UP, Player, Server, TestClient, alone, poll, say};
use tickwire_game::protocol::JoinError;

/// So many play at a time.
const PLAYERS: usize = 300;
/// Few ticks: it is their memory that matters.
const SETTINGS: [&str; 8] =
    ["--tick-rate", "10", "--fill", "0", "--room-size", "1000", "--overload-joins", "allow"];
const ROOM: &str = "arena";
/// Longer than all need to come, and to be seen.
const STAY: Duration = Duration::from_secs(12);

fn swarm(server: &Server) -> Bots {
    let count = PLAYERS.to_string();
    let load = ["--bots", &count, "--room", ROOM, "--ramp", "200/s", "--seed", "1"];
    Bots::start(server, STAY, &load)
}

fn memory(server: &Server) -> u64 {
    let status = server.status();
    status["memory_bytes"].as_u64().unwrap_or_else(|| panic!("no memory_bytes in {status}"))
}

#[test]
#[cfg(target_os = "linux")]
fn joins_refused_for_lack_of_memory_are_accepted_again_when_players_have_left() {
    let _alone = alone();
    // What they take of this build on this machine.
    let server = Server::start(&SETTINGS);
    drop(TestClient::join(&server, &Player::of::<Skirmish>(ROOM)));
    let base = poll(GIVE_UP, || Some(memory(&server)).filter(|bytes| *bytes > 0));
    let base = base.expect("memory is sampled every second");
    let players = swarm(&server);
    let come = poll(GIVE_UP, || (people(&server) >= PLAYERS as u64).then_some(()));
    assert!(come.is_some(), "{}", server.status());
    let mut full = base;
    let gone = poll(STAY + GIVE_UP, || {
        full = full.max(memory(&server));
        (people(&server) == 0).then_some(())
    });
    assert!(gone.is_some(), "{}", server.status());
    assert_eq!(players.finish().count("connected"), PLAYERS as u64);
    drop(server);

    let max = (base + (full - base) / 8 * 7).to_string();
    let limited = [&SETTINGS[..], &["--memory-max", &max]].concat();
    let server = Server::start(&limited);
    let players = swarm(&server);
    let ask = || {
        let mut client = TestClient::greet(&server, &Player::of::<Skirmish>(ROOM));
        client.verdict()
    };
    let refused = poll(GIVE_UP, || ask().err());
    assert_eq!(refused, Some(JoinError::ServerFull), "{}", server.status());
    let at_most = memory(&server);
    let _ = players.finish();
    let accepted = poll(GIVE_UP, || ask().ok());
    say(&format!(
        "memory: {base} B at first, {full} B with {PLAYERS} players; limited to {max} B: {at_most} B, \
         and {} B when they had left",
        memory(&server)
    ));
    assert!(accepted.is_some(), "nobody gets in any more: {}\n{}", server.status(), server.log());
}

fn people(server: &Server) -> u64 {
    server.status()["people"].as_u64().unwrap_or(0)
}
