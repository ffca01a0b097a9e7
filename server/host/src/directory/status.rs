//! [`RoomStatus`]: what a room shows to other threads, without a lock.
//!
//! Its room writes it, on the shard's thread; the lobby reads it.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering::Relaxed};

use tickwire_game::limits::PACE_FULL_PERMILLE;
use tickwire_game::tick::Tick;

use crate::pacer::TimeScale;

/// What a room shows to other threads, as of its last pass.
#[derive(Debug)]
pub struct RoomStatus {
    tick: AtomicU32,
    bots: AtomicU16,
    /// People who seem idle.
    idle: AtomicU16,
    time_scale_permille: AtomicU16,
    refuses_joins: AtomicBool,
    is_ending: AtomicBool,
    is_asleep: AtomicBool,
}

impl Default for RoomStatus {
    fn default() -> RoomStatus {
        RoomStatus {
            tick: AtomicU32::default(),
            bots: AtomicU16::default(),
            idle: AtomicU16::default(),
            time_scale_permille: AtomicU16::new(PACE_FULL_PERMILLE),
            refuses_joins: AtomicBool::default(),
            is_ending: AtomicBool::default(),
            is_asleep: AtomicBool::default(),
        }
    }
}

impl RoomStatus {
    /// What a room that makes ticks shows.
    pub(crate) fn publish(&self, tick: Tick, bots: u16, scale: TimeScale, refuses_joins: bool) {
        self.tick.store(tick.0, Relaxed);
        self.bots.store(bots, Relaxed);
        self.time_scale_permille.store(scale.permille(), Relaxed);
        self.refuses_joins.store(refuses_joins, Relaxed);
        self.is_asleep.store(false, Relaxed);
    }

    /// What a room shows that makes none: it is no load, whatever it was before.
    pub(crate) fn publish_asleep(&self, tick: Tick, bots: u16) {
        self.publish(tick, bots, TimeScale::FULL, false);
        self.is_asleep.store(true, Relaxed);
    }

    /// Whether it makes no ticks, since nobody is in it.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.is_asleep.load(Relaxed)
    }

    /// It nears its last tick.
    pub(crate) fn set_ending(&self) {
        self.is_ending.store(true, Relaxed);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Relaxed)
    }

    pub(crate) fn publish_idle(&self, idle: u16) {
        self.idle.store(idle, Relaxed);
    }

    /// How many of the people who play seem idle.
    #[must_use]
    pub fn idle(&self) -> u16 {
        self.idle.load(Relaxed)
    }

    pub(crate) fn tick(&self) -> Tick {
        Tick(self.tick.load(Relaxed))
    }

    pub(super) fn bots(&self) -> u16 {
        self.bots.load(Relaxed)
    }

    /// How fast it makes its ticks.
    #[must_use]
    pub fn time_scale(&self) -> TimeScale {
        TimeScale::of_permille(self.time_scale_permille.load(Relaxed))
    }

    /// Whether it is overloaded and takes nobody in.
    #[must_use]
    pub fn refuses_joins(&self) -> bool {
        self.refuses_joins.load(Relaxed)
    }
}
