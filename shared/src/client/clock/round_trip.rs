//! [`RoundTrip`]: how long a message takes to the server and back.
//!
//! Pings are answered at the server's ticks, so most answers have waited there; the shortest of many
//! is the time that the network takes. The input clock uses it, and pages show it.

use std::collections::VecDeque;
use std::time::Duration;

use super::tuning::{
    LONGER_BY, LONGER_PINGS, PING_EVERY, PING_EVERY_AT_START, PINGS_AT_START, PINGS_MAX,
};
use crate::limits::SPECTATOR_PING_EVERY;

/// How long a message takes to the server and back.
#[derive(Clone, Debug)]
pub(super) struct RoundTrip {
    every: Duration,
    due: Duration,
    number: u32,
    /// How many more pings follow each other fast.
    fast_pings_left: u32,
    /// Number and time of pings without an answer yet, oldest first.
    sent: VecDeque<(u32, Duration)>,
    last: VecDeque<Duration>,
}

impl RoundTrip {
    /// For a player (`plays`), or for a spectator, which pings less often.
    pub(super) fn new(now: Duration, plays: bool) -> RoundTrip {
        let every = if plays { PING_EVERY } else { SPECTATOR_PING_EVERY };
        let (sent, last) = (VecDeque::new(), VecDeque::new());
        RoundTrip { every, due: now, number: 0, fast_pings_left: PINGS_AT_START, sent, last }
    }

    pub(super) fn due_at(&self) -> Duration {
        self.due
    }

    /// The number of the ping to be sent now, if one is due.
    pub(super) fn ping(&mut self, now: Duration) -> Option<u32> {
        if now < self.due {
            return None;
        }
        self.number = self.number.wrapping_add(1);
        let every = if self.fast_pings_left > 0 { PING_EVERY_AT_START } else { self.every };
        self.fast_pings_left = self.fast_pings_left.saturating_sub(1);
        self.due = now + every.min(self.every);
        if self.sent.len() >= PINGS_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((self.number, now));
        Some(self.number)
    }

    pub(super) fn pong(&mut self, now: Duration, number: u32) {
        let Some(at) = self.sent.iter().position(|(sent, _)| *sent == number) else { return };
        // Answers come in order: earlier pings will not be answered any more.
        let Some((_, sent)) = self.sent.drain(..=at).next_back() else { return };
        if self.last.len() >= PINGS_MAX {
            self.last.pop_front();
        }
        self.last.push_back(now.saturating_sub(sent));
        let of_before = self.last.len().saturating_sub(LONGER_PINGS);
        let shortest = |trips: &mut dyn Iterator<Item = &Duration>| trips.min().copied();
        if let Some(before) = shortest(&mut self.last.iter().take(of_before))
            && shortest(&mut self.last.iter().skip(of_before)) > Some(before + LONGER_BY)
        {
            self.last.drain(..of_before);
        }
    }

    /// The client or the server stood still: the answers still to come would measure that pause.
    pub(super) fn forget_pending(&mut self) {
        self.sent.clear();
    }

    /// The server's ticks come at other times than before: measures from scratch.
    pub(super) fn restart(&mut self, now: Duration) {
        self.sent.clear();
        self.last.clear();
        self.due = now;
        self.fast_pings_left = PINGS_AT_START;
    }

    /// The shortest of the last few; `None` before the first answer.
    #[must_use]
    pub(super) fn shortest(&self) -> Option<Duration> {
        self.last.iter().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measures for `seconds` on a path of `trip`.
    fn measure(round_trip: &mut RoundTrip, from: Duration, trip: Duration, seconds: u64) {
        let mut in_flight = VecDeque::new();
        for ms in 0..seconds * 1_000 {
            let now = from + Duration::from_millis(ms);
            in_flight.extend(round_trip.ping(now).map(|number| (now + trip, number)));
            while in_flight.front().is_some_and(|(at, _)| *at <= now) {
                let (at, number) = in_flight.pop_front().expect("there is one");
                round_trip.pong(at, number);
            }
        }
    }

    #[test]
    fn a_round_trip_longer_than_the_time_between_pings_is_measured() {
        let trip = Duration::from_millis(1_300);
        let mut round_trip = RoundTrip::new(Duration::ZERO, true);
        measure(&mut round_trip, Duration::ZERO, trip, 5);
        assert_eq!(round_trip.shortest(), Some(trip));
    }

    #[test]
    fn a_path_that_becomes_longer_is_believed_after_a_few_answers() {
        let mut round_trip = RoundTrip::new(Duration::ZERO, true);
        let (short, long) = (Duration::from_millis(20), Duration::from_millis(200));
        measure(&mut round_trip, Duration::ZERO, short, 10);
        measure(&mut round_trip, Duration::from_secs(10), long, 2);
        assert_eq!(round_trip.shortest(), Some(long));
        measure(&mut round_trip, Duration::from_secs(12), short, 1);
        assert_eq!(round_trip.shortest(), Some(short));
    }
}
