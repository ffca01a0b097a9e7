//! [`RoundTrip`]: how long a message takes to the server and back.
//!
//! Pings are answered at the server's ticks, so most answers have waited there; the least of many
//! is the line's own time. The input clock reckons with it, and people look at it.

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
    /// How many more come soon after each other.
    pings_at_first: u32,
    /// Pings that wait for their answer, oldest first.
    sent: VecDeque<(u32, Duration)>,
    last: VecDeque<Duration>,
}

impl RoundTrip {
    /// For a player, or for a spectator, whom the server hears less often.
    pub(super) fn new(now: Duration, plays: bool) -> RoundTrip {
        let every = if plays { PING_EVERY } else { SPECTATOR_PING_EVERY };
        let (sent, last) = (VecDeque::new(), VecDeque::new());
        RoundTrip { every, due: now, number: 0, pings_at_first: PINGS_AT_START, sent, last }
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
        let every = if self.pings_at_first > 0 { PING_EVERY_AT_START } else { self.every };
        self.pings_at_first = self.pings_at_first.saturating_sub(1);
        self.due = now + every.min(self.every);
        if self.sent.len() >= PINGS_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((self.number, now));
        Some(self.number)
    }

    pub(super) fn pong(&mut self, now: Duration, number: u32) {
        let Some(at) = self.sent.iter().position(|(sent, _)| *sent == number) else { return };
        // Answers come in order: what was asked before will not be answered any more.
        let Some((_, sent)) = self.sent.drain(..=at).next_back() else { return };
        if self.last.len() >= PINGS_MAX {
            self.last.pop_front();
        }
        self.last.push_back(now.saturating_sub(sent));
        let of_before = self.last.len().saturating_sub(LONGER_PINGS);
        let least = |trips: &mut dyn Iterator<Item = &Duration>| trips.min().copied();
        if let Some(before) = least(&mut self.last.iter().take(of_before))
            && least(&mut self.last.iter().skip(of_before)) > Some(before + LONGER_BY)
        {
            self.last.drain(..of_before);
        }
    }

    /// The client or the server stood still: answers that are still to come would tell of that.
    pub(super) fn forget_pending(&mut self) {
        self.sent.clear();
    }

    /// The server takes its time in another way than before: nothing is known until it has answered
    /// again.
    pub(super) fn begin_anew(&mut self, now: Duration) {
        self.sent.clear();
        self.last.clear();
        self.due = now;
        self.pings_at_first = PINGS_AT_START;
    }

    /// The least of the last few.
    #[must_use]
    pub(super) fn least(&self) -> Option<Duration> {
        self.last.iter().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is measured after `seconds` on a line of `trip`.
    fn measure(round_trip: &mut RoundTrip, from: Duration, trip: Duration, seconds: u64) {
        let mut under_way = VecDeque::new();
        for ms in 0..seconds * 1_000 {
            let now = from + Duration::from_millis(ms);
            under_way.extend(round_trip.ping(now).map(|number| (now + trip, number)));
            while under_way.front().is_some_and(|(at, _)| *at <= now) {
                let (at, number) = under_way.pop_front().expect("there is one");
                round_trip.pong(at, number);
            }
        }
    }

    #[test]
    fn a_round_trip_longer_than_the_time_between_pings_is_measured() {
        let trip = Duration::from_millis(1_300);
        let mut round_trip = RoundTrip::new(Duration::ZERO, true);
        measure(&mut round_trip, Duration::ZERO, trip, 5);
        assert_eq!(round_trip.least(), Some(trip));
    }

    #[test]
    fn a_line_that_becomes_longer_is_believed_after_a_few_answers() {
        let mut round_trip = RoundTrip::new(Duration::ZERO, true);
        let (short, long) = (Duration::from_millis(20), Duration::from_millis(200));
        measure(&mut round_trip, Duration::ZERO, short, 10);
        measure(&mut round_trip, Duration::from_secs(10), long, 2);
        assert_eq!(round_trip.least(), Some(long));
        measure(&mut round_trip, Duration::from_secs(12), short, 1);
        assert_eq!(round_trip.least(), Some(short));
    }
}
