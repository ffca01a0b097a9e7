//! How one player's ship flies, fires and mends.

use proptest::prelude::*;

use super::super::class::Traits;
use super::super::generate::generate;
use super::super::level::Layout;
use super::super::rules::{
    PROTECTION_S, RAIL_COOLDOWN_S, SHIELD_DELAY_S, SHIELD_REGROWTH_PER_S, SHIP_RADIUS,
    SHIP_SPEED_MAX, border_radius,
};
use super::*;
use tickwire_game::seed::Seed;
use tickwire_game::tick::TickRate;

fn rate(hz: u16) -> TickRate {
    TickRate::new(hz).unwrap()
}

const LANCER: &Traits = Class::Lancer.traits();

/// A level in which nothing is in the way.
fn void(hz: u16) -> Level {
    Level::new(rate(hz), 200.0, Layout::default())
}

fn ship_in(level: &Level) -> Own {
    let border = Border { radius: level.radius, target: level.radius };
    let mut own = Own::waiting(PlayerId(3), border, 0);
    own.spawn(EntityId(7), Vec2::ZERO, level.timing.protection_ticks);
    own
}

fn hold(own: &mut Own, level: &Level, input: Input, seconds: f32) {
    for _ in 0..level.tick_rate.ticks_in(seconds) {
        advance(own, level, input);
    }
}

#[test]
fn a_ship_gathers_speed_and_comes_to_rest() {
    let level = void(30);
    let mut own = ship_in(&level);
    hold(&mut own, &level, Input::new(Input::RIGHT, 0), 0.1);
    assert!(own.motion.velocity.x > 1.0 && own.motion.velocity.x < 0.6 * LANCER.speed_max());
    hold(&mut own, &level, Input::new(Input::RIGHT, 0), 2.0);
    assert!((own.motion.velocity.x - LANCER.speed_max()).abs() < 0.1);
    hold(&mut own, &level, Input::default(), 2.0);
    assert_eq!(own.motion.velocity, Vec2::ZERO);
}

#[test]
fn diagonals_are_no_faster_and_opposite_buttons_cancel_out() {
    let level = void(30);
    let mut own = ship_in(&level);
    hold(&mut own, &level, Input::new(Input::LEFT | Input::UP, 0), 3.0);
    assert!((own.motion.velocity.length() - LANCER.speed_max()).abs() < 0.1);
    assert_eq!(Input::new(u8::MAX, 0).thrust(), Vec2::ZERO);
}

#[test]
fn a_ship_flies_as_far_at_every_tick_rate() {
    let way = |hz| {
        let level = void(hz);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::DOWN, 0), 1.0);
        hold(&mut own, &level, Input::default(), 2.0);
        own.motion.place.y
    };
    for hz in [20, 60, 128] {
        assert!((way(hz) - way(30)).abs() < 0.3, "{hz} Hz: {} against {}", way(hz), way(30));
    }
}

#[test]
fn a_held_trigger_fires_at_the_cooldown() {
    for hz in [20, 30, 60, 128] {
        let level = void(hz);
        let mut own = ship_in(&level);
        let mut shots = 0;
        for _ in 0..level.tick_rate.ticks_in(30.0 * LANCER.cooldown_s) {
            advance(&mut own, &level, Input::new(Input::FIRE, 0));
            shots += u32::from(own.shots.bolt);
        }
        assert!((30..=31).contains(&shots), "{shots} shots at {hz} Hz");
    }
}

#[test]
fn a_rail_fires_when_it_is_let_go_after_the_whole_charge_and_not_before() {
    for hz in [20, 30, 60, 128] {
        let level = void(hz);
        let held = Input::new(Input::RAIL | Input::FIRE, 0);
        let mut own = ship_in(&level);
        hold(&mut own, &level, held, LANCER.rail_charge_s);
        assert_eq!((own.charge(&level), own.shots.bolt, own.shots.rail), (1.0, false, false));
        hold(&mut own, &level, held, 3.0);
        assert_eq!((own.charge(&level), own.shots.bolt, own.shots.rail), (1.0, false, false));
        advance(&mut own, &level, Input::new(Input::FIRE, 7));
        assert_eq!((own.weapons.charge_ticks, own.shots.bolt, own.shots.rail), (0, false, true));
        assert_eq!(own.motion.aim, 7);
        advance(&mut own, &level, Input::new(0, 0));
        assert!(!own.shots.rail, "once");
    }
}

