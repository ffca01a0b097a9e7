//! What of the arena a player has on its screen.

#![expect(clippy::print_stderr, reason = "the figures are what it is for")]

use super::super::rules::{SCREEN_HALF_X, SCREEN_HALF_Y};
use super::*;

const ROUNDS: u64 = 10;
const PLAYERS: u16 = 8;
const LASTS_S: f32 = 60.0;

/// The share of a 16:9 screen around `middle` that lies outside the arena.
fn outside(middle: Vec2, border_radius: f32) -> f32 {
    // Columns, of each of which it is known exactly.
    const COLUMNS: u16 = 128;
    let column = |nth: u16| {
        let part = (f32::from(nth) + 0.5) / f32::from(COLUMNS);
        let x = middle.x + SCREEN_HALF_X * (2.0 * part - 1.0);
        let beyond = border_radius * border_radius - x * x;
        let half = if beyond > 0.0 { libm::sqrtf(beyond) } else { 0.0 };
        let [top, bottom] =
            [-half, half].map(|y| y.clamp(middle.y - SCREEN_HALF_Y, middle.y + SCREEN_HALF_Y));
        1.0 - (bottom - top) / (2.0 * SCREEN_HALF_Y)
    };
    (0..COLUMNS).map(column).sum::<f32>() / f32::from(COLUMNS)
}

#[test]
fn less_than_three_tenths_of_a_screen_lie_outside_the_arena() {
    assert_eq!(outside(Vec2::ZERO, 100.0), 0.0);
    assert_eq!(outside(Vec2::new(200.0, 0.0), 100.0), 1.0);
    let half = outside(Vec2::new(1e5, 0.0), 1e5);
    assert!((half - 0.5).abs() < 0.01, "{half}");
    let (mut shares, mut kills) = (Vec::new(), 0);
    for seed in 0..ROUNDS {
        let setup = setup(seed, 16);
        let mut simulation = Simulation::<Skirmish>::new(&setup);
        let player = |at: u16| PlayerId(seed as u16 * PLAYERS + at);
        (0..PLAYERS).for_each(|at| simulation.join(player(at), None));
        let mut dice: Vec<_> = (0..PLAYERS).map(|at| Dice::new(seed, u64::from(at))).collect();
        let (schema, mut rows) = (Skirmish::schema(), Rows::default());
        for _ in 0..setup.tick_rate.ticks_in(LASTS_S) {
            let mut inputs = Vec::new();
            for (at, dice) in (0..PLAYERS).zip(&mut dice) {
                let own = simulation.game().own(player(at)).expect("nobody leaves");
                if own.is_alive() {
                    shares.push(outside(own.motion.place, own.border.radius));
                }
                rows.clear();
                let view = simulation.game().view(player(at));
                for (index, row) in simulation.scene().rows().iter().enumerate() {
                    if simulation.scene().may_know_row(&schema, index, Some(player(at)), &view) {
                        rows.push_row(row);
                    }
                }
                let skill = Skill::ALL[usize::from(at) % 3];
                let look =
                    |seen: &Seen<'_, Skirmish>| Skirmish::bot(&Seen { skill, ..*seen }, dice);
                let input = simulation.look(player(at), &rows, look);
                inputs.push(PlayerInput::at_once(player(at), InputStatus::Received(input)));
            }
            simulation.step(&inputs);
            kills += simulation.scene().events().each::<kinds::Kill>(schema.kinds()).count();
        }
    }
    shares.sort_by(f32::total_cmp);
    let percent = |part: f32| 100.0 * shares[((shares.len() - 1) as f32 * part) as usize];
    let [low, median, high] = [0.1, 0.5, 0.9].map(percent);
    let per_minute = kills as f32 * 60.0 / (ROUNDS as f32 * LASTS_S);
    eprintln!(
        "{PLAYERS} bots, {ROUNDS} times {LASTS_S} s: {median:.1} % of the screen outside at the median \
         ({low:.1} to {high:.1}), {per_minute:.1} kills a minute"
    );
    assert!(median < 30.0, "{median} %");
    // For they must still find each other.
    assert!(per_minute > 15.0, "{per_minute} kills a minute");
}
