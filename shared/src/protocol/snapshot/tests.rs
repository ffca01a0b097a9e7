//! The two ends of the stream against each other, and the decoder against anything.

use proptest::prelude::*;

use super::*;
use crate::ids::EntityId;
use crate::limits::SNAPSHOT_MAX_BYTES;
use crate::scene::{Field, Predict, Schema};
use crate::tick::TickRate;

fn codec(schema: &Schema) -> Codec {
    Codec::new(schema.clone(), TickRate::default(), Coding::Range).expect("the schema is sound")
}

fn field() -> impl Strategy<Value = Field> {
    let range = prop_oneof![
        Just((i32::MIN, i32::MAX)),
        Just((0, 0)),
        (any::<i32>(), any::<i32>()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        (-100..100, 0..1000).prop_map(|(min, span)| (min, min + span)),
    ];
    (range, any::<bool>()).prop_map(|((min, max), wraps)| Field {
        name: "field".into(),
        min,
        max,
        unit: "".into(),
        scale: 1.0,
        wraps,
        predict: Predict::Hold,
    })
}

fn kinds(least: usize) -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop::collection::vec(field(), 0..6).prop_map(|fields| Kind {
        name: "kind".into(),
        fields,
        place: None,
    });
    prop::collection::vec(kind, least..5)
}

fn schema() -> impl Strategy<Value = Schema> {
    (kinds(1), kinds(1)).prop_map(|(entities, events)| Schema { entities, events })
}

/// What a test scene is made from: for each row its id, kind and randomness for its values.
type Raw = Vec<(u32, u8, u32)>;

fn raw_scenes() -> impl Strategy<Value = Vec<(u32, Raw, Raw)>> {
    let raw = |ids: u32| prop::collection::vec((0..ids, any::<u8>(), any::<u32>()), 0..30);
    let far = prop::collection::vec((any::<u32>(), any::<u8>(), any::<u32>()), 0..10);
    let rows = prop_oneof![4 => raw(40), 1 => far];
    prop::collection::vec((0..3_u32, rows, raw(3)), 1..12)
}

fn fill(kinds: &[Kind], raw: &Raw, sort: bool) -> Rows {
    let mut raw = raw.clone();
    if sort {
        raw.sort_by_key(|&(id, ..)| id);
        raw.dedup_by_key(|&mut (id, ..)| id);
    }
    let mut rows = Rows::default();
    for (id, kind, seed) in raw {
        // A kind sticks to an id most of the time, as it does in a game.
        let index = (if kind < 240 { id as usize } else { usize::from(kind) }) % kinds.len();
        let kind = &kinds[index];
        let entity = if sort { EntityId(id) } else { EntityId(0) };
        let values = rows.push(entity, index as u8, kind.fields.len());
        for (at, (field, value)) in kind.fields.iter().zip(values).enumerate() {
            let span = u64::from(field.max.wrapping_sub(field.min).cast_unsigned()) + 1;
            let step = (u64::from(seed) >> at).wrapping_mul(0x9E37_79B9) % span;
            *value = (i64::from(field.min) + step as i64) as i32;
        }
    }
    rows
}

