//! The schema: what there is to see, field by field, and the only places that fill a row.
//!
//! It owns the kinds of entity and event. It decides nothing. [`super::Skirmish`] shows the
//! world with it, the bot reads rows with it, and the page draws by its names.

use super::class::Class;
use super::rules::{
    AIM_BITS, BOLT_SPEED, HULL_MAX, RAIL_RANGE, SHIELD_MAX, SHIELD_OVER, SHIP_RADIUS,
    SHIP_RESPONSE_PER_S, SHIP_SPEED_MAX, SHIP_STEER_STEP, WORLD_RADIUS_MAX,
};
use tickwire_game::scene::{Axis, EntityKind, EventKind, FieldDef, Predict, Schema};

const POSITION_STEP: f64 = SHIP_RADIUS as f64 / 32.0;
const SHIP_SPEED_STEP: f64 = 1.0 / 16.0;
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
    FieldDef::moving(name, -most, most, step).unit("u/s")
}

const fn steered(name: &'static str) -> FieldDef {
    let most = SHIP_SPEED_MAX as f64;
    FieldDef::moving(name, -most, most, SHIP_STEER_STEP as f64).unit("u/s").predict(Predict::Hold)
}

/// How a ship's velocity nears the one that it is steered at.
const fn responding(field: u8) -> Predict {
    Predict::Approach { field, per_second: SHIP_RESPONSE_PER_S as f64 }
}

const fn along_aim(axis: Axis) -> Predict {
    Predict::Along { angle: 2, per_second: BOLT_SPEED as f64, axis }
}

/// The player of a ship, as another row or an event names it.
const fn ship_of(name: &'static str) -> FieldDef {
    player(name).names(0, 10)
}

const fn player(name: &'static str) -> FieldDef {
    FieldDef::whole(name, 0, u16::MAX as i32)
}

/// A living ship: x, y, vx, vy, the velocity steered at (wx, wy; none when its engine is off),
/// aim, hull, shield, flags, player, class.
pub const SHIP: EntityKind<12> = EntityKind::new(
    0,
    "ship",
    [
        position("x").predict(Predict::LinearBy { field: 2 }),
        position("y").predict(Predict::LinearBy { field: 3 }),
        velocity("vx", SHIP_SPEED_MAX, SHIP_SPEED_STEP).predict(responding(4)),
        velocity("vy", SHIP_SPEED_MAX, SHIP_SPEED_STEP).predict(responding(5)),
        steered("wx"),
        steered("wy"),
        FieldDef::angle("aim", AIM_BITS),
        FieldDef::whole("hull", 0, HULL_MAX as i32),
        FieldDef::moving("shield", 0.0, (SHIELD_OVER * SHIELD_MAX) as f64, SHIELD_STEP)
            .predict(Predict::Hold),
        FieldDef::whole("flags", 0, FLAGS_MOST as i32),
        player("player"),
        FieldDef::whole("class", 0, Class::ALL.len() as i32 - 1),
    ],
)
.at(0, 1);

/// Bit of a ship's `flags`: it cannot be hurt.
pub const FLAG_PROTECTED: u8 = 1;
/// Bit of a ship's `flags`: it charges its rail, or holds it charged.
pub const FLAG_CHARGING: u8 = 2;
/// Bit of a ship's `flags`: its shots take more.
pub const FLAG_OVERCHARGED: u8 = 4;
/// The two bits of a ship's `flags` from this one on are its team: 0 where there are none.
pub const TEAM_SHIFT: u8 = 3;
const FLAGS_MOST: u8 = FLAG_PROTECTED | FLAG_CHARGING | FLAG_OVERCHARGED | 2 << TEAM_SHIFT;

/// A bolt in flight: x, y, aim, owner, shot. It flies along its aim at [`BOLT_SPEED`], and begins
/// where and as its ship is. `shot` tells it from the other bolts of its owner (see
/// [`shot_number`](super::bolts::shot_number)).
pub const BOLT: EntityKind<5> = EntityKind::new(
    1,
    "bolt",
    [
        position("x").predict(along_aim(Axis::X)).origin(0),
        position("y").predict(along_aim(Axis::Y)).origin(1),
        FieldDef::angle("aim", AIM_BITS).predict(Predict::Hold).origin(6),
        ship_of("owner"),
        FieldDef::whole("shot", 0, SHOT_NUMBERS as i32 - 1),
    ],
)
.at(0, 1);

/// How many numbers there are for the shots of a player: so many that none comes back while a bolt
/// of the same number can be on any screen. A client may draw the world later than it is by what
/// the numbers leave beyond the life of a bolt: 1.4 s.
pub(super) const SHOT_NUMBERS: u32 = 8;

/// The border of the arena, a circle around the origin: radius. It has no place: all know it.
pub const BORDER: EntityKind<1> = EntityKind::new(
    2,
    "border",
    [FieldDef::moving("radius", 0.0, WORLD_RADIUS_MAX as f64, POSITION_STEP).unit("u")],
);

