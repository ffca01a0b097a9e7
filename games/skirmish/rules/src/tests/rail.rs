//! How the rail hits: claims about which ship it finds where.

use super::super::rules::{RAIL_DAMAGE, RAIL_RANGE};
use super::super::{Rect, rail_reach};
use super::*;
use tickwire_game::tick::Rewind;

const FRESH: f32 = Class::Lancer.traits().hull_max + Class::Lancer.traits().shield_max;

impl Arena {
    /// Players in a void, nobody protected; player 0 at the origin, player 1 ten units to its
    /// right, the others farther away in the same direction.
    fn in_line(count: u16) -> Arena {
        let mut arena = Arena::with_players(count);
        arena.face_off();
        for id in 0..count {
            let own = arena.own(id);
            own.motion.place = Vec2::new(10.0 * f32::from(id), 0.0);
            own.effects.protection_ticks = 0;
        }
        arena.level.radius = 100.0;
        arena.world.border_max = 100.0;
        arena.world.border = Border { radius: 100.0, target: border_radius(count) };
        let border = arena.world.border;
        arena.world.players.iter_mut().for_each(|player| player.own.border = border);
        arena.settle(20);
        arena
    }

    /// What player 1 would be like after a tick of this input.
    fn ahead(&self, input: Input) -> Own {
        let mut own = self.world.players[1].own.clone();
        Skirmish::advance(&mut own, &self.level, input, TickRate::default().dt());
        own
    }

    /// Player 0 lets go of a charged rail, aimed at a place, `rewind` late; player 1 gives `other`.
    fn rail_at(&mut self, at: Vec2, rewind: Rewind, other: Input) {
        let timing = self.level.timing.clone();
        let own = self.own(0);
        own.weapons.charge_ticks = timing.of(Class::Lancer).rail_charge_ticks;
        let apart = at - own.motion.place;
        let input = InputStatus::Received(Input::towards(0, apart.x, apart.y));
        self.step(&[PlayerInput { player: PlayerId(0), input, rewind }, received(1, other)]);
        assert!(self.own(0).shots.rail || !self.own(0).is_alive());
    }

    fn lost(&mut self, player: u16) -> f32 {
        let own = self.own(player);
        if own.is_alive() { FRESH - own.armor.hull - own.armor.shield } else { FRESH }
    }
}

const STRAFE: u8 = Input::DOWN;

/// Player 1 strafes at full speed; player 0 shoots at `offset` from where it saw it `rewind` ago.
/// What player 1 lost.
fn strafe_and_shoot(seen: Rewind, judged: Rewind, offset: f32) -> f32 {
    let mut arena = Arena::in_line(2);
    let strafe = Input::new(STRAFE, 0);
    let mut places = Vec::new();
    for _ in 0..30 {
        arena.step(&[received(1, strafe)]);
        places.push(arena.own(1).motion.place);
    }
    places.push(arena.ahead(strafe).motion.place);
    let newer = places.len() - 1 - seen.whole_ticks() as usize;
    let way = places[newer - 1] - places[newer];
    let place = places[newer] + way * seen.fraction();
    let aside = (place - arena.own(0).motion.place).normalize().perp();
    arena.rail_at(place + aside * offset, judged, strafe);
    arena.lost(1)
}

#[test]
fn a_rail_hits_a_strafing_ship_where_it_was_seen() {
    for sixteenths in [0, 1, 5, 16, 40, 77, 128] {
        let seen = Rewind(sixteenths);
        for offset in [-0.9, 0.0, 0.9] {
            assert_eq!(strafe_and_shoot(seen, seen, offset), RAIL_DAMAGE, "{seen:?}, {offset}");
        }
        for offset in [-1.1, 1.1] {
            assert_eq!(strafe_and_shoot(seen, seen, offset), 0.0, "{seen:?}, {offset}");
        }
    }
}

#[test]
fn without_the_rewind_a_late_shot_misses_and_so_does_one_with_too_long_a_rewind() {
    assert_eq!(strafe_and_shoot(Rewind::of_ticks(4), Rewind(0), 0.0), 0.0);
    assert_eq!(strafe_and_shoot(Rewind(0), Rewind::of_ticks(4), 0.0), 0.0);
}

#[test]
fn a_rail_takes_its_charge_and_is_seen_where_the_ship_is_now() {
    let mut arena = Arena::in_line(2);
    let hold = Input::new(Input::RAIL, 0);
    for _ in 0..arena.level.timing.of(Class::Lancer).rail_charge_ticks {
        arena.step(&[received(0, hold)]);
        assert!(arena.events::<kinds::Rail>().is_empty());
    }
    arena.step(&[received(0, Input::new(0, 0))]);
    assert_eq!(arena.lost(1), RAIL_DAMAGE);
    let rail = kinds::Rail { x: 4.5, y: 0.0, dx: 4.5, dy: 0.0, by: PlayerId(0) };
    assert_eq!(arena.events::<kinds::Rail>(), [rail]);
    let [kinds::Hit { x, y, player: victim, by, damage, .. }] = arena.events()[..] else {
        panic!("one hit");
    };
    assert_eq!((x, y, damage), (9.0, 0.0, RAIL_DAMAGE));
    assert_eq!((victim, by), (PlayerId(1), PlayerId(0)));
    assert_eq!(arena.outcome.effects(), [(PlayerId(1), Effect::Hit)]);
}

