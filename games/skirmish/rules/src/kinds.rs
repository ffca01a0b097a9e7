//! The schema: what there is to see, field by field, as structs of which rows and events are made.
//!
//! It owns the kinds of entity and event. It decides nothing. [`super::Skirmish`] shows the
//! world with it, the bot reads rows with it, and the page draws by its names.

use super::class::Class;
use super::pickups;
use super::rules::{
    AIM_BITS, BOLT_SPEED, HULL_MAX, RAIL_RANGE, SHIELD_MAX, SHIELD_OVER, SHIP_RADIUS,
    SHIP_RESPONSE_PER_S, SHIP_SPEED_MAX, SHIP_STEER_STEP, WORLD_RADIUS_MAX,
};
use tickwire_game::ids::PlayerId;
use tickwire_game::scene::{Event, FieldEnum, Row, Schema};

const FAR: f32 = WORLD_RADIUS_MAX;
const POSITION_STEP: f64 = SHIP_RADIUS as f64 / 32.0;
/// One more than the highest speed: no rounding may clamp it.
const FAST: f32 = SHIP_SPEED_MAX + 1.0;
const SHIP_SPEED_STEP: f64 = 1.0 / 16.0;
/// Coarse, since a shield that regrows would otherwise change in every tick; its owner knows it
/// exactly.
const SHIELD_STEP: f64 = 5.0;
const HALF_BEAM: f32 = RAIL_RANGE / 2.0;
/// Of what counts points and kills. Fields of one range learn together, and keep less: so these
/// are alike, whatever they count.
const COUNT_MAX: i32 = 99_999;

/// A living ship.
#[derive(Clone, Copy, Debug, PartialEq, Row)]
#[row(place(x, y))]
pub struct Ship {
    /// Where it is.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", moves_by = vx)]
    pub x: f32,
    /// Where it is.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", moves_by = vy)]
    pub y: f32,
    /// Its velocity, which nears the one that it is steered at.
    #[field(range = -FAST..=FAST, step = SHIP_SPEED_STEP, unit = "u/s")]
    #[field(approach(wx, per_second = SHIP_RESPONSE_PER_S))]
    pub vx: f32,
    /// Its velocity.
    #[field(range = -FAST..=FAST, step = SHIP_SPEED_STEP, unit = "u/s")]
    #[field(approach(wy, per_second = SHIP_RESPONSE_PER_S))]
    pub vy: f32,
    /// The velocity steered at; none when its engine is off.
    #[field(range = -SHIP_SPEED_MAX..=SHIP_SPEED_MAX, step = SHIP_STEER_STEP, unit = "u/s", hold)]
    pub wx: f32,
    /// The velocity steered at.
    #[field(range = -SHIP_SPEED_MAX..=SHIP_SPEED_MAX, step = SHIP_STEER_STEP, unit = "u/s", hold)]
    pub wy: f32,
    /// Where it aims.
    #[field(angle, bits = AIM_BITS)]
    pub aim: f64,
    /// What is left of its hull.
    #[field(range = 0.0..=HULL_MAX, step = 1.0, hold)]
    pub hull: f32,
    /// What is left of its shield.
    #[field(range = 0.0..=SHIELD_OVER * SHIELD_MAX, step = SHIELD_STEP, hold)]
    pub shield: f32,
    /// [`FLAG_PROTECTED`], [`FLAG_CHARGING`], [`FLAG_OVERCHARGED`], and its team from bit
    /// [`TEAM_SHIFT`] on.
    #[field(range = 0..=FLAGS_MOST)]
    pub flags: u8,
    /// Whose it is.
    pub player: PlayerId,
    /// What it was built for.
    pub class: Class,
}

/// Bit of a ship's `flags`: it cannot be hurt.
pub const FLAG_PROTECTED: u8 = 1;
/// Bit of a ship's `flags`: it charges its rail, or holds it charged.
pub const FLAG_CHARGING: u8 = 2;
/// Bit of a ship's `flags`: its shots take more.
pub const FLAG_OVERCHARGED: u8 = 4;
/// The two bits of a ship's `flags` from this one on are its team: 0 where there are none.
pub const TEAM_SHIFT: u8 = 3;
const FLAGS_MOST: u8 = FLAG_PROTECTED | FLAG_CHARGING | FLAG_OVERCHARGED | 2 << TEAM_SHIFT;

/// A bolt in flight. It flies along its aim at [`BOLT_SPEED`], and begins where and as its ship is.
#[derive(Clone, Copy, Debug, PartialEq, Row)]
#[row(place(x, y))]
pub struct Bolt {
    /// Where it is.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", origin = Ship::x)]
    #[field(along(aim, per_second = BOLT_SPEED, axis = x))]
    pub x: f32,
    /// Where it is.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", origin = Ship::y)]
    #[field(along(aim, per_second = BOLT_SPEED, axis = y))]
    pub y: f32,
    /// Where it flies.
    #[field(angle, bits = AIM_BITS, hold, origin = Ship::aim)]
    pub aim: f64,
    /// Whose it is.
    #[field(names = Ship::player)]
    pub owner: PlayerId,
    /// Tells it from the other bolts of its owner: see [`shot_number`](super::bolts::shot_number).
    #[field(range = 0..=SHOT_NUMBERS - 1)]
    pub shot: u8,
}

/// How many numbers there are for the shots of a player: so many that none comes back while a bolt
/// of the same number can be on any screen. A client may draw the world later than it is by what
/// the numbers leave beyond the life of a bolt: 1.4 s.
pub(super) const SHOT_NUMBERS: u32 = 8;

