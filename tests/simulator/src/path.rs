//! [`Path`]: the network between a client and the server; one direction of it is a simulated link with
//! a line of so many bytes a second in front of it.

use std::time::Duration;

use tickwire_game::dice::Dice;
use tickwire_game::link::{self, LinkSettings, Rhythm, Stall};

/// What a path does to messages. TCP loses nothing and keeps the order, so a path does too.
///
/// The default changes nothing: messages arrive in the moment in which they are sent.
///
/// ```
/// use tickwire_test::Path;
///
/// let far = Path::latency_ms(200);
/// let phone = Path::latency_ms(80).jitter_ms(30).stalls(5.0, 300).bytes_per_second(20_000);
/// # assert_ne!(far, phone);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// How long each message takes at least, one way: half of what a ping tells.
    pub one_way: Duration,
    /// What is added to it, each way: uniform from zero to this.
    pub jitter: Duration,
    /// Now and then nothing comes through for a while: how often, like clockwork from the start
    /// of the world on, and for how long.
    pub stall: Option<(Duration, Duration)>,
    /// Bytes a second, each way, if there is a limit.
    pub bytes_per_second: Option<u32>,
    /// How many bytes the sender's side buffers before the sender has to wait, if there is a limit.
    pub buffer_bytes: Option<usize>,
}

impl Path {
    /// A path whose round trip takes so many milliseconds, half of them each way.
    #[must_use]
    pub fn latency_ms(round_trip: u32) -> Path {
        Path { one_way: Duration::from_millis(round_trip.into()) / 2, ..Path::default() }
    }

    /// A path as most people have it: a round trip of 20 ms, even.
    #[must_use]
    pub fn good() -> Path {
        Path::latency_ms(20)
    }

    /// A path as on a train: a round trip of 150 ms, each message late by up to 30 ms more, and every
    /// 4 s nothing comes through for 300 ms.
    #[must_use]
    pub fn bad() -> Path {
        Path::latency_ms(150).jitter_ms(30).stalls(4.0, 300)
    }

    /// The same where each message takes up to so many milliseconds more, each way.
    #[must_use]
    pub fn jitter_ms(self, most: u32) -> Path {
        Path { jitter: Duration::from_millis(most.into()), ..self }
    }

    /// The same where every `every_s` seconds nothing comes through for `lasts_ms` milliseconds.
    ///
    /// # Panics
    /// When `every_s` is negative or no number.
    #[must_use]
    pub fn stalls(self, every_s: f64, lasts_ms: u32) -> Path {
        let stall = (Duration::from_secs_f64(every_s), Duration::from_millis(lasts_ms.into()));
        Path { stall: Some(stall), ..self }
    }

    /// The same through which only so many bytes a second pass, each way, behind a buffer of 16 KiB.
    #[must_use]
    pub fn bytes_per_second(self, rate: u32) -> Path {
        Path { bytes_per_second: Some(rate), buffer_bytes: Some(16_384), ..self }
    }

    fn settings(&self) -> LinkSettings {
        let stall = |(every, lasts)| Stall { every, lasts, rhythm: Rhythm::Even };
        LinkSettings {
            latency: 2 * self.one_way,
            jitter: self.jitter,
            stall: self.stall.map(stall),
        }
    }
}

/// One direction of a path, with what is under way.
#[derive(Debug)]
pub(crate) struct PathLink {
    path: Path,
    link: link::Link,
    line_free_at: Duration,
}

impl PathLink {
    /// A link over `path`, whose jitter comes from `dice`.
    pub(crate) fn new(path: Path, dice: Dice) -> PathLink {
        let link = link::Link::new(path.settings(), Duration::ZERO, dice);
        PathLink { path, link, line_free_at: Duration::ZERO }
    }

    /// The path is another from `now` on. What is under way comes as it would have come, and what
    /// follows not before it.
    pub(crate) fn change(&mut self, now: Duration, path: Path, dice: Dice) {
        let mut link = link::Link::new(path.settings(), now, dice);
        link.wait_for(&mut self.link);
        (self.path, self.link) = (path, link);
    }

    /// How many more bytes the sender may put in, if there is a limit.
    pub(crate) fn space_bytes(&self) -> Option<usize> {
        Some(self.path.buffer_bytes?.saturating_sub(self.link.bytes_under_way()))
    }

    /// Puts a message in.
    pub(crate) fn send(&mut self, now: Duration, bytes: Vec<u8>) {
        let on_line = match self.path.bytes_per_second {
            None => Duration::ZERO,
            Some(rate) => Duration::from_secs_f64(bytes.len() as f64 / f64::from(rate)),
        };
        self.line_free_at = self.line_free_at.max(now) + on_line;
        self.link.send(self.line_free_at, bytes);
    }

    /// Takes out the next message that is due at `now`.
    pub(crate) fn receive(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.link.receive(now)
    }

    /// When the next message will have come.
    pub(crate) fn next_arrival(&self) -> Option<Duration> {
        self.link.next_arrival()
    }

    /// Whether what is sent at `now` is, or was, held up by a stall; of those of the last ten
    /// seconds.
    pub(crate) fn is_stalled(&self, now: Duration) -> bool {
        self.link.is_stalled_at(now)
    }
}
