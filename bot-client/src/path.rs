//! A simulated path between a bot's socket and its client: what goes in on one side comes out on
//! the other when it would have come over such a path.
//!
//! Owns the two links and tells which inputs were held up on purpose. It is handed messages and
//! the time; [`crate::bot`] puts them in and takes them out.

use std::time::Duration;

use tickwire_game::game::Dice;
use tickwire_game::link::{Link, LinkSettings};

/// The dice of paths, beside those of the bots, which have a stream for each seat from 0 on: as many
/// for each connection.
const STREAMS: u64 = 1 << 32;

/// Both directions of a path.
#[derive(Debug)]
pub(crate) struct SimulatedPath {
    /// To the server.
    pub(crate) up: Link,
    /// From the server.
    pub(crate) down: Link,
}

impl SimulatedPath {
    /// The path of the `nth` connection (from 0) of the client on a seat, which begins at `now`. The
    /// same run has the same again.
    pub(crate) fn new(
        settings: LinkSettings,
        now: Duration,
        seed: u64,
        seat: u32,
        nth: u32,
    ) -> SimulatedPath {
        let mut dice = Dice::new(seed, STREAMS * (u64::from(nth) + 1) + u64::from(seat));
        let mut link = || Link::new(settings, now, Dice::new(dice.bits64(), 0));
        SimulatedPath { up: link(), down: link() }
    }

    /// When something comes out of it next, in either direction.
    pub(crate) fn arrives_at(&self) -> Option<Duration> {
        let both = [self.up.next_arrival(), self.down.next_arrival()];
        both.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a message comes that is sent at once, each way.
    fn first_arrivals(seed: u64, seat: u32, nth: u32) -> [Option<Duration>; 2] {
        let jitter = Duration::from_secs(1);
        let settings = LinkSettings { jitter, ..LinkSettings::default() };
        let mut path = SimulatedPath::new(settings, Duration::ZERO, seed, seat, nth);
        path.up.send(Duration::ZERO, vec![1]);
        path.down.send(Duration::ZERO, vec![2]);
        let both = [path.up.next_arrival(), path.down.next_arrival()];
        assert_eq!(path.arrives_at(), both.into_iter().flatten().min());
        both
    }

    #[test]
    fn each_connection_of_each_seat_of_each_run_has_a_path_of_its_own_and_has_it_again() {
        let [up, down] = first_arrivals(7, 3, 0);
        assert_ne!(up, down);
        assert_eq!(first_arrivals(7, 3, 0), [up, down]);
        assert_ne!(first_arrivals(7, 3, 1), [up, down]);
        assert_ne!(first_arrivals(7, 4, 0), [up, down]);
        assert_ne!(first_arrivals(8, 3, 0), [up, down]);
    }
}
