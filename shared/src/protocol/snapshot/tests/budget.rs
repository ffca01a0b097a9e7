//! What is sent when not all fits.

use super::*;
use crate::dice::Dice;

/// Entities that all swerve at random, in view of a viewer whose snapshots hold 100 bytes.
#[test]
fn a_budget_is_kept_and_nothing_starves() {
    let placed = |fields| Kind { place: Some([0, 1]), ..kind_of(fields) };
    let field = || number(-8_000, 8_000, Predict::LinearFromLastTwo);
    let schema = Schema::of_kinds(vec![placed(vec![field(), field()])], vec![]);
    for coding in [Coding::Range, Coding::Plain] {
        let mut pair = Pair::new(&schema, coding);
        let mut dice = Dice::new(7, 0);
        let mut places: Vec<[i32; 2]> =
            (0..200).map(|_| [0; 2].map(|_: i32| dice.below(4_000) as i32 - 2_000)).collect();
        let all: Vec<u32> = (0..200).collect();
        let mut wrong_since = [1_u32; 200];
        for tick in 1..600_u32 {
            let mut rows = Rows::default();
            for (id, place) in places.iter_mut().enumerate() {
                for at in place.iter_mut() {
                    *at = (*at + dice.below(9) as i32 - 4).clamp(-8_000, 8_000);
                }
                rows.push(EntityId(id as u32), 0, 2).copy_from_slice(place);
            }
            let picture =
                Picture { focus: Some([0.0, 0.0]), max_bytes: 100, ..of_rows(tick, &rows, &all) };
            let bytes = pair.send(&picture);
            assert!(bytes.len() <= 100, "{} bytes at tick {tick}", bytes.len());
            for (id, since) in wrong_since.iter_mut().enumerate() {
                let known = pair.decoder.mirror().rows().find(EntityId(id as u32));
                if known.is_some_and(|row| row.values == places[id]) {
                    *since = tick + 1;
                }
                // Two seconds, after a first to get to know them all.
                let waits = (tick + 1) - *since;
                assert!(tick < 90 || waits <= 60, "{id} waits for {waits} ticks at {tick}");
            }
        }
    }
}

#[test]
fn what_fits_again_is_told_whole() {
    let kinds = vec![kind_of(vec![number(0, i32::MAX, Predict::Hold)])];
    let schema = Schema::of_kinds(kinds, vec![]);
    let mut pair = Pair::new(&schema, Coding::Range);
    let mut rows = Rows::default();
    (0..300).for_each(|id| rows.push(EntityId(id), 0, 1)[0] = (id * 7_919) as i32);
    let all: Vec<u32> = (0..300).collect();
    let pictures: Vec<_> =
        (1..60).map(|tick| Picture { max_bytes: 64, ..of_rows(tick, &rows, &all) }).collect();
    assert!(pair.send(&pictures[0]).len() <= 64 && !pair.knows(&pictures[0]));
    pictures[1..].iter().for_each(|picture| assert!(pair.send(picture).len() <= 64));
    assert!(pair.knows(&pictures[58]));
}

/// To say which rows they are takes most when they are far apart: those with the highest ids must
/// not pay for it.
#[test]
fn nothing_starves_however_far_apart_the_rows_are_that_change() {
    let schema = Schema::of_kinds(vec![kind_of(vec![number(0, 255, Predict::Hold)])], vec![]);
    for (coding, rows, every) in [(Coding::Plain, 3_000, 100), (Coding::Range, 20_000, 500)] {
        let mut pair = Pair::new(&schema, coding);
        let mut dice = Dice::new(5, 0);
        let all: Vec<u32> = (0..rows).collect();
        let mut values = vec![0; rows as usize];
        let mut wrong_since = vec![0; rows as usize];
        for tick in 1..400_u32 {
            let mut scene = Rows::default();
            for id in 0..rows {
                let value = &mut values[id as usize];
                if id % every == 0 {
                    *value = dice.below(256) as i32;
                }
                scene.push(EntityId(id), 0, 1)[0] = *value;
            }
            let picture = of_rows(tick, &scene, &all);
            let max_bytes = if tick == 1 { SNAPSHOT_MAX_BYTES } else { 64 };
            let bytes = pair.send(&Picture { max_bytes, ..picture });
            assert!(tick == 1 || bytes.len() <= 64, "{} bytes", bytes.len());
            for id in (0..rows).step_by(every as usize) {
                let known = pair.decoder.mirror().rows().row(id as usize).values[0];
                let since = &mut wrong_since[id as usize];
                if known == values[id as usize] {
                    *since = tick;
                }
                assert!(tick - *since <= 20, "{id} waits for {} ticks", tick - *since);
            }
        }
    }
}

#[test]
fn pressure_ends_when_all_fits() {
    let number = || number(0, 1 << 30, Predict::Hold);
    let schema = Schema::of_kinds(vec![kind_of(vec![number()])], vec![kind_of(vec![number()])]);
    let mut pair = Pair::new(&schema, Coding::Range);
    let (mut rows, mut happened) = (Rows::default(), Rows::default());
    rows.push(EntityId(1), 0, 1);
    (0..255).for_each(|at| happened.push(EntityId(0), 0, 1)[0] = at * 400_000);
    let events: Vec<_> = happened.iter().map(|event| (Tick(1), event)).collect();
    let mut over_budget = Vec::new();
    for tick in 1..4 {
        let events = if tick == 1 { &events[..] } else { &[] };
        pair.send(&Picture { events, max_bytes: 400, ..of_rows(tick, &rows, &[0]) });
        over_budget.push(pair.encoder.is_over_budget());
    }
    assert_eq!(over_budget, [true, false, false]);
}

/// A client that knows no rules is sent its whole own state at every tick; the world goes on.
#[test]
fn an_own_state_that_fills_the_budget_does_not_stop_the_world() {
    let fields = vec![number(0, 1 << 30, Predict::Hold); 4];
    let schema = Schema::of_kinds(vec![kind_of(fields)], vec![]);
    let mut pair = Pair { replays: false, ..Pair::new(&schema, Coding::Range) };
    let mut dice = Dice::new(3, 0);
    let all: Vec<u32> = (0..5).collect();
    let mut beyond = 0;
    for tick in 1..400 {
        let mut rows = Rows::default();
        for id in 0..5 {
            let values = rows.push(EntityId(id), 0, 4);
            values.iter_mut().for_each(|value| *value = (dice.bits() >> 2).cast_signed());
        }
        let own: Vec<u8> = (0..85).map(|_| dice.bits() as u8).collect();
        let part = PlayerPart {
            sources: &[InputSource::Missing],
            margin_ticks: 1,
            own: Some(&own),
            replayed: None,
        };
        let picture = Picture { player: Some(part), ..of_rows(tick, &rows, &all) };
        let bytes = pair.send(&Picture { max_bytes: 100, ..picture });
        beyond += usize::from(bytes.len() > 100);
    }
    assert_eq!(pair.decoder.mirror().rows().len(), 5, "all have become known");
    assert!(beyond <= 5 * (400 / 30 + 1), "each entity goes beyond once in 30: {beyond}");
}
