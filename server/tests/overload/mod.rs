//! A room whose steps take half as long again as there is time for: slow motion, and back.

use shared::protocol::Pace;

use super::*;
use crate::tiny::{HEAVY, LIGHT};

/// As many ticks as the room may make while messages are on their way.
const TICKS: u32 = 200;

/// Gives one input for all ticks from `first` on that may be the next.
fn give(peer: &mut Peer, first: Tick, input: u8) {
    for ahead in 0..TICKS {
        let (seen, rewind) = (Tick(0), Rewind::default());
        let input = &[input];
        let tick = first.plus(ahead);
        peer.say(&ClientMessage::Input(Input { tick, seen, rewind, input }));
    }
}

/// Hears until the room's pace is as looked for.
fn hear_pace(peer: &mut Peer, mut found: impl FnMut(u16) -> bool) -> Pace {
    let mut last = None;
    peer.hear_until(|message| {
        if let ServerMessage::Pace(pace) = message {
            last = Some(pace);
            return found(pace.permille);
        }
        false
    });
    last.expect("one was heard")
}

fn json(address: SocketAddr, path: &str) -> serde_json::Value {
    let answer = get(address, path);
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    serde_json::from_str(body).expect("it is JSON")
}

fn refused(address: SocketAddr, room: RoomWish<'_>) {
    let mut peer = connect(address);
    assert_eq!(peer.join(room), Err(Refusal::Overloaded));
    peer.ends_by(End::Refused);
}

#[test]
fn an_overloaded_room_is_in_slow_motion_lets_nobody_in_and_comes_back() {
    let live = Duration::ZERO;
    let config = Config { shards: Some(1), spectator_delay: live, ..Config::default() };
    let server = start(config);
    let address = server.address();
    let join = |role| {
        let mut peer = connect(address);
        peer.say(&ClientMessage::Hello(Hello { role, ..hello(RoomWish::Named("forge")) }));
        let mut tick = Tick(0);
        peer.hear_until(|message| match message {
            ServerMessage::Welcome(welcome) => {
                tick = welcome.tick;
                true
            }
            _ => false,
        });
        (peer, tick)
    };
    let (mut smith, tick) = join(Role::Player);
    let (mut others, _): (Vec<_>, Vec<_>) =
        [Role::Player, Role::Player, Role::Spectator].map(join).into_iter().unzip();
    give(&mut smith, tick.next(), HEAVY);
    let slow = hear_pace(&mut smith, |permille| permille < 1_000);
    assert!(slow.permille >= 250, "{slow:?}");
    for peer in &mut others {
        hear_pace(peer, |permille| permille < 1_000);
    }
    refused(address, RoomWish::Named("forge"));
    refused(address, RoomWish::Any);
    // The one shard there is has nothing left for another room either.
    refused(address, RoomWish::Named("mill"));
    assert!(json(address, "/api/rooms")[0]["pace_permille"].as_u64() < Some(1_000));
    std::thread::sleep(Duration::from_secs(3));
    give(&mut smith, slow.from, LIGHT);
    hear_pace(&mut smith, |permille| permille == 1_000);
    for peer in &mut others {
        hear_pace(peer, |permille| permille == 1_000);
        peer.say(&ClientMessage::Ping(Ping { number: 9 }));
        peer.hear_until(|message| message == ServerMessage::Pong(Ping { number: 9 }));
    }
    connect(address).join(RoomWish::Named("forge")).expect("it lets in again");
    let status = status(&server);
    let count = |name: &str| status[name].as_u64().expect("it is counted");
    assert_eq!(count("joins_refused_overloaded"), 3, "{status}");
    assert!(count("ticks_slowed") > 30 && count("paces") >= 2, "{status}");
    assert!(status["tick_lateness_us"]["p99"].as_u64() > Some(0), "{status}");
    let ends = status["ends"].as_object().expect("they are by name");
    let cut_off = ends.iter().filter(|(end, _)| !["refused", "lost", "left"].contains(&&***end));
    assert_eq!(cut_off.filter_map(|(_, count)| count.as_u64()).sum::<u64>(), 0, "{status}");
}
