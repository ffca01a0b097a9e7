//! Players with a ticket who say goodbye and come back: what they find again.

use super::super::kinds::RoundPhase;
use super::super::round::Tally;
use super::super::rules::{DEPARTED_MAX, NEWCOMER_PROTECTION_S, PROTECTION_S};
use super::rounds::BARE;
use super::*;

/// 30 s at 30 ticks a second.
const GRACE_TICKS: u32 = 900;
const ADA: Option<Subject> = Some(Subject(7));
const AT: Vec2 = Vec2::new(0.0, 10.0);

/// A room of two guests, 0 and 1, and of player 2, who has a ticket and a ship that anybody can hurt.
fn room(settings: Settings) -> Arena {
    let setup = Setup { settings, grace_ticks: GRACE_TICKS, ..setup(5, 8) };
    let mut arena = Arena::of_setup(&setup);
    (0..2).for_each(|id| arena.join(id));
    arena.come(2, ADA);
    arena.settle(1);
    assert!(arena.own(2).is_alive());
    arena.own(2).effects.protection_ticks = 0;
    arena.settle(1);
    arena
}

impl Arena {
    /// Ticks until a player has a ship.
    fn wait_for_ship(&mut self, player: u16) -> u32 {
        let waits = (1..1_000).find(|_| {
            self.settle(1);
            self.own(player).is_alive()
        });
        waits.expect("it has a ship some time")
    }

    fn tally(&self, player: u16) -> Tally {
        self.world.players[usize::from(player)].tally
    }

    /// Player 2 has killed both others, each once, and helped once; all have ships.
    fn play_well(&mut self) -> Tally {
        self.break_ship(2, 0);
        self.break_ship(2, 1);
        self.settle(self.level.timing.respawn_ticks + 1);
        self.hurt(2, 1, AT, 90.0);
        self.break_ship(0, 1);
        self.settle(self.level.timing.respawn_ticks + 1);
        self.tally(2)
    }
}

#[test]
fn whoever_comes_back_by_the_same_ticket_finds_its_points_and_its_ship_as_they_were() {
    let mut arena = room(BARE);
    let tally = arena.play_well();
    assert_eq!((tally.kills, tally.assists, tally.streak), (2, 1, 2));
    let own = arena.own(2);
    (own.armor.hull, own.armor.shield, own.armor.shield_delay_ticks) = (31.0, 7.0, 70);
    (own.weapons.cooldown_ticks, own.effects.overcharge_ticks) = (63, 200);
    (own.class, own.next_class) = (Class::Bulwark, Class::Dart);
    let left = own.clone();
    arena.leave(2, LeaveReason::Left);
    arena.settle(20);
    // As another player: numbers are not given out again so soon.
    arena.come(3, ADA);
    let find = |arena: &Arena| arena.world.find(PlayerId(3)).expect("it plays");
    let at = find(&arena) as u16;
    assert_eq!(arena.score(3), tally.score, "at once, for the roster");
    let respawn = arena.level.timing.respawn_ticks;
    assert_eq!(arena.wait_for_ship(at), respawn - 20, "as after a death when it left");
    assert_eq!(arena.tally(at), tally, "its streak goes on as well");
    let own = arena.own(at).clone();
    assert_eq!((own.player, own.class, own.next_class), (PlayerId(3), Class::Bulwark, Class::Dart));
    assert!(own.ship != left.ship && own.border == arena.world.border);
    assert_eq!((own.armor.hull, own.armor.shield), (31.0, 7.0), "a wait does not mend it");
    // Its times went on, up to the tick before its ship: that of a leave is made without it.
    let passed = respawn - 1;
    assert_eq!(own.armor.shield_delay_ticks, 70 - passed);
    assert_eq!(own.weapons.cooldown_ticks, 63 - passed);
    assert_eq!(own.effects.overcharge_ticks, 200 - passed);
    assert_eq!(own.effects.protection_ticks, 0, "it had none");
}

#[test]
fn what_is_left_of_a_newcomers_protection_is_left_and_no_more() {
    let setup = Setup { settings: BARE, grace_ticks: GRACE_TICKS, ..setup(5, 8) };
    let mut arena = Arena::of_setup(&setup);
    arena.come(0, ADA);
    arena.settle(10);
    let before = arena.own(0).effects.protection_ticks;
    assert_eq!(before, arena.level.tick_rate.ticks_in(NEWCOMER_PROTECTION_S) - 9);
    arena.leave(0, LeaveReason::Left);
    arena.come(0, ADA);
    let waited = arena.wait_for_ship(0);
    assert_eq!(arena.own(0).effects.protection_ticks, before - waited + 1);
    // Later none is left of it. A guest is a newcomer each time.
    arena.leave(0, LeaveReason::Left);
    arena.settle(GRACE_TICKS / 2);
    arena.come(0, ADA);
    arena.come(1, None);
    arena.settle(1);
    let protections = [0, 1].map(|id| arena.own(id).effects.protection_ticks);
    assert_eq!(protections, [0, arena.level.tick_rate.ticks_in(NEWCOMER_PROTECTION_S)]);
}

