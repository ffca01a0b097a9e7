//! What a player feels, on virtual time: no late inputs, no corrections without a cause, the lead
//! as small as the path allows. Each test prints its seed; `SEED=n` runs them with another.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::time::Duration;

use skirmish_rules::Skirmish;
use tickwire_game::protocol::DisconnectReason;
use tickwire_host::pacer::TimeScale;
use tickwire_test::{Feel, Path, Simulator, Who, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn room(tick_rate_hz: u16) -> Simulator<Skirmish> {
    let seed = seed_or(1);
    println!("seed {seed}");
    Simulator::new(seed).tick_rate(tick_rate_hz)
}

/// A path of so much round trip.
fn round_trip(latency: Duration) -> Path {
    Path { one_way: latency / 2, ..Path::default() }
}

fn tick_ms(hz: u16) -> f64 {
    1_000.0 / f64::from(hz)
}

#[test]
fn alone_on_a_clean_line_nothing_is_ever_corrected_nor_late() {
    for hz in [20, 30, 60, 128] {
        let mut world = room(hz);
        let player = world.join_bot(round_trip(20 * MS));
        world.run(3 * SECOND);
        let first = world.take_feel(player);
        world.run(60 * SECOND);
        world.all_play();
        let feel = world.take_feel(player);
        // Its ship came to life, and the border was moved to where it belongs.
        assert_eq!(first.mistimed, [], "{hz} Hz");
        assert_eq!((&feel.corrections[..], &feel.late[..]), (&[][..], &[][..]), "{hz} Hz");
        assert!(feel.margins.iter().all(|margin| (0..=1).contains(margin)), "{hz} Hz");
        assert_eq!(feel.guesses, 0, "{hz} Hz: what is drawn is always known");
    }
}

/// So many bots in one room over `path`; gives what each felt in `lasts`, once all have settled.
fn crowd(mut world: Simulator<Skirmish>, players: u16, path: Path, lasts: Duration) -> Vec<Feel> {
    let players: Vec<_> = (0..players).map(|_| world.join_bot(path)).collect();
    world.run(5 * SECOND);
    players.iter().for_each(|&who| drop(world.take_feel(who)));
    world.run(lasts);
    world.all_play();
    players.iter().map(|&who| world.take_feel(who)).collect()
}

#[test]
fn in_a_crowd_each_correction_has_a_cause() {
    let path = Path { jitter: 20 * MS, ..round_trip(100 * MS) };
    let all = crowd(room(30), 32, path, 60 * SECOND);
    let corrections: usize = all.iter().map(|feel| feel.corrections.len()).sum();
    println!("{corrections} corrections among 32 in a minute");
    assert!(corrections > 100, "they fight");
    for (at, feel) in all.iter().enumerate() {
        assert_eq!(feel.mistimed, [], "player {at}: {:?}", feel.late);
        assert_eq!(feel.late, [], "player {at}");
    }
}

/// Jitter of 50 ms, and a stall of 300 ms every 5 s.
fn rough(latency: Duration) -> Path {
    Path { jitter: 50 * MS, stall: Some((5 * SECOND, 300 * MS)), ..round_trip(latency) }
}

fn inputs_are_in_time_and_hardly_earlier(hz: u16, all: &[Feel]) {
    let (ticks, late) = all
        .iter()
        .fold((0, 0), |(ticks, late), feel| (ticks + feel.margins.len(), late + feel.late.len()));
    let late_percent = 100.0 * late as f64 / ticks as f64;
    let guessed = all.iter().map(Feel::guessed_percent).sum::<f64>() / all.len() as f64;
    let margins: Vec<_> = all.iter().map(Feel::median_margin).collect();
    println!("{hz} Hz: {late_percent:.3} % late, margins {margins:?}, {guessed:.2} % guessed");
    assert!(late_percent < 0.1, "{late} of {ticks}");
    for margin in margins {
        assert!(f64::from(margin) * tick_ms(hz) <= 50.0 + tick_ms(hz), "{margin} ticks");
    }
    assert!(all.iter().all(|feel| feel.stalled > 0), "the stalls are there");
    assert!(guessed < 11.0, "stalls are 6 to 8 % of the time");
}

#[test]
fn with_jitter_and_stalls_inputs_are_in_time_and_hardly_earlier() {
    for hz in [20, 30, 60] {
        let all = crowd(room(hz), 8, rough(80 * MS), 120 * SECOND);
        inputs_are_in_time_and_hardly_earlier(hz, &all);
    }
}

#[test]
fn on_long_lines_and_after_long_stalls_inputs_are_in_time_as_well() {
    // Stalls up to and beyond what a client plays on for without news.
    for hz in [20, 30, 60, 128] {
        for (round_trip_ms, stall_ms) in
            [(100, 300), (160, 300), (250, 300), (60, 400), (60, 550), (150, 700_u32)]
        {
            let stall = Some((5 * SECOND, stall_ms * MS));
            let path = Path { jitter: 50 * MS, stall, ..round_trip(round_trip_ms * MS) };
            let all = crowd(room(hz), 4, path, 40 * SECOND);
            let late: usize = all.iter().map(|feel| feel.late.len()).sum();
            let ticks: usize = all.iter().map(|feel| feel.margins.len()).sum();
            let late_percent = 100.0 * late as f64 / ticks as f64;
            println!("{hz} Hz, {round_trip_ms} ms, stalls of {stall_ms} ms: {late_percent:.2} %");
            // While it waits for news, after half a second without, a client gives no inputs; and
            // those that it gives when it has some are a round trip on their way.
            let waits_ms = (stall_ms + 100_u32).saturating_sub(500);
            let most_ms = f64::from(waits_ms + round_trip_ms + 100);
            let most = if waits_ms > 50 { most_ms / 50.0 } else { 0.1 };
            assert!(late_percent < most, "{hz} Hz, {round_trip_ms} ms, {stall_ms} ms");
        }
    }
}

/// Whether the margins of a second lie close together and none is late.
fn has_settled(feel: &Feel, hz: u16) -> bool {
    let most = 1 + i32::from(hz) / 20;
    feel.margins.iter().all(|margin| (0..=most).contains(margin))
}

#[test]
fn the_lead_settles_soon_after_joining_and_after_the_line_has_changed() {
    for hz in [20, 30, 60, 128] {
        let mut world = room(hz);
        let players: Vec<Who> = (0..6)
            .map(|nth| world.join_bot(Path { jitter: 5 * MS, ..round_trip(nth * 40 * MS) }))
            .collect();
        world.run(3 * SECOND);
        let settled = |world: &mut Simulator<Skirmish>, what: &str| {
            players.iter().for_each(|&who| drop(world.take_feel(who)));
            world.run(2 * SECOND);
            for &who in &players {
                let feel = world.take_feel(who);
                assert!(has_settled(&feel, hz), "{hz} Hz, {who:?}, {what}: {:?}", feel.margins);
            }
        };
        settled(&mut world, "joined");
        for (latency, what) in [(20, "20 ms"), (200, "200 ms"), (20, "20 ms again")] {
            for &who in &players {
                let path = Path { jitter: 5 * MS, ..round_trip(latency * MS) };
                world.change_path(who, path);
            }
            world.run(5 * SECOND);
            settled(&mut world, what);
        }
    }
}

#[test]
fn a_tab_in_the_background_disturbs_nobody_and_is_back_within_a_second() {
    let mut world = room(30);
    let hidden = world.join_bot(round_trip(60 * MS));
    let other = world.join_bot(Path { jitter: 10 * MS, ..round_trip(60 * MS) });
    world.run(5 * SECOND);
    world.take_feel(other);
    world.throttle(hidden, SECOND);
    // No longer, or it is idle: its inputs come too late, so that it has no further ship once it has lost
    // the one that it had, and a bot without a ship does nothing.
    world.run(50 * SECOND);
    world.throttle(hidden, Duration::ZERO);
    world.run(SECOND);
    world.take_feel(hidden);
    world.run(10 * SECOND);
    world.all_play();
    let (hidden, other) = (world.take_feel(hidden), world.take_feel(other));
    assert_eq!((&hidden.late[..], &hidden.mistimed[..]), (&[][..], &[][..]));
    assert!(hidden.margins.iter().all(|margin| *margin <= 2), "{:?}", hidden.margins);
    assert!(hidden.guessed_percent() < 5.0, "{} %", hidden.guessed_percent());
    assert_eq!((&other.late[..], &other.mistimed[..]), (&[][..], &[][..]));
}

#[test]
fn sixty_four_at_128_ticks_a_second_feel_no_less() {
    let path = Path { jitter: 20 * MS, ..round_trip(100 * MS) };
    for (at, feel) in crowd(room(128), 64, path, 8 * SECOND).iter().enumerate() {
        assert_eq!(feel.mistimed, [], "player {at}: {:?}", feel.late);
    }
    let all = crowd(room(128), 64, rough(80 * MS), 11 * SECOND);
    inputs_are_in_time_and_hardly_earlier(128, &all);
}

/// What the players of a world felt in a while.
fn feel_of(world: &mut Simulator<Skirmish>, players: &[Who]) -> Vec<Feel> {
    players.iter().map(|&who| world.take_feel(who)).collect()
}

fn nothing_went_wrong(all: &[Feel], what: &str) {
    for (at, feel) in all.iter().enumerate() {
        assert_eq!(feel.mistimed, [], "player {at}, {what}: {:?}", feel.late);
        assert_eq!(feel.late, [], "player {at}, {what}");
    }
}

/// Players near and far, settled.
fn near_and_far(hz: u16) -> (Simulator<Skirmish>, Vec<Who>) {
    let mut world = room(hz);
    let paths = [0, 20, 60, 120, 200].map(|ms| Path { jitter: 5 * MS, ..round_trip(ms * MS) });
    let players: Vec<_> = paths.iter().cycle().take(10).map(|&path| world.join_bot(path)).collect();
    world.run(6 * SECOND);
    feel_of(&mut world, &players);
    (world, players)
}

#[test]
fn steps_of_one_and_a_half_times_the_budget_are_slow_motion_and_nothing_else() {
    for hz in [20, 30, 60, 128] {
        let (mut world, players) = near_and_far(hz);
        world.make_steps_take(Duration::from_secs(3) / 2 / u32::from(hz));
        world.run(10 * SECOND);
        nothing_went_wrong(&feel_of(&mut world, &players), &format!("{hz} Hz, overloaded"));
        let (skipped, slowed) = world.skipped_and_slowed();
        let scales = world.time_scales();
        println!("{hz} Hz: {scales:?}, {skipped} skipped, {slowed} slowed");
        assert!((1..=4).contains(&scales.len()), "{hz} Hz: {scales:?}");
        assert!(slowed > 5 * u64::from(hz) && skipped < 20, "{hz} Hz: {skipped}, {slowed}");
        let late_comer = world.join_bot(round_trip(20 * MS));
        world.run(SECOND / 2);
        assert_eq!(world.ended(late_comer), Some(DisconnectReason::Refused), "{hz} Hz");
        let eased = world.now();
        world.make_steps_take(Duration::ZERO);
        world.run(5 * SECOND);
        nothing_went_wrong(&feel_of(&mut world, &players), &format!("{hz} Hz, recovering"));
        let (at, scale) = *world.time_scales().last().expect("it was slowed");
        assert_eq!(scale, TimeScale::FULL, "{hz} Hz");
        assert!(at < eased + SECOND, "{hz} Hz: {:?} later", at - eased);
        for &who in &players {
            assert_eq!(world.ended(who), None, "{hz} Hz");
        }
    }
}

#[test]
fn a_server_that_stood_still_for_five_seconds_neither_bursts_nor_has_anybody_corrected() {
    for hz in [20, 30, 60, 128] {
        let (mut world, players) = near_and_far(hz);
        let before = world.room().tick();
        world.stop_server(5 * SECOND);
        world.run(5 * SECOND + SECOND / 2);
        let made = world.room().tick().since(before);
        assert!(made <= i64::from(hz / 2) + 5, "{hz} Hz: {made} ticks");
        world.run(SECOND / 2);
        nothing_went_wrong(&feel_of(&mut world, &players), &format!("{hz} Hz, stopped"));
        world.run(5 * SECOND);
        world.all_play();
        nothing_went_wrong(&feel_of(&mut world, &players), &format!("{hz} Hz, after"));
        assert_eq!(world.time_scales(), [], "a stop is no overload");
        let made = world.room().tick().since(before);
        assert!(made >= 5 * i64::from(hz), "{hz} Hz: {made} ticks");
    }
}
