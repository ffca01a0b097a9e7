//! Names of things, each with a type of its own so that they cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A player of one room, person or bot. The room gives it out: the lowest that is free, and none
/// that was another's in the last 30 s. It may be above the most players of the room: it is a key,
/// not an index. None is `u16::MAX`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
pub struct PlayerId(pub u16);

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "player {}", self.0)
    }
}

/// One entity of a room's world. The game gives it out, rising, and never twice within a room.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
pub struct EntityId(pub u32);

impl EntityId {
    /// Takes this id and moves on to the next: the counter from which a game names its entities.
    pub fn take(&mut self) -> EntityId {
        let id = *self;
        self.0 += 1;
        id
    }
}

/// Who a player is across connections: the subject of its ticket, as a number that tells nothing else.
/// Equal numbers are the same person for as long as the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject(pub u64);

/// Who is behind a connection, unique while the server runs.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    bincode::Encode,
    bincode::Decode,
)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}", self.0)
    }
}