proptest! {
    #[test]
    fn both_mirrors_are_equal_after_every_snapshot(
        schema in schema(),
        scenes in raw_scenes(),
        own in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..8)), 12),
        player in any::<bool>(),
        margin in any::<i32>(),
    ) {
        let codec = codec(&schema);
        let (mut encoder, mut decoder) = (SnapshotEncoder::new(), SnapshotDecoder::new());
        let mut tick = Tick(5);
        for (at, (skip, raw_rows, raw_events)) in scenes.iter().enumerate() {
            tick = tick.plus(1 + skip);
            let rows = fill(&schema.entities, raw_rows, true);
            let events = fill(&schema.events, raw_events, false);
            let visible: Vec<u32> = (0..rows.len() as u32).filter(|i| (i + skip) % 5 != 0).collect();
            let told: Vec<_> = events.iter().map(|event| (tick.minus(at as u32 % 3), event)).collect();
            let part = PlayerPart {
                given: &[[GivenKind::Received { nth: 0 }, GivenKind::Repeated, GivenKind::Absent][at % 3]],
                margin_ticks: margin,
                own: own[at].as_deref(),
                replayed: None,
            };
            let picture = Picture {
                tick,
                player: player.then_some(part),
                rows: &rows,
                visible: &visible,
                events: &told,
                focus: None,
                max_bytes: SNAPSHOT_MAX_BYTES,
            };
            let mut bytes = Vec::new();
            encoder.encode(&codec, &picture, &mut bytes);
            let snapshot = decoder.decode(&codec, &bytes, &mut NoReplay).expect("what was encoded decodes");
            prop_assert_eq!(snapshot.tick, tick);
            prop_assert_eq!(snapshot.keyframe, at == 0);
            prop_assert_eq!(snapshot.player, player.then_some((part.given[0], margin)));
            prop_assert_eq!(decoder.mirror(), encoder.mirror());
            prop_assert!(decoder.mirror().rows().iter().eq(visible.iter().map(|&i| rows.row(i as usize))));
            prop_assert!(decoder.events().eq(told.iter().copied()));
        }
    }

    #[test]
    fn any_bytes_decode_to_a_snapshot_or_an_error(
        schema in schema(),
        rows in raw_scenes(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        noise in prop::collection::vec(any::<u8>(), 0..200),
        mutate in any::<bool>(),
    ) {
        let codec = codec(&schema);
        let rows = fill(&schema.entities, &rows[0].1, true);
        let visible: Vec<u32> = (0..rows.len() as u32).collect();
        let mut bytes = Vec::new();
        let picture =
            Picture { tick: Tick(9), player: None, rows: &rows, visible: &visible, events: &[], focus: None, max_bytes: SNAPSHOT_MAX_BYTES };
        SnapshotEncoder::new().encode(&codec, &picture, &mut bytes);
        let mut decoder = SnapshotDecoder::new();
        decoder.decode(&codec, &bytes, &mut NoReplay).expect("what was encoded decodes");
        let next = if mutate {
            for (at, with) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= with;
            }
            bytes
        } else {
            noise
        };
        if decoder.decode(&codec, &next, &mut NoReplay).is_ok() {
            // An entity takes at least a bit of a message, known or new.
            prop_assert!(decoder.mirror().rows().len() <= rows.len() + 8 * next.len());
        }
    }
}

#[test]
fn nothing_and_the_most_there_can_be_pass() {
    let schema = Schema {
        entities: vec![Kind { name: "dot".into(), fields: vec![], place: None }],
        events: vec![],
    };
    let codec = codec(&schema);
    let (mut encoder, mut decoder) = (SnapshotEncoder::new(), SnapshotDecoder::new());
    let mut rows = Rows::default();
    for id in 0..crate::limits::SNAPSHOT_ENTITIES_MAX as u32 {
        rows.push(EntityId(id), 0, 0);
    }
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    for (tick, visible) in [(1, &all[..]), (2, &[]), (3, &all[..]), (4, &all[..])] {
        let picture = Picture {
            tick: Tick(tick),
            player: None,
            rows: &rows,
            visible,
            events: &[],
            focus: None,
            max_bytes: SNAPSHOT_MAX_BYTES,
        };
        let mut bytes = Vec::new();
        encoder.encode(&codec, &picture, &mut bytes);
        decoder.decode(&codec, &bytes, &mut NoReplay).expect("what was encoded decodes");
        assert_eq!(decoder.mirror(), encoder.mirror());
        assert_eq!(decoder.mirror().rows().len(), visible.len());
    }
}

#[test]
fn a_difference_before_a_keyframe_is_refused() {
    let error = SnapshotDecoder::new().decode(&Codec::default(), &[0], &mut NoReplay);
    assert_eq!(error, Err(SnapshotError::NoKeyframe));
}
