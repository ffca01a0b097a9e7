//! What a screen shows, frame by frame, when network paths and servers misbehave: no leaps, nothing
//! backwards. Each test prints its seed; `SEED=n` runs them with another.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::collections::BTreeMap;
use std::time::Duration;

use skirmish_rules::kinds::Ship;
use skirmish_rules::rules::SHIP_SPEED_MAX;
use skirmish_rules::{Class, Input, Settings, Skirmish};
use tickwire_game::client::Drawing;
use tickwire_game::ids::EntityId;
use tickwire_game::scene::Kinds;
use tickwire_test::{Path, Simulator, Who, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
/// Of an animation at 120 frames a second.
const FRAME: Duration = Duration::from_micros(8_333);

fn open_world(hz: u16) -> Simulator<Skirmish> {
    let seed = seed_or(1);
    println!("seed {seed}");
    let settings = Settings { obstacles: false, ..Settings::default() };
    Simulator::new(seed).tick_rate(hz).settings(settings)
}

fn crowd(world: &mut Simulator<Skirmish>, bots: u32, path: Path) {
    for _ in 0..bots {
        world.join_bot(path);
    }
}

/// The ships on the screen, and of which moment.
fn ships(
    world: &mut Simulator<Skirmish>,
    who: Who,
    held: Input,
) -> (f64, BTreeMap<EntityId, [f64; 2]>) {
    let now = world.now();
    let mut drawing = Drawing::default();
    world.client_mut(who).draw(now, held, &mut drawing);
    let kind = Kinds::of::<Skirmish>().index::<Ship>();
    let ships = drawing.iter().filter(|row| row.kind == kind);
    (drawing.tick, ships.map(|row| (row.entity, [row.values[0], row.values[1]])).collect())
}

fn own_ship(world: &Simulator<Skirmish>, who: Who) -> EntityId {
    world.client(who).own().expect("it plays").ship
}

/// Looks at each frame for a while; gives by how much any ship, and the own one, moved farther
/// from one frame to the next than a ship can fly.
fn watch(world: &mut Simulator<Skirmish>, who: Who, held: Input, lasts: Duration) -> (f64, f64) {
    let flight = f64::from(SHIP_SPEED_MAX) * FRAME.as_secs_f64();
    let (mut last, mut before) = ships(world, who, held);
    let (mut of_others, mut of_own) = (0.0_f64, 0.0_f64);
    for _ in 0..lasts.as_micros() / FRAME.as_micros() {
        world.run(FRAME);
        let (moment, now) = ships(world, who, held);
        assert!(moment >= last, "{moment} is drawn after {last}");
        let own = own_ship(world, who);
        for (entity, at) in &now {
            let Some(was) = before.get(entity) else { continue };
            let beyond = (at[0] - was[0]).hypot(at[1] - was[1]) - flight;
            let most = if *entity == own { &mut of_own } else { &mut of_others };
            *most = most.max(beyond);
        }
        (last, before) = (moment, now);
    }
    (of_others, of_own)
}

#[test]
fn a_ship_at_rest_is_seen_to_heed_a_key_in_the_next_frame_wherever_it_lies() {
    for class in Class::ALL {
        let mut world = open_world(30);
        let who = world.join("a player", Path { one_way: 75 * MS, ..Path::default() });
        world.run(5 * SECOND);
        let still = Input::new(0, 0).wishing(class);
        for nth in 0..60_u32 {
            // From a place that is no whole number of steps, at any time within a tick.
            let way = [Input::RIGHT, Input::UP, Input::LEFT, Input::DOWN][nth as usize % 4];
            let held = Input::new(way, 0).wishing(class);
            world.hold(who, held);
            world.run(37 * MS + nth * MS);
            world.hold(who, still);
            world.run(3 * SECOND + nth * 7 * MS);
            let own = own_ship(&world, who);
            let (_, before) = ships(&mut world, who, still);
            world.run(FRAME);
            let (_, lying) = ships(&mut world, who, still);
            assert_eq!(before[&own], lying[&own], "{class:?}: it lies still");
            let (_, heeding) = ships(&mut world, who, held);
            assert_ne!(heeding[&own], lying[&own], "{class:?}, the {nth}th time");
        }
    }
}

#[test]
fn on_a_bad_line_the_others_move_without_leaps() {
    for hz in [20, 30, 128] {
        let mut world = open_world(hz);
        let stall = Some((3 * SECOND, 250 * MS));
        let path = Path { one_way: 75 * MS, jitter: 40 * MS, stall, ..Path::default() };
        let who = world.join("a player", path);
        crowd(&mut world, 12, Path::default());
        world.run(5 * SECOND);
        let (of_others, _) = watch(&mut world, who, Input::new(0, 0), 20 * SECOND);
        println!("{hz} Hz: {of_others:.3} units beyond flight in a frame");
        // What it stood still for after a guess of 100 ms it makes up for in a few frames.
        assert!(of_others < 0.6, "{hz} Hz: {of_others}");
        // Without interpolation there are leaps: that is what they would be.
        world.client_mut(who).set_interpolation(false);
        let flight_of_a_tick = f64::from(SHIP_SPEED_MAX) / f64::from(hz);
        let leaps = leaps_of_others(&mut world, who);
        assert!(leaps > 0.5 * flight_of_a_tick, "{hz} Hz: {leaps}");
    }
}

/// The longest way of another ship from one frame to the next in ten seconds.
fn leaps_of_others(world: &mut Simulator<Skirmish>, who: Who) -> f64 {
    let held = Input::new(0, 0);
    let (mut most, mut before) = (0.0_f64, ships(world, who, held).1);
    for _ in 0..1_200 {
        world.run(FRAME);
        let now = ships(world, who, held).1;
        for (entity, at) in &now {
            if let Some(was) = before.get(entity) {
                most = most.max((at[0] - was[0]).hypot(at[1] - was[1]));
            }
        }
        before = now;
    }
    most
}

#[test]
fn a_room_that_slows_down_and_comes_back_is_drawn_forwards_and_smoothly() {
    for hz in [30, 60, 128] {
        for times in [3_u32, 10] {
            let mut world = open_world(hz);
            let who = world.join_bot(Path { one_way: 30 * MS, ..Path::default() });
            crowd(&mut world, 6, Path { one_way: 30 * MS, ..Path::default() });
            world.run(6 * SECOND);
            let held = Input::new(0, 0);
            world.make_steps_take(Duration::from_secs(u64::from(times)) / 2 / u32::from(hz));
            let (of_others, _) = watch(&mut world, who, held, 5 * SECOND);
            world.make_steps_take(Duration::ZERO);
            let (later, _) = watch(&mut world, who, held, 5 * SECOND);
            println!("{hz} Hz, {} budgets: {of_others:.3}, {later:.3}", f64::from(times) / 2.0);
            assert!(of_others.max(later) < 0.6, "{hz} Hz: {of_others} {later}");
            assert!(!world.time_scales().is_empty(), "it was slowed");
        }
    }
}

#[test]
fn a_server_that_stood_still_is_drawn_forwards_and_soon_as_it_is() {
    for hz in [30, 128] {
        let mut world = open_world(hz);
        let who = world.join_bot(Path { one_way: 30 * MS, ..Path::default() });
        crowd(&mut world, 6, Path { one_way: 30 * MS, ..Path::default() });
        world.run(6 * SECOND);
        world.stop_server(5 * SECOND);
        let (of_others, _) = watch(&mut world, who, Input::new(0, 0), 6 * SECOND);
        assert!(of_others < 0.6, "{hz} Hz: {of_others}");
        world.take_feel(who);
        world.run(2 * SECOND);
        let guessed = world.take_feel(who).guessed_percent();
        assert!(guessed < 5.0, "{hz} Hz: a second after it goes on {guessed} % are guesses");
    }
}

#[test]
fn neither_a_correction_nor_a_clock_that_jumps_makes_the_own_ship_leap() {
    let mut world = open_world(30);
    let stall = Some((4 * SECOND, 900 * MS));
    let who = world.join("a player", Path { one_way: 40 * MS, stall, ..Path::default() });
    world.run(5 * SECOND);
    world.take_feel(who);
    let mut most = 0.0_f64;
    // What is pressed within a stall comes too late, and something else was done instead.
    for (nth, button) in [Input::LEFT, Input::RIGHT].into_iter().cycle().take(80).enumerate() {
        let held = Input::new(button, 0);
        world.hold(who, held);
        let (_, of_own) = watch(&mut world, who, held, (300 + 7 * nth as u32) * MS);
        most = most.max(of_own);
    }
    let feel = world.take_feel(who);
    let farthest = feel.corrections.iter().map(|one| one.units).fold(0.0, f64::max);
    let left_out = feel.late.len() + feel.stalled;
    println!("{} corrections, of {farthest:.2} units at most", feel.corrections.len());
    println!("{left_out} ticks without its input; {most:.3} units beyond flight in a frame");
    assert!(farthest > 0.5 && left_out > 100, "it was a bad line");
    // It is up to nine units from where it should have been, which it makes up for in 0.2 s.
    assert!(most < 1.2, "{most}");
}

#[test]
fn without_prediction_the_own_ship_answers_a_round_trip_late() {
    // The first tick may move it by less than a step of what is drawn.
    for (predicts, soonest, latest) in
        [(true, Duration::ZERO, 40 * MS), (false, 150 * MS, 400 * MS)]
    {
        let mut world = open_world(30);
        let who = world.join("a player", Path { one_way: 75 * MS, ..Path::default() });
        world.run(5 * SECOND);
        world.client_mut(who).set_prediction(predicts);
        let held = Input::new(Input::UP, 0);
        world.hold(who, held);
        let own = own_ship(&world, who);
        let (began, at_rest) = (world.now(), ships(&mut world, who, Input::new(0, 0)).1[&own]);
        let moved = |world: &mut Simulator<Skirmish>| {
            let at = ships(world, who, held).1[&own];
            (at[1] - at_rest[1]).abs() > 0.001
        };
        while !moved(&mut world) {
            world.run(FRAME);
            assert!(world.now() < began + 2 * SECOND, "it never moved");
        }
        let took = world.now() - began;
        assert!((soonest..latest).contains(&took), "{took:?}, prediction: {predicts}");
    }
}
