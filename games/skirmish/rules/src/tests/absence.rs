//! Players whose inputs are missing: what their ships do, what they may gain, and what becomes of them.

use super::super::kinds::{Assist, Hit, Rail, RoundPhase, Streak};
use super::super::rules::{ASSIST_POINTS, SHIP_RADIUS};
use super::rounds::BARE;
use super::*;

const TEAMS: Settings = Settings { teams: true, friendly_fire: true, ..BARE };
/// Where ships are hurt: far from where `Arena::hurt` leaves those who did it.
const AT: Vec2 = Vec2::new(0.0, 10.0);

impl Arena {
    /// From now on a player's inputs are missing.
    pub(super) fn lose(&mut self, player: u16) {
        self.absent.push(player);
    }

    /// It is heard again.
    pub(super) fn hear(&mut self, player: u16) {
        self.absent.retain(|absent| *absent != player);
    }

    /// A bolt of one player breaks another's ship; `away` are absent from the tick after its shot on.
    fn shoot_and_lose(&mut self, killer: u16, victim: u16, away: &[u16]) {
        let own = self.own(victim);
        (own.motion.place, own.motion.velocity) = (AT, Vec2::ZERO);
        (own.armor.hull, own.armor.shield, own.effects.protection_ticks) = (1.0, 0.0, 0);
        let own = self.own(killer);
        (own.motion.place, own.motion.velocity) = (AT - Vec2::new(5.0, 0.0), Vec2::ZERO);
        own.weapons.cooldown_ticks = 0;
        self.step(&[received(killer, Input::new(Input::FIRE, 0))]);
        assert!(self.own(victim).is_alive() && self.own(killer).shots.bolt);
        self.absent.extend(away);
        for _ in 0..10 {
            self.step(&[]);
            if !self.own(victim).is_alive() {
                return;
            }
        }
        panic!("it is not hit");
    }

    /// Points, kills, assists and the best streak of a player, and the points of both teams.
    fn gains(&self, player: u16) -> (i32, [u32; 3], [i32; 2]) {
        let tally = self.world.players[usize::from(player)].tally;
        let kinds::Round { team1, team2, .. } = self.round();
        (tally.score, [tally.kills, tally.assists, tally.best_streak], [team1, team2])
    }
}

#[test]
fn an_absent_ship_drifts_to_a_stop_and_fires_nothing() {
    let mut arena = Arena::with(2, BARE);
    let own = arena.own(0);
    (own.motion.place, own.motion.aim) = (Vec2::ZERO, 0);
    for _ in 0..20 {
        arena.step(&[received(0, Input::new(Input::RIGHT | Input::FIRE, 0))]);
    }
    let before = arena.own(0).motion;
    assert!(before.velocity.x > 10.0);
    arena.lose(0);
    let bolts = |arena: &Arena| {
        let bolts = arena.world.bolts.iter();
        bolts.filter(|bolt| bolt.owner == PlayerId(0)).map(|bolt| bolt.entity).max()
    };
    let last = bolts(&arena);
    let mut speed = before.velocity.x;
    for _ in 0..60 {
        arena.step(&[]);
        assert!(bolts(&arena) <= last, "no bolt after the last");
        assert_eq!((arena.own(0).motion.buttons, arena.own(0).motion.aim), (0, 0));
        let slower = arena.own(0).motion.velocity.x;
        assert!(slower < speed || slower == 0.0);
        speed = slower;
    }
    let way = arena.own(0).motion.place.x - before.place.x;
    assert!(speed == 0.0 && way > 2.0, "it has drifted by {way}");
}

#[test]
fn an_absent_player_lets_go_of_no_rail() {
    for is_absent in [false, true] {
        let mut arena = Arena::with(2, BARE);
        arena.face_off();
        (0..60).for_each(|_| arena.step(&[received(0, Input::new(Input::RAIL, 0))]));
        let charge_ticks = arena.level.timing.of(Class::Lancer).rail_charge_ticks;
        assert_eq!(arena.own(0).weapons.charge_ticks, charge_ticks);
        if is_absent {
            arena.lose(0);
            arena.step(&[]);
            arena.hear(0);
        }
        let mut beams = Vec::new();
        for _ in 0..30 {
            arena.step(&[received(0, Input::new(0, 0))]);
            beams.extend(arena.events::<Rail>());
        }
        assert_eq!(beams.len(), usize::from(!is_absent));
    }
}

