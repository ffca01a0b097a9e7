//! One direction of a path on virtual time: a simulated link, and a line of so many bytes a second
//! in front of it.

use std::time::Duration;

use tickwire_game::dice::Dice;
use tickwire_game::link::{self, LinkSettings, Rhythm, Stall};

/// What a path does to messages. TCP loses nothing and keeps the order, so a link does too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    /// How long each message takes at least, one way.
    pub latency: Duration,
    /// What is added to it, uniform from zero.
    pub jitter: Duration,
    /// Now and then nothing comes through for a while: how often, like clockwork from the start
    /// of the world on, and for how long.
    pub stall: Option<(Duration, Duration)>,
    /// Bytes a second, if there is a limit.
    pub bytes_per_second: Option<u32>,
    /// How many bytes wait at the sender's side before it is told to wait, if there is a limit.
    pub buffer_bytes: Option<usize>,
}

impl Path {
    fn settings(&self) -> LinkSettings {
        let stall = |(every, lasts)| Stall { every, lasts, rhythm: Rhythm::Even };
        LinkSettings {
            latency: 2 * self.latency,
            jitter: self.jitter,
            stall: self.stall.map(stall),
        }
    }
}

/// One direction of a path, with what is under way.
#[derive(Debug)]
pub struct Link {
    path: Path,
    link: link::Link,
    line_free_at: Duration,
}

impl Link {
    /// A link over `path`, whose jitter comes from `dice`.
    #[must_use]
    pub fn new(path: Path, dice: Dice) -> Link {
        let link = link::Link::new(path.settings(), Duration::ZERO, dice);
        Link { path, link, line_free_at: Duration::ZERO }
    }

    /// The path is another from `now` on. What is under way comes as it would have come, and what
    /// follows not before it.
    pub fn change(&mut self, now: Duration, path: Path, dice: Dice) {
        let mut link = link::Link::new(path.settings(), now, dice);
        link.wait_for(&mut self.link);
        (self.path, self.link) = (path, link);
    }

    /// How many more bytes the sender may put in, if there is a limit.
    #[must_use]
    pub fn space_bytes(&self) -> Option<usize> {
        Some(self.path.buffer_bytes?.saturating_sub(self.link.bytes_under_way()))
    }

    /// Puts a message in.
    pub fn send(&mut self, now: Duration, bytes: Vec<u8>) {
        let on_line = match self.path.bytes_per_second {
            None => Duration::ZERO,
            Some(rate) => Duration::from_secs_f64(bytes.len() as f64 / f64::from(rate)),
        };
        self.line_free_at = self.line_free_at.max(now) + on_line;
        self.link.send(self.line_free_at, bytes);
    }

    /// Takes out the next message that has come by `now`.
    pub fn receive(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.link.receive(now)
    }

    /// When the next message will have come.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        self.link.next_arrival()
    }

    /// Whether what is sent at `now` is, or was, held up by a stall; of those of the last ten
    /// seconds.
    #[must_use]
    pub fn is_stalled(&self, now: Duration) -> bool {
        self.link.is_stalled_at(now)
    }
}
