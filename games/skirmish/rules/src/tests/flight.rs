//! What coming and going gains: a player who charges a rail, fires, leaves and comes back, beside one who
//! does the same and stays.

#![expect(clippy::print_stderr, reason = "the figures are what it is for")]

use std::iter::Sum;
use std::thread;

use super::super::kinds::{FLAG_PROTECTED, Kill, Ship};
use super::super::rules::{RAIL_DAMAGE, RAIL_RANGE};
use super::*;

/// Everybody else.
const BOTS: u16 = 8;
/// The player that hits and runs.
const RUNNER: PlayerId = PlayerId(BOTS);
/// Games that are played at the same time, each of so many minutes: too few ships are lost in one to judge by.
const GAMES: u64 = 2;
const MINUTES: u32 = 12;

/// When a runner charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charges {
    /// As soon as it has a ship.
    AtOnce,
    /// As soon as somebody is in reach.
    InReach,
}

/// What a runner does once it has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Stays,
    /// It leaves and comes back, as a guest.
    Runs,
    /// The same with a ticket, in a room that keeps for a while who left.
    RunsByTicket,
}

/// What came of a play.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    kills: u32,
    /// Ships lost, to a shot or by leaving a fight.
    deaths: u32,
}

impl Sum for Outcome {
    fn sum<I: Iterator<Item = Outcome>>(outcomes: I) -> Outcome {
        outcomes.fold(Outcome::default(), |all, one| Outcome {
            kills: all.kills + one.kills,
            deaths: all.deaths + one.deaths,
        })
    }
}

/// What came of all games. Their seeds are given to `play`.
fn of_all_games(play: impl Fn(u64) -> Outcome + Sync) -> Outcome {
    thread::scope(|threads| {
        let play = &play;
        let games: Vec<_> = (0..GAMES).map(|game| threads.spawn(move || play(3 + game))).collect();
        games.into_iter().map(|game| game.join().expect("a game is played to its end")).sum()
    })
}

/// The direction in which a runner aims, of the ships that it sees and can hurt: to one that a rail
/// destroys, or else to the nearest. It knows no error and no reaction time.
fn aim(seen: &Seen<'_, Skirmish>) -> Option<Vec2> {
    let own = seen.own?;
    let mut best: Option<(bool, f32, Vec2)> = None;
    for (_, Ship { x, y, hull, shield, flags, player, .. }) in seen.each() {
        let place = Vec2::new(x, y);
        let way = place - own.motion.place;
        let is_hidden = own.among(seen.level).first_touch(own.motion.place, place, 0.0).is_some();
        let is_own = player == RUNNER;
        if is_own || is_hidden || flags & FLAG_PROTECTED != 0 || way.length() > RAIL_RANGE {
            continue;
        }
        let (is_strong, far) = (hull + shield > RAIL_DAMAGE, way.length());
        if best.is_none_or(|(strong, least, _)| (is_strong, far) < (strong, least)) {
            best = Some((is_strong, far, way));
        }
    }
    best.map(|(_, _, way)| way)
}

/// A game among bots, and who plays in the place of the last of them.
struct Fight {
    simulation: Simulation<Skirmish>,
    dice: Vec<Dice>,
}

impl Fight {
    fn new(seed: u64, subject: Option<Subject>) -> Fight {
        let setup = Setup { grace_ticks: 900, ..setup(seed, 16) };
        let mut simulation = Simulation::<Skirmish>::new(&setup);
        (0..BOTS).for_each(|id| simulation.join(PlayerId(id), None));
        simulation.join(RUNNER, subject);
        Fight { simulation, dice: (0..=BOTS).map(|id| Dice::new(seed, u64::from(id))).collect() }
    }