#[test]
fn a_charge_of_whom_nothing_is_heard_is_lost_and_its_aim_is_kept() {
    let level = void(30);
    let mut own = ship_in(&level);
    hold(&mut own, &level, Input::new(Input::RAIL, 512), LANCER.rail_charge_s);
    assert_eq!(own.charge(&level), 1.0);
    advance(&mut own, &level, Input::default());
    assert_eq!((own.shots.rail, own.weapons.charge_ticks, own.motion.aim), (false, 0, 512));
}

#[test]
fn a_charge_let_go_early_is_lost() {
    let level = void(30);
    let mut own = ship_in(&level);
    for _ in 1..level.timing.of(Class::Lancer).rail_charge_ticks {
        advance(&mut own, &level, Input::new(Input::RAIL, 0));
    }
    advance(&mut own, &level, Input::new(Input::FIRE, 0));
    assert_eq!((own.weapons.charge_ticks, own.shots.rail, own.shots.bolt), (0, false, true));
}

#[test]
fn after_a_rail_neither_weapon_is_ready_for_a_while() {
    let level = void(30);
    for next in [Input::FIRE, Input::RAIL] {
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::RAIL, 0), LANCER.rail_charge_s);
        advance(&mut own, &level, Input::new(0, 0));
        hold(&mut own, &level, Input::new(next, 0), RAIL_COOLDOWN_S - 0.05);
        assert!(!own.shots.bolt && own.weapons.charge_ticks == 0);
        hold(&mut own, &level, Input::new(next, 0), 0.1);
        assert!(own.weapons.cooldown_ticks > 0 || own.weapons.charge_ticks > 0);
    }
}

#[test]
fn a_rail_ends_protection_as_soon_as_it_charges_and_not_while_it_cannot() {
    let level = void(30);
    let mut own = ship_in(&level);
    own.weapons.cooldown_ticks = 2;
    advance(&mut own, &level, Input::new(Input::RAIL, 0));
    assert!(own.is_protected() && own.weapons.charge_ticks == 0);
    advance(&mut own, &level, Input::new(Input::RAIL, 0));
    assert!(!own.is_protected() && own.weapons.charge_ticks > 0);
}

#[test]
fn the_dead_charge_nothing() {
    let level = void(30);
    let mut own = ship_in(&level);
    hold(&mut own, &level, Input::new(Input::RAIL, 0), LANCER.rail_charge_s);
    own.die(level.timing.respawn_ticks);
    assert_eq!(own.weapons.charge_ticks, 0);
    hold(&mut own, &level, Input::new(Input::RAIL, 0), 1.5);
    advance(&mut own, &level, Input::new(0, 0));
    assert_eq!((own.weapons.charge_ticks, own.shots.rail), (0, false));
}

#[test]
fn protection_lasts_until_it_ends_or_the_ship_fires() {
    let level = void(30);
    let mut own = ship_in(&level);
    hold(&mut own, &level, Input::default(), PROTECTION_S - 0.1);
    assert!(own.is_protected());
    let mut patient = own.clone();
    hold(&mut patient, &level, Input::default(), 0.2);
    assert!(!patient.is_protected());
    advance(&mut own, &level, Input::new(Input::FIRE, 0));
    assert!(!own.is_protected());
}

#[test]
fn a_shield_regrows_after_a_while_without_hits() {
    let level = void(30);
    let mut own = ship_in(&level);
    assert!(own.hurt(LANCER.bolt_damage, &level.timing));
    assert!(!own.hurt(LANCER.bolt_damage, &level.timing));
    assert_eq!(
        (own.armor.shield, own.armor.hull),
        (0.0, LANCER.hull_max + LANCER.shield_max - 2.0 * LANCER.bolt_damage)
    );
    hold(&mut own, &level, Input::default(), SHIELD_DELAY_S - 0.1);
    assert_eq!(own.armor.shield, 0.0);
    hold(&mut own, &level, Input::default(), 0.2 + LANCER.shield_max / SHIELD_REGROWTH_PER_S);
    assert_eq!(own.armor.shield, LANCER.shield_max);
    assert!(own.armor.hull < LANCER.hull_max, "a hull does not mend");
}

