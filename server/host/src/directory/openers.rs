//! [`Openers`]: how many rooms each client has opened that are still there, and how often it opens
//! one.
//!
//! A client is whatever has one [`PeerKey`]: the subject of a ticket, or else a prefix of addresses.
//! A plain struct that is handed the time. Its table is bounded: a client without rooms is
//! forgotten once it may open as many at once as at first.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::hello::PeerKey;
use crate::limits::{
    OPENERS_MAX, OWN_ROOMS_BURST, OWN_ROOMS_MAX_DEFAULT, OWN_ROOMS_PER_MINUTE_DEFAULT,
};

/// How many rooms one client may have opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenerLimits {
    /// Most that are there at the same time.
    pub rooms_max: u32,
    /// Most a minute on average, and at once: [`OWN_ROOMS_BURST`]'s worth. 0 counts as 1.
    pub rooms_per_minute: u32,
}

impl Default for OpenerLimits {
    fn default() -> OpenerLimits {
        OpenerLimits {
            rooms_max: OWN_ROOMS_MAX_DEFAULT,
            rooms_per_minute: OWN_ROOMS_PER_MINUTE_DEFAULT,
        }
    }
}

/// What a room counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charge {
    /// Its opener's rate alone: nobody asked for this room.
    Rate,
    /// And its opener's number of rooms, until it is gone.
    RateAndRooms,
}

/// The limit that a client has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenerLimit {
    /// The most rooms.
    Rooms,
    /// The rate.
    Rate,
}

/// The table of clients.
#[derive(Debug)]
pub(super) struct Openers {
    limits: OpenerLimits,
    openers: BTreeMap<PeerKey, Opener>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Opener {
    /// Its rooms that are still there, of those that count.
    rooms: u32,
    /// When it may open a whole burst again. Each room that it opens moves it forward.
    burst_full_at: Duration,
}

impl Openers {
    pub(super) fn new(limits: OpenerLimits) -> Openers {
        Openers { limits, openers: BTreeMap::new() }
    }

    /// Whether a client may open one more room at `now`, which would count against this.
    ///
    /// # Errors
    /// The limit that it has reached: the rate if both, for that of rooms may be eased.
    pub(super) fn check(
        &self,
        client: PeerKey,
        charge: Charge,
        now: Duration,
    ) -> Result<(), OpenerLimit> {
        let opener = self.openers.get(&client).copied().unwrap_or_default();
        if self.burst_full_after(opener, now) > now + OWN_ROOMS_BURST {
            return Err(OpenerLimit::Rate);
        }
        if charge == Charge::RateAndRooms && opener.rooms >= self.limits.rooms_max {
            return Err(OpenerLimit::Rooms);
        }
        Ok(())
    }

    /// A client has opened a room at `now`.
    pub(super) fn opened(&mut self, client: PeerKey, charge: Charge, now: Duration) {
        if self.openers.len() >= OPENERS_MAX {
            self.make_space(now);
        }
        let burst_full_at =
            self.burst_full_after(self.openers.get(&client).copied().unwrap_or_default(), now);
        let opener = self.openers.entry(client).or_default();
        let rooms = opener.rooms + u32::from(charge == Charge::RateAndRooms);
        *opener = Opener { rooms, burst_full_at };
    }

    /// A room that counted for a client is gone.
    pub(super) fn gone(&mut self, client: PeerKey) {
        if let Some(opener) = self.openers.get_mut(&client) {
            opener.rooms = opener.rooms.saturating_sub(1);
        }
    }

    /// Forgets clients without rooms that may open a whole burst.
    pub(super) fn expire(&mut self, now: Duration) {
        self.openers.retain(|_, opener| opener.rooms > 0 || opener.burst_full_at > now);
    }

    /// Forgets all clients without rooms, if need be: those with rooms are no more than rooms.
    fn make_space(&mut self, now: Duration) {
        self.expire(now);
        if self.openers.len() >= OPENERS_MAX {
            self.openers.retain(|_, opener| opener.rooms > 0);
        }
    }

