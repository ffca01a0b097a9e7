//! What the author of a game needs: `use tickwire_game::prelude::*;`.
//!
//! `Serialize` and `Deserialize` are not among it: a game depends on `serde` itself, for its derives.

pub use crate::dice::Dice;
pub use crate::game::{Effect, Game, InputStatus, Keys, LeaveReason, Seen, Setup, Skill, Step};
pub use crate::ids::{EntityId, PlayerId, Subject};
pub use crate::scene::{Audience, Event, FieldEnum, Kinds, Row, RowRef, SceneWriter, Schema, View};
pub use crate::tick::{Rewind, Tick, TickRate};
pub use crate::timer::Timer;
