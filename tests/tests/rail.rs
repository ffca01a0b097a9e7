//! Lag compensation through the whole system: a shooter far away fires Skirmish's rail at what its
//! screen shows of a target that strafes.

#![expect(clippy::print_stdout, reason = "a test that draws lots says from which seed")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use skirmish_rules::kinds::{self, FLAG_PROTECTED};
use skirmish_rules::{Input, Settings, Skirmish};
use tickwire_game::client::{Client, Drawing};
use tickwire_game::game::Game;
use tickwire_game::scene::Kinds;
use tickwire_game::tick::{Rewind, Tick};
use tickwire_test::{Path, Simulator, Who, seed_or};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const SHOTS: usize = 8;

/// A ship as a client draws it.
#[derive(Clone, Copy, Debug)]
struct Ship {
    at: [f64; 2],
    velocity: [f64; 2],
    is_protected: bool,
}

/// The own ship and the other one, as they are drawn at `now`.
fn look(now: Duration, client: &mut Client<Skirmish>, held: Input) -> Option<(Ship, Ship, f64)> {
    let mut drawing = Drawing::default();
    client.draw(now, held, &mut drawing);
    let own = client.own()?;
    let (own_ship, level_tick) = (own.ship, drawing.tick);
    let kind = Kinds::of::<Skirmish>().index::<kinds::Ship>();
    let ships = drawing.iter().filter(|row| row.kind == kind);
    let (mut own, mut other) = (None, None);
    for row in ships {
        let [x, y, vx, vy] = [0, 1, 2, 3].map(|field| row.values[field]);
        let is_protected = row.values[9] as u8 & FLAG_PROTECTED != 0;
        let ship = Ship { at: [x, y], velocity: [vx, vy], is_protected };
        if row.entity == own_ship { own = Some(ship) } else { other = Some(ship) }
    }
    Some((own?, other?, level_tick))
}

/// The buttons that bring a ship from one place near to another.
fn fly_to(to: [f64; 2], from: [f64; 2]) -> u8 {
    let held = |way: f64, button: u8| if way > 1.5 { button } else { 0 };
    let [x, y] = [0, 1].map(|axis| to[axis] - from[axis]);
    held(x, Input::RIGHT) | held(-x, Input::LEFT) | held(y, Input::DOWN) | held(-y, Input::UP)
}

/// Where the shooter stands, and the target flies up and down, turning so far from the middle.
const POST: [f64; 2] = [-10.0, 0.0];
const LANE: f64 = 6.0;
const TURNS_AT: f64 = 9.0;

/// How a shooter aims: at what it sees, moved by this much of the target's way.
#[derive(Clone, Copy, Debug)]
struct Aim {
    /// In seconds; ahead of what is seen if above 0.
    lead_s: f64,
}

/// What the shooter does: keeps a charged rail at the target, and lets go when it is seen to fly
/// across.
fn shooter(aim: Aim) -> impl FnMut(Duration, &mut Client<Skirmish>) -> Input {
    let mut held = Input::default();
    move |now, client| {
        let seen = look(now, client, held);
        let (Some((own, other, _)), Some(level)) = (seen, client.level().cloned()) else {
            held = Input::default();
            return held;
        };
        let way = [0, 1].map(|axis| other.at[axis] - own.at[axis]);
        let distance = way[0].hypot(way[1]);
        let at = [0, 1].map(|axis| way[axis] + other.velocity[axis] * aim.lead_s);
        let across = (other.velocity[0] * way[1] - other.velocity[1] * way[0]).abs() / distance;
        let charged = client.own().is_some_and(|own| own.charge(&level) >= 1.0);
        // It will not have turned around by then.
        let goes_on = (own.at[1] + at[1]).abs() < TURNS_AT;
        let ready = charged && goes_on && across > 12.0 && !other.is_protected;
        let buttons = if ready { 0 } else { Input::RAIL | fly_to(POST, own.at) };
        held = Input::towards(buttons, at[0] as f32, at[1] as f32);
        held
    }
}

/// What the target does: flies up and down.
fn strafer() -> impl FnMut(Duration, &mut Client<Skirmish>) -> Input {
    let mut down = true;
    move |_, client| {
        let place = client.own().map_or([0.0; 2], |own| own.motion.place.to_array().map(f64::from));
        down = if down { place[1] < TURNS_AT } else { place[1] < -TURNS_AT };
        let aside = fly_to([LANE, place[1]], place);
        Input::new(aside | if down { Input::DOWN } else { Input::UP }, 0)
    }
}

