//! What a network path does to messages, for simulations: the page, the
//! bots, the tests.
//!
//! A [`Link`] is one direction of it. It is handed messages and the time, and gives them back
//! when they would have come: late, unevenly, now and then not at all for a while. As over TCP
//! nothing is lost and nothing overtakes, so a message that is late holds up those behind it.
//! It knows nothing of sockets or of what the messages say.

mod stalls;

pub use stalls::{Rhythm, Stall, StallError};

use std::collections::VecDeque;
use std::time::Duration;

use crate::dice::Dice;
use crate::limits::LINK_UNDER_WAY_MAX_BYTES;
use stalls::Stalls;

/// How bad a path is, the same for both of its directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkSettings {
    /// By how much it makes a round trip longer: half of it each way.
    pub latency: Duration,
    /// Up to how much more each message takes, each way: uniform from nothing to this.
    pub jitter: Duration,
    /// How often it stands still, if it does.
    pub stall: Option<Stall>,
}

impl LinkSettings {
    /// Whether messages would come just as they are sent.
    #[must_use]
    pub fn change_nothing(&self) -> bool {
        *self == LinkSettings::default()
    }
}

/// One direction of a path, with what is under way.
#[derive(Clone, Debug)]
pub struct Link {
    one_way: Duration,
    jitter: Duration,
    stalls: Option<Stalls>,
    dice: Dice,
    /// With the moment at which it comes; these never fall.
    under_way: VecDeque<(Duration, Vec<u8>)>,
    bytes_under_way: usize,
    last_arrival: Duration,
}

impl Link {
    /// A link that begins at `now` and takes all chance from `dice`.
    #[must_use]
    pub fn new(settings: LinkSettings, now: Duration, mut dice: Dice) -> Link {
        // Stalls have dice of their own: they come when they come, whatever is sent.
        let of_stalls = Dice::new(dice.bits64(), 1);
        Link {
            one_way: settings.latency / 2,
            jitter: settings.jitter,
            stalls: settings.stall.map(|stall| Stalls::new(stall, now, of_stalls)),
            dice,
            under_way: VecDeque::new(),
            bytes_under_way: 0,
            last_arrival: Duration::ZERO,
        }
    }

    /// Puts a message in. `now` must not be earlier than at the last call.
    pub fn send(&mut self, now: Duration, bytes: Vec<u8>) {
        // A stall lies at the sender's end: what has passed that is on its way.
        let passes = now + self.jitter.mul_f32(self.dice.unit());
        let passes = self.stalls.as_mut().map_or(passes, |stalls| stalls.hold(now, passes));
        self.last_arrival = self.last_arrival.max(passes + self.one_way);
        self.bytes_under_way += bytes.len();
        self.under_way.push_back((self.last_arrival, bytes));
    }

    /// Takes over what is under way on `before`, which this one follows: it comes when it would have
    /// come there, and what is sent here comes after it.
    pub fn wait_for(&mut self, before: &mut Link) {
        self.last_arrival = self.last_arrival.max(before.last_arrival);
        self.bytes_under_way += std::mem::take(&mut before.bytes_under_way);
        self.under_way.append(&mut before.under_way);
    }

    /// Takes out the next message that is due at `now`; [`Duration::MAX`] takes out all.
    pub fn receive(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.next_arrival()? > now {
            return None;
        }
        let (_, bytes) = self.under_way.pop_front()?;
        self.bytes_under_way -= bytes.len();
        Some(bytes)
    }

