//! What comes from a client, measured below WebSocket: bytes and frames by their rates, sizes as
//! they are announced.
//!
//! Many frames never become messages: empty pieces of one that never ends, pongs that nobody
//! asked for. Whoever counted messages would read them for as long as they come. So every byte
//! passes here first, and only the headers of frames are looked at; what they mean is
//! tungstenite's. Pure: bytes and the time in, how much may be read out. Owned by the wire of a
//! socket.

use std::time::Duration;

use shared::limits::{
    CLIENT_BYTES_BURST, CLIENT_BYTES_PER_SECOND_MAX, ECHO_BYTES_PER_SECOND_MAX, FLOOD_MAX,
    FRAGMENTS_MAX, FRAMES_BURST, FRAMES_PER_SECOND_MAX, READ_PASS_MAX_BYTES,
};
use shared::protocol::End;

use crate::bucket::{Bucket, Rate};

/// A frame of a client has no shorter header: its length, and its mask.
const HEADER_MIN_BYTES: u64 = 6;
/// Nor a longer one.
const HEADER_MAX_BYTES: usize = 14;
/// Largest payload of a ping, a pong or a close (RFC 6455 section 5.5).
const CONTROL_MAX_BYTES: u64 = 125;
/// For how long a stall of the server is made up for.
const FORGIVEN_MAX: Duration = Duration::from_secs(60);

const FRAMES: Rate = Rate { per_second: FRAMES_PER_SECOND_MAX, burst: FRAMES_BURST };

/// How much of a client is read, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteLimits {
    rate: Rate,
    /// In one pass of a shard, or turn of a task.
    pass_max: usize,
}

impl ByteLimits {
    /// Of one that plays.
    pub(crate) const PLAY: ByteLimits = ByteLimits {
        rate: Rate { per_second: CLIENT_BYTES_PER_SECOND_MAX, burst: CLIENT_BYTES_BURST },
        pass_max: READ_PASS_MAX_BYTES,
    };
    /// Of one that is to hear what it said.
    pub(crate) const ECHO: ByteLimits = ByteLimits {
        rate: Rate { per_second: ECHO_BYTES_PER_SECOND_MAX, burst: Duration::from_secs(1) },
        pass_max: 8 * READ_PASS_MAX_BYTES,
    };
}

/// Measures what one client sends.
#[derive(Debug)]
pub(crate) struct FrameMeter {
    limits: &'static ByteLimits,
    bytes: Bucket,
    frames: Bucket,
    /// Largest message, in bytes, in however many frames.
    message_max: u64,
    /// How many bytes may still be read in this pass.
    pass_left: usize,
    /// When the buckets were filled last; `None` before the first time on this clock.
    filled: Option<Duration>,
    /// Whether reading has stopped because of a rate, and not come to the end of what is there since.
    limited: bool,
    /// For how long that has been so, of late: what goes well takes a quarter of its time off.
    limited_for: Duration,
    header: [u8; HEADER_MAX_BYTES],
    header_len: u8,
    /// How much of the payload of the current frame is still to come.
    payload_left: u64,
    /// How many bytes the current message has announced; `None` between messages.
    message: Option<u64>,
    message_since: Option<Duration>,
    verdict: Option<End>,
}

impl FrameMeter {
    pub(crate) fn new(limits: &'static ByteLimits, message_max: usize) -> FrameMeter {
        FrameMeter {
            limits,
            bytes: Bucket::full(limits.rate),
            frames: Bucket::full(FRAMES),
            message_max: message_max as u64,
            pass_left: 0,
            filled: None,
            limited: false,
            limited_for: Duration::ZERO,
            header: [0; HEADER_MAX_BYTES],
            header_len: 0,
            payload_left: 0,
            message: None,
            message_since: None,
            verdict: None,
        }
    }

    /// From the next message on, none may be larger.
    pub(crate) fn set_message_max(&mut self, bytes: usize) {
        self.message_max = bytes as u64;
    }

    /// The time is told by another clock from now on.
    pub(crate) fn forget_time(&mut self) {
        self.filled = None;
        self.message_since = None;
    }

