//! Rounds, teams and points.

use super::super::class::Class;
use super::super::kinds::{Assist, Hit, Kill, RoundPhase, Ship, Standing, Streak};
use super::super::rules::{
    ASSIST_POINTS, ASSIST_S, KILLS_TOLD_MAX_PLAYERS, NEWCOMER_PROTECTION_S, PROTECTION_S, RESULT_S,
    ROUND_MAX_S, ROUND_MIN_S,
};
use super::*;
use tickwire_game::scene::{Audience, Event, Kinds, Row};

pub(super) const BARE: Settings =
    Settings { obstacles: false, teams: false, friendly_fire: false, round_s: 180 };

impl Arena {
    /// `count` players, each of which has sent an input, in an arena of these settings.
    pub(super) fn with(count: u16, settings: Settings) -> Arena {
        let mut arena = Arena::of(count, settings);
        (0..count).for_each(|id| arena.join(id));
        arena.press(Input::new(0, 0));
        arena
    }

    /// The last tick's events of a kind.
    pub(super) fn events<E: Event>(&self) -> Vec<E> {
        let kinds = Kinds::of::<Skirmish>();
        self.happened.events().each(&kinds).map(|(_, event)| event).collect()
    }

    pub(super) fn rows<R: Row>(&self) -> Vec<R> {
        let mut writer = SceneWriter::of::<Skirmish>();
        self.world.show(&mut writer);
        writer.rows().each(writer.kinds()).map(|(_, row)| row).collect()
    }

    /// The audience of each event of a kind.
    fn audiences<E: Event>(&self) -> Vec<Audience> {
        let (scene, kind) = (&self.happened, Kinds::of::<Skirmish>().index::<E>());
        let found = (0..scene.events().len()).filter(|at| scene.events().row(*at).kind == kind);
        found.map(|at| scene.event_audience(at)).collect()
    }

    pub(super) fn round(&self) -> kinds::Round {
        self.rows()[0]
    }

    pub(super) fn score(&self, player: u16) -> i32 {
        self.world.score(PlayerId(player))
    }

    /// A bolt of one player breaks another's ship, of which only so much was left.
    pub(super) fn break_ship(&mut self, killer: u16, victim: u16) {
        let at = Vec2::new(0.0, 5.0 * f32::from(victim));
        self.hurt(killer, victim, at, 1.0);
        assert!(!self.own(victim).is_alive());
    }

    /// A bolt of one player hits another's ship, of which so much was left.
    pub(super) fn hurt(&mut self, by: u16, victim: u16, at: Vec2, hull: f32) {
        let own = self.own(victim);
        (own.motion.place, own.armor.hull, own.armor.shield) = (at, hull, 0.0);
        (own.motion.velocity, own.effects.protection_ticks) = (Vec2::ZERO, 0);
        let shooter = self.own(by);
        (shooter.motion.place, shooter.weapons.cooldown_ticks) = (at - Vec2::new(3.0, 0.0), 0);
        shooter.motion.velocity = Vec2::ZERO;
        let before = self.own(victim).armor.hull;
        self.step(&[received(by, Input::new(Input::FIRE, 0))]);
        for _ in 0..5 {
            self.step(&[]);
            if self.own(victim).armor.hull < before {
                break;
            }
        }
        // Out of the way of the next one's bolt.
        self.own(by).motion.place = Vec2::new(-15.0, -3.0 * f32::from(by));
    }

    /// Ticks by hand up to the one after which the round is in that phase.
    pub(super) fn play_until_phase(&mut self, phase: RoundPhase) -> u32 {
        let begun = self.tick;
        while self.round().phase != phase {
            self.press(Input::new(0, 0));
            assert!(self.tick.since(begun) < 10_000, "it never comes");
        }
        self.tick.since(begun) as u32
    }
}