/// The border of the arena, a circle around the origin. It has no place: all know it.
#[derive(Clone, Copy, Debug, PartialEq, Row)]
pub struct Border {
    /// Its radius.
    #[field(range = 0.0..=FAR, step = POSITION_STEP, unit = "u")]
    pub radius: f32,
}

/// A bolt or a rail hit a ship.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
pub struct Hit {
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", origin = Ship::x)]
    pub x: f32,
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", origin = Ship::y)]
    pub y: f32,
    /// Who was hit.
    #[field(names = Ship::player)]
    pub player: PlayerId,
    /// Whose shot it was.
    pub by: PlayerId,
    /// What it took.
    #[field(range = 0.0..=255.0, step = 1.0, hold)]
    pub damage: f32,
    /// Whether the shield took all of it.
    pub shielded: bool,
}

/// A player killed another. It has no place: it is sent to all, and in a large arena to those two,
/// who may be far from each other.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
pub struct Kill {
    /// Who died.
    pub victim: PlayerId,
    /// The player that did it.
    pub killer: PlayerId,
    /// Whether by a rail; else by a bolt.
    pub rail: bool,
}

/// A fresh ship appeared.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
pub struct Spawn {
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", origin = Ship::x)]
    pub x: f32,
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", origin = Ship::y)]
    pub y: f32,
    /// Whose it is.
    #[field(names = Ship::player)]
    pub player: PlayerId,
}

/// A bolt broke on an obstacle or on the border.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
pub struct Burst {
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub x: f32,
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub y: f32,
}

/// A ship was destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
pub struct Boom {
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub x: f32,
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub y: f32,
    /// Whose it was.
    pub player: PlayerId,
}

/// A rail was fired.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
pub struct Rail {
    /// The middle of its beam, so that players at either end see it.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub x: f32,
    /// The middle of its beam.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub y: f32,
    /// From there to where it ended; it began as far on the other side.
    #[field(range = -HALF_BEAM..=HALF_BEAM, step = POSITION_STEP, unit = "u")]
    pub dx: f32,
    /// From there to where it ended.
    #[field(range = -HALF_BEAM..=HALF_BEAM, step = POSITION_STEP, unit = "u")]
    pub dy: f32,
    /// Whose it was.
    pub by: PlayerId,
}

/// What lies on a pad.
#[derive(Clone, Copy, Debug, PartialEq, Row)]
#[row(place(x, y))]
pub struct Pickup {
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", hold)]
    pub x: f32,
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u", hold)]
    pub y: f32,
    /// What it is.
    pub kind: pickups::Pickup,
}

/// What a round is about to do, as its row says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FieldEnum)]
pub enum RoundPhase {
    /// It is played.
    Playing,
    /// Its result stands.
    Result,
}

/// The round, one row that all know.
#[derive(Clone, Copy, Debug, PartialEq, Row)]
pub struct Round {
    /// How many there were, with this one.
    #[field(range = i32::MIN..=i32::MAX)]
    pub number: i32,
    /// What it is about to do.
    pub phase: RoundPhase,
    /// The tick at which that ends, less 2^32 from 2^31 on; 0 if it does not.
    #[field(range = i32::MIN..=i32::MAX)]
    pub ends: i32,
    /// Points of team 1.
    #[field(range = i32::MIN..=i32::MAX)]
    pub team1: i32,
    /// Points of team 2.
    #[field(range = i32::MIN..=i32::MAX)]
    pub team2: i32,
}

/// A player in the result of a round, while it stands. The best are known to all, each of the
/// others to itself.
#[derive(Clone, Copy, Debug, PartialEq, Row)]
#[row(name = "result")]
pub struct Standing {
    /// Who; 65535 for one who has left.
    pub player: PlayerId,
    /// 1 is the best; equals share one.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub place: i32,
    /// Points.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub score: i32,
    /// How many it killed.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub kills: i32,
    /// How often it was killed.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub deaths: i32,
    /// How often it helped to kill.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub assists: i32,
    /// The most kills in one life.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub streak: i32,
}

/// A pick-up was taken.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
#[event(place(x, y))]
pub struct Take {
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub x: f32,
    /// Where.
    #[field(range = -FAR..=FAR, step = POSITION_STEP, unit = "u")]
    pub y: f32,
    /// The player that did it.
    #[field(names = Ship::player)]
    pub player: PlayerId,
    /// What it was.
    pub kind: pickups::Pickup,
}

/// A player has killed so many in one life; sent to all.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
pub struct Streak {
    /// Who.
    pub player: PlayerId,
    /// How many.
    #[field(range = -COUNT_MAX..=COUNT_MAX)]
    pub kills: i32,
}

/// Sent to a player that helped to kill.
#[derive(Clone, Copy, Debug, PartialEq, Event)]
pub struct Assist {
    /// Who died.
    pub victim: PlayerId,
}

pub(super) fn schema() -> Schema {
    Schema::new()
        .row::<Ship>()
        .row::<Bolt>()
        .row::<Border>()
        .row::<Pickup>()
        .row::<Round>()
        .row::<Standing>()
        .event::<Hit>()
        .event::<Kill>()
        .event::<Spawn>()
        .event::<Burst>()
        .event::<Boom>()
        .event::<Rail>()
        .event::<Take>()
        .event::<Streak>()
        .event::<Assist>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_sound() {
        assert_eq!(schema().check(), Ok(()));
    }
}
