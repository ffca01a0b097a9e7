//! The snapshot stream: what a viewer is told of a scene, as the difference to what it knows.
//!
//! Two pure state machines, [`SnapshotEncoder`] and [`SnapshotDecoder`], each with a [`Mirror`]
//! of what the viewer knows; after each snapshot the two mirrors are equal. The stream under
//! them is ordered and reliable, so the last snapshot written is always a valid baseline and
//! nothing is acknowledged or sent again.
//!
//! The bits, lowest first (`count` is [`super::bits::BitWriter::put_count`]):
//!
//! | part | bits |
//! |---|---|
//! | tick | keyframe: `1`, 32 bits of tick. Else `0`, count of ticks skipped since the last |
//! | player | `0` for a spectator; else `1`, 2 bits of what was given, count of the zigzag margin, own state |
//! | own state | `0` none; `10` as before; `11`, count of bytes, the bytes |
//! | known entities | each by rising id: `0` as before; `10`, a bit per field whether it changed, the changed fields; `11` gone |
//! | new entities | their count; each by rising id: count of ids skipped, kind, all fields |
//! | events | their count; each: count of ticks ago, kind, all fields |
//!
//! A field is `value - min` in as many bits as `max - min` needs; a kind is an index in as many
//! bits as the last index needs.

mod codec;
mod decoder;
mod encoder;

pub use codec::{Codec, Coding};
pub use decoder::{NoReplay, Replay, Snapshot, SnapshotDecoder, SnapshotError};
pub use encoder::{Picture, PlayerPart, SnapshotEncoder};

use crate::scene::{Kind, Rows};
use crate::tick::Tick;

/// What a viewer knows: the same on both ends of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirror {
    tick: Option<Tick>,
    rows: Rows,
    own: Option<Vec<u8>>,
}

impl Mirror {
    /// The tick of the last snapshot; `None` before the first.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.tick
    }

    /// The entities known, by rising id.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The player's own state, in bincode.
    #[must_use]
    pub fn own(&self) -> Option<&[u8]> {
        self.own.as_deref()
    }
}

/// How the input of a tick was come by, to its player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenKind {
    /// It came in time.
    Received {
        /// Of the inputs that the client sent for the tick, this one counted: 0 is the first.
        nth: u8,
    },
    /// It did not; the last one was repeated.
    Repeated,
    /// Nothing came for long; nothing was assumed.
    Absent,
}

impl GivenKind {
    /// Whether it came in time.
    #[must_use]
    pub fn is_received(self) -> bool {
        matches!(self, GivenKind::Received { .. })
    }
}

/// How many bits the index of one of `kinds` takes.
fn kind_bits(kinds: &[Kind]) -> u32 {
    usize::BITS - kinds.len().saturating_sub(1).leading_zeros()
}

const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

const fn unzigzag(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests;
