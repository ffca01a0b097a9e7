//! The own bolts as a screen shows them, frame by frame: there at once, never twice, never leaping,
//! and gone where the server's are gone.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::collections::BTreeMap;
use std::time::Duration;

use skirmish_rules::kinds::Bolt;
use skirmish_rules::rules::BOLT_SPEED;
use skirmish_rules::{Input, Settings, Skirmish};
use tickwire_game::client::Drawing;
use tickwire_game::scene::Kinds;
use tickwire_test::{Path, Simulator, Who, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// Of an animation at 60 frames a second, in whole microseconds.
const FRAME: Duration = Duration::from_micros(16_667);

fn open_room(tick_rate_hz: u16) -> Simulator<Skirmish> {
    let seed = seed_or(1);
    println!("seed {seed}");
    let settings = Settings { obstacles: false, ..Settings::default() };
    Simulator::new(seed).tick_rate(tick_rate_hz).settings(settings)
}

/// The bolts on the screen, by the number of the shot, with their distance from the own ship.
fn bolts(world: &mut Simulator<Skirmish>, who: Who, held: Input) -> BTreeMap<u64, f64> {
    let (now, player) = (world.now(), world.player(who).expect("it plays"));
    let mut drawing = Drawing::default();
    let client = world.client_mut(who);
    client.draw(now, held, &mut drawing);
    let own = client.own().expect("it has a ship").motion.place;
    let mut seen = BTreeMap::new();
    let bolt = Kinds::of::<Skirmish>().index::<Bolt>();
    for row in drawing.iter().filter(|row| row.kind == bolt) {
        let [x, y, owner, shot] = [0, 1, 3, 4].map(|field| row.values[field]);
        if owner == f64::from(player.0) {
            let distance = (x - f64::from(own.x)).hypot(y - f64::from(own.y));
            let twice = seen.insert(shot as u64, distance);
            assert_eq!(twice, None, "shot {shot} is there twice");
        }
    }
    seen
}

#[test]
fn own_bolts_are_there_at_once_and_fly_without_a_leap_into_those_of_the_server() {
    for (hz, latency_ms, jitter_ms) in [(30, 0, 0), (30, 150, 0), (30, 250, 20), (128, 150, 10)] {
        let what = format!("{hz} Hz, {latency_ms} ms, {jitter_ms} ms");
        let mut world = open_room(hz);
        let path = Path { one_way: latency_ms * MS / 2, jitter: jitter_ms * MS, ..Path::default() };
        let who = world.join("a player", path);
        world.run(4 * SECOND);
        // Its first ship is news to it.
        let spawned = world.client(who).corrections();
        assert!(spawned <= 1, "{what}: {spawned}");
        // From one side of the arena all across it: they end where they please.
        world.hold(who, Input::new(Input::LEFT, 0));
        world.run(6 * SECOND);
        let held = Input::new(Input::FIRE, 0);
        world.hold(who, held);
        let mut before = BTreeMap::new();
        let mut first_seen = None;
        let mut ends = 0;
        for frame in 0..300 {
            world.run(FRAME);
            let seen = bolts(&mut world, who, held);
            if !seen.is_empty() {
                first_seen.get_or_insert(frame);
            }
            for (shot, distance) in &seen {
                let known = before.get(shot).copied();
                // The way of a frame, and of a tick for one that is new.
                let way = f64::from(BOLT_SPEED) * FRAME.as_secs_f64();
                let tick = f64::from(BOLT_SPEED) / f64::from(hz);
                let step = distance - known.unwrap_or(0.0);
                let most = if known.is_some() { 1.3 * way } else { tick + way };
                assert!((-0.05..=most).contains(&step), "{what}, {frame}: shot {shot} by {step}");
            }
            ends += before.keys().filter(|shot| !seen.contains_key(shot)).count();
            before = seen;
        }
        let frames_of_a_tick = 60 / usize::from(hz) + 2;
        let first_seen = first_seen.expect("it fires");
        assert!(first_seen <= frames_of_a_tick, "{what}: first seen in frame {first_seen}");
        assert!(ends > 8, "{what}: {ends} bolts came to their ends");
        assert_eq!(world.client(who).corrections(), spawned, "{what}");
    }
}

#[test]
fn a_bolt_that_has_broken_on_the_border_does_not_come_there_once_more() {
    let mut world = open_room(30);
    let who = world.join("a player", Path { one_way: 125 * MS, ..Path::default() });
    world.run(4 * SECOND);
    // To the border first, and then at it from near by.
    world.hold(who, Input::new(Input::RIGHT, 0));
    world.run(6 * SECOND);
    let held = Input::new(Input::FIRE, 0);
    world.hold(who, held);
    let mut gone = Vec::new();
    let mut before = BTreeMap::new();
    for frame in 0..240_u32 {
        world.run(FRAME);
        let seen = bolts(&mut world, who, held);
        for shot in seen.keys() {
            let came_back = gone.iter().any(|(gone, at)| gone == shot && frame - at < 60);
            assert!(!came_back, "shot {shot} is back in frame {frame}");
        }
        gone.extend(
            before.keys().filter(|shot| !seen.contains_key(shot)).map(|shot| (*shot, frame)),
        );
        before = seen;
    }
    assert!(gone.len() > 8, "{} bolts broke", gone.len());
}