#[test]
fn the_dead_wait_for_no_longer_and_no_shorter_when_they_leave_and_come_back() {
    for away_ticks in [0, 20, 200] {
        let mut arena = room(BARE);
        let respawn = arena.level.timing.respawn_ticks;
        arena.play_well();
        arena.break_ship(0, 2);
        let tally = arena.tally(2);
        arena.settle(15);
        arena.leave(2, LeaveReason::Left);
        arena.settle(away_ticks);
        arena.come(2, ADA);
        let waited = 15 + away_ticks + arena.wait_for_ship(2);
        assert_eq!(waited, respawn.max(15 + away_ticks + 1), "away for {away_ticks} ticks");
        assert_eq!(arena.tally(2), tally);
        assert_eq!((tally.deaths, tally.streak, tally.best_streak), (1, 0, 2));
        let own = arena.own(2);
        assert_eq!(own.armor.hull, own.class.traits().hull_max);
        let protection_ticks = arena.own(2).effects.protection_ticks;
        assert_eq!(protection_ticks, arena.level.tick_rate.ticks_in(PROTECTION_S));
    }
}

#[test]
fn whoever_flees_has_died_when_it_is_back() {
    let mut arena = room(BARE);
    let tally = arena.play_well();
    let pursuer = arena.score(1);
    arena.hurt(1, 2, AT, 40.0);
    arena.leave(2, LeaveReason::Left);
    assert_eq!(arena.score(1), pursuer + KILL_POINTS);
    arena.come(2, ADA);
    assert_eq!(arena.wait_for_ship(2), arena.level.timing.respawn_ticks);
    assert_eq!(arena.tally(2), Tally { deaths: tally.deaths + 1, streak: 0, ..tally });
    let own = arena.own(2);
    assert_eq!(own.armor.hull, own.class.traits().hull_max);
}

#[test]
fn a_player_is_kept_for_the_grace_and_no_longer_and_a_guest_not_at_all() {
    let come_back = |grace_ticks: u32, subject: Option<Subject>, away_ticks: u32| {
        let setup = Setup { settings: BARE, grace_ticks, ..setup(5, 8) };
        let mut arena = Arena::of_setup(&setup);
        arena.join(0);
        arena.come(1, subject);
        arena.settle(1);
        arena.break_ship(1, 0);
        arena.leave(1, LeaveReason::Left);
        arena.settle(away_ticks);
        arena.come(1, subject);
        arena.score(1)
    };
    assert_eq!(come_back(GRACE_TICKS, ADA, GRACE_TICKS - 1), KILL_POINTS);
    assert_eq!(come_back(GRACE_TICKS, ADA, GRACE_TICKS), 0);
    assert_eq!(come_back(GRACE_TICKS, None, 1), 0);
    assert_eq!(come_back(0, ADA, 0), 0);
    assert_eq!(come_back(1, ADA, 0), KILL_POINTS);
}

#[test]
fn the_grace_counts_from_when_a_player_was_last_heard() {
    // Whose connection broke is removed by the room when the grace is over, or before.
    for (absent_ticks, away_ticks, points) in
        [(GRACE_TICKS, 0, 0), (150, GRACE_TICKS - 151, KILL_POINTS), (150, GRACE_TICKS - 150, 0)]
    {
        let mut arena = room(BARE);
        arena.break_ship(2, 0);
        arena.lose(2);
        arena.settle(absent_ticks);
        arena.leave(2, LeaveReason::Left);
        arena.settle(away_ticks);
        arena.come(2, ADA);
        assert_eq!(arena.score(2), points, "absent for {absent_ticks}, away for {away_ticks}");
    }
}

#[test]
fn in_the_next_round_whoever_comes_back_begins_at_nothing_like_all_others() {
    let mut arena = room(Settings { round_s: 30, ..BARE });
    arena.play_well();
    arena.settle(900 - arena.tick.0 - 30);
    arena.own(2).armor.hull = 5.0;
    arena.leave(2, LeaveReason::Left);
    arena.play_until_phase(RoundPhase::Result);
    arena.play_until_phase(RoundPhase::Playing);
    arena.come(2, ADA);
    assert_eq!((arena.tally(2), arena.score(2)), (Tally::default(), 0));
    assert_eq!(arena.wait_for_ship(2), 1);
    let own = arena.own(2).clone();
    assert_eq!(own.armor.hull, own.class.traits().hull_max);
    let protection_ticks = arena.level.tick_rate.ticks_in(PROTECTION_S);
    assert_eq!(own.effects.protection_ticks, protection_ticks, "it is no newcomer");
}

