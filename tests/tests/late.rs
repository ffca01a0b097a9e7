//! What comes after years: rooms whose ticks are near half of all numbers, and near the last.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::time::Duration;

use skirmish_rules::kinds::Round;
use skirmish_rules::{Settings, Skirmish};
use test_games::dots::Dots;
use tickwire_game::game::Game;
use tickwire_game::limits::TICK_MAX;
use tickwire_game::protocol::DisconnectReason;
use tickwire_game::scene::Kinds;
use tickwire_game::tick::Tick;
use tickwire_test::{Path, Simulator, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn room<G: Game>(first_tick: u32) -> Simulator<G> {
    let seed = seed_or(1);
    println!("seed {seed}, from tick {first_tick} on");
    Simulator::new(seed).first_tick(Tick(first_tick))
}

fn line() -> Path {
    Path { one_way: 30 * MS, jitter: 10 * MS, ..Path::default() }
}

/// Half a minute around a tick: the checker looks at every snapshot of each client.
fn plays_across<G: Game>(tick: u32, settings: G::Settings) -> Simulator<G> {
    let mut world = room::<G>(tick - 450).bots(4).settings(settings);
    let players = [(); 3].map(|()| world.join_bot(line()));
    world.spectate(line());
    world.run(30 * SECOND);
    world.all_play();
    assert!(world.room().tick() > Tick(tick));
    for player in players {
        let counters = world.client(player).counters();
        assert!(counters.snapshots > 29 * 30 - 15, "{counters:?}");
        assert!(counters.late_inputs < 30, "{counters:?}");
    }
    world
}

#[test]
fn half_of_all_ticks_is_a_tick_like_any_other() {
    plays_across::<Dots>(1 << 31, ());
    let world = plays_across::<Skirmish>(1 << 31, Settings::default());
    // The countdown of a round goes on across it.
    let scene = &world.room().published().scene();
    let kinds = Kinds::of::<Skirmish>();
    let (_, round) = scene.rows().each::<Round>(&kinds).next().expect("there is a round");
    let ends = round.ends as u32;
    let left = Tick(ends).since(world.room().tick());
    assert!((1..=180 * 30).contains(&left), "{left} ticks left");
}

#[test]
fn a_room_announces_its_end_and_ends_with_its_own_reason() {
    // A little more than ten minutes before.
    let mut world = room::<Dots>(TICK_MAX - 605 * 30);
    let player = world.join_bot(line());
    let spectator = world.spectate(line());
    world.run(4 * SECOND);
    assert_eq!(world.client_mut(player).next_notice(), None);
    world.run(3 * SECOND);
    for who in [player, spectator] {
        let notice = world.client_mut(who).next_notice().expect("it hears of it");
        assert!(notice.contains("10 min"), "{notice}");
    }
    let late = world.join_bot(line());
    world.run(2 * SECOND);
    let notice = world.client_mut(late).next_notice().expect("who comes then hears of it too");
    assert!(notice.contains("10 min"), "{notice}");
}

#[test]
fn a_room_makes_its_last_tick_and_is_over() {
    for players in [0, 3] {
        let mut world = room::<Skirmish>(TICK_MAX - 20 * 30).bots(2);
        let players: Vec<_> = (0..players).map(|_| world.join_bot(line())).collect();
        world.run(19 * SECOND);
        world.all_play();
        assert!(!world.is_over(), "{} players", players.len());
        world.run(3 * SECOND);
        assert!(world.is_over(), "{} players", players.len());
        for player in players {
            assert_eq!(world.ended(player), Some(DisconnectReason::RoomOver));
        }
    }
}
