//! A room whose steps take one and a half ticks: it slows down, and recovers.

use test_games::tiny::{HEAVY, LIGHT};
use tickwire_game::protocol::Pace;

use super::*;

/// More ticks than the room makes while messages are in flight.
const TICKS: u32 = 200;

/// Sends one input for every tick from `first` on that may be the next.
pub(super) fn send_inputs(peer: &mut TestClient, first: Tick, input: u8) {
    for ahead in 0..TICKS {
        let (seen, rewind) = (Tick(0), Rewind::default());
        let input = &[input];
        let tick = first.plus(ahead);
        peer.send(&ClientMessage::Input(Input { tick, seen, rewind, input }));
    }
}

/// Receives until the room's time scale is as expected.
fn receive_time_scale(peer: &mut TestClient, mut found: impl FnMut(u16) -> bool) -> Pace {
    let mut last = None;
    peer.receive_until(|message| {
        if let ServerMessage::Pace(pace) = message {
            last = Some(pace);
            return found(pace.permille);
        }
        false
    });
    last.expect("one was received")
}

fn json(address: SocketAddr, path: &str) -> serde_json::Value {
    let answer = get(address, path);
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    serde_json::from_str(body).expect("it is JSON")
}

fn expect_overloaded(address: SocketAddr, room: RoomChoice<'_>) {
    let mut peer = connect(address);
    assert_eq!(peer.join(room), Err(JoinError::Overloaded));
    peer.expect_end(DisconnectReason::Refused);
}

#[test]
fn an_overloaded_room_slows_down_refuses_joins_and_recovers() {
    let live = Duration::ZERO;
    let config = Config { shards: Some(1), spectator_delay: live, ..Config::default() };
    let server = start(config);
    let address = server.address();
    let join = |role| {
        let mut peer = connect(address);
        peer.send(&ClientMessage::Hello(Hello { role, ..hello(RoomChoice::Named("forge")) }));
        let mut tick = Tick(0);
        peer.receive_until(|message| match message {
            ServerMessage::Welcome(welcome) => {
                tick = welcome.tick;
                true
            }
            _ => false,
        });
        (peer, tick)
    };
    let (mut player, tick) = join(Role::Player);
    let (mut others, _): (Vec<_>, Vec<_>) =
        [Role::Player, Role::Player, Role::Spectator].map(join).into_iter().unzip();
    send_inputs(&mut player, tick.next(), HEAVY);
    let slow = receive_time_scale(&mut player, |permille| permille < 1_000);
    assert!(slow.permille >= 250, "{slow:?}");
    for peer in &mut others {
        receive_time_scale(peer, |permille| permille < 1_000);
    }
    expect_overloaded(address, RoomChoice::Named("forge"));
    expect_overloaded(address, RoomChoice::Any);
    // The only shard has no time left for another room either.
    expect_overloaded(address, RoomChoice::Named("mill"));
    assert!(json(address, "/api/rooms")[0]["time_scale"].as_f64() < Some(1.0));
    std::thread::sleep(Duration::from_secs(3));
    send_inputs(&mut player, slow.from, LIGHT);
    receive_time_scale(&mut player, |permille| permille == 1_000);
    for peer in &mut others {
        receive_time_scale(peer, |permille| permille == 1_000);
        peer.send(&ClientMessage::Ping(Ping { number: 9 }));
        peer.receive_until(|message| message == ServerMessage::Pong(Ping { number: 9 }));
    }
    connect(address).join(RoomChoice::Named("forge")).expect("it accepts joins again");
    let status = status(&server);
    let count = |name: &str| status[name].as_u64().expect("it is counted");
    assert_eq!(count("joins_refused_overloaded"), 3, "{status}");
    assert!(count("ticks_slowed") > 30 && count("time_scale_changes") >= 2, "{status}");
    assert!(status["tick_lateness_us"]["p99"].as_u64() > Some(0), "{status}");
    let ends = status["ends"].as_object().expect("they are by name");
    let cut_off = ends.iter().filter(|(end, _)| !["refused", "lost", "left"].contains(&&***end));
    assert_eq!(cut_off.filter_map(|(_, count)| count.as_u64()).sum::<u64>(), 0, "{status}");
}
