//! [`SessionReport`]: what the lobby hears of a session, which it knows by its tokens alone.

use tickwire_game::ids::SessionId;

/// What a shard tells the lobby of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Which.
    pub session: SessionId,
    /// How often it was resumed before this.
    pub resumptions: u32,
    /// What.
    pub news: SessionNews,
}

/// What there is to tell of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionNews {
    /// Its client was heard over the connection by which it resumed: it knows its new token.
    Heard,
    /// That connection broke, or never got to its room, and its player stays.
    Absent,
}
