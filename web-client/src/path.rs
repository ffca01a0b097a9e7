//! [`PagePath`]: the network that the page may be put on, between its socket and its client.
//!
//! It owns both directions and the conditions on them, which change while messages are under way
//! and outlast the connection. Off it is a path like any other, on which nothing takes time. It
//! is handed messages and the time by `page_client`, and knows neither side.

use std::collections::VecDeque;
use std::time::Duration;

use tickwire_game::dice::Dice;
use tickwire_game::limits::LINK_DELAY_MAX;
use tickwire_game::link::{Link, LinkSettings, Stall};

/// Where the chance on paths comes from: a page has no better source, and needs none.
const SEED: u64 = 1;

/// Both directions of a path.
pub(crate) struct PagePath {
    settings: LinkSettings,
    dice: Dice,
    /// To the server.
    pub(crate) up: Direction,
    /// From the server.
    pub(crate) down: Direction,
}

impl Default for PagePath {
    fn default() -> PagePath {
        let (settings, mut dice) = (LinkSettings::default(), Dice::new(SEED, 0));
        let mut direction = || Direction::new(link(settings, Duration::ZERO, &mut dice));
        let (up, down) = (direction(), direction());
        PagePath { settings, dice, up, down }
    }
}

impl PagePath {
    /// Begins anew under the same conditions: what is under way belongs to nobody any more.
    pub(crate) fn restart(&mut self, now: Duration) {
        self.up = Direction::new(link(self.settings, now, &mut self.dice));
        self.down = Direction::new(link(self.settings, now, &mut self.dice));
    }

    /// Puts what is sent from now on under other conditions. What is under way comes before it,
    /// as late as it would have come; or at once, if nothing is to be late any more.
    pub(crate) fn change(&mut self, now: Duration, settings: LinkSettings) {
        if settings == self.settings {
            return;
        }
        self.settings = settings;
        if settings.change_nothing() {
            self.up.hurry(now);
            self.down.hurry(now);
        } else {
            self.up.links.push_back(link(settings, now, &mut self.dice));
            self.down.links.push_back(link(settings, now, &mut self.dice));
        }
    }

    /// When something comes out of it next, in either direction.
    pub(crate) fn arrives_at(&self) -> Option<Duration> {
        let both = [self.up.next_arrival(), self.down.next_arrival()];
        both.into_iter().flatten().min()
    }
}

/// One direction.
pub(crate) struct Direction {
    /// One for each of the conditions under which something is under way, and the present one. All
    /// that is on one comes before anything that is on the next.
    links: VecDeque<Link>,
}

impl Direction {
    fn new(link: Link) -> Direction {
        Direction { links: VecDeque::from([link]) }
    }

    /// Puts a message in.
    pub(crate) fn send(&mut self, now: Duration, bytes: Vec<u8>) {
        if let Some(link) = self.links.back_mut() {
            link.send(now, bytes);
        }
    }

    /// Takes out the next message that is due at `now`, with the moment at which it was due.
    pub(crate) fn receive(&mut self, now: Duration) -> Option<(Duration, Vec<u8>)> {
        while self.links.len() > 1 && self.links[0].next_arrival().is_none() {
            self.links.pop_front();
        }
        let link = self.links.front_mut()?;
        let at = link.next_arrival()?;
        Some((at, link.receive(now)?))
    }

    /// When the next message comes; that may be long ago.
    pub(crate) fn next_arrival(&self) -> Option<Duration> {
        self.links.iter().find_map(Link::next_arrival)
    }

    /// Lets all that is under way come now, and what is sent from now on at once.
    pub(crate) fn hurry(&mut self, now: Duration) {
        // Where nothing happens to a message there is no chance either.
        let mut open = link(LinkSettings::default(), now, &mut Dice::new(SEED, 0));
        for mut link in self.links.drain(..) {
            while let Some(bytes) = link.receive(Duration::MAX) {
                open.send(now, bytes);
            }
        }
        self.links.push_back(open);
    }
}

fn link(settings: LinkSettings, now: Duration, dice: &mut Dice) -> Link {
    Link::new(settings, now, Dice::new(dice.bits64(), 0))
}