#[test]
fn a_round_ends_its_result_stands_and_the_next_one_begins_with_fresh_ships() {
    let mut arena = Arena::with(3, Settings { round_s: 20, ..BARE });
    let kinds::Round { number, phase, ends, .. } = arena.round();
    assert_eq!((number, phase, ends), (1, RoundPhase::Playing, 601));
    arena.break_ship(0, 1);
    arena.play_until_phase(RoundPhase::Result);
    assert_eq!(arena.tick, Tick(601), "after 20 seconds");
    let standing = |player, place| Standing {
        player: PlayerId(player),
        place,
        score: 0,
        kills: 0,
        deaths: 0,
        assists: 0,
        streak: 0,
    };
    let results = [
        Standing { score: KILL_POINTS, kills: 1, streak: 1, ..standing(0, 1) },
        Standing { deaths: 1, ..standing(1, 2) },
        standing(2, 2),
    ];
    assert_eq!(arena.rows::<Standing>(), results);
    let ships: Vec<_> = (0..3).map(|id| arena.own(id).ship).collect();
    arena.press(Input::new(Input::FIRE, 0));
    assert!(arena.world.bolts.is_empty(), "weapons are off");
    let lasted = arena.play_until_phase(RoundPhase::Playing) + 1;
    assert_eq!(lasted, arena.level.tick_rate.ticks_in(RESULT_S));
    assert_eq!((arena.round().number, arena.rows::<Standing>().len()), (2, 0));
    for id in 0..3 {
        assert!(arena.own(id).is_alive() && arena.own(id).ship != ships[usize::from(id)]);
        assert_eq!((arena.score(id), arena.own(id).effects.truce_ticks), (0, 0));
    }
    arena.press(Input::new(Input::FIRE, 0));
    assert_eq!(arena.world.bolts.len(), 3, "weapons are on");
}

#[test]
fn whoever_comes_while_a_result_stands_cannot_fire_either() {
    let mut arena = Arena::with(2, Settings { round_s: 20, ..BARE });
    arena.play_until_phase(RoundPhase::Result);
    arena.settle(30);
    arena.join(2);
    arena.press(Input::new(0, 0));
    let truces: Vec<_> = (0..3).map(|id| arena.own(id).effects.truce_ticks).collect();
    assert!(truces[0] > 0 && truces.iter().all(|truce| *truce == truces[0]), "{truces:?}");
}

#[test]
fn a_round_of_no_length_never_ends() {
    let mut arena = Arena::with(1, Settings { round_s: 0, ..BARE });
    arena.settle(8_000);
    let kinds::Round { number, phase, ends, .. } = arena.round();
    assert_eq!((number, phase, ends), (1, RoundPhase::Playing, 0));
}

#[test]
fn who_helped_lately_gets_an_assist_and_is_told_alone() {
    let mut arena = Arena::with(4, BARE);
    let at = Vec2::new(0.0, 10.0);
    arena.hurt(0, 3, at, 90.0);
    assert!(arena.own(3).is_alive());
    // Too long ago.
    arena.settle(arena.level.tick_rate.ticks_in(ASSIST_S) + 1);
    arena.hurt(1, 3, at, 90.0);
    arena.hurt(2, 3, at, 1.0);
    assert_eq!([0, 1, 2, 3].map(|id| arena.score(id)), [0, ASSIST_POINTS, KILL_POINTS, 0]);
    assert_eq!(arena.events::<Assist>(), [Assist { victim: PlayerId(3) }]);
    assert_eq!(arena.audiences::<Assist>(), [Audience::One(PlayerId(1))]);
}

#[test]
fn of_a_kill_all_are_told_and_in_a_large_arena_those_two_whom_it_concerns() {
    for (players, audience) in [
        (KILLS_TOLD_MAX_PLAYERS, Audience::All),
        (KILLS_TOLD_MAX_PLAYERS + 1, Audience::Two([PlayerId(3), PlayerId(1)])),
    ] {
        let mut arena = Arena::with(players, BARE);
        // Until the border is where it belongs.
        arena.settle(300);
        arena.break_ship(1, 3);
        let kill = Kill { victim: PlayerId(3), killer: PlayerId(1), rail: false };
        assert_eq!(arena.events::<Kill>(), [kill]);
        assert_eq!(arena.audiences::<Kill>(), [audience], "{players} players");
    }
}