#[test]
fn walls_rocks_and_the_border_stop_a_rail_though_the_target_was_seen_before() {
    let wall = Rect::new(Vec2::new(5.0, -3.0), Vec2::new(1.5, 6.0));
    let rock = Rock::new(Vec2::new(5.0, 0.0), 1.5);
    for (walls, rocks) in [(vec![wall], vec![]), (vec![], vec![rock])] {
        let mut arena = Arena::in_line(2);
        let at = arena.own(1).motion.place;
        arena.level =
            Level::new(TickRate::default(), 100.0, Layout { walls, rocks, ..Layout::default() });
        arena.rail_at(at, Rewind::of_ticks(3), Input::default());
        assert_eq!(arena.lost(1), 0.0);
        let [kinds::Rail { x, y, dx, dy, by }] = arena.events()[..] else {
            panic!("one rail");
        };
        assert!((x + dx - 4.0).abs() < 1.1 && y.abs() < 0.1 && dy.abs() < 0.1 && by == PlayerId(0));
        assert!((x - dx).abs() < 0.1);
        let reach = rail_reach(&arena.own(0).clone(), &arena.level);
        assert!((reach - 2.0 * dx).abs() < 0.1);
    }
    let mut arena = Arena::in_line(2);
    let border = Border { radius: 8.0, target: 8.0 };
    arena.own(0).border = border;
    assert!((rail_reach(&arena.own(0).clone(), &arena.level) - 8.0).abs() < 0.01);
}

#[test]
fn a_rail_goes_its_range_and_no_farther() {
    for (distance, lost) in [(RAIL_RANGE + 0.9, RAIL_DAMAGE), (RAIL_RANGE + 1.1, 0.0)] {
        let mut arena = Arena::in_line(2);
        arena.own(1).motion.place = Vec2::new(distance, 0.0);
        arena.settle(10);
        arena.rail_at(Vec2::new(distance, 0.0), Rewind(0), Input::default());
        assert_eq!(arena.lost(1), lost);
    }
}

#[test]
fn only_the_first_ship_is_hit_by_what_was_seen_not_by_what_is() {
    let mut arena = Arena::in_line(3);
    let at = arena.own(2).motion.place;
    arena.rail_at(at, Rewind(0), Input::default());
    assert_eq!((arena.lost(1), arena.lost(2)), (RAIL_DAMAGE, 0.0));

    // Player 1 has come in between since the picture.
    let mut arena = Arena::in_line(3);
    arena.own(1).motion.place = Vec2::new(10.0, 20.0);
    arena.settle(10);
    arena.own(1).motion.place = Vec2::new(10.0, 0.0);
    arena.settle(1);
    arena.rail_at(at, Rewind::of_ticks(4), Input::default());
    assert_eq!((arena.lost(1), arena.lost(2)), (0.0, RAIL_DAMAGE));
}

#[test]
fn a_ship_that_has_died_since_is_not_hit_nor_is_the_next_one_of_its_player() {
    let mut arena = Arena::in_line(2);
    let at = arena.own(1).motion.place;
    let timing = arena.level.timing.clone();
    arena.own(1).die(timing.respawn_ticks);
    arena.rail_at(at, Rewind::of_ticks(2), Input::default());
    assert!(arena.events::<kinds::Hit>().is_empty());

    let mut arena = Arena::in_line(2);
    let at = arena.own(1).motion.place;
    let entity = arena.world.next_entity.take();
    arena.own(1).spawn(entity, at, timing.protection_ticks);
    arena.own(1).effects.protection_ticks = 0;
    arena.rail_at(at, Rewind::of_ticks(2), Input::default());
    assert_eq!(arena.lost(1), 0.0, "it was not there");
    arena.rail_at(at, Rewind(0), Input::default());
    assert_eq!(arena.lost(1), RAIL_DAMAGE);
}

#[test]
fn a_protected_ship_stops_a_rail_and_is_not_hurt() {
    let mut arena = Arena::in_line(3);
    arena.own(1).effects.protection_ticks = 100;
    let at = arena.own(1).motion.place;
    arena.rail_at(at, Rewind::of_ticks(2), Input::default());
    assert_eq!((arena.lost(1), arena.lost(2)), (0.0, 0.0));
    assert!(arena.outcome.effects().is_empty(), "nothing of it was changed");
}

