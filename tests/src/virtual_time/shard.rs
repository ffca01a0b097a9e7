//! The shard's part: when the room's ticks are due, and the pass that each is.
//!
//! It goes by the server's own pacer. What a step takes of the time is said by the test: the world
//! stands still meanwhile, and what the pass has to say is sent at its end.

use std::time::Duration;

use shared::game::Game;
use shared::ids::SessionId;
use shared::limits::MESSAGES_PER_PASS_MAX;
use shared::protocol::{ClientMessage, End, Role, ServerMessage};
use shared::tick::TickRate;
use tickwire::connection::Connection;
use tickwire::pacer::{OverloadPolicy, Pacer};
use tickwire::room::Turn;

use super::checks::check_interest;
use super::{SCENES_KEPT_TICKS, World};

/// One thread with one room.
#[derive(Debug)]
pub(super) struct Shard {
    pacer: Pacer,
    /// How long a step takes.
    step: Duration,
    /// Until when its process stands still.
    stopped_until: Duration,
    /// When the pass under way ends, or the last one did.
    ended: Duration,
    /// The time that the room has lived through.
    lived: Duration,
    passes: u32,
    paces: Vec<(Duration, u16)>,
    skipped: u64,
    slowed: u64,
}

impl Shard {
    pub(super) fn new(rate: TickRate) -> Shard {
        Shard {
            pacer: Pacer::new(Duration::from_millis(1), rate, OverloadPolicy::default()),
            step: Duration::ZERO,
            stopped_until: Duration::ZERO,
            ended: Duration::ZERO,
            lived: Duration::ZERO,
            passes: 0,
            paces: Vec::new(),
            skipped: 0,
            slowed: 0,
        }
    }

    /// When its next pass begins.
    pub(super) fn next_pass(&self) -> Duration {
        self.pacer.deadline().max(self.ended).max(self.stopped_until)
    }
}

impl<G: Game> World<G> {
    /// The server stands still from its next pass on for a while.
    pub fn stop_server(&mut self, lasts: Duration) {
        self.shard.stopped_until = self.shard.next_pass() + lasts;
    }

    /// From now on each step takes so long.
    pub fn make_steps_take(&mut self, step: Duration) {
        self.shard.step = step;
    }

    /// When the room changed its pace, and to what, in thousandths.
    #[must_use]
    pub fn paces(&self) -> &[(Duration, u16)] {
        &self.shard.paces
    }

    /// How many ticks were given up, and how many made below the full pace.
    #[must_use]
    pub fn skipped_and_slowed(&self) -> (u64, u64) {
        (self.shard.skipped, self.shard.slowed)
    }

    /// Read all, step, write all.
    pub(super) fn pass(&mut self) {
        let shard = &mut self.shard;
        let due = shard.pacer.take(self.now, shard.pacer.load());
        if due.steps == 0 {
            return;
        }
        shard.lived = shard.pacer.lived(self.now);
        shard.passes += 1;
        shard.skipped += due.skipped;
        let took = shard.step * due.steps;
        shard.ended = self.now + took;
        if let Some(permille) = due.pace {
            shard.paces.push((self.now, permille));
            self.room.set_pace(permille);
        }
        if shard.pacer.is_slowed() {
            shard.slowed += u64::from(due.steps);
        }
        let passes = shard.passes;
        for at in 0..self.seats.len() {
            let connection = &mut self.seats[at].connection;
            connection.iter_mut().for_each(|open| open.forgive_stall(due.lost));
            if connection.as_ref().is_none_or(|open| open.is_read_in(passes)) {
                self.read(at);
            }
        }
        for _ in 0..due.steps {
            self.step();
        }
        for at in 0..self.seats.len() {
            self.write(at);
        }
        self.shard.pacer.worked(self.shard.ended, took);
    }

    fn step(&mut self) {
        self.room.step();
        self.effects.note(self.room.tick(), self.room.effects());
        self.keep_scene();
        self.hashes.push(self.room.hash());
        self.made.push(self.now);
    }

    fn keep_scene(&mut self) {
        if self.seats.iter().any(|seat| seat.client.greeting().role == Role::Spectator) {
            self.scenes.push_back(self.room.scene().clone());
            let over = self.scenes.len().saturating_sub(SCENES_KEPT_TICKS);
            self.scenes.drain(..over);
        }
    }

    fn read(&mut self, at: usize) {
        for _ in 0..MESSAGES_PER_PASS_MAX {
            let Some(bytes) = self.seats[at].up.receive(self.now) else { break };
            let seat = &mut self.seats[at];
            let received = match &mut seat.connection {
                Some(connection) => connection.receive(&mut self.room, self.shard.lived, &bytes),
                None if seat.end.is_none() => self.admit(at, &bytes),
                None => Ok(()),
            };
            if let Err(end) = received {
                self.end(at, end);
            }
        }
        let overdue =
            self.seats[at].connection.as_ref().and_then(|open| open.overdue(self.shard.lived));
        if let Some(end) = overdue {
            self.end(at, end);
        }
    }

    fn admit(&mut self, at: usize, bytes: &[u8]) -> Result<(), End> {
        let Ok(ClientMessage::Hello(hello)) = ClientMessage::decode(bytes) else {
            return Err(End::Protocol);
        };
        let player = match hello.role {
            _ if self.shard.pacer.refuses_joins() => return Err(End::Refused),
            Role::Spectator => None,
            Role::Player => Some(self.room.join(hello.name).map_err(|_| End::Refused)?),
        };
        let session = SessionId(at as u64);
        self.seats[at].connection =
            Some(Connection::new(&mut self.room, session, player, hello.replays, self.shard.lived));
        Ok(())
    }

    fn write(&mut self, at: usize) {
        loop {
            let seat = &mut self.seats[at];
            let Some(connection) = &mut seat.connection else { return };
            if !seat.down.is_ready() {
                return;
            }
            self.outgoing.clear();
            if !connection.next_message(&mut self.room, &mut self.outgoing) {
                break;
            }
            if let Ok(ServerMessage::Snapshot(_)) = ServerMessage::decode(&self.outgoing) {
                let viewer = connection.viewer().expect("what spectators see is shared");
                let mirror = viewer.mirror().clone();
                check_interest(&self.room, connection.player(), &mirror);
                seat.mirrors.push_back(mirror);
            }
            seat.down.send(self.shard.ended, self.outgoing.clone());
        }
        self.write_shared(at);
    }

    fn write_shared(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        let Some(connection) = &mut seat.connection else { return };
        let Turn::Say(run) = connection.turn(&self.room) else { return };
        for shared in run {
            if !seat.down.is_ready() {
                return;
            }
            for message in shared.messages() {
                seat.down.send(self.shard.ended, message.to_vec());
            }
            connection.was_told(shared);
        }
    }
}