#[test]
fn a_streak_is_told_to_all_and_ends_with_a_life() {
    let mut arena = Arena::with(2, BARE);
    let respawn = arena.level.timing.respawn_ticks;
    let mut announced = Vec::new();
    for _ in 0..5 {
        arena.break_ship(0, 1);
        announced.extend(arena.events().iter().map(|streak: &Streak| streak.kills));
        arena.settle(respawn + 1);
    }
    assert_eq!(announced, [3, 5]);
    arena.break_ship(1, 0);
    arena.settle(respawn + 1);
    arena.break_ship(0, 1);
    assert_eq!(arena.world.players[0].tally.streak, 1);
    assert_eq!(arena.world.players[0].tally.best_streak, 5);
}

#[test]
fn teams_are_even_and_evened_out_between_rounds() {
    let mut arena = Arena::with(7, Settings { teams: true, round_s: 10, ..BARE });
    let count = |arena: &Arena, team| {
        arena.world.players.iter().filter(|player| player.own.team == team).count()
    };
    assert_eq!((count(&arena, 1), count(&arena, 2)), (4, 3));
    for id in [0, 2, 4] {
        assert_eq!(arena.world.team(PlayerId(id)), 1);
        arena.leave(id, LeaveReason::Left);
    }
    assert_eq!((count(&arena, 1), count(&arena, 2)), (1, 3));
    arena.join(9);
    assert_eq!(arena.world.team(PlayerId(9)), 1, "the weaker one");
    arena.leave(9, LeaveReason::Left);
    arena.play_until_phase(RoundPhase::Result);
    assert_eq!((count(&arena, 1), count(&arena, 2)), (1, 3), "not in the middle of a round");
    arena.play_until_phase(RoundPhase::Playing);
    assert_eq!((count(&arena, 1), count(&arena, 2)), (2, 2));
}

#[test]
fn a_mate_is_shot_through_unless_the_room_wants_it_otherwise() {
    for friendly_fire in [false, true] {
        let mut arena = Arena::with(4, Settings { teams: true, friendly_fire, ..BARE });
        let at = Vec2::new(0.0, 10.0);
        // Players 0 and 2 are mates, 1 is not.
        arena.hurt(0, 2, at, 1.0);
        assert_eq!(arena.own(2).is_alive(), !friendly_fire);
        assert_eq!(arena.score(0), if friendly_fire { -KILL_POINTS } else { 0 });
        assert_eq!(arena.round().team1, arena.score(0), "the team's points");
        arena.own(2).motion.place = Vec2::new(0.0, -10.0);
        arena.settle(30);
        let before = arena.score(0);
        arena.break_ship(0, 1);
        assert_eq!(arena.score(0), before + KILL_POINTS);
    }
}

#[test]
fn a_rail_goes_through_a_mate_and_hits_the_enemy_behind() {
    let mut arena = Arena::with(4, Settings { teams: true, ..BARE });
    for (id, x) in [(0, -10.0), (2, -5.0), (1, 5.0)] {
        let own = arena.own(id);
        (own.motion.place, own.effects.protection_ticks) = (Vec2::new(x, 0.0), 0);
    }
    arena.own(3).motion.place = Vec2::new(0.0, 15.0);
    arena.own(0).weapons.charge_ticks = arena.level.timing.of(Class::Lancer).rail_charge_ticks;
    arena.step(&[received(0, Input::new(0, 0))]);
    let full = Class::Lancer.traits();
    assert_eq!(
        (arena.own(2).armor.hull, arena.own(2).armor.shield),
        (full.hull_max, full.shield_max)
    );
    assert!(arena.own(1).armor.hull < full.hull_max);
}

#[test]
fn a_newcomer_is_safe_for_longer_than_who_has_just_died() {
    let mut arena = Arena::with(2, BARE);
    let rate = arena.level.tick_rate;
    let protection_ticks = arena.own(1).effects.protection_ticks;
    assert_eq!(protection_ticks, rate.ticks_in(NEWCOMER_PROTECTION_S));
    arena.break_ship(0, 1);
    arena.settle(arena.level.timing.respawn_ticks);
    assert_eq!(arena.own(1).effects.protection_ticks, rate.ticks_in(PROTECTION_S));
}

