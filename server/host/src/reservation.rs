//! [`Reservation`]: a seat that is taken, from the lobby's answer to the end of the session.

use std::fmt;
use std::sync::Arc;

use tickwire_game::protocol::Role;

use crate::directory::RoomKey;

/// How a lobby hears that a seat is free again. It may be called on any thread.
pub type ReleaseSeat = Arc<dyn Fn(RoomKey, Role) + Send + Sync>;

/// A taken seat. Dropping it gives it back.
pub struct Reservation {
    room: RoomKey,
    role: Role,
    release: ReleaseSeat,
}

impl Reservation {
    pub(crate) fn new(room: RoomKey, role: Role, release: ReleaseSeat) -> Reservation {
        Reservation { room, role, release }
    }

    /// In which room.
    #[must_use]
    pub fn room(&self) -> RoomKey {
        self.room
    }

    /// A player's or a spectator's.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
}

#[cfg(test)]
impl Reservation {
    /// One that no lobby has given out.
    pub(crate) fn of_nobody(room: RoomKey, role: Role) -> Reservation {
        Reservation { room, role, release: Arc::new(|_, _| {}) }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        (self.release)(self.room, self.role);
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("room", &self.room).field("role", &self.role).finish()
    }
}
