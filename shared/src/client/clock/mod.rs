//! When the client does what: which tick its next input is for, and which moment it draws.
//!
//! [`Clocks`] joins them: `room_time` knows which tick it is in the room and how evenly its
//! snapshots come, `round_trip` how long a message takes, `input` runs ahead of the room by just so
//! much that inputs come in time, `render` behind it by just so much that the next snapshot is
//! there when it is needed. All slew by a few percent and jump only when far off. `tuning` has every
//! number.

mod input;
mod jitter;
mod render;
mod room_time;
mod round_trip;
#[cfg(test)]
mod tests;
mod tuning;

use std::time::Duration;

use input::InputClock;
use render::RenderClock;
use room_time::RoomTime;
use round_trip::RoundTrip;
use tuning::{GAP, GAP_MIN_TICKS};

use crate::protocol::Pace;
use crate::tick::{Rewind, Tick, TickRate};

/// All clocks of a client in a room.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    room: RoomTime,
    input: InputClock,
    render: RenderClock,
    round_trip: RoundTrip,
    called: Duration,
}

impl Clocks {
    pub(super) fn new(tick_rate: TickRate, now: Duration, plays: bool) -> Clocks {
        Clocks {
            room: RoomTime::new(tick_rate),
            input: InputClock::new(),
            render: RenderClock::default(),
            round_trip: RoundTrip::new(now, plays),
            called: now,
        }
    }

    /// A longer gap than this means that the client slept, or that the server stood still.
    fn gap(&self) -> Duration {
        self.room.at_least_ticks(GAP, GAP_MIN_TICKS)
    }

    /// Must be called first whenever the client is, so that the client's own sleep is not taken for
    /// a delay of the network.
    pub(super) fn called(&mut self, now: Duration) {
        let slept = now.saturating_sub(self.called);
        if slept > self.gap() {
            self.room.wake(now);
            self.round_trip.forget_pending();
        }
        self.called = self.called.max(now);
    }

    /// The snapshot of `tick` has arrived. `margin_ticks` is how early a player's newest input was.
    pub(super) fn snapshot(&mut self, now: Duration, tick: Tick, margin_ticks: Option<i32>) {
        if self.room.is_silent(now, self.gap()) {
            self.round_trip.forget_pending();
        }
        let mut has_lost_time = false;
        self.input
            .keep_position(now, &mut self.room, |room| has_lost_time = room.arrived(now, tick));
        if has_lost_time {
            self.round_trip.restart(now);
        }
        if let Some(margin_ticks) = margin_ticks {
            let round_trip = self.round_trip.shortest();
            self.input.snapshot(now, tick, margin_ticks, round_trip, &mut self.room);
        }
    }

    /// The room has another time scale.
    pub(super) fn set_time_scale(&mut self, now: Duration, pace: Pace) {
        self.input
            .keep_position(now, &mut self.room, |room| room.set_time_scale(now, pace.permille));
        self.input.time_scale_changed();
        self.round_trip.restart(now);
    }

    /// How fast the room makes its ticks, up to 1.0.
    pub(super) fn time_scale(&self) -> f64 {
        self.room.time_scale()
    }

    /// The tick whose input is due at `now`; rising by one but where the clock jumped.
    pub(super) fn next_input(&mut self, now: Duration) -> Option<Tick> {
        self.input.next_due(now, &self.room)
    }

    /// When the next input is due; `None` while the clock waits for a snapshot.
    pub(super) fn input_due_at(&self) -> Option<Duration> {
        self.input.due_at(&self.room)
    }

    /// How far `now` lies between the last input's tick and the next one's, from 0 to 1.
    pub(super) fn fraction(&self, now: Duration) -> f64 {
        self.input.fraction(now, &self.room)
    }

    /// The moment to draw, in ticks with a fraction.
    pub(super) fn render_tick(&mut self, now: Duration) -> Option<f64> {
        self.render.position(now, &mut self.room)
    }

    /// The moment last drawn.
    pub(super) fn last_render_tick(&self) -> f64 {
        self.render.last()
    }

    /// How old the picture is at `now` that the player sees when giving the input for `tick`.
    pub(super) fn rewind(&mut self, now: Duration, tick: Tick) -> Rewind {
        let drawn = self.render_tick(now);
        drawn.map_or(Rewind::default(), |drawn| Rewind::between(drawn, tick))
    }

    /// Whether what is drawn at `now` lies beyond the newest snapshot.
    pub(super) fn is_extrapolating(&mut self, now: Duration) -> Option<bool> {
        let drawn = self.render_tick(now)?;
        let (newest, _) = self.room.newest()?;
        Some(drawn > f64::from(newest.0))
    }

    /// When the next ping is due.
    pub(super) fn ping_due_at(&self) -> Duration {
        self.round_trip.due_at()
    }

    /// The number of the ping to be sent now, if one is due.
    pub(super) fn ping(&mut self, now: Duration) -> Option<u32> {
        self.round_trip.ping(now)
    }

    /// A ping has been answered.
    pub(super) fn pong(&mut self, now: Duration, number: u32) {
        // One that waited for a server that stood still does not measure the network.
        if !self.room.is_silent(now, self.gap()) {
            self.round_trip.pong(now, number);
        }
    }

    /// The round trip: the shortest of the last few pings.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip.shortest()
    }
}
