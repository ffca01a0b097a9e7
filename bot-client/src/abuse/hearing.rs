//! What an abuser's connection has heard: the answer to its upgrade, the welcome, the refusal, the
//! close.
//!
//! Handed bytes, it never reads a socket. The attempt feeds it; the script of a kind waits on it
//! and looks up what the room's tick should be by now.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tickwire_game::protocol::{JoinError, ServerMessage};
use tickwire_game::tick::Tick;
use tokio::sync::Notify;

use super::frame::{BINARY, CLOSE, FrameReader};

/// Longest head of an answer that is waited for, in bytes. A longer one is taken as it is.
const HEAD_MAX_BYTES: usize = 16_384;
const SWITCHING_PROTOCOLS: u16 = 101;
/// RFC 6455 section 7.1.5: what a close without a code counts as.
const NO_STATUS: u16 = 1005;

/// What a welcome says of the room.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoomClock {
    tick: Tick,
    tick_rate_hz: u16,
    at: Instant,
}

impl RoomClock {
    /// The room's tick, as far as one can know who does not listen.
    pub(super) fn tick(&self) -> u32 {
        let ticks = self.at.elapsed().as_secs_f64() * f64::from(self.tick_rate_hz);
        self.tick.0.saturating_add(ticks as u32)
    }

    /// Time between two ticks.
    pub(super) fn period(&self) -> Duration {
        Duration::from_secs(1) / u32::from(self.tick_rate_hz.max(1))
    }
}

/// What one connection has heard so far.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// Reads nothing, so that the server's bytes pile up.
    pub(super) deaf: Cell<bool>,
    /// Goes on after a close.
    pub(super) ignores_close: Cell<bool>,
    head: RefCell<Vec<u8>>,
    frames: RefCell<FrameReader>,
    status: Cell<Option<u16>>,
    room: Cell<Option<RoomClock>>,
    refusal: RefCell<Option<JoinError>>,
    close: Cell<Option<u16>>,
    bytes_in: Cell<u64>,
    news: Notify,
}

impl Hearing {
    /// Takes what came.
    pub(super) fn hear(&self, bytes: &[u8]) {
        self.bytes_in.set(self.bytes_in.get() + bytes.len() as u64);
        if self.status.get().is_some() {
            self.hear_frames(bytes);
        } else {
            self.hear_head(bytes);
        }
        self.news.notify_waiters();
    }

    fn hear_head(&self, bytes: &[u8]) {
        let mut head = self.head.borrow_mut();
        head.extend_from_slice(bytes);
        let end = head.windows(4).position(|at| at == b"\r\n\r\n").map(|at| at + 4);
        let Some(end) = end.or_else(|| (head.len() >= HEAD_MAX_BYTES).then_some(head.len())) else {
            return;
        };
        // What is not HTTP at all counts as status 0.
        let status = head.get(9..12).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
        self.status.set(Some(status.unwrap_or(0)));
        let rest = head.split_off(end);
        *head = Vec::new();
        self.hear_frames(&rest);
    }

    fn hear_frames(&self, bytes: &[u8]) {
        if !self.is_upgraded() {
            return;
        }
        self.frames.borrow_mut().take(bytes, |opcode, body| match opcode {
            BINARY => self.hear_message(body),
            // Without a code it is an orderly end that gives no reason.
            CLOSE => self.close.set(Some(match body {
                [high, low, ..] => u16::from_be_bytes([*high, *low]),
                _ => NO_STATUS,
            })),
            _ => {}
        });
    }

    fn hear_message(&self, body: &[u8]) {
        match ServerMessage::decode(body) {
            Ok(ServerMessage::Welcome(welcome)) => {
                let (tick, tick_rate_hz) = (welcome.tick, welcome.tick_rate_hz);
                self.room.set(Some(RoomClock { tick, tick_rate_hz, at: Instant::now() }));
            }
            Ok(ServerMessage::Refused(refusal)) => *self.refusal.borrow_mut() = Some(refusal),
            _ => {}
        }
    }

    /// What HTTP was answered with.
    pub(super) fn status(&self) -> Option<u16> {
        self.status.get()
    }

    /// Whether it speaks WebSocket.
    pub(super) fn is_upgraded(&self) -> bool {
        self.status.get() == Some(SWITCHING_PROTOCOLS)
    }

    /// Whether it is in a room.
    pub(super) fn is_welcome(&self) -> bool {
        self.room.get().is_some()
    }

    /// Why the hello was refused.
    pub(super) fn refusal(&self) -> Option<JoinError> {
        self.refusal.borrow().clone()
    }

    /// The code of the close that came.
    pub(super) fn close(&self) -> Option<u16> {
        self.close.get()
    }

    /// Bytes that were read.
    pub(super) fn bytes_in(&self) -> u64 {
        self.bytes_in.get()
    }

    /// Waits for the upgrade; for ever where it is refused.
    pub(super) async fn upgraded(&self) {
        self.wait(|| self.is_upgraded().then_some(())).await;
    }

    /// Waits to be let in; for ever where it is not.
    pub(super) async fn welcomed(&self) -> RoomClock {
        self.wait(|| self.room.get()).await
    }

    /// Waits for a close; for ever where none comes.
    pub(super) async fn closed(&self) {
        self.wait(|| self.close.get()).await;
    }

    async fn wait<T>(&self, ask: impl Fn() -> Option<T>) -> T {
        loop {
            // Made before the question, so that nothing that comes in between is missed.
            let news = self.news.notified();
            if let Some(answer) = ask() {
                return answer;
            }
            news.await;
        }
    }
}