proptest! {
    #[test]
    fn no_input_brings_a_ship_into_an_obstacle_or_out_of_the_border(
        seed: u64,
        hz in prop::sample::select(vec![20_u16, 30, 60, 128]),
        // Each input is held for a while, and the border is sent for as many players.
        held in prop::collection::vec(
            (any::<u8>(), any::<u16>(), any::<u8>(), 0..60_u32, 0..60_u16),
            1..40,
        ),
    ) {
        let level = generate(Seed::from(seed), rate(hz), 60);
        let mut own = ship_in(&level);
        own.among(&level).confine(&mut own.motion.place, &mut own.motion.velocity);
        for (buttons, aim, wish, ticks, players) in held {
            own.border.target = border_radius(players);
            for _ in 0..ticks {
                advance(&mut own, &level, Input { buttons, aim, wish });
                prop_assert!(own.motion.place.is_finite() && own.motion.velocity.is_finite());
                prop_assert!(own.motion.velocity.length() <= SHIP_SPEED_MAX + 0.001);
                prop_assert!(own.motion.place.length() <= own.border.radius - SHIP_RADIUS + 0.001);
                let free = own.among(&level).nearest_free(own.motion.place, SHIP_RADIUS);
                let depth = free.map_or(0.0, |free| free.distance(own.motion.place));
                prop_assert!(depth < 0.001, "{depth} deep in an obstacle");
            }
        }
    }
}

#[test]
fn a_dart_outruns_a_lancer_and_that_one_a_bulwark() {
    let way = |class: Class| {
        let level = void(30);
        let mut own = ship_in(&level);
        hold(&mut own, &level, Input::new(Input::RIGHT, 0).wishing(class), 2.0);
        (own.class, own.motion.place.x)
    };
    let [dart, lancer, bulwark] = Class::ALL.map(way);
    assert_eq!([dart.0, lancer.0, bulwark.0], Class::ALL);
    assert!(dart.1 > 1.1 * lancer.1 && lancer.1 > 1.1 * bulwark.1);
}

#[test]
fn a_class_is_changed_at_once_only_by_whom_nothing_can_hurt() {
    let level = void(30);
    let wish = Input::new(0, 0).wishing(Class::Bulwark);
    let mut own = ship_in(&level);
    advance(&mut own, &level, wish);
    assert_eq!((own.class, own.armor.hull), (Class::Bulwark, Class::Bulwark.traits().hull_max));
    let mut own = ship_in(&level);
    own.effects.protection_ticks = 0;
    own.armor.hull = 40.0;
    hold(&mut own, &level, wish, 1.0);
    assert_eq!((own.class, own.next_class, own.armor.hull), (Class::Lancer, Class::Bulwark, 40.0));
    own.die(0);
    own.spawn(EntityId(8), Vec2::ZERO, 0);
    assert_eq!((own.class, own.armor.hull), (Class::Bulwark, Class::Bulwark.traits().hull_max));
    advance(&mut own, &level, Input::new(0, 0));
    assert_eq!(own.next_class, Class::Bulwark, "no wish is not another wish");
}

#[test]
fn in_a_truce_no_weapon_fires_or_charges() {
    let level = void(30);
    for button in [Input::FIRE, Input::RAIL] {
        let mut own = ship_in(&level);
        own.effects.truce_ticks = level.tick_rate.ticks_in(3.0);
        for _ in 1..own.effects.truce_ticks {
            advance(&mut own, &level, Input::new(button, 0));
            assert!(!own.shots.bolt && own.weapons.charge_ticks == 0);
        }
        advance(&mut own, &level, Input::new(button, 0));
        assert!(own.shots.bolt || own.weapons.charge_ticks > 0, "it is over");
    }
}

#[test]
fn an_overcharge_makes_shots_stronger_and_the_rail_quicker_for_a_while() {
    let level = void(30);
    let mut own = ship_in(&level);
    let (bolt, rail) = (own.bolt_damage(), own.rail_damage());
    assert!(own.wants(Pickup::Overcharge));
    own.take(Pickup::Overcharge, &level.timing);
    assert_eq!((own.bolt_damage(), own.rail_damage()), (1.5 * bolt, 1.5 * rail));
    let held = Input::new(Input::RAIL, 0);
    hold(&mut own, &level, held, LANCER.rail_charge_s / 1.5 + 0.05);
    assert_eq!(own.charge(&level), 1.0);
    hold(&mut own, &level, held, super::super::rules::OVERCHARGE_S);
    assert_eq!((own.is_overcharged(), own.bolt_damage()), (false, bolt));
}

