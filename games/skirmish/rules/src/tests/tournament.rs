//! Whether the game is worth playing: bots play 200 whole rounds, and what came of them is counted.

#![expect(clippy::print_stderr, reason = "the figures are what it is for")]

use super::super::bot;
use super::super::kinds::{self, Kill, Standing};
use super::*;

/// Of free-for-all, and as many of two teams.
const ROUNDS: u16 = 100;

/// A bot in a round.
#[derive(Clone, Copy, Debug)]
struct Seat {
    player: PlayerId,
    skill: Skill,
    /// What it flies; `None` for what it likes.
    class: Option<Class>,
}

/// What came of a round, by seat.
#[derive(Debug, Default)]
struct Outcome {
    places: Vec<u32>,
    scores: Vec<i32>,
    rail_kills: u32,
    kills: u32,
    /// Of team 1 and team 2.
    team_points: [i32; 2],
    /// Players that stayed about one place for too long.
    stuck: Vec<String>,
}

/// A ship gets on when it goes so far, fights or takes something...
const PROGRESS_UNITS: f32 = 3.0;
/// ...within so many seconds.
const PROGRESS_S: f32 = 10.0;

/// So often at most that happens in all rounds of a kind, some 800 of one ship: behind a long wall a
/// bot, which keeps no state, may go to and fro.
const STUCK_MAX: usize = 2;

/// How a ship was when it last got on, and when that was.
#[derive(Clone, Copy, Debug, Default)]
struct Stay {
    ship: EntityId,
    at: Vec2,
    strength: f32,
    since: Tick,
}

impl Stay {
    /// Whether it has not got on for too long.
    fn is_stuck(&mut self, own: &Own, patience_ticks: u32) -> bool {
        let strength = own.armor.hull + own.armor.shield;
        let gets_on = own.motion.place.distance(self.at) > PROGRESS_UNITS
            || (own.ship, strength) != (self.ship, self.strength)
            || own.shots.bolt
            || own.shots.rail
            || !own.is_alive();
        let is_stuck = !gets_on && own.tick.since(self.since) > i64::from(patience_ticks);
        if gets_on || is_stuck {
            *self = Stay { ship: own.ship, at: own.motion.place, strength, since: own.tick };
        }
        is_stuck
    }
}

/// One whole round, up to its result.
fn play_round(seed: u64, seats: &[Seat], settings: Settings) -> Outcome {
    let setup = Setup { settings, ..setup(seed, 16) };
    let tick_rate = setup.tick_rate;
    let mut simulation = Simulation::<Skirmish>::new(&setup);
    seats.iter().for_each(|seat| simulation.join(seat.player, None));
    let mut dice: Vec<_> =
        seats.iter().map(|seat| Dice::new(seed, u64::from(seat.player.0))).collect();
    let mut outcome = Outcome::default();
    let mut stays = vec![Stay::default(); seats.len()];
    let (schema, mut rows) = (Skirmish::schema(), Rows::default());
    let ticks = tick_rate.ticks_in(f32::from(settings.round_s)) + 2;
    for _ in 0..ticks {
        let mut inputs = Vec::with_capacity(seats.len());
        for (seat, dice) in seats.iter().zip(&mut dice) {
            rows.clear();
            let view = simulation.game().view(seat.player);
            for (index, row) in simulation.scene().rows().iter().enumerate() {
                if simulation.scene().may_know_row(&schema, index, Some(seat.player), &view) {
                    rows.push_row(row);
                }
            }
            let look = |seen: &Seen<'_, Skirmish>| {
                Skirmish::bot(&Seen { skill: seat.skill, ..*seen }, dice)
            };
            let input = simulation.look(seat.player, &rows, look);
            let input = seat.class.map_or(input, |class| input.wishing(class));
            inputs.push(PlayerInput::at_once(seat.player, InputStatus::Received(input)));
        }
        inputs.sort_by_key(|input| input.player);
        simulation.step(&inputs);
        for (_, kill) in simulation.scene().events().each::<Kill>(schema.kinds()) {
            outcome.kills += 1;
            outcome.rail_kills += u32::from(kill.rail);
        }
        for (seat, stay) in seats.iter().zip(&mut stays) {
            let own = simulation.game().own(seat.player).expect("nobody leaves");
            if stay.is_stuck(&own, tick_rate.ticks_in(PROGRESS_S)) {
                outcome
                    .stuck
                    .push(format!("seed {seed}, {}, {seat:?}: {}", own.tick, own.motion.place));
            }
        }
    }
    let scene = simulation.scene();
    let results = scene.rows().each::<Standing>(schema.kinds());
    let results: Vec<_> = results.map(|(_, standing)| standing).collect();
    for seat in seats {
        let of = results.iter().find(|result| result.player == seat.player);
        let of = of.expect("the round has ended, and all are in its result");
        outcome.places.push(of.place as u32);
        outcome.scores.push(of.score);
    }
    let (_, round) = scene.rows().each(schema.kinds()).next().expect("there is a round");
    let kinds::Round { team1, team2, .. } = round;
    outcome.team_points = [team1, team2];
    outcome
}

