//! When each tick of each room was first seen, by whichever client of this program had it first:
//! what the age of a snapshot is counted from.
//!
//! Shared by all threads, so that ages are the same however clients are spread over them. A
//! room's table is found once, at the welcome; after that each arrival is one atomic exchange,
//! and nobody waits for anybody.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tickwire_game::tick::Tick;

/// For how many ticks a first arrival is remembered. Older snapshots count as this old.
const TICKS: usize = 4_096;
/// In what a first arrival is kept: 32 bits of these last half a day.
const UNIT: Duration = Duration::from_micros(10);

/// All rooms that are played in.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Mutex<BTreeMap<String, Arc<RoomArrivals>>>);

impl Arrivals {
    pub(crate) fn room(&self, name: &str) -> Arc<RoomArrivals> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match rooms.get(name) {
            Some(room) => Arc::clone(room),
            None => Arc::clone(rooms.entry(name.to_owned()).or_default()),
        }
    }
}

/// The first arrivals of one room's ticks.
#[derive(Debug)]
pub(crate) struct RoomArrivals {
    /// A ring, addressed by tick. In each slot the tick plus one (0 if there was none) above,
    /// the time below.
    ticks: Box<[AtomicU64; TICKS]>,
}

impl Default for RoomArrivals {
    fn default() -> RoomArrivals {
        RoomArrivals { ticks: Box::new([const { AtomicU64::new(0) }; TICKS]) }
    }
}

impl RoomArrivals {
    /// Notes that a snapshot of `tick` came at `now`; gives how old it was then, or `None` if it
    /// is too old to be remembered.
    pub(crate) fn age(&self, tick: Tick, now: Duration) -> Option<Duration> {
        let now_units = now.as_micros() / UNIT.as_micros();
        let now_units = u64::from(u32::try_from(now_units).unwrap_or(u32::MAX));
        let number = u64::from(tick.0.saturating_add(1));
        let slot = &self.ticks[tick.0 as usize % TICKS];
        let first = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |slot| {
            // Two threads may note the same tick in another order than they looked at the clock.
            let earlier = slot >> 32 == number && now_units < slot & u64::from(u32::MAX);
            (slot >> 32 < number || earlier).then_some(number << 32 | now_units)
        });
        match first {
            Ok(_) => Some(Duration::ZERO),
            Err(slot) if slot >> 32 == number => {
                Some(UNIT * (now_units - (slot & u64::from(u32::MAX))) as u32)
            }
            Err(_) => None,
        }
    }

    /// How many ticks the oldest snapshot spans of which the age is known.
    pub(crate) const fn ticks() -> u32 {
        TICKS as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_come_is_new_and_the_others_are_as_old_as_they_are_late() {
        let arrivals = Arrivals::default();
        let (room, other) = (arrivals.room("a"), arrivals.room("b"));
        let ms = Duration::from_millis;
        assert_eq!(room.age(Tick(0), ms(5)), Some(Duration::ZERO));
        assert_eq!(arrivals.room("a").age(Tick(0), ms(905)), Some(ms(900)));
        assert_eq!(room.age(Tick(1), ms(905)), Some(Duration::ZERO));
        assert_eq!(other.age(Tick(0), ms(905)), Some(Duration::ZERO), "another room");
        assert_eq!(room.age(Tick(0), ms(4)), Some(Duration::ZERO), "it was first after all");
        assert_eq!(room.age(Tick(0), ms(5)), Some(ms(1)));
    }

    #[test]
    fn what_is_too_old_takes_nothing_from_what_is_new() {
        let room = RoomArrivals::default();
        let new = Tick(7 + RoomArrivals::ticks());
        assert_eq!(room.age(new, Duration::from_secs(9)), Some(Duration::ZERO));
        assert_eq!(room.age(Tick(7), Duration::from_secs(10)), None);
        assert_eq!(room.age(new, Duration::from_secs(10)), Some(Duration::from_secs(1)));
    }
}
