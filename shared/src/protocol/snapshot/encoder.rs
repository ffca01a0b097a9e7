//! The server's end of the stream.

use super::{Codec, GivenKind, Mirror, kind_bits, zigzag};
use crate::limits::SNAPSHOT_EVENTS_MAX;
use crate::protocol::bits::BitWriter;
use crate::scene::{Kind, RowRef, Rows, Schema};
use crate::tick::Tick;

/// What one viewer may be told of one scene.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The scene's tick; it must rise from picture to picture.
    pub tick: Tick,
    /// The viewer's own part; `None` for a spectator.
    pub player: Option<PlayerPart<'a>>,
    /// All rows of the scene, by rising id.
    pub rows: &'a Rows,
    /// Which of them the viewer may know, rising.
    pub visible: &'a [u32],
    /// What happened since the last picture and may be told, each with its tick. Of more than
    /// [`SNAPSHOT_EVENTS_MAX`] only the first are told.
    pub events: &'a [(Tick, RowRef<'a>)],
    /// Where the viewer looks, in the game's units: what is near counts for more when not all
    /// fits.
    pub focus: Option<[f64; 2]>,
    /// Most bytes that the snapshot may have.
    pub max_bytes: usize,
}

/// What a snapshot tells a player of itself.
#[derive(Clone, Copy, Debug)]
pub struct PlayerPart<'a> {
    /// How its inputs were come by, one for each tick since the last snapshot, this one last. Of
    /// more than [`SNAPSHOT_GIVEN_MAX`](crate::limits::SNAPSHOT_GIVEN_MAX), and before a
    /// keyframe, only the last counts.
    pub given: &'a [GivenKind],
    /// By how many ticks its newest input came before the tick that it is for; negative if late.
    pub margin_ticks: i32,
    /// Its own state in bincode, if it has one.
    pub own: Option<&'a [u8]>,
    /// What the client will make of the own state that it knows, by the inputs in `given`; `None`
    /// for a client that does not replay.
    pub replayed: Option<&'a [u8]>,
}

/// Turns pictures into snapshots for one viewer. What it has encoded must reach the viewer: a
/// snapshot is a difference to the one before.
#[derive(Clone, Debug, Default)]
pub struct SnapshotEncoder {
    mirror: Mirror,
    /// The rows of the mirror to be; kept for its memory.
    next: Rows,
}

impl SnapshotEncoder {
    /// An encoder for a viewer that knows nothing: its first snapshot is a keyframe.
    #[must_use]
    pub fn new() -> SnapshotEncoder {
        SnapshotEncoder::default()
    }

    /// What the viewer knows once it has decoded all that was encoded.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Forgets what the viewer knows: the next snapshot is a keyframe.
    pub fn restart(&mut self) {
        self.mirror = Mirror::default();
    }

    /// Adds the snapshot of `picture` to the end of `out`.
    pub fn encode(&mut self, codec: &Codec, picture: &Picture<'_>, out: &mut Vec<u8>) {
        let schema = codec.schema();
        let mut bits = BitWriter::new(out);
        self.put_tick(picture.tick, &mut bits);
        self.put_player(picture.player.as_ref(), &mut bits);
        self.put_known(schema, picture, &mut bits);
        self.put_new(schema, picture, &mut bits);
        put_events(schema, picture, &mut bits);
        bits.finish();
        self.next.clear();
        for &index in picture.visible {
            self.next.push_row(picture.rows.row(index as usize));
        }
        std::mem::swap(&mut self.mirror.rows, &mut self.next);
    }

    fn put_tick(&mut self, tick: Tick, bits: &mut BitWriter<'_>) {
        bits.put_bool(self.mirror.tick.is_none());
        match self.mirror.tick {
            None => bits.put(tick.0, 32),
            Some(last) => {
                assert!(
                    tick > last,
                    "a scene is encoded once for a viewer, and never an older one"
                );
                bits.put_count(tick.0 - last.0 - 1);
            }
        }
        self.mirror.tick = Some(tick);
    }

