//! [`Admission`]: what the lobby grants a client, on its way to the shard of the room.

use std::time::Duration;

use tickwire_game::ids::{SessionId, Subject};
use tickwire_game::protocol::{RESUME_SECRET_BYTES, ResumeToken, Role};

use crate::directory::RoomKey;
use crate::hello::{PeerKey, RequestedRoom};
use crate::reservation::Reservation;
use crate::session_report::{SessionNews, SessionReport};

/// What a client asks the lobby for.
#[derive(Clone, Copy, Debug)]
pub struct SeatRequest<'a> {
    /// What it wants to be.
    pub role: Role,
    /// Where it wants to be.
    pub room: &'a RequestedRoom,
    /// For whom a room counts that is opened for it; `None` is a client without limits.
    pub opener: Option<PeerKey>,
    /// Whom its ticket names, if it has one.
    pub subject: Option<Subject>,
    /// By which it resumes the session that it had.
    pub resume: Option<ResumeToken>,
}

impl<'a> SeatRequest<'a> {
    /// That of a guest who has had no session.
    #[must_use]
    pub fn guest(role: Role, room: &'a RequestedRoom, opener: Option<PeerKey>) -> SeatRequest<'a> {
        SeatRequest { role, room, opener, subject: None, resume: None }
    }
}

/// What a client was granted: a session that begins in a room, or one that it has back.
#[derive(Debug)]
pub struct Admission {
    /// The session.
    pub session: SessionId,
    /// The number of the shard that has the room.
    pub shard: usize,
    /// How often another shard has taken that one over, as far as the lobby knows.
    pub takeovers: u32,
    /// What it gets in the room.
    pub grant: Grant,
    /// By which it can be resumed from now on.
    pub token: ResumeToken,
    /// How often the session was resumed: 0 for its first connection.
    pub resumptions: u32,
    /// Whether the client has had the session before.
    pub resumed: bool,
}

/// What a client gets in its room.
#[derive(Debug)]
pub enum Grant {
    /// A seat, for a session that begins there, or for that of a spectator who comes back.
    Seat(Reservation),
    /// The session, a player's, is there already, and holds its seat itself.
    Session(RoomKey),
}

impl Admission {
    /// Its room.
    #[must_use]
    pub fn room(&self) -> RoomKey {
        match &self.grant {
            Grant::Seat(reservation) => reservation.room(),
            Grant::Session(room) => *room,
        }
    }

    /// What the lobby has to hear if this does not reach its shard; `None` where dropping it says all. The
    /// client has no connection then, as far as anybody knows.
    #[must_use]
    pub fn lost(&self) -> Option<SessionReport> {
        let report = SessionReport {
            session: self.session,
            resumptions: self.resumptions,
            news: SessionNews::Absent,
        };
        matches!(self.grant, Grant::Session(_)).then_some(report)
    }
}

/// What a session's welcome has beside what holds for everybody in the room.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Who it is to the server.
    pub session: SessionId,
    /// By which it can be resumed.
    pub token: ResumeToken,
    /// Whether it was.
    pub resumed: bool,
    /// For how long it is kept once its connection has broken.
    pub grace: Duration,
}

impl Standing {
    /// That of a session which nobody can resume: where no lobby is.
    #[must_use]
    pub fn alone(session: SessionId) -> Standing {
        let token = ResumeToken::new(session, [0; RESUME_SECRET_BYTES]);
        Standing { session, token, resumed: false, grace: Duration::ZERO }
    }
}

#[cfg(test)]
impl Admission {
    /// One that no lobby has granted.
    pub(crate) fn of_nobody(session: SessionId, room: RoomKey, role: Role) -> Admission {
        Admission {
            session,
            shard: 0,
            takeovers: 0,
            grant: Grant::Seat(Reservation::of_nobody(room, role)),
            token: ResumeToken::new(session, [7; 16]),
            resumptions: 0,
            resumed: false,
        }
    }

    /// One that no lobby has granted, of a session that is there.
    pub(crate) fn again(session: SessionId, room: RoomKey, resumptions: u32) -> Admission {
        Admission {
            session,
            shard: 0,
            takeovers: 0,
            grant: Grant::Session(room),
            token: ResumeToken::new(session, [resumptions as u8; 16]),
            resumptions,
            resumed: true,
        }
    }
}
