//! The ways to encode a picture that are compared: the stream itself, and three plain ones that
//! show what each of its ideas saves. The plain ones are only written, never read: all that they
//! leave out follows from what they have sent before.

use std::collections::BTreeMap;

use tickwire_game::protocol::bits::BitWriter;
use tickwire_game::protocol::snapshot::{
    Codec, InputSource, Mirror, Part, Picture, PlayerPart, SnapshotEncoder,
};
use tickwire_game::scene::{Kind, RowRef, Rows};
use tickwire_game::tick::Tick;

/// A way to encode, from the plainest on. Each has the ideas of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Technique {
    /// All rows in view whole, every number in 32 bits.
    Raw,
    /// The same in as many bits as each field needs.
    Quantised,
    /// Only the fields that differ from the last snapshot.
    Delta,
    /// The stream without its range coder: what differs from the prediction.
    Predicted,
    /// The stream.
    RangeCoded,
}

impl Technique {
    pub(crate) const ALL: [Technique; 5] = [
        Technique::Raw,
        Technique::Quantised,
        Technique::Delta,
        Technique::Predicted,
        Technique::RangeCoded,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Technique::Raw => "raw",
            Technique::Quantised => "quantised",
            Technique::Delta => "delta",
            Technique::Predicted => "predicted",
            Technique::RangeCoded => "range-coded",
        }
    }

    pub(crate) fn encoder(self) -> Encoder {
        match self {
            Technique::Raw => Encoder::Raw,
            Technique::Quantised => Encoder::Quantised,
            Technique::Delta => Encoder::Delta(Delta::default()),
            Technique::Predicted | Technique::RangeCoded => {
                Encoder::Stream(Box::new(SnapshotEncoder::new()))
            }
        }
    }
}

/// One viewer's encoder.
pub(crate) enum Encoder {
    Raw,
    Quantised,
    Delta(Delta),
    Stream(Box<SnapshotEncoder>),
}

impl Encoder {
    pub(crate) fn encode(&mut self, codec: &Codec, picture: &Picture<'_>, out: &mut Vec<u8>) {
        match self {
            Encoder::Raw => put_raw(picture, out),
            Encoder::Quantised => put_quantised(codec, picture, out),
            Encoder::Delta(delta) => delta.put(codec, picture, out),
            Encoder::Stream(encoder) => {
                encoder.encode(codec, picture, out);
            }
        }
    }

    /// On what the stream would spend bits, in 1/256 of a bit.
    pub(crate) fn tally(&self, codec: &Codec, picture: &Picture<'_>) -> BTreeMap<Part, u64> {
        match self {
            Encoder::Stream(encoder) => encoder.tally(codec, picture),
            _ => BTreeMap::new(),
        }
    }

    /// Bytes of memory that the stream itself holds.
    pub(crate) fn memory_bytes(&self) -> Option<usize> {
        match self {
            Encoder::Stream(encoder) => Some(encoder.memory_bytes()),
            _ => None,
        }
    }

    /// What the viewer knows, of the stream itself.
    pub(crate) fn mirror(&self) -> Option<&Mirror> {
        match self {
            Encoder::Stream(encoder) => Some(encoder.mirror()),
            _ => None,
        }
    }
}

fn visible<'a>(picture: &Picture<'a>) -> impl ExactSizeIterator<Item = RowRef<'a>> {
    let rows = picture.rows;
    picture.visible.iter().map(|&index| rows.row(index as usize))
}

fn put_raw(picture: &Picture<'_>, out: &mut Vec<u8>) {
    fn put_row(row: RowRef<'_>, out: &mut Vec<u8>) {
        out.push(row.kind);
        row.values.iter().for_each(|value| out.extend(value.to_le_bytes()));
    }
    out.extend(picture.tick.0.to_le_bytes());
    out.push(u8::from(picture.player.is_some()));
    if let Some(player) = &picture.player {
        out.push(given_number(player) as u8);
        out.extend(player.margin_ticks.to_le_bytes());
        let own = player.own.unwrap_or_default();
        out.extend((own.len() as u16).to_le_bytes());
        out.extend(own);
    }
    out.extend((picture.visible.len() as u16).to_le_bytes());
    for row in visible(picture) {
        out.extend(row.entity.0.to_le_bytes());
        put_row(row, out);
    }
    out.push(picture.events.len() as u8);
    for (tick, event) in picture.events {
        out.extend(tick.0.to_le_bytes());
        put_row(*event, out);
    }
}