    fn put_player(&mut self, player: Option<&PlayerPart<'_>>, bits: &mut BitWriter<'_>) {
        bits.put_bool(player.is_some());
        let Some(player) = player else { return };
        let last = player.given.last().copied().unwrap_or(GivenKind::Absent);
        let given = match last {
            GivenKind::Received { .. } => 0,
            GivenKind::Repeated => 1,
            GivenKind::Absent => 2,
        };
        bits.put(given, 2);
        bits.put_count(zigzag(player.margin_ticks));
        bits.put_bool(player.own.is_some());
        if let Some(own) = player.own {
            let changed = self.mirror.own.as_deref() != Some(own);
            bits.put_bool(changed);
            if changed {
                bits.put_count(own.len() as u32);
                for &byte in own {
                    bits.put(u32::from(byte), 8);
                }
                let known = self.mirror.own.get_or_insert_default();
                known.clear();
                known.extend_from_slice(own);
            }
        } else {
            self.mirror.own = None;
        }
    }

    /// Both lists rise by id, so one pass over the two finds what stayed and what went.
    fn put_known(&self, schema: &Schema, picture: &Picture<'_>, bits: &mut BitWriter<'_>) {
        let mut visible = picture.visible.iter().map(|&i| picture.rows.row(i as usize)).peekable();
        for known in self.mirror.rows.iter() {
            while visible.next_if(|row| row.entity < known.entity).is_some() {}
            let now = visible.next_if(|row| row.entity == known.entity && row.kind == known.kind);
            match now {
                None => bits.put(0b11, 2),
                Some(row) if row.values == known.values => bits.put(0, 1),
                Some(row) => {
                    bits.put(0b01, 2);
                    put_changes(&schema.entities[usize::from(row.kind)], known, row, bits);
                }
            }
        }
    }

    fn put_new(&self, schema: &Schema, picture: &Picture<'_>, bits: &mut BitWriter<'_>) {
        let new = || {
            let mut known = self.mirror.rows.iter().peekable();
            let visible = picture.visible.iter().map(|&i| picture.rows.row(i as usize));
            visible.filter(move |row| {
                while known.next_if(|known| known.entity < row.entity).is_some() {}
                known
                    .next_if(|known| known.entity == row.entity && known.kind == row.kind)
                    .is_none()
            })
        };
        bits.put_count(new().count() as u32);
        let kind_bits = kind_bits(&schema.entities);
        let mut next_id = 0;
        for row in new() {
            bits.put_count(row.entity.0 - next_id);
            next_id = row.entity.0.wrapping_add(1);
            bits.put(u32::from(row.kind), kind_bits);
            put_fields(&schema.entities[usize::from(row.kind)], row, bits);
        }
    }
}

fn put_events(schema: &Schema, picture: &Picture<'_>, bits: &mut BitWriter<'_>) {
    let told = &picture.events[..picture.events.len().min(SNAPSHOT_EVENTS_MAX)];
    bits.put_count(told.len() as u32);
    let kind_bits = kind_bits(&schema.events);
    for (tick, event) in told {
        bits.put_count(picture.tick.0 - tick.0);
        bits.put(u32::from(event.kind), kind_bits);
        put_fields(&schema.events[usize::from(event.kind)], *event, bits);
    }
}

fn put_changes(kind: &Kind, known: RowRef<'_>, row: RowRef<'_>, bits: &mut BitWriter<'_>) {
    for (old, new) in known.values.iter().zip(row.values) {
        bits.put_bool(old != new);
    }
    for ((field, old), new) in kind.fields.iter().zip(known.values).zip(row.values) {
        if old != new {
            bits.put(new.wrapping_sub(field.min).cast_unsigned(), field.bits());
        }
    }
}

fn put_fields(kind: &Kind, row: RowRef<'_>, bits: &mut BitWriter<'_>) {
    for (field, value) in kind.fields.iter().zip(row.values) {
        bits.put(value.wrapping_sub(field.min).cast_unsigned(), field.bits());
    }
}