/// What the page's sliders ask for. Stalls that cannot be are none.
pub(crate) fn settings(
    latency: Duration,
    jitter: Duration,
    stall_percent: f64,
    stall: Duration,
) -> LinkSettings {
    LinkSettings {
        latency: latency.min(LINK_DELAY_MAX),
        jitter: jitter.min(LINK_DELAY_MAX),
        stall: Stall::of_share(stall_percent, stall).ok(),
    }
}

/// What a page's sliders ask for, times in milliseconds.
pub(crate) fn path_settings(
    latency_ms: f64,
    jitter_ms: f64,
    stall_percent: f64,
    stall_ms: f64,
) -> LinkSettings {
    settings(moment(latency_ms), moment(jitter_ms), stall_percent, moment(stall_ms))
}

/// A browser's clock in milliseconds; not-a-number and what lies before its start are its start.
pub(crate) fn moment(now_ms: f64) -> Duration {
    // A cast from float saturates, and takes not-a-number to 0.
    Duration::from_micros((now_ms * 1e3) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn slow(latency_ms: u32) -> LinkSettings {
        settings(latency_ms * MS, Duration::ZERO, 0.0, Duration::ZERO)
    }

    /// What comes out of a direction by `now`: when, and the first byte.
    fn come(direction: &mut Direction, now: Duration) -> Vec<(Duration, u8)> {
        std::iter::from_fn(|| direction.receive(now)).map(|(at, bytes)| (at, bytes[0])).collect()
    }

    #[test]
    fn a_path_that_is_off_gives_all_at_once() {
        let mut path = PagePath::default();
        path.down.send(5 * MS, vec![1]);
        path.down.send(5 * MS, vec![2]);
        assert_eq!(path.arrives_at(), Some(5 * MS));
        assert_eq!(come(&mut path.down, 5 * MS), [(5 * MS, 1), (5 * MS, 2)]);
        assert_eq!(path.arrives_at(), None);
    }

    #[test]
    fn what_was_sent_before_a_change_comes_before_what_is_sent_after_it() {
        let mut path = PagePath::default();
        path.change(Duration::ZERO, slow(200));
        path.down.send(Duration::ZERO, vec![1]);
        path.change(10 * MS, slow(20));
        path.down.send(10 * MS, vec![2]);
        path.up.send(10 * MS, vec![3]);
        assert_eq!(path.arrives_at(), Some(20 * MS), "to the server");
        assert_eq!(come(&mut path.down, 99 * MS), []);
        assert_eq!(come(&mut path.down, 100 * MS), [(100 * MS, 1), (20 * MS, 2)]);
        path.down.send(200 * MS, vec![4]);
        assert_eq!(come(&mut path.down, 210 * MS), [(210 * MS, 4)]);
        assert_eq!(path.down.links.len(), 1, "the old link is gone");
    }

    #[test]
    fn switched_off_it_lets_all_come_at_once_and_in_order() {
        let mut path = PagePath::default();
        path.change(Duration::ZERO, slow(400));
        path.up.send(Duration::ZERO, vec![1]);
        path.change(10 * MS, slow(300));
        path.up.send(10 * MS, vec![2]);
        path.change(20 * MS, slow(0));
        path.up.send(20 * MS, vec![3]);
        assert_eq!(come(&mut path.up, 20 * MS), [1, 2, 3].map(|number| (20 * MS, number)));
    }

    #[test]
    fn a_new_connection_has_the_same_conditions_and_none_of_the_old_messages() {
        let mut path = PagePath::default();
        path.change(Duration::ZERO, slow(100));
        path.down.send(Duration::ZERO, vec![1]);
        path.restart(10 * MS);
        path.down.send(10 * MS, vec![2]);
        assert_eq!(come(&mut path.down, 1_000 * MS), [(60 * MS, 2)]);
    }

    #[test]
    fn sliders_cannot_ask_for_what_cannot_be() {
        let settings = settings(Duration::MAX, Duration::ZERO, f64::NAN, Duration::MAX);
        assert_eq!(settings.latency, LINK_DELAY_MAX);
        assert_eq!(settings.stall, None);
    }
}
