//! The client's end of the stream.

use super::{Codec, GivenKind, Mirror, kind_bits, unzigzag};
use crate::ids::EntityId;
use crate::limits::{OWN_MAX_BYTES, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX};
use crate::protocol::bits::{BitReader, OutOfBits};
use crate::scene::{Field, Kind, RowRef, Rows, Schema};
use crate::tick::Tick;

/// Why bytes are not the next snapshot of a stream. The stream cannot go on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It ends too early.
    #[error(transparent)]
    Short(#[from] OutOfBits),
    /// More follows after its end.
    #[error("the snapshot goes on after its end")]
    LeftOver,
    /// A difference came before any keyframe.
    #[error("no keyframe came first")]
    NoKeyframe,
    /// A tick above the highest, or an event from before the first.
    #[error("a tick that cannot be")]
    Tick,
    /// What was given to the tick has no such number.
    #[error("an input given in no known way")]
    Given,
    /// Above a limit of this crate.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// No kind has this index.
    #[error("no kind has index {0}")]
    Kind(u32),
    /// A value outside the range of its field.
    #[error("a value outside its range")]
    Range,
    /// Entity ids that do not rise, or one that is known already.
    #[error("an entity twice")]
    Twice,
}

/// What a snapshot says beside the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The tick that it shows.
    pub tick: Tick,
    /// Whether it builds on nothing before.
    pub keyframe: bool,
    /// For a player: how its input of that tick was come by, and by how many ticks the newest
    /// one was early.
    pub player: Option<(GivenKind, i32)>,
}

/// What a client makes of its own state while no news of it came: the game's `advance` by the
/// inputs that counted.
pub trait Replay {
    /// Moves `own` (in bincode) on by one tick for each of `given`, of which the last is for
    /// `tick`. Whoever cannot leaves it as it is, and must have said so in its hello.
    fn replay(&mut self, tick: Tick, given: &[GivenKind], own: &mut Vec<u8>);
}

/// A client that knows no rules, and so replays nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReplay;

impl Replay for NoReplay {
    fn replay(&mut self, _: Tick, _: &[GivenKind], _: &mut Vec<u8>) {}
}

/// Turns the snapshots of one stream back into what the viewer knows.
#[derive(Clone, Debug, Default)]
pub struct SnapshotDecoder {
    mirror: Mirror,
    events: Rows,
    event_ticks: Vec<Tick>,
    kept: Rows,
    new: Rows,
}

impl SnapshotDecoder {
    /// A decoder that knows nothing yet.
    #[must_use]
    pub fn new() -> SnapshotDecoder {
        SnapshotDecoder::default()
    }

    /// What the viewer knows.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// What the last snapshot said has happened, each with its tick.
    pub fn events(&self) -> impl ExactSizeIterator<Item = (Tick, RowRef<'_>)> {
        self.event_ticks.iter().copied().zip(self.events.iter())
    }

    /// Takes the next snapshot of the stream.
    ///
    /// # Errors
    /// When it is not one. What the decoder knows is unspecified afterwards: give it up.
    pub fn decode(
        &mut self,
        codec: &Codec,
        bytes: &[u8],
        _replay: &mut dyn Replay,
    ) -> Result<Snapshot, SnapshotError> {
        let schema = codec.schema();
        let mut bits = BitReader::new(bytes);
        let (tick, keyframe) = self.take_tick(&mut bits)?;
        let player = self.take_player(&mut bits)?;
        self.take_known(schema, &mut bits)?;
        self.take_new(schema, &mut bits)?;
        self.take_events(schema, tick, &mut bits)?;
        if !bits.is_done() {
            return Err(SnapshotError::LeftOver);
        }
        self.merge()?;
        Ok(Snapshot { tick, keyframe, player })
    }

    fn take_tick(&mut self, bits: &mut BitReader<'_>) -> Result<(Tick, bool), SnapshotError> {
        let keyframe = bits.take_bool()?;
        let tick = if keyframe {
            self.mirror = Mirror::default();
            Tick(bits.take(32)?)
        } else {
            let last = self.mirror.tick.ok_or(SnapshotError::NoKeyframe)?;
            let skipped = bits.take_count()?;
            let tick = last.0.checked_add(skipped).and_then(|tick| tick.checked_add(1));
            Tick(tick.ok_or(SnapshotError::Tick)?)
        };
        self.mirror.tick = Some(tick);
        Ok((tick, keyframe))
    }