#[test]
fn two_who_fire_at_each_other_in_one_tick_both_hit() {
    let mut arena = Arena::in_line(2);
    let timing = arena.level.timing.clone();
    for id in 0..2 {
        let own = arena.own(id);
        (own.weapons.charge_ticks, own.armor.hull, own.armor.shield) =
            (timing.of(Class::Lancer).rail_charge_ticks, 1.0, 0.0);
    }
    arena.step(&[received(0, Input::new(0, 0)), received(1, Input::new(0, 512))]);
    assert!(!arena.own(0).is_alive() && !arena.own(1).is_alive());
    assert_eq!(
        (arena.world.score(PlayerId(0)), arena.world.score(PlayerId(1))),
        (KILL_POINTS, KILL_POINTS)
    );
}

#[test]
fn a_room_without_rewinds_keeps_no_past_and_judges_in_the_present() {
    let mut arena = Arena::in_line(2);
    arena.world.past = History::new(0);
    arena.settle(3);
    assert_eq!(arena.world.past.at(arena.tick, Rewind(0)), None);
    let at = arena.own(1).motion.place;
    arena.rail_at(at, Rewind(0), Input::default());
    assert_eq!(arena.lost(1), RAIL_DAMAGE);
}

#[test]
fn some_bots_fire_rails_now_and_then_and_none_at_what_is_behind_a_wall() {
    const BOTS: u16 = 12;
    const MINUTES: u32 = 5;
    let mut simulation = Simulation::<Skirmish>::new(&setup(8, BOTS));
    (0..BOTS).for_each(|id| simulation.join(PlayerId(id), None));
    let mut dice = Dice::new(8, 1);
    let mut rails = [0; BOTS as usize];
    let mut hits = 0;
    for _ in 0..MINUTES * 60 * 30 {
        let play = |id| {
            let look = |seen: &Seen<'_, Skirmish>| Skirmish::bot(seen, &mut dice);
            let rows = simulation.scene().rows();
            received(id, simulation.look(PlayerId(id), rows, look))
        };
        let inputs: Vec<_> = (0..BOTS).map(play).collect();
        let before: Vec<_> =
            (0..BOTS).filter_map(|id| simulation.game().own(PlayerId(id))).collect();
        simulation.step(&inputs);
        let level = simulation.level();
        hits += simulation
            .scene()
            .events()
            .each(&Kinds::of::<Skirmish>())
            .filter(|(_, hit): &(_, kinds::Hit)| hit.damage >= RAIL_DAMAGE)
            .count();
        for own in (0..BOTS).filter_map(|id| simulation.game().own(PlayerId(id))) {
            if !own.shots.rail {
                continue;
            }
            rails[usize::from(own.player.0)] += 1;
            let then = &before[usize::from(own.player.0)];
            let from = then.motion.place;
            let is_target = |other: &Own| {
                let apart = other.motion.place - from;
                other.player != own.player
                    && other.is_alive()
                    && aim_direction(own.motion.aim).angle_to(apart).abs() < 0.75
                    && then.among(level).first_touch(from, other.motion.place, 0.0).is_none()
            };
            assert!(before.iter().any(is_target), "{own:?}");
        }
    }
    let all: u32 = rails.iter().sum();
    let marksmen = rails.iter().filter(|count| **count > 0).count();
    assert!((2..=8).contains(&marksmen), "{rails:?}");
    assert!((10 * MINUTES..100 * MINUTES).contains(&all), "{rails:?}");
    assert!(4 * hits > all as usize, "{hits} hits by {all} rails");
}

#[test]
fn shots_at_the_past_repeat_themselves() {
    let play = || {
        let mut arena = Arena::with_players(6);
        let mut dice = Dice::new(12, 0);
        let (mut held, mut rails, mut hits) = ([Input::default(); 6], 0, 0);
        for tick in 0..5_000_u32 {
            if tick.is_multiple_of(10) {
                let rail = if tick % 50 < 40 { Input::RAIL } else { 0 };
                held = held.map(|_| {
                    let buttons = dice.bits() as u8 & !Input::RAIL | rail;
                    Input::new(buttons, dice.bits() as u16)
                });
            }
            let inputs: Vec<_> = (0..)
                .zip(held)
                .map(|(id, input)| {
                    let rewind = Rewind(dice.below(u32::from(Rewind::of_ticks(8).0)) as u16);
                    PlayerInput { rewind, ..received(id, input) }
                })
                .collect();
            arena.step(&inputs);
            rails += arena.events::<kinds::Rail>().len();
            hits += arena.events::<kinds::Hit>().len();
        }
        assert!(rails > 200 && hits > 20, "{rails} rails, {hits} hits");
        bincode::serde::encode_to_vec(&arena.world, WIRE).unwrap()
    };
    assert_eq!(play(), play());
}