#[test]
fn a_repair_mends_no_more_than_a_whole_hull_and_a_shield_grows_to_twice_a_full_one() {
    let level = void(30);
    let mut own = ship_in(&level);
    assert!(!own.wants(Pickup::Repair), "there is nothing to mend");
    own.armor.hull = 30.0;
    own.take(Pickup::Repair, &level.timing);
    assert_eq!(own.armor.hull, 90.0);
    own.take(Pickup::Repair, &level.timing);
    assert_eq!((own.armor.hull, own.wants(Pickup::Repair)), (LANCER.hull_max, false));
    own.take(Pickup::Shield, &level.timing);
    assert_eq!((own.armor.shield, own.wants(Pickup::Shield)), (2.0 * LANCER.shield_max, false));
    // What is beyond a full one does not regrow, and does not melt away.
    own.hurt(20.0, &level.timing);
    hold(&mut own, &level, Input::default(), SHIELD_DELAY_S + 2.0);
    assert_eq!(own.armor.shield, 2.0 * LANCER.shield_max - 20.0);
}

#[test]
fn each_input_says_whether_the_screen_is_tall() {
    let level = void(30);
    let mut own = ship_in(&level);
    advance(&mut own, &level, Input::new(Input::TALL, 0));
    assert!(own.screen.is_tall);
    advance(&mut own, &level, Input::default());
    assert!(own.screen.is_tall, "a silent client has not turned its phone");
    let turned = (1..100).position(|_| {
        advance(&mut own, &level, Input::new(0, 0));
        !own.screen.is_tall
    });
    assert_eq!(turned, Some(29), "a second after the last turn");
    let turns = (0..300).filter(|tick| {
        let was_tall = own.screen.is_tall;
        let buttons = if tick % 2 == 0 { Input::TALL } else { 0 };
        advance(&mut own, &level, Input::new(buttons, 0));
        own.screen.is_tall != was_tall
    });
    assert!(turns.count() <= 10, "nobody knows both views at once");
    hold(&mut own, &level, Input::new(0, 0), 2.0);
    advance(&mut own, &level, Input::new(Input::TALL, 0));
    own.die(0);
    own.spawn(EntityId(9), Vec2::ZERO, 0);
    advance(&mut own, &level, Input::new(0, 0));
    assert!(own.screen.is_tall, "a new ship turns the view no sooner");
}

#[test]
fn with_another_class_the_charge_of_the_last_one_is_lost_and_a_truce_lets_one_choose() {
    let level = void(30);
    let mut own = ship_in(&level);
    hold(&mut own, &level, Input::new(Input::RAIL, 0), 0.6);
    assert!(own.weapons.charge_ticks > 1);
    own.effects.protection_ticks = 9;
    advance(&mut own, &level, Input::new(Input::RAIL, 0).wishing(Class::Dart));
    assert_eq!((own.class, own.weapons.charge_ticks), (Class::Dart, 1));
    (own.effects.protection_ticks, own.effects.truce_ticks, own.screen.is_tall) = (0, 9, true);
    advance(&mut own, &level, Input::new(Input::TALL, 0).wishing(Class::Bulwark));
    assert_eq!(own.class, Class::Bulwark);
    own.die(0);
    own.spawn(EntityId(9), Vec2::ZERO, 0);
    assert!(own.screen.is_tall);
}

proptest! {
    #[test]
    fn whatever_a_server_says_an_own_state_is_moves_on(
        tick in prop::sample::select(vec![0, 1, u32::MAX - 1, u32::MAX]),
        counters in prop::collection::vec(prop::sample::select(vec![0, 1, u32::MAX]), 8),
        floats in prop::collection::vec(any::<f32>(), 6),
        (buttons, team, aim) in any::<(u8, u8, u16)>(),
    ) {
        let level = generate(Seed::from(1), rate(30), 60);
        let border = Border { radius: floats[4], target: floats[5] };
        let mut own = Own {
            tick: Tick(tick),
            life: Life::Alive,
            team,
            screen: Screen { is_tall: false, turned_ticks: counters[0] },
            motion: Motion {
                place: Vec2::new(floats[0], floats[1]),
                velocity: Vec2::new(floats[2], floats[3]),
                aim,
                buttons: 0,
            },
            armor: Armor { hull: 0.0, shield: 0.0, shield_delay_ticks: counters[1] },
            weapons: Weapons { cooldown_ticks: counters[2], charge_ticks: counters[3] },
            effects: Effects {
                protection_ticks: counters[4],
                overcharge_ticks: counters[5],
                truce_ticks: counters[6],
            },
            shots: Shots { bolt: counters[7] > 0, rail: false },
            ..Own::waiting(PlayerId(3), border, 0)
        };
        let mut scene = SceneWriter::of::<super::super::Skirmish>();
        super::super::bolts::show_shot(&own, Tick(tick), &level, 5, &mut scene);
        for _ in 0..3 {
            advance(&mut own, &level, Input { buttons, aim, wish: team });
            own.show(&mut scene);
        }
    }
}