    fn take_player(
        &mut self,
        bits: &mut BitReader<'_>,
    ) -> Result<Option<(GivenKind, i32)>, SnapshotError> {
        if !bits.take_bool()? {
            return Ok(None);
        }
        let given = match bits.take(2)? {
            0 => GivenKind::Received { nth: 0 },
            1 => GivenKind::Repeated,
            2 => GivenKind::Absent,
            _ => return Err(SnapshotError::Given),
        };
        let margin = unzigzag(bits.take_count()?);
        if !bits.take_bool()? {
            self.mirror.own = None;
        } else if bits.take_bool()? {
            let len = bits.take_count()? as usize;
            if len > OWN_MAX_BYTES {
                return Err(SnapshotError::TooMany("bytes of own state"));
            }
            let own = self.mirror.own.get_or_insert_default();
            own.clear();
            for _ in 0..len {
                own.push(bits.take(8)? as u8);
            }
        } else if self.mirror.own.is_none() {
            return Err(SnapshotError::NoKeyframe);
        }
        Ok(Some((given, margin)))
    }

    fn take_known(
        &mut self,
        schema: &Schema,
        bits: &mut BitReader<'_>,
    ) -> Result<(), SnapshotError> {
        self.kept.clear();
        for known in self.mirror.rows.iter() {
            if !bits.take_bool()? {
                self.kept.push_row(known);
                continue;
            }
            if bits.take_bool()? {
                continue;
            }
            let fields = &schema.entities[usize::from(known.kind)].fields;
            let changed = bits.take(fields.len() as u32)?;
            let values = self.kept.push(known.entity, known.kind, fields.len());
            values.copy_from_slice(known.values);
            for (index, (field, value)) in fields.iter().zip(values).enumerate() {
                if changed >> index & 1 == 1 {
                    *value = take_field(field, bits)?;
                }
            }
        }
        Ok(())
    }

    fn take_new(&mut self, schema: &Schema, bits: &mut BitReader<'_>) -> Result<(), SnapshotError> {
        self.new.clear();
        let count = bits.take_count()? as usize;
        if count > SNAPSHOT_ENTITIES_MAX.saturating_sub(self.kept.len()) {
            return Err(SnapshotError::TooMany("entities"));
        }
        let mut next_id = Some(0_u32);
        for _ in 0..count {
            let skipped = bits.take_count()?;
            let id = next_id.and_then(|id| id.checked_add(skipped)).ok_or(SnapshotError::Twice)?;
            next_id = id.checked_add(1);
            take_row(&schema.entities, EntityId(id), &mut self.new, bits)?;
        }
        Ok(())
    }

    fn take_events(
        &mut self,
        schema: &Schema,
        now: Tick,
        bits: &mut BitReader<'_>,
    ) -> Result<(), SnapshotError> {
        self.events.clear();
        self.event_ticks.clear();
        let count = bits.take_count()? as usize;
        if count > SNAPSHOT_EVENTS_MAX {
            return Err(SnapshotError::TooMany("events"));
        }
        for _ in 0..count {
            let ago = bits.take_count()?;
            let tick = now.0.checked_sub(ago).ok_or(SnapshotError::Tick)?;
            self.event_ticks.push(Tick(tick));
            take_row(&schema.events, EntityId(0), &mut self.events, bits)?;
        }
        Ok(())
    }

    /// Puts what was kept and what is new into one list that rises by id.
    fn merge(&mut self) -> Result<(), SnapshotError> {
        let rows = &mut self.mirror.rows;
        rows.clear();
        let mut kept = self.kept.iter().peekable();
        for new in self.new.iter() {
            while let Some(row) = kept.next_if(|row| row.entity < new.entity) {
                rows.push_row(row);
            }
            if kept.peek().is_some_and(|row| row.entity == new.entity) {
                return Err(SnapshotError::Twice);
            }
            rows.push_row(new);
        }
        for row in kept {
            rows.push_row(row);
        }
        Ok(())
    }
}

fn take_row(
    kinds: &[Kind],
    entity: EntityId,
    rows: &mut Rows,
    bits: &mut BitReader<'_>,
) -> Result<(), SnapshotError> {
    let index = bits.take(kind_bits(kinds))?;
    let kind = kinds.get(index as usize).ok_or(SnapshotError::Kind(index))?;
    let values = rows.push(entity, index as u8, kind.fields.len());
    for (field, value) in kind.fields.iter().zip(values) {
        *value = take_field(field, bits)?;
    }
    Ok(())
}

fn take_field(field: &Field, bits: &mut BitReader<'_>) -> Result<i32, SnapshotError> {
    let above_min = bits.take(field.bits())?;
    if above_min > field.max.wrapping_sub(field.min).cast_unsigned() {
        return Err(SnapshotError::Range);
    }
    Ok(field.min.wrapping_add(above_min.cast_signed()))
}
