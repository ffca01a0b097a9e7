//! [`ShardThread`]: the thread that drives one [`Shard`]. It sleeps until the next deadline, runs a
//! pass, handles commands in between, and applies the effects of both.
//!
//! Only a deadline, a command, a room that was built or a sign of life that is due wakes it: sockets are
//! read when their tick needs them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tickwire_game::game::Game;
use tickwire_host::limits::{CHECKPOINT_AGAIN_AFTER, CHECKPOINT_EVERY};
use tickwire_host::{Checkpoint, Command, Effects, KeptSeat, RoomKey, Shard};

use crate::checkpoint_store::CheckpointStore;
use crate::limits::HEARTBEAT_EVERY;
use crate::lobby_task::LobbyRequest;
use crate::ops::supervision::Heartbeat;
use crate::shard_mailbox::ShardMail;
use crate::shard_outlets::{ShardOutlets, ThreadOutlets};

/// Most commands handled and waiting clients seated between two passes, so that neither can starve
/// the other.
const COMMANDS_PER_PASS: usize = 16;

/// A room that goes on in a new thread from its checkpoint, and the seats of its players.
pub(crate) type RestoredRoom = (RoomKey, Vec<KeptSeat>);

/// A shard with its mailbox, its clock and its outlets.
pub(crate) struct ShardThread<G: Game> {
    shard: Shard<G>,
    mailbox: Receiver<ShardMail<G>>,
    outlets: ThreadOutlets,
    effects: Effects,
    started: Instant,
    checkpoints: Arc<CheckpointStore<G>>,
    /// How long the last checkpoints took to make, each counting less the longer ago it was.
    copy_takes: Duration,
    /// Its outlets were found closed: another thread has taken it over.
    is_given_up: bool,
}

impl<G: Game> ShardThread<G> {
    pub(crate) fn new(
        shard: Shard<G>,
        mailbox: Receiver<ShardMail<G>>,
        outlets: ShardOutlets,
        checkpoints: CheckpointStore<G>,
    ) -> ShardThread<G> {
        ShardThread {
            shard,
            mailbox,
            outlets: ThreadOutlets::new(outlets),
            effects: Effects::default(),
            started: Instant::now(),
            checkpoints: Arc::new(checkpoints),
            copy_takes: Duration::ZERO,
            is_given_up: false,
        }
    }

    /// The newest checkpoints of its rooms.
    pub(crate) fn checkpoints(&self) -> &Arc<CheckpointStore<G>> {
        &self.checkpoints
    }

    /// Its outlets, which are closed once another thread has taken it over.
    pub(crate) fn outlets(&self) -> &ThreadOutlets {
        &self.outlets
    }

    /// Takes in the rooms that it is to go on with, then runs until [`Command::Close`], until all senders of
    /// the mailbox are dropped, or until it is given up.
    pub(crate) fn run(&mut self, heartbeat: &Heartbeat, restored: Vec<RestoredRoom>) {
        restored.into_iter().for_each(|(room, kept)| self.restore(room, kept));
        heartbeat.beat();
        while self.turn() {
            heartbeat.beat();
        }
        if self.is_given_up {
            return;
        }
        self.handle(ShardMail::Command(Command::Close));
        // Clients whose join is still in the mailbox are refused with the reason.
        while let Ok(mail) = self.mailbox.try_recv() {
            self.handle(mail);
        }
    }

    /// Takes in a room that goes on from its checkpoint. That stays until a newer one replaces it, unless the
    /// room does not come back from being restored.
    fn restore(&mut self, room: RoomKey, kept: Vec<KeptSeat>) {
        let Some(checkpoint) = self.checkpoints.take_one(room) else { return };
        let now = self.now();
        self.shard.restore(&checkpoint, kept, now, &mut self.effects);
        if self.shard.room(room).is_some() {
            self.keep(checkpoint);
        } else {
            self.shard.discard(room, checkpoint);
        }
        self.apply_effects();
    }