    /// Begins a pass.
    ///
    /// # Errors
    /// When the client has sent more than is read for too long, or a message that does not end.
    pub(crate) fn begin(&mut self, now: Duration) -> Result<(), End> {
        let before = self.filled.unwrap_or(now);
        let passed = now.saturating_sub(before);
        self.bytes.fill(self.limits.rate, passed);
        self.frames.fill(FRAMES, passed);
        self.filled = Some(now.max(before));
        self.pass_left = self.limits.pass_max;
        // A look that finds nothing does not make it good: a line that is throttled hands over its
        // flood in portions, with nothing between them.
        if self.limited {
            self.limited_for += passed;
        } else {
            self.limited_for = self.limited_for.saturating_sub(passed / 4);
        }
        if self.limited_for >= FLOOD_MAX {
            return Err(End::Flood);
        }
        let is_between = self.message.is_none() && self.payload_left == 0 && self.header_len == 0;
        if is_between {
            self.message_since = None;
        } else {
            let since = *self.message_since.get_or_insert(before);
            if now.saturating_sub(since) >= FRAGMENTS_MAX {
                return Err(End::Silent);
            }
        }
        Ok(())
    }

    /// The server stood still for so long, and what came meanwhile comes all at once: that is no
    /// flood.
    pub(crate) fn forgive_stall(&mut self, lost: Duration) {
        self.bytes.give(self.limits.rate, lost, FORGIVEN_MAX);
        self.frames.give(FRAMES, lost, FORGIVEN_MAX);
    }

    /// How many bytes may be read now: so few that no more frames begin in them than may come.
    pub(crate) fn may_read(&mut self) -> usize {
        if self.verdict.is_some() {
            return 0;
        }
        let of_frames = self.payload_left.saturating_add(HEADER_MIN_BYTES * self.frames.left());
        let by_rate = of_frames.min(self.bytes.left());
        if by_rate == 0 {
            self.limited = true;
        }
        self.pass_left.min(usize::try_from(by_rate).unwrap_or(usize::MAX))
    }

    /// Whether reading has stopped because of a rate.
    pub(crate) fn is_limited(&self) -> bool {
        self.limited
    }

    /// All that was there has been read.
    pub(crate) fn drained(&mut self) {
        self.limited = false;
    }

    /// Why the connection is to end, if something was announced that is too large.
    pub(crate) fn verdict(&self) -> Option<End> {
        self.verdict
    }

    /// Takes bytes that were read, in the order in which they came. Gives how many of them may be
    /// looked at: those before the header of a frame that is refused.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        self.bytes.spend(bytes.len() as u64);
        self.pass_left = self.pass_left.saturating_sub(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            if self.payload_left > 0 {
                let rest = (bytes.len() - at) as u64;
                let skipped = self.payload_left.min(rest);
                self.payload_left -= skipped;
                at += skipped as usize;
                continue;
            }
            self.header[usize::from(self.header_len)] = bytes[at];
            self.header_len += 1;
            at += 1;
            if let Some(length) = self.announced()
                && let Err(end) = self.open(length)
            {
                self.verdict = Some(end);
                return at.saturating_sub(usize::from(self.header_len));
            }
        }
        at
    }

    /// The length of the frame whose header is there, if it is whole.
    fn announced(&self) -> Option<u64> {
        let header = &self.header[..usize::from(self.header_len)];
        let second = *header.get(1)?;
        let mask = if second & 0x80 != 0 { 4 } else { 0 };
        let (extended, length) = match second & 0x7F {
            126 => (2, u16::from_be_bytes(*header.get(2..)?.first_chunk()?).into()),
            127 => (8, u64::from_be_bytes(*header.get(2..)?.first_chunk()?)),
            length => (0, length.into()),
        };
        (header.len() == 2 + extended + mask).then_some(length)
    }

    /// A frame begins. An error leaves the header where it is.
    fn open(&mut self, length: u64) -> Result<(), End> {
        let (is_final, opcode) = (self.header[0] & 0x80 != 0, self.header[0] & 0x0F);
        let is_control = opcode & 0x08 != 0;
        if is_control {
            if length > CONTROL_MAX_BYTES {
                return Err(End::Protocol);
            }
        } else {
            if self.message.is_none() {
                // Another one than was under way, if one was.
                self.message_since = None;
            }
            let message = self.message.unwrap_or(0).saturating_add(length);
            if message > self.message_max {
                return Err(End::TooBig);
            }
            self.message = (!is_final).then_some(message);
        }
        self.frames.spend(1);
        self.payload_left = length;
        self.header_len = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