#[test]
fn of_very_many_who_wait_some_appear_in_each_tick_and_not_always_the_same_first() {
    let mut arena = Arena::of(200, Settings { round_s: 11, ..BARE });
    (0..200).for_each(|id| arena.join(id));
    let alive = |arena: &Arena| {
        let players = arena.world.players.iter().filter(|player| player.own.is_alive());
        players.map(|player| player.id().0).collect::<Vec<_>>()
    };
    arena.settle(1);
    let first = alive(&arena);
    assert_eq!(first.len(), rules::SPAWNS_PER_TICK_MAX);
    arena.settle(8);
    assert_eq!(alive(&arena).len(), 200);
    arena.play_until_phase(RoundPhase::Result);
    arena.play_until_phase(RoundPhase::Playing);
    assert_eq!(alive(&arena).len(), rules::SPAWNS_PER_TICK_MAX);
    assert_ne!(alive(&arena), first);
}

#[test]
fn a_result_names_nobody_who_came_after_and_a_newcomer_of_it_is_safe_in_the_next_round() {
    let mut arena = Arena::with(3, Settings { round_s: 20, ..BARE });
    arena.break_ship(2, 1);
    arena.play_until_phase(RoundPhase::Result);
    arena.leave(2, LeaveReason::Left);
    arena.join(2);
    arena.settle(5);
    let results = arena.rows::<Standing>();
    let Standing { player, place, score, .. } = results[0];
    assert_eq!((player, place, score), (PlayerId(u16::MAX), 1, KILL_POINTS));
    assert!(results[1..].iter().all(|standing| standing.player != PlayerId(2)));
    arena.play_until_phase(RoundPhase::Playing);
    let rate = arena.level.tick_rate;
    let protections = [2, 1].map(|id| arena.own(id).effects.protection_ticks);
    assert_eq!(protections, [NEWCOMER_PROTECTION_S, PROTECTION_S].map(|s| rate.ticks_in(s)));
}

#[test]
fn who_leaves_a_fight_is_the_kill_of_whoever_hurt_it_last() {
    let mut arena = Arena::with(4, BARE);
    let at = Vec2::new(0.0, 10.0);
    arena.hurt(0, 3, at, 90.0);
    arena.hurt(1, 3, at, 90.0);
    arena.leave(3, LeaveReason::Left);
    assert_eq!([0, 1].map(|id| arena.score(id)), [ASSIST_POINTS, KILL_POINTS]);
    // Its number is given to somebody who has hurt nobody and was hurt by nobody.
    arena.join(3);
    arena.leave(3, LeaveReason::Left);
    arena.leave(0, LeaveReason::Left);
    arena.join(0);
    arena.hurt(1, 2, at, 1.0);
    assert_eq!([0, 1].map(|id| arena.score(id)), [0, 2 * KILL_POINTS]);
}

#[test]
fn whom_the_room_removes_from_a_fight_is_nobodys_kill() {
    let mut arena = Arena::with(4, BARE);
    arena.hurt(0, 3, Vec2::new(0.0, 10.0), 90.0);
    arena.hurt(1, 3, Vec2::new(0.0, 10.0), 90.0);
    arena.leave(3, LeaveReason::Removed);
    assert_eq!([0, 1].map(|id| arena.score(id)), [0, 0]);
}

#[test]
fn a_number_given_out_again_inherits_no_assist() {
    let mut arena = Arena::with(4, BARE);
    let at = Vec2::new(0.0, 10.0);
    arena.hurt(0, 3, at, 90.0);
    arena.leave(0, LeaveReason::Left);
    arena.join(0);
    arena.settle(1);
    arena.own(0).motion.place = Vec2::new(-15.0, 3.0);
    arena.hurt(1, 3, at, 1.0);
    assert_eq!([0, 1].map(|id| arena.score(id)), [0, KILL_POINTS]);
}

