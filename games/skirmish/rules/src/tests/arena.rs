//! Pick-ups and rocks that drift: what lies and moves in an arena.

use super::super::kinds::Take;
use super::super::rules::{OVERCHARGE_BACK_S, PICKUP_BACK_S};
use super::rounds::BARE;
use super::*;

#[test]
fn pick_ups_lie_on_their_pads_and_all_of_a_sort_come_back_at_once() {
    let mut arena = Arena::with(2, Settings { obstacles: true, ..BARE });
    let pads = arena.level.layout.pads.clone();
    assert_eq!(arena.rows::<kinds::Pickup>().len(), pads.len());
    let rate = arena.level.tick_rate;
    for pickup in [Pickup::Repair, Pickup::Overcharge] {
        let pad = pads.iter().find(|pad| pad.pickup == pickup).unwrap();
        let lying = arena.rows::<kinds::Pickup>().len();
        arena.own(0).motion.place = pad.place();
        arena.own(0).motion.velocity = Vec2::ZERO;
        arena.own(0).effects.protection_ticks = 0;
        if pickup == Pickup::Repair {
            arena.own(0).armor.hull = 50.0;
        }
        arena.step(&[]);
        let Take { player, kind, .. } = arena.events()[0];
        assert_eq!((player, kind), (PlayerId(0), pickup));
        assert!(arena.outcome.effects().contains(&(PlayerId(0), Effect::Hit)));
        assert_eq!(arena.rows::<kinds::Pickup>().len(), lying - 1);
        arena.own(0).motion.place = Vec2::new(0.0, -18.0);
    }
    assert!(arena.own(0).armor.hull > 50.0 && arena.own(0).is_overcharged());
    let repaired = rate.ticks_in(PICKUP_BACK_S) + 1;
    arena.settle(repaired - arena.tick.0 - 1);
    assert_eq!(arena.rows::<kinds::Pickup>().len(), pads.len() - 2);
    arena.settle(1);
    assert_eq!(arena.rows::<kinds::Pickup>().len(), pads.len() - 1, "the repair is back");
    arena.settle(rate.ticks_in(OVERCHARGE_BACK_S) + 1 - arena.tick.0);
    assert_eq!(arena.rows::<kinds::Pickup>().len(), pads.len(), "and now the overcharge");
}

#[test]
fn for_one_alone_nothing_is_laid_out() {
    let mut arena = Arena::with(1, Settings { obstacles: true, ..BARE });
    assert!(arena.rows::<kinds::Pickup>().is_empty());
    arena.join(1);
    arena.settle(arena.level.tick_rate.ticks_in(OVERCHARGE_BACK_S));
    assert_eq!(arena.rows::<kinds::Pickup>().len(), arena.level.layout.pads.len());
}

#[test]
fn the_nearer_of_two_takes_a_pick_up_and_who_needs_none_leaves_it() {
    let mut arena = Arena::with(3, Settings { obstacles: true, ..BARE });
    let pads = &arena.level.layout.pads;
    let at = pads.iter().find(|pad| pad.pickup == Pickup::Repair).unwrap().place();
    let off = |x: f32| at + Vec2::new(x, 0.0);
    for (id, x, hull) in [(0, 0.1, 100.0), (1, 0.9, 50.0), (2, -0.5, 50.0)] {
        let own = arena.own(id);
        (own.motion.place, own.motion.velocity, own.armor.hull) = (off(x), Vec2::ZERO, hull);
        own.effects.protection_ticks = 0;
    }
    arena.step(&[]);
    let takers: Vec<_> = arena.events().iter().map(|take: &Take| take.player).collect();
    assert_eq!(takers, [PlayerId(2)]);
}

#[test]
fn the_dead_take_nothing_and_nothing_lies_beyond_the_border() {
    let mut arena = Arena::with(200, Settings { obstacles: true, ..BARE });
    let pads = arena.level.layout.pads.clone();
    let far = pads.iter().filter(|pad| pad.place().length() > 40.0).count();
    assert!(far > 0 && arena.rows::<kinds::Pickup>().len() == pads.len());
    let at = pads.iter().find(|pad| pad.pickup == Pickup::Overcharge).unwrap().place();
    (0..200).for_each(|id| arena.own(id).motion.place = Vec2::new(0.0, -18.0));
    arena.own(0).die(1_000);
    arena.own(0).motion.place = at;
    arena.step(&[]);
    assert!(arena.events::<Take>().is_empty());
    (2..200).for_each(|id| arena.leave(id, LeaveReason::Left));
    arena.settle(30 * 30);
    let radius = arena.world.border.radius;
    assert!(
        arena.rows().iter().all(|lying: &kinds::Pickup| libm::hypotf(lying.x, lying.y) < radius)
    );
    assert!(arena.rows::<kinds::Pickup>().len() < pads.len());
}

#[test]
fn no_ship_reaches_two_pads_at_once() {
    for seed in 0..40 {
        let (_, level) = Skirmish::new(&setup(seed, 200));
        let pads = &level.layout.pads;
        for (nth, pad) in pads.iter().enumerate() {
            let near =
                |other: &&Pad| other.place().distance(pad.place()) < 2.0 * rules::PICKUP_REACH;
            assert_eq!(pads[nth + 1..].iter().find(near), None, "seed {seed}");
        }
    }
}

#[test]
fn rocks_drift_both_ways_and_slower_than_any_ship() {
    let levels = (0..8).map(|seed| Skirmish::new(&setup(seed, 400)).1);
    let drifters: Vec<_> = levels.flat_map(|level| level.layout.drifters).collect();
    let top_speed = Class::Bulwark.traits().speed_max();
    for drifter in &drifters {
        let [from, to] = [100, 130].map(|tick| drifter.at(Tick(tick)));
        let moved = Vec2::new(from.x, from.y).distance(Vec2::new(to.x, to.y));
        assert!((0.5..0.5 * top_speed).contains(&moved), "{moved} in a second");
    }
    let backwards = drifters.iter().filter(|drifter| drifter.period_ticks < 0).count();
    assert!(backwards > 0 && backwards < drifters.len(), "{backwards} of {}", drifters.len());
}