#[test]
fn the_border_pushes_an_absent_ship_as_any_other() {
    let mut arena = Arena::with(60, BARE);
    arena.settle(30);
    let radius = arena.world.border.radius;
    arena.own(0).motion.place = Vec2::new(radius - SHIP_RADIUS, 0.0);
    arena.lose(0);
    (2..60).for_each(|id| arena.leave(id, LeaveReason::Left));
    arena.settle(120);
    let closed = arena.world.border.radius;
    assert!(closed < radius - 1.0, "from {radius} to {closed}");
    let way = arena.own(0).motion.place.length();
    assert!(way <= closed - SHIP_RADIUS + 0.001, "{way} in {closed}");
    assert!(arena.own(0).is_alive());
}

/// Players 0, 2 and 4 are mates, and so are 1, 3 and 5.
#[test]
fn whoever_is_absent_gains_no_points_in_any_of_the_ways_in_which_they_are_made() {
    type Way = fn(&mut Arena, &[u16]);
    let kill: Way = |arena, away| arena.shoot_and_lose(0, 3, away);
    let assist: Way = |arena, away| {
        arena.hurt(0, 3, AT, 90.0);
        arena.shoot_and_lose(5, 3, away);
        // The killer is a mate: so all that there is to gain is the assist.
        let is_sent = arena.events::<Assist>() == [Assist { victim: PlayerId(3) }];
        assert_eq!(is_sent, away.is_empty());
    };
    let flight: Way = |arena, away| {
        arena.hurt(0, 3, AT, 90.0);
        away.iter().for_each(|player| arena.lose(*player));
        arena.settle(1);
        arena.leave(3, LeaveReason::Left);
    };
    let help_in_flight: Way = |arena, away| {
        arena.hurt(0, 3, AT, 90.0);
        arena.hurt(2, 3, AT, 80.0);
        away.iter().for_each(|player| arena.lose(*player));
        arena.settle(1);
        arena.leave(3, LeaveReason::Left);
    };
    let team_of = |arena: &Arena| arena.gains(0).2[0];
    for (nth, (way, points, counts)) in [
        (kill, KILL_POINTS, [1, 0, 1]),
        (assist, ASSIST_POINTS, [0, 1, 0]),
        (flight, KILL_POINTS, [1, 0, 1]),
        (help_in_flight, ASSIST_POINTS, [0, 1, 0]),
    ]
    .into_iter()
    .enumerate()
    {
        let [mut present, mut absent] = [(); 2].map(|()| Arena::with(6, TEAMS));
        way(&mut present, &[]);
        assert_eq!((present.gains(0).0, present.gains(0).1), (points, counts), "way {nth}");
        way(&mut absent, &[0]);
        assert_eq!((absent.gains(0).0, absent.gains(0).1), (0, [0; 3]), "way {nth}");
        assert_eq!(team_of(&present) - team_of(&absent), points, "way {nth}: its team's");
    }
}

#[test]
fn a_kill_by_an_absent_player_is_nobodys_and_a_helper_has_its_assist() {
    let mut arena = Arena::with(4, BARE);
    arena.hurt(2, 3, AT, 90.0);
    arena.world.players[0].tally.streak = 2;
    arena.shoot_and_lose(0, 3, &[0]);
    let hits = arena.events::<Hit>();
    assert_eq!(
        hits.iter().map(|hit| (hit.player, hit.by)).collect::<Vec<_>>(),
        [(PlayerId(3), PlayerId(0))]
    );
    assert_eq!([0, 1, 2, 3].map(|id| arena.score(id)), [0, 0, ASSIST_POINTS, 0]);
    assert_eq!(arena.events::<Assist>().len(), 1);
    assert!(arena.events::<Streak>().is_empty(), "it would have been the third");
    assert_eq!(arena.world.players[3].tally.deaths, 1);
    // What it is worth is lost, and not put off until the killer is back.
    arena.hear(0);
    arena.settle(30);
    assert_eq!(arena.score(0), 0);
    arena.break_ship(0, 1);
    assert_eq!(arena.score(0), KILL_POINTS);
}

