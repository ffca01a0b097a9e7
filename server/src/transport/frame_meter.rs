//! [`FrameMeter`]: limits what a client sends, below the WebSocket protocol: the rates of bytes and
//! frames, and message sizes as soon as a header announces them.
//!
//! Many frames never become messages: empty fragments of a message that never ends, unsolicited pongs.
//! A limit on messages would not bound them. So all received bytes pass here first. Only frame headers
//! are parsed; tungstenite interprets the frames. Bytes and the time in, how much may be read out. A
//! [`MeteredStream`](super::metered_stream::MeteredStream) owns it.

use std::time::Duration;

use crate::limits::{
    CLIENT_BYTES_BURST, CLIENT_BYTES_PER_SECOND_MAX, ECHO_BYTES_PER_SECOND_MAX, FLOOD_MAX,
    FRAGMENTS_MAX, FRAMES_BURST, FRAMES_PER_SECOND_MAX, READ_PASS_MAX_BYTES,
};
use tickwire_game::protocol::DisconnectReason;

use tickwire_host::limits::STALL_CREDIT_MAX;
use tickwire_host::token_bucket::{Bucket, Rate};

/// Shortest header of a client's frame: two bytes and the mask.
const HEADER_MIN_BYTES: u64 = 6;
/// Longest header of a client's frame.
const HEADER_MAX_BYTES: usize = 14;
/// Largest payload of a ping, a pong or a close (RFC 6455 section 5.5).
const CONTROL_MAX_BYTES: u64 = 125;
/// The rate of frames.
const FRAMES: Rate = Rate { per_second: FRAMES_PER_SECOND_MAX, burst: FRAMES_BURST };

/// The limits on the bytes of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteLimits {
    rate: Rate,
    /// Most bytes in one pass of a shard, or one turn of a task.
    pass_max: usize,
}

impl ByteLimits {
    /// For a client that plays.
    pub(crate) const PLAY: ByteLimits = ByteLimits {
        rate: Rate { per_second: CLIENT_BYTES_PER_SECOND_MAX, burst: CLIENT_BYTES_BURST },
        pass_max: READ_PASS_MAX_BYTES,
    };
    /// For a client of `--echo`.
    pub(crate) const ECHO: ByteLimits = ByteLimits {
        rate: Rate { per_second: ECHO_BYTES_PER_SECOND_MAX, burst: Duration::from_secs(1) },
        pass_max: 8 * READ_PASS_MAX_BYTES,
    };
}

/// Limits what one client sends.
#[derive(Debug)]
pub(crate) struct FrameMeter {
    limits: &'static ByteLimits,
    bytes: Bucket,
    frames: Bucket,
    /// Largest message in bytes, whatever its number of frames.
    message_max: u64,
    /// Bytes that may still be read in this pass.
    pass_left: usize,
    /// When the buckets were filled last; `None` before the first pass on this clock.
    filled: Option<Duration>,
    /// Whether reading has stopped at a rate limit and has not caught up since.
    limited: bool,
    /// Time spent rate-limited. Time without a limit reduces it by a quarter of its length.
    limited_for: Duration,
    header: [u8; HEADER_MAX_BYTES],
    header_len: u8,
    /// Payload bytes of the current frame that are outstanding.
    payload_left: u64,
    /// The announced length of the current message so far; `None` between messages.
    message: Option<u64>,
    /// Since when a message is incomplete.
    message_since: Option<Duration>,
    /// Why the connection must end.
    verdict: Option<DisconnectReason>,
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

    /// Sets the largest message, from the next message on.
    pub(crate) fn set_message_max(&mut self, bytes: usize) {
        self.message_max = bytes as u64;
    }

    /// Resets the times: the next one is from another clock.
    pub(crate) fn forget_time(&mut self) {
        self.filled = None;
        self.message_since = None;
    }

    /// Begins a pass.
    ///
    /// # Errors
    /// If the client has been rate-limited for too long, or a message is incomplete for too long.
    pub(crate) fn begin(&mut self, now: Duration) -> Result<(), DisconnectReason> {
        let before = self.filled.unwrap_or(now);
        let passed = now.saturating_sub(before);
        self.bytes.fill(self.limits.rate, passed);
        self.frames.fill(FRAMES, passed);
        self.filled = Some(now.max(before));
        self.pass_left = self.limits.pass_max;
        // A read that finds nothing does not reset it: over a throttled connection a flood arrives in
        // portions with gaps between them.
        if self.limited {
            self.limited_for += passed;
        } else {
            self.limited_for = self.limited_for.saturating_sub(passed / 4);
        }
        if self.limited_for >= FLOOD_MAX {
            return Err(DisconnectReason::Flood);
        }
        if self.is_between_messages() {
            self.message_since = None;
        } else {
            let since = *self.message_since.get_or_insert(before);
            if now.saturating_sub(since) >= FRAGMENTS_MAX {
                return Err(DisconnectReason::Silent);
            }
        }
        Ok(())
    }

    /// Credits a stall of the server: the bytes that arrived during it come all at once, which is not a
    /// flood.
    pub(crate) fn credit_stall(&mut self, lost: Duration) {
        self.bytes.give(self.limits.rate, lost, STALL_CREDIT_MAX);
        self.frames.give(FRAMES, lost, STALL_CREDIT_MAX);
    }

    /// The number of bytes that may be read now: so few that they cannot begin more frames than the
    /// rate allows.
    pub(crate) fn may_read(&mut self) -> usize {
        if self.verdict.is_some() {
            return 0;
        }
        let by_frames = self.payload_left.saturating_add(HEADER_MIN_BYTES * self.frames.left());
        let by_rate = by_frames.min(self.bytes.left());
        if by_rate == 0 {
            self.limited = true;
        }
        self.pass_left.min(usize::try_from(by_rate).unwrap_or(usize::MAX))
    }

    /// Whether reading has stopped at a rate limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.limited
    }

    /// Records that all available bytes were read.
    pub(crate) fn mark_drained(&mut self) {
        self.limited = false;
    }

    /// Whether no message is incomplete.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.message.is_none() && self.payload_left == 0 && self.header_len == 0
    }

    /// Why the connection must end, if a frame was refused.
    pub(crate) fn verdict(&self) -> Option<DisconnectReason> {
        self.verdict
    }

    /// Counts received bytes, in order. Returns how many of them are accepted: those before the header of
    /// a refused frame.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> usize {
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
            if let Some(length) = self.announced_length()
                && let Err(end) = self.begin_frame(length)
            {
                self.verdict = Some(end);
                return at.saturating_sub(usize::from(self.header_len));
            }
        }
        at
    }

    /// The payload length in the current header, if the header is complete.
    fn announced_length(&self) -> Option<u64> {
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

    /// Begins a frame after its header. On an error the header is kept.
    fn begin_frame(&mut self, length: u64) -> Result<(), DisconnectReason> {
        let (is_final, opcode) = (self.header[0] & 0x80 != 0, self.header[0] & 0x0F);
        let is_control = opcode & 0x08 != 0;
        if is_control {
            if length > CONTROL_MAX_BYTES {
                return Err(DisconnectReason::Protocol);
            }
        } else {
            if self.message.is_none() {
                // This is a new message.
                self.message_since = None;
            }
            let message = self.message.unwrap_or(0).saturating_add(length);
            if message > self.message_max {
                return Err(DisconnectReason::TooBig);
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
