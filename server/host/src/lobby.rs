//! [`Lobby`]: finds or makes the room for a client, and counts who is in it.
//!
//! A plain struct with one owner. The [`Directory`] decides; the lobby gives out sessions and
//! seats, and says which rooms shards have to open or end. A seat is taken before a connection is
//! sent to a shard and is free again when its [`Reservation`] is dropped, whatever ended it, so
//! that joins at the same moment never overfill a room. It touches no world and no connection.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use slotmap::SecondaryMap;
use tickwire_game::game::Seed;
use tickwire_game::ids::SessionId;
use tickwire_game::protocol::{JoinError, ResumeToken, Role};
use tickwire_game::tick::{Tick, TickRate};
use tracing::{error, info, warn};

use crate::admission::{Admission, Grant, SeatRequest};
use crate::checkpoint::KeptSeat;
use crate::directory::{Directory, DirectoryLimits, ListedRoom, Placement, RoomKey, RoomListing};
use crate::drain::Drain;
use crate::guest_settings::GuestSettings;
use crate::hello::{GameVersion, RequestedRoom};
use crate::mailbox::Command;
use crate::reservation::{ReleaseSeat, Reservation, SeatRelease};
use crate::room_builder::RoomOrder;
use crate::session_report::SessionReport;
use failures::{FailingKind, Failures};
pub use sessions::Secrets;
use sessions::{Renewed, Seated, Sessions};

mod failures;
mod sessions;

/// What a lobby is made from.
#[derive(Clone, Copy, Debug)]
pub struct LobbySettings {
    /// The game that all rooms run.
    pub game: GameVersion,
    /// Ticks per second of all rooms.
    pub tick_rate: TickRate,
    /// How many rooms and people there may be.
    pub limits: DirectoryLimits,
    /// How many shards there are.
    pub shards: usize,
    /// Where the randomness of all rooms comes from. A secret: it gives every room's.
    pub seed: Seed,
    /// Whether the first room is to be recorded.
    pub records_first: bool,
    /// For how long a spectator whose connection broke may resume its session.
    pub grace: Duration,
    /// How many players of one client may be without a connection at once: of more, those who are so for
    /// longest end. A client is a ticket's subject or else an address, as for limits on rooms.
    pub absent_per_client_max: usize,
}

/// Which rooms there are and who may join them. `S` is the game's settings of a room.
pub struct Lobby<S> {
    settings: LobbySettings,
    guest_settings: GuestSettings<S>,
    directory: Directory,
    release: ReleaseSeat,
    sessions: Sessions,
    failures: Failures,
    /// How often each shard was taken over by another.
    takeovers: Vec<u32>,
    /// How it drains, and since when.
    draining: Option<(Drain, Duration)>,
    /// Which rooms failed if these do before their first tick; others failed by their name.
    kinds: SecondaryMap<RoomKey, FailingKind>,
    rooms_opened: u64,
    rooms_evicted: u64,
    rooms_failed: u64,
    /// For the shards, in order.
    commands: Vec<(usize, Command)>,
    /// Rooms to build, in order.
    orders: Vec<RoomOrder<S>>,
}

impl<S: Clone + Debug + Serialize + DeserializeOwned> Lobby<S> {
    /// A lobby without rooms, that hears by `release` of seats that are free again.
    /// `guest_settings` judges what a client that opens a room chooses for it; tokens are made of
    /// `secrets`.
    #[must_use]
    pub fn new(
        settings: LobbySettings,
        guest_settings: GuestSettings<S>,
        release: ReleaseSeat,
        secrets: Secrets,
    ) -> Lobby<S> {
        let directory = Directory::new(settings.limits, settings.shards);
        Lobby {
            settings,
            guest_settings,
            directory,
            release,
            sessions: Sessions::new(secrets, settings.grace, settings.absent_per_client_max),
            failures: Failures::default(),
            takeovers: vec![0; settings.shards],
            draining: None,
            kinds: SecondaryMap::new(),
            rooms_opened: 0,
            rooms_evicted: 0,
            rooms_failed: 0,
            commands: Vec::new(),
            orders: Vec::new(),
        }
    }

