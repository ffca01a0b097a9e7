//! The snapshot stream: what a viewer is sent of a scene, as the difference to what it knows.
//!
//! Two pure state machines, [`SnapshotEncoder`] and [`SnapshotDecoder`], each with a [`Mirror`]
//! of what the viewer knows; after each snapshot the two mirrors are equal. The stream under
//! them is ordered and reliable, so the last snapshot written is always a valid baseline and
//! nothing is acknowledged or sent again.
//!
//! What a snapshot says, in this order (`docs/protocol.md` has it to the bit):
//!
//! 1. its tick; a keyframe forgets all that was known;
//! 2. to a player, where its inputs came from, and its own state as far as it is not what the
//!    client finds by itself;
//! 3. of the rows known, which are gone and which are not as expected;
//! 4. new rows; 5. events.
//!
//! The files follow that: `codec` is the schema made ready, `mirror` what is known, `predict`
//! what is expected of it, `encoder` and `decoder` the two ends, `picture` what the first is given,
//! `player` what both make of the player's own part, `changes` and `additions` what the encoder says
//! of known rows and of new ones, `budget` what to say when not all fits; `in_step` and `row_steps`
//! what is the same for all viewers and so is found once. `tick_reader` reads ticks alone, for who
//! needs no more.

mod additions;
mod budget;
mod changes;
mod codec;
mod decoder;
mod encoder;
mod in_step;
mod layout;
mod mirror;
mod picture;
mod plan;
mod player;
mod predict;
mod row_steps;
mod tick_reader;

pub use codec::{Codec, Coding};
pub use decoder::{Snapshot, SnapshotDecoder, SnapshotError};
pub use encoder::SnapshotEncoder;
pub use in_step::{InStepScratch, Steps};
pub use mirror::Mirror;
pub use picture::Picture;
pub use player::{InputSource, NoReplay, PlayerPart, Replay};
pub use row_steps::{RowSteps, RowWork};
pub use tick_reader::TickReader;

pub use super::symbols::Part;

const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

const fn unzigzag(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests;
