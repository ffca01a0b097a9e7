//! [`Sessions`]: by which token each session can be resumed, and in which room it is.
//!
//! Owned by the lobby. A token is good for the session that it was given for, in its room and its
//! role, and names nothing else: it stands nowhere but here and with its client. It is renewed at
//! each use. The one that was used stays good until the client is heard over the newest connection,
//! since the welcome with the new one may be lost; and so does what was given out in between, for a
//! hello that was held up may come after one that was sent later. Then all but the newest are void.
//! Secrets are compared in constant time, and those who guess learn nothing: each mistake is the same
//! refusal.
//!
//! A player keeps its seat while it is away, for as long as its room lets it. A spectator holds none:
//! what is kept is only who it was. A client with limits may have so many players who are away at once:
//! seats that nobody sits in are the cheapest to take.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use subtle::ConstantTimeEq;
use tickwire_game::ids::{SessionId, Subject};
use tickwire_game::protocol::{RESUME_SECRET_BYTES, ResumeToken, Role};

use crate::directory::RoomKey;
use crate::hello::PeerKey;
use crate::limits::{RESUME_TOKENS_OPEN_MAX, UNSEATED_SESSIONS_MAX};
use crate::reservation::SeatRelease;
use crate::session_report::{SessionNews, SessionReport};

/// Where the secrets of tokens come from: bits that nobody can guess.
pub type Secrets = Box<dyn FnMut() -> [u8; RESUME_SECRET_BYTES] + Send>;

/// The number of no seat.
const NO_SEAT: u64 = 0;

type Secret = [u8; RESUME_SECRET_BYTES];

/// All sessions that are in a room, and spectators who may come back to one.
pub(super) struct Sessions {
    secrets: Secrets,
    /// For how long a spectator who left may come back.
    grace: Duration,
    kept: BTreeMap<SessionId, KeptSession>,
    /// Players without a connection whom a ticket names: it brings them back as well.
    absent: BTreeSet<(Subject, SessionId)>,
    /// Players without a connection of each client with limits, in the order in which they lost it.
    absent_of_clients: BTreeMap<PeerKey, Vec<SessionId>>,
    /// How many of one client there may be.
    absent_per_client_max: usize,
    /// Spectators who left, in that order: until when and as what they may come back.
    unseated: VecDeque<(Duration, SessionId, u32)>,
    begun: u64,
    seats: u64,
}

/// What is known of a session.
struct KeptSession {
    room: RoomKey,
    /// The number of the shard that has its room, or had it.
    shard: usize,
    role: Role,
    subject: Option<Subject>,
    /// Whether its shard has to end it, since its client had too many players who were away.
    is_to_end: bool,
    /// Whose limits it counts for; `None` is a client without limits.
    client: Option<PeerKey>,
    /// How often it was resumed: what is said of an earlier connection is over.
    resumptions: u32,
    newest: Secret,
    /// What else is good until its client is heard: the one by which it was resumed last comes first.
    others: Vec<Secret>,
    /// The numbers of its seats that are out, for which one is counted: that in its room, and those of
    /// clients on the way back there.
    seats: Vec<u64>,
    /// Of those that were given back, the newest number, and whether its client may come back.
    given_back: (u64, bool),
}

impl KeptSession {
    fn is_seated(&self) -> bool {
        !self.seats.is_empty()
    }
}

/// What is new of a session that begins or is resumed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewed {
    pub(super) session: SessionId,
    pub(super) token: ResumeToken,
    pub(super) resumptions: u32,
}

/// A session that has a seat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seated {
    pub(super) session: SessionId,
    pub(super) room: RoomKey,
    pub(super) role: Role,
    pub(super) resumptions: u32,
}

impl Sessions {
    pub(super) fn new(secrets: Secrets, grace: Duration, absent_per_client_max: usize) -> Sessions {
        Sessions {
            secrets,
            grace,
            kept: BTreeMap::new(),
            absent: BTreeSet::new(),
            absent_of_clients: BTreeMap::new(),
            absent_per_client_max,
            unseated: VecDeque::new(),
            begun: 0,
            seats: NO_SEAT,
        }
    }