    /// Lets a client in at `now`: back into the session that it resumes, or else into a new one, in a
    /// room that is opened if there is need of it. One that was named then counts for the request's
    /// opener until it is gone. Settings that come with its name are judged when it is opened, and else
    /// ignored. A player without a connection comes back by its ticket as by its token.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn admit(
        &mut self,
        request: &SeatRequest<'_>,
        now: Duration,
    ) -> Result<Admission, JoinError> {
        if let Some(token) = request.resume {
            let found = self.sessions.find(token, request.role, request.subject);
            let found = found.filter(|session| self.is_in(*session, request.room));
            return self.resume(found.ok_or(JoinError::NotResumable)?, Some(token));
        }
        if let Some(session) = self.absent_player(request) {
            return self.resume(session, None);
        }
        self.join(request, now)
    }

    /// Whether a client comes back: by a token, be it good or not, or by its ticket.
    #[must_use]
    pub fn resumes(&self, request: &SeatRequest<'_>) -> bool {
        request.resume.is_some() || self.absent_player(request).is_some()
    }

    /// The player without a connection who comes back by its ticket.
    fn absent_player(&self, request: &SeatRequest<'_>) -> Option<SessionId> {
        let mut absent = self.sessions.absent_of(request.subject?);
        absent.find(|session| request.role == Role::Player && self.is_in(*session, request.room))
    }

    /// Whether a client that asks for this room can mean this session.
    fn is_in(&self, session: SessionId, requested: &RequestedRoom) -> bool {
        let room = self.sessions.place(session).map(|(room, ..)| room);
        let Some(listed) = room.and_then(|room| self.directory.find(room)) else { return false };
        match requested {
            RequestedRoom::Any => true,
            RequestedRoom::Named { name, .. } => listed.name == *name,
        }
    }

    fn resume(
        &mut self,
        session: SessionId,
        token: Option<ResumeToken>,
    ) -> Result<Admission, JoinError> {
        let (room, role, is_seated) =
            self.sessions.place(session).ok_or(JoinError::NotResumable)?;
        let listed = self.directory.find(room).ok_or(JoinError::NotResumable)?;
        let shard = listed.shard;
        let grant = match role {
            Role::Player => Grant::Session(room),
            Role::Spectator => {
                // Its shard may be about to give back the seat that it has: both are counted as one.
                if !is_seated {
                    self.directory.rejoin(role, room)?;
                }
                let mut reservation = self.reservation(room, role, session);
                // It may be lost on the way.
                reservation.let_return(true);
                Grant::Seat(reservation)
            }
        };
        let Renewed { token, resumptions, .. } = self.sessions.renew(session, token);
        let takeovers = self.takeovers[shard];
        Ok(Admission { session, shard, takeovers, grant, token, resumptions, resumed: true })
    }

    fn join(&mut self, request: &SeatRequest<'_>, now: Duration) -> Result<Admission, JoinError> {
        let SeatRequest { role, room: requested, opener, subject, .. } = *request;
        // Before anything is opened or makes way.
        let mut may_open = Ok(());
        let chosen = match requested {
            RequestedRoom::Named { name, settings } if !self.directory.has(name) => {
                self.check_failures(name, settings.as_deref(), now)?;
                settings.as_deref().map(|text| self.guest_settings.choose(text)).transpose()?
            }
            RequestedRoom::Named { .. } => None,
            RequestedRoom::Any => {
                // One that is there will do.
                may_open = self.may_open_unnamed(now);
                None
            }
        };
        let Placement { room, shard, new, made_way } =
            self.directory.join(role, requested, opener, may_open, now)?;
        if let Some((room, shard)) = made_way {
            self.rooms_evicted += 1;
            self.commands.push((shard, Command::Retire { room }));
        }
        if new {
            self.open(room, chosen);
            let kind = match requested {
                RequestedRoom::Any => Some(FailingKind::Unnamed),
                RequestedRoom::Named { settings, .. } => {
                    settings.as_deref().map(|text| FailingKind::Settings(canonical(text)))
                }
            };
            if let Some(kind) = kind {
                self.kinds.insert(room, kind);
            }
        }
        let begun = self.sessions.begin((room, shard), role, subject, opener);
        let Renewed { session, token, resumptions } = begun;
        let grant = Grant::Seat(self.reservation(room, role, session));
        let takeovers = self.takeovers[shard];
        Ok(Admission { session, shard, takeovers, grant, token, resumptions, resumed: false })
    }

    /// Whether a room may be opened for those who name none.
    fn may_open_unnamed(&self, now: Duration) -> Result<(), JoinError> {
        let may_open = self.failures.allows(&FailingKind::Unnamed, now);
        may_open.then_some(()).ok_or(JoinError::RoomFails)
    }

    /// Whether rooms of this name, or with what is chosen for this one, have failed too often.
    fn check_failures(
        &self,
        name: &str,
        settings: Option<&str>,
        now: Duration,
    ) -> Result<(), JoinError> {
        let name = FailingKind::Name(name.to_owned());
        let settings = settings.map(|text| FailingKind::Settings(canonical(text)));
        let mut kinds = [Some(name), settings].into_iter().flatten();
        let may_open = kinds.all(|kind| self.failures.allows(&kind, now));
        if may_open { Ok(()) } else { Err(JoinError::RoomFails) }
    }

    fn reservation(&mut self, room: RoomKey, role: Role, session: SessionId) -> Reservation {
        let number = self.sessions.seat(session);
        Reservation::new(room, role, session, number, Arc::clone(&self.release))
    }

    fn open(&mut self, room: RoomKey, chosen: Option<S>) {
        let listed = self.directory.room(room);
        let seed = room_seed(self.settings.seed, &listed.name, self.rooms_opened);
        info!(
            room = listed.name,
            shard = listed.shard,
            settings = chosen.as_ref().map(tracing::field::debug),
            "room opens"
        );
        let record = self.settings.records_first && self.rooms_opened == 0;
        let takeovers = self.takeovers[listed.shard];
        self.commands.push((listed.shard, Command::Open { room, takeovers }));
        self.orders.push(RoomOrder {
            room,
            shard: listed.shard,
            name: listed.name.clone(),
            seed,
            settings: chosen,
            status: Arc::clone(&listed.status),
            record,
            _counted: self.directory.count_build(),
        });
        self.rooms_opened += 1;
        if record {
            self.directory.set_recorded(room, true);
        }
    }

    /// A [`Reservation`] was dropped, at `now`.
    pub fn leave(&mut self, release: SeatRelease, now: Duration) {
        // A shard that was given up may give back at last what its rooms have been given anew.
        if self.sessions.give_back(&release, now) {
            self.directory.leave(release.room, release.role, now);
        }
    }

    /// A shard reports of a session, or whoever had the [`Admission`] of one that did not reach its shard.
    pub fn hear(&mut self, report: SessionReport) {
        let Some((room, session)) = self.sessions.hear(report) else { return };
        if let Some(listed) = self.directory.find(room) {
            self.commands.push((listed.shard, Command::Expire { room, session }));
        }
    }

    /// The thread of a shard does not come back, at `now`, because of a step of the `guilty` room if that is
    /// known. Of its rooms those of `restored` go on, with the players named: gives the seats of those who
    /// are still there. All others have ended.
    pub fn recover(
        &mut self,
        shard: usize,
        restored: &[(RoomKey, Vec<SessionId>)],
        guilty: Option<RoomKey>,
        now: Duration,
    ) -> Vec<(RoomKey, Vec<KeptSeat>)> {
        self.takeovers[shard] += 1;
        if let Some((drain, since)) = self.draining {
            let lasts = drain.lasts.saturating_sub(now.saturating_sub(since));
            self.commands.push((shard, Command::Drain(Drain { lasts, ..drain })));
        }
        if let Some(room) = guilty {
            let listed = self.directory.find(room);
            if let Some(ListedRoom { name, status, .. }) = listed {
                error!(
                    room = name,
                    tick = status.tick().next().0,
                    "room failed: a step in it does not come back"
                );
            }
            self.note_failure(room, now);
        }
        let is_on_it =
            |room: RoomKey| self.directory.find(room).is_some_and(|it| it.shard == shard);
        // Who was on the way to a room that has ended before waits on the old thread, maybe for ever.
        let seated = self.sessions.seated_on(shard);
        let mut kept: Vec<(RoomKey, Vec<KeptSeat>)> = restored
            .iter()
            .filter(|(room, _)| is_on_it(*room))
            .map(|(room, _)| (*room, Vec::new()))
            .collect();
        for Seated { session, room, role, resumptions } in seated {
            let players = restored.iter().find(|(restored, _)| *restored == room);
            let stays = players.is_some_and(|(_, players)| players.contains(&session));
            let seats = kept.iter_mut().find(|(kept, _)| *kept == room && stays);
            if let Some((_, seats)) = seats {
                self.sessions.forget_seats(session);
                let reservation = self.reservation(room, role, session);
                seats.push(KeptSeat { session, resumptions, reservation });
            } else {
                // Who watches a room that goes on may come back to it.
                self.directory.leave(room, role, now);
                self.sessions.release(session, true, now);
            }
        }
        for room in self.directory.rooms_of(shard) {
            if kept.iter().all(|(kept, _)| *kept != room) {
                if guilty != Some(room) {
                    let name = &self.directory.room(room).name;
                    warn!(room = name, "room ends with its thread: there was no copy of it");
                }
                self.rooms_failed += 1;
                self.directory.forget(room);
            }
        }
        for (room, _) in &kept {
            // Its recording ended with the thread.
            self.directory.set_recorded(*room, false);
        }
        kept
    }

    /// A room ended by a fault of its own, at `now`.
    pub fn room_failed(&mut self, room: RoomKey, now: Duration) {
        self.note_failure(room, now);
        self.rooms_failed += u64::from(self.directory.forget(room).is_some());
    }

    fn note_failure(&mut self, room: RoomKey, now: Duration) {
        let kind = self.kinds.remove(room);
        let Some(listed) = self.directory.find(room) else { return };
        // What it was opened with is only to blame if the room was never there: else who breaks rooms of a
        // kind would keep all others from opening any.
        let kind = kind.filter(|_| listed.status.tick() == Tick(0));
        self.failures.note(kind.unwrap_or_else(|| FailingKind::Name(listed.name.clone())), now);
    }

    /// A room has made its last tick.
    pub fn room_over(&mut self, room: RoomKey) {
        self.directory.forget(room);
    }

    /// Ends the rooms that have been empty for too long. To be called now and then.
    pub fn retire(&mut self, now: Duration) {
        self.sessions.forget_late(now);
        for room in self.directory.deserted(now) {
            info!(room = self.directory.room(room).name, "room closes, deserted");
            if let Some(shard) = self.directory.forget(room) {
                self.commands.push((shard, Command::Retire { room }));
            }
        }
    }

    /// From `now` on lets in only who resumes a session, and has all clients sent that the server is to close.
    /// Rooms run on until [`Lobby::close`].
    pub fn drain(&mut self, drain: Drain, now: Duration) {
        self.directory.drain();
        self.draining = Some((drain, now));
        let shards = 0..self.settings.shards;
        self.commands.extend(shards.map(|shard| (shard, Command::Drain(drain))));
    }

    /// Whether the server drains and nobody plays any more. A player without a connection plays, for as long
    /// as it may come back.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.directory.is_drained()
    }

    /// Whether a player who has no room in mind would get a seat at `now`, as far as it is up to the server.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn admits_newcomers(&self, now: Duration) -> Result<(), JoinError> {
        self.directory.admits_newcomers(self.may_open_unnamed(now))
    }

    /// Lets nobody in from now on, and ends all rooms.
    pub fn close(&mut self) {
        self.directory.close();
        self.commands.extend((0..self.settings.shards).map(|shard| (shard, Command::Close)));
    }

    /// Whether nobody is let in any more and all have left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.directory.is_done()
    }

    /// All rooms by name.
    #[must_use]
    pub fn list(&self) -> Vec<RoomListing> {
        self.directory.list(self.settings.game.name, self.settings.tick_rate.hz())
    }

    /// How many are in all rooms together, spectators included.
    #[must_use]
    pub fn people(&self) -> usize {
        self.directory.people()
    }

    /// How many of them play.
    #[must_use]
    pub fn players(&self) -> usize {
        self.directory.players()
    }

    /// How many rooms were opened.
    #[must_use]
    pub fn rooms_opened(&self) -> u64 {
        self.rooms_opened
    }

    /// How many deserted rooms made way for others.
    #[must_use]
    pub fn rooms_evicted(&self) -> u64 {
        self.rooms_evicted
    }

    /// How many rooms ended by a fault of their own, or with a thread that did not come back.
    #[must_use]
    pub fn rooms_failed(&self) -> u64 {
        self.rooms_failed
    }

    /// How many rooms there are.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.directory.rooms().0
    }

    /// How many of them nobody is in: they sleep, unless they are recorded or set to run.
    #[must_use]
    pub fn rooms_deserted(&self) -> usize {
        self.directory.rooms().1
    }

    /// What shards have to do because of the calls so far, each with the shard's number. They must
    /// reach it before any client that was admitted since.
    pub fn take_commands(&mut self) -> impl Iterator<Item = (usize, Command)> + '_ {
        self.commands.drain(..)
    }

    /// Rooms to be built because of the calls so far, in order. A shard must have its commands
    /// ([`Lobby::take_commands`]) before it gets the room.
    pub fn take_orders(&mut self) -> impl Iterator<Item = RoomOrder<S>> + '_ {
        self.orders.drain(..)
    }
}

/// Settings as they are written in one way alone.
fn canonical(settings: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(settings);
    parsed.map_or_else(|_| settings.to_owned(), |value| value.to_string())
}

/// The seed of a room that is opened when `opened` were before it. Servers of equal seeds that open
/// the same rooms in the same order make equal ones. A room tells nothing of the server's seed, nor
/// of one of its own name that was there before: what a client has seen of that says nothing of
/// this one.
fn room_seed(server: Seed, name: &str, opened: u64) -> Seed {
    server.derive("rooms").derive(name).derive(&opened.to_string())
}

#[cfg(test)]
mod tests;