    /// One tick; the bots play, and what `act` says is done in the place of the last one.
    fn step(&mut self, act: impl FnOnce(&Seen<'_, Skirmish>, &mut Dice) -> Input) {
        let Fight { simulation, dice } = self;
        let rows = simulation.scene().rows();
        let mut inputs: Vec<_> = (0..BOTS)
            .zip(dice.iter_mut())
            .map(|(id, dice)| {
                let bot = |seen: &Seen<'_, Skirmish>| Skirmish::bot(seen, dice);
                received(id, simulation.look(PlayerId(id), rows, bot))
            })
            .collect();
        let last = &mut dice[usize::from(BOTS)];
        let input = simulation.look(RUNNER, rows, |seen| act(seen, last));
        inputs.push(received(RUNNER.0, input));
        simulation.step(&inputs);
    }

    /// Victim and killer of each kill in the last tick.
    fn kills(&self) -> Vec<[PlayerId; 2]> {
        let kinds = Kinds::of::<Skirmish>();
        let kills = self.simulation.scene().events().each(&kinds);
        kills.map(|(_, Kill { victim, killer, .. })| [victim, killer]).collect()
    }

    /// Kills of all but the runner in this round, and what they were given for its flights.
    fn kills_of_bots(&self) -> u32 {
        let players = self.simulation.game().players.iter();
        players.filter(|player| player.id() != RUNNER).map(|player| player.tally.kills).sum()
    }
}

/// A runner plays among bots, or one who does the same and stays.
fn hit(seed: u64, charges: Charges, then: Then) -> Outcome {
    let subject = (then == Then::RunsByTicket).then_some(Subject(7));
    let (mut fight, mut outcome) = (Fight::new(seed, subject), Outcome::default());
    for _ in 0..MINUTES * 60 * 30 {
        fight.step(|seen, _| {
            let (way, own) = (aim(seen), seen.own.expect("it plays"));
            let begins =
                charges == Charges::AtOnce || way.is_some() || own.weapons.charge_ticks > 0;
            let lets_go = way.is_some() && own.charge(seen.level) >= 1.0;
            let buttons = if begins && !lets_go { Input::RAIL } else { 0 };
            let way = way.unwrap_or(Vec2::X);
            Input::towards(buttons, way.x, way.y).wishing(Class::Dart)
        });
        for [victim, killer] in fight.kills() {
            outcome.kills += u32::from(killer == RUNNER);
            outcome.deaths += u32::from(victim == RUNNER);
        }
        let has_fired = fight.simulation.game().own(RUNNER).is_some_and(|own| own.shots.rail);
        if then != Then::Stays && has_fired {
            let before = fight.kills_of_bots();
            fight.simulation.leave(RUNNER, LeaveReason::Left);
            outcome.deaths += fight.kills_of_bots() - before;
            fight.simulation.join(RUNNER, subject);
        }
    }
    outcome
}

#[test]
fn whoever_hits_and_runs_gains_nothing_by_running() {
    eprintln!("{GAMES} games of {MINUTES} minutes");
    let outcomes = [Charges::AtOnce, Charges::InReach].map(|charges| {
        let all = [Then::Runs, Then::RunsByTicket, Then::Stays].map(|then| {
            let outcome = of_all_games(|seed| hit(seed, charges, then));
            eprintln!("charges {charges:?}, hits and {then:?}: {outcome:?}");
            outcome
        });
        let [runs, by_ticket, stays] = all;
        assert!(10 * runs.kills.max(by_ticket.kills) < 8 * stays.kills, "running costs kills");
        all
    });
    let [runs, by_ticket, stays]: [Outcome; 3] =
        [0, 1, 2].map(|which| outcomes.iter().map(|all| all[which]).sum());
    assert!(runs.deaths.min(by_ticket.deaths) > 40, "too few ships were lost to judge by");
    // By rules under which a charge was protected it had ten kills for each of a bot, and one death. Of so
    // many deaths the ratio is known within a fifth.
    let per_ship = |outcome: Outcome| f64::from(outcome.kills) / f64::from(outcome.deaths);
    for runs in [runs, by_ticket] {
        assert!(per_ship(runs) < 1.2 * per_ship(stays), "and saves no ship");
    }
}

#[test]
fn a_first_ship_comes_at_once_but_for_who_has_just_left_as_late_as_the_next_one() {
    let mut arena = Arena::with_players(2);
    let ticks_to_ship = |arena: &mut Arena| {
        let waits = (1..1_000).find(|_| {
            arena.settle(1);
            arena.own(1).is_alive()
        });
        waits.expect("it has a ship some time")
    };
    // Who was destroyed and leaves at once is not back any sooner.
    arena.face_off();
    arena.shoot(90);
    assert!(!arena.own(1).is_alive());
    let respawn = ticks_to_ship(&mut arena);
    arena.face_off();
    arena.shoot(90);
    arena.leave(1, LeaveReason::Left);
    arena.come(1, None);
    assert_eq!((ticks_to_ship(&mut arena), respawn), (60, 60));
    // Nobody can tell whether it is the same one who comes a second later.
    arena.leave(1, LeaveReason::Left);
    arena.settle(30);
    arena.come(1, None);
    assert_eq!(ticks_to_ship(&mut arena), 30);
    // Who makes way for a person has not run away.
    arena.settle(60);
    arena.leave(1, LeaveReason::Removed);
    arena.come(1, None);
    assert_eq!(ticks_to_ship(&mut arena), 1);
}

#[test]
fn charging_ends_protection_on_both_sides() {
    let mut arena = Arena::with_players(1);
    let before = arena.own(0).clone();
    assert!(before.is_protected());
    let mut predicted = before;
    Skirmish::advance(
        &mut predicted,
        &arena.level,
        Input::new(Input::RAIL, 0),
        TickRate::default().dt(),
    );
    arena.press(Input::new(Input::RAIL, 0));
    assert!(predicted.weapons.charge_ticks > 0 && !predicted.is_protected());
    assert_eq!(*arena.own(0), predicted);
}

#[test]
fn who_is_known_is_protected_as_a_newcomer_once_a_minute() {
    let mut arena = Arena::new(2);
    let come = |arena: &mut Arena, subject: Option<u64>| {
        arena.come(0, subject.map(Subject));
        let waits = (0..60).find(|_| {
            arena.settle(1);
            arena.own(0).is_alive()
        });
        assert!(waits.is_some());
        let protected = arena.own(0).effects.protection_ticks;
        arena.leave(0, LeaveReason::Left);
        protected
    };
    let newcomer = arena.level.timing.newcomer_protection_ticks;
    assert_eq!(come(&mut arena, Some(7)), newcomer);
    assert_eq!(come(&mut arena, Some(7)), 0, "it was just here");
    assert_eq!(come(&mut arena, Some(8)), newcomer, "somebody else");
    assert_eq!(come(&mut arena, None), newcomer, "a stranger");
    arena.settle(60 * 30);
    assert_eq!(come(&mut arena, Some(7)), newcomer, "a minute later");
}

#[test]
fn a_protected_ship_takes_no_pickup() {
    let mut arena = Arena::of(2, Settings::default());
    (0..2).for_each(|id| arena.join(id));
    arena.settle(1);
    let pad = arena.level.layout.pads[0].place();
    for (protection_ticks, takes) in [(1_000, false), (0, true)] {
        // Pick-ups come at known times, up to half a minute apart.
        let taken = (0..40 * 30).any(|_| {
            let own = arena.own(0);
            (own.motion.place, own.motion.velocity, own.effects.protection_ticks) =
                (pad, Vec2::ZERO, protection_ticks);
            arena.own(1).motion.place = Vec2::new(0.0, 15.0);
            arena.settle(1);
            !arena.events::<kinds::Take>().is_empty()
        });
        assert_eq!(taken, takes, "{protection_ticks} ticks of protection");
    }
}