    /// A session begins, of a `client` with limits or without.
    pub(super) fn begin(
        &mut self,
        (room, shard): (RoomKey, usize),
        role: Role,
        subject: Option<Subject>,
        client: Option<PeerKey>,
    ) -> Renewed {
        self.begun += 1;
        let (session, newest) = (SessionId(self.begun), (self.secrets)());
        let kept = KeptSession {
            room,
            shard,
            role,
            subject,
            is_to_end: false,
            client,
            resumptions: 0,
            newest,
            others: Vec::new(),
            seats: Vec::new(),
            given_back: (NO_SEAT, false),
        };
        self.kept.insert(session, kept);
        Renewed { session, token: ResumeToken::new(session, newest), resumptions: 0 }
    }

    /// The session that a client may resume by this token, in that role. `subject` is whom its ticket
    /// names, if it brings one.
    pub(super) fn find(
        &self,
        token: ResumeToken,
        role: Role,
        subject: Option<Subject>,
    ) -> Option<SessionId> {
        let (session, secret) = (token.session(), token.secret());
        let kept = self.kept.get(&session);
        // All are compared, and something is where nothing is known: it takes as long.
        let (newest, others) = match kept {
            Some(kept) => (kept.newest, kept.others.as_slice()),
            None => ([0; RESUME_SECRET_BYTES], &[][..]),
        };
        let is_newest = secret.ct_eq(&newest);
        let is_good = others.iter().fold(is_newest, |good, other| good | secret.ct_eq(other));
        let is_good = bool::from(is_good);
        let is_for_it = kept.is_some_and(|kept| {
            kept.role == role && (subject.is_none() || subject == kept.subject)
        });
        (is_good && is_for_it).then_some(session)
    }

    /// The players without a connection whom this ticket names.
    pub(super) fn absent_of(&self, subject: Subject) -> impl Iterator<Item = SessionId> {
        let all = (subject, SessionId(0))..=(subject, SessionId(u64::MAX));
        self.absent.range(all).map(|(_, session)| *session)
    }

    /// Its room, its role there, and whether it holds a seat.
    pub(super) fn place(&self, session: SessionId) -> Option<(RoomKey, Role, bool)> {
        self.kept.get(&session).map(|kept| (kept.room, kept.role, kept.is_seated()))
    }

    /// A session is resumed, by `used` if by a token: it has another one from now on.
    pub(super) fn renew(&mut self, session: SessionId, used: Option<ResumeToken>) -> Renewed {
        let fresh = (self.secrets)();
        let kept = self.kept.get_mut(&session).expect("it was found");
        kept.others.push(std::mem::replace(&mut kept.newest, fresh));
        let used = used.and_then(|token| kept.others.iter().position(|it| *it == token.secret()));
        if let Some(at) = used {
            kept.others[..=at].rotate_right(1);
        }
        if kept.others.len() > RESUME_TOKENS_OPEN_MAX {
            // The oldest of those that were given out since.
            kept.others.remove(1);
        }
        kept.resumptions = kept.resumptions.wrapping_add(1);
        kept.is_to_end = false;
        let (subject, client, resumptions) = (kept.subject, kept.client, kept.resumptions);
        self.set_present(session, subject, client);
        Renewed { session, token: ResumeToken::new(session, fresh), resumptions }
    }

    /// What is reported of a session. What is said of a connection that is not the newest is over. Gives the
    /// player who has to end now, with its room, since its client has too many without a connection.
    pub(super) fn hear(&mut self, report: SessionReport) -> Option<(RoomKey, SessionId)> {
        let SessionReport { session, resumptions, news } = report;
        let kept = self.kept.get_mut(&session)?;
        if kept.resumptions != resumptions {
            return None;
        }
        match news {
            SessionNews::Heard => {
                kept.others = Vec::new();
                let (subject, client) = (kept.subject, kept.client);
                // It may have come back before its room went on without it.
                self.set_present(session, subject, client);
                None
            }
            // A takeover may have come in between.
            SessionNews::Absent if kept.is_to_end => Some((kept.room, session)),
            SessionNews::Absent => {
                let (subject, client) = (kept.subject, kept.client);
                self.set_absent(session, subject, client)
            }
        }
    }

