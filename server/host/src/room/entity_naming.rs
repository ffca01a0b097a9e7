//! [`EntityNaming`]: how fast a room uses up the numbers of entities, and so when it is over.
//!
//! Part of the room's state. Games number entities one by one and never use a number again; what has
//! been shown tells how far they are.

use serde::{Deserialize, Serialize};
use tickwire_game::ids::EntityId;
use tickwire_game::limits::ENTITY_LAST;
use tickwire_game::scene::Scene;

use crate::limits::ENTITIES_NAMED_OVER_TICKS;

/// The newest entity, and how many come in a tick.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct EntityNaming {
    newest: EntityId,
    /// Recent average (exponential), in [`UNIT`]ths of one.
    per_tick: u64,
}

const UNIT: u64 = 1 << 20;

impl EntityNaming {
    /// That of a world that has this scene before its first tick.
    pub(super) fn new(scene: &Scene) -> EntityNaming {
        EntityNaming { newest: newest(scene).unwrap_or_default(), per_tick: 0 }
    }

    /// Looks at what the last tick shows.
    pub(super) fn look(&mut self, scene: &Scene) {
        let newest = newest(scene).unwrap_or_default().max(self.newest);
        let named = u64::from(newest.0 - self.newest.0);
        self.newest = newest;
        self.per_tick -= self.per_tick / ENTITIES_NAMED_OVER_TICKS;
        self.per_tick += named * UNIT / ENTITIES_NAMED_OVER_TICKS;
    }

    /// In how many ticks the last entity will be named if it goes on so; none once it is.
    pub(super) fn ticks_left(&self) -> u32 {
        let entities = u64::from(ENTITY_LAST.saturating_sub(self.newest.0));
        (entities * UNIT).div_ceil(self.per_tick.max(1)).try_into().unwrap_or(u32::MAX)
    }
}

fn newest(scene: &Scene) -> Option<EntityId> {
    let rows = scene.rows();
    Some(rows.row(rows.len().checked_sub(1)?).entity)
}
