//! The server's turn: when its passes begin, and what is handed to it and taken from it.
//!
//! The passes are the production server's own. What a step takes of the time is set by the test:
//! the server is busy meanwhile, and what the pass sends leaves at its end.

use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::protocol::DisconnectReason;
use tickwire_host::hello::HelloError;
use tickwire_host::pacer::TimeScale;
use tickwire_host::{Drain, RoomHost};

use crate::claims::Violation;
use crate::mirrors::check_interest;
use crate::seat::ClientSeat;
use crate::simulator::Simulator;

impl<G: Game> Simulator<G> {
    /// The server stands still from its next pass on for a while.
    pub fn stop_server(&mut self, lasts: Duration) {
        self.timing.stopped_until = self.next_pass() + lasts;
    }

    /// The server drains from now on: see [`Drain`].
    pub fn drain(&mut self, drain: Drain) {
        self.host.drain(drain, self.now);
    }

    /// Whether it drains and nobody plays any more.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.host.is_drained()
    }

    /// From now on each step takes so long.
    pub fn make_steps_take(&mut self, step: Duration) {
        self.timing.step = step;
    }

    /// When the room changed its time scale, and to what.
    #[must_use]
    pub fn time_scales(&self) -> &[(Duration, TimeScale)] {
        &self.timing.time_scales
    }

    /// How many ticks were given up, and how many made below the full tick rate.
    #[must_use]
    pub fn skipped_and_slowed(&self) -> (u64, u64) {
        (self.host.counters.ticks_skipped, self.host.counters.ticks_slowed)
    }

    /// When the next pass begins.
    pub(crate) fn next_pass(&self) -> Duration {
        self.host.next_deadline().max(self.timing.ended).max(self.timing.stopped_until)
    }

    /// One pass of the server: what has arrived is handed to it, and what it sends leaves when the
    /// pass ends.
    pub(crate) fn pass(&mut self) -> Result<(), Violation> {
        self.admit();
        for seat in &mut self.seats {
            seat.arrive(self.now);
        }
        let watched = self.seats.iter().any(ClientSeat::watches);
        {
            let mut ticks = self.log.ticks();
            (ticks.now, ticks.keeps_scenes) = (self.now, watched);
        }
        let (before, scale) = (self.host.counters.ticks, self.room_host().time_scale());
        self.host.pass(self.now);
        let steps = self.host.counters.ticks - before;
        self.timing.ended = self.now + self.timing.step * steps as u32;
        self.host.pass_ended(self.timing.ended);
        if let Some(fault) = self.log.ticks().fault.take() {
            return Err(fault);
        }
        if self.host.is_over() {
            self.seats.iter_mut().for_each(|seat| seat.depart(self.timing.ended));
            return Ok(());
        }
        let now_scale = self.room_host().time_scale();
        if now_scale != scale {
            self.timing.time_scales.push((self.now, now_scale));
        }
        let host = self.host.room_host();
        for seat in &mut self.seats {
            seat.check_written(host);
            seat.depart(self.timing.ended);
        }
        Ok(())
    }

    /// Peers whose hello has arrived join.
    fn admit(&mut self) {
        for seat in &mut self.seats {
            for old in seat.abandoned.iter_mut().filter(|old| old.pipe.is_none()) {
                let Some(hello) = old.up.receive(self.now) else { continue };
                // Nobody hears why it is refused.
                old.pipe = self.host.connect(self.now, &hello).ok().map(|(_, pipe)| pipe);
            }
            if seat.pipe.is_some() || seat.end.is_some() {
                continue;
            }
            let Some(hello) = seat.up.receive(self.now) else { continue };
            match self.host.connect(self.now, &hello) {
                Ok((session, pipe)) => (seat.session, seat.pipe) = (Some(session), Some(pipe)),
                Err(HelloError::Refused(_)) => seat.end = Some(DisconnectReason::Refused),
                Err(HelloError::Ended(end)) => seat.end = Some(end),
            }
        }
    }
}

impl<G: Game> ClientSeat<G> {
    /// Hands over what has arrived by `now`, and tells the pipe how much the path takes.
    fn arrive(&mut self, now: Duration) {
        self.abandoned.retain_mut(|old| {
            let Some(pipe) = &old.pipe else { return old.up.next_arrival().is_some() };
            while let Some(bytes) = old.up.receive(now) {
                pipe.send(bytes);
            }
            pipe.closed().is_none()
        });
        let Some(pipe) = &self.pipe else { return };
        while let Some(bytes) = self.up.receive(now) {
            pipe.send(bytes);
        }
        pipe.set_space(self.down.space_bytes());
    }

    /// What a pass has sent leaves at its end.
    fn depart(&mut self, ended: Duration) {
        let Some(pipe) = &self.pipe else { return };
        while let Some(bytes) = pipe.receive() {
            self.down.send(ended, bytes);
        }
        if let Some(end) = pipe.closed() {
            self.end = self.end.or(Some(end));
        }
    }

    /// If a player's snapshot was written: it holds what it may, and must arrive as it is.
    fn check_written(&mut self, host: &RoomHost<G>) {
        // Its session may go on over another of its connections.
        if self.pipe.as_ref().is_none_or(|pipe| pipe.closed().is_some()) {
            return;
        }
        let session = self.session.and_then(|id| host.session(id));
        let Some((session, viewer)) = session.and_then(|it| Some((it, it.viewer()?))) else {
            return;
        };
        if viewer.tick() > self.written {
            let mirror = host.mirror(session).expect("it plays");
            self.written = mirror.tick();
            check_interest(host.room(), session.player(), &mirror);
            self.mirrors.push_back(mirror);
        }
    }
}