#[test]
fn a_ship_that_waits_for_its_player_is_not_carried_into_the_next_round() {
    let mut arena = room(Settings { round_s: 30, ..BARE });
    arena.settle(901 - arena.tick.0 - 10);
    arena.own(2).armor.hull = 5.0;
    arena.leave(2, LeaveReason::Left);
    // It comes back, and is not heard before the next round.
    arena.lose(2);
    arena.come(2, ADA);
    arena.play_until_phase(RoundPhase::Result);
    assert!(arena.own(2).effects.truce_ticks > 0);
    arena.play_until_phase(RoundPhase::Playing);
    arena.hear(2);
    arena.settle(1);
    let own = arena.own(2);
    assert_eq!(own.armor.hull, own.class.traits().hull_max);
}

#[test]
fn while_a_result_stands_whoever_comes_back_has_its_points_and_no_weapons() {
    let mut arena = room(Settings { round_s: 30, ..BARE });
    let tally = arena.play_well();
    arena.settle(900 - arena.tick.0 - 30);
    arena.leave(2, LeaveReason::Left);
    arena.play_until_phase(RoundPhase::Result);
    arena.come(2, ADA);
    arena.press(Input::new(0, 0));
    assert_eq!(arena.tally(2), tally);
    let [truce, other] = [2, 0].map(|id| arena.own(id).effects.truce_ticks);
    assert_eq!(truce, other);
    arena.settle(60);
    assert!(arena.own(2).is_alive());
    arena.press(Input::new(Input::FIRE, 0));
    assert!(arena.world.bolts.is_empty());
}

#[test]
fn a_second_tab_is_a_second_player_and_what_one_left_is_found_once() {
    let mut arena = room(BARE);
    let tally = arena.play_well();
    arena.come(3, ADA);
    assert_eq!([2, 3].map(|id| arena.tally(id)), [tally, Tally::default()]);
    arena.leave(2, LeaveReason::Left);
    // Player 3 plays on as who it is.
    arena.settle(10);
    assert_eq!(arena.score(3), 0);
    arena.come(2, ADA);
    assert_eq!([2, 3].map(|id| arena.tally(id)), [tally, Tally::default()]);
    arena.come(4, ADA);
    assert_eq!(arena.tally(4), Tally::default());
    // Of two who have left each is found by one.
    arena.leave(2, LeaveReason::Left);
    arena.leave(4, LeaveReason::Left);
    (5..7).for_each(|id| arena.come(id, ADA));
    assert_eq!([5, 6].map(|id| arena.world.score(PlayerId(id))), [0, tally.score]);
}

#[test]
fn whom_the_room_removed_finds_its_points_as_well() {
    let mut arena = room(BARE);
    let tally = arena.play_well();
    arena.hurt(1, 2, AT, 40.0);
    let hull = arena.own(2).armor.hull;
    assert!(hull < 40.0);
    arena.leave(2, LeaveReason::Removed);
    arena.come(2, ADA);
    arena.wait_for_ship(2);
    assert_eq!((arena.tally(2), arena.own(2).armor.hull), (tally, hull));
}

#[test]
fn whoever_comes_back_is_in_its_team_again_unless_that_is_the_larger_one_by_now() {
    for (others_join, team) in [(0, 1), (1, 2)] {
        let settings = Settings { teams: true, ..BARE };
        let setup = Setup { settings, grace_ticks: GRACE_TICKS, ..setup(5, 8) };
        let mut arena = Arena::of_setup(&setup);
        arena.come(0, ADA);
        (1..4).for_each(|id| arena.join(id));
        arena.settle(1);
        assert_eq!([0, 1, 2, 3].map(|id| arena.world.team(PlayerId(id))), [1, 2, 1, 2]);
        // Of two teams as large, its own has more points.
        arena.break_ship(2, 1);
        arena.leave(0, LeaveReason::Left);
        (0..others_join).for_each(|nth| arena.join(4 + nth));
        arena.leave(3, LeaveReason::Left);
        arena.come(0, ADA);
        assert_eq!(arena.world.team(PlayerId(0)), team, "{others_join} others have joined");
    }
}

#[test]
fn whoever_hurt_a_player_that_left_gains_nothing_when_it_dies_later() {
    let mut arena = room(BARE);
    arena.hurt(0, 2, AT, 90.0);
    arena.leave(2, LeaveReason::Removed);
    arena.come(2, ADA);
    arena.wait_for_ship(2);
    arena.break_ship(1, 2);
    assert_eq!([0, 1].map(|id| arena.score(id)), [0, KILL_POINTS]);
}

#[test]
fn of_too_many_who_leave_the_first_are_forgotten() {
    let mut arena = room(BARE);
    arena.play_well();
    arena.leave(2, LeaveReason::Left);
    for other in 0..DEPARTED_MAX as u64 {
        arena.come(3, Some(Subject(1_000 + other)));
        arena.leave(3, LeaveReason::Left);
        if other == DEPARTED_MAX as u64 - 2 {
            let mut back = arena.clone();
            back.come(2, ADA);
            assert_ne!(back.score(2), 0);
        }
    }
    arena.come(2, ADA);
    assert_eq!(arena.score(2), 0);
}
