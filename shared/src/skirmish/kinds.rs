//! The schema: what there is to see, field by field, and the only places that fill a row.
//!
//! It owns the kinds of entity and event. It decides nothing. [`super::Skirmish`] shows the
//! world with it, the bot reads rows with it, and the page draws by its names.

use super::rules::{
    AIM_BITS, BOLT_SPEED, HULL_MAX, SHIELD_MAX, SHIP_RADIUS, SHIP_SPEED_MAX, WORLD_RADIUS_MAX,
};
use crate::scene::{EntityKind, EventKind, FieldDef, Predict, Schema};

const POSITION_STEP: f64 = SHIP_RADIUS as f64 / 32.0;
const SHIP_SPEED_STEP: f64 = 1.0 / 16.0;
/// Finer than a ship's, for a bolt never turns: a bolt that flies to the end of its life at its
/// first velocity is still less than half a step of position off.
const BOLT_SPEED_STEP: f64 = 1.0 / 32.0;
/// Coarse, since a shield that regrows would otherwise change in every tick; its owner knows it
/// exactly.
const SHIELD_STEP: f64 = 5.0;

const fn position(name: &'static str) -> FieldDef {
    let far = WORLD_RADIUS_MAX as f64;
    FieldDef::moving(name, -far, far, POSITION_STEP).unit("u")
}

const fn velocity(name: &'static str, most: f32, step: f64) -> FieldDef {
    // One more than the highest speed: no rounding may clamp it.
    let most = most as f64 + 1.0;
    FieldDef::moving(name, -most, most, step).unit("u/s").predict(Predict::Hold)
}

const fn player(name: &'static str) -> FieldDef {
    FieldDef::whole(name, 0, u16::MAX as i32)
}

/// A living ship: x, y, vx, vy, aim, hull, shield, flags, player.
pub const SHIP: EntityKind<9> = EntityKind::new(
    0,
    "ship",
    [
        position("x").predict(Predict::LinearBy { field: 2 }),
        position("y").predict(Predict::LinearBy { field: 3 }),
        velocity("vx", SHIP_SPEED_MAX, SHIP_SPEED_STEP),
        velocity("vy", SHIP_SPEED_MAX, SHIP_SPEED_STEP),
        FieldDef::angle("aim", AIM_BITS),
        FieldDef::whole("hull", 0, HULL_MAX as i32),
        FieldDef::moving("shield", 0.0, SHIELD_MAX as f64, SHIELD_STEP).predict(Predict::Hold),
        FieldDef::whole("flags", 0, (FLAG_PROTECTED | FLAG_THRUSTING) as i32),
        player("player"),
    ],
)
.at(0, 1);

/// Bit of a ship's `flags`: it cannot be hurt.
pub const FLAG_PROTECTED: u8 = 1;
/// Bit of a ship's `flags`: its engine burns.
pub const FLAG_THRUSTING: u8 = 2;

/// A bolt in flight: x, y, vx, vy, owner.
pub const BOLT: EntityKind<5> = EntityKind::new(
    1,
    "bolt",
    [
        position("x").predict(Predict::LinearBy { field: 2 }),
        position("y").predict(Predict::LinearBy { field: 3 }),
        velocity("vx", BOLT_SPEED, BOLT_SPEED_STEP),
        velocity("vy", BOLT_SPEED, BOLT_SPEED_STEP),
        player("owner"),
    ],
)
.at(0, 1);

/// The border of the arena, a circle around the origin: radius. It has no place: all know it.
pub const BORDER: EntityKind<1> = EntityKind::new(
    2,
    "border",
    [FieldDef::moving("radius", 0.0, WORLD_RADIUS_MAX as f64, POSITION_STEP).unit("u")],
);

/// A bolt hit a ship: x, y, player (who was hit), by, damage, shielded (1 if the shield took all
/// of it).
pub const HIT: EventKind<6> = EventKind::new(
    0,
    "hit",
    [
        position("x"),
        position("y"),
        player("player"),
        player("by"),
        FieldDef::whole("damage", 0, 255),
        FieldDef::whole("shielded", 0, 1),
    ],
)
.at(0, 1);

/// A player killed another: victim, killer. It has no place: it is told to all.
pub const KILL: EventKind<2> = EventKind::new(1, "kill", [player("victim"), player("killer")]);

/// A fresh ship appeared: x, y, player.
pub const SPAWN: EventKind<3> =
    EventKind::new(2, "spawn", [position("x"), position("y"), player("player")]).at(0, 1);

/// A bolt broke on an obstacle or on the border: x, y.
pub const BURST: EventKind<2> = EventKind::new(3, "burst", [position("x"), position("y")]).at(0, 1);

/// A ship was destroyed: x, y, player.
pub const BOOM: EventKind<3> =
    EventKind::new(4, "boom", [position("x"), position("y"), player("player")]).at(0, 1);

pub(super) fn schema() -> Schema {
    Schema::new()
        .entity(&SHIP)
        .entity(&BOLT)
        .entity(&BORDER)
        .event(&HIT)
        .event(&KILL)
        .event(&SPAWN)
        .event(&BURST)
        .event(&BOOM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(schema().check(), Ok(()));
    }
}
