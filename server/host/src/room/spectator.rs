//! [`Spectator`]: where one spectator is in the stream that all spectators of a room share, and
//! whether it keeps up.
//!
//! Owned by the protocol of one connection. It goes by acknowledgements alone: what lies unread in
//! kernels and networks cannot be asked for.

use std::time::Duration;

use tickwire_game::tick::{Tick, TickRate};

use crate::limits::{SPECTATOR_LATE_MAX, SPECTATOR_READ_EVERY, SPECTATOR_WINDOW};

/// Where one spectator is in the shared stream.
#[derive(Debug)]
pub struct Spectator {
    /// The last tick that it was sent.
    sent: Option<Tick>,
    /// The last tick that it acknowledged.
    acked: Option<Tick>,
    /// The last that it acknowledged, or after a pause the first that it has not.
    window_from: Option<Tick>,
    /// What was due when it was sent its first tick: all up to there came at once.
    begun: Tick,
    /// An acknowledgement came late: it is sent nothing until most of what is in flight is
    /// acknowledged.
    is_late: bool,
    /// The least time so far from when a tick was due to its acknowledgement.
    delay_ticks: u32,
    late_ticks: u32,
    window_ticks: u32,
    read_every_passes: u32,
}

impl Spectator {
    pub(crate) fn new(tick_rate: TickRate) -> Spectator {
        let ticks = |time: Duration| tick_rate.ticks_in(time.as_secs_f32());
        Spectator {
            sent: None,
            acked: None,
            window_from: None,
            begun: Tick::default(),
            is_late: false,
            delay_ticks: u32::MAX,
            late_ticks: ticks(SPECTATOR_LATE_MAX),
            window_ticks: ticks(SPECTATOR_WINDOW),
            read_every_passes: ticks(SPECTATOR_READ_EVERY),
        }
    }

    /// Whether its transport is read in the `pass`th pass. It has little to say, so that not every
    /// pass need ask; those of different `number` are asked at different times.
    pub(crate) fn is_read_in(&self, pass: u32, number: u64) -> bool {
        pass.wrapping_add(number as u32).is_multiple_of(self.read_every_passes)
    }

    /// It was sent `tick` while `due` was due; that will reach it or end its connection.
    pub(crate) fn mark_sent(&mut self, tick: Tick, due: Tick) {
        if self.sent.is_none() {
            self.begun = due;
        }
        if self.sent == self.acked {
            self.window_from = Some(tick);
        }
        self.sent = Some(tick);
    }

    /// It acknowledges `tick` while `due` is being sent; whether that can be, and is new.
    pub(crate) fn ack(&mut self, tick: Tick, due: Tick) -> bool {
        let is_new = Some(tick) <= self.sent && Some(tick) > self.acked;
        if let Some(sent) = self.sent.filter(|_| is_new) {
            self.acked = Some(tick);
            self.window_from = Some(tick);
            // What came before it began did not come late.
            let took = due.since(tick.max(self.begun)).max(0);
            let (late, little) = (i64::from(self.late_ticks), i64::from(self.late_ticks / 2));
            self.delay_ticks = self.delay_ticks.min(took.min(little) as u32);
            let is_late = took > late + i64::from(self.delay_ticks);
            // It acknowledges so rarely that much more may be in flight before the window is full.
            // It need not acknowledge the very last to go on: it may be waiting for more.
            self.is_late = sent.since(tick) > little && (self.is_late || is_late);
        }
        is_new
    }

    /// The last tick that it was sent.
    pub(super) fn sent(&self) -> Option<Tick> {
        self.sent
    }

    /// Whether so much is in flight, or lies unread at the client, that more would only make
    /// what it sees older.
    pub(super) fn is_behind(&self) -> bool {
        self.is_late
            || match (self.sent, self.window_from) {
                (Some(sent), Some(from)) => sent.since(from) >= i64::from(self.window_ticks),
                _ => false,
            }
    }
}
