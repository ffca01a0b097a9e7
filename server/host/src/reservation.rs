//! [`Reservation`]: a seat that is taken, from the lobby's answer to the end of the session.

use std::fmt;
use std::sync::Arc;

use tickwire_game::ids::SessionId;
use tickwire_game::protocol::Role;

use crate::directory::RoomKey;

/// A seat that is free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatRelease {
    /// In which room.
    pub room: RoomKey,
    /// A player's or a spectator's.
    pub role: Role,
    /// Whose it was.
    pub session: SessionId,
    /// Which of all seats that were ever given: one that was given anew in its place is another.
    pub number: u64,
    /// Whether that may come back, though it has no seat: a spectator whose connection broke, or who comes
    /// back and has not got there.
    pub may_return: bool,
}

/// How a lobby hears that a seat is free again. It may be called on any thread.
pub type ReleaseSeat = Arc<dyn Fn(SeatRelease) + Send + Sync>;

/// A taken seat. Dropping it gives it back.
pub struct Reservation {
    seat: SeatRelease,
    release: ReleaseSeat,
}

impl Reservation {
    pub(crate) fn new(
        room: RoomKey,
        role: Role,
        session: SessionId,
        number: u64,
        release: ReleaseSeat,
    ) -> Reservation {
        let seat = SeatRelease { room, role, session, number, may_return: false };
        Reservation { seat, release }
    }

    /// In which room.
    #[must_use]
    pub fn room(&self) -> RoomKey {
        self.seat.room
    }

    /// A player's or a spectator's.
    #[must_use]
    pub fn role(&self) -> Role {
        self.seat.role
    }

    /// Whether its owner may come back to another seat, once this is dropped.
    pub(crate) fn let_return(&mut self, may_return: bool) {
        self.seat.may_return = may_return;
    }
}

#[cfg(test)]
impl Reservation {
    /// One that no lobby has given out.
    pub(crate) fn of_nobody(room: RoomKey, role: Role) -> Reservation {
        Reservation::new(room, role, SessionId(0), 0, Arc::new(|_| {}))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        (self.release)(self.seat);
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reservation").field(&self.seat).finish()
    }
}