#[test]
fn an_assist_counts_for_the_team_and_a_mate_earns_none() {
    let mut arena = Arena::with(6, Settings { teams: true, friendly_fire: true, ..BARE });
    let at = Vec2::new(0.0, 10.0);
    // Players 0, 2 and 4 are mates, and so are 1, 3 and 5.
    arena.hurt(0, 1, at, 90.0);
    arena.hurt(3, 1, at, 60.0);
    arena.hurt(2, 1, at, 1.0);
    assert_eq!([0, 3, 2].map(|id| arena.score(id)), [ASSIST_POINTS, 0, KILL_POINTS]);
    let kinds::Round { team1, team2, .. } = arena.round();
    assert_eq!((team1, team2), (ASSIST_POINTS + KILL_POINTS, 0));
    // A kill of a mate is none.
    arena.hurt(2, 4, at, 1.0);
    let tally = arena.world.players[2].tally;
    assert_eq!((tally.kills, tally.streak, tally.score), (1, 0, 0));
}

#[test]
fn the_weaker_team_is_the_smaller_one_and_of_two_as_large_the_one_with_fewer_points() {
    let mut arena = Arena::with(2, Settings { teams: true, ..BARE });
    arena.hurt(0, 1, Vec2::new(0.0, 10.0), 1.0);
    arena.join(2);
    assert_eq!(arena.world.team(PlayerId(2)), 2);
    arena.join(3);
    assert_eq!(arena.world.team(PlayerId(3)), 1);
}

#[test]
fn with_a_result_all_bolts_are_gone_and_no_hurt_of_the_last_round_counts_in_the_next() {
    let mut arena = Arena::with(3, Settings { round_s: 10, ..BARE });
    let at = Vec2::new(0.0, 10.0);
    arena.hurt(0, 2, at, 90.0);
    while arena.tick < Tick(300) {
        arena.press(Input::new(Input::FIRE, 0));
    }
    assert!(!arena.world.bolts.is_empty());
    arena.play_until_phase(RoundPhase::Result);
    assert!(arena.world.bolts.is_empty());
    arena.play_until_phase(RoundPhase::Playing);
    arena.hurt(1, 2, at, 1.0);
    assert_eq!([0, 1].map(|id| arena.score(id)), [0, KILL_POINTS]);
}

#[test]
fn an_overcharged_shot_hurts_more_and_none_hurts_who_is_protected() {
    for (overcharge_ticks, protection_ticks, lost) in [(0, 0, 26.0), (99, 0, 39.0), (99, 99, 0.0)] {
        let mut arena = Arena::with(2, BARE);
        arena.face_off();
        arena.own(0).effects.protection_ticks = 0;
        arena.own(0).effects.overcharge_ticks = overcharge_ticks;
        arena.own(1).effects.protection_ticks = protection_ticks;
        let mut hits = Vec::new();
        for tick in 0..12 {
            let buttons = if tick == 0 { Input::FIRE } else { 0 };
            arena.step(&[received(0, Input::new(buttons, 0))]);
            hits.extend(arena.events::<Hit>());
        }
        assert_eq!(hits.iter().map(|hit| hit.damage).collect::<Vec<_>>(), [lost]);
        let own = arena.own(1);
        let full = own.class.traits();
        assert_eq!(full.hull_max + full.shield_max - own.armor.hull - own.armor.shield, lost);
    }
    for (overcharge_ticks, lost) in [(0, 75.0), (99, 112.5)] {
        let mut arena = Arena::with(2, BARE);
        arena.face_off();
        let charge_ticks = arena.level.timing.of(Class::Lancer).rail_charge_ticks;
        (arena.own(0).weapons.charge_ticks, arena.own(0).effects.overcharge_ticks) =
            (charge_ticks, overcharge_ticks);
        arena.step(&[received(0, Input::new(0, 0))]);
        let own = arena.own(1);
        let full = own.class.traits();
        assert_eq!(full.hull_max + full.shield_max - own.armor.hull - own.armor.shield, lost);
    }
}