fn given_number(player: &PlayerPart<'_>) -> u32 {
    match player.sources.last() {
        Some(InputSource::Received) => 0,
        Some(InputSource::Repeated) => 1,
        Some(InputSource::Missing) | None => 2,
    }
}

fn put_quantised(codec: &Codec, picture: &Picture<'_>, out: &mut Vec<u8>) {
    let mut bits = BitWriter::new(out);
    bits.put(picture.tick.0, 32);
    put_player(picture, true, &mut bits);
    bits.put_count(picture.visible.len() as u32);
    for row in visible(picture) {
        bits.put(row.entity.0, 32);
        put_row(&codec.schema().entities, row, &mut bits);
    }
    put_events(codec, picture, &mut bits);
    bits.finish();
}

fn put_player(picture: &Picture<'_>, own_changed: bool, bits: &mut BitWriter<'_>) {
    bits.put_bool(picture.player.is_some());
    let Some(player) = &picture.player else { return };
    bits.put(given_number(player), 2);
    bits.put(player.margin_ticks.cast_unsigned(), 32);
    bits.put_bool(own_changed);
    if own_changed {
        let own = player.own.unwrap_or_default();
        bits.put_count(own.len() as u32);
        own.iter().for_each(|&byte| bits.put(byte.into(), 8));
    }
}

fn put_row(kinds: &[Kind], row: RowRef<'_>, bits: &mut BitWriter<'_>) {
    bits.put(row.kind.into(), usize::BITS - kinds.len().saturating_sub(1).leading_zeros());
    let fields = &kinds[usize::from(row.kind)].fields;
    for (field, value) in fields.iter().zip(row.values) {
        bits.put(value.wrapping_sub(field.min).cast_unsigned(), field.bits());
    }
}

fn put_events(codec: &Codec, picture: &Picture<'_>, bits: &mut BitWriter<'_>) {
    bits.put_count(picture.events.len() as u32);
    for (tick, event) in picture.events {
        bits.put_count(picture.tick.0 - tick.0);
        put_row(&codec.schema().events, *event, bits);
    }
}

/// The difference to the last snapshot, field by field.
#[derive(Default)]
pub(crate) struct Delta {
    last: Option<Tick>,
    known: Rows,
    next: Rows,
    own: Vec<u8>,
}

impl Delta {
    fn put(&mut self, codec: &Codec, picture: &Picture<'_>, out: &mut Vec<u8>) {
        let mut bits = BitWriter::new(out);
        bits.put_bool(self.last.is_some());
        match self.last.replace(picture.tick) {
            None => bits.put(picture.tick.0, 32),
            Some(last) => bits.put_count(picture.tick.0 - last.0 - 1),
        }
        let own = picture.player.as_ref().and_then(|player| player.own).unwrap_or_default();
        put_player(picture, self.own != own, &mut bits);
        self.own.clear();
        self.own.extend(own);
        self.put_rows(codec, picture, &mut bits);
        put_events(codec, picture, &mut bits);
        bits.finish();
    }

    fn put_rows(&mut self, codec: &Codec, picture: &Picture<'_>, bits: &mut BitWriter<'_>) {
        let kinds = &codec.schema().entities;
        let mut now = visible(picture).peekable();
        let mut new: Vec<RowRef<'_>> = Vec::new();
        self.next.clear();
        for known in self.known.iter() {
            while let Some(row) = now.next_if(|row| row.entity < known.entity) {
                new.push(row);
            }
            match now.next_if(|row| row.entity == known.entity && row.kind == known.kind) {
                Some(row) if row.values == known.values => bits.put(0, 1),
                Some(row) => {
                    bits.put(0b01, 2);
                    put_changes(&kinds[usize::from(row.kind)], known, row, bits);
                }
                None => bits.put(0b11, 2),
            }
        }
        new.extend(now);
        bits.put_count(new.len() as u32);
        for row in new {
            bits.put(row.entity.0, 32);
            put_row(kinds, row, bits);
        }
        visible(picture).for_each(|row| self.next.push_row(row));
        std::mem::swap(&mut self.known, &mut self.next);
    }
}

/// A mask of the fields that changed, and these.
fn put_changes(kind: &Kind, known: RowRef<'_>, row: RowRef<'_>, bits: &mut BitWriter<'_>) {
    for (now, before) in row.values.iter().zip(known.values) {
        bits.put_bool(now != before);
    }
    for ((field, now), before) in kind.fields.iter().zip(row.values).zip(known.values) {
        if now != before {
            bits.put(now.wrapping_sub(field.min).cast_unsigned(), field.bits());
        }
    }
}