/// A bolt or a rail hit a ship: x, y, player (who was hit), by, damage, shielded (1 if the shield
/// took all of it).
pub const HIT: EventKind<6> = EventKind::new(
    0,
    "hit",
    [
        position("x").origin(0),
        position("y").origin(1),
        ship_of("player"),
        player("by"),
        FieldDef::whole("damage", 0, 255),
        FieldDef::whole("shielded", 0, 1),
    ],
)
.at(0, 1);

/// A player killed another: victim, killer, rail (1 if by a rail, else by a bolt). It has no place:
/// it is told to all, and in a large arena to those two, who may be far from each other.
pub const KILL: EventKind<3> =
    EventKind::new(1, "kill", [player("victim"), player("killer"), FieldDef::whole("rail", 0, 1)]);

/// A fresh ship appeared: x, y, player.
pub const SPAWN: EventKind<3> = EventKind::new(
    2,
    "spawn",
    [position("x").origin(0), position("y").origin(1), ship_of("player")],
)
.at(0, 1);

/// A bolt broke on an obstacle or on the border: x, y.
pub const BURST: EventKind<2> = EventKind::new(3, "burst", [position("x"), position("y")]).at(0, 1);

/// A ship was destroyed: x, y, player.
pub const BOOM: EventKind<3> =
    EventKind::new(4, "boom", [position("x"), position("y"), player("player")]).at(0, 1);

/// A rail was fired: x, y (the middle of its beam, so that whoever is at either end is told),
/// dx, dy (from there to where it ended; it began as far on the other side), by.
pub const RAIL: EventKind<5> = EventKind::new(
    5,
    "rail",
    [position("x"), position("y"), half_beam("dx"), half_beam("dy"), player("by")],
)
.at(0, 1);

/// What lies on a pad: x, y, kind ([`Pickup::number`](super::Pickup::number)).
pub const PICKUP: EntityKind<3> = EntityKind::new(
    3,
    "pickup",
    [
        position("x").predict(Predict::Hold),
        position("y").predict(Predict::Hold),
        pickup_number("kind"),
    ],
)
.at(0, 1);

/// The round, one row that all know: number, phase (0 while it is played, 1 while its result
/// stands), ends (the tick at which the phase ends, less 2^32 from 2^31 on; 0 if it does not), team1, team2 (points of the
/// teams).
pub const ROUND: EntityKind<5> = EntityKind::new(
    4,
    "round",
    [
        any_number("number"),
        FieldDef::whole("phase", 0, 1),
        any_number("ends"),
        any_number("team1"),
        any_number("team2"),
    ],
);

/// A player in the result of a round, while it stands: player (65535 for one who has left), place (1
/// is the best; equals share one), score, kills, deaths, assists, streak (the most kills in one
/// life). The best are known to all, each of the others to itself.
pub const RESULT: EntityKind<7> = EntityKind::new(
    5,
    "result",
    [
        player("player"),
        count("place"),
        count("score"),
        count("kills"),
        count("deaths"),
        count("assists"),
        count("streak"),
    ],
);

/// Fields of one range learn together, and keep less: so these are alike, whatever they count.
const fn any_number(name: &'static str) -> FieldDef {
    FieldDef::whole(name, i32::MIN, i32::MAX)
}

const fn count(name: &'static str) -> FieldDef {
    FieldDef::whole(name, -99_999, 99_999)
}

const fn pickup_number(name: &'static str) -> FieldDef {
    FieldDef::whole(name, 0, 2)
}

/// A pick-up was taken: x, y, player, kind.
pub const TAKE: EventKind<4> = EventKind::new(
    6,
    "take",
    [position("x"), position("y"), ship_of("player"), pickup_number("kind")],
)
.at(0, 1);

/// A player has killed so many in one life, and all are told: player, kills.
pub const STREAK: EventKind<2> = EventKind::new(7, "streak", [player("player"), count("kills")]);

/// Told to whoever helped to kill: victim.
pub const ASSIST: EventKind<1> = EventKind::new(8, "assist", [player("victim")]);

const fn half_beam(name: &'static str) -> FieldDef {
    let most = RAIL_RANGE as f64 / 2.0;
    FieldDef::moving(name, -most, most, POSITION_STEP).unit("u")
}

pub(super) fn schema() -> Schema {
    Schema::new()
        .entity(&SHIP)
        .entity(&BOLT)
        .entity(&BORDER)
        .entity(&PICKUP)
        .entity(&ROUND)
        .entity(&RESULT)
        .event(&HIT)
        .event(&KILL)
        .event(&SPAWN)
        .event(&BURST)
        .event(&BOOM)
        .event(&RAIL)
        .event(&TAKE)
        .event(&STREAK)
        .event(&ASSIST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(schema().check(), Ok(()));
    }
}