    /// When the next message comes; that may be long ago.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        let (at, _) = self.under_way.front()?;
        let is_full = self.bytes_under_way > LINK_UNDER_WAY_MAX_BYTES;
        Some(if is_full { Duration::ZERO } else { *at })
    }

    /// How many bytes were sent and have not been received.
    #[must_use]
    pub fn bytes_under_way(&self) -> usize {
        self.bytes_under_way
    }

    /// Whether what is sent at `moment` is, or was, held up by a stall. Of stalls that ended
    /// more than [`LINK_STALLS_KEPT`](crate::limits::LINK_STALLS_KEPT) before the last message
    /// was sent nothing is known any more.
    #[must_use]
    pub fn is_stalled_at(&self, moment: Duration) -> bool {
        self.stalls.as_ref().is_some_and(|stalls| stalls.hold_at(moment))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn link(settings: LinkSettings, seed: u64) -> Link {
        Link::new(settings, Duration::ZERO, Dice::new(seed, 0))
    }

    /// A phone on a train.
    fn rough() -> LinkSettings {
        let stall = Some("10%/300ms".parse().expect("it is a stall"));
        LinkSettings { latency: 80 * MS, jitter: 30 * MS, stall }
    }

    /// Sends a message at each of these moments, and gives when each came.
    fn arrivals(link: &mut Link, sent: &[Duration]) -> Vec<Duration> {
        for (number, &at) in sent.iter().enumerate() {
            link.send(at, (number as u32).to_le_bytes().to_vec());
        }
        let mut came = Vec::new();
        while let Some(at) = link.next_arrival() {
            assert_eq!(link.receive(at.saturating_sub(Duration::from_nanos(1))), None, "too early");
            let bytes = link.receive(at).expect("it has come");
            assert_eq!(bytes, (came.len() as u32).to_le_bytes(), "order is kept");
            came.push(at);
        }
        assert_eq!((came.len(), link.bytes_under_way()), (sent.len(), 0));
        came
    }

    fn every(step: Duration, count: u32) -> Vec<Duration> {
        (1..=count).map(|number| step * number).collect()
    }

    #[test]
    fn a_link_that_changes_nothing_gives_all_at_once() {
        let settings = LinkSettings::default();
        assert!(settings.change_nothing() && !rough().change_nothing());
        let sent = every(7 * MS, 100);
        assert_eq!(arrivals(&mut link(settings, 1), &sent), sent);
    }

    #[test]
    fn half_of_the_latency_lies_each_way() {
        let settings = LinkSettings { latency: 90 * MS, ..LinkSettings::default() };
        let came = arrivals(&mut link(settings, 1), &[10 * MS, 11 * MS]);
        assert_eq!(came, [55 * MS, 56 * MS]);
    }

    #[test]
    fn jitter_is_spread_over_all_of_its_range() {
        let settings = LinkSettings { jitter: 20 * MS, ..LinkSettings::default() };
        // So far apart that none holds up another.
        let sent = every(50 * MS, 1_000);
        let came = arrivals(&mut link(settings, 3), &sent);
        let delays = || came.iter().zip(&sent).map(|(came, sent)| *came - *sent);
        assert!(delays().min() < Some(MS) && delays().max() > Some(19 * MS));
        assert!(delays().max() < Some(20 * MS));
        let mean = delays().sum::<Duration>() / 1_000;
        assert!((9 * MS..11 * MS).contains(&mean), "{mean:?}");
    }

    #[test]
    fn in_a_stall_nothing_comes_and_at_its_end_all_at_once() {
        let stall = Stall { every: 1_000 * MS, lasts: 300 * MS, rhythm: Rhythm::Even };
        let settings =
            LinkSettings { latency: 40 * MS, stall: Some(stall), ..LinkSettings::default() };
        let mut link = link(settings, 1);
        assert!(!link.is_stalled_at(999 * MS) && link.is_stalled_at(1_000 * MS), "not yet drawn");
        let sent = [999, 1_000, 1_150, 1_299, 1_300, 2_100].map(|at| at * MS);
        let came = arrivals(&mut link, &sent);
        assert_eq!(came, [1_019, 1_320, 1_320, 1_320, 1_320, 2_320].map(|at| at * MS));
        let stalled = sent.map(|at| link.is_stalled_at(at));
        assert_eq!(stalled, [false, true, true, true, false, true]);
        assert!(link.is_stalled_at(9_299 * MS) && !link.is_stalled_at(9_300 * MS), "to come");
    }

    #[test]
    fn what_jitter_brought_into_a_stall_was_held_up_by_it() {
        let stall = Stall { every: 1_000 * MS, lasts: 300 * MS, rhythm: Rhythm::Even };
        let settings =
            LinkSettings { jitter: 40 * MS, stall: Some(stall), ..LinkSettings::default() };
        for seed in 0..50 {
            let mut link = link(settings, seed);
            let sent = every(3 * MS, 1_000);
            let came = arrivals(&mut link, &sent);
            for (came, sent) in came.into_iter().zip(sent) {
                let is_late = came >= sent + 40 * MS;
                assert!(!is_late || link.is_stalled_at(sent), "{came:?} {sent:?}, seed {seed}");
            }
        }
    }

    #[test]
    fn stalls_take_the_share_of_time_that_was_asked_for() {
        let mut all = Vec::new();
        for seed in 0..20 {
            let link = link(rough(), seed);
            // From its first moment on, so that short runs have their share, too.
            let looks = 60_000;
            let stalled = (0..looks).filter(|&at| link.is_stalled_at(at * MS)).count();
            all.push(stalled as f64 / f64::from(looks));
        }
        let mean = all.iter().sum::<f64>() / 20.0;
        assert!((mean - 0.1).abs() < 0.005, "{mean}");
        assert!(all.iter().all(|share| (0.075..0.125).contains(share)), "{all:?}");
    }

    #[test]
    fn a_stall_of_long_ago_is_forgotten_and_one_of_late_is_not() {
        let mut link = link(rough(), 5);
        let first = (0..10_000).map(|at| at * MS).find(|&at| link.is_stalled_at(at));
        let first = first.expect("one in ten moments lies in a stall");
        link.send(first + 5_000 * MS, vec![0]);
        assert!(link.is_stalled_at(first));
        link.send(first + 50_000 * MS, vec![0]);
        assert!(!link.is_stalled_at(first));
    }

    #[test]
    fn what_is_too_much_comes_early_and_in_order() {
        let mut link = link(LinkSettings { latency: 1_000 * MS, ..rough() }, 1);
        let message = |number: u8| vec![number; LINK_UNDER_WAY_MAX_BYTES / 4];
        for number in 0..6 {
            link.send(Duration::ZERO, message(number));
        }
        let early: Vec<_> = std::iter::from_fn(|| link.receive(MS)).map(|bytes| bytes[0]).collect();
        assert_eq!(early, [0, 1]);
        let late: Vec<_> =
            std::iter::from_fn(|| link.receive(Duration::MAX)).map(|bytes| bytes[0]).collect();
        assert_eq!(late, [2, 3, 4, 5]);
    }

    fn settings() -> impl Strategy<Value = LinkSettings> {
        let rhythm = prop_oneof![Just(Rhythm::Even), Just(Rhythm::Uneven)];
        // Half of the time at most, as the command line allows.
        let stall = (0..2_000_u32, 1..2_000_u32, rhythm);
        let stall = stall.prop_map(|(more, lasts, rhythm)| Stall {
            every: (2 * lasts + more) * MS,
            lasts: lasts * MS,
            rhythm,
        });
        (0..400_u32, 0..200_u32, prop::option::of(stall)).prop_map(|(latency, jitter, stall)| {
            LinkSettings { latency: latency * MS, jitter: jitter * MS, stall }
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_early_or_later_than_it_may_be(
            settings in settings(),
            seed in any::<u64>(),
            waits in prop::collection::vec(0..100_u32, 1..200),
        ) {
            let sent: Vec<_> = waits
                .iter()
                .scan(Duration::ZERO, |at, wait| { *at += *wait * MS; Some(*at) })
                .collect();
            let came = arrivals(&mut link(settings, seed), &sent);
            prop_assert!(came.is_sorted());
            let mut held_until = Duration::ZERO;
            // Asked at once: it forgets stalls of long ago.
            let mut one = link(settings, seed);
            for (&came, &sent) in came.iter().zip(&sent) {
                one.send(sent, vec![0]);
                let soonest = sent + settings.latency / 2;
                // Within its own delay, a stall's, or that of one before it.
                let lasts = settings.stall.map_or(Duration::ZERO, |stall| stall.lasts);
                let stall = if one.is_stalled_at(sent) { lasts } else { Duration::ZERO };
                held_until = held_until.max(soonest + settings.jitter + stall);
                prop_assert!((soonest..=held_until).contains(&came), "{came:?} {sent:?}");
            }
            prop_assert_eq!(arrivals(&mut link(settings, seed), &sent), came, "the same again");
        }
    }
}
