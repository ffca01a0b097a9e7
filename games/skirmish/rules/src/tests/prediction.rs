//! What clients that run ahead may rely on: effects that they cannot foresee are reported, and
//! their own shots fly as they show them.

use super::*;
use tickwire_game::scene::{Kinds, RowRef};

/// Bots play while others come and go.
#[test]
fn nothing_beside_its_input_changes_a_player_without_an_effect() {
    const PLAYERS: u16 = 16;
    // Rounds end meanwhile, and begin.
    let settings =
        Settings { teams: true, friendly_fire: true, round_s: 20, ..Settings::default() };
    let setup = Setup { settings, rewind_max_ticks: REWIND_MAX_TICKS, ..setup(21, PLAYERS) };
    let mut simulation = Simulation::<Skirmish>::new(&setup);
    let mut dice = Dice::new(21, 7);
    let mut present = [false; PLAYERS as usize];
    let mut reported = [0; 4];
    for tick in 0..6_000 {
        if tick % 40 == 0 {
            let id = dice.below(PLAYERS.into()) as u16;
            let is_present = &mut present[usize::from(id)];
            *is_present = !*is_present;
            if *is_present {
                simulation.join(PlayerId(id), None);
            } else {
                simulation.leave(PlayerId(id), LeaveReason::Left);
            }
        }
        let ids = (0..PLAYERS).filter(|id| present[usize::from(*id)]);
        let inputs: Vec<_> = ids
            .map(|id| {
                let look = |seen: &Seen<'_, Skirmish>| Skirmish::bot(seen, &mut dice);
                let input = simulation.look(PlayerId(id), simulation.scene().rows(), look);
                received(id, input)
            })
            .collect();
        let own = |simulation: &Simulation<Skirmish>, player| simulation.game().own(player);
        let before: Vec<_> = inputs.iter().map(|it| own(&simulation, it.player)).collect();
        simulation.step(&inputs);
        for (input, before) in inputs.iter().zip(before) {
            let mut foreseen = before.expect("who gives an input is there");
            Skirmish::advance(
                &mut foreseen,
                simulation.level(),
                input.input.or_default(),
                TickRate::default().dt(),
            );
            let is_announced =
                simulation.effects().iter().any(|(player, _)| *player == input.player);
            let after = own(&simulation, input.player).expect("nobody leaves in a step");
            assert_eq!(foreseen != after, is_announced, "tick {tick}: {foreseen:?}, {after:?}");
        }
        for (_, effect) in simulation.effects() {
            reported[*effect as usize] += 1;
        }
    }
    assert!(reported.iter().all(|count| *count > 20), "of each kind many: {reported:?}");
}

/// All that a row says but its entity.
fn apart_from_entity(row: RowRef<'_>) -> (u8, &[i32]) {
    (row.kind, row.values)
}

#[test]
fn a_shot_is_shown_ahead_as_the_world_flies_it() {
    for (seed, hz) in [(1, 20), (2, 30), (3, 60), (4, 128), (5, 240)] {
        let tick_rate = TickRate::new(hz).unwrap();
        let setup = Setup { tick_rate, ..setup(seed, 12) };
        let mut simulation = Simulation::<Skirmish>::new(&setup);
        // The others leave at once, and the border closes in meanwhile.
        (0..12).for_each(|id| simulation.join(PlayerId(id), None));
        simulation.step(&[]);
        (0..12)
            .filter(|id| *id != 3)
            .for_each(|id| simulation.leave(PlayerId(id), LeaveReason::Left));
        let mut dice = Dice::new(seed, 0);
        // The own states that fired, and when.
        let mut fired: Vec<(Own, Tick)> = Vec::new();
        let (mut compared, mut last_key) = (0, None);
        let mut input = Input::default();
        for tick in 0..20 * u32::from(hz) {
            if tick % u32::from(hz) == 0 {
                let buttons = Input::FIRE | dice.bits() as u8 & 15;
                input = Input::new(buttons, dice.bits() as u16);
            }
            simulation.step(&[received(3, input)]);
            let now = simulation.tick();
            let own = simulation.game().own(PlayerId(3)).unwrap();
            if own.shots.bolt {
                fired.push((own, now));
            }
            let mut shown = SceneWriter::of::<Skirmish>();
            for (own, at) in &fired {
                let age_ticks = now.since(*at) as u32;
                Skirmish::show_shot(own, *at, simulation.level(), age_ticks, &mut shown);
            }
            let kinds = shown.kinds();
            let is_bolt = |row: &RowRef<'_>| row.kind == kinds.index::<kinds::Bolt>();
            let bolts: Vec<_> = simulation.scene().rows().iter().filter(is_bolt).collect();
            assert!(
                bolts
                    .iter()
                    .copied()
                    .map(apart_from_entity)
                    .eq(shown.rows().iter().map(apart_from_entity)),
                "{hz} Hz, tick {now}",
            );
            for (ours, theirs) in shown.rows().iter().zip(&bolts) {
                assert!(Skirmish::shot_key(ours, kinds).is_some());
                assert_eq!(Skirmish::shot_key(ours, kinds), Skirmish::shot_key(*theirs, kinds));
            }
            if let Some(newest) = shown.rows().iter().last()
                && fired.last().is_some_and(|(_, at)| *at == now)
            {
                assert_ne!(
                    Skirmish::shot_key(newest, kinds),
                    last_key,
                    "two that follow each other"
                );
                last_key = Skirmish::shot_key(newest, kinds);
            }
            compared += bolts.len();
        }
        assert!(fired.len() > 40 && compared > 250, "{} shots, {compared} rows", fired.len());
    }
}

#[test]
fn no_two_shots_that_can_be_on_a_screen_have_one_key() {
    let spared = rules::COOLDOWN_MIN_S * (kinds::SHOT_NUMBERS - 1) as f32 - rules::BOLT_LIFE_S;
    assert!(spared >= 1.0, "a screen may be a second late");
    let row = |kind, values: &'static [i32]| RowRef { entity: EntityId(1), kind, values };
    let kinds = Kinds::of::<Skirmish>();
    assert_eq!(Skirmish::shot_key(row(1, &[0, 0, 0, 2, 3]), &kinds), Some(19));
    assert_eq!(Skirmish::shot_key(row(2, &[0]), &kinds), None);
}

#[test]
fn who_has_not_fired_shows_no_shot_and_an_old_shot_is_gone() {
    let mut arena = Arena::with_players(1);
    let life = arena.level.timing.bolt_life_ticks;
    let mut shown = SceneWriter::of::<Skirmish>();
    let mut own = arena.own(0).clone();
    Skirmish::show_shot(&own, Tick(5), &arena.level, 0, &mut shown);
    own.shots.bolt = true;
    for age_ticks in [life, life + 1, u32::MAX] {
        Skirmish::show_shot(&own, Tick(5), &arena.level, age_ticks, &mut shown);
    }
    assert!(shown.rows().is_empty());
    Skirmish::show_shot(&own, Tick(5), &arena.level, 0, &mut shown);
    assert_eq!(shown.rows().len(), 1);
}
