//! The system on virtual time. Each test prints its seed; `SEED=n` runs them with another.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::time::Duration;

use skirmish_rules::{Input, Skirmish};
use test_games::dots::{Dots, Go};
use tickwire_game::client::Drawing;
use tickwire_game::game::Game;
use tickwire_game::protocol::DisconnectReason;
use tickwire_host::limits::SPECTATOR_DELAY_DEFAULT;
use tickwire_test::{Path, Simulator, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn seed() -> u64 {
    let seed = seed_or(1);
    println!("seed {seed}");
    seed
}

/// As on a phone: far, uneven, and now and then nothing for a while.
fn rough() -> Path {
    Path {
        one_way: 40 * MS,
        jitter: 20 * MS,
        stall: Some((5 * SECOND, 300 * MS)),
        ..Path::default()
    }
}

fn clean() -> Path {
    Path { one_way: 10 * MS, ..Path::default() }
}

/// The checker runs at every snapshot: mirrors equal, nothing outside interest.
fn a_crowd_plays<G: Game>(seed: u64) -> Simulator<G> {
    let mut world = Simulator::<G>::new(seed).bots(4);
    for at in 0..24 {
        world.join_bot(if at % 3 == 0 { rough() } else { clean() });
    }
    for _ in 0..3 {
        world.spectate(rough());
    }
    world.run(20 * SECOND);
    world.all_play();
    world
}

#[test]
fn a_crowd_on_good_and_bad_lines_plays_and_every_snapshot_is_right() {
    let seed = seed();
    a_crowd_plays::<Dots>(seed);
    a_crowd_plays::<Skirmish>(seed);
}

#[test]
fn the_checker_for_authors_finds_nothing_in_the_bundled_game() {
    tickwire_test::check::<Skirmish>(seed());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let seed = seed();
    let (first, second) = (a_crowd_plays::<Skirmish>(seed), a_crowd_plays::<Skirmish>(seed));
    assert_eq!(first.hashes(), second.hashes());
    let other = a_crowd_plays::<Skirmish>(seed + 1);
    assert_ne!(first.hashes(), other.hashes());
}

#[test]
fn alone_on_a_clean_line_nothing_is_ever_corrected() {
    let mut world = Simulator::<Skirmish>::new(seed());
    let player = world.join_bot(clean());
    // Its first ship is news to it.
    world.run(5 * SECOND);
    let spawned = world.client(player).corrections();
    assert!(spawned <= 1, "{spawned}");
    world.run(60 * SECOND);
    world.all_play();
    assert_eq!(world.client(player).corrections(), spawned);
    assert!(world.client(player).counters().snapshots > 64 * 30);
}

#[test]
fn what_a_player_holds_moves_it_on_the_server() {
    let mut world = Simulator::<Dots>::new(seed());
    let player = world.join("a player", clean());
    world.run(2 * SECOND);
    let id = world.player(player).expect("it plays");
    let before = world.room().game().own(id);
    world.hold(player, Go { x: 3, y: 0, blink: false });
    world.run(2 * SECOND);
    assert_ne!(world.room().game().own(id), before);
    assert_eq!(world.client(player).corrections(), 0);
}

#[test]
fn what_was_predicted_wrongly_is_put_right() {
    let mut world = Simulator::<Dots>::new(seed());
    let stalls = Some((2 * SECOND, SECOND));
    let player = world.join("a player", Path { stall: stalls, ..rough() });
    world.run(2 * SECOND);
    for x in [5, -9, 20, 1] {
        world.hold(player, Go { x, y: 3, blink: false });
        world.run(2 * SECOND);
    }
    assert!(world.client(player).corrections() > 0, "inputs lost in a stall are mispredicted");
    world.hold(player, Go::default());
    world.run(4 * SECOND);
    let id = world.player(player).expect("it plays");
    assert_eq!(world.client(player).own().copied(), world.room().game().own(id));
}

#[test]
fn late_inputs_are_rare_once_the_clock_has_settled() {
    let mut world = Simulator::<Skirmish>::new(seed());
    let path = Path { one_way: 50 * MS, jitter: 25 * MS, ..Path::default() };
    let players: Vec<_> = (0..8).map(|_| world.join_bot(path)).collect();
    world.run(10 * SECOND);
    let late_at_first: Vec<u64> =
        players.iter().map(|&who| world.client(who).counters().late_inputs).collect();
    world.run(60 * SECOND);
    for (&who, late_at_first) in players.iter().zip(late_at_first) {
        let late = world.client(who).counters().late_inputs - late_at_first;
        assert!(late <= 18, "{late} of 1800 inputs came late");
    }
}

/// A kernel that takes a good deal before it says that it is too much, before a path that takes
/// little.
fn slow(bytes_per_second: u32) -> Path {
    let bytes_per_second = Some(bytes_per_second);
    Path { bytes_per_second, buffer_bytes: Some(16_384), ..clean() }
}

/// Below which 99 of 100 lie.
fn p99(mut ages: Vec<Duration>) -> Duration {
    ages.sort_unstable();
    ages[(ages.len() - 1) * 99 / 100]
}

#[test]
fn a_player_on_a_slow_line_gets_fewer_snapshots_and_fresh_ones_and_slows_nobody() {
    let mut world = Simulator::<Skirmish>::new(seed());
    // 20 kbit/s; and so little that not all can come through, nor anything soon: deaths, points and
    // who hurt whom alone take a good part of it.
    let slow = [(2_500, SECOND), (500, 7 * SECOND / 2)]
        .map(|(rate, old)| (world.join_bot(slow(rate)), old));
    let others: Vec<_> = (0..30).map(|_| world.join_bot(clean())).collect();
    world.run(10 * SECOND);
    slow.iter().for_each(|&(who, _)| drop(world.take_ages(who)));
    others.iter().for_each(|&who| drop(world.take_ages(who)));
    world.run(60 * SECOND);
    world.all_play();
    for who in others {
        let ages = world.take_ages(who);
        assert_eq!(ages.len(), 1_800, "one a tick");
        assert!(ages.iter().all(|age| *age < 11 * MS), "nobody waits for another");
    }
    for (who, old) in slow {
        let ages = world.take_ages(who);
        println!("{} snapshots in a minute, p99 {:?}", ages.len(), p99(ages.clone()));
        assert!(ages.len() > 120, "{} snapshots in a minute", ages.len());
        assert!(p99(ages) < old);
    }
    assert!(world.room_counters().snapshots_held_back > 300);
}

#[test]
fn a_player_far_away_gets_every_tick() {
    let mut world = Simulator::<Skirmish>::new(seed()).bots(8);
    let far = world.join_bot(Path { one_way: 200 * MS, ..Path::default() });
    world.run(3 * SECOND);
    world.take_ages(far);
    world.run(60 * SECOND);
    assert_eq!(world.take_ages(far).len(), 1_800);
}

#[test]
fn spectators_see_all_as_it_was_by_the_delay_ago_and_it_is_encoded_once() {
    let delay = SPECTATOR_DELAY_DEFAULT;
    let mut world = Simulator::<Skirmish>::new(seed()).bots(24);
    world.run(SECOND);
    assert_eq!(world.room_counters().broadcast_encodes, 0, "nobody watches");
    let first = world.spectate(clean());
    world.run(delay);
    assert_eq!(world.client(first).tick(), None, "what was before it came is not kept");
    world.run(SECOND);
    assert!(world.client(first).names().is_some_and(|names| names.iter().len() == 24));
    // Those who come later begin at once.
    let later: Vec<_> = (0..20).map(|_| world.spectate(clean())).collect();
    world.run(SECOND / 5);
    for &who in &later {
        assert_eq!(world.client(who).tick(), world.client(first).tick());
    }
    world.take_ages(first);
    later.iter().for_each(|&who| drop(world.take_ages(who)));
    let encodes = world.room_counters().broadcast_encodes;
    world.run(20 * SECOND);
    world.all_play();
    assert_eq!(world.room_counters().broadcast_encodes - encodes, 600);
    assert_eq!(world.room_counters().snapshots, 0, "none is made for one of them");
    for &who in later.iter().chain([&first]) {
        let ages = world.take_ages(who);
        assert_eq!(ages.len(), 600, "one a tick");
        let as_late = delay..delay + 11 * MS;
        assert!(ages.iter().all(|age| as_late.contains(age)), "{:?}", ages.iter().max());
    }
    later.iter().for_each(|&who| world.leave(who));
    world.leave(first);
    world.run(SECOND);
    let encodes = world.room_counters().broadcast_encodes;
    world.run(SECOND);
    assert_eq!(world.room_counters().broadcast_encodes, encodes, "nobody is left");
}

#[test]
fn a_spectator_far_away_gets_every_tick_whenever_it_comes() {
    let mut world = Simulator::<Skirmish>::new(seed()).bots(8).spectator_delay(SECOND / 2);
    world.spectate(clean());
    world.run(3 * SECOND);
    let latencies = [0, 20, 100, 200, 300, 500].map(|latency| latency * MS);
    let mut all = Vec::new();
    for _ in 0..10 {
        let join =
            |latency| (latency, world.spectate(Path { one_way: latency, ..Path::default() }));
        all.extend(latencies.map(join));
        // No whole number of ticks, so that all phases of the keyframe are met.
        world.run(107 * MS);
    }
    world.run(6 * SECOND);
    all.iter().for_each(|&(_, who)| drop(world.take_ages(who)));
    world.run(5 * SECOND);
    world.all_play();
    for (latency, who) in all {
        let came = world.take_ages(who).len();
        assert!((149..=151).contains(&came), "{came} in five seconds over {latency:?}");
    }
}

#[test]
fn without_a_delay_spectators_see_what_is() {
    let mut world = Simulator::<Skirmish>::new(seed()).bots(8).spectator_delay(Duration::ZERO);
    let who = world.spectate(clean());
    world.run(10 * SECOND);
    let ages = world.take_ages(who);
    assert!(ages.len() >= 298 && ages.iter().all(|age| *age < 11 * MS), "{}", ages.len());
}

#[test]
fn a_spectator_on_a_slow_line_skips_and_slows_nobody() {
    let delay = SPECTATOR_DELAY_DEFAULT;
    let mut world = Simulator::<Skirmish>::new(seed()).bots(24);
    // What the kernel takes before it says so is little, as a rule; where it is not, what the
    // spectator acknowledges must tell.
    let soon_told = Path { buffer_bytes: Some(1_024), ..slow(800) };
    let slow = [(soon_told, 2_200 * MS), (slow(800), 5 * SECOND)]
        .map(|(path, late)| (world.spectate(path), late));
    let fast = world.spectate(clean());
    world.run(30 * SECOND);
    slow.iter().for_each(|&(who, _)| drop(world.take_ages(who)));
    world.take_ages(fast);
    world.run(60 * SECOND);
    world.all_play();
    let fast = world.take_ages(fast);
    assert_eq!(fast.len(), 1_800, "one a tick");
    assert!(fast.iter().all(|age| *age < delay + 11 * MS), "nobody waits for another");
    for (who, late) in slow {
        let ages = world.take_ages(who);
        println!("{} snapshots in a minute, p99 {:?}", ages.len(), p99(ages.clone()) - delay);
        assert!(ages.len() > 60, "{} snapshots in a minute", ages.len());
        assert!(ages.len() < 1_700, "it is too slow for all");
        assert!(p99(ages) < delay + late);
    }
}

#[test]
fn a_spectator_that_stood_still_for_five_seconds_is_back_in_the_present_within_two() {
    let delay = SPECTATOR_DELAY_DEFAULT;
    let mut world = Simulator::<Skirmish>::new(seed()).bots(8);
    let stopped = world.spectate(clean());
    world.run(10 * SECOND);
    world.stop(stopped, 5 * SECOND);
    world.run(7 * SECOND);
    world.all_play();
    world.take_ages(stopped);
    world.run(10 * SECOND);
    let ages = world.take_ages(stopped);
    assert_eq!(ages.len(), 300, "one a tick");
    assert!(ages.iter().all(|age| *age < delay + 11 * MS), "{:?}", ages.iter().max());
}

#[test]
fn who_stands_still_for_five_seconds_plays_on() {
    let mut world = Simulator::<Skirmish>::new(seed());
    let stopped = world.join_bot(clean());
    let other = world.join_bot(clean());
    world.run(5 * SECOND);
    world.take_ages(other);
    world.take_ages(stopped);
    world.stop(stopped, 5 * SECOND);
    world.run(20 * SECOND);
    world.all_play();
    let old = world.take_ages(stopped).iter().filter(|age| **age > SECOND / 10).count();
    assert!((1..=10).contains(&old), "{old} old snapshots, of which 250 ms' may be");
    assert!(world.take_ages(other).iter().all(|age| *age < 11 * MS));
    let received_at = world.client(stopped).counters();
    let late = received_at.late_inputs;
    world.run(5 * SECOND);
    assert_eq!(world.client(stopped).counters().late_inputs, late, "it is in time again");
}

#[test]
fn a_server_that_stood_still_for_five_seconds_is_played_on_within_two() {
    let mut world = Simulator::<Skirmish>::new(seed()).bots(4);
    let near = world.join_bot(clean());
    let far = world.join_bot(Path { one_way: 80 * MS, ..Path::default() });
    world.run(5 * SECOND);
    world.stop_server(5 * SECOND);
    // Of these, two after it goes on.
    world.run(7 * SECOND);
    world.all_play();
    let late: Vec<u64> =
        [near, far].iter().map(|&who| world.client(who).counters().late_inputs).collect();
    world.run(5 * SECOND);
    for (who, late) in [near, far].into_iter().zip(late) {
        assert_eq!(world.client(who).counters().late_inputs, late, "inputs come in time again");
        let now = world.now();
        let newest = f64::from(world.client(who).tick().expect("snapshots came").0);
        let mut drawing = Drawing::default();
        world.client_mut(who).draw(now, Input::default(), &mut drawing);
        assert!((newest - 6.0..newest + 1.0).contains(&drawing.tick), "{} {newest}", drawing.tick);
    }
}

#[test]
fn watching_changes_nothing() {
    let seed = seed();
    let [mut alone, mut watched] = [(); 2].map(|()| Simulator::<Skirmish>::new(seed).bots(8));
    for _ in 0..5 {
        watched.spectate(rough());
    }
    alone.run(20 * SECOND);
    watched.run(20 * SECOND);
    assert_eq!(alone.hashes(), watched.hashes());
}

#[test]
fn people_take_the_place_of_fill_in_bots_and_give_it_back() {
    let mut world = Simulator::<Dots>::new(seed()).bots(4).grace(Duration::ZERO);
    world.run(SECOND);
    assert_eq!((world.room().people(), world.room().bots()), (0, 4));
    let people: Vec<_> = (0..6).map(|_| world.join("a player", clean())).collect();
    world.run(SECOND);
    assert_eq!((world.room().people(), world.room().bots()), (6, 0));
    world.leave(people[0]);
    for &who in &people[1..4] {
        world.cut(who);
    }
    world.run(SECOND);
    assert_eq!((world.room().people(), world.room().bots()), (2, 2));
    assert_eq!(world.ended(people[0]), Some(DisconnectReason::Left));
}

#[test]
fn a_full_room_refuses_and_plays_on() {
    let mut world = Simulator::<Dots>::new(seed()).players_max(2);
    let inside = [world.join_bot(clean()), world.join_bot(clean())];
    world.run(SECOND);
    let outside = world.join_bot(clean());
    world.run(SECOND);
    assert_eq!(world.ended(outside), Some(DisconnectReason::Refused));
    for who in inside {
        assert_eq!(world.ended(who), None);
    }
}

/// The checker compares own states, too: after a gap longer than a snapshot tells of, both ends
/// must agree on which inputs nobody knows of any more.
#[test]
fn own_states_stay_in_step_over_gaps_of_seconds() {
    let seed = seed();
    for seed in seed..seed + 6 {
        let mut world = Simulator::<Skirmish>::new(seed);
        let path = Path {
            one_way: 40 * MS,
            jitter: 150 * MS,
            stall: Some((2_900 * MS, 2_600 * MS)),
            ..Path::default()
        };
        let players: Vec<_> = (0..4).map(|_| world.join_bot(path)).collect();
        world.run(60 * SECOND);
        world.all_play();
        assert!(players.iter().all(|&who| world.client(who).counters().late_inputs > 0));
    }
}
