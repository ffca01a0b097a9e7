//! Pick-ups: what lies on the pads of a level, for the first ship to reach it.
//!
//! It owns when each is there. What one does to a ship is in [`super::ship`]; the world asks here
//! who takes what. All pads of a sort that are in the arena are filled at the same ticks, so that
//! people know when to be there, and meet. For one alone nothing is laid out.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::grid::Grid;
use super::kinds;
use super::rules::{PICKUP_REACH, Timing};
use tickwire_game::ids::EntityId;
use tickwire_game::scene::{FieldEnum, SceneWriter};
use tickwire_game::tick::Tick;

/// A sort of pick-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FieldEnum)]
pub enum Pickup {
    /// Mends the hull.
    Repair,
    /// Strengthens the shield, beyond a full one.
    Shield,
    /// Makes shots stronger for a while.
    Overcharge,
}

/// Where a pick-up lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pad {
    /// Its centre.
    pub x: f32,
    /// Its centre.
    pub y: f32,
    /// What lies there.
    pub pickup: Pickup,
}

impl Pickup {
    /// What its rows and events say.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    fn back_ticks(self, timing: &Timing) -> u32 {
        match self {
            Pickup::Repair | Pickup::Shield => timing.pickup_back_ticks,
            Pickup::Overcharge => timing.overcharge_back_ticks,
        }
    }
}

impl Pad {
    pub(super) fn place(&self) -> Vec2 {
        Vec2::new(self.x, self.y)
    }

    /// Whether all of it is within a border.
    fn is_within(&self, radius: f32) -> bool {
        self.place().length() + PICKUP_REACH < radius
    }
}

/// The pads and what lies on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pickups {
    pads: Vec<Filled>,
    /// When the round began: pads are filled so long after it, again and again.
    since: Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Filled {
    pad: Pad,
    /// The entity that lies there, if one does.
    lying: Option<EntityId>,
}

impl Pickups {
    pub(super) fn new(pads: &[Pad]) -> Pickups {
        let pads = pads.iter().map(|&pad| Filled { pad, lying: None });
        Pickups { pads: pads.collect(), since: Tick(0) }
    }

    /// Empties all pads: a round begins, and its first tick fills them.
    pub(super) fn begin(&mut self, tick: Tick) {
        self.pads.iter_mut().for_each(|filled| filled.lying = None);
        self.since = tick;
    }

    /// Fills the empty pads within `radius` whose time has come; gives out the entities from
    /// `next_entity` on.
    pub(super) fn refill(
        &mut self,
        timing: &Timing,
        radius: f32,
        tick: Tick,
        next_entity: &mut EntityId,
    ) {
        let age = tick.since(self.since) as u32;
        let is_due = |pickup: Pickup| age.is_multiple_of(pickup.back_ticks(timing));
        if ![Pickup::Repair, Pickup::Shield, Pickup::Overcharge].into_iter().any(is_due) {
            return;
        }
        for Filled { pad, lying } in &mut self.pads {
            if lying.is_none() && pad.is_within(radius) && is_due(pad.pickup) {
                *lying = Some(next_entity.take());
            }
        }
    }

    /// Takes away what lies where the border has closed.
    pub(super) fn keep_within(&mut self, radius: f32) {
        for Filled { pad, lying } in &mut self.pads {
            if !pad.is_within(radius) {
                *lying = None;
            }
        }
    }

    /// Finds who takes what: of the ships that touch a pick-up and want it, the nearest, and of two
    /// as near the first. `wants` gives the place of the ship at an index of `ships` if it wants
    /// it.
    pub(super) fn take(
        &mut self,
        ships: &Grid,
        wants: impl Fn(usize, Pickup) -> Option<Vec2>,
        mut taken: impl FnMut(usize, &Pad),
    ) {
        let reach = Vec2::splat(PICKUP_REACH);
        for Filled { pad, lying } in self.pads.iter_mut().filter(|filled| filled.lying.is_some()) {
            let mut nearest: Option<(f32, usize)> = None;
            for index in ships.near(pad.place() - reach, pad.place() + reach) {
                let Some(place) = wants(index, pad.pickup) else { continue };
                let distance = place.distance_squared(pad.place());
                let is_nearer = match nearest {
                    Some((least, of)) => distance < least || distance == least && index < of,
                    None => distance < PICKUP_REACH * PICKUP_REACH,
                };
                if is_nearer {
                    nearest = Some((distance, index));
                }
            }
            if let Some((_, index)) = nearest {
                *lying = None;
                taken(index, pad);
            }
        }
    }

    pub(super) fn show(&self, scene: &mut SceneWriter) {
        for Filled { pad, lying } in &self.pads {
            if let Some(entity) = *lying {
                let Pad { x, y, pickup } = *pad;
                scene.row(entity, &kinds::Pickup { x, y, kind: pickup });
            }
        }
    }
}
