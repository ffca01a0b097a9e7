//! [`Looks`]: whether a thread comes back from code of a game, told by looking at it again and again.

use tickwire_host::RoomKey;

/// For how many looks in a row a thread has been at the same turn of the same room. Looks are counted and not
/// time: while the whole process stands still there are none.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    seen: Option<(RoomKey, u64)>,
    same: u32,
}

impl Looks {
    /// One more look, which finds it where it is `now`: the room, if `most` looks since the first found it at
    /// the same turn.
    pub(crate) fn stuck_in(&mut self, now: Option<(RoomKey, u64)>, most: u32) -> Option<RoomKey> {
        self.same = if now.is_some() && now == self.seen { self.same + 1 } else { 0 };
        self.seen = now;
        let (room, _) = now.filter(|_| self.same >= most)?;
        Some(room)
    }
}
