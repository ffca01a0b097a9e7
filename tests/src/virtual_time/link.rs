//! One direction of a simulated network path: what goes in comes out later, in order.

use std::collections::VecDeque;
use std::time::Duration;

use shared::dice::Dice;

/// What a path does to messages. TCP loses nothing and keeps the order, so a link does too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    /// How long each message takes at least.
    pub latency: Duration,
    /// What is added to it, uniform from zero.
    pub jitter: Duration,
    /// Now and then nothing comes through for a while: how often, and for how long.
    pub stall: Option<(Duration, Duration)>,
    /// Bytes a second, if there is a limit.
    pub bytes_per_second: Option<u32>,
    /// How many bytes wait at the sender's side before it is told to wait, if there is a limit.
    pub buffer_bytes: Option<usize>,
}

/// One direction of a path, with what is under way.
#[derive(Debug)]
pub struct Link {
    path: Path,
    dice: Dice,
    under_way: VecDeque<(Duration, Vec<u8>)>,
    bytes_under_way: usize,
    last_arrival: Duration,
    line_free_at: Duration,
    stalled_until: Duration,
    next_stall: Duration,
}

impl Link {
    /// A link over `path`, whose jitter comes from `dice`.
    #[must_use]
    pub fn new(path: Path, dice: Dice) -> Link {
        Link {
            path,
            dice,
            under_way: VecDeque::new(),
            bytes_under_way: 0,
            last_arrival: Duration::ZERO,
            line_free_at: Duration::ZERO,
            stalled_until: Duration::ZERO,
            next_stall: path.stall.map_or(Duration::MAX, |(every, _)| every),
        }
    }

    /// Whether the sender may put in more.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.path.buffer_bytes.is_none_or(|limit| self.bytes_under_way < limit)
    }

    /// Puts a message in.
    pub fn send(&mut self, now: Duration, bytes: Vec<u8>) {
        if now >= self.next_stall
            && let Some((every, lasts)) = self.path.stall
        {
            self.stalled_until = now + lasts;
            self.next_stall = now + every;
        }
        let on_line = match self.path.bytes_per_second {
            None => Duration::ZERO,
            Some(rate) => Duration::from_secs_f64(bytes.len() as f64 / f64::from(rate)),
        };
        self.line_free_at = self.line_free_at.max(now) + on_line;
        let jitter = self.path.jitter.mul_f32(self.dice.unit());
        let arrival = (self.line_free_at + self.path.latency + jitter)
            .max(self.stalled_until)
            .max(self.last_arrival);
        self.last_arrival = arrival;
        self.bytes_under_way += bytes.len();
        self.under_way.push_back((arrival, bytes));
    }

    /// Takes out the next message that has come by `now`.
    pub fn receive(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.under_way.front()?.0 > now {
            return None;
        }
        let (_, bytes) = self.under_way.pop_front()?;
        self.bytes_under_way -= bytes.len();
        Some(bytes)
    }

    /// When the next message will have come.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        self.under_way.front().map(|(at, _)| *at)
    }
}
