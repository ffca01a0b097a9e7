//! [`TickReader`]: which tick each snapshot of a stream shows, without decoding the rest.
//!
//! For load generators and proxies that follow many streams and have no use for their rows. It
//! reads the head of each message alone and keeps only the models of that. It does not know whether
//! the rest of a message is sound.

use super::SnapshotError;
use super::decoder::ended;
use super::layout::shared_models::SKIPPED_LEN;
use crate::protocol::models::{KEYFRAME_ODDS, Model};
use crate::protocol::range::RangeSource;
use crate::protocol::symbols::{Source, take_count};
use crate::tick::Tick;

/// Reads the tick of each snapshot of one stream, range coded as on every connection. Like a
/// decoder it must be given every message of the stream in order, and needs no schema.
#[derive(Clone, Copy, Debug)]
pub struct TickReader {
    tick: Option<Tick>,
    skipped: [Model; SKIPPED_LEN],
}

impl Default for TickReader {
    fn default() -> TickReader {
        TickReader { tick: None, skipped: [Model::NEW; SKIPPED_LEN] }
    }
}

impl TickReader {
    /// A reader before the first snapshot of a stream.
    #[must_use]
    pub fn new() -> TickReader {
        TickReader::default()
    }

    /// The tick of the last snapshot, if there was any.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.tick
    }

    /// Reads the tick of the next snapshot, given its whole body.
    ///
    /// # Errors
    /// When its head cannot be one: it is too short, a difference before any keyframe, or beyond the
    /// highest tick. The stream cannot go on after it.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Tick, SnapshotError> {
        let mut source = RangeSource::new(bytes);
        let tick = if source.bit(&mut Model::of(KEYFRAME_ODDS)) {
            *self = TickReader::new();
            Tick(source.raw(32))
        } else {
            let last = self.tick.ok_or(SnapshotError::NoKeyframe)?;
            let skipped = take_count(&mut source, &mut self.skipped);
            let ticks = skipped.ok_or(SnapshotError::Number)?.checked_add(1);
            let tick = ticks.and_then(|ticks| last.0.checked_add(ticks));
            Tick(tick.ok_or(SnapshotError::Tick)?)
        };
        ended(&source)?;
        self.tick = Some(tick);
        Ok(tick)
    }
}
