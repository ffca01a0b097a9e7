//! The server's part: when its passes begin, and what is looked at in them.
//!
//! The passes are the production server's own. What a step takes of the time is set by the test:
//! the server is busy meanwhile, and what the pass sends leaves at its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::protocol::End;
use tickwire_game::scene::Scene;
use tickwire_game::tick::Tick;
use tickwire_host::hello::HelloError;
use tickwire_host::pacer::TimeScale;
use tickwire_host::room::Room;
use tickwire_host::{RoomHost, StepProbe};

use crate::claims::{Claims, Fault, Made};
use crate::feel::Causes;
use crate::mirrors::check_interest;
use crate::seat::Seat;
use crate::simulator::Simulator;

/// For how many ticks scenes are kept, to be compared with what comes of them.
const SCENES_KEPT_TICKS: usize = 4_096;

/// When passes begin.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// How long a step takes.
    step: Duration,
    /// Until when its process stands still.
    stopped_until: Duration,
    /// When the pass under way ends, or the last one did.
    ended: Duration,
    time_scales: Vec<(Duration, TimeScale)>,
}

/// What was noted of each tick.
pub(crate) struct Ticks<G: Game> {
    pub(crate) hashes: Vec<u64>,
    /// The tick before the room's first.
    pub(crate) first_tick: Tick,
    /// When each tick was made, for the ages of snapshots; by ticks since the first.
    made: Vec<Duration>,
    /// The scenes of the last ticks, while anybody watches.
    pub(crate) scenes: VecDeque<Scene>,
    pub(crate) causes: Causes,
    claims: Claims<G>,
    /// What did not hold in one of them. The host would take a panic for the game's own.
    fault: Option<Fault>,
    keeps_scenes: bool,
    now: Duration,
}

impl<G: Game> Ticks<G> {
    fn index(&self, tick: Tick) -> usize {
        tick.since(self.first_tick) as usize
    }

    /// When a tick was made.
    pub(crate) fn made_at(&self, tick: Tick) -> Duration {
        self.made[self.index(tick)]
    }
}

/// Notes each tick as it is made.
pub(crate) struct TickLog<G: Game>(Arc<Mutex<Ticks<G>>>);

impl<G: Game> TickLog<G> {
    /// One whose first tick is the one after `first_tick`; and another handle to it.
    pub(crate) fn new(first_tick: Tick) -> [TickLog<G>; 2] {
        let ticks = Arc::new(Mutex::new(Ticks {
            hashes: Vec::new(),
            first_tick,
            made: Vec::new(),
            scenes: VecDeque::new(),
            causes: Causes::default(),
            claims: Claims::default(),
            fault: None,
            keeps_scenes: false,
            now: Duration::ZERO,
        }));
        [TickLog(Arc::clone(&ticks)), TickLog(ticks)]
    }

    pub(crate) fn ticks(&self) -> MutexGuard<'_, Ticks<G>> {
        // What is noted stays as it is when the game panics in between.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Game> StepProbe<G> for TickLog<G> {
    fn stepped(&mut self, room: &Room<G>) {
        let ticks = &mut *self.ticks();
        ticks.hashes.push(room.hash());
        let made = ticks.index(room.tick()) + 1;
        ticks.made.resize(made, ticks.now);
        ticks.causes.note(room.tick(), room.effects(), room.inputs());
        let judged = ticks.claims.judge(&Made {
            tick: room.tick(),
            dt: room.config().tick_rate().dt(),
            level: room.config().level(),
            schema: room.config().schema(),
            game: room.game(),
            inputs: room.inputs(),
            effects: room.effects(),
            scene: room.published().scene(),
        });
        ticks.fault = ticks.fault.take().or(judged.err());
        if ticks.keeps_scenes {
            ticks.scenes.push_back(room.published().scene().clone());
            let over = ticks.scenes.len().saturating_sub(SCENES_KEPT_TICKS);
            ticks.scenes.drain(..over);
        }
    }
}

impl<G: Game> Simulator<G> {
    /// The server stands still from its next pass on for a while.
    pub fn stop_server(&mut self, lasts: Duration) {
        self.timing.stopped_until = self.next_pass() + lasts;
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
    pub(crate) fn pass(&mut self) -> Result<(), Fault> {
        self.admit();
        for seat in &mut self.seats {
            seat.arrive(self.now);
        }
        let watched = self.seats.iter().any(Seat::watches);
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
        for seat in self.seats.iter_mut().filter(|seat| seat.pipe.is_none() && seat.end.is_none()) {
            let Some(hello) = seat.up.receive(self.now) else { continue };
            match self.host.connect(self.now, &hello) {
                Ok((session, pipe)) => (seat.session, seat.pipe) = (Some(session), Some(pipe)),
                Err(HelloError::Refused(_)) => seat.end = Some(End::Refused),
                Err(HelloError::Ended(end)) => seat.end = Some(end),
            }
        }
    }
}

impl<G: Game> Seat<G> {
    /// Hands over what has arrived by `now`, and tells the pipe how much the path takes.
    fn arrive(&mut self, now: Duration) {
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
