//! The rail: a beam that hits at once what its shooter saw in its way.
//!
//! It owns what is remembered of ships for that, and finds where a beam ends. It decides nothing
//! about damage or score: the world does. Who pays for the delay of the network is chosen weapon by
//! weapon, and this is the one for which it is the target: the shooter need not lead, but a ship
//! may be hit that has gone from the place, for as long as the room allows to rewind. Cover is
//! judged in the present, so that nobody is hit behind what hides it from the shooter's own ship.

use glam::Vec2;
use serde::{Deserialize, Serialize};

use super::input::aim_direction;
use super::level::{Level, bounds_of_way, first_touch_of_circle};
use super::obstacles::Obstacles;
use super::rules::{BORDER_SPEED_MAX, RAIL_RANGE, SHIP_RADIUS, SHIP_SPEED_MAX, Timing};
use super::ship::Own;
use tickwire_game::history::Moment;
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::tick::Rewind;

/// What is remembered of a ship at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sight {
    player: PlayerId,
    ship: EntityId,
    place: Vec2,
}

/// A rail that was fired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rail {
    pub(super) owner: PlayerId,
    pub(super) team: u8,
    pub(super) from: Vec2,
    pub(super) damage: f32,
    aim: u16,
}

/// How far a rail came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Beam {
    pub(super) end: Vec2,
    /// The ship at which it ended: its index, and where it was when it was seen.
    pub(super) victim: Option<(usize, Vec2)>,
}

impl Sight {
    pub(super) fn of(own: &Own) -> Sight {
        Sight { player: own.player, ship: own.ship, place: own.motion.place }
    }
}

/// Where the ship of `own` was at a moment of which the sights rise by player; `None` when it was
/// not there yet: a player that has died since is seen in another ship than it has now.
pub(super) fn place_at(moment: &Moment<'_, Sight>, own: &Own) -> Option<Vec2> {
    let find = |sights: &[Sight]| {
        let at = sights.binary_search_by_key(&own.player, |sight| sight.player).ok()?;
        (sights[at].ship == own.ship).then_some(sights[at].place)
    };
    let (older, newer) = (find(moment.older)?, find(moment.newer)?);
    Some(older + (newer - older) * moment.fraction)
}

impl Rail {
    pub(super) fn of_shot(own: &Own) -> Rail {
        Rail {
            owner: own.player,
            team: own.team,
            from: own.motion.place,
            damage: own.rail_damage(),
            aim: own.motion.aim,
        }
    }

    /// All around where the ships are now that it may hit: those that it sees were elsewhere by as far
    /// as a ship flies in that time.
    pub(super) fn bounds(&self, rewind: Rewind, timing: &Timing) -> (Vec2, Vec2) {
        let ticks = (rewind.whole_ticks() + 1) as f32;
        let margin = SHIP_RADIUS + (SHIP_SPEED_MAX + BORDER_SPEED_MAX) * timing.dt * ticks;
        let to = self.from + aim_direction(self.aim) * RAIL_RANGE;
        bounds_of_way(self.from, to, margin)
    }

    /// How far it goes among obstacles and the border as they are, and from where to where in a
    /// straight line it would go at most.
    fn reach(&self, obstacles: &Obstacles<'_>) -> (f32, Vec2) {
        let way = aim_direction(self.aim) * RAIL_RANGE;
        let to = self.from + way;
        let mut first = 1.0;
        let touches =
            [obstacles.border.exit(self.from, to), obstacles.first_touch(self.from, to, 0.0)];
        for touch in touches {
            if let Some(touch) = touch
                && touch < first
            {
                first = touch;
            }
        }
        (first, way)
    }

    /// Finds where it ends. `targets` are the ships that can be hit, by their indices, where the
    /// shooter saw them. It has no width: what it hits is what the line on the screen crosses.
    pub(super) fn trace(
        &self,
        obstacles: &Obstacles<'_>,
        targets: impl Iterator<Item = (usize, Vec2)>,
    ) -> Beam {
        let (mut first, way) = self.reach(obstacles);
        let mut victim = None;
        for (index, place) in targets {
            if let Some(touch) = first_touch_of_circle(self.from, way, place, SHIP_RADIUS)
                && touch < first
            {
                (first, victim) = (touch, Some((index, place)));
            }
        }
        Beam { end: self.from + way * first, victim }
    }
}

/// How far a rail fired now along the aim of `own` would go, in units, from 0 to [`RAIL_RANGE`], if
/// no ship were in its way.
#[must_use]
pub fn rail_reach(own: &Own, level: &Level) -> f32 {
    Rail::of_shot(own).reach(&own.among(level)).0 * RAIL_RANGE
}