    fn set_absent(
        &mut self,
        session: SessionId,
        subject: Option<Subject>,
        client: Option<PeerKey>,
    ) -> Option<(RoomKey, SessionId)> {
        if let Some(subject) = subject {
            self.absent.insert((subject, session));
        }
        let absent = self.absent_of_clients.entry(client?).or_default();
        if !absent.contains(&session) {
            absent.push(session);
        }
        if absent.len() <= self.absent_per_client_max {
            return None;
        }
        let goes = absent.remove(0);
        let kept = self.kept.get_mut(&goes)?;
        kept.is_to_end = true;
        Some((kept.room, goes))
    }

    /// A session has a connection again, or is over.
    fn set_present(
        &mut self,
        session: SessionId,
        subject: Option<Subject>,
        client: Option<PeerKey>,
    ) {
        if let Some(subject) = subject {
            self.absent.remove(&(subject, session));
        }
        let Some(client) = client else { return };
        let Some(absent) = self.absent_of_clients.get_mut(&client) else { return };
        absent.retain(|absent| *absent != session);
        if absent.is_empty() {
            self.absent_of_clients.remove(&client);
        }
    }

    /// The number of a seat that a session is given.
    pub(super) fn seat(&mut self, session: SessionId) -> u64 {
        self.seats += 1;
        if let Some(kept) = self.kept.get_mut(&session) {
            kept.seats.push(self.seats);
        }
        self.seats
    }

    /// Those that a session was given so far are nobody's: whatever still gives them back is late.
    pub(super) fn forget_seats(&mut self, session: SessionId) {
        if let Some(kept) = self.kept.get_mut(&session) {
            kept.seats.clear();
        }
    }

    /// A seat is given back at `now`. Whether that was the last of its session.
    pub(super) fn give_back(&mut self, release: &SeatRelease, now: Duration) -> bool {
        let Some(kept) = self.kept.get_mut(&release.session) else { return false };
        let Some(at) = kept.seats.iter().position(|number| *number == release.number) else {
            return false;
        };
        kept.seats.swap_remove(at);
        kept.given_back = kept.given_back.max((release.number, release.may_return));
        let (is_last, may_return) = (!kept.is_seated(), kept.given_back.1);
        if is_last {
            self.release(release.session, may_return, now);
        }
        is_last
    }

    /// The sessions with a seat on a shard, also in rooms that are no more, in their order.
    pub(super) fn seated_on(&self, shard: usize) -> Vec<Seated> {
        let seated = self.kept.iter().filter(|(_, kept)| kept.is_seated() && kept.shard == shard);
        seated
            .map(|(session, kept)| Seated {
                session: *session,
                room: kept.room,
                role: kept.role,
                resumptions: kept.resumptions,
            })
            .collect()
    }

    /// A session has no seat any more; `may_return` if it may come back to another.
    pub(super) fn release(&mut self, session: SessionId, may_return: bool, now: Duration) {
        let Some(kept) = self.kept.get_mut(&session) else { return };
        if !may_return || kept.role == Role::Player || self.grace.is_zero() {
            return self.forget(session);
        }
        kept.seats.clear();
        self.unseated.push_back((now + self.grace, session, kept.resumptions));
        if self.unseated.len() > UNSEATED_SESSIONS_MAX {
            self.expire(Duration::MAX, 1);
        }
    }

    /// Forgets spectators who did not come back in time.
    pub(super) fn forget_late(&mut self, now: Duration) {
        self.expire(now, usize::MAX);
    }

    fn expire(&mut self, now: Duration, at_most: usize) {
        for _ in 0..at_most {
            let Some((until, session, resumptions)) = self.unseated.front().copied() else {
                return;
            };
            if until > now {
                return;
            }
            self.unseated.pop_front();
            let kept = self.kept.get(&session);
            if kept.is_some_and(|kept| !kept.is_seated() && kept.resumptions == resumptions) {
                self.forget(session);
            }
        }
    }

    /// Nobody resumes this session any more.
    fn forget(&mut self, session: SessionId) {
        if let Some(kept) = self.kept.remove(&session) {
            self.set_present(session, kept.subject, kept.client);
        }
    }
}