#[test]
fn what_an_absent_player_does_to_a_mate_costs_it_as_much_as_ever() {
    let mut arena = Arena::with(6, TEAMS);
    arena.shoot_and_lose(0, 2, &[0]);
    assert_eq!(arena.gains(0), (-KILL_POINTS, [0; 3], [-KILL_POINTS, 0]));
}

#[test]
fn of_those_who_hurt_a_ship_that_leaves_the_last_one_who_is_there_has_the_kill() {
    for (away, scores) in [
        (&[][..], [ASSIST_POINTS, KILL_POINTS]),
        (&[0], [0, KILL_POINTS]),
        (&[1], [KILL_POINTS, 0]),
        (&[0, 1], [0, 0]),
    ] {
        let mut arena = Arena::with(4, BARE);
        arena.hurt(0, 3, AT, 90.0);
        arena.hurt(1, 3, AT, 80.0);
        away.iter().for_each(|player| arena.lose(*player));
        arena.settle(1);
        arena.leave(3, LeaveReason::Left);
        assert_eq!([0, 1].map(|id| arena.score(id)), scores, "absent: {away:?}");
    }
}

#[test]
fn an_absent_ship_may_be_killed_once_and_the_next_one_comes_when_its_player_is_back() {
    let mut arena = Arena::with(2, BARE);
    let respawn = arena.level.timing.respawn_ticks;
    arena.lose(1);
    arena.settle(1);
    arena.break_ship(0, 1);
    assert_eq!(arena.score(0), KILL_POINTS, "whose kill it is has its points");
    let mut ticks_until_ship = |away_ticks: u32| {
        let mut arena = arena.clone();
        for tick in 0..away_ticks {
            arena.settle(1);
            assert!(!arena.own(1).is_alive(), "{tick} ticks later");
        }
        arena.hear(1);
        let waits = (1..1_000).find(|_| {
            arena.settle(1);
            arena.own(1).is_alive()
        });
        let protection_ticks = arena.own(1).effects.protection_ticks;
        assert_eq!(protection_ticks, arena.level.timing.protection_ticks);
        away_ticks + waits.expect("it has a ship some time")
    };
    // The wait goes on meanwhile, and is no shorter.
    assert_eq!([0, 10, respawn - 1].map(&mut ticks_until_ship), [respawn; 3]);
    assert_eq!([respawn, 900].map(&mut ticks_until_ship), [respawn + 1, 901]);
}

#[test]
fn a_player_who_was_never_heard_has_a_first_ship_and_no_second_one() {
    let mut arena = Arena::with(1, BARE);
    arena.lose(1);
    arena.join(1);
    arena.settle(1);
    assert!(arena.own(1).is_alive());
    arena.break_ship(0, 1);
    arena.settle(900);
    assert!(!arena.own(1).is_alive());
    arena.hear(1);
    arena.settle(1);
    assert!(arena.own(1).is_alive());
}

#[test]
fn a_round_begins_without_the_ship_of_an_absent_player() {
    let mut arena = Arena::with(3, Settings { round_s: 30, ..BARE });
    arena.break_ship(1, 0);
    arena.settle(100);
    arena.lose(1);
    arena.play_until_phase(RoundPhase::Result);
    let results = arena.rows::<kinds::Standing>();
    let best = (results[0].player, results[0].score);
    assert_eq!(best, (PlayerId(1), KILL_POINTS), "what it had is its own");
    arena.play_until_phase(RoundPhase::Playing);
    arena.settle(200);
    assert_eq!([0, 1, 2].map(|id| arena.own(id).is_alive()), [true, false, true]);
    arena.hear(1);
    arena.settle(1);
    assert!(arena.own(1).is_alive());
    assert_eq!(arena.score(1), 0);
}

#[test]
fn a_stall_costs_nothing_but_points_in_its_own_ticks() {
    let mut arena = Arena::with(2, BARE);
    let own = arena.own(0);
    (own.effects.protection_ticks, own.effects.overcharge_ticks) = (40, 60);
    (own.armor.hull, own.armor.shield) = (33.0, 12.0);
    let mut other = arena.clone();
    arena.lose(0);
    arena.settle(3);
    arena.hear(0);
    other.settle(3);
    [&mut arena, &mut other].into_iter().for_each(|arena| arena.press(Input::new(0, 0)));
    assert_eq!(arena.own(0), other.own(0));
    arena.break_ship(0, 1);
    assert_eq!(arena.score(0), KILL_POINTS);
}