#[test]
fn better_bots_win_and_no_class_wins_too_often() {
    let (mut wins_by_skill, mut score_by_skill) = ([0_u32; 3], [0_i32; 3]);
    let (mut wins_by_class, mut score_by_class) = ([0_u32; 3], [0_i32; 3]);
    // How often the better of two bots of neighbouring skills came off better.
    let (mut ahead, mut pairs) = ([0_u32; 2], 0_u32);
    let (mut kills, mut rail_kills) = (0, 0);
    let mut stuck = Vec::new();
    for round in 0..ROUNDS {
        // Each skill flies each class, and no two rounds have a bot in common.
        let seat = |at: u16| Seat {
            player: PlayerId(round * 9 + at),
            skill: Skill::ALL[usize::from(at) % 3],
            class: Class::at(usize::from(at / 3)),
        };
        let seats: Vec<_> = (0..9).map(seat).collect();
        let outcome = play_round(u64::from(round), &seats, Settings::default());
        stuck.extend(outcome.stuck);
        for (at, (place, score)) in outcome.places.iter().zip(&outcome.scores).enumerate() {
            let (skill, class) = (at % 3, at / 3);
            score_by_skill[skill] += score;
            score_by_class[class] += score;
            let has_won = u32::from(*place == 1);
            wins_by_skill[skill] += has_won;
            wins_by_class[class] += has_won;
        }
        for class in 0..3 {
            pairs += 1;
            let of_class = &outcome.scores[class * 3..][..3];
            for (ahead, pair) in ahead.iter_mut().zip(of_class.windows(2)) {
                *ahead += u32::from(pair[1] > pair[0]);
            }
        }
        kills += outcome.kills;
        rail_kills += outcome.rail_kills;
    }
    eprintln!(
        "{ROUNDS} rounds of 9: wins by skill {wins_by_skill:?}, by class {wins_by_class:?}; points by \
         skill {score_by_skill:?}, by class {score_by_class:?}; the better of two was ahead in \
         {ahead:?} of {pairs}; {rail_kills} of {kills} kills by rail; \
         {} without progress",
        stuck.len()
    );
    assert!(stuck.len() <= STUCK_MAX, "{stuck:#?}");
    assert!(ahead.iter().all(|ahead| 100 * ahead >= 80 * pairs), "{ahead:?} of {pairs}");
    assert!(wins_by_skill[0] < wins_by_skill[2] && wins_by_skill[1] < wins_by_skill[2]);
    let wins: u32 = wins_by_class.iter().sum();
    assert!(wins_by_class.iter().all(|of| 100 * of <= 60 * wins && 100 * of >= 10 * wins));
}

#[test]
fn neither_weapon_wins_too_often() {
    let (mut wins, mut draws, mut points) = ([0_u32; 2], 0, [0_i32; 2]);
    let mut stuck = Vec::new();
    for round in 0..ROUNDS {
        let bots = |likes_rail: bool| {
            let all = (0..u16::MAX).map(PlayerId);
            let of = all.filter(move |player| bot::is_marksman(*player) == likes_rail);
            of.skip(usize::from(round) * 4).take(4)
        };
        // In turn one after the other they join one team after the other, on either side.
        let marksmen_first = round % 2 == 0;
        let (first, second) = (bots(marksmen_first), bots(!marksmen_first));
        let seat = |player| Seat { player, skill: Skill::Normal, class: None };
        let seats: Vec<_> = first.zip(second).flat_map(|(a, b)| [seat(a), seat(b)]).collect();
        let settings = Settings { teams: true, ..Settings::default() };
        let outcome = play_round(1_000 + u64::from(round), &seats, settings);
        stuck.extend(outcome.stuck);
        let [first, second] = outcome.team_points;
        let [rail, bolt] = if marksmen_first { [first, second] } else { [second, first] };
        points[0] += rail;
        points[1] += bolt;
        match rail.cmp(&bolt) {
            std::cmp::Ordering::Greater => wins[0] += 1,
            std::cmp::Ordering::Less => wins[1] += 1,
            std::cmp::Ordering::Equal => draws += 1,
        }
    }
    eprintln!(
        "{ROUNDS} rounds of four who like the rail against four who do not: wins {wins:?}, {draws} \
         draws, points {points:?}; {} without progress",
        stuck.len()
    );
    assert!(stuck.len() <= STUCK_MAX, "{stuck:#?}");
    assert!(wins.iter().all(|of| 100 * of <= 60 * u32::from(ROUNDS)), "{wins:?}");
}