    /// Runs a pass that is due and handles waiting commands, or sleeps. Returns whether to go on.
    fn turn(&mut self) -> bool {
        if self.is_given_up {
            return false;
        }
        if self.pass() {
            self.checkpoint();
            for _ in 0..COMMANDS_PER_PASS {
                if self.seat_next() {
                    continue;
                }
                match self.mailbox.try_recv() {
                    Ok(ShardMail::Command(Command::Close)) => return false,
                    Ok(mail) => self.handle(mail),
                    // If the mailbox is disconnected, the next sleep notices it.
                    Err(_) => break,
                }
            }
            return true;
        }
        if self.seat_next() || self.checkpoint() {
            return true;
        }
        match self.sleep() {
            Ok(ShardMail::Command(Command::Close)) | Err(RecvTimeoutError::Disconnected) => false,
            Ok(mail) => {
                self.handle(mail);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
        }
    }

    /// Sleeps until the next deadline, mail, the turn of a client that waits, or the next sign of life is
    /// due; if no room makes ticks, until the next checkpoint.
    fn sleep(&self) -> Result<ShardMail<G>, RecvTimeoutError> {
        let pass = self.shard.next_deadline().or_else(|| self.shard.checkpoint_due());
        let moments = [pass, self.shard.seats_at()].into_iter().flatten();
        let wait = moments.min().map(|at| at.saturating_sub(self.now()));
        self.mailbox.recv_timeout(wait.unwrap_or(HEARTBEAT_EVERY).min(HEARTBEAT_EVERY))
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn pass(&mut self) -> bool {
        let began = self.now();
        if !self.shard.pass(began, &mut self.effects) {
            return false;
        }
        let ended = self.now();
        self.shard.pass_ended(ended);
        if let Some(outlets) = &*self.outlets.lock() {
            outlets.metrics.record_pass(ended.saturating_sub(began));
        }
        self.apply_effects();
        true
    }

    /// Makes the checkpoint that is due, if there is time before the next pass or it cannot wait; whether it
    /// did.
    fn checkpoint(&mut self) -> bool {
        for room in self.shard.take_ended() {
            let checkpoint = self.checkpoints.take_one(room);
            self.discard(checkpoint);
        }
        if !self.shard.makes_checkpoints() {
            self.forget_checkpoints();
            return false;
        }
        let now = self.now();
        let next_pass = self.shard.next_deadline();
        let may_copy = |due| may_copy(now, due, next_pass, self.copy_takes);
        if !self.shard.checkpoint_due().is_some_and(may_copy) {
            return false;
        }
        let checkpoint = self.shard.checkpoint(now, &mut self.effects);
        checkpoint.into_iter().for_each(|checkpoint| self.keep(checkpoint));
        let took = self.now().saturating_sub(now);
        self.copy_takes = took.max(self.copy_takes * 7 / 8);
        self.apply_effects();
        true
    }

    fn keep(&mut self, checkpoint: Checkpoint<G>) {
        let before = self.checkpoints.put(checkpoint);
        self.discard(before);
    }

    /// None is made any more: those that are there would be of a room as it was long ago.
    fn forget_checkpoints(&mut self) {
        if !self.checkpoints.is_empty() {
            self.discard(self.checkpoints.take());
            self.shard.forget_checkpoints();
        }
    }

    fn discard(&self, checkpoints: impl IntoIterator<Item = Checkpoint<G>>) {
        let discard = |old: Checkpoint<G>| self.shard.discard(old.room(), old);
        checkpoints.into_iter().for_each(discard);
    }

    fn handle(&mut self, mail: ShardMail<G>) {
        let now = self.now();
        match mail {
            ShardMail::Command(command) => self.shard.handle(command, now, &mut self.effects),
            ShardMail::Built(room) => self.shard.open(*room, now, &mut self.effects),
        }
        while let Some(checkpoint) = self.shard.checkpoint_newcomer(now, &mut self.effects) {
            self.keep(checkpoint);
        }
        self.apply_effects();
    }

    /// Seats a client that waited for its room or its turn; whether there was one.
    fn seat_next(&mut self) -> bool {
        let now = self.now();
        let is_seated = self.shard.seat_next(now, &mut self.effects);
        if is_seated {
            self.apply_effects();
        }
        is_seated
    }

    /// Applies all effects, or none of them if this thread is given up.
    fn apply_effects(&mut self) {
        let outlets = self.outlets.lock();
        let Some(outlets) = &*outlets else {
            self.is_given_up = true;
            return;
        };
        let effects = &mut self.effects;
        outlets.metrics.add_effects(effects);
        // A room that failed is gone before its seats are free, or peers would be sent there again.
        for room in effects.failed.drain(..) {
            // Without a lobby the server is shutting down.
            let _ = outlets.lobby.send(LobbyRequest::RoomFailed { room });
        }
        for room in effects.over.drain(..) {
            let _ = outlets.lobby.send(LobbyRequest::RoomOver { room });
        }
        for departed in effects.departed.drain(..) {
            outlets.send_farewell(departed);
        }
        effects.freed.clear();
        for report in effects.reports.drain(..) {
            let _ = outlets.lobby.send(LobbyRequest::Session(report));
        }
        for (room, lines) in effects.recorded.drain(..) {
            if let Some(recorder) = &outlets.recorder
                && let Err(reason) = recorder.write(lines)
                && self.shard.end_recording(room, reason)
            {
                outlets.metrics.recordings_ended.fetch_add(1, Relaxed);
            }
        }
    }
}

/// Whether a checkpoint that is `due` may be made `now`: if there is time for it before the next pass, or as
/// soon as its room would else go on for longer than it may without.
fn may_copy(now: Duration, due: Duration, next_pass: Option<Duration>, takes: Duration) -> bool {
    let has_time = next_pass.is_none_or(|next| next >= now + takes);
    let is_late = now + CHECKPOINT_AGAIN_AFTER >= due + CHECKPOINT_EVERY;
    now >= due && (has_time || is_late)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use test_games::tiny::Tiny;
    use tickwire_game::protocol::{DisconnectReason, Role};
    use tickwire_host::{
        Departed, GameVersion, Grant, Lobby, LobbySettings, RequestedRoom, SeatRequest,
    };
    use tracing::Span;

    use super::*;
    use crate::lobby_task::{release_seat, system_secrets};
    use crate::ops::metrics::Metrics;
    use crate::transport::websocket::tests::pair;

    #[test]
    fn a_copy_waits_for_time_until_the_second_is_over() {
        let ms = Duration::from_millis;
        let (due, takes) = (CHECKPOINT_AGAIN_AFTER, ms(1));
        let (before, last) = (due - ms(1), CHECKPOINT_EVERY - ms(1));
        let next_in = |now: Duration, space| may_copy(now, due, Some(now + space), takes);
        assert!(!next_in(before, ms(30)), "it is not due");
        assert!(next_in(due, ms(1)), "there is time, if little");
        assert!(!next_in(due, ms(0)) && !next_in(last, ms(0)));
        assert!(next_in(CHECKPOINT_EVERY, ms(0)));
        assert!(may_copy(due, due, None, takes), "no room makes ticks");
    }

    #[test]
    fn a_room_that_failed_is_gone_before_its_seats_are_free() {
        let (lobby_sender, mut requests) = tokio::sync::mpsc::unbounded_channel();
        let settings = LobbySettings {
            game: GameVersion::of::<Tiny>(),
            tick_rate: tickwire_game::tick::TickRate::default(),
            limits: tickwire_host::DirectoryLimits {
                players_max: 4,
                rooms_max: 4,
                connections_max: 4,
                empty_max: Duration::MAX,
                opener: tickwire_host::OpenerLimits::default(),
            },
            shards: 1,
            seed: 1.into(),
            records_first: false,
            grace: Duration::ZERO,
            absent_per_client_max: 1,
        };
        let guest_settings = tickwire_host::GuestSettings::new::<Tiny>(()).expect("it has none");
        let release = release_seat(&lobby_sender);
        let mut lobby = Lobby::new(settings, guest_settings, release, system_secrets());
        let (farewells, mut leaving) = tokio::sync::mpsc::unbounded_channel();
        let metrics = Arc::<Metrics>::default();
        let outlets = ShardOutlets { lobby: lobby_sender, farewells, metrics, recorder: None };
        let (_commands, mailbox) = mpsc::channel();
        let (shard, none) = (Shard::<Tiny>::new(), CheckpointStore::default());
        let mut thread = ShardThread::new(shard, mailbox, outlets, none);
        let request = SeatRequest::guest(Role::Player, &RequestedRoom::Any, None);
        let admission = lobby.admit(&request, Duration::ZERO);
        let admission = admission.expect("there is space");
        let (websocket, _peer) = pair();
        thread.effects.failed.push(admission.room());
        let Grant::Seat(reservation) = admission.grant else { panic!("it is new") };
        thread.effects.departed.push(Departed {
            reservation: Some(reservation),
            transport: Box::new(websocket),
            reason: DisconnectReason::RoomFailed,
            refusal: None,
            span: Span::none(),
        });
        thread.apply_effects();
        assert!(matches!(requests.try_recv(), Ok(LobbyRequest::RoomFailed { .. })));
        assert!(matches!(requests.try_recv(), Ok(LobbyRequest::Left(_))));
        assert!(leaving.try_recv().is_ok(), "its peer is notified");
    }
}