#[test]
fn a_ships_row_says_its_team_class_and_charge() {
    let mut arena = Arena::with(2, Settings { teams: true, ..BARE });
    arena.own(1).effects.overcharge_ticks = 9;
    let flags: Vec<_> = arena.rows().iter().map(|ship: &Ship| ship.flags).collect();
    let team = |flags: u8| flags >> kinds::TEAM_SHIFT & 3;
    assert_eq!([team(flags[0]), team(flags[1])], [1, 2]);
    assert_eq!(flags.iter().map(|flags| flags & kinds::FLAG_OVERCHARGED).max(), Some(4));
    assert_eq!(flags[0] & kinds::FLAG_OVERCHARGED, 0);
}

#[test]
fn a_thousand_rails_in_one_tick_hit_as_one_after_the_other_would() {
    // A ship that is not near the beam is not even looked at: what is hit must not depend on it.
    let mut arena = Arena::with(300, Settings { obstacles: false, ..BARE });
    arena.settle(20);
    let charge_ticks = arena.level.timing.of(Class::Lancer).rail_charge_ticks;
    let ids: Vec<_> = (0..300).collect();
    for id in &ids {
        let own = arena.own(*id);
        // None dies of it, and so each is in the way of all.
        (own.effects.protection_ticks, own.weapons.charge_ticks, own.armor.hull) =
            (0, charge_ticks, 1e6);
    }
    let places: Vec<_> = ids.iter().map(|id| arena.own(*id).motion.place).collect();
    let inputs: Vec<_> = ids.iter().map(|id| received(*id, Input::new(0, 37 * id))).collect();
    arena.step(&inputs);
    let beams = arena.events::<kinds::Rail>();
    assert_eq!(beams.len(), 300);
    let mut hit = 0;
    for kinds::Rail { x, y, dx, dy, by } in beams {
        let way = Vec2::new(2.0 * dx, 2.0 * dy);
        let from = Vec2::new(x - dx, y - dy);
        for (id, place) in ids.iter().zip(&places).filter(|(id, _)| **id != by.0) {
            let along = (*place - from).dot(way) / way.length_squared();
            let nearest = from + way * along.clamp(0.0, 1.0);
            let depth = rules::SHIP_RADIUS - nearest.distance(*place);
            assert!(depth < 0.2, "the beam of {by} goes through {id}");
            hit += u32::from(depth > -0.1);
        }
    }
    assert!(hit > 30, "{hit}");
}

#[test]
fn what_a_tall_screen_may_know_is_as_much_but_turned() {
    let mut arena = Arena::with(1, BARE);
    arena.own(0).motion.place = Vec2::ZERO;
    arena.own(0).motion.velocity = Vec2::ZERO;
    arena.press(Input::new(Input::TALL, 0));
    let view = arena.world.view(PlayerId(0));
    assert!(view.holds([0.0, 35.0]) && !view.holds([35.0, 0.0]));
    for _ in 0..30 {
        arena.press(Input::new(0, 0));
    }
    let view = arena.world.view(PlayerId(0));
    assert!(!view.holds([0.0, 35.0]) && view.holds([35.0, 0.0]));
}

#[test]
fn settings_of_which_there_are_none_are_refused() {
    let parse = |json| serde_json::from_str::<Settings>(json);
    assert_eq!(parse("{}").unwrap(), Settings::default());
    let teams = parse(r#"{"teams": true, "round_s": 60}"#).unwrap();
    assert_eq!(teams, Settings { teams: true, round_s: 60, ..Settings::default() });
    assert!(parse(r#"{"team": true}"#).is_err());
    assert!(parse(r#"{"round_s": -1}"#).is_err());
}

#[test]
fn a_round_is_neither_too_short_nor_too_long() {
    let check = |round_s| Skirmish::check_settings(&Settings { round_s, ..Settings::default() });
    for round_s in [0, ROUND_MIN_S, ROUND_S, ROUND_MAX_S] {
        assert_eq!(check(round_s), Ok(()));
    }
    for round_s in [1, ROUND_MIN_S - 1, ROUND_MAX_S + 1, u16::MAX] {
        assert!(check(round_s).unwrap_err().contains("from 30 to 3600"));
    }
}