/// Of how many shots how many hit.
fn shoot(
    room: Simulator<Skirmish>,
    round_trip: Duration,
    aim: Aim,
    cheat: Option<Cheat>,
) -> (usize, usize) {
    let mut world = room.settings(Settings { obstacles: false, ..Settings::default() });
    let path = |one_way| Path { one_way, ..Path::default() };
    let target = world.join("the target", path(5 * MS));
    world.act(target, strafer());
    let acts = shooter(aim);
    let shooter = world.join("the shooter", path(round_trip / 2));
    world.act(shooter, acts);
    if let Some(cheat) = cheat {
        world.meddle(shooter, cheat);
    }
    world.run(6 * SECOND);
    let (target, shooter) = (player(&world, target), player(&world, shooter));
    let (mut shots, mut hits) = (0, 0);
    let mut known = Tick(0);
    while shots < SHOTS {
        world.run(MS);
        assert!(world.now() < 300 * SECOND, "{shots} shots in five minutes");
        if world.room().tick() == known {
            continue;
        }
        known = world.room().tick();
        if world.room().game().own(shooter).is_some_and(|own| own.shots.rail) {
            shots += 1;
            hits += usize::from(world.room().effects().iter().any(|(who, _)| *who == target));
        }
    }
    (shots, hits)
}

fn player(world: &Simulator<Skirmish>, who: Who) -> tickwire_game::ids::PlayerId {
    world.player(who).expect("it plays")
}

/// What share of its shots hits, in percent, that a player on a short path aims at where its target
/// was some 283 ms ago. It claims to see as much of the past as there is, and says of what it has
/// seen what `says` makes of it in a tick.
fn hits_long_ago(mut says: impl FnMut(Tick, Tick) -> Tick + 'static) -> usize {
    let lies: Cheat = Box::new(move |input| {
        input.rewind = Rewind(u16::MAX);
        input.seen = says(input.tick, input.seen);
    });
    // What it draws is some 70 ms old.
    let long_ago = Aim { lead_s: -(0.283 - 0.07) };
    let (shots, hits) = shoot(room(LIMIT), 20 * MS, long_ago, Some(lies));
    100 * hits / shots
}

/// Of what is seen in each tick, what was seen so many ticks before.
fn delayed(ticks: usize) -> impl FnMut(Tick) -> Tick {
    let mut seen_in = VecDeque::from(vec![Tick(0); ticks]);
    move |seen| {
        seen_in.push_back(seen);
        seen_in.pop_front().unwrap_or_default()
    }
}

#[test]
fn what_a_client_says_it_has_seen_is_held_against_what_it_has_acknowledged() {
    let honest = hits_long_ago(|_, seen| seen);
    // What it says now and then keeps the snapshots coming.
    let nothing = hits_long_ago(|tick, seen| if tick.0 % 4 == 0 { seen } else { Tick(0) });
    let seldom = hits_long_ago(|tick, seen| if tick.0 % 8 == 0 { seen } else { Tick(0) });
    let future = hits_long_ago(|tick, seen| if tick.0 % 4 == 0 { seen } else { Tick(u32::MAX) });
    println!("as it is {honest} %; nothing {nothing} %, seldom {seldom} %, future {future} %");
    // These look like a longer path, and like one with jitter.
    let mut seen_before = delayed(8);
    let late = hits_long_ago(move |_, seen| seen_before(seen));
    let mut seen_before = delayed(6);
    let unsteady = hits_long_ago(move |tick, seen| match (tick.0 % 8, seen_before(seen)) {
        (0, _) => seen,
        (7, before) => before,
        _ => Tick(0),
    });
    println!("all eight ticks late {late} %; some six ticks late {unsteady} %");
    assert!([honest, nothing, seldom, future].iter().all(|hits| *hits <= 13));
}

/// How many inputs of these clients claim more than is believed, and of how many, in two minutes of a room that is
/// overloaded for five seconds of every twenty if `slows`.
fn bounded(tick_rate_hz: u16, paths: &[Path], slows: bool) -> (u64, u64) {
    let mut world = room(LIMIT).tick_rate(tick_rate_hz);
    for path in paths {
        world.join_bot(*path);
    }
    for _ in 0..6 {
        world.run(15 * SECOND);
        let period = SECOND / u32::from(tick_rate_hz);
        world.make_steps_take(if slows { 3 * period } else { Duration::ZERO });
        world.run(5 * SECOND);
        world.make_steps_take(Duration::ZERO);
    }
    world.all_play();
    assert_eq!(slows, !world.time_scales().is_empty());
    let counters = world.room_counters();
    let (bounded, taken) = (counters.rewinds_bounded, counters.inputs_taken);
    let lines: Vec<_> = paths.iter().map(|path| (path.one_way, path.jitter)).collect();
    println!("{tick_rate_hz} Hz, {lines:?}, slows: {slows}: {bounded} of {taken}");
    (bounded, taken)
}