    fn burst_full_after(&self, opener: Opener, now: Duration) -> Duration {
        let interval = Duration::from_secs(60) / self.limits.rooms_per_minute.max(1);
        opener.burst_full_at.max(now) + interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: OpenerLimits = OpenerLimits { rooms_max: 3, rooms_per_minute: 6 };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn open(openers: &mut Openers, client: u64, now: Duration) -> Result<(), OpenerLimit> {
        charge(openers, client, Charge::RateAndRooms, now)
    }

    fn charge(
        openers: &mut Openers,
        client: u64,
        charge: Charge,
        now: Duration,
    ) -> Result<(), OpenerLimit> {
        openers.check(PeerKey(client), charge, now)?;
        openers.opened(PeerKey(client), charge, now);
        Ok(())
    }

    #[test]
    fn a_client_has_at_most_so_many_rooms_and_each_client_its_own() {
        let mut openers = Openers::new(LIMITS);
        for _ in 0..3 {
            assert_eq!(open(&mut openers, 1, seconds(0)), Ok(()));
        }
        assert_eq!(open(&mut openers, 1, seconds(99)), Err(OpenerLimit::Rooms));
        assert_eq!(open(&mut openers, 2, seconds(99)), Ok(()));
        openers.gone(PeerKey(1));
        assert_eq!(open(&mut openers, 1, seconds(99)), Ok(()));
        assert_eq!(open(&mut openers, 1, seconds(99)), Err(OpenerLimit::Rooms));
    }

    #[test]
    fn a_client_opens_rooms_in_a_burst_and_then_at_its_rate() {
        let mut openers = Openers::new(OpenerLimits { rooms_max: 99, ..LIMITS });
        let mut opened = |now| (0..20).take_while(|_| open(&mut openers, 1, now).is_ok()).count();
        assert_eq!(opened(seconds(0)), 6);
        assert_eq!(opened(seconds(9)), 0);
        assert_eq!(opened(seconds(10)), 1);
        assert_eq!(opened(seconds(1_000)), 6);
    }

    #[test]
    fn a_room_that_nobody_asked_for_counts_against_the_rate_alone() {
        let mut openers = Openers::new(LIMITS);
        for _ in 0..3 {
            assert_eq!(open(&mut openers, 1, seconds(0)), Ok(()));
            assert_eq!(charge(&mut openers, 1, Charge::Rate, seconds(0)), Ok(()));
        }
        assert_eq!(charge(&mut openers, 1, Charge::Rate, seconds(0)), Err(OpenerLimit::Rate));
        assert_eq!(open(&mut openers, 1, seconds(99)), Err(OpenerLimit::Rooms));
        assert_eq!(charge(&mut openers, 1, Charge::Rate, seconds(99)), Ok(()));
    }

    #[test]
    fn a_rate_of_nothing_is_one_a_minute() {
        let mut openers = Openers::new(OpenerLimits { rooms_max: 9, rooms_per_minute: 0 });
        assert_eq!(open(&mut openers, 1, seconds(0)), Ok(()));
        assert_eq!(open(&mut openers, 1, seconds(59)), Err(OpenerLimit::Rate));
        assert_eq!(open(&mut openers, 1, seconds(60)), Ok(()));
    }

    #[test]
    fn the_table_forgets_clients_without_rooms_and_never_grows() {
        let mut openers = Openers::new(LIMITS);
        for client in 0..2 {
            assert_eq!(open(&mut openers, client, seconds(0)), Ok(()));
        }
        openers.gone(PeerKey(0));
        openers.expire(seconds(9));
        assert_eq!(openers.openers.len(), 2, "its room still counts against its rate");
        openers.expire(seconds(10));
        assert_eq!(openers.openers.keys().copied().collect::<Vec<_>>(), [PeerKey(1)]);
        for client in 0..2 * OPENERS_MAX as u64 {
            assert_eq!(open(&mut openers, client + 2, seconds(11)), Ok(()));
            openers.gone(PeerKey(client + 2));
            assert!(openers.openers.len() <= OPENERS_MAX);
        }
        assert!(openers.openers.contains_key(&PeerKey(1)), "it has a room");
    }
}