fn line(latency: u32, jitter: u32) -> Path {
    Path { one_way: latency * MS, jitter: jitter * MS, ..Path::default() }
}

#[test]
fn of_an_honest_client_no_rewind_is_bounded_whatever_its_line() {
    let stalls = |path| Path { stall: Some((15 * SECOND, 300 * MS)), ..path };
    for tick_rate_hz in [20, 30, 60, 128] {
        let lines = [line(2, 0), line(30, 20), stalls(line(60, 30)), stalls(line(120, 10))];
        assert_eq!(bounded(tick_rate_hz, &lines, false).0, 0, "{tick_rate_hz} Hz");
        let lines = [line(2, 0), line(30, 20), line(60, 20), line(120, 20)];
        assert_eq!(bounded(tick_rate_hz, &lines, true).0, 0, "{tick_rate_hz} Hz, slowed");
    }
}

#[test]
fn with_much_jitter_hardly_any_rewind_of_an_honest_client_is_bounded() {
    for tick_rate_hz in [20, 30, 60, 128] {
        for latency in [2, 10, 60] {
            let lines = [50, 80, 100, 150].map(|jitter| line(latency, jitter));
            let (bounded, taken) = bounded(tick_rate_hz, &lines, false);
            assert!(1_000 * bounded <= taken, "{tick_rate_hz} Hz, {latency} ms");
        }
    }
}

type Cheat = Box<dyn FnMut(&mut tickwire_game::protocol::Input<'_>)>;

fn room(rewind_max: Duration) -> Simulator<Skirmish> {
    let seed = seed_or(1);
    println!("seed {seed}");
    Simulator::new(seed).rewind_max(rewind_max)
}

const AS_SEEN: Aim = Aim { lead_s: 0.0 };
const LIMIT: Duration = Duration::from_millis(250);

#[test]
fn what_is_seen_is_hit_with_compensation_and_missed_without() {
    for tick_rate_hz in [20, 30, 60, 128] {
        let room = |rewind_max| room(rewind_max).tick_rate(tick_rate_hz);
        let with = shoot(room(LIMIT), 250 * MS, AS_SEEN, None);
        assert_eq!(with, (SHOTS, SHOTS), "{tick_rate_hz} Hz");
        let (_, hits) = shoot(room(Duration::ZERO), 250 * MS, AS_SEEN, None);
        assert!(hits <= 1, "{hits} hits without, {tick_rate_hz} Hz");
    }
}

#[test]
fn beyond_the_limit_shots_are_judged_at_the_limit() {
    let round_trip = 500 * MS;
    let (_, hits) = shoot(room(LIMIT), round_trip, AS_SEEN, None);
    assert!(hits <= 1, "{hits} hits of what is older than the limit");
    // A player that leads by what is beyond it hits: a look at the picture measures its age.
    let age = Rc::new(RefCell::new(Duration::ZERO));
    let noted = Rc::clone(&age);
    let note: Cheat = Box::new(move |input| {
        *noted.borrow_mut() = Duration::from_secs(1) * u32::from(input.rewind.0) / 16 / 30;
    });
    shoot(room(LIMIT), round_trip, AS_SEEN, Some(note));
    let beyond = *age.borrow() - LIMIT;
    assert!(beyond > 200 * MS, "{beyond:?}");
    let lead = Aim { lead_s: beyond.as_secs_f64() };
    let (_, hits) = shoot(room(LIMIT), round_trip, lead, None);
    assert!(hits >= SHOTS - 1, "{hits} hits with the right lead");
}

#[test]
fn a_claimed_picture_of_the_future_or_of_long_ago_gains_nothing() {
    let near = 20 * MS;
    assert_eq!(shoot(room(LIMIT), near, AS_SEEN, None), (SHOTS, SHOTS), "an honest player");
    // It lets go of the rail with the claim to have seen what was a quarter of a second ago, and
    // aims there.
    let fires = |input: &tickwire_game::protocol::Input<'_>| input.input[0] & Input::RAIL == 0;
    let past: Cheat = Box::new(move |input| {
        if fires(input) {
            input.rewind = Rewind(u16::MAX);
        }
    });
    let where_it_was = Aim { lead_s: -(LIMIT.as_secs_f64() - 0.07) };
    let (_, hits) = shoot(room(LIMIT), near, where_it_was, Some(past));
    assert!(hits <= 1, "{hits} hits of what nobody saw there any more");
    // What is to come cannot be claimed at all: it is judged in the present, as without any.
    let future: Cheat = Box::new(|input| input.rewind = Rewind(0));
    let (_, hits) = shoot(room(LIMIT), 250 * MS, AS_SEEN, Some(future));
    assert!(hits <= 1, "{hits} hits of what is in the present elsewhere");
}
